//! Resolves names and checks types and units: what is written becomes what is evaluated.

use super::names::Names;
use super::syntax::{DurationSyntax, Fault, Syntax, SyntaxKind as K};
use super::tree::{Calendar, Comparison, Duration, Expr, Kind, Name, Timing, Type};
use crate::model::interval::Interval;
use crate::model::number::Number;
use crate::model::reading::Value;
use crate::model::time::Partial;
use crate::model::truth::Truth;
use crate::model::unit::Unit;

pub(super) type Checked = Result<Expr, Fault>;

/// Checks an expression against the names of its definition.
pub fn check(text: &str, syntax: &Syntax, names: &Names) -> Result<Expr, Fault> {
    Checker { text, names, of: None }.expr(syntax)
}

/// What an expression must give.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// Anything.
    Any,
    /// A truth.
    Truth,
    /// A date or time.
    Time,
    /// Words.
    Text,
    /// A number that can become this unit; a plain number takes it.
    Number(Unit),
}

/// Checks that an expression gives what its place wants, in the unit wanted.
pub fn expect(expr: Expr, wanted: &Wanted) -> Result<Expr, Fault> {
    let whole = 0..expr.text.len();
    let wrong = |what: &str| Fault::new(whole.clone(), format!("this is {}, wanted {what}", describe(&expr.ty)));
    match (wanted, &expr.ty) {
        (_, Type::List(_) | Type::Interval(_)) => Err(wrong("one value")),
        (Wanted::Any, _) | (_, Type::Null) => Ok(expr),
        (Wanted::Truth, Type::Truth) | (Wanted::Time, Type::Time) | (Wanted::Text, Type::Text) => Ok(expr),
        (Wanted::Truth, _) => Err(wrong("a condition that is true or false")),
        (Wanted::Time, _) => Err(wrong("a date or time")),
        (Wanted::Text, _) => Err(wrong("text")),
        (Wanted::Number(unit), Type::Number(found)) if found == unit => Ok(expr),
        (Wanted::Number(unit), Type::Number(found)) if found.is_one() => {
            let text = expr.text.clone();
            let kind = Kind::Convert(Number::ONE, Box::new(expr));
            Ok(Expr { kind, ty: Type::Number(unit.clone()), text })
        }
        (Wanted::Number(unit), Type::Number(_)) => super::check_number::to_unit(expr, unit, &whole, None),
        (Wanted::Number(unit), _) => Err(wrong(&format!("a number in `{}`", unit.code()))),
    }
}

pub(super) struct Checker<'a> {
    pub(super) text: &'a str,
    pub(super) names: &'a Names,
    /// Inside a `where`: the type of `value`.
    pub(super) of: Option<Type>,
}

/// A type in words.
pub(in crate::trial) fn describe(ty: &Type) -> String {
    match ty {
        Type::Truth => "a truth".into(),
        Type::Number(unit) if unit.is_one() => "a plain number".into(),
        Type::Number(unit) => format!("a number in `{}`", unit.code()),
        Type::Time => "a time".into(),
        Type::Text => "text".into(),
        Type::Null => "null".into(),
        Type::Interval(inner) => format!("an interval of {}", describe(inner)),
        Type::List(inner) => format!("a list of {}", describe(inner)),
    }
}

