//! Reading a request's body: its media type, its coding, its size, its time.

use super::limits::Limits;
use super::outcome::Fault;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use std::io::Read;

/// Bytes that are made room for on a client's word alone.
const ROOM: usize = 64 << 10;

/// The body, unpacked, of at most `bound` bytes. Refuses other media types and codings (415), too much (413), too slow (408).
pub(super) async fn read(headers: &HeaderMap, body: Body, bound: usize, limits: &Limits) -> Result<Vec<u8>, Fault> {
    check_media_type(headers)?;
    let packed = is_gzip(headers)?;
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > bound as u64) {
        return Err(too_long(bound));
    }
    let room = usize::try_from(declared.unwrap_or(0)).unwrap_or(0).min(ROOM);
    let bytes = tokio::time::timeout(limits.body_deadline, collect(body, bound, room)).await.map_err(|_| {
        let text = format!("the body did not arrive within {} s", limits.body_deadline.as_secs_f32());
        Fault::new(StatusCode::REQUEST_TIMEOUT, "timeout", text).with(header::CONNECTION, "close")
    })??;
    if packed { unpack(&bytes, bound, limits.expansion) } else { Ok(bytes) }
}

async fn collect(mut body: Body, bound: usize, room: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(room);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Fault::new(StatusCode::BAD_REQUEST, "incomplete", "the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > bound {
            return Err(too_long(bound));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn too_long(bound: usize) -> Fault {
    let text = format!("the body is longer than {bound} bytes; send it in parts");
    Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "too-long", text)
}

/// Unpacks gzip up to the bound and up to `expansion` times its size, whichever is less, and not a byte further.
fn unpack(bytes: &[u8], bound: usize, expansion: usize) -> Result<Vec<u8>, Fault> {
    let most = bound.min(bytes.len().saturating_mul(expansion));
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .take(most as u64 + 1)
        .read_to_end(&mut out)
        .map_err(|_| Fault::new(StatusCode::BAD_REQUEST, "structure", "the body is said to be gzip and is none"))?;
    if out.len() > most {
        let text = format!("the body unpacks to more than {most} bytes");
        return Err(Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "too-costly", text));
    }
    Ok(out)
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
