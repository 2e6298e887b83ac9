//! Made-up people for any definition: missing, stale and boundary values, odd units, doubtful statements. One seed, one person.

use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use trialgate::flow::library::Active;
use trialgate::model::code::{Coding, UCUM_SYSTEM};
use trialgate::model::fact::{Origin, Qualifier};
use trialgate::model::number::Number;
use trialgate::model::reading::Value;
use trialgate::model::time::{DAY_US, Instant, Zone, add_days};
use trialgate::model::unit::Unit;
use trialgate::trial::definition::{AnswerValue, CodeSet, Recorded, Trial, ValueType, Variable, VariableKind};
use trialgate::trial::expression::tree::{Calendar, Duration, Expr, Kind, Source, Type, Window};

/// Noon of the first day on which somebody is asked about.
const FIRST_DAY: i64 = 1_773_547_200_000_000;
/// Codes in which a result may be sent, where they convert to the variable's unit.
const UNITS: &[&str] = &[
    "g/L",
    "g/dL",
    "mg/dL",
    "mg/L",
    "umol/L",
    "mmol/L",
    "nmol/L",
    "10*9/L",
    "10*3/uL",
    "/uL",
    "10*12/L",
    "g/(24.h)",
    "mg/(24.h)",
    "mg/d",
    "mL/min",
    "L/h",
    "mL/min/{1.73_m2}",
    "mm[Hg]",
    "kPa",
    "kg",
    "g",
    "[lb_av]",
    "cm",
    "m",
    "[in_i]",
    "%",
    "1",
    "mm/h",
    "U/L",
    "ukat/L",
    "mmol/mol",
    "ug/kg/min",
    "ug/min",
    "mg/h",
    "[iU]/L",
    "m[iU]/mL",
    "Cel",
    "/min",
    "mg",
    "g",
    "{score}",
    "ng/mL",
    "ug/L",
];

/// A person as a hospital and people tell of them, and when one asks.
pub struct Person {
    pub resources: Vec<String>,
    pub answers: Vec<(String, Json)>,
    pub now: Instant,
}

/// A row of numbers by a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).expect("below n")
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one<T: Clone>(&mut self, all: &[T]) -> T {
        let place = self.below(all.len());
        all[place].clone()
    }
}

struct Maker<'t> {
    trial: &'t Trial,
    zone: &'t Zone,
    dice: Dice,
    now: Instant,
    odd: bool,
    id: String,
    made: Vec<Json>,
}

/// The person of this seed. An odd one has values known in part, doubtful statements, units that nobody knows.
pub fn person(active: &Active, seed: u64, odd: bool) -> Person {
    let mut dice = Dice(seed);
    let moment = FIRST_DAY + i64::try_from(dice.below(90 * 1440)).expect("few") * 60_000_000;
    let (trial, zone) = (&*active.trial, &active.trial.study.sites[0].zone);
    let mut maker = Maker { trial, zone, dice, now: Instant(moment), odd, id: format!("P{seed}"), made: Vec::new() };
    maker.patient();
    let mut answers = Vec::new();
    for (i, variable) in trial.variables.iter().enumerate() {
        match &variable.kind {
            VariableKind::Recorded(recorded) => maker.facts(i, variable, recorded),
            VariableKind::Attested { answer, .. } => answers.extend(maker.answer(variable, *answer)),
            VariableKind::Derived(_) => {}
        }
    }
    let resources = maker.made.iter().map(Json::to_string).collect();
    Person { resources, answers, now: maker.now }
}

