//! Subscriptions that the gateway makes at a source and keeps: made once, renewed, seen to fail, made again.

use super::*;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::middleware::{Next, from_fn_with_state};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use trialgate::flow::hooks::{Hook, HookSettings, Registered, registered};

const ENDPOINT: &str = "https://gateway.example/hooks/ehr";

/// The hospital's Subscriptions by id, what it offers, and what it was asked.
#[derive(Default)]
struct Inside {
    all: BTreeMap<String, Value>,
    offers: Vec<&'static str>,
    update_create: bool,
    asked: Vec<String>,
}

#[derive(Clone, Default)]
struct Office(Arc<Mutex<Inside>>);

impl Office {
    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.0.lock().expect("nobody panicked")
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.inside().asked)
    }

    fn only(&self) -> (String, Value) {
        let inside = self.inside();
        assert_eq!(inside.all.len(), 1, "{:?}", inside.all);
        inside.all.iter().next().map(|(id, body)| (id.clone(), body.clone())).expect("one")
    }
}

fn answer(status: u16, body: &Value) -> Response<Body> {
    Response::builder()
        .status(status)
        .header("content-type", "application/fhir+json")
        .body(body.to_string().into())
        .expect("an answer")
}

async fn front(State(office): State<Office>, request: Request, next: Next) -> Response<Body> {
    let path = request.uri().path().trim_start_matches("/api/FHIR/R4/").to_owned();
    let steps: Vec<&str> = path.split('/').collect();
    if !matches!(steps[0], "metadata" | "Subscription") {
        return next.run(request).await;
    }
    let verb = request.method().to_string();
    let bytes = axum::body::to_bytes(request.into_body(), 1 << 20).await.expect("a body");
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let mut inside = office.inside();
    if steps[0] == "metadata" {
        let offers: Vec<Value> = inside.offers.iter().map(|code| json!({ "code": code })).collect();
        return answer(
            200,
            &json!({ "resourceType": "CapabilityStatement", "rest": [{ "mode": "server", "resource": [
            { "type": "Subscription", "interaction": offers, "updateCreate": inside.update_create }] }] }),
        );
    }
    inside.asked.push(format!("{verb} {path}"));
    match (verb.as_str(), steps.get(1)) {
        ("GET", Some(id)) => inside.all.get(*id).map_or_else(|| answer(404, &json!({})), |found| answer(200, found)),
        ("GET", None) => {
            let entries: Vec<Value> = inside.all.values().map(|s| json!({ "resource": s })).collect();
            answer(200, &json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries }))
        }
        ("PUT", Some(id)) => {
            let mut body = body;
            body["status"] = "active".into();
            inside.all.insert((*id).to_owned(), body);
            answer(200, &json!({}))
        }
        ("POST", None) => {
            let id = format!("n{}", inside.all.len() + 7);
            let mut body = body;
            (body["status"], body["id"]) = ("active".into(), id.as_str().into());
            inside.all.insert(id, body.clone());
            answer(201, &body)
        }
        _ => answer(405, &json!({})),
    }
}

struct Room {
    ward: Ward,
    office: Office,
    hook: Hook,
    clock: Arc<AtomicI64>,
    gateway: Gateway,
}

async fn room(place: &Place, register: Value, offers: &[&'static str], update_create: bool) -> Room {
    let office = Office::default();
    (office.inside().offers, office.inside().update_create) = (offers.to_vec(), update_create);
    let at = office.clone();
    let hospital =
        Hospital::open_behind("http://127.0.0.1:9", |router, _| router.layer(from_fn_with_state(at, front))).await;
    let ward = ward_at(place, By::Server, hospital, |pull| pull.kinds = vec!["Observation".into()]);
    let settings: HookSettings =
        serde_json::from_value(json!({ "token": "a-token-of-the-hospital-for-us", "register": register }))
            .expect("settings");
    let hook = Hook::new("ehr", &ward.hospital.base(), settings);
    let clock = Arc::new(AtomicI64::new(CLOCK));
    let ticking = clock.clone();
    let gateway = Gateway::new(Parts {
        store: ward.store.clone(),
        sources: vec![Source::new("ehr", Zone::utc())],
        clock: Arc::new(move || Instant(ticking.load(Ordering::SeqCst) * 1_000_000)),
        cursor_key: [7; 32],
        base: "http://gateway.test/fhir".into(),
    });
    Room { ward, office, hook, clock, gateway }
}

impl Room {
    async fn look(&self) -> Registered {
        let mut all = registered(&self.gateway, &self.ward.feed, &self.hook, ENDPOINT).await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0).1
    }
}

