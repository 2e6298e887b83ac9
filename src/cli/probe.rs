//! `source probe` and `target probe`: what a server states of itself, what its samples come to, and what that means.

use super::print::{End, count, fail, json, thousands};
use crate::flow::desk::TargetAt;
use crate::flow::probe::{Offered, Probed, Sample};
use crate::flow::pull::Feed;
use crate::model::capabilities::Capabilities;
use serde_json::{Value, json};

/// Codes that are listed.
const LISTED_MAX: usize = 20;

/// Prints it; ends with 1 where something was refused.
pub fn source(feed: &Feed, found: &Probed, as_json: bool) -> End {
    if as_json {
        json(&object(feed, found));
    } else {
        print(feed, found);
    }
    if found.problems.is_empty() { End::Done } else { End::Wrong }
}

fn object(feed: &Feed, found: &Probed) -> Value {
    let unmapped = found.unmapped.iter().map(|row| {
        let may_be: Vec<String> = row.may_be.iter().map(ToString::to_string).collect();
        json!({ "system": row.code.system.as_str(), "code": row.code.code.as_str(), "unit": row.unit,
                "results": row.count, "what": row.what(), "may_be": may_be })
    });
    json!({
        "source": feed.source,
        "by": feed.settings.by,
        "shows": found.shows,
        "clock_ahead": found.clock_ahead,
        "states": found.offered.as_ref().map(stated),
        "patients": found.patients,
        "samples": found.samples.iter().map(|(kind, s)| ((*kind).to_owned(), sample(s))).collect::<serde_json::Map<_, _>>(),
        "unmapped": unmapped.collect::<Vec<_>>(),
        "remarks": found.remarks,
        "problems": found.problems,
    })
}

fn stated(offered: &Offered) -> Value {
    let kinds = offered.kinds.iter().map(|(kind, o)| {
        let value = json!({ "read": o.read, "search": o.search, "parameters": o.parameters });
        (kind.clone(), value)
    });
    json!({
        "fhir_version": offered.fhir_version,
        "software": offered.software,
        "security": offered.security,
        "kinds": kinds.collect::<serde_json::Map<_, _>>(),
        "subscription_create": offered.subscriptions.create,
        "export": offered.exports,
    })
}

fn sample(s: &Sample) -> Value {
    json!({
        "read": s.read,
        "set_aside": s.set_aside,
        "codes": { "all": s.codes.0, "read_by_a_definition": s.codes.1 },
        "units": { "all": s.units.0, "understood": s.units.1 },
        "without_unit": s.without_unit,
        "without_time": s.without_time,
        "date_only": s.date_only,
        "without_zone": s.without_zone,
    })
}

fn print(feed: &Feed, found: &Probed) {
    println!("{}: answers; we show who we are by `{}`", feed.source, found.shows);
    if let Some(ahead) = found.clock_ahead {
        println!("  its clock differs from ours by {ahead} s");
    }
    if let Some(offered) = &found.offered {
        print_stated(feed, offered);
    }
    match found.patients {
        Some(n) => println!("samples of {} (nothing is kept):", count(n as u64, "patient")),
        None => println!("samples of the whole server (nothing is kept):"),
    }
    for (kind, s) in &found.samples {
        println!("{:>12}  {kind}", thousands(s.read));
        if s.read == 0 {
            continue;
        }
        println!("{:>12}  codes, {} read by a definition in force", s.codes.0, s.codes.1);
        println!("{:>12}  units, {} understood", s.units.0, s.units.1);
        let faults = [
            (s.without_unit, "numbers without a unit"),
            (s.without_time, "without a clinical time: no window holds them"),
            (s.date_only, "with a date alone: that day in the source's calendar"),
            (s.without_zone, "with a time and no zone: a pull sets them aside"),
        ];
        for (n, words) in faults.iter().filter(|(n, _)| *n > 0) {
            println!("{:>12}  {words}", thousands(*n));
        }
        for (reason, n) in &s.set_aside {
            println!("{:>12}  would be set aside: {reason}", thousands(*n));
        }
    }
    for row in found.unmapped.iter().take(LISTED_MAX) {
        let unit = if row.unit.is_empty() { "no unit" } else { &row.unit };
        println!("{:>12}  {} in {unit}: {}", row.count, row.code, row.what());
        row.may_be.iter().take(1).for_each(|guess| println!("{:>16}may be {guess}", ""));
    }
    if found.unmapped.len() > LISTED_MAX {
        println!("{:>12}  further codes and units; `--json` lists all", found.unmapped.len() - LISTED_MAX);
    }
    found.remarks.iter().for_each(|words| println!("- {words}"));
    found.problems.iter().for_each(|words| eprintln!("trialgate: {words}"));
}

fn print_stated(feed: &Feed, offered: &Offered) {
    let unsaid = |words: &str| if words.is_empty() { "nothing".to_owned() } else { words.to_owned() };
    let list = |words: Vec<&str>| unsaid(&words.join(", "));
    println!("  states FHIR {}, software {}", unsaid(&offered.fhir_version), unsaid(&offered.software));
    println!("  security: {}", list(offered.security.iter().map(String::as_str).collect()));
    for kind in &feed.settings.kinds {
        let words = match offered.kinds.get(kind) {
            None => "absent".to_owned(),
            Some(o) => {
                let has = |name: &str| if o.parameters.contains(name) { "yes" } else { "no" };
                let yes = |is: bool| if is { "yes" } else { "no" };
                format!(
                    "read {}, search {}, by `patient` {}, by `_lastUpdated` {}",
                    yes(o.read),
                    yes(o.search),
                    has("patient"),
                    has("_lastUpdated")
                )
            }
        };
        println!("  {kind}: {words}");
    }
    let create = if offered.subscriptions.create { "yes" } else { "no" };
    println!("  Subscription create: {create}; $export: {}", list(offered.exports.iter().copied().collect()));
}

/// Prints what a target takes; ends with 1 where it takes no ResearchSubject.
pub fn target(target: &TargetAt, takes: Result<Capabilities, String>, as_json: bool) -> End {
    let takes = match takes {
        Ok(takes) => takes,
        Err(words) => return fail(End::Failed, format!("{}: {words}", target.name)),
    };
    let is_told = takes.update_create || takes.conditional_update;
    if as_json {
        json(&json!({
            "target": target.name,
            "publish": target.publish.word(),
            "research_subject": { "update_create": takes.update_create, "conditional_update": takes.conditional_update,
                                  "delete": takes.delete, "versioned": takes.versioned },
            "research_study": takes.research_study,
        }));
    } else {
        let yes = |is: bool| if is { "yes" } else { "no" };
        println!("{}: answers; it is told `{}`", target.name, target.publish.word());
        println!(
            "  ResearchSubject: under an id of ours {}, by a condition {}",
            yes(takes.update_create),
            yes(takes.conditional_update)
        );
        println!("  ResearchSubject: delete {}, versions {}", yes(takes.delete), yes(takes.versioned));
        println!("  ResearchStudy: {}", yes(takes.research_study));
    }
    match is_told {
        true => End::Done,
        false => fail(
            End::Wrong,
            format!("{}: its CapabilityStatement takes no ResearchSubject that may be sent twice", target.name),
        ),
    }
}
