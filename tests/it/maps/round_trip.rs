//! `codes unmapped --csv`, filled in, is a map file: `codes load` takes it, and what was filled in is read from then on.

use crate::program::{Folder, output, trialgate};
use serde_json::{Value, json};
use trialgate::trial::csv;

fn people(folder: &Folder) -> String {
    let lab = |id: &str, code: &str, quantity: Value| {
        json!({ "resourceType": "Observation", "id": id, "status": "final", "subject": { "reference": "Patient/p" },
                "code": { "coding": [{ "system": "urn:lab,main", "code": code }] }, "effectiveDateTime": "2026-03-14",
                "valueQuantity": quantity })
    };
    let lines = [
        json!({ "resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1980-01-01" }),
        lab("a", "777-3", json!({ "value": 330, "unit": "G/l" })),
        lab("b", "777-3", json!({ "value": 331, "unit": "G/l" })),
        lab(
            "c",
            "Albumin,S",
            json!({ "value": 36, "unit": "g/L", "system": "http://unitsofmeasure.org", "code": "g/L" }),
        ),
        lab("d", "Porzellan", json!({ "value": 1, "unit": "Stk" })),
        // UCUM could parse it, and it was not sent as UCUM: no reading takes it, so it is not understood.
        lab("e", "Albumin,S", json!({ "value": 36, "unit": "kg/m3" })),
    ];
    let file = folder.0.join("people.ndjson");
    std::fs::write(&file, lines.map(|l| l.to_string()).join("\n")).expect("written");
    let store = folder.store();
    output(trialgate().arg("import").arg(&file).args(["--store", &store]));
    store
}

/// The table with its column `means` filled in by code or unit.
fn filled(table: &str, by: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (number, row) in csv::rows(table).iter().enumerate() {
        let mut cells: Vec<&str> = row.iter().map(|c| c.text.as_str()).collect();
        assert_eq!(cells.len(), 11, "{row:?}");
        let (kind, code, unit) = (cells[1], cells[3], cells[4]);
        let told = by.iter().find(|(word, _)| *word == if kind == "unit" { unit } else { code });
        if let Some((_, means)) = told.filter(|_| number > 0) {
            cells[10] = means;
        }
        text += &csv::line(cells);
    }
    text
}

#[test]
fn what_is_filled_in_is_read_and_what_is_set_aside_is_not_asked_again() {
    let folder = Folder::new("round-trip");
    let store = people(&folder);
    let table = || output(trialgate().args(["codes", "unmapped", "--csv", "--store", &store]));
    let first = table();
    let rows = csv::rows(&first);
    let of = |word: &str| {
        rows.iter().find(|r| r[3].text == word || (r[1].text == "unit" && r[4].text == word)).expect("a line")
    };
    // By volume, with what it may be: an equal code of another system, a word alike; nothing is filled in by itself.
    assert!(rows[1][5].text == "2" && rows[1][0].text == "main", "{first}");
    assert!(
        of("777-3")[9].text.starts_with("http://loinc.org|777-3 (platelets of NCT00962923, equal code)"),
        "{first}"
    );
    assert!(of("Albumin,S")[9].text.contains("albumin of NCT00962923, alike in words"), "{first}");
    assert!(of("Porzellan")[9].text.is_empty() && rows[1..].iter().all(|r| r[10].text.is_empty()), "{first}");

    assert!(rows.iter().all(|r| r[1].text != "unit" || r[4].text != "g/L"), "sent as UCUM: {first}");

    let by = [
        ("777-3", "loinc|777-3"),
        ("Albumin,S", "loinc|1751-7"),
        ("Porzellan", "-"),
        ("G/l", "10*9/L"),
        ("kg/m3", "kg/m3"),
    ];
    let file = folder.0.join("main.csv");
    std::fs::write(&file, filled(&first, &by)).expect("written");
    let load =
        || output(trialgate().args(["codes", "load", "--source", "main", "--store", &store, "--json"]).arg(&file));
    let loaded: Value = serde_json::from_str(&load()).expect("JSON");
    assert_eq!((loaded["changes"].as_array().map(Vec::len), &loaded["persons"]), (Some(5), &json!(1)), "{loaded}");
    let left = table();
    let left = csv::rows(&left);
    assert_eq!(left.len(), 1, "only the heading: {left:?}");
    // The same file again changes nothing.
    let again: Value = serde_json::from_str(&load()).expect("JSON");
    assert_eq!((again["changes"].as_array().map(Vec::len), &again["persons"]), (Some(0), &json!(0)));
    let told =
        output(trialgate().args(["explain", "main/p", "NCT00962923", "--as-of", "2026-03-15", "--store", &store]));
    assert!(told.contains("330") || told.contains("331"), "{told}");
}

