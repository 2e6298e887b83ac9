//! Answers packed with gzip, for clients that take it.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use http_body_util::BodyExt;
use std::io::Write;

/// Answers shorter than this are not worth packing, in bytes.
pub const PACKED_FROM: usize = 1024;

/// The same answer, packed when the client takes gzip and it is worth it. Says that answers vary by what is accepted.
pub(super) async fn packed(accepts_gzip: bool, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    parts.headers.append(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding, Prefer"));
    let Ok(bytes) = body.collect().await.map(|b| b.to_bytes()) else {
        return Response::from_parts(parts, Body::empty());
    };
    if !accepts_gzip || bytes.len() < PACKED_FROM || parts.headers.contains_key(header::CONTENT_ENCODING) {
        return Response::from_parts(parts, Body::from(bytes));
    }
    let plain = bytes.clone();
    // Packing a large answer takes a while, and others wait on this thread.
    let packed = tokio::task::spawn_blocking(move || pack(&plain)).await.ok().flatten();
    let Some(packed) = packed else { return Response::from_parts(parts, Body::from(bytes)) };
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(packed))
}

fn pack(bytes: &Bytes) -> Option<Vec<u8>> {
    let mut coder = flate2::write::GzEncoder::new(Vec::with_capacity(bytes.len() / 4), flate2::Compression::fast());
    coder.write_all(bytes).ok()?;
    coder.finish().ok()
}

/// Whether `Accept-Encoding` takes gzip, and does not give it the weight 0.
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    // A weight of nothing but zeros refuses the coding.
    let weighs = |q: &str| q.trim().bytes().any(|b| matches!(b, b'1'..=b'9'));
    let weight = |mut words: std::str::Split<'_, char>| {
        words.next_back().and_then(|w| w.trim().strip_prefix("q=")).is_none_or(weighs)
    };
    let all = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
    let mut any = None;
    for coding in all.flat_map(|v| v.split(',')) {
        let mut words = coding.split(';');
        match words.next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => return weight(words),
            "*" => any = Some(weight(words)),
            _ => {}
        }
    }
    any.unwrap_or(false)
}
