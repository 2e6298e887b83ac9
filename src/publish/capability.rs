//! CapabilityStatement: what is served, written from the same table by which it is served.

use super::json::{array, object, text, words};

/// What the whole server says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// The FHIR base as clients reach it.
    pub base: &'a str,
    /// The program's version.
    pub version: &'a str,
    /// The day of the statement, a FHIR dateTime.
    pub date: &'a str,
    /// System-level interactions: `transaction`, `batch`.
    pub interactions: &'a [&'a str],
    /// The types.
    pub types: &'a [ServedType<'a>],
    /// Operations of the whole system: name without `$` and canonical.
    pub operations: &'a [(&'a str, &'a str)],
    /// Parameters of every search, beside those of its type.
    pub search: &'a [(&'a str, &'a str)],
    /// A token is asked for.
    pub secured: bool,
}

/// What is served of one type.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServedType<'a> {
    /// FHIR's name.
    pub name: &'a str,
    /// R4 type-restful-interaction codes: `read`, `vread`, `update`, `delete`, `create`, `search-type`, `history-instance` …
    pub interactions: &'a [&'a str],
    /// PUT to an id of the client's choice.
    pub update_create: bool,
    /// `If-None-Exist`.
    pub conditional_create: bool,
    /// PUT with a search.
    pub conditional_update: bool,
    /// DELETE with a search.
    pub conditional_delete: bool,
    /// `If-Match` is honoured.
    pub versioned_update: bool,
    /// Every version can be read.
    pub read_history: bool,
    /// Search parameters: name and R4 search-param-type.
    pub search: &'a [(&'a str, &'a str)],
    /// `_include`.
    pub includes: &'a [String],
    /// `_revinclude`.
    pub reverse_includes: &'a [String],
    /// Operations: name without `$` and canonical.
    pub operations: &'a [(&'a str, &'a str)],
}

/// The resource.
pub fn statement(server: &Server) -> Vec<u8> {
    let interactions = server.interactions.iter().map(|code| object([("code", Some(text(code)))])).collect();
    let description = "A bearer token of a client that this gateway knows.";
    let security = server.secured.then(|| object([("description", Some(text(description)))]));
    let rest = object([
        ("mode", Some(text("server"))),
        ("security", security),
        ("resource", array(server.types.iter().map(served).collect())),
        ("interaction", array(interactions)),
        ("searchParam", array(server.search.iter().map(named).collect())),
        ("operation", array(server.operations.iter().map(operation).collect())),
    ]);
    let software = object([("name", Some(text("trialgate"))), ("version", words(server.version))]);
    let implementation = object([("description", Some(text("trialgate"))), ("url", words(server.base))]);
    object([
        ("resourceType", Some(text("CapabilityStatement"))),
        ("status", Some(text("active"))),
        ("date", Some(text(server.date))),
        ("kind", Some(text("instance"))),
        ("software", Some(software)),
        ("implementation", Some(implementation)),
        ("fhirVersion", Some(text("4.0.1"))),
        ("format", array(vec![text("application/fhir+json"), text("json")])),
        ("rest", array(vec![rest])),
    ])
    .into_bytes()
}

fn served(of: &ServedType) -> String {
    let versioning = match (of.versioned_update, of.read_history) {
        (true, _) => "versioned-update",
        (false, true) => "versioned",
        (false, false) => "no-version",
    };
    let can_write = of.interactions.iter().any(|i| matches!(*i, "create" | "update"));
    let flag = |on: bool| can_write.then(|| on.to_string());
    let all = |list: &[String]| array(list.iter().map(|item| text(item)).collect());
    object([
        ("type", Some(text(of.name))),
        ("interaction", array(of.interactions.iter().map(|code| object([("code", Some(text(code)))])).collect())),
        ("versioning", Some(text(versioning))),
        ("readHistory", Some(of.read_history.to_string())),
        ("updateCreate", flag(of.update_create)),
        ("conditionalCreate", flag(of.conditional_create)),
        ("conditionalRead", Some(text("full-support"))),
        ("conditionalUpdate", flag(of.conditional_update)),
        ("conditionalDelete", Some(text(if of.conditional_delete { "single" } else { "not-supported" }))),
        ("searchInclude", all(of.includes)),
        ("searchRevInclude", all(of.reverse_includes)),
        ("searchParam", array(of.search.iter().map(named).collect())),
        ("operation", array(of.operations.iter().map(operation).collect())),
    ])
}

fn operation((name, of): &(&str, &str)) -> String {
    object([("name", Some(text(name))), ("definition", Some(text(of)))])
}

fn named((name, kind): &(&str, &str)) -> String {
    object([("name", Some(text(name))), ("type", Some(text(kind)))])
}

/// The answer of `$versions`: the first is the default.
pub fn versions(all: &[&str]) -> Vec<u8> {
    let part = |name: &str, version: &&str| object([("name", Some(text(name))), ("valueString", Some(text(version)))]);
    let mut parts: Vec<String> = all.iter().map(|v| part("version", v)).collect();
    parts.extend(all.first().map(|v| part("default", v)));
    object([("resourceType", Some(text("Parameters"))), ("parameter", array(parts))]).into_bytes()
}
