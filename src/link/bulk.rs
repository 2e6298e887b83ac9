//! The requests of a Bulk Data export: kick-off, status, files as they come, and its end.
//!
//! <https://hl7.org/fhir/uv/bulkdata/STU2/export.html>. Addresses come from the server, so each is checked against the
//! base's own origin and those that are configured before anything goes there.

use super::answer::{Answer, Failure};
use super::client::{Client, LinkError, MAX_ANSWER_BYTES, PAGE_BYTES, base_url, network_words, read};
use crate::model::time::Instant;
use flate2::write::MultiGzDecoder;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Response, Url};
use std::io::Write;

/// How a packed file begins.
const PACKED: [u8; 2] = [0x1f, 0x8b];
/// Packed bytes that are unpacked in one step, so that a step's result is bounded too.
const STEP_BYTES: usize = 8 * 1024;

/// Where an export may send its client besides the base's own origin.
#[derive(Debug, Clone, Default)]
pub struct Origins(Vec<Url>);

/// An address that an export gave and that may be asked.
#[derive(Debug, Clone)]
pub struct Address {
    url: Url,
}

/// What came for a file.
#[derive(Debug)]
pub enum Opened {
    /// The file, as it comes.
    File(Box<Download>),
    /// Another answer.
    Other(Answer),
}

/// A file on its way, unpacked.
#[derive(Debug)]
pub struct Download {
    response: Response,
    timeout: std::time::Duration,
    form: Form,
}

/// How a file is packed; by its own first bytes, since neither its name nor its type is to be relied on.
#[derive(Debug)]
enum Form {
    /// Not known before two bytes are there.
    Unknown(Vec<u8>),
    Plain,
    Packed(Box<MultiGzDecoder<Vec<u8>>>),
}

/// Why a file did not come whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// On the way: try again.
    Way(Failure),
    /// In itself: what was packed cannot be unpacked.
    Inside,
}

impl Origins {
    /// Of these addresses, such as `https://files.ehr.example`.
    pub fn new(all: &[String], insecure: bool) -> Result<Self, LinkError> {
        all.iter().map(|one| base_url(one, insecure)).collect::<Result<_, _>>().map(Self)
    }
}

impl Client {
    /// Asks for an export at `path` below the base.
    pub async fn kick_off(&self, path: &[&str], query: &[(&str, &str)], now: Instant) -> Result<Answer, Failure> {
        let builder = self.http.get(self.url(path, query)?).header("prefer", "respond-async");
        self.run(builder, MAX_ANSWER_BYTES, now).await
    }

    /// An address that an export gave: absolute, or as seen from `beside`. The error says why it is not asked.
    pub fn address(&self, given: &str, beside: Option<&Address>, origins: &Origins) -> Result<Address, Failure> {
        let from = beside.map_or(&self.base, |address| &address.url);
        let url = from.join(given).map_err(|_| Failure::new("an address that is no URL"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Failure::new("an address with credentials in it; it was not asked"));
        }
        let origin = url.origin();
        if origin != self.base.origin() && !origins.0.iter().any(|url| url.origin() == origin) {
            let words = format!(
                "an address at another origin, {}; it was not asked. Where files lie there on purpose, name it in `bulk.origins`",
                origin.ascii_serialization()
            );
            return Err(Failure::new(&words));
        }
        Ok(Address { url })
    }

    /// Whether an address is at the base's own origin.
    pub fn is_own(&self, address: &Address) -> bool {
        address.url.origin() == self.base.origin()
    }

    /// How far an export is.
    pub async fn export_status(&self, address: &Address, now: Instant) -> Result<Answer, Failure> {
        let builder = self.http.get(address.url.clone()).header(ACCEPT, "application/json");
        self.run(builder, PAGE_BYTES, now).await
    }

    /// Says that an export is no longer wanted.
    pub async fn end_export(&self, address: &Address, now: Instant) -> Result<Answer, Failure> {
        self.run(self.http.delete(address.url.clone()), MAX_ANSWER_BYTES, now).await
    }

    /// Opens a file; `signed`: with the credentials of the base.
    pub async fn open(&self, address: &Address, signed: bool, now: Instant) -> Result<Opened, Failure> {
        let shown = if signed { self.credentials(None, now).await? } else { None };
        let mut response = self.ask_for(address, shown.as_ref()).await?;
        if let Some(renewed) = self.renewed(response.status().as_u16(), shown.as_ref(), now).await? {
            response = self.ask_for(address, Some(&renewed)).await?;
        }
        if response.status().as_u16() != 200 {
            return Ok(Opened::Other(read(response, MAX_ANSWER_BYTES, now).await?));
        }
        let form = Form::Unknown(Vec::new());
        Ok(Opened::File(Box::new(Download { response, timeout: self.timeout, form })))
    }

    async fn ask_for(&self, address: &Address, shown: Option<&HeaderValue>) -> Result<reqwest::Response, Failure> {
        let mut builder = self.http.get(address.url.clone()).header(ACCEPT, "application/fhir+ndjson");
        if let Some(shown) = shown {
            builder = builder.header(AUTHORIZATION, shown.clone());
        }
        // The deadline is of each step, not of the whole file, which may take hours.
        let response = tokio::time::timeout(self.timeout, builder.send()).await;
        response
            .map_err(|_| Failure::new("no answer within the time-out"))?
            .map_err(|e| Failure::new(network_words(&e)))
    }
}

impl Download {
    /// Calls with each stretch of the file as it is unpacked; `None`: this was the end.
    pub async fn next(&mut self, heard: &mut impl FnMut(&[u8])) -> Result<Option<()>, Broken> {
        let step = tokio::time::timeout(self.timeout, self.response.chunk()).await;
        let step = step.map_err(|_| Broken::Way(Failure::new("the file stopped coming")))?;
        let chunk = step.map_err(|e| match e.is_decode() {
            true => Broken::Inside,
            false => Broken::Way(Failure::new(network_words(&e))),
        })?;
        let Some(chunk) = chunk else { return self.form.end(heard).map(|()| None) };
        self.form.take(&chunk, heard).map(Some)
    }
}

impl Form {
    fn take(&mut self, bytes: &[u8], heard: &mut impl FnMut(&[u8])) -> Result<(), Broken> {
        if let Self::Unknown(first) = self {
            first.extend_from_slice(bytes);
            if first.len() < PACKED.len() {
                return Ok(());
            }
            let first = std::mem::take(first);
            *self = if first.starts_with(&PACKED) {
                Self::Packed(Box::new(MultiGzDecoder::new(Vec::new())))
            } else {
                Self::Plain
            };
            return self.take(&first, heard);
        }
        let Self::Packed(decoder) = self else {
            heard(bytes);
            return Ok(());
        };
        for step in bytes.chunks(STEP_BYTES) {
            decoder.write_all(step).map_err(|_| Broken::Inside)?;
            heard(decoder.get_ref());
            decoder.get_mut().clear();
        }
        Ok(())
    }

    fn end(&mut self, heard: &mut impl FnMut(&[u8])) -> Result<(), Broken> {
        match self {
            Self::Unknown(first) => heard(first),
            Self::Plain => {}
            Self::Packed(decoder) => {
                decoder.try_finish().map_err(|_| Broken::Inside)?;
                heard(decoder.get_ref());
                decoder.get_mut().clear();
            }
        }
        Ok(())
    }
}
