//! Whether a kept resource fits a search: the elements of R4's parameters, read from its own bytes.

use super::table::{Kind, Parameter};
use super::value::{Date, Token, when};
use crate::flow::answer::Refusal;
use crate::flow::query::split_escaped;
use crate::intake::json::{self, Kind as Json, Node};
use crate::model::time::{Instant, TimeRange, Zone};
use crate::store::contract::Stored;

/// One parameter with its alternatives: one of them must fit.
#[derive(Debug, Clone)]
pub(super) struct Clause {
    kind: Kind,
    paths: &'static [&'static str],
    alternatives: Vec<Asked>,
}

#[derive(Debug, Clone)]
enum Asked {
    Id(String),
    Token(Token),
    Date(Date),
}

impl Clause {
    /// Reads a parameter that is judged by its elements.
    pub(super) fn parse(of: &Parameter, value: &str, zone: &Zone, now: Instant) -> Result<Self, Refusal> {
        let one = |text: &String| {
            Ok(match of.kind {
                Kind::Id => Asked::Id(text.clone()),
                Kind::Date | Kind::Updated => Asked::Date(Date::parse(of.name, text, zone, now)?),
                _ => Asked::Token(Token::parse(of.name, text)?),
            })
        };
        let alternatives = split_escaped(value, ',').iter().map(one).collect::<Result<_, Refusal>>()?;
        Ok(Self { kind: of.kind, paths: of.paths, alternatives })
    }

    /// The one date that is asked, if it is one.
    pub(super) fn only_date(&self) -> Option<&Date> {
        match self.alternatives.as_slice() {
            [Asked::Date(date)] => Some(date),
            _ => None,
        }
    }

    /// Every alternative as a token of an identifier.
    pub(super) fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.alternatives.iter().filter_map(|a| match a {
            Asked::Token(token) => Some(token),
            _ => None,
        })
    }

    fn fits(&self, stored: &Stored, root: &Node<'_>, zone: &Zone) -> bool {
        self.alternatives.iter().any(|asked| match asked {
            Asked::Id(id) => *id == stored.id,
            Asked::Date(date) if self.kind == Kind::Updated => date.fits(TimeRange::exact(stored.known)),
            Asked::Date(date) => self.any(root, |node| when(node, zone).is_some_and(|element| date.fits(element))),
            Asked::Token(token) => self.any(root, |node| match self.kind {
                Kind::Identifier => token.fits_identifier(node),
                Kind::Concept => token.fits_concept(node),
                Kind::Code(system) => node.text().is_some_and(|code| token.fits(system, code)),
                _ => false,
            }),
        })
    }

    fn any(&self, root: &Node<'_>, test: impl Fn(&Node<'_>) -> bool) -> bool {
        self.paths.iter().any(|path| reach(root, path, &test))
    }
}

/// Whether any element at the end of a path passes.
fn reach(node: &Node<'_>, path: &str, test: &dyn Fn(&Node<'_>) -> bool) -> bool {
    let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
    let on = |next: &Node<'_>| rest.map_or_else(|| test(next), |rest| reach(next, rest, test));
    match node.get(step) {
        Some(list) if matches!(list.kind, Json::Array(_)) => node.list(step).iter().any(on),
        Some(one) => on(one),
        None => false,
    }
}

/// `None` when a clause does not fit; else the start of the date at `sort`, and what has none comes last.
pub(super) fn judge(
    stored: &Stored,
    clauses: &[Clause],
    sort: Option<&Parameter>,
    down: bool,
    zone: &Zone,
) -> Option<i64> {
    let document = json::parse(&stored.body).ok()?;
    if !clauses.iter().all(|clause| clause.fits(stored, &document.root, zone)) {
        return None;
    }
    let Some(sort) = sort else { return Some(0) };
    let date = sort.paths.iter().find_map(|path| when(document.root.get(path)?, zone));
    let last = if down { i64::MIN } else { i64::MAX };
    Some(date.map_or(last, |d| d.earliest.0))
}
