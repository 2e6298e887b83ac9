//! Declares the names of a file, takes up its expressions, and puts the checked trial together.

use super::build_outcome::{self, OutcomePlans};
use super::build_variable::{self, VariablePlan};
use super::definition::{Conduct, Criterion, ReadingChoice, Site, Study, Treatment, Trial, Visits};
use super::document::Node;
use super::expression::check::Wanted;
use super::expression::names::BASELINE;
use super::expression::tree::{Calendar, Duration, Expr, Kind, Name, Type};
use super::load::{Files, Loader, symbol};
use super::reach;
use crate::model::number::Number;
use crate::model::reading::Value;
use crate::model::time::Zone;
use crate::model::unit::Unit;
use sha2::{Digest, Sha256};

/// Most visits of one row.
const VISITS_MAX: u64 = 1_000;

/// Places of the expressions in the loader's list.
pub(super) struct Plan {
    variables: Vec<VariablePlan>,
    anchors: Vec<(String, Option<usize>)>,
    readings: Vec<ReadingPlan>,
    criteria: Vec<(Option<usize>, Option<usize>)>,
    consider: Option<usize>,
    included: Option<usize>,
    treatment: [Option<usize>; 5],
    outcomes: OutcomePlans,
}

/// Declares all names first, so that expressions may use them in any order; then takes up the expressions.
pub(super) fn plan<'d, 'a>(loader: &mut Loader<'d, 'a, '_>, root: &Node<'d, 'a>) -> Plan {
    let variables = build_variable::declare(loader, root);
    let anchors = anchors(loader, root);
    let readings = readings(loader, root);
    let criteria = criteria(loader, root);
    let of = |key: &str| root.get("eligibility").and_then(|e| e.get(key));
    let consider = loader.job(of("consider"), Wanted::Truth);
    let included = loader.job(of("included"), Wanted::Truth);
    let treatment = root.get("treatment");
    let mut part = |key: &str, wanted: Wanted| loader.job(treatment.as_ref().and_then(|t| t.get(key)), wanted);
    let times = [part("starts", Wanted::Time), part("ends", Wanted::Time)];
    let (given, expected) = (part("given", Wanted::Any), part("expected", Wanted::Any));
    let tolerance = part("tolerance", Wanted::Any);
    Plan {
        variables,
        anchors,
        readings,
        criteria,
        consider,
        included,
        treatment: [times[0], times[1], given, expected, tolerance],
        outcomes: build_outcome::plan(loader, root),
    }
}

fn anchors<'d, 'a>(loader: &mut Loader<'d, 'a, '_>, root: &Node<'d, 'a>) -> Vec<(String, Option<usize>)> {
    let mut all = Vec::new();
    for (i, (name, node)) in root.table("anchors").into_iter().enumerate() {
        loader.declare(name, &node.pointer, symbol(Name::Anchor(i), Some(Type::Time)));
        let job = loader.job(Some(node), Wanted::Time);
        loader.leans(name, job);
        all.push((name.to_owned(), job));
    }
    let named = |n: &str| all.iter().position(|(name, _)| name == n);
    let day0 = named("day0");
    if let Some(anchor) = named("baseline").or(day0) {
        loader.leans(BASELINE, all[anchor].1);
    }
    if let Some(day0) = day0.filter(|_| loader.names.get("baseline").is_none()) {
        loader.names.add("baseline", symbol(Name::Anchor(day0), Some(Type::Time)));
        loader.leans("baseline", all[day0].1);
    }
    all
}

type ReadingPlan = (String, Vec<(String, Option<usize>)>);

fn readings<'d, 'a>(loader: &mut Loader<'d, 'a, '_>, root: &Node<'d, 'a>) -> Vec<ReadingPlan> {
    let mut all = Vec::new();
    for (i, (name, node)) in root.table("readings").into_iter().enumerate() {
        loader.declare(name, &node.pointer, symbol(Name::Reading(i), None));
        let mut alternatives = Vec::new();
        for (word, alternative) in node.entries() {
            if matches!(word, "question" | "default" | "because") {
                continue;
            }
            let job = loader.job(Some(alternative), Wanted::Any);
            if let Some(job) = job {
                loader.jobs[job].defines = Some(name.to_owned());
            }
            loader.leans(name, job);
            alternatives.push((word.to_owned(), job));
        }
        let default = node.text("default").unwrap_or_default();
        if !alternatives.iter().any(|(word, _)| word == default) {
            let words: Vec<&str> = alternatives.iter().map(|(w, _)| w.as_str()).collect();
            let help = format!("its alternatives: {}", words.join(", "));
            loader.error(&format!("{}/default", node.pointer), format!("no alternative is named `{default}`"), &help);
        }
        all.push((name.to_owned(), alternatives));
    }
    all
}

