//! Written lists in which a number stands in for what is unknown: functions over a list leave that out, as in CQL.

use super::expression::tree::{Aggregate, Expr, Kind, Name, Source};

/// The lists of an expression in which a literal stands beside what may be unknown, with the literal. `known`: the names
/// of which `if … is null then null else …` has said that they are not null here.
pub(super) fn stand_ins<'e>(e: &'e Expr, known: &mut Vec<Name>, found: &mut Vec<(&'e Expr, &'e Expr)>) {
    match &e.kind {
        Kind::If(condition, then, otherwise) => {
            stand_ins(condition, known, found);
            stand_ins(then, known, found);
            let before = known.len();
            if matches!(then.kind, Kind::Literal(None)) {
                known.extend(never_null_beyond(condition));
            }
            stand_ins(otherwise, known, found);
            known.truncate(before);
        }
        Kind::Aggregate(what, Source::List(all)) if !matches!(what, Aggregate::First | Aggregate::Last) => {
            let literal = all.iter().find(|e| matches!(e.kind, Kind::Literal(Some(_))));
            let open = |e: &Expr| !matches!(e.kind, Kind::Literal(_)) && !names(e).iter().any(|n| known.contains(n));
            found.extend(literal.filter(|_| all.iter().any(open)).map(|literal| (e, literal)));
            all.iter().for_each(|e| stand_ins(e, known, found));
        }
        _ => e.children().into_iter().for_each(|child| stand_ins(child, known, found)),
    }
}

/// The names that are not null where a condition does not hold.
fn never_null_beyond(condition: &Expr) -> Vec<Name> {
    match &condition.kind {
        Kind::IsNull(of, false) => names(of),
        Kind::Or(all) => all.iter().flat_map(never_null_beyond).collect(),
        _ => Vec::new(),
    }
}

fn names(e: &Expr) -> Vec<Name> {
    let mut found = Vec::new();
    e.walk(&mut |part| {
        if let Kind::Name(name) = &part.kind {
            found.push(*name);
        }
    });
    found
}
