//! Numbers and units: literals, conversions at load, arithmetic.

use super::check::{Checked, Checker, describe, duration, exact, fixed_unit};
use super::syntax::{DurationSyntax, Fault, Syntax, SyntaxKind as K};
use super::tree::{Aggregate, Arithmetic, Expr, Kind, Name, Source, Type};
use crate::model::number::Number;
use crate::model::reading::Value;
use crate::model::unit::{Unit, UnitFault};
use std::ops::Range;

impl Checker<'_> {
    pub(super) fn number(&self, syntax: &Syntax, number: &str, unit: Unit) -> Checked {
        let number = Number::parse(number)
            .map_err(|_| Fault::new(syntax.span.clone(), format!("`{number}` has more than 28 digits")))?;
        Ok(self.make(syntax, exact(number), Type::Number(unit)))
    }

    pub(super) fn quantity(&self, syntax: &Syntax, number: &str, unit: &str) -> Checked {
        self.number(syntax, number, read_unit(unit, &syntax.span)?)
    }

    /// A duration that stands alone, as a number of its fixed length.
    pub(super) fn fixed_duration(&self, syntax: &Syntax, written: &DurationSyntax) -> Checked {
        let Some(unit) = fixed_unit(written.of) else {
            let fault = Fault::new(syntax.span.clone(), "a year or month has no fixed length");
            return Err(fault.help("add it to a time, or write `years between a and b >= 2`"));
        };
        self.number(syntax, &written.count, read_unit(unit, &syntax.span)?)
    }

    /// `other` as a value of the type of `first`, in its unit.
    pub(super) fn alike(&self, first: &Expr, other: Expr, span: &Range<usize>) -> Checked {
        match (&first.ty, &other.ty) {
            (Type::Null, _) | (_, Type::Null) => Ok(other),
            (Type::Number(unit), Type::Number(_)) => {
                let molar = self.molar_mass(first).or_else(|| self.molar_mass(&other));
                to_unit(other, unit, span, molar)
            }
            (a, b) if a == b => Ok(other),
            (a, b) => {
                let message = format!("`{}` is {}, but `{}` is {}", first.text, describe(a), other.text, describe(b));
                Err(Fault::new(span.clone(), message).help("both must be of one kind"))
            }
        }
    }

    /// Grams per mole of what an expression picks, if the variable says so.
    pub(super) fn molar_mass(&self, expr: &Expr) -> Option<Number> {
        use Aggregate as A;
        match &expr.kind {
            Kind::Name(name) => self.names.of(*name)?.molar_mass.clone(),
            Kind::Aggregate(
                A::First | A::Last | A::Min | A::Max | A::Avg | A::Median | A::Sum,
                Source::Series(series),
            ) => self.names.of(Name::Variable(series.variable))?.molar_mass.clone(),
            Kind::Baseline(inner) | Kind::Limit(_, inner) | Kind::Negate(inner) => self.molar_mass(inner),
            _ => None,
        }
    }

    pub(super) fn numeric(&self, syntax: &Syntax) -> Result<(Expr, Unit), Fault> {
        let found = self.expr(syntax)?;
        let unit = self.unit_of(&found, syntax)?;
        Ok((found, unit))
    }

    /// A number of unit 1; a percent is refused, any other ratio is converted.
    pub(super) fn plain(&self, syntax: &Syntax) -> Checked {
        let (found, _) = self.numeric(syntax)?;
        if found.ty == Type::Null {
            return Ok(found);
        }
        to_unit(found, &Unit::one(), &syntax.span, None)
            .map_err(|fault| fault.help("use Number(q, 'unit') for the plain number of a quantity"))
    }

    pub(super) fn negate(&self, syntax: &Syntax, inner: &Syntax) -> Checked {
        let (inner, _) = self.numeric(inner)?;
        let ty = inner.ty.clone();
        if let Kind::Literal(Some(Value::Number(value))) = &inner.kind {
            return Ok(self.make(syntax, Kind::Literal(Some(Value::Number(value.neg()))), ty));
        }
        Ok(self.make(syntax, Kind::Negate(Box::new(inner)), ty))
    }

    pub(super) fn arithmetic(&self, syntax: &Syntax, operator: Arithmetic, a: &Syntax, b: &Syntax) -> Checked {
        use Arithmetic as A;
        let left = self.expr(a)?;
        if left.ty == Type::Time {
            return self.shift(syntax, operator, left, b);
        }
        let right = self.expr(b)?;
        if operator == A::Power {
            let one = |e, s: &Syntax| to_unit(e, &Unit::one(), &s.span, None);
            let (left_unit, right_unit) = (self.unit_of(&left, a)?, self.unit_of(&right, b)?);
            if !left_unit.is_number() || !right_unit.is_number() {
                let fault = Fault::new(syntax.span.clone(), "a power is of plain numbers");
                return Err(fault.help("use Number(q, 'unit') for the plain number of a quantity"));
            }
            let kind = Kind::Arithmetic(operator, Box::new(one(left, a)?), Box::new(one(right, b)?));
            return Ok(self.make(syntax, kind, Type::Number(Unit::one())));
        }
        let (left_unit, right_unit) = (self.unit_of(&left, a)?, self.unit_of(&right, b)?);
        let unit = |made: Result<Unit, UnitFault>| made.map_err(|f| Fault::new(syntax.span.clone(), f.to_string()));
        let (right, ty) = match operator {
            A::Multiply => (right, unit(left_unit.times(&right_unit))?),
            A::Divide => (right, unit(left_unit.per(&right_unit))?),
            A::Div => (self.alike(&left, right, &b.span)?, Unit::one()),
            _ => (self.alike(&left, right, &b.span)?, if left.ty == Type::Null { right_unit } else { left_unit }),
        };
        Ok(self.make(syntax, Kind::Arithmetic(operator, Box::new(left), Box::new(right)), Type::Number(ty)))
    }

    /// A time moved by a written duration.
    fn shift(&self, syntax: &Syntax, operator: Arithmetic, time: Expr, by: &Syntax) -> Checked {
        if let (Arithmetic::Add | Arithmetic::Subtract, K::Duration(written)) = (operator, &by.kind) {
            let kind = Kind::Shift(Box::new(time), duration(written)?, operator == Arithmetic::Subtract);
            return Ok(self.make(syntax, kind, Type::Time));
        }
        Err(Fault::new(syntax.span.clone(), format!("`{}` is a time and cannot be reckoned with so", time.text))
            .help("add or subtract a written duration, such as 28 days; between two times: days between a and b"))
    }

    fn unit_of(&self, expr: &Expr, syntax: &Syntax) -> Result<Unit, Fault> {
        match &expr.ty {
            Type::Number(unit) => Ok(unit.clone()),
            Type::Null => Ok(Unit::one()),
            other => {
                let message = format!("`{}` is {}, wanted a number", expr.text, describe(other));
                Err(Fault::new(syntax.span.clone(), message))
            }
        }
    }
}

