//! Scores made of items: components, single results of a day, questionnaires; and the scoring of each shipped instrument.

use crate::evaluate::{include, maps};
use serde_json::{Value, json};
use trialgate::flow::library;
use trialgate::flow::profiles::Profiles;
use trialgate::flow::rehearsal::cases;

const HEAD: &str = "language = 1\ntrial = \"T1\"\nversion = 1\n[study]\ntitle = \"A study\"\nregistry = \"https://clinicaltrials.gov\"\nstatus = \"active\"\nsites = [{ id = \"S\", name = \"Site\", country = \"CN\", zone = \"Asia/Shanghai\" }]\n[conduct]\nparticipation_starts = \"consent\"\nconsent_version = \"1\"\neligibility_valid = \"30 days\"\nrun_in = false\nobservation = false\nrescreen = true\n";
const LOCAL: &str = "https://trialgate.example/fhir/CodeSystem/trial-variable";

fn variable(instrument: &str, code: &str) -> String {
    let code = if code.is_empty() { String::new() } else { format!("code = [\"local|{code}\"]\n") };
    format!(
        "[variables.x]\nfrom = [\"observation\", \"questionnaire_response\"]\n{code}instrument = \"{instrument}\"\nunit = \"{{score}}\"\nselect = \"Last(x within 28 days)\"\n"
    )
}

/// The answer to `require` of a definition with this variable, about these resources.
fn asked(variable: &str, require: &str, resources: &[Value]) -> Value {
    let mut profiles = Profiles::built_in();
    profiles.0.insert("trials/T1/trial.toml".into(), format!("{HEAD}{variable}{}", include("A", require)));
    let (trial, mistakes) = library::definition(&profiles, "trials/T1");
    let trial = trial.unwrap_or_else(|| panic!("{mistakes:#?}"));
    let mut all = vec![json!({ "resourceType": "Patient", "id": "p" })];
    all.extend(resources.iter().cloned());
    let case = json!({ "title": "t", "as_of": "2026-06-01", "resources": all, "expect": {} });
    let result = cases::run(&trial, &maps(""), "case", &case.to_string());
    assert!(result.differences.is_empty(), "{:?}", result.differences);
    result.json["criteria"][0].clone()
}

fn result(variable: &str, require: &str, resources: &[Value]) -> Value {
    asked(variable, require, resources)["result"].clone()
}

fn code(word: &str) -> Value {
    json!({ "coding": [{ "system": LOCAL, "code": word }] })
}

fn observation(id: &str, day: &str, word: &str, more: Value) -> Value {
    let mut all = json!({ "resourceType": "Observation", "id": id, "status": "final", "subject": { "reference": "Patient/p" },
        "code": code(word), "effectiveDateTime": day });
    all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    all
}

const SITES: [&str; 17] = [
    "face",
    "anterior-chest",
    "abdomen",
    "left-fingers",
    "left-hand",
    "left-forearm",
    "left-upper-arm",
    "left-thigh",
    "left-lower-leg",
    "left-foot",
    "right-fingers",
    "right-hand",
    "right-forearm",
    "right-upper-arm",
    "right-thigh",
    "right-lower-leg",
    "right-foot",
];

/// An examination of the skin with these points as components, and a total if one is given.
fn skin(points: &[i64], total: Option<i64>) -> Value {
    let component = |(site, n): (&&str, &i64)| json!({ "code": code(&format!("mrss-{site}")), "valueInteger": n });
    let components: Vec<Value> = SITES.iter().zip(points).map(component).collect();
    let mut more = json!({ "component": components });
    if let Some(total) = total {
        more["valueInteger"] = json!(total);
    }
    observation("skin", "2026-05-20", if total.is_some() { "mrss-total" } else { "skin" }, more)
}