impl Maker<'_> {
    fn patient(&mut self) {
        let years = 14 + self.dice.below(56);
        let day = add_days(self.zone.date_of(self.now), -i32::try_from(years * 365 + years / 4).expect("few"));
        let day = add_days(day, i32::try_from(self.dice.below(7)).expect("few") - 3).to_string();
        let born = if self.odd && self.dice.chance(20) { day[..4].to_owned() } else { day };
        let mut patient = json!({ "resourceType": "Patient", "id": self.id, "birthDate": born });
        if !self.dice.chance(5) {
            patient["gender"] = self.dice.one(&["female", "male", "female", "other"]).into();
        }
        self.made.push(patient);
        if self.dice.chance(70) {
            let at = self.before(&[]);
            self.condition(&[Coding::new("http://snomed.info/sct", "38341003")], &at);
        }
    }

    fn answer(&mut self, variable: &Variable, kind: ValueType) -> Option<(String, Json)> {
        let value = match kind {
            _ if self.dice.chance(25) => return None,
            ValueType::Truth => self.dice.chance(75).into(),
            ValueType::Number => json!(self.dice.below(100)),
            ValueType::Time | ValueType::Text => add_days(self.zone.date_of(self.now), -30).to_string().into(),
        };
        Some((variable.name.to_string(), value))
    }

    fn facts(&mut self, i: usize, variable: &Variable, recorded: &Recorded) {
        let codes = codes_of(&recorded.codes);
        if codes.is_empty() {
            return;
        }
        let durations = durations(self.trial, i);
        let count = self.dice.one(&[0, 0, 1, 1, 1, 1, 2, 3]);
        let mut seen = BTreeSet::new();
        for _ in 0..count {
            let at = self.before(&durations);
            // Two results of one moment are for the odd.
            if !seen.insert(at[..10].to_owned()) && !self.odd {
                continue;
            }
            let code = self.dice.one(&codes);
            match recorded.from.first() {
                Some(Origin::Observation) => self.observation(variable, recorded, &code, &at),
                Some(Origin::Condition) => self.condition(&[code], &at),
                Some(Origin::MedicationAdministration) => self.administration(variable, &code, &at),
                Some(Origin::Procedure) => self.procedure(&code, &at),
                // Answers of a questionnaire are told by nobody here: unknown.
                _ => {}
            }
        }
    }

    fn procedure(&mut self, code: &Coding, at: &str) {
        let status = if self.odd && self.dice.chance(30) { "not-done" } else { "completed" };
        let resource =
            json!({ "resourceType": "Procedure", "status": status, "code": concept(code), "performedDateTime": at });
        self.put(resource);
    }

    /// A time before now, often at the edge of a window; now and then one to come.
    fn before(&mut self, durations: &[Duration]) -> String {
        let mut days = vec![0, 1, 2, 5, 9, 13, 20, 27, 60, 200, 400];
        for d in durations {
            let n = i64::from(d.count);
            let n = match d.of {
                Calendar::Year => n * 365,
                Calendar::Month => n * 30,
                Calendar::Week => n * 7,
                Calendar::Day => n,
                Calendar::Hour | Calendar::Minute => {
                    let us = if d.of == Calendar::Hour { 3_600_000_000 } else { 60_000_000 };
                    let edge = self.dice.one(&[0, 60_000_000, -60_000_000, us / 2, -us / 2]);
                    if self.dice.chance(80) {
                        return stamp(self.zone, self.now.plus_us(edge - n * us));
                    }
                    1
                }
            };
            days.extend([n - 1, n, n, n + 1, n / 2, n / 2]);
        }
        if self.dice.chance(4) {
            days = vec![-1, -20];
        }
        let n = self.dice.one(&days);
        let day = add_days(self.zone.date_of(self.now), -i32::try_from(n).expect("few"));
        if self.odd && self.dice.chance(8) {
            return day.to_string()[..7].to_owned() + "-01";
        }
        if self.dice.chance(60) {
            return day.to_string();
        }
        stamp(self.zone, self.now.plus_us(-n * DAY_US))
    }

    fn observation(&mut self, variable: &Variable, recorded: &Recorded, code: &Coding, at: &str) {
        let status = if self.odd && self.dice.chance(10) {
            self.dice.one(&["preliminary", "registered", "cancelled"])
        } else {
            self.dice.one(&["final", "final", "amended", "corrected"])
        };
        let mut resource = json!({ "resourceType": "Observation", "status": status, "code": concept(code) });
        let at = if self.odd && self.dice.chance(5) { &at[..7] } else { at };
        resource["effectiveDateTime"] = at.into();
        if let Some((_, rule)) =
            recorded.context.iter().find(|(q, rule)| *q == Qualifier::Method && !rule.any.is_empty())
        {
            resource["method"] = concept(&codes_of(&rule.any)[0]);
        }
        if recorded.collection_hours.is_some() {
            let days = i64::try_from(self.made.len()).expect("few") % 20;
            let at = |days: i64| stamp(self.zone, self.now.plus_us(-days * DAY_US));
            resource.as_object_mut().expect("an object").remove("effectiveDateTime");
            resource["effectivePeriod"] = json!({ "start": at(days + 1), "end": at(days) });
        }
        match recorded.value {
            ValueType::Number => self.number(variable, recorded, &mut resource),
            ValueType::Truth => {
                let known = self.dice.chance(50);
                let of = |wanted: bool| {
                    let mut sets = recorded.answers.iter().filter(move |(v, _)| *v == AnswerValue::Truth(wanted));
                    sets.next().map(|(_, set)| codes_of(set)).unwrap_or_default()
                };
                let codes = of(known);
                resource["valueCodeableConcept"] = if codes.is_empty() || (self.odd && self.dice.chance(10)) {
                    json!({ "text": "seen by the moon" })
                } else {
                    concept(&self.dice.one(&codes))
                };
            }
            ValueType::Time => {
                let day = add_days(self.zone.date_of(self.now), -self.dice.one(&[30, 400, 729, 730, 731, 900]));
                let day = day.to_string();
                let known = if self.odd && self.dice.chance(30) { &day[..7] } else { &day };
                resource["valueDateTime"] = known.into();
            }
            ValueType::Text => resource["valueString"] = "words".into(),
        }
        self.put(resource);
    }

    fn number(&mut self, variable: &Variable, recorded: &Recorded, resource: &mut Json) {
        let Some(unit) = &variable.unit else { return };
        let (value, unit) = self.quantity(unit);
        if self.odd && self.dice.chance(8) {
            resource["valueQuantity"] = quantity(&value, "blessings", None);
            return;
        }
        resource["valueQuantity"] = quantity(&value, &unit, Some(&unit));
        if self.odd && self.dice.chance(12) {
            resource["valueQuantity"]["comparator"] = self.dice.one(&["<", "<=", ">", ">="]).into();
        }
        if !recorded.answers.is_empty() {
            return;
        }
        let ends = [self.quantity(variable.unit.as_ref().expect("a unit")).0, value];
        let (low, high) =
            if number(&ends[0]) <= number(&ends[1]) { (&ends[0], &ends[1]) } else { (&ends[1], &ends[0]) };
        if self.dice.chance(70) {
            resource["referenceRange"] =
                json!([{ "low": quantity(low, &unit, Some(&unit)), "high": quantity(high, &unit, Some(&unit)) }]);
        }
    }

    /// A number near a limit of the definition, as a decimal of some unit.
    fn quantity(&mut self, unit: &Unit) -> (String, String) {
        let limits = limits(self.trial, unit);
        let near = if limits.is_empty() { Number::from(10) } else { self.dice.one(&limits) };
        let step = self.dice.one(&[
            Number::ONE,
            Number::decimal(1, -1),
            Number::decimal(1, -2),
            Number::from(10),
            Number::from(25),
        ]);
        let steps = i64::try_from(self.dice.below(7)).expect("few") - 3;
        let value = (&near + &(&step * &Number::from(steps))).abs();
        let fit: Vec<&&str> =
            UNITS.iter().filter(|code| Unit::parse(code).is_ok_and(|u| u.conversion(unit).is_ok())).collect();
        let code = if fit.is_empty() || self.dice.chance(50) {
            unit.code().to_owned()
        } else {
            (*self.dice.one(&fit)).to_string()
        };
        let way = Unit::parse(&code).and_then(|u| unit.conversion(&u)).expect("they convert");
        (way.apply(&value).round(4).to_decimal().expect("a decimal"), code)
    }

    fn condition(&mut self, codes: &[Coding], at: &str) {
        let (clinical, verification) = if self.odd && self.dice.chance(40) {
            self.dice.one(&[
                ("active", "refuted"),
                ("active", "provisional"),
                ("resolved", "confirmed"),
                ("inactive", "unconfirmed"),
            ])
        } else {
            ("active", "confirmed")
        };
        let status = |system: &str, code: &str| json!({ "coding": [{ "system": format!("http://terminology.hl7.org/CodeSystem/{system}"), "code": code }] });
        let mut resource = json!({ "resourceType": "Condition", "code": concept(&codes[0]), "recordedDate": at,
            "clinicalStatus": status("condition-clinical", clinical), "verificationStatus": status("condition-ver-status", verification) });
        if self.dice.chance(70) {
            resource["onsetDateTime"] = at.into();
        }
        if clinical == "resolved" && self.dice.chance(50) {
            resource["abatementDateTime"] = at.into();
        }
        self.put(resource);
    }

    fn administration(&mut self, variable: &Variable, code: &Coding, at: &str) {
        let status = if self.odd && self.dice.chance(20) {
            self.dice.one(&["not-done", "in-progress", "stopped"])
        } else {
            "completed"
        };
        let mut resource = json!({ "resourceType": "MedicationAdministration", "status": status, "medicationCodeableConcept": concept(code) });
        if at.len() > 10 && self.dice.chance(60) {
            resource["effectivePeriod"] = json!({ "start": at });
            if self.dice.chance(70) {
                let hours = i64::try_from(self.dice.below(48)).expect("few") - 24;
                let end = stamp(self.zone, self.now.plus_us(hours * 3_600_000_000));
                if *end > *at {
                    resource["effectivePeriod"]["end"] = end.into();
                }
            }
        } else {
            resource["effectiveDateTime"] = at.into();
        }
        if let Some(unit) = &variable.unit {
            let (value, code) = self.quantity(unit);
            resource["dosage"] = if unit.code().contains("min") || unit.code().contains("/h") {
                json!({ "rateQuantity": quantity(&value, &code, Some(&code)) })
            } else {
                json!({ "dose": quantity(&value, &code, Some(&code)) })
            };
        }
        self.put(resource);
    }

    fn put(&mut self, mut resource: Json) {
        resource["id"] = format!("{}-{}", self.id, self.made.len()).into();
        resource["subject"] = json!({ "reference": format!("Patient/{}", self.id) });
        self.made.push(resource);
    }
}

