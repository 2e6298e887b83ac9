//! Every cut-off of the first trial in every accepted unit: exactly at it, one printed digit below and above.
//!
//! The cut-offs are those of the definition, the units those of the clinical dossier. What is right is worked out here
//! in whole numbers, by factors that do not come from the program.

use crate::evaluate::{quantity, time};
use crate::left_out::shared;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trialgate::evaluate::{Choice, Moment, evaluate};
use trialgate::flow::library::{Active, Library};
use trialgate::flow::profiles::Profiles;
use trialgate::model::assessment::Node;
use trialgate::model::fact::{DraftFact, Fact, FactStatus, Origin, ReceivedUnit};
use trialgate::model::key::Item;
use trialgate::model::reading::Value;
use trialgate::model::time::{Instant, Partial, Zone};
use trialgate::model::truth::Truth;
use trialgate::normalize::normalize;
use trialgate::trial::definition::{Recorded, VariableKind};
use trialgate::trial::expression::tree::{Aggregate, Comparison, Expr, Function, Kind, Name, Source};

const NOW: &str = "2026-03-15T12:00:00+08:00";
/// Most decimals that are printed.
const DECIMALS: u32 = 3;
/// Definitions of units, or by grams per mole, that a decimal of the dossier only rounds: variable, unit, and the exact factor.
const ROUNDED: &[(&str, &str, (i128, i128))] = &[
    ("creatinine", "mg/dL", (1_000_000, 11_312)),
    ("creatinine", "mg/L", (100_000, 11_312)),
    // UCUM's meter of mercury column is 133.322 kPa.
    ("mpap_echo", "kPa", (1_000_000, 133_322)),
    ("spap_echo", "kPa", (1_000_000, 133_322)),
];
/// Comparisons of what is worked out from a result: no single result stands at their cut-off.
const DERIVED: &[&str] = &[
    "age >= 15",
    "age <= 65",
    "age < 65",
    "0.61 * Number(spap_echo, 'mm[Hg]') + 2 > 40",
    "weight_loss_seen > 10 '%'",
    "weight_loss > 10 '%'",
];

/// A comparison with a limit, and the recorded variables of which one result alone decides it.
struct CutOff<'t> {
    text: &'t str,
    operator: Comparison,
    limit: (i128, i128),
    variables: Vec<usize>,
    choice: Choice,
}

/// `12.50` as a fraction.
fn fraction(decimal: &str) -> (i128, i128) {
    let (whole, part) = decimal.split_once('.').unwrap_or((decimal, ""));
    let scale = 10_i128.pow(u32::try_from(part.len()).expect("few digits"));
    (format!("{whole}{part}").parse().expect("digits"), scale)
}

/// `n` units of the last of so many decimals, as a laboratory prints it.
fn printed(n: i128, decimals: u32) -> String {
    let scale = 10_i128.pow(decimals);
    let part = if decimals == 0 { String::new() } else { format!(".{:0width$}", n % scale, width = decimals as usize) };
    format!("{}{part}", n / scale)
}

fn holds(operator: Comparison, value: (i128, i128), limit: (i128, i128)) -> bool {
    let order = (value.0 * limit.1).cmp(&(limit.0 * value.1));
    match operator {
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
    }
}

/// The recorded variables that an expression takes as they are: by name, as one of several, or by a reading.
fn taken(active: &Active, e: &Expr, found: &mut Vec<usize>) -> bool {
    let trial = &active.trial;
    match &e.kind {
        Kind::Name(Name::Variable(i)) => match &trial.variables[*i].kind {
            VariableKind::Recorded(_) => {
                found.push(*i);
                true
            }
            VariableKind::Derived(inner) => taken(active, inner, found),
            VariableKind::Attested { .. } => false,
        },
        Kind::Name(Name::Reading(i)) => {
            let reading = &trial.readings[*i];
            taken(active, &reading.alternatives[reading.default].1, found)
        }
        Kind::Call(Function::Coalesce, all) | Kind::Aggregate(Aggregate::Max, Source::List(all)) => {
            // What is worked out is beside them; one that is taken as it is will do, and all of those are.
            let before = found.len();
            for one in all {
                taken(active, one, found);
            }
            found.len() > before
        }
        _ => false,
    }
}

