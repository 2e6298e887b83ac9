//! What waits for the writer is bounded, in units and in bytes.

use crate::place::Place;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use trialgate::store::StoreError;
use trialgate::store::tx::{Done, Tx, Unit};

/// Holds the writer until it is let go.
struct Holds(Mutex<Receiver<()>>);

impl Unit for Holds {
    type Answer = ();

    async fn run<T: Tx>(&self, _: &mut T) -> Result<Done<()>, StoreError> {
        let _ = self.0.lock().expect("nobody panicked").recv();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_and_units_that_wait_are_bounded() {
    let place = Place::file();
    let store = place.open();
    let (go, held) = channel();
    let spawn = |weight| {
        let store = store.clone();
        tokio::spawn(async move { store.write(Weighs(weight)).await })
    };
    let holder = store.clone();
    let holds = tokio::spawn(async move { holder.write(Holds(Mutex::new(held))).await });
    // Two of 40 MiB are one too many, whichever comes first; the writer may have taken the first into its group.
    let heavy: Vec<_> = (0..4).map(|_| spawn(40 << 20)).collect();
    let mut light: Vec<_> = (0..5000).map(|_| spawn(0)).collect();
    let busy = tokio::time::timeout(std::time::Duration::from_secs(60), async {
        loop {
            if store.write(Weighs(65 << 20)).await.is_err() {
                return true;
            }
        }
    });
    assert!(matches!(busy.await, Ok(true)), "a unit over the bound is refused while others wait");
    while light.iter().all(|l| !l.is_finished()) {
        tokio::task::yield_now().await;
    }
    go.send(()).expect("the unit waits");
    drop(go);
    holds.await.expect("runs").expect("kept");
    let mut refused = [0, 0];
    for (which, all) in [heavy, std::mem::take(&mut light)].into_iter().enumerate() {
        for one in all {
            match one.await.expect("runs") {
                Ok(()) => {}
                Err(StoreError::Busy) => refused[which] += 1,
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!(refused[0] > 0 && refused[1] > 0, "{refused:?}");
    store.write(Weighs(70 << 20)).await.expect("alone, a long one is taken");
    store.write(Weighs(40 << 20)).await.expect("what waited is no longer counted");
    store.close().await.expect("closes");
}