/// A UCUM unit, or why it is none.
pub(super) fn read_unit(code: &str, span: &Range<usize>) -> Result<Unit, Fault> {
    Unit::parse(code).map_err(|fault| {
        Fault::new(span.clone(), fault.to_string()).help("units are UCUM codes, such as 'g/L', '10*9/L', 'mm[Hg]'")
    })
}

/// The expression in another unit; literals are converted exactly at once.
pub(super) fn to_unit(expr: Expr, unit: &Unit, span: &Range<usize>, molar_mass: Option<Number>) -> Checked {
    let Type::Number(from) = &expr.ty else { return Ok(expr) };
    if from == unit {
        return Ok(expr);
    }
    if from.is_one() != unit.is_one() && (from.is_percent() || unit.is_percent()) {
        let message = format!("a bare number stands against a percent: `{}`", expr.text);
        return Err(Fault::new(span.clone(), message).help("write the unit: 70 '%'"));
    }
    let factor = factor(from, unit, molar_mass.as_ref()).map_err(|fault| {
        Fault::new(span.clone(), fault.to_string()).help(format!("wanted a unit that converts to `{}`", unit.code()))
    })?;
    let ty = Type::Number(unit.clone());
    let text = expr.text.clone();
    let kind = match expr.kind {
        Kind::Literal(Some(Value::Number(value))) => {
            Kind::Literal(Some(Value::Number(value.map_monotone(|n| n * &factor))))
        }
        _ if factor == Number::ONE => return Ok(Expr { ty, ..expr }),
        _ => Kind::Convert(factor, Box::new(expr)),
    };
    Ok(Expr { kind, ty, text })
}

/// What to multiply with; mass and molar units meet through `molar_mass` in g/mol.
pub fn factor(from: &Unit, to: &Unit, molar_mass: Option<&Number>) -> Result<Number, UnitFault> {
    let plain = match from.conversion(to) {
        Ok(c) if c.offset.is_zero() => return Ok(c.factor),
        Ok(_) => return Err(UnitFault::Special(from.code().into())),
        Err(fault) => fault,
    };
    let Some(mass) = molar_mass else { return Err(plain) };
    let per_mole = Unit::parse("g/mol")?;
    let by = |unit: Result<Unit, UnitFault>| unit.and_then(|u| u.conversion(to));
    if let Ok(to_moles) = by(from.per(&per_mole))
        && let Some(factor) = to_moles.factor.checked_div(mass)
    {
        return Ok(factor);
    }
    match by(from.times(&per_mole)) {
        Ok(to_grams) => Ok(&to_grams.factor * mass),
        Err(_) => Err(plain),
    }
}
