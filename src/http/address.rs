//! What an address below `/fhir` means: a place, a type, an id, and what a method does there.

use super::auth::Right;
use super::operations::{On, Operation};
use super::outcome::Fault;
use super::routes::{Interaction, Place, offered, operations};
use crate::flow::query::is_id;
use crate::flow::served::Served;
use axum::http::{Method, StatusCode, header};

/// An address.
pub(super) struct Target<'a> {
    place: Option<Place>,
    operation: Option<&'static Operation>,
    /// The type, when it is one that is served.
    pub(super) kind: Option<Served>,
    /// The id; empty when none is named.
    pub(super) id: &'a str,
    /// The version, as it stands in the address; empty when none is named.
    pub(super) version: &'a str,
}

/// What is to be done.
#[derive(Clone, Copy)]
pub(super) enum Does {
    Interaction(Interaction),
    Operation(&'static Operation),
}

impl Does {
    /// Its name in metrics.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Interaction(what) => what.label(),
            Self::Operation(operation) => operation.name,
        }
    }
}

impl<'a> Target<'a> {
    /// Reads the steps of a path after those of the source.
    pub(super) fn of(source: &str, steps: &[&'a str], method: &Method) -> Self {
        let named = |kind: &str| Served::named(kind, source);
        let at = |place, kind, id| Self { place: Some(place), operation: None, kind, id, version: "" };
        let operation = |on: &dyn Fn(On) -> bool, step: &str, kind, id| Self {
            place: Some(Place::Operation),
            operation: step.strip_prefix('$').and_then(|name| find(source, name, on, method)),
            kind,
            id,
            version: "",
        };
        match steps {
            [] => at(Place::System, None, ""),
            ["metadata"] => at(Place::Metadata, None, ""),
            [step] if step.starts_with('$') => operation(&|on| on == On::System, step, None, ""),
            [kind] => at(Place::Type, named(kind), ""),
            [kind, step] if step.starts_with('$') => {
                operation(&|on| matches!(on, On::Type(name) if name == *kind), step, named(kind), "")
            }
            [kind, "_search"] => at(Place::Search, named(kind), ""),
            [kind, "_history"] => at(Place::TypeHistory, named(kind), ""),
            [kind, id] if is_id(id) => at(Place::Instance, named(kind), id),
            [kind, id, "_history"] if is_id(id) => at(Place::InstanceHistory, named(kind), id),
            [kind, id, "_history", version] if is_id(id) => Self { version, ..at(Place::Version, named(kind), id) },
            [kind, id, step] if is_id(id) && step.starts_with('$') => {
                operation(&|on| matches!(on, On::Instance(name) if name == *kind), step, named(kind), id)
            }
            _ => Self { place: None, operation: None, kind: None, id: "", version: "" },
        }
    }

    /// What a client must be allowed before it learns anything; what is not served asks for what writing asks for.
    pub(super) fn right(&self, method: &Method) -> Option<Right> {
        let usual = Some(if *method == Method::GET { Right::Read } else { Right::Write });
        match (self.operation, self.place) {
            (Some(operation), _) => operation.right,
            (None, Some(place)) => {
                offered(place, self.kind).find(|(m, _)| m == method).map_or(usual, |(_, what)| what.right())
            }
            (None, None) => usual,
        }
    }

    /// The same, once it is known that something is served there; 404 otherwise.
    pub(super) fn known(self, source: &str) -> Result<Self, Fault> {
        let nothing = Fault::new(StatusCode::NOT_FOUND, "not-found", "nothing is served at this address");
        match (self.place, self.operation) {
            (None, _) => Err(nothing),
            (Some(Place::Operation), None) => {
                let text = "this operation is not served here; the CapabilityStatement lists those that are";
                Err(Fault::new(StatusCode::NOT_FOUND, "not-supported", text))
            }
            (Some(Place::System | Place::Metadata), _) => Ok(self),
            _ if self.kind.is_none() && self.operation.is_none() => {
                let text = format!(
                    "this type is not served at the base of {source}; the CapabilityStatement lists those that are"
                );
                Err(Fault::new(StatusCode::NOT_FOUND, "not-supported", text))
            }
            _ => Ok(self),
        }
    }

    /// What that method does here; 405 with `Allow` otherwise.
    pub(super) fn does(&self, method: &Method) -> Result<Does, Fault> {
        let mut allowed: Vec<Method> = Vec::new();
        match (self.operation, self.place) {
            (Some(operation), _) if operation.method == *method => return Ok(Does::Operation(operation)),
            (Some(operation), _) => allowed.push(operation.method.clone()),
            (None, Some(place)) => {
                if let Some((_, what)) = offered(place, self.kind).find(|(m, _)| m == method) {
                    return Ok(Does::Interaction(what));
                }
                allowed.extend(offered(place, self.kind).map(|(m, _)| m));
            }
            (None, None) => {}
        }
        if allowed.is_empty() {
            let text = "nothing of this kind is served for this type; the CapabilityStatement lists what is";
            return Err(Fault::new(StatusCode::NOT_FOUND, "not-supported", text));
        }
        let head = allowed.contains(&Method::GET).then_some(Method::HEAD);
        let words: Vec<String> = allowed.iter().chain(head.as_ref()).map(ToString::to_string).collect();
        let text = "this method is not served at this address";
        let fault = Fault::new(StatusCode::METHOD_NOT_ALLOWED, "not-supported", text);
        Err(fault.with(header::ALLOW, &words.join(", ")))
    }
}

/// The operation of that name; where there are several, that of the method.
fn find(source: &str, name: &str, on: &dyn Fn(On) -> bool, method: &Method) -> Option<&'static Operation> {
    let mut all: Vec<_> = operations(source).filter(|o| o.name == name && on(o.on)).collect();
    all.sort_by_key(|o| o.method != *method);
    all.into_iter().next()
}
