//! What an address below `/fhir` means: a place, a type, an id, and what a method does there.

use super::auth::Right;
use super::operations::{On, Operation};
use super::outcome::Fault;
use super::routes::{Interaction, Place, Served, offered, operations};
use crate::flow::query::is_id;
use axum::http::{Method, StatusCode, header};

/// An address.
pub(super) struct Target<'a> {
    place: Option<Place>,
    operation: Option<&'static Operation>,
    /// The type, when it is one that is served.
    pub(super) kind: Option<Served>,
    /// The id; empty when none is named.
    pub(super) id: &'a str,
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
        let at = |place, kind, id| Self { place: Some(place), operation: None, kind, id };
        let operation = |on: &dyn Fn(On) -> bool, step: &str, kind, id| Self {
            place: Some(Place::Operation),
            operation: step.strip_prefix('$').and_then(|name| find(source, name, on, method)),
            kind,
            id,
        };
        match steps {
            [] => at(Place::System, None, ""),
            ["metadata"] => at(Place::Metadata, None, ""),
            [step] if step.starts_with('$') => operation(&|on| on == On::System, step, None, ""),
            [kind] => at(Place::Type, named(kind), ""),
            [kind, step] if step.starts_with('$') => {
                operation(&|on| matches!(on, On::Type(name) if name == *kind), step, named(kind), "")
            }
            [kind, id] if is_id(id) => at(Place::Instance, named(kind), id),
            [kind, id, step] if is_id(id) && step.starts_with('$') => {
                operation(&|on| matches!(on, On::Instance(name) if name == *kind), step, named(kind), id)
            }
            _ => Self { place: None, operation: None, kind: None, id: "" },
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
    pub(super) fn known(self, source: &str, steps: &[&str]) -> Result<Self, Fault> {
        let nothing = Fault::new(StatusCode::NOT_FOUND, "not-found", "nothing is served at this address");
        let unknown = self.kind.is_none() && !steps.is_empty();
        match (self.place, self.operation) {
            (None, _) => Err(nothing),
            (Some(Place::Operation), None) => {
                let text = "this operation is not served here; the CapabilityStatement lists those that are";
                Err(Fault::new(StatusCode::NOT_FOUND, "not-supported", text))
            }
            (Some(Place::Type | Place::Instance), _) if unknown => {
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
