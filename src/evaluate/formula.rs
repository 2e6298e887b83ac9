//! A criterion as a formula over what is open: quantities, and the limits that cut their range into cells.

use super::diagram::{Diagram, FALSE, TRUE};
use super::scene::Scene;
use super::value::{compare, mirrored};
use crate::model::interval::{End, Interval};
use crate::model::number::Number;
use crate::model::truth::Truth;
use crate::trial::definition::VariableKind;
use crate::trial::expression::tree::{Comparison, Expr, Kind, Name, Type};

/// A formula; what is known is already put in.
#[derive(Debug)]
pub(super) enum Form {
    Known(bool),
    Open(usize),
    Test(usize, Comparison, Number),
    Not(Box<Form>),
    All(Vec<Form>),
    Any(Vec<Form>),
    Xor(Box<Form>, Box<Form>),
    AtLeast(usize, Vec<Form>),
    If(Box<Form>, Box<Form>, Box<Form>),
}

/// What the evaluation leaves open: a truth, or a number within what is known of it.
#[derive(Debug)]
pub(super) struct Quantity<'a> {
    pub(super) expr: &'a Expr,
    known: Option<Interval>,
    limits: Vec<Number>,
}

/// All quantities of an evaluation, in order of first mention.
#[derive(Debug, Default)]
pub(super) struct Quantities<'a>(pub(super) Vec<Quantity<'a>>);

impl<'a> Quantities<'a> {
    fn place(&mut self, expr: &'a Expr, known: Option<Interval>) -> usize {
        let same = |q: &Quantity| match (&q.expr.kind, &expr.kind) {
            (Kind::Name(a), Kind::Name(b)) => a == b,
            _ => q.expr.text == expr.text && q.expr.ty == expr.ty,
        };
        self.0.iter().position(same).unwrap_or_else(|| {
            self.0.push(Quantity { expr, known, limits: Vec::new() });
            self.0.len() - 1
        })
    }

    fn test(&mut self, expr: &'a Expr, known: Option<Interval>, op: Comparison, limit: &Number) -> Form {
        let place = self.place(expr, Some(known.unwrap_or(Interval::ANY)));
        let limits = &mut self.0[place].limits;
        if let Err(at) = limits.binary_search(limit) {
            limits.insert(at, limit.clone());
        }
        Form::Test(place, op, limit.clone())
    }

    /// The cells of a quantity's range; `None` for a truth.
    pub(super) fn cells(&self, place: usize) -> Option<Vec<Interval>> {
        let q = &self.0[place];
        let known = q.known.as_ref()?;
        let mut cells = Vec::new();
        let mut low: Option<End> = None;
        for limit in &q.limits {
            cells.extend(Interval::new(low, Some(End::open(limit.clone()))));
            cells.push(Interval::exact(limit.clone()));
            low = Some(End::open(limit.clone()));
        }
        cells.push(Interval { low, high: None });
        cells.retain(|c| c.intersection(known).is_some());
        Some(cells)
    }
}

impl<'a> Scene<'a> {
    /// The formula of a truth.
    pub(super) fn form(&self, e: &'a Expr, q: &mut Quantities<'a>) -> Form {
        if let Some(known) = self.truth(e).known() {
            return Form::Known(known);
        }
        let mut many = |list: &'a [Expr]| -> Vec<Form> { list.iter().map(|p| self.form(p, q)).collect() };
        match &e.kind {
            Kind::And(list) => Form::All(many(list)),
            Kind::Or(list) => Form::Any(many(list)),
            Kind::AtLeast(n, list) => Form::AtLeast(*n, many(list)),
            Kind::Not(a) => Form::Not(Box::new(self.form(a, q))),
            Kind::Xor(a, b) => Form::Xor(Box::new(self.form(a, q)), Box::new(self.form(b, q))),
            Kind::Implies(a, b) => Form::Any(vec![Form::Not(Box::new(self.form(a, q))), self.form(b, q)]),
            Kind::Compare(op, a, b) => self.test_form(e, *op, a, b, q),
            Kind::Between(x, low, high) => self.between_form(e, x, low, high, q),
            Kind::If(c, a, b) => {
                let condition = Box::new(self.form(c, q));
                Form::If(condition, Box::new(self.form(a, q)), Box::new(self.form(b, q)))
            }
            Kind::Case(None, pairs, otherwise) => {
                let forms: Vec<(Form, Form)> = pairs.iter().map(|(w, t)| (self.form(w, q), self.form(t, q))).collect();
                let last = self.form(otherwise, q);
                forms.into_iter().rev().fold(last, |rest, (w, t)| Form::If(Box::new(w), Box::new(t), Box::new(rest)))
            }
            Kind::Name(name) => self.named_form(e, *name, q),
            _ => Form::Open(q.place(e, None)),
        }
    }

    fn named_form(&self, e: &'a Expr, name: Name, q: &mut Quantities<'a>) -> Form {
        match name {
            Name::Reading(i) => match self.chosen(i) {
                Some(chosen) => self.form(chosen, q),
                None => Form::Open(q.place(e, None)),
            },
            Name::Criterion(i) => self.criterion_form(i, q),
            Name::Variable(i) => match &self.trial.variables[i].kind {
                VariableKind::Derived(inner) => self.form(inner, q),
                _ => Form::Open(q.place(e, None)),
            },
            _ => Form::Open(q.place(e, None)),
        }
    }