#[test]
fn a_file_of_no_kind_and_a_source_that_is_none_are_refused() {
    let folder = Folder::new("no-map");
    let store = folder.store();
    let refused = |file: &str, source: &str| {
        let path = folder.0.join(file);
        std::fs::write(&path, "kind,code,means\ncode,X,lonic|1\n").expect("written");
        let out = trialgate()
            .args(["codes", "load", "--source", source, "--store", &store])
            .arg(&path)
            .output()
            .expect("starts");
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    for (file, source, code, words) in [
        ("map.xlsx", "main", 2, "wanted .toml, .csv or .json"),
        ("map.csv", "nowhere", 2, "no source `nowhere`"),
        ("map.csv", "main", 1, "map.csv:2:8"),
    ] {
        let (ended, said) = refused(file, source);
        assert!(ended == Some(code) && said.contains(words), "{ended:?} {said}");
    }
}

#[test]
fn the_health_of_a_source_is_told_in_words_and_as_json() {
    let folder = Folder::new("source-health");
    let store = people(&folder);
    let told = output(trialgate().args(["source", "health", "--store", &store]));
    assert!(
        told.starts_with("main: last ") && told.contains("of ? expected"),
        "an import of one day is no feed: {told}"
    );
    let told = output(trialgate().args(["source", "health", "main", "--json", "--store", &store]));
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let main = &told["sources"][0];
    assert!(
        main["source"] == "main" && main["silent_since"].is_null() && main["expected_yesterday"].is_null(),
        "{told}"
    );
    assert_eq!(main["week"]["read_by_nobody"], 5, "what a Patient states is no code that waits for a reader: {told}");
    let ended = |name: &str| {
        let out = trialgate().args(["source", "health", name, "--store", &store]).output().expect("starts");
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    let (code, said) = ended("mian");
    assert!(code == Some(2) && said.contains("`mian`") && said.contains("main"), "{code:?} {said}");
}

#[test]
fn an_outbox_without_a_wish_says_so() {
    let folder = Folder::new("outbox");
    let store = people(&folder);
    let told = |args: &[&str]| output(trialgate().args(args).args(["--store", &store]));
    assert!(told(&["outbox", "list"]).contains("nothing waits"));
    let rows: Value = serde_json::from_str(&told(&["outbox", "list", "--state", "dead", "--json"])).expect("JSON");
    assert_eq!(rows, json!({ "rows": [], "more": false }));
    assert!(told(&["outbox", "retry"]).contains("0 dead letters sent again"));
    let config = folder.0.join("targets.toml");
    let target = "[targets.research]\nurl = \"http://127.0.0.1:9\"\nkind = \"research-store\"\n";
    std::fs::write(&config, target).expect("written");
    let config = config.to_str().expect("a path");
    assert!(told(&["outbox", "drop", "research", "--config", config]).contains("0 dead letters given up"));
    // A name that is nobody's is no queue that is empty.
    for what in ["retry", "drop"] {
        let args = ["outbox", what, "reserch", "--config", config, "--store", &store];
        let out = trialgate().args(args).output().expect("starts");
        let said = String::from_utf8_lossy(&out.stderr);
        let (code, named) = (out.status.code(), said.contains("`reserch`") && said.contains("research"));
        assert!(code == Some(2) && named, "{what}: {code:?} {said}");
    }
}
