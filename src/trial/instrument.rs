//! Instruments: questionnaires and examinations whose score is made of items, by a file of the profiles.

use super::definition::CodeSet;
use crate::model::code::Coding;
use crate::model::interval::Interval;
use crate::model::number::Number;
use crate::model::truth::Truth;

/// An instrument as a variable reads it: its items, its scales, and the scale that is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Instrument {
    /// Its id, the name of its file.
    pub id: String,
    /// Items in the order of the file.
    pub items: Vec<Item>,
    /// Scales, each after those of which it is made.
    pub scales: Vec<Scale>,
    /// The scale that the variable wants.
    pub wanted: usize,
}

/// One question or site.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its name in the file.
    pub name: String,
    /// The codes or link ids by which its answers are found.
    pub codes: CodeSet,
    /// Answers and their points; empty: the answer is a number, and is the points.
    pub recode: Vec<(Answer, Number)>,
    /// Points lie between these.
    pub bounds: Option<(Number, Number)>,
    /// Points are whole multiples of this.
    pub step: Option<Number>,
}

/// An answer as a recoding names it.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A number.
    Number(Number),
    /// A coded answer, of a system's usual URI.
    Code(Coding),
}

/// What a scale is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// An item by its place.
    Item(usize),
    /// Another scale by its place.
    Scale(usize),
}

/// How points become a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Score {
    Sum,
    Mean,
    Max,
}

/// One scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Its name.
    pub name: String,
    /// Its parts.
    pub parts: Vec<Part>,
    /// How they become a score.
    pub score: Score,
    /// Of a weighted sum: a weight for each part, and what is added.
    pub weights: Option<(Vec<Number>, Number)>,
    /// So many parts must be answered.
    pub at_least: usize,
    /// Of a sum: what an unanswered part may have been.
    pub bounds: Option<(Number, Number)>,
    /// The score is at least this, where one of these items has points.
    pub raise: Option<(Number, Vec<usize>)>,
    /// Scores are whole multiples of this.
    pub step: Option<Number>,
}

impl Instrument {
    /// The item that has one of these codes.
    pub fn item_of(&self, codes: &[Coding]) -> Option<usize> {
        self.items.iter().position(|item| codes.iter().any(|c| item.codes.contains(c)))
    }

    /// The wanted score of these points, one for each item; `None`: too few are answered.
    pub fn score(&self, points: &[Option<Interval>]) -> Option<Interval> {
        let mut scores: Vec<Option<Interval>> = Vec::with_capacity(self.scales.len());
        for scale in &self.scales {
            let of = |part: &Part| match part {
                Part::Item(i) => points.get(*i).cloned().flatten(),
                Part::Scale(i) => scores.get(*i).cloned().flatten(),
            };
            let score = scale.score(&scale.parts.iter().map(of).collect::<Vec<_>>(), points);
            scores.push(score);
        }
        scores.get(self.wanted).cloned().flatten()
    }

    /// The same without the codes of items that the wanted score does not read: they are another variable's.
    pub fn only_what_it_reads(mut self) -> Self {
        let mut read = self.leans_on();
        read.extend(self.scales.iter().flat_map(|s| s.raise.iter().flat_map(|(_, by)| by)));
        let apart = self.items.iter_mut().enumerate().filter(|(place, _)| !read.contains(place));
        apart.for_each(|(_, item)| item.codes = CodeSet::default());
        self
    }

    /// The scale that is wanted.
    pub fn scale(&self) -> &Scale {
        &self.scales[self.wanted]
    }

    /// The items on which the wanted score leans, without those that only raise it.
    pub fn leans_on(&self) -> Vec<usize> {
        let mut found = Vec::new();
        let mut open = vec![self.wanted];
        while let Some(scale) = open.pop() {
            for part in &self.scales[scale].parts {
                match part {
                    Part::Item(i) => found.push(*i),
                    Part::Scale(i) => open.push(*i),
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl Scale {
    fn score(&self, parts: &[Option<Interval>], points: &[Option<Interval>]) -> Option<Interval> {
        let answered: Vec<&Interval> = parts.iter().flatten().collect();
        if answered.len() < self.at_least || answered.is_empty() {
            return None;
        }
        let zero = || Interval::exact(Number::ZERO);
        if let Some((weights, add)) = &self.weights {
            return weighted(parts, weights, add);
        }
        let sum = || answered.iter().fold(zero(), |sum, p| sum.add(p));
        let score = match self.score {
            Score::Sum => match &self.bounds {
                Some((low, high)) => {
                    let open = Interval::between(low.clone(), high.clone());
                    (answered.len()..parts.len()).fold(sum(), |sum, _| sum.add(&open))
                }
                None => sum(),
            },
            Score::Mean => {
                let count = Number::from(i64::try_from(answered.len()).ok()?);
                sum().div(&Interval::exact(count))?
            }
            Score::Max => answered[1..].iter().fold(answered[0].clone(), |max, p| max.max(p)),
        };
        let Some((to, by)) = &self.raise else { return Some(score) };
        let raised = score.max(&Interval::exact(to.clone()));
        let used = |i: &usize| points.get(*i).and_then(Option::as_ref);
        let helps: Vec<&Interval> = by.iter().filter_map(used).collect();
        let helped = helps.iter().fold(Truth::False, |any, p| any.or(p.gt(&zero())));
        Some(match helped {
            Truth::True => raised,
            Truth::False => score,
            Truth::Unknown => score.hull(&raised),
        })
    }
}

/// Each part by its weight, and what is added; unknown as long as a part is.
fn weighted(parts: &[Option<Interval>], weights: &[Number], add: &Number) -> Option<Interval> {
    parts.iter().zip(weights).try_fold(Interval::exact(add.clone()), |sum, (part, weight)| {
        Some(sum.add(&part.as_ref()?.mul(&Interval::exact(weight.clone()))))
    })
}