#[tokio::test]
async fn one_is_made_and_renewed_and_made_again() {
    let place = Place::file();
    let room = room(&place, json!({}), &["create", "read", "update", "search-type"], true).await;
    assert_eq!(room.look().await, Registered::Made);
    let (id, made) = room.office.only();
    assert!(id.starts_with("trialgate-"), "{id}");
    let channel = json!({ "type": "rest-hook", "endpoint": ENDPOINT, "payload": "application/fhir+json",
        "header": ["Authorization: Bearer a-token-of-the-hospital-for-us"] });
    assert_eq!(
        (&made["criteria"], &made["channel"], &made["end"]),
        (&json!("Observation?"), &channel, &json!("2026-03-22T08:00:00Z"))
    );
    assert_eq!(room.office.asked(), ["GET Subscription".to_owned(), format!("PUT Subscription/{id}")]);
    assert_eq!(room.look().await, Registered::Stands("active".into()));
    assert_eq!(room.office.asked(), [format!("GET Subscription/{id}")]);
    // Half of its time is over.
    room.clock.store(CLOCK + 4 * 86_400, Ordering::SeqCst);
    assert_eq!(room.look().await, Registered::Renewed("active".into()));
    assert_eq!(room.office.only().1["end"], "2026-03-26T08:00:00Z");
    // The source gave up.
    for status in ["error", "off"] {
        room.office.inside().all.get_mut(&id).expect("there")["status"] = status.into();
        assert_eq!(room.look().await, Registered::Renewed(status.into()));
        assert_eq!(room.office.only().1["status"], "active");
    }
    // Somebody removed it.
    room.office.inside().all.clear();
    assert_eq!(room.look().await, Registered::Made);
    assert_eq!(room.office.only().0, id);
}

#[tokio::test]
async fn where_ids_are_the_servers_it_is_not_made_twice() {
    let place = Place::file();
    let register =
        json!({ "criteria": ["Observation?category=laboratory"], "topic": "https://ehr.example/topic/labs" });
    let room = room(&place, register, &["create", "read"], false).await;
    assert_eq!(room.look().await, Registered::Made);
    let (id, made) = room.office.only();
    assert_eq!((id.as_str(), &made["criteria"]), ("n7", &json!("https://ehr.example/topic/labs")));
    assert_eq!(made["_criteria"]["extension"][0]["valueString"], "Observation?category=laboratory");
    assert_eq!(made["channel"]["_payload"]["extension"][0]["valueCode"], "id-only");
    // The answer was lost and nothing was noted: it is found by its endpoint and criteria.
    let name = "hook/ehr/";
    let forgotten = Place::file();
    let other = super::ward(&forgotten, By::Server, |_| {}).await;
    let again = Gateway::new(Parts {
        store: other.store.clone(),
        sources: vec![Source::new("ehr", Zone::utc())],
        clock: Arc::new(|| Instant(CLOCK * 1_000_000)),
        cursor_key: [7; 32],
        base: name.into(),
    });
    let looked = registered(&again, &room.ward.feed, &room.hook, ENDPOINT).await;
    assert_eq!(looked[0].1, Registered::Stands("active".into()));
    room.office.only();
    // It does not work, and the source takes no change of it: said, each time.
    room.office.inside().all.get_mut("n7").expect("there")["status"] = "error".into();
    let words = "it has the status `error` or ends soon, and the source offers no update of it";
    assert_eq!(room.look().await, Registered::Failed(words.into()));
    // Of another endpoint: not ours.
    room.office.inside().all.get_mut("n7").expect("there")["channel"]["endpoint"] = "https://other.example".into();
    assert_eq!(room.look().await, Registered::Made);
    assert_eq!(room.office.inside().all.len(), 2);
}

#[tokio::test]
async fn where_none_is_offered_it_is_said() {
    let place = Place::file();
    let room = room(&place, json!({}), &["read", "search-type"], true).await;
    let words = "the source's CapabilityStatement offers no create of Subscription; polling alone finds what changes";
    assert_eq!(room.look().await, Registered::Failed(words.into()));
    assert!(room.office.asked().is_empty());
}
