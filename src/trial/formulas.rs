//! All expressions of a definition: names first, then types in the order in which they lean on each other.

use super::document::{Document, Node};
use super::expression::check::{Wanted, check, expect};
use super::expression::names::{Names, Symbol, uses};
use super::expression::parser::parse;
use super::expression::syntax::{Fault, Syntax};
use super::expression::tree::{Expr, Name, Type};
use super::mistake::{Mistake, Severity};
use super::variables::{Draft, DraftKind};
use crate::model::unit::Unit;
use std::collections::{BTreeMap, BTreeSet};

/// Words of the grammar, which no name may be.
const GRAMMAR: &[&str] = &[
    "and",
    "or",
    "xor",
    "not",
    "implies",
    "in",
    "contains",
    "before",
    "after",
    "on",
    "during",
    "exists",
    "is",
    "null",
    "true",
    "false",
    "difference",
    "between",
    "div",
    "mod",
    "if",
    "then",
    "else",
    "case",
    "when",
    "end",
    "within",
    "of",
    "since",
    "where",
    "value",
    "time",
    "Interval",
    "years",
    "months",
    "weeks",
    "days",
    "hours",
    "minutes",
];

/// The names of a definition with their types, and what was found wrong.
pub(super) struct Formulas<'d, 'a> {
    document: &'d Document<'a>,
    names: Names,
    pub(super) mistakes: Vec<Mistake>,
    /// Expressions that were read, by the pointer of their text.
    parsed: BTreeMap<String, Syntax>,
}

impl<'d, 'a> Formulas<'d, 'a> {
    /// Collects all names, refuses double ones and rings, and works out the types of derived variables and readings.
    pub(super) fn new(document: &'d Document<'a>, drafts: &[Draft<'d, 'a>], mistakes: &mut Vec<Mistake>) -> Self {
        let mut formulas = Self { document, names: Names::built_in(), mistakes: Vec::new(), parsed: BTreeMap::new() };
        formulas.collect(drafts);
        formulas.rings(drafts);
        formulas.types(drafts);
        mistakes.append(&mut formulas.mistakes);
        formulas
    }

    fn collect(&mut self, drafts: &[Draft<'_, '_>]) {
        for (place, draft) in drafts.iter().enumerate() {
            let (ty, facts) = match &draft.kind {
                DraftKind::Recorded(recorded) => {
                    let ty = draft.ty(recorded.value);
                    (ty.clone(), ty)
                }
                DraftKind::Derived => (draft.unit.clone().map(Type::Number), None),
                DraftKind::Attested(answer, _) => (draft.ty(*answer), None),
            };
            let molar_mass = match &draft.kind {
                DraftKind::Recorded(recorded) => recorded.molar_mass.clone(),
                _ => None,
            };
            self.add(draft.name, &draft.node, Symbol { name: Name::Variable(place), ty, facts, molar_mass });
        }
        let plain = |name, ty| Symbol { name, ty, facts: None, molar_mass: None };
        for (place, (word, node)) in self.document.root().table("anchors").into_iter().enumerate() {
            self.add(word, &node, plain(Name::Anchor(place), Some(Type::Time)));
        }
        for (place, (word, node)) in self.document.root().table("readings").into_iter().enumerate() {
            self.add(word, &node, plain(Name::Reading(place), None));
        }
        for (place, node) in criteria(self.document).into_iter().enumerate() {
            let id = node.text("id").unwrap_or_default();
            self.add(id, &node, plain(Name::Criterion(place), Some(Type::Truth)));
        }
    }

    fn add(&mut self, word: &str, node: &Node<'_, '_>, symbol: Symbol) {
        let fault = if GRAMMAR.contains(&word) {
            Some(format!("`{word}` is a word of the grammar and cannot be a name"))
        } else if !self.names.add(word, symbol) {
            Some(format!("the name `{word}` stands for something else already"))
        } else {
            None
        };
        if let Some(fault) = fault {
            self.mistakes.push(self.document.at_key(Severity::Error, &node.pointer, fault));
        }
    }

    /// A name may not lean on itself, whichever way round.
    fn rings(&mut self, drafts: &[Draft<'d, 'a>]) {
        let mut leans: BTreeMap<String, (Node<'d, 'a>, BTreeSet<String>)> = BTreeMap::new();
        for draft in drafts {
            let keys = ["derive", "select", "presume/when"];
            let found = keys.iter().filter_map(|key| below(&draft.node, key)).flat_map(|n| self.used(&n, draft.name));
            leans.insert(draft.name.to_owned(), (draft.node.clone(), found.collect()));
        }
        for (word, node) in self.document.root().table("anchors") {
            leans.insert(word.to_owned(), (node.clone(), self.used(&node, "").into_iter().collect()));
        }
        for (word, node) in self.document.root().table("readings") {
            let found = alternatives(&node).into_iter().flat_map(|(_, n)| self.used(&n, "")).collect();
            leans.insert(word.to_owned(), (node, found));
        }
        for node in criteria(self.document) {
            let keys = ["applies", "require", "reject"];
            let found = keys.iter().filter_map(|key| node.get(key)).flat_map(|n| self.used(&n, "")).collect();
            leans.insert(node.text("id").unwrap_or_default().to_owned(), (node, found));
        }
        let mut done = BTreeSet::new();
        for name in leans.keys() {
            let mut path = Vec::new();
            if let Some(ring) = ring(name, &leans, &mut path, &mut done) {
                let node = &leans[&ring[0]].0;
                let message = format!("a ring of names: {}", ring.join(" -> "));
                self.mistakes.push(self.document.at_key(Severity::Error, &node.pointer, message));
            }
        }
    }

