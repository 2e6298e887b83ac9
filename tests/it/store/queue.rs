//! What waits for the writer is bounded, in units and in bytes.

use crate::place::Place;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use trialgate::store::tx::{Done, Tx, Unit};
use trialgate::store::{Store, StoreError};

/// Says that it runs, and holds the writer until it is let go.
struct Holds(Mutex<(Sender<()>, Receiver<()>)>);

impl Unit for Holds {
    type Answer = ();

    async fn run<T: Tx>(&self, _: &mut T) -> Result<Done<()>, StoreError> {
        let both = self.0.lock().expect("nobody panicked");
        both.0.send(()).expect("the test waits");
        let _ = both.1.recv();
        Ok(Done::Keep(()))
    }
}

/// Says of itself that it brings so many bytes.
struct Weighs(usize);

impl Unit for Weighs {
    type Answer = ();

    fn weight(&self) -> usize {
        self.0
    }

    async fn run<T: Tx>(&self, _: &mut T) -> Result<Done<()>, StoreError> {
        Ok(Done::Keep(()))
    }
}

type Waiting<'s> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + 's>>;

/// Hands a unit in; its answer when there is one at once, else the wait for it.
async fn begun<U: Unit<Answer = ()>>(store: &Store, unit: U) -> Result<Result<(), StoreError>, Waiting<'_>> {
    let mut write: Waiting<'_> = Box::pin(store.write(unit));
    let answer = tokio::select! {
        biased;
        answer = &mut write => Some(answer),
        () = std::future::ready(()) => None,
    };
    answer.ok_or(write)
}

#[tokio::test]
async fn bytes_and_units_that_wait_are_bounded() {
    let place = Place::file();
    let store = place.open();
    let (says, runs) = channel();
    let (go, held) = channel();
    let holder = begun(&store, Holds(Mutex::new((says, held)))).await.expect_err("it waits");
    runs.recv().expect("the writer runs it");
    let mut waiting = vec![holder, begun(&store, Weighs(40 << 20)).await.expect_err("it waits")];
    assert!(matches!(begun(&store, Weighs(40 << 20)).await, Ok(Err(StoreError::Busy))), "too many bytes");
    waiting.push(begun(&store, Weighs(20 << 20)).await.expect_err("what fits waits"));
    let mut refused = 0;
    for _ in 0..5000 {
        match begun(&store, Weighs(0)).await {
            Err(wait) => waiting.push(wait),
            Ok(answer) => {
                assert!(matches!(answer, Err(StoreError::Busy)));
                refused += 1;
            }
        }
    }
    assert!((800..1000).contains(&refused), "{refused} of 5000 beyond 4096");
    go.send(()).expect("the unit waits");
    for wait in waiting {
        wait.await.expect("what was taken is kept");
    }
    store.write(Weighs(70 << 20)).await.expect("alone, a long one is taken");
    store.write(Weighs(40 << 20)).await.expect("what waited is no longer counted");
    store.close().await.expect("closes");
}
