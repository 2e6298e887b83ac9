//! Places in walks as text: only this gateway can make them, each for one query of one client's base, and for a day.

use crate::flow::answer::{Grade, Refusal};
use crate::flow::gateway::Gateway;
use crate::flow::query::encode;
use crate::model::key::{digest_words, hex};
use crate::model::time::Instant;

/// How long a walk may take: a place in it is 410 `expired` afterwards.
pub const WALK_MAX_US: i64 = 24 * 3_600 * 1_000_000;

impl Gateway {
    /// `walk` says which walk it is, `until` when it began, `place` where it stands.
    pub(crate) fn cursor(&self, walk: &[&str], until: Instant, place: &str) -> String {
        let body = format!("{:x}~{}", until.0, encode(place));
        format!("{body}~{}", self.seal(walk, &body))
    }

    /// When the walk began, and where it stands.
    pub(crate) fn place(&self, walk: &[&str], cursor: &str) -> Result<(Instant, String), Refusal> {
        let forged = || {
            Refusal::malformed("invalid", "_cursor is none that was given out for this search; start again without it")
        };
        let (body, seal) = cursor.rsplit_once('~').ok_or_else(forged)?;
        if self.seal(walk, body) != seal {
            return Err(forged());
        }
        let (until, place) = body.split_once('~').ok_or_else(forged)?;
        let until = Instant(i64::from_str_radix(until, 16).map_err(|_| forged())?);
        if self.now().0.saturating_sub(until.0) > WALK_MAX_US {
            let text = "_cursor is of a walk that began more than a day ago; start again without it";
            return Err(Refusal::one(Grade::Gone, "expired", "", text));
        }
        Ok((until, crate::flow::query::decode(place)?))
    }

    /// The key stands at both ends, so that a longer text has another seal.
    fn seal(&self, walk: &[&str], body: &str) -> String {
        let key = hex(&self.cursor_key);
        let ends = || std::iter::once(key.as_str());
        let all: Vec<&str> = ends().chain(walk.iter().copied()).chain([body]).chain(ends()).collect();
        hex(&digest_words(&all)[..16])
    }
}
