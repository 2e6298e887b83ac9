//! Bulk Data exports of the mock hospital: what a kick-off finds is what its files hold, and the odd ways of real servers.

use super::hospital::{Hospital, Inside, answer, fhir, form, outcome, stamped};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Response, header};
use axum::routing::get;
use futures_util::stream;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

/// What an exporting server does that others do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Odd {
    /// `requiresAccessToken` is the text "true" (Soarian).
    TokenAsText,
    /// Files want no credentials, and refuse them.
    NoToken,
    /// An error file stands beside the outputs, with an error in it.
    Errors,
    /// One with a warning alone, listed among the outputs.
    Warnings,
    /// An OperationOutcome instead of a manifest.
    OutcomeInstead,
    /// Addresses of files are relative.
    Relative,
    /// The address of the second file is at another origin.
    OffOrigin,
    /// Counts are one too high.
    CountsHigh,
    /// Counts are one too low.
    CountsLow,
    /// Counts are text.
    CountsText,
    /// No `transactionTime`.
    NoTime,
    /// The status is 202 twice, with a `Retry-After` of no time.
    Slow,
    /// The status is 429 once, with a `Retry-After` of no time.
    Busy,
    /// Kick-offs are refused with 429 and an hour.
    TooMany,
    /// Files are sent with `Content-Encoding: gzip`.
    Encoded,
    /// Files are `.gz`, in two members.
    Packed,
    /// The first file is `.gz` and cut off.
    PackedCut,
    /// The first file is `Content-Encoding: gzip` and cut off.
    EncodedCut,
    /// The first file ends in the middle of its last line.
    EndsMidLine,
    /// The first file ends without an end of line.
    NoLastEnd,
    /// The connection breaks in the middle of the first file, once.
    BreaksOnce,
    /// A file is refused once with 503 and a `Retry-After` of no time.
    FileBusyOnce,
    /// The first file is refused.
    FileForbidden,
    /// It forgets an export before its status is asked, once.
    ForgetsOnce,
    /// It forgets an export when its second file is asked for, once.
    ForgetsFilesOnce,
    /// It forgets every export.
    Forgets,
    /// The export fails: its status is 500.
    Fails,
    /// A file of a type that was not asked for stands among the outputs.
    OtherType,
    /// It does not show resources by their ids.
    NoReads,
}

/// One export.
#[derive(Clone)]
struct Job {
    time: i64,
    /// Status questions so far.
    asked: usize,
    /// Role, type, name and text of each file.
    files: Vec<(&'static str, String, String, String)>,
}

/// The exports of a hospital.
#[derive(Default)]
pub struct Exports {
    jobs: BTreeMap<usize, Job>,
    begun: usize,
    odd: BTreeSet<Odd>,
    once: BTreeSet<String>,
    /// Lines of a file; 0: two.
    pub lines: usize,
    /// What was deleted: type, id, when.
    gone: Vec<(String, String, i64)>,
    /// Exports that were ended by whoever asked for them.
    pub ended: usize,
    /// Ids of what is in no export.
    pub without: Vec<String>,
    /// Files are refused with 503 and an hour.
    pub refuses: bool,
    /// Files are sent in so many stretches with a turn for others between them; 0: whole.
    pub stretches: usize,
}

impl Hospital {
    /// From now on its exports have these ways.
    pub fn exports(&self, odd: &[Odd]) {
        let mut inside = self.inside();
        inside.exports.odd = odd.iter().copied().collect();
        inside.exports.once.clear();
    }

    /// Deletes a resource and remembers it for its exports.
    pub fn deletes(&self, kind: &str, id: &str, at: i64) {
        self.forgets(kind, id);
        self.inside().exports.gone.push((kind.to_owned(), id.to_owned(), at));
    }

    /// Changes how its exports are made.
    pub fn exporting(&self, change: impl FnOnce(&mut Exports)) {
        change(&mut self.inside().exports);
    }
}

impl Exports {
    fn has(&self, odd: Odd) -> bool {
        self.odd.contains(&odd)
    }

