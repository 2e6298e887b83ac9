//! The names that an expression may use, and which of them it uses.

use super::syntax::{Syntax, SyntaxKind};
use super::tree::{BuiltIn, Name, PROBLEM_LIST, Type};
use crate::model::number::Number;
use std::collections::HashMap;
use std::ops::Range;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Symbol {
    /// Its place in the definition.
    pub name: Name,
    /// The type of its value; `None` when its own expression has a mistake.
    pub ty: Option<Type>,
    /// The type of its facts, when it is a series.
    pub facts: Option<Type>,
    /// Grams per mole.
    pub molar_mass: Option<Number>,
}

/// All names of a definition.
#[derive(Debug, Clone, Default)]
pub struct Names {
    symbols: HashMap<String, Symbol>,
}

impl Names {
    /// The built-in names alone.
    pub fn built_in() -> Self {
        let mut names = Self::default();
        let all = [
            ("birth_date", BuiltIn::BirthDate, Type::Time),
            ("sex", BuiltIn::Sex, Type::Text),
            ("death", BuiltIn::Death, Type::Time),
            ("site", BuiltIn::Site, Type::Text),
            ("country", BuiltIn::Country, Type::Text),
            ("arm", BuiltIn::Arm, Type::Text),
            ("stratum", BuiltIn::Stratum, Type::Text),
            ("last_contact", BuiltIn::LastContact, Type::Time),
            ("consented", BuiltIn::Consented, Type::Time),
            ("enrolled", BuiltIn::Enrolled, Type::Time),
        ];
        for (word, built_in, ty) in all {
            names.add(word, Symbol { name: Name::BuiltIn(built_in), ty: Some(ty), facts: None, molar_mass: None });
        }
        let problems = Name::Variable(PROBLEM_LIST);
        names.add("problem_list", Symbol { name: problems, ty: None, facts: Some(Type::Truth), molar_mass: None });
        names
    }

    /// Adds a name; false when it was there already.
    pub fn add(&mut self, word: &str, symbol: Symbol) -> bool {
        if self.symbols.contains_key(word) {
            return false;
        }
        self.symbols.insert(word.to_owned(), symbol);
        true
    }

    /// Says the type of a name once its expression is checked.
    pub fn set_type(&mut self, word: &str, ty: Type) {
        if let Some(symbol) = self.symbols.get_mut(word) {
            symbol.ty = Some(ty);
        }
    }

    /// What this word stands for.
    pub fn get(&self, word: &str) -> Option<&Symbol> {
        self.symbols.get(word)
    }

    /// What is known of a name by its place in the definition.
    pub fn of(&self, name: Name) -> Option<&Symbol> {
        self.symbols.values().find(|s| s.name == name)
    }

    /// The name that a mistyped word may have meant.
    pub fn near(&self, word: &str) -> Option<&str> {
        near(word, self.symbols.keys().map(String::as_str))
    }
}

/// The one of these words that is most like `word`, if it is like enough.
pub(crate) fn near<'n>(word: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let allowed = 1 + word.len() / 5;
    let close = known.map(|name| (distance(word, name), name));
    close.filter(|(far, _)| *far <= allowed).min().map(|(_, name)| name)
}

/// Least edits that turn one word into the other.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = (diagonal + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}

/// The word under which `Baseline(x)` uses its anchor, whatever that is called; no name is spelt so.
pub const BASELINE: &str = "Baseline()";

/// One use of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The word.
    pub word: String,
    /// Where.
    pub span: Range<usize>,
    /// Its facts are asked for, not its value.
    pub series: bool,
}

/// Every name that an expression uses, in order; [`BASELINE`] where it asks for what was at the baseline.
pub fn uses(syntax: &Syntax) -> Vec<Use> {
    let mut found = Vec::new();
    collect(syntax, &mut found);
    found
}

fn collect(syntax: &Syntax, found: &mut Vec<Use>) {
    match &syntax.kind {
        SyntaxKind::Name(word) => found.push(Use { word: word.clone(), span: syntax.span.clone(), series: false }),
        SyntaxKind::Series(s) => {
            found.push(Use { word: s.variable.0.clone(), span: s.variable.1.clone(), series: true });
        }
        SyntaxKind::Call(function, span, _) if function == "Baseline" => {
            found.push(Use { word: BASELINE.to_owned(), span: span.clone(), series: false });
        }
        _ => {}
    }
    syntax.children().into_iter().for_each(|child| collect(child, found));
}
