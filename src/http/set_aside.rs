//! What was set aside, for machine clients: each sees and replays what its own source sent.

use super::auth::{Right, admit};
use super::openapi::json_text;
use super::outcome::Fault;
use super::server::Door;
use crate::flow::Caller;
use crate::flow::answer::Refusal;
use crate::flow::aside::{AsideList, head_json, replayed_json, row_json};
use crate::flow::gateway::MAIN;
use crate::flow::query::pairs;
use crate::model::time::{Partial, Zone};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;

/// Rows of one answer at most.
pub const ROWS_MAX: usize = 500;
/// Rows of one answer where the client says nothing.
const ROWS: usize = 50;

/// `GET /api/set-aside`
pub(super) async fn list(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let asked = asked(&query.unwrap_or_default())?;
    admit(&door.clients, &headers, asked.source.as_deref(), Right::Read, door.gateway.now())?;
    let most = asked.count;
    let found = door.gateway.asides(AsideList { count: most + 1, ..asked }).await.map_err(Refusal::from)?;
    let rows: Vec<Value> = found.iter().take(most).map(head_json).collect();
    Ok(json_text(json!({ "rows": rows, "more": found.len() > most }).to_string()))
}

fn wrong(name: &str, wanted: &str) -> Fault {
    let text = format!("the parameter `{name}` is not understood; wanted {wanted}");
    Fault::new(StatusCode::BAD_REQUEST, "value", text)
}

fn asked(query: &str) -> Result<AsideList, Fault> {
    let mut asked = AsideList { source: Some(MAIN.to_owned()), count: ROWS, ..AsideList::default() };
    for (name, value) in pairs(query)? {
        match name.as_str() {
            "source" => asked.source = Some(value),
            "reason" => asked.reason = Some(value),
            "since" => {
                let moment = Partial::parse(&value).map_err(|_| wrong("since", "a date or a FHIR dateTime"))?;
                asked.since = Some(moment.range(&Zone::utc()).earliest);
            }
            "closed" => asked.closed = value.parse().map_err(|_| wrong("closed", "true or false"))?,
            "after" => asked.after = value.parse().map_err(|_| wrong("after", "a number of a row"))?,
            "count" => {
                let count: usize = value.parse().map_err(|_| wrong("count", "a whole number"))?;
                asked.count = count.min(ROWS_MAX);
            }
            _ => return Err(wrong(&name, "source, reason, since, closed, after or count")),
        }
    }
    Ok(asked)
}

/// The number of a path; what is no number names nothing.
fn numbered(number: &str) -> Result<i64, Fault> {
    number.parse().map_err(|_| nothing(number))
}

fn nothing(number: &str) -> Fault {
    let number: String = number.chars().filter(char::is_ascii_digit).take(20).collect();
    let text = format!("nothing of this client's source was set aside under the number {number}");
    Fault::new(StatusCode::NOT_FOUND, "not-found", text)
}

/// Whoever was admitted, where the row is of a source that is theirs.
async fn admitted(door: &Door, headers: &HeaderMap, right: Right, number: i64) -> Result<Caller, Fault> {
    let source = door.gateway.aside_source(number).await.map_err(Refusal::from)?;
    let source = source.ok_or_else(|| nothing(&number.to_string()))?;
    let who = admit(&door.clients, headers, Some(&source), right, door.gateway.now());
    let actor = who.map_err(|_| nothing(&number.to_string()))?;
    Ok(Caller { actor, purpose: "intake".into() })
}

/// `GET /api/set-aside/{number}`
pub(super) async fn show(
    State(door): State<Arc<Door>>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    admit(&door.clients, &headers, None, Right::Read, door.gateway.now())?;
    let number = numbered(&number)?;
    let caller = admitted(&door, &headers, Right::Read, number).await?;
    let found = door.gateway.aside(number, caller).await.map_err(Refusal::from)?;
    let (row, state) = found.ok_or_else(|| nothing(&number.to_string()))?;
    Ok(json_text(row_json(&row, state).to_string()))
}

/// `POST /api/set-aside/{number}/replay`
pub(super) async fn replay(
    State(door): State<Arc<Door>>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    admit(&door.clients, &headers, None, Right::Write, door.gateway.now())?;
    // A page of another origin can send no such request without being asked first.
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Err(Fault::new(StatusCode::BAD_REQUEST, "value", "wanted the header Content-Type: application/json"));
    }
    let number = numbered(&number)?;
    let caller = admitted(&door, &headers, Right::Write, number).await?;
    let done = door.gateway.replay(number, &caller).await?;
    Ok(json_text(replayed_json(number, &done).to_string()))
}
