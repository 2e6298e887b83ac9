//! One person with several standings in a trial, since their records were merged: which one counts, and which lapse.
//!
//! Nothing that a person decided is chosen away: where people decided about both, data moves neither.

use super::by_data::is_open;
use crate::model::key::PersonKey;
use crate::model::standing::Standing;
use std::collections::BTreeMap;

/// The standings of one trial of all who are one person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Together<'s> {
    /// The one that counts for the person.
    pub standing: Option<&'s Standing>,
    /// Standings that people decided on, when there is more than one: they must say which stays.
    pub rivals: Vec<&'s Standing>,
    /// Standings of data that lapse, since another counts.
    pub lapsing: Vec<&'s Standing>,
}

/// Sorts out the standings of a trial; those of `person`, whose record is used, come first.
pub fn together<'s>(standings: &'s [Standing], trial: &str, person: PersonKey) -> Together<'s> {
    let mut heads: Vec<&Standing> = Vec::new();
    let mut place = BTreeMap::new();
    for standing in standings.iter().filter(|s| s.trial == trial) {
        let at = *place.entry(standing.person).or_insert_with(|| {
            heads.push(standing);
            heads.len() - 1
        });
        if (standing.attempt, standing.version) > (heads[at].attempt, heads[at].version) {
            heads[at] = standing;
        }
    }
    let held = |s: &&&Standing| !s.removed && !is_open(s);
    let barred = |s: &&&Standing| s.removed && s.by_person();
    let open = |s: &&&Standing| !s.removed && is_open(s);
    let own = |s: &&&Standing| s.person == person;
    let find = |fits: &dyn Fn(&&&Standing) -> bool| heads.iter().find(|s| fits(s)).copied();
    let standing = find(&held).or_else(|| find(&barred)).or_else(|| find(&open)).or_else(|| find(&own));
    let counts = |s: &&&Standing| standing.is_some_and(|c| c.person == s.person);
    let rivals: Vec<&Standing> = heads.iter().filter(held).copied().collect();
    Together {
        standing,
        rivals: if rivals.len() > 1 { rivals } else { Vec::new() },
        lapsing: heads.iter().filter(open).filter(|s| !counts(s)).copied().collect(),
    }
}
