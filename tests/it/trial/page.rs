//! The page on the language cannot rot: its tutorial is a definition that loads after each step, and gets what its case expects.

use std::fs;
use trialgate::flow::library;
use trialgate::flow::profiles::Profiles;
use trialgate::flow::rehearsal::cases;
use trialgate::trial::mistake::Mistake;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/trial-definition.md");

/// The text of each fenced block of a language, in the tutorial.
fn blocks(language: &str) -> Vec<String> {
    let page = fs::read_to_string(PAGE).expect("the page");
    let (_, tutorial) = page.split_once("## Tutorial").expect("a tutorial");
    let open = format!("```{language}\n");
    tutorial.split(&open).skip(1).filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())).collect()
}

/// The shipped profiles with this text as the definition of a folder.
fn profiles(text: &str) -> Profiles {
    let mut profiles = Profiles::built_in();
    profiles.0.insert("trials/tutorial/trial.toml".into(), text.into());
    profiles
}

#[test]
fn the_tutorial_is_right_after_each_step_and_its_case_comes_out() {
    let steps = blocks("toml");
    assert!(steps.len() >= 6, "{} steps", steps.len());
    let mut text = String::new();
    for (n, step) in steps.iter().enumerate() {
        text.push_str(step);
        text.push('\n');
        let (trial, mistakes) = library::definition(&profiles(&text), "trials/tutorial");
        let errors: Vec<String> = mistakes.iter().filter(|m| m.is_error()).map(ToString::to_string).collect();
        assert!(trial.is_some() && errors.is_empty(), "step {}: {errors:#?}", n + 1);
    }
    let profiles = profiles(&text);
    let (trial, mistakes): (_, Vec<Mistake>) = library::definition(&profiles, "trials/tutorial");
    let trial = trial.expect("a definition");
    assert_eq!(
        mistakes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        Vec::<String>::new(),
        "no warning is left"
    );
    let (terms, _) = library::maps(&profiles);
    let told = blocks("json");
    assert_eq!(told.len(), 1);
    let result = cases::run(&trial, &terms, "the page", &told[0]);
    assert_eq!(result.differences, Vec::<String>::new());
    // Every sentence of the paragraph is in a criterion or a note: each quotes it.
    let page = fs::read_to_string(PAGE).expect("the page");
    let plain = |words: &str| words.replace(['>', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let page = plain(&page);
    for c in &trial.criteria {
        assert!(page.contains(&plain(&c.protocol)), "{}: {}", c.id, c.protocol.as_str());
    }
}

#[test]
fn the_page_names_every_key_of_the_schema() {
    let page = fs::read_to_string(PAGE).expect("the page");
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/profiles/schemas/trial.schema.json");
    let schema: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(schema).expect("the schema")).expect("JSON");
    let keys = |at: &str| schema.pointer(at).and_then(|v| v.as_object()).expect("properties").keys().cloned();
    for key in keys("/properties").chain(keys("/$defs/variable/properties")).chain(keys("/$defs/codeset/properties")) {
        assert!(
            page.contains(&format!("`{key}"))
                || page.contains(&format!("{key} = "))
                || page.contains(&format!("[{key}")),
            "{key}"
        );
    }
}
