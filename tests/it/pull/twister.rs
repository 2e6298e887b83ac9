//! A hospital whose answers can be replaced, for what no table of manners has.

use super::*;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::middleware::{Next, from_fn_with_state};
use std::sync::Mutex;

/// What the server answers to a path below its base in place of what it should: how the request begins, status, Location, body.
pub(super) type Twist = (String, u16, Option<String>, String);

/// A hospital that answers otherwise.
#[derive(Clone, Default)]
pub(super) struct Twister(Arc<Mutex<Vec<Twist>>>);

impl Twister {
    /// A ward whose hospital it stands before.
    pub(super) async fn ward(&self, place: &Place, change: impl FnOnce(&mut Pull)) -> Ward {
        let at = self.clone();
        let front = |router: axum::Router, _: &str| router.layer(from_fn_with_state(at, twisted));
        ward_at(place, By::Server, Hospital::open_behind("http://127.0.0.1:9", front).await, change)
    }

    /// From now on it answers so to what begins so: the first that fits.
    pub(super) fn answers(&self, twists: Vec<Twist>) {
        *self.0.lock().expect("nobody panicked") = twists;
    }
}

async fn twisted(State(twister): State<Twister>, request: Request, next: Next) -> Response<Body> {
    let path = request.uri().path_and_query().expect("a path").as_str().trim_start_matches("/api/FHIR/R4/").to_owned();
    let verb = request.method().as_str().to_owned();
    let found = twister
        .0
        .lock()
        .expect("nobody panicked")
        .iter()
        .find(|(at, ..)| format!("{verb} {path}").starts_with(at.as_str()))
        .cloned();
    let Some((_, status, location, body)) = found else { return next.run(request).await };
    let mut answer = Response::builder().status(status).header("content-type", "application/fhir+json");
    if let Some(location) = location {
        answer = answer.header("location", location);
    }
    answer.body(body.into()).expect("an answer")
}