fn criterion_nodes<'d, 'a>(root: &Node<'d, 'a>) -> Vec<(bool, Node<'d, 'a>)> {
    let Some(eligibility) = root.get("eligibility") else { return Vec::new() };
    let of = |key: &str, exclusion| eligibility.items(key).into_iter().map(move |n| (exclusion, n));
    of("include", false).chain(of("exclude", true)).collect()
}

fn criteria<'d, 'a>(loader: &mut Loader<'d, 'a, '_>, root: &Node<'d, 'a>) -> Vec<(Option<usize>, Option<usize>)> {
    let nodes = criterion_nodes(root);
    for (i, (_, node)) in nodes.iter().enumerate() {
        let id = node.text("id").unwrap_or_default();
        loader.declare(id, &format!("{}/id", node.pointer), symbol(Name::Criterion(i), Some(Type::Truth)));
    }
    let mut all = Vec::new();
    for (exclusion, node) in nodes {
        let id = node.text("id").unwrap_or_default();
        let applies = loader.job(node.get("applies"), Wanted::Truth);
        let expression = loader.job(node.get(if exclusion { "reject" } else { "require" }), Wanted::Truth);
        loader.leans(id, applies);
        loader.leans(id, expression);
        all.push((applies, expression));
    }
    all
}

/// The checked expression of a place, taken out.
pub(super) fn checked(loader: &Loader<'_, '_, '_>, job: Option<usize>) -> Option<Expr> {
    loader.jobs.get(job?)?.expr.clone()
}

/// Puts the trial together; `None` when a part of it is missing, which is told elsewhere.
pub(super) fn trial(loader: &mut Loader<'_, '_, '_>, root: &Node<'_, '_>, plan: Plan, files: &Files) -> Option<Trial> {
    let variables = build_variable::finish(loader, root, &plan.variables);
    let readings = finish_readings(loader, root, &plan);
    let criteria = finish_criteria(loader, root, &plan);
    let anchors: Vec<_> =
        plan.anchors.iter().filter_map(|(name, job)| Some((name.clone(), checked(loader, *job)?))).collect();
    let study = study(loader, root);
    let treatment = treatment(loader, root, &plan);
    let visits = visits(loader, root, &anchors);
    let outcomes = build_outcome::outcomes(loader, root, &plan.outcomes, &anchors, &visits);
    let safety = build_outcome::safety(loader, root, &plan.outcomes);
    let concomitant = build_outcome::concomitant(loader, root);
    let note = |n: Node<'_, '_>| Some((n.text("protocol")?.to_owned(), n.text("not_evaluated")?.to_owned()));
    let notes = root.get("eligibility").map(|e| e.items("note")).unwrap_or_default();
    let mut trial = Trial {
        id: root.text("trial")?.to_owned(),
        version: whole(&root.get("version")?)?,
        digest: digest(files),
        study: study?,
        variables: variables?,
        anchors,
        readings,
        criteria,
        consider: checked(loader, plan.consider),
        included: checked(loader, plan.included),
        notes: notes.into_iter().filter_map(note).collect(),
        conduct: conduct(root)?,
        hidden: root.get("blinding").map(|b| b.texts("hidden")).unwrap_or_default(),
        treatment,
        visits,
        outcomes,
        safety,
        concomitant,
        leans_on: loader.leans_on.clone().into_iter().collect(),
    };
    let deciding = reach::deciding(&trial);
    trial.readings.iter_mut().zip(deciding).for_each(|(reading, decides)| reading.decides = decides);
    Some(trial)
}

fn digest(files: &Files) -> [u8; 32] {
    let mut others: Vec<_> = files.others.iter().collect();
    others.sort();
    let mut hash = Sha256::new();
    let mut put = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    put(&files.trial_toml);
    others.into_iter().for_each(|(name, text)| {
        put(name);
        put(text);
    });
    hash.finalize().into()
}