#[test]
fn a_score_is_the_sum_of_its_components_and_open_by_those_that_are_missing() {
    let x = variable("mrss", "mrss-total");
    let all = [1; 17];
    assert_eq!(result(&x, "x = 17", &[skin(&all, None)]), "true");
    // Sixteen sites with one point: the last may have none to three.
    let ask = |require: &str| result(&x, require, &[skin(&all[1..], None)]);
    assert_eq!([ask("x >= 16"), ask("x > 19"), ask("x > 16")], ["true", "false", "unknown"]);
    let shown = asked(&x, "x >= 16", &[skin(&all[1..], None)]);
    assert_eq!(shown["facts"][0]["received"], "16 of 17 items of mrss", "{shown}");
    assert_eq!(shown["facts"][0]["value"], "16..19 {score}");
}

#[test]
fn a_total_that_fits_stands_and_one_that_contradicts_its_items_is_left_out() {
    let x = variable("mrss", "mrss-total");
    assert_eq!(result(&x, "x = 17", &[skin(&[1; 17], Some(17))]), "true");
    // A total is more exact than items of which one is missing.
    assert_eq!(result(&x, "x = 18", &[skin(&[1; 16], Some(18))]), "true");
    let shown = asked(&x, "x = 17", &[skin(&[1; 17], Some(28))]);
    assert_eq!(shown["result"], "true");
    let remarks: Vec<&str> =
        shown["facts"].as_array().expect("facts").iter().filter_map(|f| f["remark"].as_str()).collect();
    assert_eq!(remarks, ["conflicting: a total of 28 was sent, and its items make 17"]);
    let alone = |value: Value| result(&x, "x = 20", &[observation("t", "2026-05-20", "mrss-total", value)]);
    assert_eq!(alone(json!({ "valueInteger": 20 })), "true");
    assert_eq!(
        alone(json!({ "valueQuantity": { "value": 20.0, "system": "http://unitsofmeasure.org", "code": "{score}" } })),
        "true"
    );
    assert_eq!(alone(json!({ "valueString": "20" })), "true");
    assert_eq!(alone(json!({ "valueString": "about 20" })), "unknown");
    // A score that is no whole number is none.
    assert_eq!(alone(json!({ "valueQuantity": { "value": 20.5 } })), "unknown");
}

#[test]
fn single_results_of_one_day_make_a_score_and_those_of_two_days_two() {
    let x = variable("mrss", "");
    let site = |(n, site): (usize, &&str)| {
        observation(&format!("o{n}"), "2026-05-20", &format!("mrss-{site}"), json!({ "valueInteger": 2 }))
    };
    let mut all: Vec<Value> = SITES.iter().enumerate().map(site).collect();
    assert_eq!(result(&x, "x = 34", &all), "true");
    // One site of the next day is a sitting of its own, in which sixteen are open.
    all[16]["effectiveDateTime"] = json!("2026-05-21");
    assert_eq!(result(&x, "x >= 2 and x <= 50", &all), "true");
    assert_eq!(result(&x, "First(x within 28 days) = 33", &all), "unknown");
    // No score has a site with four points.
    all[16] = observation("o16", "2026-05-20", "mrss-right-foot", json!({ "valueInteger": 4 }));
    let shown = asked(&x, "x >= 32", &all);
    assert_eq!(shown["result"], "true");
    assert!(shown.to_string().contains("4 points of `right-foot`; wanted 0 to 3"), "{shown}");
}

#[test]
fn a_disability_index_is_the_mean_of_its_categories_raised_by_aids() {
    let x = variable("haq-di", "haq-di");
    let categories = ["dressing", "arising", "eating", "walking", "hygiene", "reach", "grip", "activities"];
    let sent = |points: &[i64], aid: Option<&str>| {
        let component = |(c, n): (&&str, &i64)| json!({ "code": code(&format!("haq-{c}")), "valueInteger": n });
        let mut all: Vec<Value> = categories.iter().zip(points).map(component).collect();
        all.extend(aid.map(|a| json!({ "code": code(&format!("haq-{a}-aid")), "valueBoolean": true })));
        observation("haq", "2026-05-20", "haq", json!({ "component": all }))
    };
    let worked = [2, 1, 0, 3, 1, 2, 0, 1];
    assert_eq!(result(&x, "x = 1.25", &[sent(&worked, None)]), "true");
    assert_eq!(result(&x, "x = 1.5", &[sent(&worked, Some("eating"))]), "true");
    // An aid raises to two, never lowers.
    assert_eq!(result(&x, "x = 1.25", &[sent(&worked, Some("walking"))]), "true");
    assert_eq!(result(&x, "x = 1.5", &[sent(&worked[..6], None)]), "true");
    let few = asked(&x, "x = 1.5", &[sent(&worked[..5], None)]);
    assert_eq!(few["result"], "unknown");
    assert!(few.to_string().contains("5 of 8 items of haq-di answered; wanted 6 for a score"), "{few}");
}

