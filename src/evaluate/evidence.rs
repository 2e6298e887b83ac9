//! What a verdict rests on, for people: trees of expressions, facts as received and as used.

use super::scene::{Scene, Used};
use super::value::{Known, Val, When, of_value};
use crate::model::assessment::{FactUsed, Node};
use crate::model::fact::{Fact, FactValue, ReceivedEnd, ReceivedNumber};
use crate::model::interval::Interval;
use crate::model::reading::{Reading, Value};
use crate::model::shown::Shown;
use crate::model::time::Zone;
use crate::model::truth::Truth;
use crate::model::unit::Unit;
use crate::trial::definition::{Criterion, VariableKind};
use crate::trial::expression::tree::{Expr, Kind, Name, PROBLEM_LIST, Type};
use smol_str::{SmolStr, SmolStrBuilder};

/// A number with its unit; plain numbers stand alone.
pub(super) fn show_number(n: &Interval, unit: &str) -> String {
    if unit == "1" { n.to_string() } else { format!("{n} {unit}") }
}

/// A value as evidence shows it.
fn show(value: &Val, ty: &Type, zone: &Zone) -> Shown {
    match value {
        Val::Number(n) => Shown::Number(n.clone(), if let Type::Number(unit) = ty { Some(unit.words()) } else { None }),
        Val::Truth(t) => Shown::Truth(Truth::from(*t)),
        Val::Text(t) => Shown::Text(t.clone()),
        Val::Time(When { range, .. }) => Shown::Time(*range, zone.clone()),
    }
}

impl<'a> Scene<'a> {
    /// The tree of a criterion, with its truth by the plain tables.
    pub(super) fn criterion_node(&self, c: &'a Criterion) -> (Truth, Option<Truth>, Node) {
        let own = self.node(&c.expression);
        let Some(applies) = &c.applies else {
            return (own.0, None, own.1);
        };
        let when = self.node(applies);
        let result = if c.exclusion { when.0.and(own.0) } else { when.0.implies(own.0) };
        let word = if c.exclusion { "and" } else { "implies" };
        let expression = format!("{} {word} {}", applies.text, c.expression.text).into();
        (result, Some(when.0), Node { expression, result: Some(result), value: None, parts: vec![when.1, own.1] })
    }

    /// The tree of a truth; each part is worked out once, on the way.
    fn node(&self, e: &'a Expr) -> (Truth, Node) {
        let many = |list: &'a [Expr]| -> (Vec<Truth>, Vec<Node>) { list.iter().map(|p| self.node(p)).unzip() };
        let (truth, value, parts) = match &e.kind {
            Kind::And(list) => {
                let (truths, parts) = many(list);
                (truths.into_iter().fold(Truth::True, Truth::and), None, parts)
            }
            Kind::Or(list) => {
                let (truths, parts) = many(list);
                (truths.into_iter().fold(Truth::False, Truth::or), None, parts)
            }
            Kind::AtLeast(n, list) => {
                let (truths, parts) = many(list);
                (Truth::at_least(*n, truths), None, parts)
            }
            Kind::Not(a) => {
                let (truth, part) = self.node(a);
                (!truth, None, vec![part])
            }
            Kind::Compare(op, a, b) => {
                let (left, right) = self.sides(a, b);
                let mut parts = Vec::new();
                if !matches!(b.kind, Kind::Literal(_)) {
                    parts.push(self.side(a, &left));
                    parts.push(self.side(b, &right));
                }
                (self.compared(*op, &left, &right), self.shown(a, &left), parts)
            }
            Kind::Name(name) => (self.truth(e), None, self.behind(*name)),
            _ => (self.truth(e), None, Vec::new()),
        };
        (truth, Node { expression: e.text.clone(), result: Some(truth), value, parts })
    }

    fn shown(&self, e: &Expr, value: &Known) -> Option<Shown> {
        value.as_ref().map(|v| show(v, &e.ty, self.zone()))
    }

    fn side(&self, e: &'a Expr, value: &Known) -> Node {
        Node { expression: e.text.clone(), result: None, value: self.shown(e, value), parts: Vec::new() }
    }