fn finish_readings(loader: &Loader<'_, '_, '_>, root: &Node<'_, '_>, plan: &Plan) -> Vec<ReadingChoice> {
    let nodes = root.table("readings");
    let finish = |((name, alternatives), (_, node)): (&ReadingPlan, &(&str, Node<'_, '_>))| {
        let default = node.text("default")?;
        Some(ReadingChoice {
            name: name.clone(),
            question: node.text("question")?.to_owned(),
            default: alternatives.iter().position(|(word, _)| word == default)?,
            alternatives: alternatives
                .iter()
                .map(|(word, job)| Some((word.clone(), checked(loader, *job)?)))
                .collect::<Option<_>>()?,
            because: node.text("because").unwrap_or_default().to_owned(),
            decides: true,
        })
    };
    plan.readings.iter().zip(&nodes).filter_map(finish).collect()
}

fn finish_criteria(loader: &Loader<'_, '_, '_>, root: &Node<'_, '_>, plan: &Plan) -> Vec<Criterion> {
    let mut all = Vec::new();
    for ((exclusion, node), (applies, expression)) in criterion_nodes(root).into_iter().zip(&plan.criteria) {
        let (Some(id), Some(protocol), Some(expression)) =
            (node.text("id"), node.text("protocol"), checked(loader, *expression))
        else {
            continue;
        };
        let (id, protocol) = (id.to_owned(), protocol.to_owned());
        all.push(Criterion {
            id,
            exclusion,
            protocol: protocol.into(),
            applies: checked(loader, *applies),
            expression,
        });
    }
    all
}

fn study(loader: &mut Loader<'_, '_, '_>, root: &Node<'_, '_>) -> Option<Study> {
    let study = root.get("study")?;
    let text = |key: &str| study.text(key).map(str::to_owned);
    let pair = |n: &Node<'_, '_>, a: &str, b: &str| Some((n.text(a)?.to_owned(), n.text(b)?.to_owned()));
    let mut conditions = Vec::new();
    for node in study.items("conditions") {
        match loader.codes.systems.coding(node.text("code").unwrap_or_default()) {
            Ok(coding) => conditions.push((coding, node.text("display").unwrap_or_default().to_owned())),
            Err(message) => loader.error(&format!("{}/code", node.pointer), message, ""),
        }
    }
    let mut sites = Vec::new();
    for node in study.items("sites") {
        let word = |key: &str| node.text(key).unwrap_or_default().to_owned();
        match Zone::named(&word("zone")) {
            Some(zone) => sites.push(Site { id: word("id"), name: word("name"), country: word("country"), zone }),
            None => {
                let message = format!("`{}` is no time zone", word("zone"));
                loader.error(
                    &format!("{}/zone", node.pointer),
                    message,
                    "a name of the IANA list, such as Asia/Shanghai",
                );
            }
        }
    }
    let arm = |n: &Node<'_, '_>| {
        Some((n.text("name")?.to_owned(), n.text("type")?.to_owned(), n.text("description").map(str::to_owned)))
    };
    Some(Study {
        title: text("title")?,
        short_title: text("short_title"),
        registry: text("registry")?,
        other_ids: study.items("other_ids").iter().filter_map(|n| pair(n, "system", "value")).collect(),
        status: text("status")?,
        registry_status: text("registry_status"),
        phase: text("phase"),
        purpose: text("purpose"),
        conditions,
        keywords: study.texts("keywords"),
        start: text("start"),
        end: text("end"),
        sponsor: text("sponsor"),
        target: study.get("target").and_then(|n| whole(&n)),
        arms: study.items("arms").iter().filter_map(arm).collect(),
        objectives: study.items("objectives").iter().filter_map(|n| pair(n, "name", "type")).collect(),
        verified: text("verified"),
        sites,
    })
}

fn whole(node: &Node<'_, '_>) -> Option<u32> {
    node.literal()?.parse().ok()
}

fn conduct(root: &Node<'_, '_>) -> Option<Conduct> {
    let conduct = root.get("conduct")?;
    Some(Conduct {
        participation_starts_at_consent: conduct.text("participation_starts")? == "consent",
        consent_version: conduct.text("consent_version")?.to_owned(),
        eligibility_valid: written_duration(conduct.text("eligibility_valid")?)?,
        run_in: conduct.truth("run_in")?,
        observation: conduct.truth("observation")?,
        rescreen: conduct.truth("rescreen")?,
    })
}

