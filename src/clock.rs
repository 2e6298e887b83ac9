//! The only caller of "now", and of randomness: everything else is told the time.

use crate::model::time::Instant;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Where the time comes from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands where it was put: of the demo and of tests. Microseconds since 1970.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at that moment until it is moved.
    pub fn manual(at: Instant) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at.0)))
    }

    /// The moment that it is.
    pub fn now(&self) -> Instant {
        match self {
            Self::System => Instant(jiff::Timestamp::now().as_microsecond()),
            Self::Manual(at) => Instant(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock; the machine's clock stays as it is.
    pub fn set(&self, at: Instant) {
        if let Self::Manual(inner) = self {
            inner.store(at.0, Ordering::SeqCst);
        }
    }
}

/// Time since the program's first look at it: grows steadily whatever is done to the clock on the wall.
pub fn steady() -> Duration {
    static FIRST: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
    FIRST.elapsed()
}

/// Random bytes of the operating system.
///
/// # Panics
/// When the operating system has no randomness: then no key may be made at all.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

/// A random number, for jitter.
pub fn random_u64() -> u64 {
    u64::from_le_bytes(random_bytes())
}
