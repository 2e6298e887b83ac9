//! A hostile server tries to lead the gateway elsewhere: a second listener must see nobody, each try is said, and what
//! is not concerned keeps flowing.

use super::twister::{Twist, Twister};
use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use trialgate::flow::hooks::{Hook, HookSettings, Registered, registered};
use trialgate::flow::keys;
use trialgate::flow::pull::round;
use trialgate::link::{Access, Algorithm, Secret, Smart, Tls};

/// Nobody may come here.
struct Canary {
    port: u16,
    came: Arc<AtomicUsize>,
}

impl Canary {
    async fn open() -> Self {
        let came = Arc::new(AtomicUsize::new(0));
        let four = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = four.local_addr().expect("an address").port();
        // Machines without IPv6 have nothing there that could be reached.
        let six = TcpListener::bind(("::1", port)).await.ok();
        for listener in [Some(four), six].into_iter().flatten() {
            let counted = came.clone();
            tokio::spawn(async move {
                while listener.accept().await.is_ok() {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Self { port, came }
    }
}

struct Scene {
    canary: Canary,
    twister: Twister,
    ward: Ward,
    own: String,
}

async fn scene(place: &Place) -> Scene {
    let (canary, twister) = (Canary::open().await, Twister::default());
    let mut ward = twister.ward(place, |pull| pull.kinds = vec!["Observation".into(), "Condition".into()]).await;
    let settings = link(&ward.hospital.base());
    ward.feed.client = Client::with(settings, Access::Bearer(Secret::new("hush")), &Tls::default()).expect("a link");
    let own = ward.hospital.base().trim_start_matches("http://").split('/').next().expect("a host").to_owned();
    Scene { canary, twister, ward, own }
}

fn condition(n: usize) -> Value {
    json!({ "resourceType": "Condition", "id": format!("c{n}"), "subject": { "reference": "Patient/p1" },
        "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "38341003" }] } })
}

fn page(next: &str, resources: &[Value]) -> String {
    let entries: Vec<Value> = resources.iter().map(|r| json!({ "resource": r })).collect();
    json!({ "resourceType": "Bundle", "type": "searchset", "link": [{ "relation": "next", "url": next }], "entry": entries }).to_string()
}

/// Ways to say `elsewhere` that a careless comparison takes for `own`; both are host and port.
fn elsewhere(own: &str, port: u16) -> Vec<String> {
    let own_port = own.split(':').nth(1).expect("a port");
    [
        // Another port, host or scheme, plainly.
        format!("http://127.0.0.1:{port}/x"),
        format!("http://localhost:{port}/x"),
        format!("http://localhost:{own_port}/x"),
        format!("https://{own}/x"),
        format!("//127.0.0.1:{port}/x"),
        // User and password: they hide the host, or would be sent themselves.
        format!("http://{own}@127.0.0.1:{port}/x"),
        format!("http://{}%3A{own_port}@127.0.0.1:{port}/x", "127.0.0.1"),
        format!("http://user:word@{own}/x"),
        format!("http://user@{own}/x"),
        format!("http://:word@{own}/x"),
        // The own host as a beginning, or behind what ends a host.
        format!("http://127.0.0.1.example:{own_port}/x"),
        format!("http://127.0.0.1:{port}#@{own}/x"),
        format!("http://127.0.0.1:{port}?@{own}/x"),
        format!("http://127.0.0.1:{port}\\@{own}/x"),
        format!("http://127.0.0.1:{own_port}0/x"),
        // Addresses in other clothes.
        format!("http://2130706433:{port}/x"),
        format!("http://0x7f000001:{port}/x"),
        format!("http://0x7f.1:{port}/x"),
        format!("http://0177.0.0.1:{port}/x"),
        format!("http://127.1:{port}/x"),
        format!("http://0.0.0.0:{port}/x"),
        format!("http://127.0.0.1.:{port}/x"),
        format!("http://localhost.:{port}/x"),
        format!("http://127\u{3002}0\u{3002}0\u{3002}1:{port}/x"),
        format!("http://\u{ff11}27.0.0.1:{port}/x"),
        format!("http://[::1]:{port}/x"),
        format!("http://[::1]:{own_port}/x"),
        format!("http://[::ffff:127.0.0.1]:{port}/x"),
        format!("http://[::ffff:127.0.0.1]:{own_port}/x"),
        format!("http://[0:0:0:0:0:ffff:7f00:1]:{port}/x"),
        format!("http://[::]:{port}/x"),
        // What a browser forgives.
        format!("\\\\127.0.0.1:{port}/x"),
        format!("/\\127.0.0.1:{port}/x"),
        format!("http:\\\\127.0.0.1:{port}\\x"),
        format!("http:///127.0.0.1:{port}/x"),
        format!("  http://127.0.0.1:{port}/x"),
        format!("ht\ntp://127.0.0.1:{port}/x"),
        format!("HTTP://127.0.0.1:{port}/x"),
        // Other schemes, and no URL at all.
        format!("ftp://{own}/x"),
        format!("ws://{own}/x"),
        format!("gopher://127.0.0.1:{port}/x"),
        "file:///etc/hostname".to_owned(),
        "data:application/fhir+json,{}".to_owned(),
        format!("javascript:fetch('http://127.0.0.1:{port}')"),
        format!("http://127.0.0.1:{port}0000/x"),
        "http://".to_owned(),
        "http://[::1".to_owned(),
    ]
    .to_vec()
}

#[tokio::test]
async fn no_next_link_leads_away() {
    let place = Place::file();
    let scene = scene(&place).await;
    let tries = elsewhere(&scene.own, scene.canary.port);
    assert!(tries.len() >= 45, "{}", tries.len());
    for (n, url) in tries.iter().enumerate() {
        scene.ward.hospital.keeps(condition(n), CLOCK - 10);
        let found = result(&format!("o{n}"), "p1", 1);
        scene.twister.answers(vec![("GET Observation".to_owned(), 200, None, page(url, &[found]))]);
        let pulled = round(&scene.ward.gateway, &scene.ward.feed, true).await;
        let said = ["the next link leads to another origin; it was not followed", "the next link is no URL"];
        let said = said.map(|words| format!("Observation page 2: {words}"));
        assert!(pulled.problems.iter().any(|p| said.contains(p)), "{url:?}: {pulled:?}");
        assert_eq!(scene.canary.came.load(Ordering::SeqCst), 0, "{url:?} led away");
        assert_eq!(scene.ward.kept(ResourceType::Condition).await.len(), n + 1, "{url:?}: the others keep flowing");
    }
    assert_eq!(scene.ward.observations().await.len(), tries.len(), "what came before the link is kept");
    // What stays at its own place is followed, whatever it looks like, and ends there.
    for url in [
        "/x//127.0.0.1:9",
        "x/../../../../etc",
        "?page=http://127.0.0.1:9",
        &format!("http://{}/x#http://127.0.0.1:9", scene.own),
    ] {
        let other = |at: &str| (at.to_owned(), 404, None, "{}".to_owned());
        let first = ("GET Observation?_lastUpdated".to_owned(), 200, None, page(url, &[]));
        scene.twister.answers(vec![
            first,
            other("GET /"),
            other("GET Observation?page"),
            other("GET x"),
            other("GET etc"),
        ]);
        let pulled = round(&scene.ward.gateway, &scene.ward.feed, true).await;
        assert!(pulled.problems.iter().any(|p| p.starts_with("Observation page 2: HTTP 404")), "{url:?}: {pulled:?}");
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let place = Place::file();
    let scene = scene(&place).await;
    for status in [301, 302, 303, 307, 308] {
        for (at, words) in [
            ("GET metadata", format!("HTTP {status}: a redirect, which is never followed")),
            ("GET Observation", format!("Observation page 1: HTTP {status}: a redirect, which is never followed")),
        ] {
            let away = format!("http://127.0.0.1:{}/x", scene.canary.port);
            scene.twister.answers(vec![(at.into(), status, Some(away), String::new())]);
            let pulled = round(&scene.ward.gateway, &scene.ward.feed, true).await;
            assert!(pulled.problems.iter().any(|p| p.starts_with(&words)), "{at}: {pulled:?}");
        }
    }
    assert_eq!(scene.canary.came.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn no_token_endpoint_leads_away() {
    let place = Place::file();
    let scene = scene(&place).await;
    let folder = std::env::temp_dir().join(format!("trialgate-away-{}", std::process::id()));
    keys::make(&folder, Algorithm::Es384, Instant(CLOCK * 1_000_000), &[1; 4]).expect("a key");
    let key = keys::load(&folder).expect("keys").pick(None, None).expect("a key");
    std::fs::remove_dir_all(&folder).expect("removed");
    let configuration = |endpoint: &str| json!({ "token_endpoint": endpoint }).to_string();
    let away = format!("http://127.0.0.1:{}/token", scene.canary.port);
    let mut tries: Vec<Vec<Twist>> = elsewhere(&scene.own, scene.canary.port)
        .iter()
        // Relative ones are no URL there.
        .map(|url| vec![("GET .well-known".to_owned(), 200, None, configuration(url))])
        .collect();
    for status in [301, 302, 307, 308] {
        tries.push(vec![("GET .well-known".to_owned(), status, Some(away.clone()), String::new())]);
        let own = configuration(&format!("{}/token", scene.ward.hospital.base()));
        let post = ("POST token".to_owned(), status, Some(away.clone()), String::new());
        tries.push(vec![("GET .well-known".to_owned(), 200, None, own), post]);
    }
    for body in ["", "[]", "{\"token_endpoint\":7}", "<html/>"] {
        tries.push(vec![("GET .well-known".to_owned(), 200, None, body.to_owned())]);
    }
    for twists in tries {
        let smart = Smart { client: "c".into(), scopes: vec!["system/*.rs".into()], key: key.clone(), endpoint: None };
        let client =
            Client::with(link(&scene.ward.hospital.base()), Access::Smart(smart), &Tls::default()).expect("a link");
        let what = format!("{twists:?}");
        scene.twister.answers(twists);
        let failure = client.get(&["metadata"], &[], scene.ward.gateway.now()).await.expect_err(&what);
        let said = [".well-known/smart-configuration: ", "the token endpoint gave no token: HTTP 30"];
        assert!(failure.lasting && said.iter().any(|s| failure.text.starts_with(s)), "{what}: {failure:?}");
        assert_eq!(scene.canary.came.load(Ordering::SeqCst), 0, "{what} led away");
    }
}

#[tokio::test]
async fn nothing_that_a_resource_names_is_fetched() {
    let place = Place::file();
    let mut scene = scene(&place).await;
    scene.ward.feed.settings.kinds = ["Patient", "Observation", "MedicationAdministration"].map(str::to_owned).to_vec();
    let away = format!("http://127.0.0.1:{}/x", scene.canary.port);
    let mut somebody = patient("p1");
    somebody["photo"] = json!([{ "contentType": "image/png", "url": away }]);
    somebody["link"] = json!([{ "other": { "reference": format!("{away}/Patient/p2") }, "type": "seealso" }]);
    somebody["implicitRules"] = json!(away);
    somebody["meta"] = json!({ "profile": [away], "source": away });
    somebody["managingOrganization"] = json!({ "reference": format!("{away}/Organization/o") });
    let mut about_away = result("o1", "p1", 1);
    about_away["subject"]["reference"] = json!(format!("{away}/Patient/p1"));
    let mut named = result("o2", "p1", 1);
    named["extension"] = json!([{ "url": away, "valueUrl": away }]);
    named["derivedFrom"] = json!([{ "reference": format!("{away}/Observation/o9") }]);
    named["code"]["coding"][0]["system"] = json!(away);
    let given = json!({ "resourceType": "MedicationAdministration", "id": "m1", "status": "completed",
        "subject": { "reference": "Patient/p1" }, "effectiveDateTime": "2026-01-02",
        "medicationReference": { "reference": format!("{away}/Medication/m") } });
    for resource in [somebody, about_away, named, given] {
        scene.ward.hospital.keeps(resource, CLOCK - 10);
    }
    let pulled = round(&scene.ward.gateway, &scene.ward.feed, true).await;
    let took = pulled.loaded.kept.values().sum::<u64>()
        + pulled.loaded.set_aside.values().sum::<u64>()
        + pulled.loaded.ignored.values().sum::<u64>();
    assert_eq!((took, pulled.problems.len()), (4, 0), "{pulled:?}");

    // A roster that names patients elsewhere, or a way out of the path.
    let members: Vec<Value> = [format!("{away}/Patient/p1"), "Patient/..".into(), "Patient/%2e%2e".into()]
        .iter()
        .map(|r| json!({ "entity": { "reference": r } }))
        .collect();
    let group = json!({ "resourceType": "Group", "id": "g", "type": "person", "actual": true, "member": members });
    scene.ward.hospital.keeps(group, CLOCK);
    (scene.ward.feed.settings.by, scene.ward.feed.settings.group) = (By::Patients, Some("g".into()));
    let pulled = round(&scene.ward.gateway, &scene.ward.feed, true).await;
    assert!(!pulled.problems.is_empty(), "{pulled:?}");

    // A Subscription that is said to be elsewhere, and a notification about what is elsewhere.
    let settings: HookSettings =
        serde_json::from_value(json!({ "token": "a-token-of-the-hospital-for-us", "register": {} })).expect("settings");
    let hook = Hook::new("ehr", &scene.ward.hospital.base(), settings);
    let offers = json!({ "resourceType": "CapabilityStatement", "rest": [{ "mode": "server", "resource": [
        { "type": "Subscription", "interaction": [{ "code": "create" }] }] }] });
    scene.twister.answers(vec![
        ("GET metadata".to_owned(), 200, None, offers.to_string()),
        ("GET Subscription".to_owned(), 302, Some(away.clone()), String::new()),
        ("POST Subscription".to_owned(), 201, Some(format!("{away}/Subscription/s1")), String::new()),
    ]);
    scene.ward.feed.settings.kinds = vec!["Observation".into()];
    let made = registered(&scene.ward.gateway, &scene.ward.feed, &hook, "https://gateway.example/hooks/ehr").await;
    assert_eq!(made[0].1, Registered::Made, "the id alone is taken of its place");
    scene.twister.answers(vec![
        ("POST Subscription".to_owned(), 307, Some(away.clone()), String::new()),
        ("GET metadata".to_owned(), 200, None, offers.to_string()),
    ]);
    let moved = registered(&scene.ward.gateway, &scene.ward.feed, &hook, "https://gateway.example/hooks/other").await;
    assert!(matches!(&moved[0].1, Registered::Failed(words) if words.starts_with("HTTP 307: a redirect")), "{moved:?}");
    let told = json!({ "resourceType": "Bundle", "entry": [{ "resource": { "resourceType": "SubscriptionStatus", "type": "event-notification",
        "subscription": { "reference": away }, "notificationEvent": [{ "eventNumber": 1, "focus": { "reference": format!("{away}/Observation/o1") } }] } }] });
    let told = hook.posted(&scene.ward.gateway, told.to_string().as_bytes()).await.expect("taken");
    assert_eq!(told.resources, 0);
    assert_eq!(scene.canary.came.load(Ordering::SeqCst), 0, "nobody was led away");
}