#[test]
fn a_questionnaire_is_recoded_and_averaged() {
    let x = variable("rand36.energy", "");
    let sent = |answers: &[(&str, Value)]| {
        let item = |(q, value): &(&str, Value)| json!({ "linkId": q, "answer": [{ "valueInteger": value }] });
        let items: Vec<Value> = answers.iter().map(item).collect();
        json!({ "resourceType": "QuestionnaireResponse", "id": "q", "status": "completed", "subject": { "reference": "Patient/p" },
            "questionnaire": LOCAL, "authored": "2026-05-20T09:00:00+08:00", "item": [{ "linkId": "all", "item": items }] })
    };
    let worked = [("rand36-q23", json!(4)), ("rand36-q27", json!(3)), ("rand36-q29", json!(3))];
    // 40, 60, 40: the mean is 46.7, exactly 140/3.
    assert_eq!(result(&x, "Round(x, 1) = 46.7 and x * 3 = 140", &[sent(&worked)]), "true");
    assert_eq!(result(&x, "x > 0", &[sent(&worked[..1])]), "unknown");
    let wrong = [("rand36-q23", json!(7)), ("rand36-q27", json!(3)), ("rand36-q29", json!(3))];
    let shown = asked(&x, "x = 50", &[sent(&wrong)]);
    assert_eq!(shown["result"], "true");
    assert!(shown.to_string().contains("7 is no answer of `q23`"), "{shown}");
}

#[test]
fn a_scale_reads_its_own_items_and_no_other() {
    let sent = |item: &str, n: i64| observation(item, "2026-05-20", item, json!({ "valueInteger": n }));
    // Of an answer to another scale nothing is said, not even that it is impossible.
    let shown = asked(&variable("rand36.pain", ""), "x > 0", &[sent("rand36-q23", 9)]);
    assert_eq!(
        (shown["result"].as_str(), shown["facts"].as_array().map(Vec::len)),
        (Some("unknown"), Some(0)),
        "{shown}"
    );
    let shown = asked(&variable("rand36.energy", ""), "x > 0", &[sent("rand36-q23", 9)]);
    assert!(shown.to_string().contains("9 is no answer of `q23`"), "{shown}");
}

#[test]
fn every_shipped_instrument_can_be_named_with_each_of_its_scales() {
    let profiles = Profiles::built_in();
    let mut count = 0;
    for (file, text) in profiles.below("instruments") {
        let id = file.strip_suffix(".toml").expect("only instruments");
        for scale in text.lines().filter_map(|l| l.strip_prefix("[scales.")?.split(']').next()) {
            count += 1;
            let shown = result(&variable(&format!("{id}.{scale}"), "none"), "x > 1", &[]);
            assert_eq!(shown, "unknown", "{id}.{scale}");
        }
    }
    assert_eq!(count, 18, "scales of mrss, haq-di and rand36");
}