    /// The names whose values an expression asks for; a variable's own facts are no ring.
    fn used(&mut self, node: &Node<'_, '_>, own: &str) -> Vec<String> {
        let Some(syntax) = self.syntax(node) else { return Vec::new() };
        uses(&syntax).into_iter().filter(|u| !(u.series || u.word == own && !own.is_empty())).map(|u| u.word).collect()
    }

    /// Types of derived variables and readings, as far as they can be told, in as many rounds as they need.
    fn types(&mut self, drafts: &[Draft<'d, 'a>]) {
        let mut open: Vec<(String, Node<'d, 'a>)> = Vec::new();
        for draft in drafts.iter().filter(|d| matches!(d.kind, DraftKind::Derived) && d.unit.is_none()) {
            open.extend(draft.node.get("derive").map(|n| (draft.name.to_owned(), n)));
        }
        for (word, node) in self.document.root().table("readings") {
            open.extend(alternatives(&node).into_iter().next().map(|(_, n)| (word.to_owned(), n)));
        }
        loop {
            let before = open.len();
            let names = &mut self.names;
            let parsed = &self.parsed;
            open.retain(|(word, node)| {
                let text = node.value.as_str().unwrap_or_default();
                let found = parsed.get(&node.pointer).and_then(|syntax| check(text, syntax, names).ok());
                let Some(expr) = found else { return true };
                names.set_type(word, expr.ty);
                false
            });
            if open.len() == before {
                return;
            }
        }
    }

    /// Reads an expression once; a fault is told once.
    fn syntax(&mut self, node: &Node<'_, '_>) -> Option<Syntax> {
        if let Some(known) = self.parsed.get(&node.pointer) {
            return Some(known.clone());
        }
        let text = node.value.as_str()?;
        match parse(text) {
            Ok(syntax) => {
                self.parsed.insert(node.pointer.clone(), syntax.clone());
                Some(syntax)
            }
            Err(fault) => {
                self.tell(node, text, fault);
                None
            }
        }
    }

    /// An expression checked for its place; a mistake is told at its column.
    pub(super) fn expression(&mut self, node: &Node<'_, '_>, wanted: &Wanted) -> Option<Expr> {
        let text = node.value.as_str()?;
        let syntax = self.syntax(node)?;
        let found = check(text, &syntax, &self.names).and_then(|expr| expect(expr, wanted));
        match found {
            Ok(expr) => Some(expr),
            Err(fault) => {
                if !fault.follows {
                    self.tell(node, text, fault);
                }
                None
            }
        }
    }

    /// What a variable's name gives.
    pub(super) fn type_of(&self, word: &str) -> Option<Type> {
        self.names.get(word)?.ty.clone()
    }

    fn tell(&mut self, node: &Node<'_, '_>, text: &str, fault: Fault) {
        let document = self.document;
        let mistake = match document.content_start(&node.pointer, text) {
            Some(start) => {
                let span = start + fault.span.start..start + fault.span.end;
                Mistake::at(Severity::Error, document.file, document.text, span, fault.message)
            }
            None => document.at_value(Severity::Error, &node.pointer, fault.message),
        };
        let mistake = match fault.help {
            Some(help) => mistake.with_help(help),
            None => mistake,
        };
        if !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
    }

    /// A unit as a definition writes it.
    pub(super) fn unit(node: &Node<'_, '_>, key: &str, mistakes: &mut Vec<Mistake>) -> Option<Unit> {
        let unit = node.get(key)?;
        match Unit::parse(unit.value.as_str()?) {
            Ok(found) => Some(found),
            Err(fault) => {
                mistakes.push(unit.document.at_value(Severity::Error, &unit.pointer, fault.to_string()));
                None
            }
        }
    }
}

/// A value by keys on the way down.
fn below<'d, 'a>(node: &Node<'d, 'a>, path: &str) -> Option<Node<'d, 'a>> {
    path.split('/').try_fold(node.clone(), |node, key| node.get(key))
}

/// All criteria, inclusions first.
pub(super) fn criteria<'d, 'a>(document: &'d Document<'a>) -> Vec<Node<'d, 'a>> {
    let eligibility = document.root().get("eligibility");
    let of = |key: &str| eligibility.as_ref().map(|e| e.items(key)).unwrap_or_default();
    of("include").into_iter().chain(of("exclude")).collect()
}

/// A reading's alternatives: every key that is none of its own words.
pub(super) fn alternatives<'d, 'a>(reading: &Node<'d, 'a>) -> Vec<(&'d str, Node<'d, 'a>)> {
    reading.entries().into_iter().filter(|(key, _)| !["question", "default", "because"].contains(key)).collect()
}

type Leans<'d, 'a> = BTreeMap<String, (Node<'d, 'a>, BTreeSet<String>)>;

fn ring(name: &str, leans: &Leans<'_, '_>, path: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
    if let Some(start) = path.iter().position(|p| p == name) {
        let mut ring = path[start..].to_vec();
        ring.push(name.to_owned());
        return Some(ring);
    }
    if !leans.contains_key(name) || done.contains(name) {
        return None;
    }
    path.push(name.to_owned());
    let found = leans[name].1.iter().find_map(|next| ring(next, leans, path, done));
    path.pop();
    done.insert(name.to_owned());
    found
}