    fn once(&mut self, odd: Odd, what: &str) -> bool {
        self.has(odd) && self.once.insert(format!("{odd:?} {what}"))
    }

    /// Exports that it still knows.
    pub fn known(&self) -> usize {
        self.jobs.len()
    }
}

/// Whether a hospital shows its resources by their ids.
pub(super) fn shows(inside: &Inside) -> bool {
    !inside.exports.has(Odd::NoReads)
}

/// The routes of exports.
pub(super) fn routes() -> Router<Hospital> {
    Router::new()
        .route("/api/FHIR/R4/$export", get(system))
        .route("/api/FHIR/R4/Patient/$export", get(patients))
        .route("/api/FHIR/R4/Group/{id}/$export", get(group))
        .route("/api/FHIR/R4/jobs/{job}", get(status).delete(end))
        .route("/api/FHIR/R4/jobs/{job}/{name}", get(file))
}

async fn system(State(hospital): State<Hospital>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response<Body> {
    begin(&hospital, "$export", query, &headers)
}

async fn patients(State(hospital): State<Hospital>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response<Body> {
    begin(&hospital, "Patient/$export", query, &headers)
}

async fn group(
    State(hospital): State<Hospital>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    begin(&hospital, &format!("Group/{id}/$export"), query, &headers)
}

fn begin(hospital: &Hospital, path: &str, query: Option<String>, headers: &HeaderMap) -> Response<Body> {
    let mut inside = hospital.inside();
    let query = query.unwrap_or_default();
    inside.log.push(format!("{path}?{query}"));
    if headers.get("prefer").is_none_or(|v| v != "respond-async") {
        return fhir(&inside, 400, &outcome("required", "Prefer: respond-async is wanted"));
    }
    if inside.exports.has(Odd::TooMany) {
        let mut response = fhir(&inside, 429, &outcome("throttled", "one export at a time, p1 is being exported"));
        response.headers_mut().insert(header::RETRY_AFTER, "3600".parse().expect("a header"));
        return response;
    }
    let given = form(&query.replace("%2C", ","));
    let one = |name: &str| given.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let since = one("_since").map_or(i64::MIN, |text| text.parse::<jiff::Timestamp>().expect("a moment").as_second());
    let job = job(&inside, &one("_type").expect("types"), since);
    let exports = &mut inside.exports;
    exports.begun += 1;
    let number = exports.begun;
    exports.jobs.insert(number, job);
    let mut response = answer(&inside, 202, "text/plain", "");
    let place = format!("{}/jobs/{number}", inside.base);
    response.headers_mut().insert(header::CONTENT_LOCATION, place.parse().expect("a header"));
    response
}

fn job(inside: &Inside, types: &str, since: i64) -> Job {
    let exports = &inside.exports;
    let size = if exports.lines == 0 { 2 } else { exports.lines };
    let mut files = Vec::new();
    let text = |lines: &[Value]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    for kind in types.split(',') {
        let of_kind = inside
            .resources
            .iter()
            .filter(|((of, id), (_, at))| of == kind && *at > since && !exports.without.contains(id));
        let all: Vec<Value> = of_kind.map(|(_, (resource, at))| stamped(resource, *at)).collect();
        for (n, lines) in all.chunks(size).enumerate() {
            files.push(("output", kind.to_owned(), format!("{kind}-{n}.ndjson"), text(lines)));
        }
    }
    if exports.has(Odd::OtherType) {
        files.push((
            "output",
            "Binary".into(),
            "b.ndjson".into(),
            "{\"resourceType\":\"Binary\",\"id\":\"b\"}\n".into(),
        ));
    }
    let gone: Vec<Value> =
        exports.gone.iter().filter(|(.., at)| *at > since && since > i64::MIN).map(deletion).collect();
    if !gone.is_empty() {
        files.push(("deleted", "Bundle".into(), "gone.ndjson".into(), text(&gone)));
    }
    let remark = |severity: &str| {
        let mut remark = outcome("not-supported", "nothing of Patient p1 could be read");
        remark["issue"][0]["severity"] = severity.into();
        text(&[remark])
    };
    if exports.has(Odd::Errors) {
        files.push(("error", "OperationOutcome".into(), "errors.ndjson".into(), remark("error")));
    }
    if exports.has(Odd::Warnings) {
        files.push(("output", "OperationOutcome".into(), "warnings.ndjson".into(), remark("warning")));
    }
    Job { time: inside.clock, asked: 0, files }
}

fn deletion((kind, id, _): &(String, String, i64)) -> Value {
    json!({ "resourceType": "Bundle", "type": "transaction",
        "entry": [{ "request": { "method": "DELETE", "url": format!("{kind}/{id}") } }] })
}

async fn status(State(hospital): State<Hospital>, Path(number): Path<usize>) -> Response<Body> {
    let mut inside = hospital.inside();
    inside.log.push(format!("status {number}"));
    let exports = &mut inside.exports;
    if exports.has(Odd::Forgets) || exports.once(Odd::ForgetsOnce, "job") {
        exports.jobs.remove(&number);
    }
    let Some(job) = exports.jobs.get_mut(&number) else {
        return fhir(&inside, 404, &outcome("not-found", "no such export"));
    };
    job.asked += 1;
    let job = job.clone();
    let later = |mut response: Response<Body>| {
        response.headers_mut().insert(header::RETRY_AFTER, "0".parse().expect("a header"));
        response
    };
    if inside.exports.has(Odd::Slow) && job.asked < 3 {
        return later(answer(&inside, 202, "text/plain", "half of it"));
    }
    if inside.exports.once(Odd::Busy, "status") {
        return later(fhir(&inside, 429, &outcome("throttled", "slower")));
    }
    if inside.exports.has(Odd::Fails) {
        return later(fhir(&inside, 500, &outcome("exception", "the export of p1 failed")));
    }
    if inside.exports.has(Odd::OutcomeInstead) {
        return fhir(&inside, 200, &outcome("exception", "the export of p1 failed"));
    }
    answer(&inside, 200, "application/json", manifest(&inside, number, &job).to_string())
}

fn manifest(inside: &Inside, number: usize, job: &Job) -> Value {
    let has = |odd: Odd| inside.exports.has(odd);
    let list = |wanted: &str| -> Value {
        let of = job.files.iter().enumerate().filter(|(_, (role, ..))| *role == wanted);
        of.map(|(at, (_, kind, name, text))| {
            let ending = if has(Odd::Packed) || (has(Odd::PackedCut) && at == 0) { ".gz" } else { "" };
            let base = match (at, has(Odd::Relative), has(Odd::OffOrigin)) {
                (_, true, _) => format!("{number}"),
                (1, _, true) => format!("{}/files", inside.elsewhere),
                _ => format!("{}/jobs/{number}", inside.base),
            };
            let mut file = json!({ "type": kind, "url": format!("{base}/{name}{ending}") });
            let count = text.lines().count();
            if has(Odd::CountsHigh) {
                file["count"] = (count + 1).into();
            } else if has(Odd::CountsLow) {
                file["count"] = (count - 1).into();
            } else if has(Odd::CountsText) {
                file["count"] = count.to_string().into();
            }
            file
        })
        .collect()
    };
    let time = jiff::Timestamp::from_second(job.time).expect("a moment");
    let mut manifest = json!({ "transactionTime": time.to_string(), "request": format!("{}/$export", inside.base),
        "requiresAccessToken": true, "output": list("output"), "error": list("error"), "deleted": list("deleted") });
    if has(Odd::TokenAsText) {
        manifest["requiresAccessToken"] = "true".into();
    }
    if has(Odd::NoToken) {
        manifest["requiresAccessToken"] = false.into();
    }
    if has(Odd::NoTime) {
        manifest.as_object_mut().expect("an object").remove("transactionTime");
    }
    manifest
}

async fn end(State(hospital): State<Hospital>, Path(number): Path<usize>) -> Response<Body> {
    let mut inside = hospital.inside();
    inside.log.push(format!("end {number}"));
    inside.exports.jobs.remove(&number);
    inside.exports.ended += 1;
    answer(&inside, 202, "text/plain", "")
}

async fn file(
    State(hospital): State<Hospital>,
    Path((number, name)): Path<(usize, String)>,
    headers: HeaderMap,
) -> Response<Body> {
    let mut inside = hospital.inside();
    inside.log.push(format!("file {number} {name}"));
    let plain = name.trim_end_matches(".gz");
    let found = inside.exports.jobs.get(&number).and_then(|job| {
        let at = job.files.iter().position(|(_, _, of, _)| of == plain)?;
        Some((at, job.files[at].3.clone()))
    });
    let Some((at, mut text)) = found else { return fhir(&inside, 404, &outcome("not-found", "no such file")) };
    let signed = headers.get(header::AUTHORIZATION).is_some_and(|v| v.as_bytes().starts_with(b"Bearer "));
    if signed == inside.exports.has(Odd::NoToken) {
        return fhir(&inside, 403, &outcome("forbidden", "the credentials are not the wanted ones"));
    }
    if at == 1 && inside.exports.once(Odd::ForgetsFilesOnce, "file") {
        inside.exports.jobs.remove(&number);
        return fhir(&inside, 410, &outcome("deleted", "it was forgotten"));
    }
    if inside.exports.refuses || inside.exports.once(Odd::FileBusyOnce, &name) {
        let mut response = fhir(&inside, 503, &outcome("transient", "later"));
        let wait = if inside.exports.refuses { "3600" } else { "0" };
        response.headers_mut().insert(header::RETRY_AFTER, wait.parse().expect("a header"));
        return response;
    }
    if at == 0 && inside.exports.has(Odd::FileForbidden) {
        return fhir(&inside, 403, &outcome("forbidden", "not this file"));
    }
    if at == 0 && inside.exports.has(Odd::EndsMidLine) {
        text.truncate(text.len() - 20);
    }
    if at == 0 && inside.exports.has(Odd::NoLastEnd) {
        text.truncate(text.len() - 1);
    }
    let breaks = at == 0 && inside.exports.once(Odd::BreaksOnce, &name);
    send(&inside, at, text, breaks)
}

fn send(inside: &Inside, at: usize, text: String, breaks: bool) -> Response<Body> {
    let has = |odd: Odd| inside.exports.has(odd);
    let ndjson = "application/fhir+ndjson";
    if breaks {
        let half = text[..text.len() / 2].to_owned();
        let parts = [Ok(Bytes::from(half)), Err(std::io::Error::other("the cable was pulled"))];
        return answer(inside, 200, ndjson, Body::from_stream(stream::iter(parts)));
    }
    if has(Odd::Packed) || (has(Odd::PackedCut) && at == 0) {
        let middle = text.len() / 3;
        let mut bytes = packed(&text.as_bytes()[..middle]);
        bytes.extend(packed(&text.as_bytes()[middle..]));
        if has(Odd::PackedCut) {
            bytes.truncate(bytes.len() - 12);
        }
        return answer(inside, 200, "application/octet-stream", bytes);
    }
    if has(Odd::Encoded) || (has(Odd::EncodedCut) && at == 0) {
        let mut bytes = packed(text.as_bytes());
        if has(Odd::EncodedCut) {
            bytes.truncate(bytes.len() - 12);
        }
        let mut response = answer(inside, 200, ndjson, bytes);
        response.headers_mut().insert(header::CONTENT_ENCODING, "gzip".parse().expect("a header"));
        return response;
    }
    if inside.exports.stretches == 0 {
        return answer(inside, 200, ndjson, text);
    }
    let bytes = Bytes::from(text);
    let step = bytes.len() / inside.exports.stretches + 1;
    let parts: Vec<Bytes> =
        (0..bytes.len()).step_by(step).map(|n| bytes.slice(n..(n + step).min(bytes.len()))).collect();
    let parts = stream::unfold(parts.into_iter(), |mut parts| async move {
        tokio::task::yield_now().await;
        Some((Ok::<_, std::io::Error>(parts.next()?), parts))
    });
    answer(inside, 200, ndjson, Body::from_stream(parts))
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    coder.write_all(bytes).expect("packs");
    coder.finish().expect("packs")
}
