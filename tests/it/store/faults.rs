//! What a database server may do to a store: end connections, break rings of waiters, fail at the commit.

use super::*;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Barrier;
use trialgate::store::tx::{Done, Tx, Unit};
use trialgate::store::{CursorOf, Event, Options, SaveCursor, StoreError};

fn cursor(value: &str) -> SaveCursor {
    SaveCursor { name: "feed".into(), value: value.into(), at: Instant(1) }
}

async fn read_cursor(store: &Store) -> Option<String> {
    store.read(CursorOf { name: "feed".into() }).await.expect("read")
}

#[tokio::test]
async fn a_store_goes_on_after_the_server_ended_its_connections() {
    let Some(place) = Place::database() else { return };
    let store = place.open();
    for n in 0..5 {
        keep(&store, entry(&format!("o{n}"), "{}", one_number("1-1", "1")), n).await;
        assert_eq!(facts(&store, "p").await.len(), n as usize + 1);
        place.end_connections();
    }
    assert_eq!(store.audit_verify().await.expect("checked").broken, Vec::<String>::new());
}

#[tokio::test]
async fn a_commit_that_fails_is_unknown_and_its_connection_is_not_used_again() {
    let Some(place) = Place::database() else { return };
    let store = place.open();
    store.write(cursor("1")).await.expect("written");
    place.tamper(
        "create function falls() returns trigger language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
         create constraint trigger falls after update on cursor deferrable initially deferred for each row execute function falls();",
    );
    let failed = store.write(cursor("2")).await;
    assert!(matches!(failed, Err(StoreError::Unknown(_))), "{failed:?}");
    place.tamper("drop trigger falls on cursor;");
    assert_eq!(read_cursor(&store).await.as_deref(), Some("1"));
    store.write(cursor("3")).await.expect("written");
    keep(&store, entry("o", "{}", one_number("1-1", "1")), 10).await;
    assert_eq!(read_cursor(&store).await.as_deref(), Some("3"));
    assert_eq!(store.audit_verify().await.expect("checked").broken, Vec::<String>::new());
}

/// Takes two rows, and before the second waits, the first time, until the other has its first.
struct Ring {
    first: &'static str,
    second: &'static str,
    met: Arc<Barrier>,
    waited: AtomicBool,
}

impl Unit for Ring {
    type Answer = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        let sql = "insert into cursor (name, value, at) values (?1, 'x', 1) on conflict (name) do update set at = cursor.at + 1";
        tx.execute(sql, &[self.first.into()]).await?;
        if !self.waited.swap(true, Ordering::SeqCst) {
            self.met.wait().await;
        }
        tx.execute(sql, &[self.second.into()]).await?;
        Ok(Done::Keep(()))
    }
}

#[tokio::test]
async fn a_ring_of_waiters_is_broken_and_everybody_is_served() {
    let Some(place) = Place::database() else { return };
    let store = place.open();
    let met = Arc::new(Barrier::new(2));
    let ring = |first, second| Ring { first, second, met: met.clone(), waited: AtomicBool::new(false) };
    let (one, other) = tokio::join!(store.write(ring("a", "b")), store.write(ring("b", "a")));
    one.expect("written");
    other.expect("written");
    let rows = store.write(Sum).await.expect("read");
    assert_eq!(rows, 4, "each row was made by one and taken once more by the other");
}

struct Sum;

impl Unit for Sum {
    type Answer = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<i64>, StoreError> {
        let rows = tx.query("select cast(sum(at) as bigint) from cursor", &[]).await?;
        Ok(Done::Keep(rows[0].int(0)?))
    }
}

#[tokio::test]
async fn whoever_asked_may_go_away_and_the_unit_is_whole() {
    let Some(place) = Place::database() else { return };
    let store = place.open();
    // Asked once and dropped: the unit is under way, and runs to its end.
    let mut asked = Box::pin(store.write(cursor("1")));
    let _ = std::future::poll_fn(|c| std::task::Poll::Ready(asked.as_mut().poll(c))).await;
    drop(asked);
    store.close().await.expect("closed");
    assert_eq!(read_cursor(&place.open()).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_database_is_opened_as_asked_and_by_a_right_url_only() {
    let Some(place) = Place::database() else { return };
    let store = place.open();
    assert_eq!(keep(&store, entry("o", "{}", one_number("1-1", "1")), 1).await.event, Event::Created);
    let reader = Store::open(&place.url(), Options { create: false, read_only: true }).expect("it opens for reading");
    assert_eq!(facts(&reader, "p").await.len(), 1);
    assert!(matches!(reader.write(cursor("1")).await, Err(StoreError::Unreachable(_))));
    store.close().await.expect("closed");
    assert!(matches!(store.write(cursor("1")).await, Err(StoreError::Unreachable(_))));
    place.tamper("insert into schema (version) values (99);");
    assert!(matches!(Store::open(&place.url(), Options::default()), Err(StoreError::Corrupt(_))));
    place.tamper("drop table schema;");
    let bare = Store::open(&place.url(), Options { create: false, read_only: true });
    assert!(matches!(&bare, Err(StoreError::Unreachable(words)) if words.contains("trialgate migrate")), "{bare:?}");
}

#[test]
fn a_url_that_is_none_or_would_send_in_the_clear_is_refused_without_its_password() {
    for (url, word) in [
        ("mysql://u:secret@h/d", "wanted sqlite:PATH or postgres://"),
        ("postgres://u:secret@db.example/d", "in the clear"),
        ("postgres://u:secret@192.0.2.1/d?sslmode=require", "in the clear"),
        ("postgres://u:secret@127.0.0.1:1/d?nonsense=1", "none of PostgreSQL"),
        ("postgres://u:secret@127.0.0.1:1/d", "connecting"),
    ] {
        let refused = Store::open(url, Options::default()).expect_err(url).to_string();
        assert!(refused.contains(word) && !refused.contains("secret"), "{url}: {refused}");
    }
    let shown = trialgate::store::shown;
    assert_eq!(shown("postgres://u:secret@h/d"), "postgres://u:…@h/d");
    assert_eq!(shown("postgres://u@h/d?password=secret"), "postgres://u@h/d?password=…");
    assert_eq!(shown("sqlite:a.db"), "sqlite:a.db");
}