    /// A criterion as a truth: where it does not apply an inclusion holds, an exclusion does not.
    pub(super) fn criterion_form(&self, i: usize, q: &mut Quantities<'a>) -> Form {
        let c = &self.trial.criteria[i];
        if let Some((fixed, truth)) = self.fixed
            && fixed == i
            && let Some(known) = truth.known()
        {
            return Form::Known(known);
        }
        let applies = c.applies.as_ref().map(|a| self.form(a, q));
        let own = self.form(&c.expression, q);
        match applies {
            None => own,
            Some(applies) if c.exclusion => Form::All(vec![applies, own]),
            Some(applies) => Form::Any(vec![Form::Not(Box::new(applies)), own]),
        }
    }

    fn test_form(&self, e: &'a Expr, op: Comparison, a: &'a Expr, b: &'a Expr, q: &mut Quantities<'a>) -> Form {
        if !matches!(a.ty, Type::Number(_)) {
            return Form::Open(q.place(e, None));
        }
        let (left, right) = (self.number(a), self.number(b));
        let exact = |n: &Option<Interval>| n.as_ref().and_then(Interval::as_exact).cloned();
        match (exact(&left), exact(&right)) {
            (None, Some(limit)) => q.test(a, left, op, &limit),
            (Some(limit), None) => q.test(b, right, mirrored(op), &limit),
            _ => Form::Open(q.place(e, None)),
        }
    }

    fn between_form(&self, e: &'a Expr, x: &'a Expr, low: &'a Expr, high: &'a Expr, q: &mut Quantities<'a>) -> Form {
        let exact = |n: Option<Interval>| n.as_ref().and_then(Interval::as_exact).cloned();
        match (matches!(x.ty, Type::Number(_)), exact(self.number(low)), exact(self.number(high))) {
            (true, Some(low), Some(high)) => {
                let known = self.number(x);
                let above = q.test(x, known.clone(), Comparison::GreaterOrEqual, &low);
                Form::All(vec![above, q.test(x, known, Comparison::LessOrEqual, &high)])
            }
            _ => Form::Open(q.place(e, None)),
        }
    }

    /// How everything combines: the inclusions, and no exclusion.
    pub(super) fn overall_form(&self, q: &mut Quantities<'a>) -> Form {
        let t = self.trial;
        let mut parts = Vec::new();
        match &t.included {
            Some(included) => parts.push(self.form(included, q)),
            None => {
                let inclusions = (0..t.criteria.len()).filter(|i| !t.criteria[*i].exclusion);
                parts.extend(inclusions.map(|i| self.criterion_form(i, q)));
            }
        }
        for i in (0..t.criteria.len()).filter(|i| t.criteria[*i].exclusion) {
            parts.push(Form::Not(Box::new(self.criterion_form(i, q))));
        }
        Form::All(parts)
    }
}

/// The diagram of a formula.
pub(super) fn build(form: &Form, q: &Quantities, d: &mut Diagram) -> usize {
    let mut many = |list: &[Form]| -> Vec<usize> { list.iter().map(|f| build(f, q, d)).collect() };
    match form {
        Form::Known(known) => usize::from(*known),
        Form::Open(place) => d.node(*place, vec![FALSE, TRUE]),
        Form::Test(place, op, limit) => {
            let limit = Interval::exact(limit.clone());
            let cells = q.cells(*place).unwrap_or_default();
            let leaf = |c: &Interval| usize::from(compare(*op, c, &limit) == Truth::True);
            let leaves = cells.iter().map(leaf).collect();
            d.node(*place, leaves)
        }
        Form::Not(a) => {
            let a = build(a, q, d);
            d.not(a)
        }
        Form::All(list) => many(list).into_iter().fold(TRUE, |all, f| d.and(all, f)),
        Form::Any(list) => many(list).into_iter().fold(FALSE, |any, f| d.or(any, f)),
        Form::Xor(a, b) => {
            let (a, b) = (build(a, q, d), build(b, q, d));
            d.xor(a, b)
        }
        Form::AtLeast(n, list) => {
            let list = many(list);
            d.at_least(*n, &list)
        }
        Form::If(c, a, b) => {
            let (c, a, b) = (build(c, q, d), build(a, q, d), build(b, q, d));
            d.choose(c, a, b)
        }
    }
}

/// Every quantity of a formula.
pub(super) fn mentioned(form: &Form, found: &mut Vec<usize>) {
    match form {
        Form::Known(_) => {}
        Form::Open(place) | Form::Test(place, ..) => found.push(*place),
        Form::Not(a) => mentioned(a, found),
        Form::All(list) | Form::Any(list) | Form::AtLeast(_, list) => list.iter().for_each(|f| mentioned(f, found)),
        Form::Xor(a, b) => [a, b].into_iter().for_each(|f| mentioned(f, found)),
        Form::If(a, b, c) => [a, b, c].into_iter().for_each(|f| mentioned(f, found)),
    }
}
