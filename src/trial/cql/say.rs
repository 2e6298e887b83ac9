//! Expressions in CQL. What CQL would decide and the gateway leaves open is guarded by null.

use super::number::{literal, sign, type_name};
use super::write::Writer;
use crate::model::reading::Value;
use crate::model::truth::Truth;
use crate::trial::expression::tree::{
    Aggregate, Arithmetic, BuiltIn, Comparison, Expr, Function, Kind, Name, Source, Timing, Type,
};

pub(super) type Said = Result<String, String>;

impl Writer<'_> {
    /// The expression, or null of its type where CQL cannot say it, which is put on the list.
    pub(super) fn say(&mut self, e: &Expr) -> String {
        match self.try_say(e) {
            Ok(said) => said,
            Err(why) => {
                self.unsaid(&e.text, why);
                format!("(null as {})", type_name(&e.ty))
            }
        }
    }

    fn try_say(&mut self, e: &Expr) -> Said {
        match &e.kind {
            Kind::Literal(value) => literal_of(value.as_ref(), &e.ty),
            Kind::Name(name) => self.name(*name, e),
            Kind::Not(a) => Ok(format!("(not {})", self.say(a))),
            Kind::And(all) => Ok(self.joined(all, " and ")),
            Kind::Or(all) => Ok(self.joined(all, " or ")),
            Kind::Xor(a, b) => Ok(format!("({} xor {})", self.say(a), self.say(b))),
            Kind::Implies(a, b) => Ok(format!("({} implies {})", self.say(a), self.say(b))),
            Kind::AtLeast(n, all) => {
                let all: Vec<String> = all.iter().map(|e| self.say(e)).collect();
                Ok(format!("AtLeast({n}, {{ {} }})", all.join(", ")))
            }
            Kind::Compare(op, a, b) => self.compared(*op, a, b),
            Kind::Timing(timing, a, b) => self.timing(*timing, a, b),
            Kind::Between(x, low, high) => {
                let above = self.compared(Comparison::GreaterOrEqual, x, low)?;
                Ok(format!("({above} and {})", self.compared(Comparison::LessOrEqual, x, high)?))
            }
            Kind::Member(x, of) => self.member(x, of),
            Kind::IsNull(a, negated) => {
                let (said, nothing) = (self.value_or_time(a)?, self.nothing(a));
                Ok(negate(format!("(if {said} is not null then false else {nothing})"), *negated))
            }
            Kind::IsTruth(a, wanted, negated) => {
                let (said, nothing) = (self.say(a), self.nothing(a));
                let is = if *wanted { said.clone() } else { format!("not {said}") };
                let is = format!("(if {said} is not null then {is} else if {nothing} then false else null)");
                Ok(negate(is, *negated))
            }
            Kind::If(c, a, b) => {
                let (c, a, b) = (self.say(c), self.say(a), self.say(b));
                Ok(format!("(if {c} is null then null else if {c} then {a} else {b})"))
            }
            Kind::Case(comparand, pairs, last) => self.case(comparand.as_deref(), pairs, last),
            Kind::Arithmetic(op, a, b) => self.reckoned(*op, a, b),
            Kind::Negate(a) => Ok(format!("(0.0 - {})", self.say(a))),
            Kind::Convert(factor, a) => self.converted(factor, a),
            Kind::Call(function, arguments) => self.call(*function, arguments),
            Kind::UnitsBetween(unit, a, b, difference) => self.units_between(*unit, a, b, *difference),
            Kind::Aggregate(what, Source::Series(series)) => self.over_series(*what, series, &e.text),
            Kind::Aggregate(what, Source::List(all)) => self.over_list(*what, all),
            Kind::Limit(upper, of) => self.limit(*upper, of),
            Kind::Baseline(_) => Err("what was at another moment: CQL has one moment for all".into()),
            _ => Err("no form of CQL is written for it".into()),
        }
    }

    fn joined(&mut self, all: &[Expr], word: &str) -> String {
        let all: Vec<String> = all.iter().map(|e| self.say(e)).collect();
        format!("({})", all.join(word))
    }

    fn name(&mut self, name: Name, e: &Expr) -> Said {
        Ok(match name {
            Name::Variable(i) => self.variable(i)?,
            Name::Reading(i) => self.reading(i)?,
            Name::Criterion(i) => self.criterion(i),
            Name::Value => "F.value".into(),
            Name::BuiltIn(b @ (BuiltIn::Sex | BuiltIn::Site | BuiltIn::Country)) => self.built_in(b),
            Name::BuiltIn(BuiltIn::Arm | BuiltIn::Stratum) => "(null as String)".into(),
            _ if e.ty == Type::Time => return Err("a time where a value is wanted".into()),
            _ => return Err("a name without a form in CQL".into()),
        })
    }

    fn value_or_time(&mut self, e: &Expr) -> Said {
        if e.ty != Type::Time {
            return Ok(self.say(e));
        }
        let time = self.time(e)?;
        time.first.or(time.earliest).ok_or_else(|| "a time of no form in CQL".into())
    }

    pub(super) fn compared(&mut self, op: Comparison, a: &Expr, b: &Expr) -> Said {
        let ty = if a.ty == Type::Null { &b.ty } else { &a.ty };
        match ty {
            Type::Number(_) => Ok(self.compare_numbers(op, a, b)),
            Type::Time => self.compare_times(op, a, b),
            Type::Null => Ok("(null as Boolean)".into()),
            _ => Ok(format!("({} {} {})", self.say(a), sign(op), self.say(b))),
        }
    }

    fn timing(&mut self, timing: Timing, a: &Expr, b: &Expr) -> Said {
        let op = match timing {
            Timing::Before => Comparison::Less,
            Timing::After => Comparison::Greater,
            Timing::OnOrBefore => Comparison::LessOrEqual,
            Timing::OnOrAfter => Comparison::GreaterOrEqual,
            Timing::During => return self.member(a, b),
        };
        self.compare_times(op, a, b)
    }

    /// CQL takes an unknown member for an unknown element; here each is compared.
    fn member(&mut self, x: &Expr, of: &Expr) -> Said {
        match &of.kind {
            Kind::Interval(low, low_closed, high, high_closed) => {
                let above = if *low_closed { Comparison::GreaterOrEqual } else { Comparison::Greater };
                let below = if *high_closed { Comparison::LessOrEqual } else { Comparison::Less };
                Ok(format!("({} and {})", self.compared(above, x, low)?, self.compared(below, x, high)?))
            }
            Kind::List(all) => {
                let each = all.iter().map(|e| self.compared(Comparison::Equal, x, e)).collect::<Result<Vec<_>, _>>()?;
                Ok(format!("({})", if each.is_empty() { "false".into() } else { each.join(" or ") }))
            }
            _ => Err("an interval or list that is not written out".into()),
        }
    }

    fn case(&mut self, comparand: Option<&Expr>, pairs: &[(Expr, Expr)], last: &Expr) -> Said {
        let mut said = self.say(last);
        for (when, then) in pairs.iter().rev() {
            let holds = match comparand {
                Some(with) => self.compared(Comparison::Equal, with, when)?,
                None => self.say(when),
            };
            said = format!("(if {holds} is null then null else if {holds} then {} else {said})", self.say(then));
        }
        Ok(said)
    }

    fn call(&mut self, function: Function, arguments: &[Expr]) -> Said {
        let said =
            |writer: &mut Self, i: usize| arguments.get(i).map(|e| writer.say(e)).ok_or("an argument is wanting");
        Ok(match function {
            Function::Coalesce => {
                let mut parts = arguments.iter().rev();
                let last = parts.next().ok_or("a call without an argument")?;
                let mut so_far = self.say(last);
                for e in parts {
                    so_far = format!("(if {} is true then {so_far} else {})", self.nothing(e), self.say(e));
                }
                so_far
            }
            Function::Abs => format!("Abs({})", said(self, 0)?),
            Function::Exp => format!("ExpOf({})", said(self, 0)?),
            Function::Ln => format!("LnOf({})", said(self, 0)?),
            Function::Log => format!("LogOf({}, {})", said(self, 0)?, said(self, 1)?),
            Function::Power => format!("PowerOf({}, {})", said(self, 0)?, said(self, 1)?),
            Function::PercentChange => format!("PercentChange({}, {})", said(self, 0)?, said(self, 1)?),
            _ => self.rounded(function, arguments)?,
        })
    }

    /// Functions over a written list leave out what is unknown; what CQL alone does not know is not left out.
    fn over_list(&mut self, what: Aggregate, all: &[Expr]) -> Said {
        let said: Vec<(String, String)> = all.iter().map(|e| (self.say(e), self.nothing(e))).collect();
        let open: Vec<String> =
            said.iter().map(|(v, nothing)| format!("({v} is null and {nothing} is not true)")).collect();
        let open = if open.is_empty() { "false".into() } else { open.join(" or ") };
        let values = said.iter().map(|(v, _)| v.as_str()).collect::<Vec<_>>().join(", ");
        let known = format!("({{ {values} }}) X where X is not null");
        Ok(match what {
            Aggregate::First => said.first().map_or_else(|| "null".into(), |(v, _)| v.clone()),
            Aggregate::Last => said.last().map_or_else(|| "null".into(), |(v, _)| v.clone()),
            Aggregate::AnyTrue => {
                format!("(if exists (({{ {values} }}) X where X) then true else if {open} then null else false)")
            }
            Aggregate::AllTrue => {
                format!("(if exists (({{ {values} }}) X where not X) then false else if {open} then null else true)")
            }
            Aggregate::Exists => format!("(if exists ({known}) then true else if {open} then null else false)"),
            Aggregate::Count => format!("(if {open} then null else ToDecimal(Count({{ {values} }})))"),
            Aggregate::Min => format!("(if {open} then null else Min({{ {values} }}))"),
            Aggregate::Max => format!("(if {open} then null else Max({{ {values} }}))"),
            Aggregate::Sum => format!("(if {open} then null else Sum({{ {values} }}))"),
            Aggregate::Avg => format!("(if {open} then null else Avg({{ {values} }}))"),
            Aggregate::Median => format!("(if {open} then null else Median({{ {values} }}))"),
            Aggregate::Duration(_) | Aggregate::DailyDose | Aggregate::StableDose => {
                return Err("a list has no times".into());
            }
        })
    }

    /// True where the gateway knows nothing of the value for sure, false where it knows at least a part of it, null
    /// where CQL cannot tell.
    pub(super) fn nothing(&mut self, e: &Expr) -> String {
        match &e.kind {
            Kind::Literal(value) => value.is_none().to_string(),
            Kind::Name(Name::Variable(i)) => self.variable_nothing(*i),
            Kind::Name(Name::Reading(i)) => match self.chosen(*i) {
                Some(chosen) => self.nothing(&chosen.clone()),
                None => "(null as Boolean)".into(),
            },
            Kind::Convert(_, a) | Kind::Negate(a) => self.nothing(a),
            Kind::Arithmetic(Arithmetic::Divide, a, b) => {
                let (a, nothing, b) = (self.nothing(a), self.nothing(b), self.say(b));
                format!("({a} or {nothing} or ({b} = 0.0))")
            }
            Kind::Arithmetic(Arithmetic::Add | Arithmetic::Subtract | Arithmetic::Multiply, a, b) => {
                format!("({} or {})", self.nothing(a), self.nothing(b))
            }
            Kind::Call(Function::Coalesce, all) if e.ty != Type::Truth => {
                let all: Vec<String> = all.iter().map(|e| self.nothing(e)).collect();
                format!("({})", all.join(" and "))
            }
            Kind::Aggregate(
                Aggregate::First | Aggregate::Last | Aggregate::Min | Aggregate::Max,
                Source::Series(s),
            ) => self.series_nothing(s, &e.text, e.ty == Type::Truth),
            Kind::Aggregate(Aggregate::Min | Aggregate::Max, Source::List(all)) => {
                let all: Vec<String> = all.iter().map(|e| self.nothing(e)).collect();
                format!("({})", all.join(" and "))
            }
            _ if e.ty == Type::Time => "(null as Boolean)".into(),
            _ => format!("(if {} is null then (null as Boolean) else false)", self.say(e)),
        }
    }
}

fn negate(said: String, negated: bool) -> String {
    if negated { format!("(not {said})") } else { said }
}

fn literal_of(value: Option<&Value>, ty: &Type) -> Said {
    match value {
        None if *ty == Type::Null => Ok("null".into()),
        None => Ok(format!("(null as {})", type_name(ty))),
        Some(Value::Truth(Truth::True)) => Ok("true".into()),
        Some(Value::Truth(Truth::False)) => Ok("false".into()),
        Some(Value::Truth(Truth::Unknown)) => Ok("(null as Boolean)".into()),
        Some(Value::Text(text)) => Ok(format!("'{text}'")),
        Some(Value::Number(n)) => literal(n.as_exact().ok_or("a range is no literal of CQL")?),
        Some(Value::Time(_)) => Err("a time where a value is wanted".into()),
    }
}