fn stamp(zone: &Zone, at: Instant) -> String {
    zone.show(Instant(at.0 - at.0.rem_euclid(1_000_000)))
}

fn concept(code: &Coding) -> Json {
    json!({ "coding": [{ "system": code.system.as_str(), "code": code.code.as_str() }] })
}

fn quantity(value: &str, unit: &str, code: Option<&str>) -> Json {
    let value: Json = serde_json::from_str(value).expect("a number");
    match code {
        Some(code) => json!({ "value": value, "unit": unit, "system": UCUM_SYSTEM, "code": code }),
        None => json!({ "value": value, "unit": unit }),
    }
}

fn number(text: &str) -> Number {
    Number::parse(text).expect("a decimal")
}

fn codes_of(set: &CodeSet) -> Vec<Coding> {
    let mut all = set.codes.clone();
    all.extend(set.prefixes.clone());
    all.extend(set.ranges.iter().map(|(system, first, _)| Coding::new(system.clone(), first.clone())));
    all
}

fn walk<'t>(trial: &'t Trial, see: &mut dyn FnMut(&'t Expr)) {
    trial.expressions().into_iter().for_each(|e| e.walk(see));
}

/// Lengths of the windows in which this variable is looked at.
fn durations(trial: &Trial, variable: usize) -> Vec<Duration> {
    let mut found = Vec::new();
    walk(trial, &mut |e| {
        if let Kind::Aggregate(_, Source::Series(series)) = &e.kind
            && series.variable == variable
            && let Some(
                Window::Within(d) | Window::WithinOf(d, _) | Window::WithinBefore(d, _) | Window::WithinAfter(d, _),
            ) = &series.window
        {
            found.push(*d);
        }
        if let Kind::Shift(_, d, _) = &e.kind {
            found.push(*d);
        }
    });
    found
}

/// Numbers of the definition that a value of this unit may be compared with.
fn limits(trial: &Trial, unit: &Unit) -> Vec<Number> {
    let mut found = Vec::new();
    walk(trial, &mut |e| {
        if let (Kind::Literal(Some(Value::Number(n))), Type::Number(of)) = (&e.kind, &e.ty)
            && let (Some(n), Ok(way)) = (n.as_exact(), of.conversion(unit))
        {
            found.push(way.apply(n));
        }
    });
    found
}
