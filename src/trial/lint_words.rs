//! What the protocol's own words give away: a lost sign, a number that is impossible, a sentence that nobody took up.

use super::definition::{Criterion, Trial, VariableKind};
use super::expression::tree::{Expr, Kind, Name, Source};
use crate::model::number::Number;
use crate::model::unit::Unit;
use std::collections::BTreeSet;

/// Names in names that are looked through.
const DEPTH_MAX: usize = 16;

/// What is odd in the words of a criterion. Words that a note or the question of a reading quotes are answered there.
pub(super) fn oddities(trial: &Trial, criterion: &Criterion) -> Vec<String> {
    let mut found = Vec::new();
    let words: &str = &criterion.protocol;
    for Printed { at, end, number, unit } in numbers(words) {
        let behind = words[end..].len() - words[end..].strip_prefix(' ').unwrap_or(&words[end..]).len();
        let shown = if unit.is_empty() { &words[at..end] } else { &words[at..end + behind + unit.len()] };
        let before = &words[..at];
        let sign = before.strip_suffix([',', '.']);
        let lost = sign.is_some_and(|s| !s.ends_with(|c: char| c.is_ascii_digit()));
        let quoted = if lost { &words[at - 1..at + shown.len()] } else { shown };
        if answered(trial, quoted) {
            continue;
        }
        if lost {
            found.push(format!(
                "`{quoted}` in the protocol's words: a sign such as < or > may be lost before the number"
            ));
        } else if let Some(text) = impossible(trial, criterion, (&number, unit), shown) {
            found.push(text);
        }
    }
    found
}

fn answered(trial: &Trial, quoted: &str) -> bool {
    trial.notes.iter().any(|(words, _)| words.contains(quoted))
        || trial.readings.iter().any(|r| r.question.contains(quoted))
}

/// A number in a text.
struct Printed<'t> {
    /// Where it begins, and ends.
    at: usize,
    end: usize,
    number: Number,
    /// The word behind it.
    unit: &'t str,
}

/// Numbers of a text with the word behind them; `80 000` and `1,500` are one number each.
fn numbers(text: &str) -> Vec<Printed<'_>> {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut found = Vec::new();
    let mut next = 0;
    while let Some(n) = text[next..].find(|c: char| c.is_ascii_digit()) {
        let at = next + n;
        let mut end = at + digits(at);
        while text[end..].starts_with([' ', ',']) && digits(end + 1) == 3 {
            end += 4;
        }
        if text[end..].starts_with('.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        next = end;
        // A digit inside a word, as in HTLV1 or m2, is no number.
        if text[..at].ends_with(char::is_alphanumeric) {
            continue;
        }
        let rest = text[end..].strip_prefix(' ').unwrap_or(&text[end..]);
        let word = rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ')' | '(')).unwrap_or(rest.len());
        let literal: String = text[at..end].chars().filter(|c| !matches!(c, ' ' | ',')).collect();
        if let Ok(number) = Number::parse(&literal) {
            found.push(Printed { at, end, number, unit: rest[..word].trim_end_matches('.') });
        }
    }
    found
}

/// A number with a unit that no variable of the criterion could plausibly have, though one is measured so.
fn impossible(trial: &Trial, criterion: &Criterion, (number, unit): (&Number, &str), shown: &str) -> Option<String> {
    let unit = Unit::parse(unit).ok().filter(|u| !u.is_one())?;
    let mut variables = BTreeSet::new();
    used(trial, &criterion.expression, 0, &mut variables);
    let mut told = None;
    for variable in variables.iter().filter_map(|i| trial.variables.get(*i)) {
        let (VariableKind::Recorded(r), Some(own)) = (&variable.kind, &variable.unit) else { continue };
        let (Some((low, high)), Ok(way)) = (&r.plausible, unit.conversion(own)) else { continue };
        let here = way.apply(number);
        if here >= *low && here <= *high {
            return None;
        }
        told = told.or_else(|| {
            let (name, code) = (&variable.name, own.code());
            Some(format!("`{shown}` in the protocol's words is not plausible for `{name}` ({low} to {high} {code}); is the unit right?"))
        });
    }
    told
}

/// The recorded variables of an expression, through names.
fn used(trial: &Trial, e: &Expr, depth: usize, found: &mut BTreeSet<usize>) {
    if depth > DEPTH_MAX {
        return;
    }
    e.walk(&mut |part| match &part.kind {
        Kind::Name(Name::Variable(i)) => match trial.variables.get(*i).map(|v| &v.kind) {
            Some(VariableKind::Derived(inner)) => used(trial, inner, depth + 1, found),
            _ => drop(found.insert(*i)),
        },
        Kind::Name(Name::Reading(i)) => {
            let all = trial.readings.get(*i).map(|r| r.alternatives.as_slice()).unwrap_or_default();
            all.iter().for_each(|(_, inner)| used(trial, inner, depth + 1, found));
        }
        Kind::Aggregate(_, Source::Series(series)) => drop(found.insert(series.variable)),
        _ => {}
    });
}

/// The list items of `protocol.md` below a line that begins with inclusion or exclusion and that are in no `protocol`:
/// their place in the text, and the words.
pub(super) fn not_taken_up<'p>(trial: &Trial, protocol: &'p str) -> Vec<(usize, &'p str)> {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let mut taken: Vec<String> = trial.criteria.iter().map(|c| plain(&c.protocol)).collect();
    taken.extend(trial.notes.iter().map(|(words, _)| plain(words)));
    let is_taken = |sentence: &str| {
        let sentence = plain(sentence.trim_end_matches(['.', ';']));
        taken.iter().any(|t| t.contains(&sentence))
    };
    let (mut found, mut inside, mut at) = (Vec::new(), false, 0);
    for line in protocol.split_inclusive('\n') {
        let words = line.trim();
        let item = list_item(words);
        if item.is_none() && !words.is_empty() {
            let head = words.trim_start_matches(['#', '*', ' ']).to_lowercase();
            inside = head.starts_with("inclusion") || head.starts_with("exclusion");
        }
        if let Some(item) = item.filter(|_| inside)
            && !is_taken(item)
        {
            let open = item.split_inclusive(". ").map(str::trim).filter(|s| !s.is_empty() && !is_taken(s));
            found.extend(open.filter_map(|s| Some((at + line.find(s)?, s))));
        }
        at += line.len();
    }
    found
}

/// The words of `1. words`, `- words`, `* words`.
fn list_item(line: &str) -> Option<&str> {
    let marker = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered =
        (marker.len() < line.len()).then(|| marker.strip_prefix(". ").or(marker.strip_prefix(") "))).flatten();
    numbered.or_else(|| line.strip_prefix("- ")).or_else(|| line.strip_prefix("* ")).map(str::trim)
}
