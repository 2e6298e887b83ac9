//! The sections of a definition beside its variables: study, readings, eligibility, conduct, treatment, visits.

use super::definition::*;
use super::document::{Document, Node};
use super::expression::check::Wanted;
use super::expression::tree::{Kind, Type};
use super::formulas::{Formulas, alternatives, criteria};
use super::mistake::{Mistake, Severity};
use super::systems::CodeReader;
use super::variables::time_span;
use crate::model::number::Number;
use crate::model::reading::Value;
use crate::model::time::Zone;

/// Builds the definition; `None` where a part has a mistake, which is told.
pub(super) fn build(
    document: &Document<'_>,
    codes: &mut CodeReader<'_>,
    formulas: &mut Formulas<'_, '_>,
    variables: Option<Vec<Variable>>,
    digest: [u8; 32],
) -> Option<Trial> {
    let root = document.root();
    let study = study(&root, codes, &mut formulas.mistakes);
    let anchors = anchors(&root, formulas);
    let readings = readings(&root, formulas);
    let criteria = all_criteria(document, formulas);
    let eligibility = root.get("eligibility");
    let mut of =
        |key: &str| eligibility.as_ref().and_then(|e| e.get(key)).map(|n| formulas.expression(&n, &Wanted::Truth));
    let (consider, included) = (of("consider"), of("included"));
    let conduct = conduct(&root, &mut formulas.mistakes);
    let variables = variables?;
    let treatment = root.get("treatment").map(|node| treatment(&node, &variables, formulas));
    let visits = visits(&root, formulas);
    not_yet(&root, &mut formulas.mistakes);
    Some(Trial {
        id: root.text("trial")?.to_owned(),
        version: u32::try_from(root.get("version")?.value.as_u64()?).ok()?,
        digest,
        study,
        variables,
        anchors: anchors?,
        readings: readings?,
        criteria: criteria?,
        consider: flat(consider)?,
        included: flat(included)?,
        notes: notes(&root),
        conduct: conduct?,
        hidden: root.get("blinding").map(|b| b.texts("hidden")).unwrap_or_default(),
        treatment: flat(treatment)?,
        visits: visits?,
    })
}

/// What is not there is fine; what is there and wrong is not.
fn flat<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    match part {
        None => Some(None),
        Some(found) => found.map(Some),
    }
}

fn not_yet(root: &Node<'_, '_>, mistakes: &mut Vec<Mistake>) {
    for key in ["outcomes", "safety"] {
        if root.get(key).is_some() {
            let message = format!("`{key}` is kept and not evaluated yet");
            mistakes.push(root.document.at_key(Severity::Warning, &format!("/{key}"), message));
        }
    }
}

fn owned(node: &Node<'_, '_>, key: &str) -> Option<String> {
    node.text(key).map(str::to_owned)
}

fn study(root: &Node<'_, '_>, codes: &CodeReader<'_>, mistakes: &mut Vec<Mistake>) -> Study {
    let Some(node) = root.get("study") else { return Study::default() };
    let text = |key: &str| owned(&node, key);
    let pair = |n: &Node<'_, '_>, a: &str, b: &str| (owned(n, a).unwrap_or_default(), owned(n, b).unwrap_or_default());
    Study {
        title: text("title").unwrap_or_default(),
        short_title: text("short_title"),
        registry: text("registry").unwrap_or_else(|| "https://clinicaltrials.gov".into()),
        other_ids: node.items("other_ids").iter().map(|n| pair(n, "system", "value")).collect(),
        status: text("status").unwrap_or_else(|| "active".into()),
        registry_status: text("registry_status"),
        phase: text("phase"),
        purpose: text("purpose"),
        conditions: conditions(&node, codes, mistakes),
        keywords: node.texts("keywords"),
        start: text("start"),
        end: text("end"),
        sponsor: text("sponsor"),
        target: node.get("target").and_then(|n| u32::try_from(n.value.as_u64()?).ok()),
        arms: node
            .items("arms")
            .iter()
            .map(|n| {
                let (name, kind) = pair(n, "name", "type");
                (name, kind, owned(n, "description"))
            })
            .collect(),
        objectives: node.items("objectives").iter().map(|n| pair(n, "name", "type")).collect(),
        verified: text("verified"),
        sites: sites(&node, mistakes),
    }
}

