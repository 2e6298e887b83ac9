//! An expression as written: untyped, with places, before names are known.

use super::tree::{Arithmetic, Calendar, Comparison, Timing};
use std::ops::Range;

/// What is wrong with an expression, and where in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Bytes of the expression's text.
    pub span: Range<usize>,
    /// What was found.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    /// It follows from a mistake that is told elsewhere.
    pub follows: bool,
}

impl Fault {
    /// A fault at these bytes.
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None, follows: false }
    }

    /// The same with what would be right.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A node with its bytes and the height of the tree below it.
#[derive(Debug, Clone, PartialEq)]
pub struct Syntax {
    /// What stands here.
    pub kind: SyntaxKind,
    /// Bytes of the expression's text.
    pub span: Range<usize>,
    /// Height of the tree, 1 for a leaf.
    pub height: usize,
}

/// A series as written.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSyntax {
    /// The variable's name and its place.
    pub variable: (String, Range<usize>),
    /// Its window.
    pub window: Option<WindowSyntax>,
    /// Its `where`.
    pub filter: Option<Box<Syntax>>,
}

/// A written duration: the count as written and its unit.
#[derive(Debug, Clone, PartialEq)]
pub struct DurationSyntax {
    /// Decimal text.
    pub count: String,
    /// Calendar unit.
    pub of: Calendar,
    /// Where.
    pub span: Range<usize>,
}

/// Which words a window begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum WindowWord {
    Of,
    WithinBefore,
    WithinAfter,
    Since,
    Before,
    After,
    OnOrBefore,
    OnOrAfter,
    During,
}

/// A window as written.
#[derive(Debug, Clone, PartialEq)]
pub enum WindowSyntax {
    /// `within D`
    Within(DurationSyntax),
    /// `within D of A`, `within D before A`, `within D after A`
    WithinAnchor(DurationSyntax, WindowWord, Box<Syntax>),
    /// All others.
    Anchor(WindowWord, Box<Syntax>),
}

/// What stands at a place.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum SyntaxKind {
    Null,
    Truth(bool),
    Number(String),
    Text(String),
    Quantity(String, String),
    Duration(DurationSyntax),
    Date(String),
    Interval(Box<Syntax>, bool, Box<Syntax>, bool),
    List(Vec<Syntax>),
    Name(String),
    Call(String, Range<usize>, Vec<Syntax>),
    /// A series as the argument of a function.
    Series(SeriesSyntax),
    Exists(Box<Syntax>),
    Not(Box<Syntax>),
    And(Vec<Syntax>),
    Or(Vec<Syntax>),
    Xor(Box<Syntax>, Box<Syntax>),
    Implies(Box<Syntax>, Box<Syntax>),
    /// Element first, then the list; `contains` is turned round.
    Member(Box<Syntax>, Box<Syntax>),
    Compare(Comparison, Box<Syntax>, Box<Syntax>),
    Timing(Timing, Box<Syntax>, Box<Syntax>),
    Between(Box<Syntax>, Box<Syntax>, Box<Syntax>),
    /// `is null`; true: `is not null`.
    IsNull(Box<Syntax>, bool),
    /// `is true`, `is false`; last: `is not`.
    IsTruth(Box<Syntax>, bool, bool),
    Negate(Box<Syntax>),
    Arithmetic(Arithmetic, Box<Syntax>, Box<Syntax>),
    /// `difference in` is true.
    UnitsBetween(Calendar, Box<Syntax>, Box<Syntax>, bool),
    TimeOf(Box<Syntax>),
    ValueOf(Box<Syntax>),
    If(Box<Syntax>, Box<Syntax>, Box<Syntax>),
    Case(Option<Box<Syntax>>, Vec<(Syntax, Syntax)>, Box<Syntax>),
}

impl Syntax {
    /// The nodes directly below, those of windows and filters too.
    pub fn children(&self) -> Vec<&Syntax> {
        use SyntaxKind as K;
        match &self.kind {
            K::Null | K::Truth(_) | K::Number(_) | K::Text(_) | K::Quantity(..) => vec![],
            K::Duration(_) | K::Date(_) | K::Name(_) => vec![],
            K::Interval(a, _, b, _) | K::Xor(a, b) | K::Implies(a, b) | K::Member(a, b) => vec![a, b],
            K::Compare(_, a, b) | K::Timing(_, a, b) | K::Arithmetic(_, a, b) => vec![a, b],
            K::UnitsBetween(_, a, b, _) => vec![a, b],
            K::List(all) | K::Call(_, _, all) | K::And(all) | K::Or(all) => all.iter().collect(),
            K::Between(a, b, c) | K::If(a, b, c) => vec![a, b, c],
            K::Exists(a) | K::Not(a) | K::IsNull(a, _) | K::IsTruth(a, ..) => vec![a],
            K::Negate(a) | K::TimeOf(a) | K::ValueOf(a) => vec![a],
            K::Case(comparand, pairs, last) => {
                let mut all: Vec<&Syntax> = comparand.iter().map(|c| &**c).collect();
                all.extend(pairs.iter().flat_map(|(when, then)| [when, then]));
                all.push(last);
                all
            }
            K::Series(series) => {
                let mut all: Vec<&Syntax> = series.filter.iter().map(|f| &**f).collect();
                match &series.window {
                    Some(WindowSyntax::WithinAnchor(_, _, a) | WindowSyntax::Anchor(_, a)) => all.push(a),
                    Some(WindowSyntax::Within(_)) | None => {}
                }
                all
            }
        }
    }
}
