//! How the demo speaks: one line for each thing that happened, a table, and what to try.

use super::story::{Outcome, SOURCE, Stage, State, Step, Story};
use serde_json::{Value, json};

/// One person of the closing table.
pub struct Row {
    /// Name in the story.
    pub person: String,
    /// Where they stand.
    pub state: State,
}

impl Row {
    /// As `--json` prints it.
    pub fn json(&self) -> Value {
        json!({ "person": self.person, "verdict": self.state.overall(), "status": self.status(),
                "missing": self.state.verdict["missing"], "next": self.next() })
    }

    fn status(&self) -> String {
        let computed = self.state.status == "ineligible" && !self.state.by_person;
        format!("{}{}", self.state.status, if computed { " (computed)" } else { "" })
    }

    /// What keeps the person out, or what is missing.
    fn why(&self) -> String {
        if self.state.by_person || self.state.status.starts_with("on-study") {
            return "sealed at registration".into();
        }
        let verdict = &self.state.verdict;
        match self.state.overall() {
            "undetermined" => self.state.missing(),
            "ineligible" => match &verdict["near_miss"] {
                Value::Object(near) => near_words(near),
                _ => format!("{}: not met", failing(verdict).join(" ")),
            },
            _ => "-".into(),
        }
    }

    fn next(&self) -> String {
        if let Some(treatment) = &self.state.treatment {
            return treatment.clone();
        }
        match self.state.verdict["changes_at"].as_str() {
            Some(at) => format!("may change {}", at.get(..10).unwrap_or(at)),
            None => "-".into(),
        }
    }
}

fn near_words(near: &serde_json::Map<String, Value>) -> String {
    let word = |v: &Value| v.as_str().unwrap_or("").to_owned();
    let id = word(&near["criterion"]);
    match near["comparisons"].get(0) {
        Some(c) => format!(
            "{id} alone: {}; it is {}, {} away",
            word(&c["expression"]),
            word(&c["value"]),
            word(&c["difference"])
        ),
        None => format!("{id} alone"),
    }
}

/// The criteria that keep a person out, in the order of the protocol.
fn failing(verdict: &Value) -> Vec<String> {
    let out = |c: &&Value| match c["kind"].as_str() {
        Some("exclusion") => c["result"] == "true",
        _ => c["result"] == "false",
    };
    let id = |c: &Value| c["id"].as_str().unwrap_or("").to_owned();
    verdict["criteria"].as_array().map_or_else(Vec::new, |all| all.iter().filter(out).map(id).collect())
}

/// The first lines: what runs where.
pub fn opening(stage: &Stage) {
    let story = &stage.story;
    let day = story.clock.get(..10).unwrap_or(&story.clock);
    println!("trialgate demo · synthetic people, this machine only, gone when you stop it · clock set to {day}");
    let library = stage.desk.library();
    if let Some(active) = library.trial(&story.trial) {
        let questions = active.trial.open_questions();
        println!(
            "  trial      {}  {} · {questions} open questions of the text, each with a written answer",
            story.trial, active.trial.study.title
        );
    }
    for (name, standin) in &stage.standins {
        let told = match stage.desk.target(name).map(|t| t.publish.word()) {
            Some("all-computed") => "told every computed status",
            Some("candidates") => "told candidates",
            _ => "told nothing before consent",
        };
        println!("  {:<10} {}  ({told})", name, standin.base());
    }
    println!();
}

/// One step in a line, with what it brought about below it.
pub fn step(step: &Step, outcome: &Outcome) {
    let (before, after) = (&outcome.before, &outcome.after);
    let verdict = match (before.overall(), after.overall()) {
        (_, "") => String::new(),
        (a, b) if a == b => b.to_owned(),
        (a, b) => format!("{a} -> {}", if b == "eligible" { "ELIGIBLE by data" } else { b }),
    };
    println!(" {}  {:<4} {:<50} {verdict}", step.at, step.person.as_deref().unwrap_or(""), step.say);
    if before.overall() != after.overall()
        && let Some(because) = &step.because
    {
        detail(&format!("because {because}"));
    }
    if after.overall() == "undetermined" {
        detail(&format!("decided by: {}", after.missing()));
    }
    if let Some(variable) = &step.show
        && let Some(left_out) = left_out(&after.verdict, variable)
    {
        detail(&left_out);
    }
    if step.show_treatment
        && let Some(treatment) = &after.treatment
    {
        detail(treatment);
    }
    if before.status != after.status || before.removed != after.removed {
        let word = if after.removed { "removed" } else { &after.status };
        detail(&format!("status {} -> {word}", if before.status.is_empty() { "none" } else { &before.status }));
    }
    for (target, words) in &outcome.told {
        detail(&format!("{target} <- {words}"));
    }
    if outcome.waiting > 0 {
        detail(&format!("{} waiting", outcome.waiting));
    }
}

fn detail(words: &str) {
    println!("              {words}");
}

/// The newest fact of a variable that was left out, as received, with the reason.
fn left_out(verdict: &Value, variable: &str) -> Option<String> {
    let mut facts = verdict["criteria"].as_array()?.iter().filter_map(|c| c["facts"].as_array()).flatten();
    let fact = facts.rfind(|f| f["variable"] == variable && f["value"].is_null())?;
    Some(format!("{}: kept, not used: {}", fact["received"].as_str()?, fact["remark"].as_str().unwrap_or("")))
}

/// Where everybody stands.
pub fn table(rows: &[Row], hidden: usize) {
    println!("\n  {:<7} {:<13} {:<22} {:<46} next", "person", "verdict", "status", "why / what is missing");
    for row in rows {
        println!(
            "  {:<7} {:<13} {:<22} {:<46} {}",
            row.person,
            row.state.overall(),
            row.status(),
            row.why(),
            row.next()
        );
    }
    match hidden {
        0 => {}
        1 => println!("  1 person objected and is not shown"),
        n => println!("  {n} persons objected and are not shown"),
    }
}

/// What to try, and how to stop.
pub fn closing(story: &Story, base: &str, page: &str, store_url: &str, ended: bool) {
    if ended {
        return;
    }
    let person = story.table.get(3).or(story.table.first()).map_or("", String::as_str);
    println!("\n  page       {page}      stop: Ctrl-C");
    println!("  gateway    {base}/fhir");
    println!(
        "  try        trialgate explain {SOURCE}/{person} {} --store {store_url} --as-of {}",
        story.trial,
        story.clock.get(..10).unwrap_or("")
    );
    println!("             curl -s '{base}/fhir/ResearchSubject?_count=5'");
    println!(
        "             trialgate trial evaluate profiles/trials/{} mine.json   # your own Bundle, nothing kept",
        story.trial
    );
    println!("             trialgate audit verify --store {store_url}");
}
