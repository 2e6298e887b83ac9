//! Numbers: arithmetic and the functions of plain values.

use super::roots;
use super::scene::Scene;
use super::value::{Known, Val};
use crate::model::interval::Interval;
use crate::model::number::Number;
use crate::trial::expression::tree::{Arithmetic, Expr, Function, Kind, Type};

impl<'a> Scene<'a> {
    pub(super) fn arithmetic(&self, e: &'a Expr) -> Option<Interval> {
        match &e.kind {
            Kind::Negate(a) => self.number(a).map(|n| n.neg()),
            Kind::Convert(factor, a) => self.number(a).map(|n| n.mul(&Interval::exact(factor.clone()))),
            Kind::Arithmetic(op, a, b) => {
                let (a, b) = (self.number(a), self.number(b));
                let (a, b) = (a?, b?);
                match op {
                    Arithmetic::Add => Some(a.add(&b)),
                    Arithmetic::Subtract => Some(a.sub(&b)),
                    Arithmetic::Multiply => Some(a.mul(&b)),
                    Arithmetic::Divide => a.div(&b),
                    Arithmetic::Div => a.div(&b).map(|q| q.map_monotone(Number::truncate)),
                    Arithmetic::Mod => modulo(&a, &b),
                    Arithmetic::Power => roots::power(&a, &b),
                }
            }
            _ => None,
        }
    }

    pub(super) fn call(&self, function: Function, arguments: &'a [Expr], ty: &Type) -> Known {
        if function == Function::Coalesce {
            return arguments.iter().find_map(|a| self.value(a));
        }
        let first = self.number(arguments.first()?);
        let second = arguments.get(1).map(|a| self.number(a));
        let x = first?;
        let result = match (function, second) {
            (Function::Abs, _) => Some(x.abs()),
            (Function::Ceiling, _) => Some(x.map_monotone(Number::ceil)),
            (Function::Floor, _) => Some(x.map_monotone(Number::floor)),
            (Function::Truncate, _) => Some(x.map_monotone(Number::truncate)),
            (Function::Round, places) => {
                let places = match places {
                    None => 0,
                    Some(p) => u32::try_from(p?.as_exact()?.to_i64()?).ok()?,
                };
                Some(x.map_monotone(|n| n.round(places)))
            }
            (Function::Exp, _) => roots::exp(&x),
            (Function::Ln, _) => roots::ln(&x),
            (Function::Log, Some(base)) => roots::log(&x, &base?),
            (Function::Power, Some(exponent)) => roots::power(&x, &exponent?),
            (Function::PercentChange, Some(to)) => {
                let percent = matches!(ty, Type::Number(unit) if unit.is_percent());
                relative_change(&x, &to?, if percent { Number::from(100) } else { Number::ONE })
            }
            (Function::Log | Function::Power | Function::PercentChange | Function::Coalesce, _) => None,
        };
        result.map(Val::Number)
    }
}

/// (to − from) / from, times a scale; none of what may be 0.
pub(super) fn relative_change(from: &Interval, to: &Interval, scale: Number) -> Option<Interval> {
    Some(to.div(from)?.sub(&Interval::exact(Number::ONE)).mul(&Interval::exact(scale)))
}

/// The rest of a division towards zero, of exact numbers.
fn modulo(a: &Interval, b: &Interval) -> Option<Interval> {
    let (a, b) = (a.as_exact()?, b.as_exact()?);
    let whole = a.checked_div(b)?.truncate();
    Some(Interval::exact(a - &(&whole * b)))
}
