//! Grades of results: at the baseline, and the worst one after it, person by person.

use crate::model::outcome::{Graded, Outcomes};

/// A grade: `None` where it is not known.
pub type Grade = Option<u8>;

/// Who had which grade at the baseline and which at worst.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shift {
    /// Grades that occur in the definition: 0 up to the highest, then not known.
    pub grades: Vec<Grade>,
    /// Persons by grade at the baseline, then by worst grade, both by place in `grades`.
    pub persons: Vec<Vec<usize>>,
    /// Of these, persons whose worst grade may be higher.
    pub at_least: usize,
    /// Persons with no result after the baseline.
    pub without: usize,
}

/// One person's worst result after the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worst<'o> {
    /// The grade at the baseline.
    pub baseline: Grade,
    /// The worst grade after it.
    pub grade: Grade,
    /// A higher one cannot be ruled out.
    pub at_least: bool,
    /// The first result that has it.
    pub result: &'o Graded,
}

/// The worst result of one entry after the baseline; `None`: there is no result.
pub fn worst(outcomes: &Outcomes, safety: usize) -> Option<Worst<'_>> {
    let of_entry = || outcomes.grades.iter().filter(|g| g.safety == safety);
    let known = |g: &Graded| (g.grade > 0 || !g.unknown).then_some(g.grade);
    let after = || of_entry().filter(|g| !g.is_baseline);
    let mut result = after().next()?;
    for graded in after() {
        if known(graded) > known(result) {
            result = graded;
        }
    }
    let at_baseline = of_entry().find(|g| g.is_baseline);
    let baseline = result.baseline.or_else(|| at_baseline.and_then(known));
    // What cannot be graded may be worse than the worst that is.
    let at_least = known(result).is_some() && after().any(|g| g.at_least || g.unknown);
    Some(Worst { baseline, grade: known(result), at_least, result })
}

/// The table of one entry with so many grades.
pub fn shift<'o>(all: impl Iterator<Item = &'o Outcomes>, safety: usize, grades: usize) -> Shift {
    let highest = u8::try_from(grades).unwrap_or(u8::MAX);
    let words: Vec<Grade> = (0..=highest).map(Some).chain([None]).collect();
    let mut table = Shift { persons: vec![vec![0; words.len()]; words.len()], grades: words, ..Shift::default() };
    let place = |grade: Grade| grade.map_or(grades + 1, |g| usize::from(g).min(grades));
    for outcomes in all {
        let Some(found) = worst(outcomes, safety) else {
            table.without += 1;
            continue;
        };
        table.persons[place(found.baseline)][place(found.grade)] += 1;
        table.at_least += usize::from(found.at_least);
    }
    table
}
