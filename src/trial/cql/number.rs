//! Numbers in CQL are decimals of eight places; how far one of them may be trusted in a comparison.

use super::write::Writer;
use crate::model::number::Number;
use crate::model::reading::Value;
use crate::trial::definition::VariableKind;
use crate::trial::expression::tree::{Aggregate, Arithmetic, Comparison, Expr, Function, Kind, Name, Source, Type};

/// Places of a CQL decimal.
pub(super) const PLACES: usize = 8;
/// Most digits of a written number that engines reckon with.
const DIGITS_MOST: usize = 18;

/// How a number stands to the exact one, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exact {
    /// A whole number, also after sums and products.
    Whole,
    /// A decimal of fewer places than CQL has.
    Short,
    /// A value that was handed over: on the right side of every short decimal.
    Printed,
    /// Reckoned: within a small distance.
    Near,
}

impl Writer<'_> {
    pub(super) fn exact(&self, e: &Expr) -> Exact {
        let worst = |all: &[&Expr]| all.iter().map(|e| self.exact(e)).max().unwrap_or(Exact::Whole);
        match &e.kind {
            Kind::Literal(Some(Value::Number(n))) => n.as_exact().map_or(Exact::Near, of_literal),
            Kind::Literal(_) => Exact::Whole,
            Kind::UnitsBetween(..) => Exact::Whole,
            Kind::Aggregate(Aggregate::Count, _) => Exact::Whole,
            Kind::Aggregate(Aggregate::Duration(gap), _) if !gap.of.is_clock() => Exact::Whole,
            Kind::Aggregate(
                Aggregate::First | Aggregate::Last | Aggregate::Min | Aggregate::Max,
                Source::Series(_),
            ) => Exact::Printed,
            Kind::Aggregate(
                Aggregate::First | Aggregate::Last | Aggregate::Min | Aggregate::Max,
                Source::List(all),
            ) => worst(&all.iter().collect::<Vec<_>>()),
            Kind::Call(Function::Coalesce, all) => worst(&all.iter().collect::<Vec<_>>()),
            Kind::Call(Function::Ceiling | Function::Floor | Function::Truncate, _) => Exact::Whole,
            Kind::Call(Function::Abs, all) => worst(&all.iter().collect::<Vec<_>>()),
            Kind::If(_, a, b) => worst(&[a, b]),
            Kind::Case(_, pairs, last) => {
                pairs.iter().map(|(_, e)| e).chain([&**last]).map(|e| self.exact(e)).max().unwrap_or(Exact::Near)
            }
            Kind::Convert(factor, inner) if *factor == Number::ONE => self.exact(inner),
            Kind::Negate(inner) => self.exact(inner),
            Kind::Arithmetic(Arithmetic::Add | Arithmetic::Subtract | Arithmetic::Multiply, a, b)
                if worst(&[a, b]) == Exact::Whole =>
            {
                Exact::Whole
            }
            Kind::Limit(..) | Kind::Name(Name::Value) => Exact::Printed,
            Kind::Name(Name::Variable(i)) => match self.trial.variables.get(*i).map(|v| &v.kind) {
                Some(VariableKind::Derived(inner)) => self.exact(inner),
                Some(VariableKind::Recorded(r)) => r.select.as_ref().map_or(Exact::Printed, |s| self.exact(s)),
                _ => Exact::Printed,
            },
            Kind::Name(Name::Reading(i)) => self.chosen(*i).map_or(Exact::Near, |e| self.exact(e)),
            _ => Exact::Near,
        }
    }

    /// A comparison of numbers: plain where both sides stand as they are, else null where they are too near to tell.
    pub(super) fn compare_numbers(&mut self, op: Comparison, a: &Expr, b: &Expr) -> String {
        let (one, other) = (self.exact(a).min(self.exact(b)), self.exact(a).max(self.exact(b)));
        let plain = one <= Exact::Short && other <= Exact::Printed;
        let (left, right) = (self.say(a), self.say(b));
        if plain {
            return format!("({left} {} {right})", sign(op));
        }
        let name = match op {
            Comparison::Less | Comparison::LessOrEqual => "IsBelow",
            Comparison::Greater | Comparison::GreaterOrEqual => "IsAbove",
            Comparison::Equal => "IsSame",
            Comparison::NotEqual => return format!("(not IsSame({left}, {right}))"),
        };
        format!("{name}({left}, {right})")
    }

    /// Rounding: of a number that is only near, null where its neighbors round to something else.
    pub(super) fn rounded(&mut self, function: Function, arguments: &[Expr]) -> Result<String, String> {
        let x = arguments.first().ok_or("a call without an argument")?;
        let exact = self.exact(x) <= Exact::Printed;
        let said = self.say(x);
        Ok(match function {
            Function::Round if arguments.len() > 1 || !exact => {
                return Err("rounding of what is reckoned in decimals, or to decimals".into());
            }
            Function::Round => format!("RoundHalf({said})"),
            Function::Ceiling if exact => format!("ToDecimal(Ceiling({said}))"),
            Function::Floor if exact => format!("ToDecimal(Floor({said}))"),
            Function::Truncate if exact => format!("ToDecimal(Truncate({said}))"),
            Function::Ceiling => format!("(0.0 - SteadyFloor(0.0 - {said}))"),
            Function::Floor => format!("SteadyFloor({said})"),
            _ => format!("(if {said} < 0.0 then 0.0 - SteadyFloor(0.0 - {said}) else SteadyFloor({said}))"),
        })
    }

    /// Arithmetic on two numbers.
    pub(super) fn reckoned(&mut self, op: Arithmetic, a: &Expr, b: &Expr) -> Result<String, String> {
        let whole = self.exact(a).max(self.exact(b)) == Exact::Whole;
        let (left, right) = (self.say(a), self.say(b));
        Ok(match op {
            Arithmetic::Add => format!("({left} + {right})"),
            Arithmetic::Subtract => format!("({left} - {right})"),
            Arithmetic::Multiply => format!("({left} * {right})"),
            Arithmetic::Divide => format!("({left} / {right})"),
            Arithmetic::Power => format!("PowerOf({left}, {right})"),
            Arithmetic::Div if whole => format!("({left} div {right})"),
            Arithmetic::Mod if whole => format!("({left} mod {right})"),
            Arithmetic::Div | Arithmetic::Mod => return Err("a whole quotient or rest of decimals".into()),
        })
    }

    /// A number by a constant factor.
    pub(super) fn converted(&mut self, factor: &Number, inner: &Expr) -> Result<String, String> {
        let said = self.say(inner);
        if *factor == Number::ONE {
            return Ok(said);
        }
        let (above, below) = factor.fraction();
        if above.len().max(below.len()) > DIGITS_MOST {
            return Err(format!("a factor of {} digits", above.len().max(below.len())));
        }
        Ok(format!("({said} * {above}.0 / {below}.0)"))
    }
}

