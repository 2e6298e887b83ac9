//! The parts of an expression, for those who look through it.

use crate::trial::expression::tree::{Expr, Kind, Source};

/// Calls `visit` with each direct part; ends of windows and `where` are no parts.
pub(super) fn children<'a>(e: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    match &e.kind {
        Kind::Literal(_) | Kind::Name(_) | Kind::Now | Kind::Today | Kind::Aggregate(_, Source::Series(_)) => {}
        Kind::Not(a)
        | Kind::IsNull(a, _)
        | Kind::IsTruth(a, _, _)
        | Kind::Negate(a)
        | Kind::Shift(a, _, _)
        | Kind::TimeOf(a)
        | Kind::Limit(_, a)
        | Kind::Baseline(a)
        | Kind::Convert(_, a) => visit(a),
        Kind::And(list)
        | Kind::Or(list)
        | Kind::AtLeast(_, list)
        | Kind::Call(_, list)
        | Kind::List(list)
        | Kind::Aggregate(_, Source::List(list)) => list.iter().for_each(visit),
        Kind::Xor(a, b)
        | Kind::Implies(a, b)
        | Kind::Compare(_, a, b)
        | Kind::Timing(_, a, b)
        | Kind::Member(a, b)
        | Kind::Arithmetic(_, a, b)
        | Kind::UnitsBetween(_, a, b, _)
        | Kind::Interval(a, _, b, _) => [a, b].into_iter().for_each(|x| visit(x)),
        Kind::Between(a, b, c) | Kind::If(a, b, c) => [a, b, c].into_iter().for_each(|x| visit(x)),
        Kind::Case(comparand, pairs, otherwise) => {
            comparand.iter().for_each(|c| visit(c));
            pairs.iter().flat_map(|(w, t)| [w, t]).for_each(&mut *visit);
            visit(otherwise);
        }
    }
}
