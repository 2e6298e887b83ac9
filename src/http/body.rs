//! Reading a request's body: its media type, its coding, its size, its time.

use super::budget::Held;
use super::outcome::Fault;
use super::server::Door;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use std::io::Read;

/// Bytes that are unpacked at a time.
const STEP: usize = 64 << 10;

/// A body that counts against what may be held at once, for as long as it is kept.
pub(super) struct Taken {
    pub(super) bytes: Vec<u8>,
    _held: Held,
}

/// The body, unpacked, of at most `bound` bytes. Refuses other media types and codings (415), too much (413), too slow
/// (408), and what would be more than is held at once (503).
pub(super) async fn read(headers: &HeaderMap, body: Body, bound: usize, door: &Door) -> Result<Taken, Fault> {
    patiently(headers, body, bound, door, check_media_type).await
}

/// A form's text; a form without a body asks for nothing.
pub(super) async fn form(headers: &HeaderMap, body: Body, bound: usize, door: &Door) -> Result<String, Fault> {
    let bare = !headers.contains_key(header::CONTENT_TYPE);
    let check = if bare { |_: &HeaderMap| Ok(()) } else { check_form };
    let taken = patiently(headers, body, bound, door, check).await?;
    if bare && !taken.bytes.is_empty() {
        check_form(headers)?;
    }
    String::from_utf8(taken.bytes)
        .map_err(|_| Fault::new(StatusCode::BAD_REQUEST, "value", "the form is no UTF-8 text"))
}

/// What a hook is told: JSON of any version of FHIR, or nothing.
pub(super) async fn hint(headers: &HeaderMap, body: Body, bound: usize, door: &Door) -> Result<Taken, Fault> {
    let bare = !headers.contains_key(header::CONTENT_TYPE);
    let empty = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length == "0");
    let check = if bare || empty { |_: &HeaderMap| Ok(()) } else { check_json };
    let taken = patiently(headers, body, bound, door, check).await?;
    if !taken.bytes.is_empty() {
        check_json(headers)?;
    }
    Ok(taken)
}

async fn patiently(
    headers: &HeaderMap,
    mut body: Body,
    bound: usize,
    door: &Door,
    check: fn(&HeaderMap) -> Result<(), Fault>,
) -> Result<Taken, Fault> {
    let read = match check(headers) {
        Ok(()) => taken(headers, &mut body, bound, door).await,
        Err(fault) => Err(fault),
    };
    let slow = |fault: &Fault| fault.status == StatusCode::REQUEST_TIMEOUT;
    // Whoever waits for leave to send has sent nothing.
    if read.as_ref().is_err_and(|fault| !slow(fault)) && !headers.contains_key(header::EXPECT) {
        let _ = tokio::time::timeout(door.limits.discard_deadline, discard(body, door.limits.bundle_bytes)).await;
    }
    read
}

/// Reads on without keeping: many clients hear no answer while they still send.
async fn discard(mut body: Body, most: usize) {
    let mut gone = 0;
    while let Some(Ok(frame)) = body.frame().await {
        gone += frame.data_ref().map_or(0, |data| data.len());
        if gone > most {
            return;
        }
    }
}

async fn taken(headers: &HeaderMap, body: &mut Body, bound: usize, door: &Door) -> Result<Taken, Fault> {
    let limits = &door.limits;
    let packed = is_gzip(headers)?;
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > bound as u64) {
        return Err(too_long(bound));
    }
    let declared = declared.and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    door.budget.check(declared)?;
    let mut held = door.budget.hold();
    let bytes = tokio::time::timeout(limits.body_deadline, collect(body, bound, &mut held)).await.map_err(|_| {
        let text = format!("the body did not arrive within {} s", limits.body_deadline.as_secs_f32());
        Fault::new(StatusCode::REQUEST_TIMEOUT, "timeout", text).with(header::CONNECTION, "close")
    })??;
    if packed {
        let mut whole = door.budget.hold();
        let bytes = unpack(&bytes, bound, limits.expansion, &mut whole)?;
        return Ok(Taken { bytes, _held: whole });
    }
    Ok(Taken { bytes, _held: held })
}

async fn collect(body: &mut Body, bound: usize, held: &mut Held) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Fault::new(StatusCode::BAD_REQUEST, "incomplete", "the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > bound {
            return Err(too_long(bound));
        }
        held.more(data.len())?;
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn too_long(bound: usize) -> Fault {
    let text = format!("the body is longer than {bound} bytes; send it in parts");
    Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "too-long", text)
}

