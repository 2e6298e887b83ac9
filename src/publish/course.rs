//! What became of a person in a trial as JSON, in the shape that case files expect parts of.

use crate::model::interval::Interval;
use crate::model::outcome::{Cell, Exposure, Graded, Outcomes, ToEvent};
use crate::model::reading::Value as Given;
use crate::model::shown::Shown;
use crate::model::time::{Partial, Zone};
use crate::trial::definition::Trial;
use crate::trial::outcome::{Item, Measured, Outcome};
use serde_json::{Map, Value, json};

/// `exposure`, `outcomes`, `events` and `grades`.
pub fn to_json(trial: &Trial, found: &Outcomes, zone: &Zone) -> Map<String, Value> {
    let mut all = Map::new();
    all.insert("exposure".into(), exposure(trial, &found.exposure));
    let at_visits = trial.outcomes.iter().enumerate().filter(|(_, o)| !o.items().is_empty());
    let cells = at_visits.map(|(place, o)| (o.id.to_string(), cells(found, place, o)));
    all.insert("outcomes".into(), Value::Object(cells.collect()));
    let event = |e: &ToEvent| Some((trial.outcomes.get(e.outcome)?.id.to_string(), event(e)));
    all.insert("events".into(), Value::Object(found.events.iter().filter_map(event).collect()));
    all.insert("grades".into(), grades(trial, &found.grades, zone));
    all
}

/// Cells by visit; where the definition lists names, by name and visit.
fn cells(found: &Outcomes, place: usize, outcome: &Outcome) -> Value {
    let Measured::AtVisits { row, items } = &outcome.measured else { return Value::Null };
    let visits = found.visits.get(*row).map_or(&[][..], Vec::as_slice);
    let of_item = |n: usize, item: &Item| {
        let named =
            found.cells_of((place, n)).iter().filter_map(|c| Some((visits.get(c.visit)?.name.clone(), cell(c, item))));
        Value::Object(named.collect())
    };
    match items.as_slice() {
        [item] if item.name == outcome.id => of_item(0, item),
        _ => {
            let all = items.iter().enumerate().map(|(n, item)| (item.name.to_string(), of_item(n, item)));
            Value::Object(all.collect())
        }
    }
}

fn cell(c: &Cell, item: &Item) -> Value {
    let unit = item.unit.as_ref().map_or("1", |u| u.code());
    let mut all = Map::new();
    all.insert("state".into(), json!(c.state.words()));
    all.insert("value".into(), json!(c.value.as_ref().map(|v| shown(v, unit))));
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            all.insert(key.into(), json!(value));
        }
    };
    put("unknown", c.unknown.map(|reason| reason.words().to_owned()));
    put("change", c.change.as_ref().map(|n| number(n, unit)));
    put("percent", c.percent.as_ref().map(|n| number(n, "%")));
    put("at", c.at.as_ref().map(Partial::to_string));
    for (key, holds) in [("provisional", c.provisional), ("same_day", c.same_day)] {
        if holds {
            all.insert(key.into(), json!(true));
        }
    }
    Value::Object(all)
}

fn number(n: &Interval, unit: &str) -> String {
    if unit == "1" { n.to_string() } else { format!("{n} {unit}") }
}

fn shown(value: &Given, unit: &str) -> String {
    match value {
        Given::Number(n) => number(n, unit),
        Given::Truth(truth) => truth.word().to_owned(),
        Given::Time(time) => time.to_string(),
        Given::Text(text) => text.clone(),
    }
}

fn event(e: &ToEvent) -> Value {
    let mut all = Map::new();
    all.insert("found".into(), json!(e.found.words()));
    if let Some((date, days)) = e.found.reached() {
        all.insert("date".into(), json!(date.to_string()));
        all.insert("days".into(), json!(days));
    }
    if let Some(reason) = e.found.unknown() {
        all.insert("reason".into(), json!(reason.words()));
    }
    Value::Object(all)
}

/// Grades by the site's date of the result, or the dates between which it lies; a second one of a date has its number behind it.
fn grades(trial: &Trial, found: &[Graded], zone: &Zone) -> Value {
    let mut all = Map::new();
    for (place, safety) in trial.safety.iter().enumerate() {
        let unit = trial.variables.get(safety.on).and_then(|v| v.unit.as_ref()).map_or("1", |u| u.code());
        let mut by_date = Map::new();
        for graded in found.iter().filter(|g| g.safety == place) {
            let date = match zone.partial(graded.at) {
                Some(_) => zone.date_of(graded.at.earliest).to_string(),
                None => Shown::Time(graded.at, zone.clone()).to_string(),
            };
            let again = (2..).map(|n| format!("{date} ({n})"));
            let free = std::iter::once(date.clone()).chain(again).find(|key| !by_date.contains_key(key));
            by_date.insert(free.unwrap_or(date), grade(graded, unit));
        }
        all.insert(safety.id.to_string(), Value::Object(by_date));
    }
    Value::Object(all)
}

fn grade(g: &Graded, unit: &str) -> Value {
    json!({ "value": shown(&g.value, unit), "grade": g.grade, "at_least": g.at_least, "unknown": g.unknown,
        "baseline": g.baseline, "is_baseline": g.is_baseline, "period": g.period })
}

fn exposure(trial: &Trial, e: &Exposure) -> Value {
    let variable = |place: usize| trial.variables.get(place);
    let drug = trial.treatment.as_ref().and_then(|t| variable(t.drug)?.unit.as_ref()).map_or("1", |u| u.code());
    let doses = e.doses.iter().map(|d| {
        json!({ "at": d.at.as_ref().map(Partial::to_string), "amount": d.amount.as_ref().map(|n| number(n, drug)), "stopped": d.stopped,
            "running": d.running })
    });
    let beside = e.concomitant.iter().filter_map(|c| {
        let told = json!({ "days": c.days, "first": c.between.0.to_string(), "last": c.between.1.to_string() });
        Some((variable(c.variable)?.name.to_string(), told))
    });
    json!({
        "day0": e.day0.map(|d| d.to_string()),
        "provisional": e.provisional,
        "doses": doses.collect::<Vec<_>>(),
        "given": e.given.as_ref().map(|(n, unit)| number(n, unit)),
        "within_tolerance": e.within_tolerance.map(|t| t.word()),
        "weight": e.weight,
        "days": e.days,
        "deviations": e.deviations.iter().map(|d| d.code()).collect::<Vec<_>>(),
        "concomitant": beside.collect::<Map<_, _>>(),
    })
}