impl Checker<'_> {
    pub(super) fn make(&self, syntax: &Syntax, kind: Kind, ty: Type) -> Expr {
        Expr { kind, ty, text: self.text_of(syntax).into() }
    }

    fn text_of(&self, syntax: &Syntax) -> String {
        let written = self.text.get(syntax.span.clone()).unwrap_or("");
        written.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub(super) fn expr(&self, syntax: &Syntax) -> Checked {
        match &syntax.kind {
            K::Null => Ok(self.make(syntax, Kind::Literal(None), Type::Null)),
            K::Truth(t) => Ok(self.make(syntax, literal(Value::Truth(Truth::from(*t))), Type::Truth)),
            K::Text(text) => Ok(self.make(syntax, literal(Value::Text(text.clone())), Type::Text)),
            K::Number(number) => self.number(syntax, number, Unit::one()),
            K::Quantity(number, unit) => self.quantity(syntax, number, unit),
            K::Duration(duration) => self.fixed_duration(syntax, duration),
            K::Date(text) => self.date(syntax, text),
            K::Interval(a, a_closed, b, b_closed) => self.interval(syntax, (a, *a_closed), (b, *b_closed)),
            K::List(all) => self.list(syntax, all),
            K::Name(word) => self.name(syntax, word),
            K::Call(function, span, arguments) => self.call(syntax, function, span, arguments),
            K::Series(_) => Err(Fault::new(syntax.span.clone(), "a series cannot stand here")),
            K::Exists(series) => self.exists(syntax, series),
            K::Not(inner) => {
                let inner = self.truth_after_not(inner)?;
                Ok(self.make(syntax, Kind::Not(Box::new(inner)), Type::Truth))
            }
            K::And(all) => Ok(self.make(syntax, Kind::And(self.truths(all)?), Type::Truth)),
            K::Or(all) => Ok(self.make(syntax, Kind::Or(self.truths(all)?), Type::Truth)),
            K::Xor(a, b) => Ok(self.make(syntax, Kind::Xor(self.truth_box(a)?, self.truth_box(b)?), Type::Truth)),
            K::Implies(a, b) => {
                Ok(self.make(syntax, Kind::Implies(self.truth_box(a)?, self.truth_box(b)?), Type::Truth))
            }
            K::Member(element, list) => self.member(syntax, element, list),
            K::Compare(comparison, a, b) => self.compare(syntax, *comparison, a, b),
            K::Timing(timing, a, b) => self.timing(syntax, *timing, a, b),
            K::Between(value, low, high) => self.between(syntax, value, low, high),
            K::IsNull(inner, not) => {
                let inner = Box::new(self.expr(inner)?);
                Ok(self.make(syntax, Kind::IsNull(inner, *not), Type::Truth))
            }
            K::IsTruth(inner, truth, not) => {
                let inner = self.truth_box(inner)?;
                Ok(self.make(syntax, Kind::IsTruth(inner, *truth, *not), Type::Truth))
            }
            K::Negate(inner) => self.negate(syntax, inner),
            K::Arithmetic(operator, a, b) => self.arithmetic(syntax, *operator, a, b),
            K::UnitsBetween(units, a, b, difference) => {
                let (a, b) = (Box::new(self.time(a)?), Box::new(self.time(b)?));
                let kind = Kind::UnitsBetween(*units, a, b, *difference);
                Ok(self.make(syntax, kind, Type::Number(Unit::one())))
            }
            K::TimeOf(inner) => self.time_of(syntax, inner),
            K::ValueOf(inner) => self.value_of(inner),
            K::If(condition, yes, no) => self.choice_if(syntax, condition, yes, no),
            K::Case(comparand, pairs, last) => self.choice_case(syntax, comparand.as_deref(), pairs, last),
        }
    }

    fn date(&self, syntax: &Syntax, text: &str) -> Checked {
        if text.starts_with('T') {
            return Err(Fault::new(syntax.span.clone(), format!("`@{text}`, a time of day, is not supported")));
        }
        let time = Partial::parse(text).map_err(|what| Fault::new(syntax.span.clone(), what))?;
        Ok(self.make(syntax, literal(Value::Time(time)), Type::Time))
    }

    fn name(&self, syntax: &Syntax, word: &str) -> Checked {
        if matches!(word, "value" | "time") {
            let Some(of) = &self.of else {
                let fault = Fault::new(syntax.span.clone(), format!("`{word}` has a meaning only inside a `where`"));
                return Err(fault);
            };
            let (name, ty) = if word == "value" { (Name::Value, of.clone()) } else { (Name::Time, Type::Time) };
            return Ok(self.make(syntax, Kind::Name(name), ty));
        }
        let Some(symbol) = self.names.get(word) else { return Err(self.unknown(syntax.span.clone(), word)) };
        if word == "problem_list" {
            let fault = Fault::new(syntax.span.clone(), "`problem_list` is a series and has no value of its own");
            return Err(fault.help("write exists (problem_list within 365 days)"));
        }
        match &symbol.ty {
            Some(ty) => Ok(self.make(syntax, Kind::Name(symbol.name), ty.clone())),
            None => Err(follows(syntax, word)),
        }
    }

    pub(super) fn unknown(&self, span: std::ops::Range<usize>, word: &str) -> Fault {
        let fault = Fault::new(span, format!("no variable, reading, criterion or anchor is named `{word}`"));
        match self.names.near(word) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help("declare it, or use a name that is declared"),
        }
    }

    pub(super) fn truth(&self, syntax: &Syntax) -> Checked {
        let found = self.expr(syntax)?;
        match found.ty {
            Type::Truth | Type::Null => Ok(found),
            ref other => {
                let message =
                    format!("`{}` is {}, wanted a condition that is true or false", found.text, describe(other));
                Err(Fault::new(syntax.span.clone(), message).help("compare it with something"))
            }
        }
    }

    fn truth_box(&self, syntax: &Syntax) -> Result<Box<Expr>, Fault> {
        self.truth(syntax).map(Box::new)
    }

    fn truths(&self, all: &[Syntax]) -> Result<Vec<Expr>, Fault> {
        all.iter().map(|s| self.truth(s)).collect()
    }

    /// `not a > 3` is `(not a) > 3`: said so.
    fn truth_after_not(&self, inner: &Syntax) -> Checked {
        let found = self.expr(inner)?;
        if matches!(found.ty, Type::Truth | Type::Null) {
            return Ok(found);
        }
        let message = format!("`not` binds tighter than a comparison, and `{}` is {}", found.text, describe(&found.ty));
        Err(Fault::new(inner.span.clone(), message).help("write `not (a > 3)`"))
    }

    pub(super) fn time(&self, syntax: &Syntax) -> Checked {
        let found = self.expr(syntax)?;
        match found.ty {
            Type::Time | Type::Null => Ok(found),
            ref other => {
                Err(Fault::new(syntax.span.clone(), format!("`{}` is {}, wanted a time", found.text, describe(other))))
            }
        }
    }

    fn compare(&self, syntax: &Syntax, comparison: Comparison, a: &Syntax, b: &Syntax) -> Checked {
        let (left, right) = self.same(a, b)?;
        let ordered = matches!(left.ty, Type::Number(_) | Type::Time | Type::Null);
        let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let plain = equality && matches!(left.ty, Type::Truth | Type::Text);
        if !(ordered || plain) {
            let message = format!("{} cannot be compared so", describe(&left.ty));
            return Err(Fault::new(syntax.span.clone(), message));
        }
        Ok(self.make(syntax, Kind::Compare(comparison, Box::new(left), Box::new(right)), Type::Truth))
    }

    /// Two expressions of one type, the second in the unit of the first.
    pub(super) fn same(&self, a: &Syntax, b: &Syntax) -> Result<(Expr, Expr), Fault> {
        let left = self.expr(a)?;
        let right = self.expr(b)?;
        let right = self.alike(&left, right, &b.span)?;
        Ok((left, right))
    }

    fn between(&self, syntax: &Syntax, value: &Syntax, low: &Syntax, high: &Syntax) -> Checked {
        let (value, low) = self.same(value, low)?;
        let high_expr = self.expr(high)?;
        let high = self.alike(&value, high_expr, &high.span)?;
        if !matches!(value.ty, Type::Number(_) | Type::Time | Type::Null) {
            return Err(Fault::new(syntax.span.clone(), format!("{} has no order", describe(&value.ty))));
        }
        let kind = Kind::Between(Box::new(value), Box::new(low), Box::new(high));
        Ok(self.make(syntax, kind, Type::Truth))
    }

    fn timing(&self, syntax: &Syntax, timing: Timing, a: &Syntax, b: &Syntax) -> Checked {
        let left = self.time(a)?;
        let right = if timing == Timing::During { self.time_interval(b)? } else { self.time(b)? };
        Ok(self.make(syntax, Kind::Timing(timing, Box::new(left), Box::new(right)), Type::Truth))
    }

    pub(super) fn time_interval(&self, syntax: &Syntax) -> Checked {
        let found = self.expr(syntax)?;
        match &found.ty {
            Type::Interval(of) if matches!(**of, Type::Time | Type::Null) => Ok(found),
            other => {
                let message = format!("`during` wants an interval of times, found {}", describe(other));
                Err(Fault::new(syntax.span.clone(), message).help("write Interval[a, b]"))
            }
        }
    }

    fn interval(
        &self,
        syntax: &Syntax,
        (a, low_closed): (&Syntax, bool),
        (b, high_closed): (&Syntax, bool),
    ) -> Checked {
        let (low, high) = self.same(a, b)?;
        let ty = if low.ty == Type::Null { high.ty.clone() } else { low.ty.clone() };
        if !matches!(ty, Type::Number(_) | Type::Time | Type::Null) {
            return Err(Fault::new(syntax.span.clone(), format!("an interval of {} is not supported", describe(&ty))));
        }
        if is_empty(&low, &high, low_closed && high_closed) {
            return Err(Fault::new(syntax.span.clone(), format!("`{}` ends before it begins", self.text_of(syntax)))
                .help("write the lower end first"));
        }
        let kind = Kind::Interval(Box::new(low), low_closed, Box::new(high), high_closed);
        Ok(self.make(syntax, kind, Type::Interval(Box::new(ty))))
    }

    fn list(&self, syntax: &Syntax, all: &[Syntax]) -> Checked {
        let (members, ty) = self.alike_all(all)?;
        Ok(self.make(syntax, Kind::List(members), Type::List(Box::new(ty))))
    }

    /// Expressions of one type, all in the unit of the first that has one.
    pub(super) fn alike_all(&self, all: &[Syntax]) -> Result<(Vec<Expr>, Type), Fault> {
        let found: Vec<Expr> = all.iter().map(|s| self.expr(s)).collect::<Result<_, _>>()?;
        let first = found.iter().find(|e| e.ty != Type::Null).cloned();
        let Some(first) = first else { return Ok((found, Type::Null)) };
        let alike = found.into_iter().zip(all).map(|(e, s)| self.alike(&first, e, &s.span));
        Ok((alike.collect::<Result<_, _>>()?, first.ty))
    }

    fn member(&self, syntax: &Syntax, element: &Syntax, list: &Syntax) -> Checked {
        let element_expr = self.expr(element)?;
        let list_expr = self.expr(list)?;
        let list_expr = match list_expr.ty.clone() {
            Type::List(of) | Type::Interval(of) => self.alike_inside(&element_expr, list_expr, &of, &list.span)?,
            other => {
                let message = format!("wanted a list or an interval, found {}", describe(&other));
                return Err(Fault::new(list.span.clone(), message).help("write a list in braces: {'a', 'b'}"));
            }
        };
        Ok(self.make(syntax, Kind::Member(Box::new(element_expr), Box::new(list_expr)), Type::Truth))
    }

    /// The members of a written list or interval in the unit of the element.
    fn alike_inside(&self, element: &Expr, list: Expr, of: &Type, span: &std::ops::Range<usize>) -> Checked {
        if *of == element.ty || *of == Type::Null {
            return Ok(list);
        }
        let fit = |e: Expr| self.alike(element, e, span);
        let ty = match &list.ty {
            Type::Interval(_) => Type::Interval(Box::new(element.ty.clone())),
            _ => Type::List(Box::new(element.ty.clone())),
        };
        let kind = match list.kind {
            Kind::List(all) => Kind::List(all.into_iter().map(fit).collect::<Result<_, _>>()?),
            Kind::Interval(a, ac, b, bc) => Kind::Interval(Box::new(fit(*a)?), ac, Box::new(fit(*b)?), bc),
            other => other,
        };
        Ok(Expr { kind, ty, text: list.text })
    }

    fn choice_if(&self, syntax: &Syntax, condition: &Syntax, yes: &Syntax, no: &Syntax) -> Checked {
        let condition = self.truth_box(condition)?;
        let (mut both, ty) = self.alike_all(&[yes.clone(), no.clone()])?;
        let (no, yes) = (both.pop(), both.pop());
        let (Some(yes), Some(no)) = (yes, no) else {
            return Err(Fault::new(syntax.span.clone(), "an incomplete `if`"));
        };
        Ok(self.make(syntax, Kind::If(condition, Box::new(yes), Box::new(no)), ty))
    }

    fn choice_case(
        &self,
        syntax: &Syntax,
        comparand: Option<&Syntax>,
        pairs: &[(Syntax, Syntax)],
        last: &Syntax,
    ) -> Checked {
        let comparand = comparand.map(|c| self.expr(c)).transpose()?;
        let mut results: Vec<Syntax> = pairs.iter().map(|(_, then)| then.clone()).collect();
        results.push(last.clone());
        let (mut results, ty) = self.alike_all(&results)?;
        let Some(last) = results.pop() else { return Err(Fault::new(syntax.span.clone(), "an incomplete `case`")) };
        let mut checked = Vec::new();
        for ((when, _), then) in pairs.iter().zip(results) {
            let when = match &comparand {
                None => self.truth(when)?,
                Some(comparand) => self.alike(comparand, self.expr(when)?, &when.span)?,
            };
            checked.push((when, then));
        }
        Ok(self.make(syntax, Kind::Case(comparand.map(Box::new), checked, Box::new(last)), ty))
    }
}