fn conditions(
    study: &Node<'_, '_>,
    codes: &CodeReader<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<(crate::model::code::Coding, String)> {
    let mut found = Vec::new();
    for node in study.items("conditions") {
        match codes.systems.coding(node.text("code").unwrap_or_default()) {
            Ok(coding) => found.push((coding, owned(&node, "display").unwrap_or_default())),
            Err(message) => mistakes.push(node.document.at_value(Severity::Error, &node.pointer, message)),
        }
    }
    found
}

fn sites(study: &Node<'_, '_>, mistakes: &mut Vec<Mistake>) -> Vec<Site> {
    let mut found = Vec::new();
    for node in study.items("sites") {
        let zone = node.text("zone").unwrap_or_default();
        let Some(zone) = Zone::named(zone) else {
            let message = format!("`{zone}` is no IANA time zone such as Europe/Berlin");
            mistakes.push(node.document.at_value(Severity::Error, &format!("{}/zone", node.pointer), message));
            continue;
        };
        let text = |key: &str| owned(&node, key).unwrap_or_default();
        found.push(Site { id: text("id"), name: text("name"), country: text("country"), zone });
    }
    found
}

fn anchors(
    root: &Node<'_, '_>,
    formulas: &mut Formulas<'_, '_>,
) -> Option<Vec<(String, super::expression::tree::Expr)>> {
    let mut all = Some(Vec::new());
    for (name, node) in root.table("anchors") {
        match (&mut all, formulas.expression(&node, &Wanted::Time)) {
            (Some(list), Some(expr)) => list.push((name.to_owned(), expr)),
            _ => all = None,
        }
    }
    all
}

fn readings(root: &Node<'_, '_>, formulas: &mut Formulas<'_, '_>) -> Option<Vec<ReadingChoice>> {
    let mut all = Some(Vec::new());
    for (name, node) in root.table("readings") {
        match (&mut all, reading(name, &node, formulas)) {
            (Some(list), Some(found)) => list.push(found),
            _ => all = None,
        }
    }
    all
}

fn reading(name: &str, node: &Node<'_, '_>, formulas: &mut Formulas<'_, '_>) -> Option<ReadingChoice> {
    let wanted = match formulas.type_of(name) {
        Some(Type::Truth) => Wanted::Truth,
        Some(Type::Time) => Wanted::Time,
        Some(Type::Text) => Wanted::Text,
        Some(Type::Number(unit)) => Wanted::Number(unit),
        _ => Wanted::Any,
    };
    let mut checked = Some(Vec::new());
    let written = alternatives(node);
    for (word, expression) in &written {
        match (&mut checked, formulas.expression(expression, &wanted)) {
            (Some(list), Some(expr)) => list.push(((*word).to_owned(), expr)),
            _ => checked = None,
        }
    }
    let default = node.text("default").unwrap_or_default();
    let place = written.iter().position(|(word, _)| *word == default);
    if place.is_none() {
        let words: Vec<&str> = written.iter().map(|(word, _)| *word).collect();
        let message = format!("the default of `{name}` is none of its alternatives");
        let mistake = node.document.at_key(Severity::Error, &format!("{}/default", node.pointer), message);
        formulas.mistakes.push(mistake.with_help(format!("alternatives: {}", words.join(", "))));
    }
    Some(ReadingChoice {
        name: name.to_owned(),
        question: owned(node, "question").unwrap_or_default(),
        default: place?,
        alternatives: checked?,
        because: owned(node, "because").unwrap_or_default(),
    })
}

fn all_criteria(document: &Document<'_>, formulas: &mut Formulas<'_, '_>) -> Option<Vec<Criterion>> {
    let mut all = Some(Vec::new());
    for node in criteria(document) {
        let applies = node.get("applies").map(|n| formulas.expression(&n, &Wanted::Truth));
        let written = node.get("require").or_else(|| node.get("reject"));
        let expression = written.and_then(|n| formulas.expression(&n, &Wanted::Truth));
        match (&mut all, flat(applies), expression) {
            (Some(list), Some(applies), Some(expression)) => list.push(Criterion {
                id: owned(&node, "id").unwrap_or_default(),
                exclusion: node.get("reject").is_some(),
                protocol: owned(&node, "protocol").unwrap_or_default(),
                applies,
                expression,
            }),
            _ => all = None,
        }
    }
    all
}

fn notes(root: &Node<'_, '_>) -> Vec<(String, String)> {
    let notes = root.get("eligibility").map(|e| e.items("note")).unwrap_or_default();
    let text = |n: &Node<'_, '_>, key: &str| owned(n, key).unwrap_or_default();
    notes.iter().map(|n| (text(n, "protocol"), text(n, "not_evaluated"))).collect()
}

fn conduct(root: &Node<'_, '_>, mistakes: &mut Vec<Mistake>) -> Option<Conduct> {
    let node = root.get("conduct")?;
    Some(Conduct {
        participation_starts_at_consent: node.text("participation_starts")? == "consent",
        consent_version: owned(&node, "consent_version")?,
        eligibility_valid: time_span(&node, "eligibility_valid", mistakes)?,
        run_in: node.truth("run_in")?,
        observation: node.truth("observation")?,
        rescreen: node.truth("rescreen")?,
    })
}

fn treatment(node: &Node<'_, '_>, variables: &[Variable], formulas: &mut Formulas<'_, '_>) -> Option<Treatment> {
    let drug = node.text("drug").unwrap_or_default();
    let place = variables.iter().position(|v| v.name == drug);
    if place.is_none() {
        let message = format!("`{drug}` is no variable");
        formulas.mistakes.push(node.document.at_value(Severity::Error, &format!("{}/drug", node.pointer), message));
    }
    let starts = node.get("starts").and_then(|n| formulas.expression(&n, &Wanted::Time));
    let ends = node.get("ends").map(|n| formulas.expression(&n, &Wanted::Time));
    let given = node.get("given").map(|n| formulas.expression(&n, &Wanted::Any));
    let unit = match &given {
        Some(Some(expr)) => match &expr.ty {
            Type::Number(unit) => Wanted::Number(unit.clone()),
            _ => Wanted::Any,
        },
        _ => Wanted::Any,
    };
    let expected = node.get("expected").map(|n| formulas.expression(&n, &unit));
    let percent = crate::model::unit::Unit::parse("%").map_or(Wanted::Any, Wanted::Number);
    let tolerance = node.get("tolerance").map(|n| formulas.expression(&n, &percent));
    let tolerance = match flat(tolerance)? {
        None => None,
        Some(expr) => Some(literal(&expr.kind)?),
    };
    Some(Treatment {
        drug: place?,
        starts: starts?,
        ends: flat(ends)?,
        given: flat(given)?,
        expected: flat(expected)?,
        tolerance,
    })
}

fn literal(kind: &Kind) -> Option<Number> {
    match kind {
        Kind::Literal(Some(Value::Number(range))) => range.as_exact().cloned(),
        Kind::Convert(factor, inner) => literal(&inner.kind).map(|n| &n * factor),
        _ => None,
    }
}

fn visits(root: &Node<'_, '_>, formulas: &mut Formulas<'_, '_>) -> Option<Vec<Visits>> {
    let anchors: Vec<&str> = root.table("anchors").into_iter().map(|(name, _)| name).collect();
    let mut all = Vec::new();
    for (name, node) in root.table("visits") {
        let from = node.text("from").unwrap_or_default();
        let Some(place) = anchors.iter().position(|a| *a == from) else {
            let message = format!("`{from}` is no anchor");
            formulas.mistakes.push(node.document.at_value(Severity::Error, &format!("{}/from", node.pointer), message));
            return None;
        };
        let mistakes = &mut formulas.mistakes;
        all.push(Visits {
            name: name.to_owned(),
            every: time_span(&node, "every", mistakes)?,
            until: time_span(&node, "until", mistakes)?,
            from: place,
            window: time_span(&node, "window", mistakes)?,
        });
    }
    Some(all)
}

impl Trial {
    /// How many questions the text leaves open: readings, and words that are on purpose no criterion.
    pub fn open_questions(&self) -> usize {
        self.readings.len() + self.notes.len()
    }
}