/// Every comparison of a number with a literal, in criteria and in all alternatives of readings on which a verdict may turn.
fn cut_offs(active: &Active) -> Vec<CutOff<'_>> {
    let trial = &active.trial;
    let defaults = Choice::defaults(trial);
    let mut roots: Vec<(&Expr, Choice)> = trial.criteria.iter().map(|c| (&c.expression, defaults.clone())).collect();
    for (place, reading) in trial.readings.iter().enumerate().filter(|(_, reading)| reading.decides) {
        for (alternative, (_, expression)) in reading.alternatives.iter().enumerate() {
            let mut choice = defaults.clone();
            choice.0[place] = alternative;
            roots.push((expression, choice));
        }
    }
    let (mut found, mut derived) = (Vec::new(), BTreeSet::new());
    for (root, choice) in roots {
        root.walk(&mut |e: &Expr| {
            let Kind::Compare(operator, left, right) = &e.kind else { return };
            let Kind::Literal(Some(Value::Number(limit))) = &right.kind else { return };
            let limit = limit.as_exact().expect("a literal is one number").to_string();
            let mut variables = Vec::new();
            if taken(active, left, &mut variables) {
                found.push(CutOff {
                    text: &e.text,
                    operator: *operator,
                    limit: fraction(&limit),
                    variables,
                    choice: choice.clone(),
                });
            } else {
                derived.insert(e.text.as_str());
            }
        });
    }
    assert_eq!(derived, DERIVED.iter().copied().collect(), "comparisons that no single result decides");
    found
}

/// The dossier's name of a variable: what is read in two ways there has two names here.
fn dossier_name(name: &str) -> &str {
    if name.starts_with("mpap") { "mpap_echo" } else { name }
}

/// The accepted units of each variable with the exact factor to the variable's own, and its unit words.
struct Dossier {
    factors: BTreeMap<String, Vec<(String, (i128, i128))>>,
    words: BTreeMap<String, Vec<String>>,
}

fn dossier(json: &Json) -> Dossier {
    let (mut factors, mut words) = (BTreeMap::new(), BTreeMap::new());
    for variable in json["variables"].as_array().expect("variables") {
        let name = variable["id"].as_str().expect("a name");
        let of_unit = |c: &Json| {
            let (unit, said) = (c["from"].as_str().expect("a unit"), c["multiply"].as_str().expect("a decimal"));
            let exact = ROUNDED.iter().find(|(v, u, _)| (*v, *u) == (name, unit)).map(|(_, _, factor)| *factor);
            let factor = exact.unwrap_or_else(|| fraction(said));
            // Two of the last printed digit at most lie between what is exact and what the dossier prints: its kPa is of a
            // column of 133.3224 kPa, and UCUM's is what counts.
            let (n, scale) = fraction(said);
            let apart = (factor.0 * scale - n * factor.1).abs();
            assert!(apart <= 2 * factor.1, "{name}: {unit} is not {said}");
            (unit.to_owned(), factor)
        };
        let conversions = variable["conversions"].as_array().expect("conversions");
        factors.insert(name.to_owned(), conversions.iter().map(of_unit).collect());
        let aliases = variable["alias_units"].as_array().into_iter().flatten().filter_map(Json::as_str);
        words.insert(name.to_owned(), aliases.map(String::from).collect());
    }
    Dossier { factors, words }
}

/// One result of a variable, as a laboratory sends it.
fn result(recorded: &Recorded, decimal: &str, unit: ReceivedUnit) -> Fact {
    let zone = Zone::named("Asia/Shanghai").expect("a zone of the list");
    let context = recorded.context.iter().filter_map(|(q, rule)| Some((*q, rule.any.codes.first()?.clone())));
    let draft = DraftFact {
        code: recorded.codes.codes[0].clone(),
        part: 0,
        origin: Origin::Observation,
        at: Some(Partial::parse("2026-03-10").expect("a date").range(&zone)),
        other_end: None,
        recorded: None,
        status: FactStatus::Final,
        value: quantity(decimal, unit),
        range: None,
        context: context.collect(),
    };
    Fact { draft, item: Item([1; 16]), version: 1, known: Instant(0), source: Arc::from("main") }
}

fn in_tree(node: &Node, text: &str) -> Option<Truth> {
    if node.expression == text {
        return node.result;
    }
    node.parts.iter().find_map(|part| in_tree(part, text))
}

