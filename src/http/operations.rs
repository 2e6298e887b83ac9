//! The operations that are served: one constant each, and one line in [`OPERATIONS`].

use super::auth::Right;
use super::fhir::Asked;
use super::outcome::{Fault, fhir};
use crate::flow::render::versions;
use axum::body::Body;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use std::future::Future;
use std::pin::Pin;

/// All of them.
pub const OPERATIONS: &[Operation] = &[VERSIONS, EVALUATE, EVALUATE_BY_NAME];

/// What an operation works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// `/$name`
    System,
    /// `/Type/$name`
    Type(&'static str),
    /// `/Type/id/$name`
    Instance(&'static str),
}

/// An answer on its way.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Response, Fault>> + Send + 'a>>;

/// One operation.
#[derive(Debug)]
pub struct Operation {
    /// Its name without `$`.
    pub name: &'static str,
    /// What it works on.
    pub on: On,
    /// The one method by which it is called.
    pub method: Method,
    /// The canonical of its OperationDefinition.
    pub definition: &'static str,
    /// What a client must be allowed; `None`: nothing, whoever asks may know.
    pub right: Option<Right>,
    /// Answers; the body is not yet read, `Asked.id` names the instance.
    pub(super) answer: for<'a> fn(&'a Asked<'a>, Body) -> Answering<'a>,
}

/// Which versions of FHIR are served.
pub const VERSIONS: Operation = Operation {
    name: "versions",
    on: On::System,
    method: Method::GET,
    definition: "http://hl7.org/fhir/OperationDefinition/CapabilityStatement-versions",
    right: None,
    answer: |_, _| Box::pin(async { Ok(fhir(StatusCode::OK, versions(&["4.0"]))) }),
};

const EVALUATE_DEFINITION: &str = "https://trialgate.example/fhir/OperationDefinition/evaluate-eligibility";

/// The verdict of one trial about a patient who comes along; nothing is kept, so reading is right enough.
pub const EVALUATE: Operation = Operation {
    name: "evaluate-eligibility",
    on: On::Instance("ResearchStudy"),
    method: Method::POST,
    definition: EVALUATE_DEFINITION,
    right: Some(Right::Read),
    answer: |asked, body| Box::pin(evaluate(asked, Some(asked.id), body)),
};

/// The same, where the input names the study.
pub const EVALUATE_BY_NAME: Operation = Operation {
    on: On::Type("ResearchStudy"),
    answer: |asked, body| Box::pin(evaluate(asked, None, body)),
    ..EVALUATE
};

async fn evaluate(asked: &Asked<'_>, study: Option<&str>, body: Body) -> Result<Response, Fault> {
    let taken = super::body::read(asked.headers, body, asked.door.limits.bundle_bytes, asked.door).await?;
    let found = asked.door.gateway.evaluate_eligibility(asked.source, study, &taken.bytes)?;
    Ok(fhir(StatusCode::OK, found))
}