#[test]
fn mistakes_about_instruments_say_what_would_be_right() {
    let told = |variable: &str, change: (&str, &str)| {
        let mut profiles = Profiles::built_in();
        let file = profiles.0.get_mut("instruments/mrss.toml").expect("the file");
        *file = file.replacen(change.0, change.1, 1);
        profiles.0.insert("trials/T1/trial.toml".into(), format!("{HEAD}{variable}{}", include("A", "x > 1")));
        let (trial, mistakes) = library::definition(&profiles, "trials/T1");
        assert!(trial.is_none());
        mistakes.iter().filter(|m| m.is_error()).map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let x = variable("mrss", "c");
    for (variable, change, words) in [
        (variable("mrs", "c"), ("", ""), "did you mean `mrss`?"),
        (variable("mrss.totl", "c"), ("", ""), "has no scale `totl`"),
        (x.replace("{score}", "mg"), ("", ""), "a score is a plain number"),
        (
            x.clone(),
            ("\"face\", \"anterior", "\"fase\", \"anterior"),
            "instruments/mrss.toml:26:3: error: no item or scale is named `fase`",
        ),
        (x.clone(), ("score = \"sum\"", "score = \"som\""), "wanted one of sum, mean, max"),
        (x.clone(), ("bounds = [0, 3]", "bounds = [3, 0]"), "the bounds run backwards"),
        (x.clone(), ("bounds = [0, 3]", "at_least = 18"), "the scale has only 17 parts"),
        (x.clone(), ("local|mrss-face", "lokal|mrss-face"), "the system `lokal` is not known"),
        (x.clone(), ("step = 1", "stepp = 1"), "did you mean `step`?"),
        (x.clone(), ("bounds = [0, 3]", "weights = [1, 2]"), "2 weights for 17 parts; wanted one for each"),
        (x.clone(), ("bounds = [0, 3]", "bounds = [0, 3]\nweights = [1]"), "`bounds` has no meaning beside `weights`"),
        (x.clone(), ("score = \"sum\"", "score = \"max\"\nweights = [1]"), "only a sum has weights"),
        (x, ("step = 1", "add = 1"), "`weights` is missing"),
    ] {
        let found = told(&variable, change);
        assert!(found.contains(words), "{words}: {found}");
    }
}

#[test]
fn a_site_may_load_an_instrument_with_weights_of_its_own() {
    let ask = |require: &str, answers: &[(&str, i64)]| {
        let mut profiles = Profiles::built_in();
        let own = "title = \"Two\"\n[items]\na = \"local|a\"\nb = \"local|b\"\n\
            [scales.doubled]\nitems = [\"a\"]\nscore = \"sum\"\nweights = [2]\n\
            [scales.summary]\nitems = [\"doubled\", \"b\"]\nscore = \"sum\"\nweights = [0.5, -0.1]\nadd = 50\n";
        profiles.0.insert("instruments/own.toml".into(), own.into());
        let text = format!("{HEAD}{}{}", variable("own.summary", ""), include("A", require));
        profiles.0.insert("trials/T1/trial.toml".into(), text);
        let (trial, mistakes) = library::definition(&profiles, "trials/T1");
        let trial = trial.unwrap_or_else(|| panic!("{mistakes:#?}"));
        let mut all = vec![json!({ "resourceType": "Patient", "id": "p" })];
        let sent = answers.iter().map(|(item, n)| observation(item, "2026-05-20", item, json!({ "valueInteger": n })));
        all.extend(sent);
        let case = json!({ "title": "t", "as_of": "2026-06-01", "resources": all, "expect": {} });
        cases::run(&trial, &maps(""), "case", &case.to_string()).json["criteria"][0]["result"].clone()
    };
    // 50 + 0.5 * (2 * 7) - 0.1 * 3
    assert_eq!(ask("x = 56.7", &[("a", 7), ("b", 3)]), "true");
    assert_eq!(ask("x > 0", &[("a", 7)]), "unknown", "a summary without one of its parts is none");
}

#[test]
fn a_changed_instrument_is_another_definition() {
    let digest = |change: (&str, &str)| {
        let mut profiles = Profiles::built_in();
        let file = profiles.0.get_mut(change.0).expect("the file");
        file.push_str(change.1);
        profiles
            .0
            .insert("trials/T1/trial.toml".into(), format!("{HEAD}{}{}", variable("mrss", "c"), include("A", "x > 1")));
        library::definition(&profiles, "trials/T1").0.expect("a definition").digest
    };
    let before = digest(("instruments/mrss.toml", ""));
    assert_ne!(before, digest(("instruments/mrss.toml", "# other words\n")));
    assert_eq!(before, digest(("instruments/haq-di.toml", "# other words\n")), "not in use");
}
