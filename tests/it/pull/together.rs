//! Several gateways on one store: one of them reads a source, and another takes over when that one is gone.

use super::*;
use crate::place::on_both;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use trialgate::flow::bulk::{self, Bulk};
use trialgate::flow::lease::LEASE_US;
use trialgate::flow::pull;
use trialgate::store::TakeLease;

on_both!(one_of_several_gateways_pulls, one_of_several_gateways_exports, whoever_opens_a_file_anew_waits_for_nobody);

/// Who asked the hospital, each question.
type Asked = Arc<Mutex<Vec<String>>>;

struct Gateways {
    ward: Ward,
    place: Place,
    clock: Arc<AtomicI64>,
    asked: Asked,
}

impl Gateways {
    async fn new(place: Place, by: By) -> Self {
        let asked = Asked::default();
        let heard = asked.clone();
        let listens = move |request: axum::extract::Request, next: axum::middleware::Next| {
            let name = request.headers().get("user-agent").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
            heard.lock().expect("nobody panicked").push(name);
            next.run(request)
        };
        let hospital =
            Hospital::open_behind("http://127.0.0.1:9", |router, _| router.layer(axum::middleware::from_fn(listens)))
                .await;
        let ward = ward_at(&place, by, hospital, |pull| {
            pull.every = Duration::from_millis(10);
            pull.bulk = (by == By::Bulk).then(|| Bulk { every: Duration::from_secs(3), ..Bulk::default() });
        });
        ward.hospital.keeps(patient("p1"), CLOCK - 10);
        Self { ward, place, clock: Arc::new(AtomicI64::new(CLOCK * 1_000_000)), asked }
    }

    /// One more gateway that runs, and how it is stopped.
    fn start(&self, name: &str) -> (JoinHandle<()>, watch::Sender<bool>) {
        let (clock, settings) = (self.clock.clone(), self.ward.feed.settings.clone());
        let gateway = Gateway::new(Parts {
            store: self.place.beside(&self.ward.store),
            sources: vec![Source::new("ehr", Zone::utc())],
            clock: Arc::new(move || {
                let steady = i64::try_from(trialgate::clock::steady().as_micros()).expect("not so long");
                Instant(steady + clock.load(Ordering::SeqCst))
            }),
            cursor_key: [7; 32],
            base: "http://gateway.test/fhir".into(),
        });
        let token = Some(trialgate::link::Secret::new("secret"));
        let link = LinkSettings { user_agent: name.into(), token, ..link(&settings.url) };
        let feed = Feed { source: "ehr".into(), client: Client::new(link).expect("a link"), settings };
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(async move {
            match feed.settings.by {
                By::Bulk => bulk::run(&gateway, &feed, stopped).await,
                _ => pull::run(&gateway, &feed, None, stopped).await,
            }
        });
        (running, stop)
    }

    fn count(&self, name: &str) -> usize {
        self.asked.lock().expect("nobody panicked").iter().filter(|asked| *asked == name).count()
    }

    /// Waits until that one asked so many more questions.
    async fn asks(&self, name: &str, more: usize) {
        let goal = self.count(name) + more;
        let asked = async {
            while self.count(name) < goal {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), asked).await.unwrap_or_else(|_| panic!("{name} asks nothing"));
    }
}

async fn one_reads(gateways: Gateways, more: usize) {
    let (first, _kept) = gateways.start("first");
    gateways.asks("first", 1).await;
    let (second, stop) = gateways.start("second");
    gateways.asks("first", more).await;
    assert_eq!(gateways.count("second"), 0, "one is enough");
    // Gone without a word: its lease runs out.
    first.abort();
    let _ = first.await;
    gateways.clock.fetch_add(LEASE_US, Ordering::SeqCst);
    gateways.asks("second", 5).await;
    // One that is told to stop hands it on at once.
    let (third, _kept) = gateways.start("third");
    stop.send_replace(true);
    second.await.expect("it ends");
    gateways.asks("third", 5).await;
    third.abort();
}

async fn one_of_several_gateways_pulls(place: Place) {
    one_reads(Gateways::new(place, By::Server).await, 60).await;
}

async fn one_of_several_gateways_exports(place: Place) {
    one_reads(Gateways::new(place, By::Bulk).await, 9).await;
}

async fn whoever_opens_a_file_anew_waits_for_nobody(place: Place) {
    let take = |holder: &str, at: i64| TakeLease {
        name: "lease/pull/ehr".into(),
        holder: holder.into(),
        until: Instant(at + 10),
        at: Instant(at),
    };
    let store = place.open();
    assert!(store.write(take("first", 0)).await.expect("written"));
    assert!(!store.write(take("second", 9)).await.expect("written"), "it holds still");
    assert!(store.write(take("first", 9)).await.expect("written"), "renewed");
    assert!(!store.write(take("second", 18)).await.expect("written"));
    assert!(store.write(take("second", 19)).await.expect("written"), "it ran out");
    store.close().await.expect("closed");
    let store = place.open();
    // A file has one process, and whoever held its lease is gone; a database may have others.
    let is_file = matches!(place, Place::File(_));
    assert_eq!(store.write(take("third", 20)).await.expect("written"), is_file);
}
