//! Which of several gateways on one store reads a source: whoever holds its lease; another takes over when that one is gone.
//!
//! Rounds are idempotent, so a lease that was lost in the middle of one does no harm: it spares the source, no more.

use super::gateway::Gateway;
use crate::clock;
use crate::model::key::hex;
use crate::store::TakeLease;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a lease holds, in microseconds; whoever dies with it loses it then.
pub const LEASE_US: i64 = 60_000_000;
/// From one renewal to the next, and the longest from one look at another's lease to the next.
pub const LEASE_STEP: Duration = Duration::from_secs(20);

/// The lease of a way into one source.
pub(crate) struct Lease {
    name: String,
    holder: String,
    held: AtomicBool,
}

impl Lease {
    /// Of that way and source; nobody holds it by this.
    pub(crate) fn of(way: &str, source: &str) -> Self {
        let holder = hex(&clock::random_bytes::<8>());
        Self { name: format!("lease/{way}/{source}"), holder, held: AtomicBool::new(false) }
    }

    /// Takes or renews it; false: another holds it.
    pub(crate) async fn take(&self, gateway: &Gateway) -> bool {
        let held = self.write(gateway, LEASE_US).await;
        self.held.store(held, Ordering::Relaxed);
        held
    }

    /// Renews it for as long as it is held.
    pub(crate) async fn keep(&self, gateway: &Gateway) -> Infallible {
        loop {
            tokio::time::sleep(LEASE_STEP).await;
            if self.held.load(Ordering::Relaxed) {
                self.take(gateway).await;
            }
        }
    }

    /// Another may take it at once.
    pub(crate) async fn let_go(&self, gateway: &Gateway) {
        if self.held.swap(false, Ordering::Relaxed) {
            self.write(gateway, 0).await;
        }
    }

    async fn write(&self, gateway: &Gateway, us: i64) -> bool {
        let (name, holder, at) = (self.name.clone(), self.holder.clone(), gateway.now());
        match gateway.store.write(TakeLease { name, holder, until: at.plus_us(us), at }).await {
            Ok(held) => held,
            Err(error) => {
                tracing::warn!(lease = %self.name, %error, "the lease of a source cannot be taken");
                false
            }
        }
    }
}
