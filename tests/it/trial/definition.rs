//! The first trial loads; mistakes are told with their places.

use trialgate::trial::{Files, Mistake, Systems, case, load, systems};

const SYSTEMS: &str = include_str!("../../../profiles/terms/systems.toml");
const FIRST: &str = include_str!("../../../profiles/trials/NCT00962923/trial.toml");

fn known() -> Systems {
    let (systems, mistakes) = systems("systems.toml", SYSTEMS);
    assert_eq!(mistakes, []);
    systems
}

fn load_text(text: &str) -> (Option<trialgate::trial::definition::Trial>, Vec<Mistake>) {
    load(&Files { trial_toml: text.into(), name: "trial.toml".into(), others: vec![], systems: known() })
}

#[test]
fn the_first_trial_loads() {
    let (trial, mistakes) = load_text(FIRST);
    let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    assert!(mistakes.iter().all(|m| m.message.contains("lets in")), "{}", told.join("\n"));
    let trial = trial.expect("a trial without mistakes");
    let ids: Vec<&str> = trial.criteria.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, ["I0", "I1", "I2", "I3", "I4", "I5", "E1", "E2", "E3", "E4"]);
    assert_eq!(trial.variables[0].name, "age", "variables keep the order of the file");
}

#[test]
fn every_open_place_of_the_text_is_named() {
    for n in 1..=22 {
        let tag = format!("A{n}");
        let named = FIRST.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == tag);
        assert!(named, "{tag} is nowhere");
    }
}

#[test]
fn criteria_carry_the_words_of_the_protocol() {
    let protocol = include_str!("../../../profiles/trials/NCT00962923/protocol.md");
    let (trial, _) = load_text(FIRST);
    for criterion in trial.expect("loads").criteria {
        assert!(protocol.contains(&*criterion.protocol), "{} is not printed so", criterion.id);
    }
}

#[test]
fn ten_mistakes_are_ten_errors_with_their_lines() {
    let changes = [
        ("mrss > 20 and", "mrsss > 20 and"),
        ("dlco_pct < 70 '%'", "dlco_pct < 70"),
        ("creatinine > 120 'umol/L'", "creatinine > 120 'kg'"),
        ("platelets < 80 '10*9/L'", "platelets < 80 < 90"),
        ("unit = \"mm/h\"", "unit = \"furlongs\""),
        ("[variables.platelets]\nlabel", "[variables.platelets]\nlable"),
        ("hiv or htlv1 or", "not age > 3 or htlv1 or"),
        ("Last(albumin within 28 days)", "Flatten(albumin within 28 days)"),
        ("\"loinc|1751-7\"", "\"lionc|1751-7\""),
        ("default = \"review\"\nreview = \"prosthesis or", "default = \"reveiw\"\nreview = \"prosthesis or"),
    ];
    let mut text = FIRST.to_owned();
    let mut lines = Vec::new();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    for (_, to) in changes {
        let at = text.find(to).expect("the change") + to.rfind('\n').map_or(0, |n| n + 1);
        let line = text[..at].matches('\n').count() + 1;
        // The default stands on the first of its two lines.
        lines.push(if to.starts_with("default") { line - 1 } else { line });
    }
    let (trial, mistakes) = load_text(&text);
    assert_eq!(trial, None);
    let errors: Vec<&Mistake> = mistakes.iter().filter(|m| m.is_error()).collect();
    let told = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    lines.sort();
    assert_eq!(errors.iter().map(|m| m.line).collect::<Vec<_>>(), lines, "{told}");
    assert!(errors.iter().all(|m| m.column > 0 && !m.source_line.is_empty()), "{told}");
}

#[test]
fn rings_and_names_twice_are_errors() {
    for (extra, wanted) in [
        ("[variables.a]\nderive = \"b + 1\"\n[variables.b]\nderive = \"a + 1\"\n", "ring"),
        ("[variables.I1]\nderive = \"1\"\n", "twice"),
        ("[variables.within]\nderive = \"1\"\n", "grammar"),
        ("[variables.sex]\nderive = \"1\"\n", "built-in"),
    ] {
        let (trial, mistakes) = load_text(&FIRST.replace("[anchors]", &format!("{extra}[anchors]")));
        assert_eq!(trial, None);
        assert!(mistakes.iter().any(|m| m.is_error() && m.message.contains(wanted)), "{wanted}: {mistakes:?}");
    }
}

#[test]
fn a_limit_beyond_what_is_plausible_is_warned_of() {
    let (trial, mistakes) = load_text(&FIRST.replace("creatinine > 120 'umol/L'", "creatinine > 120 'mmol/L'"));
    assert!(trial.is_some());
    assert!(mistakes.iter().any(|m| !m.is_error() && m.message.contains("plausible")), "{mistakes:?}");
}

#[test]
fn case_files_are_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/profiles/trials/NCT00962923/cases");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the folder of cases") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a case file");
        let case = case::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert!(case.resources.len() > 2 && case.expect.is_object());
        count += 1;
    }
    assert!(count >= 8);
}

#[test]
fn differences_name_what_differs() {
    let actual = serde_json::json!({"overall": "eligible", "criteria": [{"id": "I0", "result": "true"}], "missing": [{"variable": "hiv", "reason": "never seen"}]});
    let same = serde_json::json!({"criteria": [{"id": "I0", "result": "true"}], "missing": ["hiv"]});
    assert_eq!(case::differences(&same, &actual), Vec::<String>::new());
    let other =
        serde_json::json!({"overall": "ineligible", "criteria": [{"id": "I0", "result": "false"}], "missing": []});
    assert_eq!(case::differences(&other, &actual).len(), 3);
}
