//! What other resources point at: the gateway as a Device, and each site as Organization and Location.

use super::json::{array, identifier, object, reference, text, words};
use super::study::study_id;
use crate::model::assessment::ENGINE;
use crate::trial::definition::{Site, Trial};

/// The id of the gateway's Device.
pub const GATEWAY: &str = "gateway";

/// The gateway itself; `version` is the program's.
pub fn device(base: &str, version: &str) -> Vec<u8> {
    let name = object([("name", Some(text("trialgate"))), ("type", Some(text("manufacturer-name")))]);
    let versions = [("program", version), ("evaluation", ENGINE)];
    let version = |(kind, value): (&str, &str)| {
        object([("type", Some(object([("text", Some(text(kind)))]))), ("value", Some(text(value)))])
    };
    object([
        ("resourceType", Some(text("Device"))),
        ("id", Some(text(GATEWAY))),
        ("identifier", array(vec![identifier(&format!("{base}/sid/device"), GATEWAY)])),
        ("status", Some(text("active"))),
        ("deviceName", array(vec![name])),
        ("version", array(versions.into_iter().map(version).collect())),
    ])
    .into_bytes()
}

/// The id of a trial's site, for its Organization and its Location alike.
pub fn site_id(trial: &Trial, site: &Site) -> String {
    study_id(&format!("{}-{}", trial.id, site.id))
}

/// The institution at which a trial takes place.
pub fn organization(trial: &Trial, site: &Site, base: &str) -> Vec<u8> {
    object([
        ("resourceType", Some(text("Organization"))),
        ("id", Some(text(&site_id(trial, site)))),
        ("identifier", array(vec![site_identifier(trial, site, base)])),
        ("active", Some("true".into())),
        ("name", words(&site.name)),
    ])
    .into_bytes()
}

/// The place at which a trial takes place.
pub fn location(trial: &Trial, site: &Site, base: &str) -> Vec<u8> {
    let id = site_id(trial, site);
    let address = words(&site.country).map(|country| object([("country", Some(country))]));
    object([
        ("resourceType", Some(text("Location"))),
        ("id", Some(text(&id))),
        ("identifier", array(vec![site_identifier(trial, site, base)])),
        ("status", Some(text("active"))),
        ("name", words(&site.name)),
        ("mode", Some(text("instance"))),
        ("address", address),
        ("managingOrganization", Some(reference(&format!("Organization/{id}")))),
    ])
    .into_bytes()
}

fn site_identifier(trial: &Trial, site: &Site, base: &str) -> String {
    identifier(&format!("{base}/sid/site/{}", study_id(&trial.id)), &site.id)
}