    /// What stands behind a name that is a truth.
    fn behind(&self, name: Name) -> Vec<Node> {
        match name {
            Name::Reading(i) => self.chosen(i).map(|e| self.node(e).1).into_iter().collect(),
            Name::Variable(i) => match &self.trial.variables[i].kind {
                VariableKind::Derived(e) if !matches!(e.kind, Kind::Literal(_)) => vec![self.node(e).1],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The facts that a stretch of the log names, each once.
    pub(super) fn facts_used(&self, mut named: Vec<Used>, provisional: &mut bool) -> Vec<FactUsed> {
        named.sort_unstable();
        named.dedup();
        let mut found = Vec::with_capacity(named.len());
        for &(variable, place) in &named {
            let Some(reading) = self.all_of(variable).get(place).filter(|_| variable != PROBLEM_LIST) else {
                continue;
            };
            *provisional |= reading.provisional;
            found.extend(self.fact_used(variable, reading));
        }
        named.dedup_by_key(|u| u.0);
        named.iter().filter(|u| u.0 != PROBLEM_LIST).for_each(|u| self.left_out(u.0, &mut found));
        found
    }

    fn fact_used(&self, variable: usize, reading: &Reading) -> Option<FactUsed> {
        let fact = self.facts.get(reading.fact)?;
        let v = &self.trial.variables[variable];
        let value = match &reading.value {
            Value::Truth(t) => Shown::Truth(*t),
            Value::Number(n) => Shown::Number(n.clone(), v.unit.as_ref().map(Unit::words)),
            other => show(&of_value(other, self.zone())?, &Type::Null, self.zone()),
        };
        Some(FactUsed {
            variable: v.name.clone(),
            value: Some(value),
            received: reading.made_of().map_or_else(|| received(fact), Into::into),
            at: Shown::Time(reading.at, self.zone().clone()),
            status: fact.draft.status.word(),
            source: String::new(),
            fact: reading.fact,
            remark: reading.provisional.then(|| "may still change".to_owned()),
        })
    }

    /// The next fact of a variable that does not exist yet: a clock or a date that is wrong shows by it.
    pub(super) fn later(&self, variable: usize, found: &mut Vec<FactUsed>) {
        let next = self.all_of(variable).iter().find(|r| self.live && r.at.earliest > self.now);
        if let Some(fact) = next.and_then(|reading| self.fact_used(variable, reading)) {
            let remark = Some("later than the moment asked about: it does not exist yet".to_owned());
            found.push(FactUsed { value: None, remark, ..fact });
        }
    }

    /// The facts of a variable that are not used, each with its reason.
    pub(super) fn left_out(&self, variable: usize, found: &mut Vec<FactUsed>) {
        let Some(series) = self.readings.series.get(variable) else {
            return;
        };
        for left in &series.left_out {
            let Some(fact) = self.facts.get(left.fact) else {
                continue;
            };
            found.push(FactUsed {
                variable: self.trial.variables[variable].name.clone(),
                value: None,
                received: received(fact),
                at: fact.draft.at.map_or(Shown::NoTime, |at| Shown::Time(at, self.zone().clone())),
                status: fact.draft.status.word(),
                source: String::new(),
                fact: left.fact,
                remark: Some(format!("{}: {}", left.reason.words(), left.text)),
            });
        }
    }
}

/// A fact's value as it was received.
pub fn received(fact: &Fact) -> SmolStr {
    match &fact.draft.value {
        FactValue::Quantity { number, unit } => {
            let mut out = SmolStrBuilder::new();
            match number {
                ReceivedNumber::Exact(decimal) => out.push_str(decimal),
                ReceivedNumber::Range(ends) => received_range(ends, &mut out),
            }
            if !unit.as_written().is_empty() {
                out.push(' ');
                out.push_str(unit.as_written());
            }
            out.finish()
        }
        FactValue::Coded { codings, text } => match (text, codings.first()) {
            (Some(text), Some(first)) => format!("{text} ({first})").into(),
            (Some(text), None) => text.into(),
            (None, Some(first)) => first.to_string().into(),
            (None, None) => SmolStr::default(),
        },
        FactValue::Text(text) => text.into(),
        FactValue::Boolean(b) => b.to_string().into(),
        FactValue::Date(date) => date.to_string().into(),
        FactValue::Absent(why) => format!("absent: {why}").into(),
        FactValue::Unreadable(kind) => format!("a {kind}").into(),
    }
}

fn received_range([low, high]: &[Option<ReceivedEnd>; 2], out: &mut SmolStrBuilder) {
    let words: [&str; 3] = match (low, high) {
        (Some(l), Some(h)) => [&l.decimal, "-", &h.decimal],
        (Some(l), None) => [if l.closed { ">=" } else { ">" }, "", &l.decimal],
        (None, Some(h)) => [if h.closed { "<=" } else { "<" }, "", &h.decimal],
        (None, None) => return,
    };
    words.iter().for_each(|word| out.push_str(word));
}