pub(super) fn literal(value: Value) -> Kind {
    Kind::Literal(Some(value))
}

pub(super) fn exact(number: Number) -> Kind {
    literal(Value::Number(Interval::exact(number)))
}

/// Whether nothing lies between two written ends.
fn is_empty(low: &Expr, high: &Expr, closed: bool) -> bool {
    let order = match (&low.kind, &high.kind) {
        (Kind::Literal(Some(Value::Number(a))), Kind::Literal(Some(Value::Number(b)))) => {
            a.as_exact().zip(b.as_exact()).map(|(a, b)| a.cmp(b))
        }
        (Kind::Literal(Some(Value::Time(Partial::Day(a)))), Kind::Literal(Some(Value::Time(Partial::Day(b))))) => {
            Some(a.cmp(b))
        }
        (
            Kind::Literal(Some(Value::Time(Partial::Instant(a, _)))),
            Kind::Literal(Some(Value::Time(Partial::Instant(b, _)))),
        ) => Some(a.cmp(b)),
        _ => None,
    };
    order.is_some_and(|order| order.is_gt() || (order.is_eq() && !closed))
}

/// A fault that only follows from a mistake in what the word stands for.
pub(super) fn follows(syntax: &Syntax, word: &str) -> Fault {
    let mut fault = Fault::new(syntax.span.clone(), format!("`{word}` has a mistake of its own"));
    fault.follows = true;
    fault
}

/// A written duration as counted by calendar or clock.
pub fn duration(written: &DurationSyntax) -> Result<Duration, Fault> {
    match written.count.parse::<u32>() {
        Ok(count) if count <= DURATION_MAX => Ok(Duration { count, of: written.of }),
        _ => Err(Fault::new(
            written.span.clone(),
            format!("a duration of {} is no whole number up to {DURATION_MAX}", written.count),
        )
        .help("use a smaller unit: 36 hours for 1.5 days")),
    }
}

/// Largest count of a duration.
pub const DURATION_MAX: u32 = 1_000_000;

/// A calendar unit as UCUM's fixed length, where it has one.
pub(super) fn fixed_unit(of: Calendar) -> Option<&'static str> {
    match of {
        Calendar::Week => Some("wk"),
        Calendar::Day => Some("d"),
        Calendar::Hour => Some("h"),
        Calendar::Minute => Some("min"),
        Calendar::Year | Calendar::Month => None,
    }
}
