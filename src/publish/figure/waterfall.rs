//! The best change from the baseline of each person, from the worst of them to the best.

use super::scale::Scale;
use crate::model::interval::Interval;
use crate::model::number::Number;
use crate::model::outcome::{Cell, Outcomes};
use crate::trial::outcome::Better;
use std::cmp::Ordering;

/// Steps that an axis of changes is cut into, about.
const STEPS: i64 = 6;

/// The figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Waterfall {
    /// Changes are in percent of the baseline; else in the item's unit.
    pub percent: bool,
    /// One for each person with a change, the worst first.
    pub bars: Vec<Bar>,
    /// The axis; it holds 0.
    pub scale: Option<Scale>,
    /// Persons without any change that can be told.
    pub without: usize,
}

/// One person's best change.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// The person, by place.
    pub person: usize,
    /// The change that is sure: of one known in part the worse end.
    pub sure: Number,
    /// The change as far as it is known.
    pub change: Interval,
    /// The visit, by place.
    pub visit: usize,
}

/// The figure of one item; `None`: which way is better is not said, or is said of a truth.
pub fn waterfall<'a>(all: &[&'a Outcomes], of: (usize, usize), better: Option<Better>) -> Option<Waterfall> {
    let lower = match better? {
        Better::Lower => true,
        Better::Higher => false,
        Better::True | Better::False => return None,
    };
    let cells = |o: &&'a Outcomes| o.cells_of(of).iter().filter(|c| c.visit > 0 && c.change.is_some()).collect();
    let cells: Vec<Vec<&Cell>> = all.iter().map(cells).collect();
    // In percent only where everybody's can be told.
    let percent = cells.iter().filter(|own| !own.is_empty()).all(|own| own.iter().all(|c| c.percent.is_some()));
    let change = |c: &Cell| if percent { c.percent.clone() } else { c.change.clone() };
    let mut bars = Vec::new();
    for (person, own) in cells.iter().enumerate() {
        let all = own.iter().filter_map(|cell| {
            let change = change(cell)?;
            let end = if lower { change.high.as_ref() } else { change.low.as_ref() };
            let sure = end?.value.clone();
            Some(Bar { person, sure, change, visit: cell.visit })
        });
        bars.extend(all.reduce(|best, next| if order(&next, &best, lower) == Ordering::Greater { next } else { best }));
    }
    bars.sort_by(|a, b| order(a, b, lower).then(a.person.cmp(&b.person)));
    let ends = bars.iter().flat_map(|b| [&b.change.low, &b.change.high].into_iter().flatten().map(|e| &e.value));
    let values: Vec<&Number> = ends.chain([&Number::ZERO]).collect();
    let scale = (!bars.is_empty()).then(|| Scale::holding(values.into_iter(), STEPS)).flatten();
    Some(Waterfall { percent, without: all.len() - bars.len(), bars, scale })
}

/// Whether one change is better than another.
fn order(a: &Bar, b: &Bar, lower: bool) -> Ordering {
    if lower { b.sure.cmp(&a.sure) } else { a.sure.cmp(&b.sure) }
}