/// Unpacks gzip up to the bound and up to `expansion` times its size, whichever is less, and not a byte further.
fn unpack(bytes: &[u8], bound: usize, expansion: usize, held: &mut Held) -> Result<Vec<u8>, Fault> {
    let most = bound.min(bytes.len().saturating_mul(expansion));
    let mut out = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(bytes);
    loop {
        let read = (&mut decoder).take(STEP as u64).read_to_end(&mut out);
        let read = read
            .map_err(|_| Fault::new(StatusCode::BAD_REQUEST, "structure", "the body is said to be gzip and is none"))?;
        if out.len() > most {
            let text = format!("the body unpacks to more than {most} bytes");
            return Err(Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "too-costly", text));
        }
        if read == 0 {
            return Ok(out);
        }
        held.more(read)?;
    }
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Fault> {
    let codings: Vec<&str> = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .flat_map(|v| v.to_str().unwrap_or("?").split(','))
        .map(str::trim)
        .filter(|c| !c.eq_ignore_ascii_case("identity"))
        .collect();
    match codings[..] {
        [] => Ok(false),
        [one] if one.eq_ignore_ascii_case("gzip") || one.eq_ignore_ascii_case("x-gzip") => Ok(true),
        _ => Err(unsupported("the body has a content encoding that is not taken; wanted gzip or none")),
    }
}

fn check_form(headers: &HeaderMap) -> Result<(), Fault> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let form = "application/x-www-form-urlencoded";
    if kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(form)) {
        return Ok(());
    }
    Err(unsupported("a search by POST is a form; wanted Content-Type: application/x-www-form-urlencoded"))
}

/// Seconds since 1970 of a date as HTTP writes it: `Sun, 15 Mar 2026 08:00:00 GMT`.
pub(super) fn http_date(text: &str) -> Option<i64> {
    let civil = jiff::civil::DateTime::strptime("%a, %d %b %Y %H:%M:%S GMT", text.trim()).ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp().as_second())
}

fn check_json(headers: &HeaderMap) -> Result<(), Fault> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if matches!(kind.as_str(), "application/fhir+json" | "application/json") {
        return Ok(());
    }
    Err(unsupported("the body is of another media type; wanted Content-Type: application/fhir+json"))
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Fault> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let mut parts = value.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    let known = matches!(kind.as_str(), "application/fhir+json" | "application/json");
    let fits = |part: &str| match part.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        Some((name, value)) if name.eq_ignore_ascii_case("fhirVersion") => value.trim_matches('"') == "4.0",
        _ => true,
    };
    if known && parts.all(fits) {
        return Ok(());
    }
    Err(unsupported("the body is of another media type; wanted Content-Type: application/fhir+json (FHIR 4.0, UTF-8)"))
}

/// Whether the client takes FHIR JSON of R4 (406 otherwise), by `_format` before `Accept`.
pub(super) fn check_accept(headers: &HeaderMap, format: Option<&str>) -> Result<(), Fault> {
    let json = |kind: &str| {
        matches!(
            kind,
            "json" | "application/json" | "application/fhir+json" | "application/*" | "*/*" | "text/json" | ""
        )
    };
    let fits = |part: &str| {
        let mut words = part.split(';').map(str::trim);
        let kind = words.next().unwrap_or_default().to_ascii_lowercase().replace("fhir json", "fhir+json");
        json(&kind) && !words.any(|w| w.to_ascii_lowercase().strip_prefix("fhirversion=").is_some_and(|v| v != "4.0"))
    };
    let accept: Vec<&str> = match format {
        Some(format) => vec![format],
        None => {
            headers.get_all(header::ACCEPT).iter().flat_map(|v| v.to_str().unwrap_or_default().split(',')).collect()
        }
    };
    if accept.is_empty() || accept.into_iter().any(|part| fits(part.trim())) {
        return Ok(());
    }
    let text = "only application/fhir+json of FHIR 4.0 is answered; wanted Accept: application/fhir+json";
    Err(Fault::new(StatusCode::NOT_ACCEPTABLE, "not-supported", text))
}

fn unsupported(text: &str) -> Fault {
    Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-supported", text)
}
