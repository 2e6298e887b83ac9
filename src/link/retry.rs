//! When to try again: full jitter under a growing ceiling, until the horizon. Pure.

use crate::model::time::Instant;

/// The ceiling of the first wait.
pub const BASE_US: i64 = 1_000_000;
/// The highest ceiling.
pub const CAP_US: i64 = 15 * 60 * 1_000_000;
/// So long after the first failure a wish is dead.
pub const HORIZON_US: i64 = 24 * 3600 * 1_000_000;

/// The next try after one more failure: `tries` failures came before it, the first at `first_failed` (`None`: this
/// is the first). `random` is any 64 random bits. `None`: the horizon is reached, no more tries.
pub fn next(tries: i64, first_failed: Option<Instant>, now: Instant, random: u64) -> Option<Instant> {
    let end = first_failed.unwrap_or(now).plus_us(HORIZON_US);
    if now >= end {
        return None;
    }
    let doublings = u32::try_from(tries.clamp(0, 20)).unwrap_or(0);
    let ceiling = (BASE_US << doublings).min(CAP_US);
    let wait = i64::try_from(random % (ceiling.unsigned_abs() + 1)).unwrap_or(ceiling);
    Some(now.plus_us(wait).min(end))
}
