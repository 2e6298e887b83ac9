//! Numbers hidden in words, read strictly: a comparator, a range, a titre, a unit word of the site's map.

use crate::model::fact::{ReceivedEnd, ReceivedNumber};

/// A number as words gave it.
#[derive(Debug, PartialEq)]
pub(super) struct TextNumber {
    pub(super) number: ReceivedNumber,
    /// The unit word behind it; empty: none.
    pub(super) unit: String,
    /// It is a titre (`1:320`): a plain number.
    pub(super) titre: bool,
}

/// Full-width letters and digits as plain ones, without space around.
pub(super) fn fold(text: &str) -> String {
    let plain = |c: char| match c {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        c => c,
    };
    text.chars().map(plain).collect::<String>().trim().to_owned()
}

/// The key of an answer word in a site's map.
pub(super) fn answer_key(text: &str) -> String {
    fold(text).to_lowercase()
}

/// Reads `<5`, `>= 100 mg/L`, `50-55 %`, `1:320`; `None`: the words are no number.
pub(super) fn number(text: &str) -> Option<TextNumber> {
    let folded = fold(text);
    let comparators = [("<=", "<="), (">=", ">="), ("≤", "<="), ("≥", ">="), ("<", "<"), (">", ">")];
    let found = comparators.iter().find_map(|(c, means)| folded.strip_prefix(c).map(|rest| (*means, rest)));
    let (comparator, rest) = found.unwrap_or(("", &folded));
    let rest = rest.trim_start();
    if let Some(titre) = rest.strip_prefix("1:").or_else(|| rest.strip_prefix("1/")) {
        let (decimal, behind) = decimal(titre.trim_start(), false)?;
        let whole = behind.is_empty() && !decimal.contains('.');
        return whole.then(|| one(comparator, decimal, "", true));
    }
    let (first, rest) = decimal(rest, true)?;
    let behind = rest.trim_start();
    let range = behind.strip_prefix(['-', '\u{2013}']).and_then(|r| decimal(r.trim_start(), false));
    match range {
        Some((second, rest)) if comparator.is_empty() => Some(TextNumber {
            number: ReceivedNumber::range(Some(closed(first)), Some(closed(second))),
            unit: rest.trim().to_owned(),
            titre: false,
        }),
        Some(_) => None,
        None => Some(one(comparator, first, rest.trim(), false)),
    }
}

fn closed(decimal: &str) -> ReceivedEnd {
    ReceivedEnd { decimal: decimal.into(), closed: true }
}

fn one(comparator: &str, decimal: &str, unit: &str, titre: bool) -> TextNumber {
    let end = Some(ReceivedEnd { decimal: decimal.into(), closed: comparator.len() != 1 });
    let number = match comparator.as_bytes().first() {
        Some(b'<') => ReceivedNumber::range(None, end),
        Some(_) => ReceivedNumber::range(end, None),
        None => ReceivedNumber::Exact(decimal.into()),
    };
    TextNumber { number, unit: unit.to_owned(), titre }
}

/// The decimal at the start, and what stands behind it.
fn decimal(text: &str, signed: bool) -> Option<(&str, &str)> {
    let sign = usize::from(signed && text.starts_with('-'));
    let digits = text[sign..].bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let (number, rest) = text.split_at(sign + digits);
    let body = &number[sign..];
    let good = body.starts_with(|c: char| c.is_ascii_digit())
        && body.ends_with(|c: char| c.is_ascii_digit())
        && body.matches('.').count() <= 1
        && !rest.starts_with([',', '\'', ':']);
    good.then_some((number, rest))
}
