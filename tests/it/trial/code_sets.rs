//! Sets of codes: prefixes, ranges, exceptions, sets in sets, ValueSets beside a definition.

use crate::evaluate::include;
use serde_json::{Value, json};
use trialgate::model::code::Coding;
use trialgate::trial::check::{Files, load};
use trialgate::trial::definition::{CodeSet, Trial, VariableKind};

const SYSTEMS: &str = include_str!("../../../profiles/terms/systems.toml");
const SNOMED: &str = "http://snomed.info/sct";

/// A definition with these lines of `[codes]`, whose set `x` its variable reads, and these ValueSets.
fn loaded(codes: &str, files: &[(&str, Value)]) -> Result<Trial, String> {
    let head = "language = 1\ntrial = \"T1\"\nversion = 1\n[study]\ntitle = \"A study\"\nregistry = \"https://clinicaltrials.gov\"\nstatus = \"active\"\nsites = [{ id = \"S\", name = \"Site\", country = \"CN\", zone = \"Asia/Shanghai\" }]\n[conduct]\nparticipation_starts = \"consent\"\nconsent_version = \"1\"\neligibility_valid = \"30 days\"\nrun_in = false\nobservation = false\nrescreen = true\n";
    let body =
        format!("{head}[codes]\n{codes}\n[variables.v]\nfrom = \"condition\"\ncode = [\"x\"]\n{}", include("A", "v"));
    let mut all = vec![("trial.toml".to_owned(), body)];
    all.extend(files.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())));
    let (trial, mistakes) = load(&Files { folder: "t", files: &all, systems: SYSTEMS });
    trial.ok_or_else(|| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn set(codes: &str, files: &[(&str, Value)]) -> CodeSet {
    let trial = loaded(codes, files).unwrap_or_else(|words| panic!("{words}"));
    match &trial.variables[0].kind {
        VariableKind::Recorded(r) => r.codes.clone(),
        _ => panic!("it is recorded"),
    }
}

fn icd(set: &CodeSet, code: &str) -> bool {
    set.contains(&Coding::new("http://hl7.org/fhir/sid/icd-10", code))
}

fn snomed(set: &CodeSet, code: &str) -> bool {
    set.contains(&Coding::new(SNOMED, code))
}

#[test]
fn prefixes_ranges_and_exceptions_are_what_they_say() {
    let cancer = set("x = { any = [\"icd10|C00-C97\", \"snomed|1\"], except = [\"icd10|C44\", \"icd10|C81.1\"] }", &[]);
    for (code, inside) in [
        ("C00", true),
        ("C00.1", true),
        ("C97.9", true),
        ("C98", false),
        ("B99", false),
        ("C44", false),
        ("C44.3", false),
        ("C81.0", true),
        ("C81.1", false),
        ("C81.12", false),
    ] {
        assert_eq!(icd(&cancer, code), inside, "{code}");
    }
    assert!(snomed(&cancer, "1") && !snomed(&cancer, "11"), "SNOMED goes by no prefix");
    let atc = set("x = { any = [\"atc|L04A\"] }", &[]);
    assert!(atc.contains(&Coding::new("http://www.whocc.no/atc", "L04AA06")));
    assert!(!atc.contains(&Coding::new("http://www.whocc.no/atc", "L04B")));
}

#[test]
fn exceptions_of_a_set_inside_stay_its_own() {
    let codes = "cancer = { any = [\"icd10|C00-C97\"], except = [\"icd10|C44\"] }\nskin = { any = [\"icd10|C44.1\", \"icd10|D03\"] }\nx = { any = [\"cancer\", \"skin\"], except = [\"icd10|C50\"] }";
    let all = set(codes, &[]);
    let inside = |code| icd(&all, code);
    // C44 is out of `cancer`, and C44.1 is in by `skin`.
    assert_eq!(
        [inside("C43"), inside("C44.0"), inside("C44.1"), inside("D03"), inside("C50.1")],
        [true, false, true, true, false]
    );
    // A set as an exception has its own exceptions, too.
    let codes = "skin = { any = [\"icd10|C44\"], except = [\"icd10|C44.9\"] }\nx = { any = [\"icd10|C00-C97\"], except = [\"skin\"] }";
    let all = set(codes, &[]);
    assert_eq!([icd(&all, "C44.1"), icd(&all, "C44.9")], [false, true]);
    let words = loaded("x = { any = [\"cancr\"] }", &[]).expect_err("no such set");
    assert!(words.contains("no set of [codes] above is named `cancr`"), "{words}");
    let words = loaded("cancer = { any = [\"icd10|C\"] }\nx = { any = [\"cancr\"] }", &[]).expect_err("no such set");
    assert!(words.contains("did you mean `cancer`?"), "{words}");
}

fn value_set(more: Value) -> Value {
    let mut all = json!({ "resourceType": "ValueSet", "url": "http://x.example/vs", "status": "active" });
    all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    all
}

#[test]
fn a_value_set_is_its_expansion_or_what_it_lists() {
    let x = "x = { valueset = \"x.json\" }";
    let expansion = value_set(json!({ "expansion": { "total": 3, "contains": [
        { "system": SNOMED, "code": "1", "contains": [{ "system": "https://snomed.info/sct", "code": "2" }] },
        { "abstract": true, "system": SNOMED, "code": "3" }] },
        "compose": { "include": [{ "system": SNOMED, "filter": [{ "property": "concept", "op": "is-a", "value": "1" }] }] } }));
    let found = set(x, &[("x.json", expansion)]);
    assert_eq!([snomed(&found, "1"), snomed(&found, "2"), snomed(&found, "3")], [true, true, false]);
    let composed = value_set(json!({ "compose": {
        "include": [
            { "system": SNOMED, "concept": [{ "code": "1" }, { "code": "2" }] },
            { "system": "http://fhir.de/CodeSystem/bfarm/icd-10-gm", "filter": [{ "property": "concept", "op": "is-a", "value": "C22" }] },
            { "valueSet": ["http://x.example/other|1"] }],
        "exclude": [{ "system": SNOMED, "concept": [{ "code": "2" }] }] } }));
    let other = json!({ "resourceType": "ValueSet", "url": "http://x.example/other", "compose": { "include": [{ "system": "urn:all" }] } });
    let found = set(x, &[("x.json", composed.clone()), ("sets/other.json", other)]);
    assert_eq!([snomed(&found, "1"), snomed(&found, "2")], [true, false]);
    assert!(icd(&found, "C22.1") && !icd(&found, "C23"));
    assert!(found.contains(&Coding::new("urn:all", "anything")));
    let words = loaded(x, &[("x.json", composed)]).expect_err("the other is not there");
    assert!(words.contains("http://x.example/other is in no file"), "{words}");
    // With further codes, and exceptions.
    let list = value_set(
        json!({ "compose": { "include": [{ "system": SNOMED, "concept": [{ "code": "1" }, { "code": "2" }] }] } }),
    );
    let found =
        set("x = { valueset = \"x.json\", any = [\"snomed|9\"], except = [\"snomed|1\"] }", &[("x.json", list)]);
    assert_eq!([snomed(&found, "1"), snomed(&found, "2"), snomed(&found, "9")], [false, true, true]);
}

#[test]
fn what_only_a_server_could_say_is_refused_by_name() {
    let include = |part: Value| value_set(json!({ "compose": { "include": [part] } }));
    let filter = |op: &str| json!({ "property": "concept", "op": op, "value": "363346000" });
    let extension = |word: &str| json!([{ "url": format!("http://hl7.org/fhir/StructureDefinition/{word}"), "valueBoolean": true }]);
    let contains = json!([{ "system": SNOMED, "code": "1" }]);
    for (file, words) in [
        (
            include(json!({ "system": SNOMED, "filter": [filter("is-a")] })),
            "compose.include[0]: which codes of http://snomed.info/sct have concept is-a 363346000",
        ),
        (include(json!({ "system": SNOMED, "filter": [filter("is-a"), filter("=")] })), "several filters"),
        (include(json!({ "system": SNOMED, "valueSet": ["http://y"] })), "have in common is not worked out"),
        (include(json!({ "valueSet": ["http://y", "http://z"] })), "have in common is not worked out"),
        (include(json!({})), "neither a system nor a valueSet"),
        (include(json!({ "valueSet": ["http://x.example/vs"] })), "more than 16 deep"),
        (value_set(json!({})), "lists no code"),
        (value_set(json!({ "expansion": { "total": 5, "contains": contains } })), "is a page of its expansion, 1 of 5"),
        (value_set(json!({ "expansion": { "offset": 1, "contains": contains } })), "is a page of its expansion"),
        (
            value_set(json!({ "expansion": { "extension": extension("valueset-unclosed"), "contains": contains } })),
            "not all of it",
        ),
        (json!({ "resourceType": "CodeSystem" }), "is no ValueSet"),
        (json!("x"), "is no ValueSet"),
    ] {
        let found = loaded("x = { valueset = \"x.json\" }", &[("x.json", file)]).expect_err(words);
        assert!(found.contains(words) && found.contains("t/trial.toml:17:18: error: x.json"), "{words}: {found}");
    }
    let absent = loaded("x = { valueset = \"x.json\" }", &[]).expect_err("absent");
    assert!(absent.contains("there is no file `x.json` beside the definition\n"), "{absent}");
    let wanted = loaded("x = { valueset = \"x.json\", expand = \"http://e\" }", &[]).expect_err("absent");
    assert!(wanted.contains("`trialgate trial expand` fetches it"), "{wanted}");
    let other = loaded("x = { valueset = \"x.json\", expand = \"http://e\" }", &[("x.json", value_set(json!({})))]);
    assert!(other.expect_err("another").contains("has the url http://x.example/vs; wanted http://e"));
    let alone = loaded("x = { expand = \"http://e\", any = [\"snomed|1\"] }", &[]).expect_err("no file");
    assert!(alone.contains("t/trial.toml:17:"), "{alone}");
}

#[test]
fn a_changed_value_set_is_another_definition() {
    let digest = |code: &str| {
        let file =
            value_set(json!({ "compose": { "include": [{ "system": SNOMED, "concept": [{ "code": code }] }] } }));
        let trial = loaded("x = { valueset = \"x.json\" }", &[("x.json", file)]).expect("a definition");
        assert_eq!(trial.leans_on.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["x.json"]);
        trial.digest
    };
    assert_ne!(digest("1"), digest("2"));
}