fn treatment(loader: &mut Loader<'_, '_, '_>, root: &Node<'_, '_>, plan: &Plan) -> Option<Treatment> {
    let node = root.get("treatment")?;
    let drug = node.text("drug")?;
    let Some(Name::Variable(place)) = loader.names.get(drug).map(|s| s.name) else {
        loader.error(&format!("{}/drug", node.pointer), format!("no variable is named `{drug}`"), "");
        return None;
    };
    let [starts, ends, given, expected, tolerance] = plan.treatment.map(|job| checked(loader, job));
    same_unit(loader, &node, &given, &expected);
    let percent = Unit::parse("%").ok().map(Type::Number);
    let tolerance = match tolerance {
        Some(Expr { kind: Kind::Literal(Some(Value::Number(n))), ty, .. }) if Some(&ty) == percent.as_ref() => {
            n.as_exact().cloned()
        }
        Some(_) => {
            loader.error(&format!("{}/tolerance", node.pointer), "wanted a written percent", "write 10 '%'");
            None
        }
        None => None,
    };
    Some(Treatment { drug: place, starts: starts?, ends, given, expected, tolerance })
}

fn same_unit(loader: &mut Loader<'_, '_, '_>, node: &Node<'_, '_>, given: &Option<Expr>, expected: &Option<Expr>) {
    if let (Some(Type::Number(a)), Some(Type::Number(b))) =
        (given.as_ref().map(|e| &e.ty), expected.as_ref().map(|e| &e.ty))
        && let Err(fault) = a.conversion(b)
    {
        loader.error(&format!("{}/expected", node.pointer), fault.to_string(), "wanted the unit of `given`");
    }
}

fn visits(loader: &mut Loader<'_, '_, '_>, root: &Node<'_, '_>, anchors: &[(String, Expr)]) -> Vec<Visits> {
    let mut all = Vec::new();
    for (name, node) in root.table("visits") {
        let anchor = node.text("from").unwrap_or_default();
        let Some(from) = anchors.iter().position(|(a, _)| a == anchor) else {
            loader.error(&format!("{}/from", node.pointer), format!("no anchor is named `{anchor}`"), "");
            continue;
        };
        let of = |key: &str| node.text(key).and_then(written_duration);
        if let (Some(every), Some(until), Some(window)) = (of("every"), of("until"), of("window")) {
            let row = Visits { name: name.to_owned(), every, until, from, window };
            for (key, message, help) in row_faults(&row) {
                loader.error(&format!("{}/{key}", node.pointer), message, help);
            }
            all.push(row);
        }
    }
    all
}

/// What is wrong with a row of visits: the key, the fault, and what would be right.
fn row_faults(row: &Visits) -> Vec<(&'static str, String, &'static str)> {
    let (apart, window) = (minutes(row.every).0, minutes(row.window).1);
    let mut found = Vec::new();
    if apart == 0 {
        found.push(("every", "the visits are not apart".to_owned(), "write a duration above zero"));
        return found;
    }
    if apart <= 2 * window {
        let message = "the window is as wide as the visits are apart".to_owned();
        found.push(("window", message, "the windows of one row may not overlap"));
    }
    if minutes(row.until).1 < apart {
        found.push(("until", "the row ends before its first visit".to_owned(), "write when the last visit is"));
    }
    if minutes(row.until).0 / apart > VISITS_MAX {
        let message = format!("more than {VISITS_MAX} visits in one row");
        found.push(("until", message, "let the visits be farther apart, or the row end sooner"));
    }
    found
}

/// Least and most minutes; a window in days reaches from date to date, so days count whole.
fn minutes(d: Duration) -> (u64, u64) {
    let (least, most) = match d.of {
        Calendar::Year => (365 * 1_440, 366 * 1_440),
        Calendar::Month => (28 * 1_440, 31 * 1_440),
        Calendar::Week => (7 * 1_440, 7 * 1_440),
        Calendar::Day => (1_440, 1_440),
        Calendar::Hour => (60, 60),
        Calendar::Minute => (1, 1),
    };
    (least * u64::from(d.count), most * u64::from(d.count))
}

/// A duration as the file writes it: `28 days`.
pub(super) fn written_duration(text: &str) -> Option<Duration> {
    let (count, unit) = text.split_once(' ')?;
    Some(Duration { count: count.parse().ok()?, of: Calendar::named(unit)? })
}

/// A number of the file, exactly.
pub(super) fn number(node: &Node<'_, '_>) -> Option<Number> {
    Number::parse(&node.literal()?).ok()
}
