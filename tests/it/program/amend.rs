//! `trial load`, `trial diff`, `trial backtest`, `codes unmapped`, `explain`: as their users run them.

use super::{Folder, output, trialgate};
use serde_json::Value;
use std::path::PathBuf;

const TRIAL: &str = "profiles/trials/NCT00962923";

/// The first trial with another version and another limit of platelets.
fn amended(folder: &Folder, version: &str, platelets: &str) -> PathBuf {
    let dir = folder.0.join(format!("v{version}-{platelets}"));
    std::fs::create_dir_all(&dir).expect("a folder");
    let text = std::fs::read_to_string(format!("{TRIAL}/trial.toml")).expect("the definition");
    let text = text.replace("version = 1\n", &format!("version = {version}\n"));
    let text = text.replace("platelets < 80 ", &format!("platelets < {platelets} "));
    std::fs::write(dir.join("trial.toml"), text).expect("written");
    std::fs::copy(format!("{TRIAL}/protocol.md"), dir.join("protocol.md")).expect("copied");
    dir
}

fn imported(folder: &Folder) -> String {
    let lines: Vec<String> = ["C01", "C04", "C07"]
        .iter()
        .flat_map(|name| {
            let text = std::fs::read_to_string(format!("{TRIAL}/cases/{name}.json")).expect("a case");
            let case: Value = serde_json::from_str(&text).expect("JSON");
            case["resources"].as_array().expect("resources").iter().map(ToString::to_string).collect::<Vec<_>>()
        })
        .collect();
    let file = folder.0.join("people.ndjson");
    std::fs::write(&file, lines.join("\n")).expect("written");
    let store = folder.store();
    output(trialgate().arg("import").arg(&file).args(["--store", &store]));
    store
}

fn ended(command: &mut std::process::Command) -> (i32, String) {
    let out = command.output().expect("the program starts");
    (out.status.code().expect("an exit code"), String::from_utf8_lossy(&out.stderr).into_owned())
}

#[test]
fn a_definition_is_loaded_by_version_and_compared_with_what_was() {
    let folder = Folder::new("amend");
    let store = imported(&folder);
    let (first, second) = (PathBuf::from(TRIAL), amended(&folder, "2", "120"));
    let load = |dir: &PathBuf| {
        let mut command = trialgate();
        command.args(["trial", "load"]).arg(dir).args(["--store", &store, "--json"]);
        command
    };
    let loaded: Value = serde_json::from_str(&output(&mut load(&first))).expect("JSON");
    assert_eq!(
        (&loaded["version"], &loaded["result"], &loaded["before"]),
        (&1.into(), &"in force".into(), &Value::Null)
    );
    let loaded: Value = serde_json::from_str(&output(&mut load(&second))).expect("JSON");
    assert_eq!((&loaded["version"], &loaded["before"]), (&2.into(), &1.into()));
    let (code, words) = ended(&mut load(&amended(&folder, "2", "90")));
    assert!(code == 1 && words.contains("set `version = 3`"), "{code} {words}");
    let (code, words) = ended(&mut load(&first));
    assert!(code == 1 && words.contains("not higher than version 2"), "{code} {words}");
    let broken = amended(&folder, "3", "80 'g/L' and platelets <");
    let (code, words) = ended(&mut load(&broken));
    assert!(code == 1 && words.contains("not taken up"), "{code} {words}");

    // What the store holds in force is what is explained.
    let text = output(trialgate().args(["explain", "main/C04", "NCT00962923", "--store", &store]));
    assert!(text.starts_with("NCT00962923 version 2: "), "{text}");
    let old_and_new = ["NCT00962923@1", "NCT00962923@2"];
    let diff = || {
        let mut command = trialgate();
        command.args(["trial", "diff"]).args(old_and_new).args(["--store", &store, "--as-of", "2026-03-15"]);
        command
    };
    let json: Value = serde_json::from_str(&output(diff().arg("--json"))).expect("JSON");
    assert_eq!((&json["old"], &json["new"], &json["persons_in_store"]), (&1.into(), &2.into(), &3.into()));
    assert!(json["text"].as_array().expect("a list").iter().any(|c| c["name"] == "E3" && c["change"] == "changed"));
    let cells = json["verdicts"].as_array().expect("a table");
    assert!(!cells.is_empty() && cells.iter().all(|c| c["persons"]["withheld"].is_string()), "{json}");
    let text = output(&mut diff());
    assert!(text.contains("criterion E3 changed") && text.contains("withheld"), "{text}");
    // Naming persons asks for a ground, and the texts alone for no store.
    let (code, words) = ended(diff().arg("--persons"));
    assert!(code == 2 && words.contains("grounds.list"), "{code} {words}");
    let texts = trialgate().args(["trial", "diff", "--text"]).arg(&first).arg(&second).output().expect("starts");
    assert!(texts.status.success() && String::from_utf8_lossy(&texts.stdout).contains("version 1 and version 2"));
    let (code, words) = ended(trialgate().args(["trial", "diff", "NCT00962923@7", TRIAL, "--store", &store]));
    assert!(code == 1 && words.contains("no version 7"), "{code} {words}");
}

#[test]
fn a_store_tells_of_everybody_and_of_one_and_of_what_nobody_reads() {
    let folder = Folder::new("tell");
    let store = imported(&folder);
    let backtest = |more: &[&str]| {
        let mut command = trialgate();
        command.args(["trial", "backtest", TRIAL, "--store", &store, "--as-of", "2026-03-15"]).args(more);
        command
    };
    let json: Value = serde_json::from_str(&output(&mut backtest(&["--json"]))).expect("JSON");
    assert_eq!(json["persons_in_store"], 3);
    let cells = |row: &Value| row["left"]["withheld"].is_string() && row["out"].as_u64().is_none_or(|n| n == 0);
    assert!(json["attrition"].as_array().expect("rows").iter().all(cells), "three people are few: {json}");
    assert_eq!(
        json["attrition"].as_array().and_then(|r| r.last()).map(|r| r["criterion"].clone()),
        Some("included".into())
    );
    assert!(output(&mut backtest(&[])).contains("withheld"));
    assert_eq!(ended(&mut backtest(&["--persons"])).0, 2);
    // With a ground for lists, persons come first and then the same sums, in one object.
    let settings = folder.0.join("settings.toml");
    std::fs::write(&settings, "[trials.NCT00962923]\nrecruiting = true\n[trials.NCT00962923.grounds]\ncount = \"vote 1\"\nlist = \"vote 1\"\n")
        .expect("written");
    let settings = settings.display().to_string();
    let named = output(&mut backtest(&["--json", "--persons", "--config", &settings]));
    let named: Value = serde_json::from_str(&named).unwrap_or_else(|e| panic!("{e}: {named}"));
    assert_eq!(named["persons"].as_array().map(Vec::len), Some(3));
    assert_eq!(named["funnel"][0]["persons"], 3);
    let all: Value =
        serde_json::from_str(&output(trialgate().args(["explain", "main/C07", "--json", "--store", &store])))
            .expect("JSON");
    assert!(all["trials"].as_array().is_some_and(|t| t.iter().any(|t| t["trial"] == "NCT00962923")), "{all}");
    let (code, words) = ended(trialgate().args(["explain", "main/none", "--store", &store]));
    assert!(code == 1 && words.contains("no such person"), "{code} {words}");
    let unmapped: Value =
        serde_json::from_str(&output(trialgate().args(["codes", "unmapped", "--json", "--store", &store])))
            .expect("JSON");
    assert!(unmapped["rows"].is_array() && unmapped["more"] == 0, "{unmapped}");
}
