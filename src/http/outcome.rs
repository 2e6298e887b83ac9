//! Every refusal as an OperationOutcome, and the one way from a grade to a status.

use crate::flow::answer::{Grade, Refusal};
use crate::flow::render;
use crate::model::issue::Issue;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The media type of every FHIR answer.
pub const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";
/// Seconds after which a client that was told 503 may come again.
pub const RETRY_AFTER: &str = "2";

/// A refusal, ready to be answered.
#[derive(Debug)]
pub struct Fault {
    /// HTTP status, 400 or more.
    pub status: StatusCode,
    /// Why; never empty.
    pub issues: Vec<Issue>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Fault {
    /// A refusal for one reason.
    pub fn new(status: StatusCode, code: &'static str, text: impl Into<String>) -> Self {
        Self { status, issues: vec![Issue::error(code, "", text)], headers: Vec::new() }
    }

    /// With a header; a value that is no header value is left out.
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// An inner failure: the client learns an id that stands in the log beside the cause, and nothing else.
    pub fn internal(what: &str) -> Self {
        let mut id = [0; 8];
        let _ = getrandom::fill(&mut id);
        let id = crate::model::key::hex(&id);
        tracing::error!(failure = %id, what, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "exception", format!("the server failed; the log has it as {id}"))
    }
}

/// The status of a grade.
pub fn status_of(grade: Grade) -> StatusCode {
    match grade {
        Grade::Malformed => StatusCode::BAD_REQUEST,
        Grade::Forbidden => StatusCode::FORBIDDEN,
        Grade::NotFound => StatusCode::NOT_FOUND,
        Grade::Gone => StatusCode::GONE,
        Grade::Precondition => StatusCode::PRECONDITION_FAILED,
        Grade::TooMuch => StatusCode::PAYLOAD_TOO_LARGE,
        Grade::Content => StatusCode::UNPROCESSABLE_ENTITY,
        Grade::Busy | Grade::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
        Grade::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        if refusal.grade == Grade::Failed {
            return Self::internal("the corridor failed");
        }
        let status = status_of(refusal.grade);
        let fault = Self { status, issues: refusal.issues, headers: Vec::new() };
        if status == StatusCode::SERVICE_UNAVAILABLE { fault.with(header::RETRY_AFTER, RETRY_AFTER) } else { fault }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = fhir(self.status, render::operation_outcome(&self.issues));
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// A FHIR answer with a body.
pub fn fhir(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
    response
}
