//! An assessment in words, for a terminal.

use super::assessment::Meta;
use crate::model::assessment::{Assessment, CriterionFinding, FactUsed, Node};
use std::fmt::Write;

/// Verdict, what would decide it, and each criterion with what led to its result.
pub fn text(assessment: &Assessment, meta: &Meta) -> String {
    let a = assessment;
    let mut out = String::new();
    let marks = [(a.for_people_only, "for people only"), (a.provisional, "provisional"), (a.presumed, "presumed")];
    let marks: Vec<&str> = marks.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
    let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
    put(&mut out, 0, &format!("{} version {}: {}{marks}", a.trial, a.version, a.overall.word()));
    put(&mut out, 0, &format!("person {} as of {}", meta.person, meta.zone.show(a.as_of)));
    open_and_near(a, &mut out);
    if let Some(at) = a.changes_at {
        put(&mut out, 0, &format!("may change without new data at {}", meta.zone.show(at)));
    }
    for (name, alternatives) in &a.readings {
        let verdicts: Vec<String> = alternatives.iter().map(|(w, o)| format!("{w}: {}", o.word())).collect();
        put(&mut out, 0, &format!("reading {name}: {}", verdicts.join(", ")));
    }
    for finding in &a.criteria {
        criterion(finding, &mut out);
    }
    out
}

fn open_and_near(a: &Assessment, out: &mut String) {
    if !a.missing.is_empty() {
        put(out, 0, if a.all_open_listed { "open (too many to tell which decide):" } else { "would decide it:" });
    }
    for m in &a.missing {
        let last = m.last.as_ref().map(|l| format!(", last {l}")).unwrap_or_default();
        put(out, 1, &format!("{}: {}{last} ({})", m.variable, m.reason.words(), m.criteria.join(", ")));
        if !m.may_be.is_empty() {
            let codes: Vec<String> = m.may_be.iter().map(ToString::to_string).collect();
            put(out, 2, &format!("may be one of: {}", codes.join(", ")));
        }
    }
    if let Some(near) = &a.near_miss {
        put(out, 0, &format!("{} alone keeps the person out:", near.criterion));
        for c in &near.comparisons {
            put(out, 1, &format!("{}: {} against {}, apart by {}", c.expression, c.value, c.limit, c.difference));
        }
    }
}

fn criterion(finding: &CriterionFinding, out: &mut String) {
    let kind = if finding.exclusion { "exclusion" } else { "inclusion" };
    put(out, 0, "");
    put(out, 0, &format!("{} {kind}: {}", finding.id, finding.result.word()));
    put(out, 1, &finding.protocol);
    node(&finding.tree, 1, out);
    for used in &finding.facts {
        fact(used, out);
    }
}

fn node(n: &Node, depth: usize, out: &mut String) {
    let result = n.result.map(|r| format!("{}: ", r.word())).unwrap_or_default();
    let value = n.value.as_ref().map(|v| format!(" [{v}]")).unwrap_or_default();
    put(out, depth, &format!("{result}{}{value}", n.expression));
    for part in &n.parts {
        node(part, depth + 1, out);
    }
}

fn fact(used: &FactUsed, out: &mut String) {
    let value = used.value.as_ref().map_or_else(|| "not used".to_owned(), ToString::to_string);
    let remark = used.remark.as_ref().map(|r| format!("; {r}")).unwrap_or_default();
    let source = if used.source.is_empty() { String::new() } else { format!(", {}", used.source) };
    let line = format!("{}: {} -> {value}, {}, {}{source}{remark}", used.variable, used.received, used.at, used.status);
    put(out, 2, &line);
}

fn put(out: &mut String, depth: usize, line: &str) {
    // Writing to a String cannot fail.
    let _ =
        writeln!(out, "{:indent$}{}", "", line.split_whitespace().collect::<Vec<_>>().join(" "), indent = depth * 2);
}
