//! A hospital's FHIR server for the tests: a real one on loopback, with the manners and faults of the large vendors.

use super::export::{self, Exports};
use super::vendors::{self, Vendor};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::get;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What it does that others do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manner {
    /// A search without a patient is refused, and `_lastUpdated` must be a closed range (Oracle).
    WantsPatient,
    /// An empty result carries an OperationOutcome entry, and unknown parameters are dropped in silence (Epic).
    OutcomeWhenEmpty,
    /// Errors are HTML pages.
    Html,
    /// Everything is answered as XML.
    Xml,
    /// The second page names itself as the next.
    Loops,
    /// The next link leads to another origin.
    LeadsAway,
    /// Every search is redirected to another origin.
    Redirects,
    /// Each page is refused once with 429 and a `Retry-After` of no time.
    BusyOnce,
    /// 503 that wants to be asked again in an hour.
    BusyForAnHour,
    /// An answer that unpacks to far more than any page.
    Bomb,
    /// A proxy cut the page off in the middle.
    CutOff,
    /// One resource of every patient's result is another patient's.
    WrongPatient,
    /// The second page fails.
    SecondPageFails,
    /// `total` and pages of one entry only, whatever `_count` says.
    SmallPages,
    /// Searches are refused in words that quote [`QUOTED`].
    Quotes,
    /// A Medication is refused by its id, in words that name it.
    RefusesDrugs,
    /// Everything is refused with 503 by what stands before it.
    Away,
}

pub struct Inside {
    /// The vendor as which it answers, in everything (vendors.rs).
    vendor: Option<Vendor>,
    /// What it states of itself, if not as the vendor does.
    statement: Option<Value>,
    /// By type and id: the resource, and when it was last updated, in seconds since 1970.
    pub(super) resources: BTreeMap<(String, String), (Value, i64)>,
    manners: BTreeSet<Manner>,
    /// The server's clock, in seconds since 1970.
    pub(super) clock: i64,
    /// Path and query of each request.
    pub(super) log: Vec<String>,
    refused: BTreeSet<String>,
    pub(super) base: String,
    pub(super) elsewhere: String,
    /// Its Bulk Data exports.
    pub(super) exports: Exports,
    /// What it tells when it is asked for events; nothing: it does not offer that.
    events: Option<Value>,
}

/// Whom a refusal quotes: the Patient asked for by id, identifier, name and birth date, and another by id and number.
pub const QUOTED: [&str; 6] = ["qzv-asked", "MRNXWV", "Wexelbaum", "1931-07-23", "p-7741903", "555-0199"];

/// The server.
#[derive(Clone)]
pub struct Hospital(Arc<Mutex<Inside>>);

/// 15 March 2026, 08:00 UTC.
pub const CLOCK: i64 = 1_773_561_600;

impl Hospital {
    /// Opens; `elsewhere` is an origin that nobody may be led to.
    pub async fn open(elsewhere: &str) -> Self {
        Self::open_behind(elsewhere, |router, _| router).await
    }

    /// Opens with something in front of it, which is told the base.
    pub async fn open_behind(elsewhere: &str, front: impl FnOnce(Router, &str) -> Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}/api/FHIR/R4", listener.local_addr().expect("an address"));
        let inside = Inside {
            vendor: None,
            statement: None,
            resources: BTreeMap::new(),
            manners: BTreeSet::new(),
            clock: CLOCK,
            log: Vec::new(),
            refused: BTreeSet::new(),
            base: base.clone(),
            elsewhere: elsewhere.to_owned(),
            exports: Exports::default(),
            events: None,
        };
        let hospital = Self(Arc::new(Mutex::new(inside)));
        let app = Router::new()
            .route("/api/FHIR/R4/metadata", get(metadata))
            .route("/api/FHIR/R4/{kind}", get(search))
            .route("/api/FHIR/R4/{kind}/{id}", get(read))
            .route("/api/FHIR/R4/Subscription/{id}/$events", get(events))
            .merge(export::routes())
            .with_state(hospital.clone());
        let app = front(app, &base);
        tokio::spawn(async move { axum::serve(listener, app).await });
        hospital
    }

    pub(super) fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.0.lock().expect("nobody panicked")
    }

    /// Its base.
    pub fn base(&self) -> String {
        self.inside().base.clone()
    }

    /// From now on it has these manners.
    pub fn behaves(&self, manners: &[Manner]) {
        let mut inside = self.inside();
        inside.manners = manners.iter().copied().collect();
        inside.refused.clear();
    }

    /// From now on it is that vendor's.
    pub fn is_of(&self, vendor: Vendor) {
        self.inside().vendor = Some(vendor);
    }

    /// From now on it states that of itself.
    pub fn states(&self, statement: Value) {
        self.inside().statement = Some(statement);
    }

    /// From now on it tells this when it is asked for events.
    pub fn tells(&self, events: &[u8]) {
        self.inside().events = Some(serde_json::from_slice(events).expect("JSON"));
    }

    /// Its clock.
    pub fn at(&self, seconds: i64) {
        self.inside().clock = seconds;
    }

    /// Keeps a resource as of that moment.
    pub fn keeps(&self, resource: Value, seconds: i64) {
        let word = |name: &str| resource[name].as_str().expect("text").to_owned();
        self.inside().resources.insert((word("resourceType"), word("id")), (resource.clone(), seconds));
    }

    /// Forgets a resource.
    pub fn forgets(&self, kind: &str, id: &str) {
        self.inside().resources.remove(&(kind.to_owned(), id.to_owned()));
    }

    /// What it was asked since the last look.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.inside().log)
    }
}