fn of_literal(n: &Number) -> Exact {
    match n.to_decimal() {
        _ if n.is_integer() => Exact::Whole,
        Some(text) if places(&text) < PLACES => Exact::Short,
        _ => Exact::Near,
    }
}

fn places(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, places)| places.len())
}

/// A written number.
pub(super) fn literal(n: &Number) -> Result<String, String> {
    match n.to_decimal().filter(|text| places(text) <= PLACES) {
        Some(text) if text.len() > DIGITS_MOST => Err("a number of so many digits".into()),
        Some(text) if text.contains('.') => Ok(signed(&text)),
        Some(text) => Ok(signed(&format!("{text}.0"))),
        None => {
            let (above, below) = n.fraction();
            if above.len().max(below.len()) > DIGITS_MOST {
                return Err("a number of so many digits".into());
            }
            Ok(format!("({} / {below}.0)", signed(&format!("{above}.0"))))
        }
    }
}

fn signed(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(rest) => format!("(0.0 - {rest})"),
        None => text.to_owned(),
    }
}

pub(super) fn sign(op: Comparison) -> &'static str {
    match op {
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
        Comparison::Equal => "=",
        Comparison::NotEqual => "!=",
    }
}

/// The CQL type of a value.
pub(super) fn type_name(ty: &Type) -> &'static str {
    match ty {
        Type::Number(_) => "Decimal",
        Type::Time => "Date",
        Type::Text => "String",
        _ => "Boolean",
    }
}
