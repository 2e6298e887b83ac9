//! The room `intake`: bytes in, drafts and issues out.

mod bad_inputs;
mod bundles;
mod conformance;
mod facts;
mod kinds;
mod material;
mod mutations;
mod others;

use std::path::PathBuf;
use trialgate::intake::{Read, Setting, read_resource};
use trialgate::model::draft::Draft;
use trialgate::model::time::{Instant, Partial, Zone};

pub(crate) fn at(text: &str) -> Instant {
    match Partial::parse(text) {
        Ok(Partial::Instant(at, _)) => at,
        other => panic!("{text}: {other:?}"),
    }
}

pub(crate) fn read(body: &[u8]) -> Read {
    let zone = Zone::named("Asia/Shanghai").expect("a zone of the list");
    let setting =
        Setting { zone: &zone, received: at("2026-06-01T00:00:00Z"), base: Some("https://gateway.test/fhir") };
    read_resource(body, None, &setting)
}

pub(crate) fn draft(body: &str) -> Draft {
    let read = read(body.as_bytes());
    read.draft.unwrap_or_else(|| panic!("{:?}", read.issues))
}

pub(crate) fn unpacked(path: PathBuf) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).expect("gzip of text");
    text
}

/// An Observation with these members besides the required ones.
pub(crate) fn observation(members: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"777-3"}}]}},"subject":{{"reference":"Patient/p1"}}{}{members}}}"#,
        if members.is_empty() { "" } else { "," }
    )
}