pub(super) fn answer(inside: &Inside, status: u16, kind: &str, body: impl Into<Body>) -> Response<Body> {
    let date = jiff::Timestamp::from_second(inside.clock).expect("a moment");
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).expect("a date");
    let response = Response::builder().status(status).header(header::DATE, date).header(header::CONTENT_TYPE, kind);
    response.body(body.into()).expect("a response")
}

pub(super) fn fhir(inside: &Inside, status: u16, body: &Value) -> Response<Body> {
    answer(inside, status, "application/fhir+json", body.to_string())
}

pub(super) fn outcome(code: &str, text: &str) -> Value {
    json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "warning", "code": code, "diagnostics": text }] })
}

async fn metadata(State(hospital): State<Hospital>) -> Response<Body> {
    let mut inside = hospital.inside();
    if inside.manners.contains(&Manner::Away) {
        inside.log.push("metadata".into());
        return answer(&inside, 503, "text/html", "<html>no server</html>");
    }
    let plain = || json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1" });
    let of_vendor = inside.vendor.map(vendors::statement);
    fhir(&inside, 200, &inside.statement.clone().or(of_vendor).unwrap_or_else(plain))
}

async fn read(State(hospital): State<Hospital>, Path((kind, id)): Path<(String, String)>) -> Response<Body> {
    let mut inside = hospital.inside();
    inside.log.push(format!("{kind}/{id}"));
    if inside.manners.contains(&Manner::Away) {
        return answer(&inside, 503, "text/html", "<html>no server</html>");
    }
    if let Some(vendor) = inside.vendor {
        return vendors::read(vendor, &inside, &kind, &id);
    }
    if kind == "Medication" && inside.manners.contains(&Manner::RefusesDrugs) {
        return fhir(&inside, 403, &outcome("forbidden", &format!("the Product {id} is not shown")));
    }
    let inside = inside;
    match inside.resources.get(&(kind, id)).filter(|_| export::shows(&inside)) {
        Some((resource, at)) => fhir(&inside, 200, &stamped(resource, *at)),
        None => fhir(&inside, 404, &outcome("not-found", "nothing is here")),
    }
}

async fn events(State(hospital): State<Hospital>, Path(id): Path<String>, RawQuery(query): RawQuery) -> Response<Body> {
    let mut inside = hospital.inside();
    inside.log.push(format!("Subscription/{id}/$events?{}", query.unwrap_or_default()));
    match &inside.events {
        Some(told) => fhir(&inside, 200, told),
        None => fhir(&inside, 404, &outcome("not-found", "nothing is here")),
    }
}

pub(super) fn stamped(resource: &Value, at: i64) -> Value {
    let mut resource = resource.clone();
    let at = jiff::Timestamp::from_second(at).expect("a moment");
    resource["meta"]["lastUpdated"] = at.to_string().into();
    resource
}

async fn search(
    State(hospital): State<Hospital>,
    Path(kind): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let mut inside = hospital.inside();
    let query = query.unwrap_or_default();
    inside.log.push(format!("{kind}?{query}"));
    let given: Vec<(String, String)> = form(&query);
    let has = |m: Manner| inside.manners.contains(&m);
    let accepts = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if let Some(vendor) = inside.vendor {
        return vendors::search(vendor, &inside, &kind, &given, accepts);
    }
    if has(Manner::Xml) || !accepts.contains("json") {
        return answer(&inside, 200, "application/fhir+xml", "<Bundle xmlns=\"http://hl7.org/fhir\"/>");
    }
    if has(Manner::Html) {
        return answer(&inside, 400, "text/html", "<html><body>Patient p1 could not be shown</body></html>");
    }
    if has(Manner::Away) {
        return answer(&inside, 503, "text/html", "<html>no server</html>");
    }
    if has(Manner::Quotes) {
        return fhir(&inside, 403, &outcome("forbidden", &format!("not of these: {}", QUOTED.join(", "))));
    }
    if has(Manner::Redirects) {
        let mut response = answer(&inside, 302, "text/plain", "");
        response.headers_mut().insert(header::LOCATION, inside.elsewhere.parse().expect("a header"));
        return response;
    }
    if has(Manner::BusyForAnHour) {
        let mut response = fhir(&inside, 503, &outcome("transient", "down for maintenance"));
        response.headers_mut().insert(header::RETRY_AFTER, "3600".parse().expect("a header"));
        return response;
    }
    if has(Manner::BusyOnce) && inside.refused.insert(format!("{kind}?{query}")) {
        let mut response = fhir(&inside, 429, &outcome("throttled", "slower"));
        response.headers_mut().insert(header::RETRY_AFTER, "0".parse().expect("a header"));
        return response;
    }
    if inside.manners.contains(&Manner::Bomb) {
        let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let block = vec![b' '; 1 << 20];
        (0..80).for_each(|_| coder.write_all(&block).expect("packs"));
        let mut response = answer(&inside, 200, "application/fhir+json", coder.finish().expect("packs"));
        response.headers_mut().insert(header::CONTENT_ENCODING, "gzip".parse().expect("a header"));
        return response;
    }
    page(&inside, &kind, &given)
}

