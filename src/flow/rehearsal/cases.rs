//! The worked cases of a definition, and case files of one's own: evaluated, and compared with what they expect.

use super::rehearse::{Cast, Rehearsal, moment_of};
use crate::model::assessment::Assessment;
use crate::model::terms::TermsBySource;
use crate::publish::course;
use crate::trial::case::{self, Case, differences};
use crate::trial::definition::Trial;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a case may expect once the study drug was given; before that it is told only where it is asked for.
const COURSE: [&str; 4] = ["exposure", "outcomes", "events", "grades"];

/// How one case came out.
pub struct CaseResult {
    /// Its file.
    pub file: String,
    /// Its title.
    pub title: String,
    /// What differs from what it expects; empty: nothing.
    pub differences: Vec<String>,
    /// The answer as the interfaces print it.
    pub json: Value,
    /// The answer.
    pub assessment: Option<Assessment>,
}

/// Runs every case below `cases/` of a definition's folder.
pub fn run_all(trial: &Trial, terms: &TermsBySource, files: &[(String, String)]) -> Vec<CaseResult> {
    let is_case = |path: &str| path.starts_with("cases/") && path.ends_with(".json");
    files.iter().filter(|(path, _)| is_case(path)).map(|(path, text)| run(trial, terms, path, text)).collect()
}

/// Runs one case file.
pub fn run(trial: &Trial, terms: &TermsBySource, file: &str, text: &str) -> CaseResult {
    let broken = |why: String| CaseResult {
        file: file.to_owned(),
        title: String::new(),
        differences: vec![why],
        json: Value::Null,
        assessment: None,
    };
    let case = match case::parse(text) {
        Ok(case) => case,
        Err(why) => return broken(why),
    };
    match evaluate(trial, terms, &case) {
        Ok((json, assessment)) => CaseResult {
            file: file.to_owned(),
            title: case.title.clone(),
            differences: differences(&case.expect, &json),
            json,
            assessment: Some(assessment),
        },
        Err(why) => broken(why),
    }
}

fn evaluate(trial: &Trial, terms: &TermsBySource, case: &Case) -> Result<(Value, Assessment), String> {
    let rehearsal = Rehearsal::new(trial, terms, &BTreeMap::new())?;
    let site = rehearsal.site().ok_or("the definition names no site")?;
    let now = moment_of(&case.as_of, &site.zone)?;
    let mut cast = Cast::read(case.resources.iter().map(String::as_bytes), &site.zone, now);
    if let Some((place, issue)) = cast.issues.iter().find(|(_, i)| i.severity >= crate::model::issue::Severity::Error) {
        return Err(format!("resource {place}: {issue}"));
    }
    let people: Vec<String> = cast.people.keys().cloned().collect();
    let [person] = &people[..] else {
        return Err(format!("a case is about one person; found {}", people.len()));
    };
    for (variable, answer) in &case.attest {
        cast.attest(person, &trial.id, variable, answer, now)?;
    }
    let facts = cast.people.remove(person).unwrap_or_default();
    let assessment = rehearsal.assess(&facts, &cast.names, site, now);
    let mut json = rehearsal.json(&assessment, person, site);
    let found = rehearsal.outcomes(&facts, site, now);
    let asked = COURSE.iter().any(|key| case.expect.get(key).is_some());
    if let Some(all) = json.as_object_mut()
        && (asked || found.exposure.day0.is_some())
    {
        all.extend(course::to_json(trial, &found, &site.zone));
    }
    Ok((json, assessment))
}