/// What the program says of the comparison when this is all that is known.
fn said(active: &Active, cut: &CutOff<'_>, fact: Fact) -> Truth {
    let (trial, facts) = (&active.trial, [fact]);
    let readings = normalize(&active.plan, &facts, &trial.study.sites[0].zone);
    let moment = Moment { now: time(NOW), site: &trial.study.sites[0] };
    let assessment = evaluate(trial, &readings, &facts, &moment, &cut.choice);
    let found = assessment.criteria.iter().find_map(|c| in_tree(&c.tree, cut.text));
    found.unwrap_or_else(|| panic!("{} is in no criterion's tree", cut.text))
}

/// Tries a unit around a cut-off; answers how many results were tried.
fn tried(active: &Active, cut: &CutOff<'_>, recorded: &Recorded, unit: &ReceivedUnit, factor: (i128, i128)) -> usize {
    let mut count = 0;
    for decimals in 0..=DECIMALS {
        let scale = 10_i128.pow(decimals);
        // The last printed value that is not above the cut-off.
        let at = (cut.limit.0 * factor.1 * scale).div_euclid(cut.limit.1 * factor.0);
        for n in [at - 1, at, at + 1].into_iter().filter(|n| *n > 0) {
            let decimal = printed(n, decimals);
            let holds = holds(cut.operator, (n * factor.0, scale * factor.1), cut.limit);
            // Points of a score are whole: what is not is no score.
            let no_score = recorded.instrument.is_some() && n % scale != 0;
            let right = if no_score { Truth::Unknown } else { Truth::from(holds) };
            let answer = said(active, cut, result(recorded, &decimal, unit.clone()));
            assert_eq!(answer, right, "{}: {decimal} {}", cut.text, unit.as_written());
            count += 1;
        }
    }
    count
}

/// A unit without what stands in braces: words that measure nothing.
fn bare(unit: &str) -> String {
    let mut depth = 0;
    let outside = |c: &char| {
        depth += i32::from(*c == '{') - i32::from(*c == '}');
        depth == 0 && *c != '}'
    };
    unit.chars().filter(outside).collect()
}

#[test]
fn every_cut_off_is_exact_in_every_accepted_unit() {
    let Some(path) = shared("clinical/variables.json") else { return };
    let json = std::fs::read_to_string(path).expect("the dossier's variables");
    let dossier = dossier(&serde_json::from_str(&json).expect("JSON"));
    let library = Library::load(&Profiles::built_in()).unwrap_or_else(|m| panic!("{m:?}"));
    let active = &library.trials[0];
    let known = &library.terms.of("main").units;
    let (mut met, mut count) = (BTreeSet::new(), 0);
    for cut in cut_offs(active) {
        for i in &cut.variables {
            let variable = &active.trial.variables[*i];
            let VariableKind::Recorded(recorded) = &variable.kind else { panic!("it is recorded") };
            let name = dossier_name(&variable.name);
            met.insert(name.to_owned());
            let factors = &dossier.factors[name];
            for (unit, factor) in factors {
                count += tried(active, &cut, recorded, &ReceivedUnit::Ucum(unit.as_str().into()), *factor);
            }
            for word in &dossier.words[name] {
                let unit = ReceivedUnit::Word(word.as_str().into());
                let meant = known.get(word).map(|code| {
                    let of_code = factors.iter().find(|(unit, _)| bare(unit) == bare(code));
                    of_code
                        .unwrap_or_else(|| panic!("{name}: the map reads `{word}` as `{code}`, which is not accepted"))
                });
                match meant {
                    Some((_, factor)) => count += tried(active, &cut, recorded, &unit, *factor),
                    // A word of no map is no unit: no answer, whatever the number.
                    None => {
                        let fact = result(recorded, &printed(cut.limit.0, 0), unit);
                        assert_eq!(said(active, &cut, fact), Truth::Unknown, "{name} in `{word}`");
                    }
                }
            }
        }
    }
    let numeric = [
        "albumin",
        "crcl_measured",
        "creatinine",
        "dlco_pct",
        "esr",
        "fvc_pct",
        "hb",
        "lvef",
        "mpap_echo",
        "mrss",
        "platelets",
        "spap_echo",
        "urine_protein_24h",
        "vc_pct",
    ];
    assert_eq!(met.iter().map(String::as_str).collect::<Vec<_>>(), numeric);
    assert!(count > 500, "only {count} results were tried");
}