fn page(inside: &Inside, kind: &str, given: &[(String, String)]) -> Response<Body> {
    let has = |m: Manner| inside.manners.contains(&m);
    let one = |name: &str| given.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let patient = one("patient").map(|p| p.trim_start_matches("Patient/").to_owned());
    if has(Manner::WantsPatient) && patient.is_none() {
        return fhir(inside, 400, &outcome("required", "one of patient, subject or _id is wanted"));
    }
    let number: usize = one("page").map_or(1, |n| n.parse().expect("a number"));
    if number == 2 && has(Manner::SecondPageFails) {
        return fhir(inside, 403, &outcome("forbidden", "not this page"));
    }
    let fits = |resource: &Value, at: i64| {
        let about = resource["subject"]["reference"].as_str().map(|r| r.trim_start_matches("Patient/").to_owned());
        let of_patient = patient.as_ref().is_none_or(|p| about.as_ref() == Some(p));
        of_patient && given.iter().filter(|(n, _)| n == "_lastUpdated").all(|(_, v)| in_range(v, at))
    };
    let mut all: Vec<Value> = inside
        .resources
        .iter()
        .filter(|((of, _), (resource, at))| of == kind && fits(resource, *at))
        .map(|(_, (resource, at))| stamped(resource, *at))
        .collect();
    if has(Manner::WrongPatient) && patient.is_some() {
        all.iter_mut().take(1).for_each(|r| r["subject"]["reference"] = "Patient/somebody-else".into());
    }
    let count = if has(Manner::SmallPages) { 1 } else { one("_count").map_or(20, |n| n.parse().expect("a number")) };
    let mut entries: Vec<Value> = all
        .iter()
        .skip((number - 1) * count)
        .take(count)
        .map(|r| json!({ "fullUrl": format!("{}/{kind}/{}", inside.base, r["id"].as_str().unwrap_or("")), "resource": r, "search": { "mode": "match" } }))
        .collect();
    if entries.is_empty() && has(Manner::OutcomeWhenEmpty) {
        entries.push(json!({ "resource": outcome("processing", "Resource request returns no results."), "search": { "mode": "outcome" } }));
    }
    let mut bundle =
        json!({ "resourceType": "Bundle", "type": "searchset", "total": all.len(), "link": [], "entry": entries });
    if number * count < all.len() {
        let rest: Vec<String> =
            given.iter().filter(|(n, _)| n != "page").map(|(n, v)| format!("{n}={}", v.replace(':', "%3A"))).collect();
        let next = if has(Manner::Loops) && number == 2 { 2 } else { number + 1 };
        let base = if has(Manner::LeadsAway) { &inside.elsewhere } else { &inside.base };
        let url = format!("{base}/{kind}?{}&page={next}", rest.join("&"));
        bundle["link"] = json!([{ "relation": "next", "url": url }]);
    }
    if has(Manner::CutOff) {
        let text = bundle.to_string();
        return answer(inside, 200, "application/fhir+json", text[..text.len() / 2].to_owned());
    }
    fhir(inside, StatusCode::OK.as_u16(), &bundle)
}

pub(super) fn form(query: &str) -> Vec<(String, String)> {
    let plain = |text: &str| text.replace("%3A", ":").replace("%2F", "/").replace("%3a", ":");
    let pair = |part: &str| part.split_once('=').map(|(n, v)| (plain(n), plain(v)));
    query.split('&').filter_map(pair).collect()
}

fn in_range(value: &str, at: i64) -> bool {
    let (prefix, moment) = value.split_at(2);
    let moment: jiff::Timestamp = moment.parse().expect("a moment");
    match prefix {
        "ge" => at >= moment.as_second(),
        "lt" => at < moment.as_second(),
        other => panic!("{other} is not expected"),
    }
}
