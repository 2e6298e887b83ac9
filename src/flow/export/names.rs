//! How persons and resources are named in an export: by pseudonyms of this store and trial, or by the hospital's own
//! words where somebody asked for these by name.

use crate::evaluate::received;
use crate::model::code::TEXT_SYSTEM;
use crate::model::fact::{Fact, FactValue};
use crate::model::key::Item;
use crate::model::standing::{Standing, Status, Subject};
use crate::normalize::Plan;
use crate::publish::export::row::Facts;
use crate::store::*;
use ring::hmac;
use std::collections::{BTreeSet, HashMap};

/// Name of the secret under which pseudonyms are made.
const SECRET: &str = "export";
/// Letters of a pseudonym: 80 bits.
const LETTERS: usize = 16;

/// How an export names.
#[derive(Clone)]
pub struct Names {
    key: hmac::Key,
    trial: String,
    /// By the hospital's own words.
    pub identified: bool,
}

impl Names {
    /// Those of a store and trial; the store's key is made where there is none.
    pub async fn of(
        store: &Store,
        trial: &str,
        identified: bool,
        at: crate::model::time::Instant,
    ) -> Result<Self, StoreError> {
        let secret = store.write(MakeSecret { name: SECRET.into(), at }).await?;
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &secret), trial: trial.to_owned(), identified })
    }

    /// A pseudonym of words, the same for the same store, trial and words.
    fn pseudonym(&self, words: &[&str]) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        for word in [self.trial.as_str()].iter().chain(words) {
            context.update(&(word.len() as u64).to_be_bytes());
            context.update(word.as_bytes());
        }
        base32(context.sign().as_ref())
    }

    /// The pseudonym of a person: of their first subject, so that a second attempt keeps it.
    pub fn person(&self, subjects: &[Subject], whose: &Subject) -> String {
        let own = subjects.iter().filter(|s| s.person == whose.person).min_by_key(|s| s.attempt);
        self.pseudonym(&["person", &own.unwrap_or(whose).id])
    }

    /// Resources by their keys, without versions.
    pub async fn resources(&self, store: &Store, items: BTreeSet<Item>) -> Result<HashMap<Item, String>, StoreError> {
        let found = store.read(ItemNames { items: items.into_iter().collect() }).await?;
        Ok(found.into_iter().map(|n| (n.item, self.resource(&n))).collect())
    }

    fn resource(&self, named: &ItemName) -> String {
        let base =
            if named.source == super::super::gateway::MAIN { String::new() } else { format!("{}/", named.source) };
        let id = if self.identified {
            named.id.clone()
        } else {
            self.pseudonym(&["resource", &named.source, &named.resource_type, &named.id])
        };
        format!("{base}{}/{id}", named.resource_type)
    }

    /// Why somebody stands where they stand. What was typed may hold a name, and stays here.
    pub fn reason(&self, standing: &Standing) -> Standing {
        let typed = standing.by_person() && matches!(standing.status, Status::Withdrawn | Status::NotRegistered);
        let mut shown = standing.clone();
        if typed && !self.identified {
            shown.reason.clear();
        }
        shown
    }
}

/// The first letters of RFC 4648's base 32.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bit = |n: usize| bytes.get(n / 8).map_or(0, |byte| (byte >> (7 - n % 8)) & 1);
    let letter = |place: usize| (0..5).fold(0, |value, n| (value << 1) | bit(place * 5 + n));
    (0..LETTERS).map(|place| char::from(ALPHABET[usize::from(letter(place))])).collect()
}

/// The facts of one person, as an export tells of them.
pub struct Seen<'a> {
    /// The facts.
    pub facts: &'a [Fact],
    /// How they are read.
    pub plan: &'a Plan,
    /// Names of their resources.
    pub resources: &'a HashMap<Item, String>,
    /// Words as received may be shown, whatever they are.
    pub identified: bool,
}

impl Facts for Seen<'_> {
    fn source(&self, fact: usize) -> String {
        let Some(fact) = self.facts.get(fact) else { return String::new() };
        // What people answered at the gateway is no resource.
        self.resources
            .get(&fact.item)
            .map_or_else(|| "answered at the gateway".into(), |name| format!("{name}/_history/{}", fact.version))
    }

    fn received(&self, fact: usize) -> String {
        let Some(fact) = self.facts.get(fact) else { return String::new() };
        match &fact.draft.value {
            _ if self.identified => received(fact).to_string(),
            FactValue::Text(words) if !is_number_like(words) => "words".into(),
            FactValue::Coded { codings, .. } => {
                let coding = codings.iter().find(|c| c.system != TEXT_SYSTEM);
                coding.map_or_else(|| "words".into(), ToString::to_string)
            }
            FactValue::Absent(_) | FactValue::Unreadable(_) => String::new(),
            _ => received(fact).to_string(),
        }
    }

    fn conversion(&self, variable: usize, fact: usize) -> String {
        self.facts.get(fact).and_then(|fact| self.plan.conversion(variable, fact)).unwrap_or_default()
    }
}

/// No letter is in it, so no name.
fn is_number_like(words: &str) -> bool {
    words.chars().all(|c| c.is_ascii_digit() || " .,:<>=≤≥+-–/%".contains(c))
}
