//! What flipped a verdict: two stored evidences, one after the other, compared.

use serde::Deserialize;

/// Evidence, as far as a comparison needs it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Kept {
    /// The verdict's word.
    pub overall: String,
    /// Criteria with their facts.
    #[serde(default)]
    pub criteria: Vec<KeptCriterion>,
}

/// One criterion of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KeptCriterion {
    /// Its id.
    pub id: String,
    /// `inclusion` or `exclusion`.
    pub kind: String,
    /// The result's word.
    pub result: String,
    /// The facts that it looked at.
    #[serde(default)]
    pub facts: Vec<KeptFact>,
}

/// One fact of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct KeptFact {
    /// The variable.
    pub variable: String,
    /// Value as used; `None`: left out.
    pub value: Option<String>,
    /// Value as received.
    #[serde(default)]
    pub received: String,
    /// Clinical time.
    #[serde(default)]
    pub at: String,
    /// Status.
    #[serde(default)]
    pub status: String,
    /// Why it was left out.
    pub remark: Option<String>,
}

/// A criterion whose result is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flip {
    /// Its id.
    pub id: String,
    /// It is an exclusion.
    pub exclusion: bool,
    /// Result before.
    pub from: String,
    /// Result after.
    pub to: String,
}

/// All that differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// Criteria with another result, in the protocol's order.
    pub flips: Vec<Flip>,
    /// Facts that are looked at now and were not before.
    pub came: Vec<KeptFact>,
    /// Facts that were looked at and are not any more.
    pub went: Vec<KeptFact>,
}

impl Kept {
    /// From the JSON that is kept; `None` when it is none.
    pub fn of_json(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    fn facts(&self) -> Vec<&KeptFact> {
        let mut all: Vec<&KeptFact> = self.criteria.iter().flat_map(|c| &c.facts).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// From one evidence to the next. What only time changed shows no facts that came or went.
pub fn step(before: &Kept, after: &Kept) -> Step {
    let flip = |now: &KeptCriterion| {
        let then = before.criteria.iter().find(|c| c.id == now.id)?;
        (then.result != now.result).then(|| Flip {
            id: now.id.clone(),
            exclusion: now.kind == "exclusion",
            from: then.result.clone(),
            to: now.result.clone(),
        })
    };
    let (old, new) = (before.facts(), after.facts());
    let only = |these: &[&KeptFact], others: &[&KeptFact]| -> Vec<KeptFact> {
        these.iter().filter(|f| others.binary_search(f).is_err()).map(|f| (*f).clone()).collect()
    };
    Step { flips: after.criteria.iter().filter_map(flip).collect(), came: only(&new, &old), went: only(&old, &new) }
}
