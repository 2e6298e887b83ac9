//! The tables of three-valued logic, of CQL 1.5.

use super::*;

const NOW: &str = "2026-03-15T12:00:00+08:00";

fn expected(op: &str, a: Truth, b: Truth) -> Truth {
    use Truth::{False, True, Unknown};
    match (op, a, b) {
        ("and", False, _) | ("and", _, False) => False,
        ("and", True, True) => True,
        ("or", True, _) | ("or", _, True) => True,
        ("or", False, False) => False,
        ("xor", Unknown, _) | ("xor", _, Unknown) => Unknown,
        ("xor", a, b) => Truth::from(a != b),
        ("implies", False, _) | ("implies", _, True) => True,
        ("implies", True, False) => False,
        _ => Unknown,
    }
}

#[test]
fn every_row_of_every_table() {
    // Two names for what is unknown: one quantity written twice is one.
    let names = [("y", Truth::True), ("n", Truth::False), ("u", Truth::Unknown)];
    let others = [("y2", Truth::True), ("n2", Truth::False), ("u2", Truth::Unknown)];
    let mut body: String = names.iter().chain(&others).map(|(name, _)| answered(name)).collect();
    let mut rows = Vec::new();
    for op in ["and", "or", "xor", "implies"] {
        for (a, left) in names {
            for (b, right) in others {
                let id = format!("C{}", rows.len());
                body += &include(&id, &format!("{a} {op} {b}"));
                rows.push((id, format!("{a} {op} {b}"), expected(op, left, right)));
            }
        }
    }
    for (name, truth) in names {
        let id = format!("C{}", rows.len());
        body += &include(&id, &format!("not {name}"));
        rows.push((id, format!("not {name}"), !truth));
    }
    let at = "2026-03-10";
    let facts = [answer("y", true, at), answer("n", false, at), answer("y2", true, at), answer("n2", false, at)];
    let a = world(&body).assess(&facts, NOW);
    for (id, text, truth) in rows {
        assert_eq!(truth_of(&a, &id), truth, "{text}");
    }
}
