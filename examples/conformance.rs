//! The table of what is stored or refused: `docs/conformance.tsv`, beside the official JSON schema and the HAPI validator.
//!
//! `conformance bodies SHARED FOLDER` writes each case as a file for a validator; `conformance table SHARED OUTPUT`
//! reads what the validator printed and writes the table. `benches/conformance.sh` does both. A test makes our column
//! and the schema's anew and compares.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use trialgate::intake::{Grade, Setting, read_resource};
use trialgate::model::draft::ResourceType;
use trialgate::model::issue::Severity;
use trialgate::model::time::{Partial, Zone};

/// Sets of resources, and where they are below the folder of shared material.
const SETS: [(&str, &str); 5] = [
    ("r4-examples", "material/fhir-r4-official-examples"),
    ("validator-cases", "material/validator-cases-r4"),
    ("vendor-sandbox", "material/vendor-sandbox"),
    ("us-core", "material/us-core-examples"),
    ("shapes", "fhir-shapes/negative"),
];
/// The bound of the JSON schema's own column: it knows no resource by itself, only by its definition.
const SCHEMA: &str = "material/fhir-r4-definitions/fhir.schema.json.gz";

/// One resource as it was published.
pub struct Case {
    /// Set, file and place in it.
    pub name: String,
    /// Its type as it says itself, or as it can be guessed from text that is no JSON.
    pub kind: String,
    /// Its bytes.
    pub text: String,
}

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(borrow, default)]
    entry: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
}

/// All resources of kept types, in a fixed order.
pub fn cases(shared: &Path) -> Vec<Case> {
    let mut found = Vec::new();
    for (set, folder) in SETS {
        for path in files(&shared.join(folder)) {
            let file = path.strip_prefix(shared.join(folder)).unwrap_or(&path).display().to_string();
            let text = unpacked(&path);
            if set == "vendor-sandbox" {
                sandbox(&format!("{set}/{file}"), &text, &mut found);
            } else {
                push(format!("{set}/{file}"), text, &mut found);
            }
        }
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()) {
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.to_string_lossy().ends_with(".json") || path.to_string_lossy().ends_with(".json.gz") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn unpacked(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    if path.extension().is_some_and(|e| e == "gz") {
        let mut text = String::new();
        let _ = flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text);
        return text;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The body of a captured answer, or the entries of the Bundle that it is.
fn sandbox(name: &str, text: &str, found: &mut Vec<Case>) {
    let Ok(Wrapped { body }) = serde_json::from_str(text) else { return };
    push(name.to_owned(), body.get().to_owned(), found);
    let Ok(Bundle { entry }) = serde_json::from_str(body.get()) else { return };
    for (n, entry) in entry.into_iter().enumerate() {
        if let Some(resource) = entry.resource {
            push(format!("{name}#{n}"), resource.get().to_owned(), found);
        }
    }
}

fn push(name: String, text: String, found: &mut Vec<Case>) {
    let kind = serde_json::from_str::<Value>(&text).ok().and_then(|v| Some(v["resourceType"].as_str()?.to_owned()));
    let guessed = || Some(text.split_once("resourceType")?.1.split('"').nth(2)?.to_owned());
    if let Some(kind) = kind.or_else(guessed).filter(|k| ResourceType::named(k).is_some()) {
        found.push(Case { name, kind, text });
    }
}

/// `stored`, or `refused` with the codes and places of the errors.
pub fn ours(case: &Case) -> String {
    let zone = Zone::utc();
    let Ok(Partial::Instant(received, _)) = Partial::parse("2026-06-01T00:00:00Z") else { return String::new() };
    let setting = Setting { zone: &zone, received, base: Some("https://gateway.test/fhir") };
    let read = read_resource(case.text.as_bytes(), ResourceType::named(&case.kind), &setting);
    if read.grade == Grade::Fine {
        return "stored".into();
    }
    let mut issues: Vec<String> = read
        .issues
        .iter()
        .filter(|i| i.severity >= Severity::Error)
        .map(|i| format!("{} {}", i.code, i.expression).trim().to_owned())
        .collect();
    issues.sort();
    format!("refused: {}", issues.join(", "))
}

/// The official JSON schema.
pub struct Official(BTreeMap<&'static str, jsonschema::Validator>);

impl Official {
    /// One validator for each kept type.
    pub fn read(shared: &Path) -> Result<Self, String> {
        let mut schema: Value = serde_json::from_str(&unpacked(&shared.join(SCHEMA))).map_err(|e| e.to_string())?;
        let root = schema.as_object_mut().ok_or("no object")?;
        root.remove("oneOf");
        root.remove("discriminator");
        let mut all = BTreeMap::new();
        for kind in ResourceType::ALL {
            schema["$ref"] = format!("#/definitions/{}", kind.name()).into();
            all.insert(kind.name(), jsonschema::options().build(&schema).map_err(|e| e.to_string())?);
        }
        Ok(Self(all))
    }

    /// `valid`, or `invalid` with the first place.
    pub fn judges(&self, case: &Case) -> String {
        let (Ok(value), Some(validator)) = (serde_json::from_str(&case.text), self.0.get(case.kind.as_str())) else {
            return "invalid: no JSON".into();
        };
        match validator.iter_errors(&value).next() {
            None => "valid".into(),
            Some(error) => format!("invalid: {} {}", error.kind().keyword(), error.instance_path()).trim().to_owned(),
        }
    }
}

/// What the validator printed: by file stem, how many errors and the first one.
fn verdicts(output: &str) -> BTreeMap<String, (usize, String)> {
    let mut all: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for line in output.lines() {
        let Some((path, rest)) = line.split_once(".json: ") else { continue };
        let stem = path.rsplit('/').next().unwrap_or(path).to_owned();
        let verdict = all.entry(stem).or_default();
        // A profile that is not at hand is no judgment; what R4 itself asks for is checked all the same.
        let judged = !rest.contains("Failed to retrieve profile");
        if let Some(error) = rest.strip_prefix("ERROR: ").or(rest.strip_prefix("FATAL: ")).filter(|_| judged) {
            verdict.0 += 1;
            if verdict.1.is_empty() {
                let words = error.split_once(' ').map_or(error, |(_, words)| words);
                verdict.1 = words.replace('\t', " ").chars().take(160).collect();
            }
        }
    }
    all
}

/// A reason of `fixtures/conformance/reasons.toml`, and the cases that it explains.
#[derive(Deserialize)]
struct Reason {
    name: String,
    text: String,
    ours: String,
    official: String,
    hapi: String,
}

#[derive(Deserialize)]
struct Reasons {
    reason: Vec<Reason>,
}

/// The name of the first reason whose words are in all three columns; empty where all three agree.
fn explained(reasons: &Reasons, ours: &str, official: &str, hapi: &str) -> String {
    let (we, schema, validator) = (ours == "stored", official == "valid", hapi.starts_with("0"));
    if we == schema && we == validator {
        return String::new();
    }
    let fits = |r: &&Reason| {
        let holds = |text: &str, wanted: &str| wanted.split('|').any(|w| text.contains(w));
        holds(ours, &r.ours) && holds(official, &r.official) && holds(hapi, &r.hapi)
    };
    reasons.reason.iter().find(fits).map_or("UNEXPLAINED", |r| &r.name).to_owned()
}

fn table(shared: &Path, output: &str) -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let reasons: Reasons = toml::from_str(&fs::read_to_string(root.join("fixtures/conformance/reasons.toml"))?)?;
    let (official, verdicts) = (Official::read(shared)?, verdicts(output));
    let mut lines = String::from("case\ttype\tours\tofficial schema\tHAPI errors\twhy they differ\n");
    let mut counts: BTreeMap<(String, bool, bool, bool), usize> = BTreeMap::new();
    let mut why: BTreeMap<String, usize> = BTreeMap::new();
    for (n, case) in cases(shared).iter().enumerate() {
        let (ours, schema) = (ours(case), official.judges(case));
        let (errors, first) = verdicts.get(&format!("{n:04}")).ok_or(format!("no verdict of {n:04}"))?;
        let hapi = format!("{errors} {first}").trim().to_owned();
        let reason = explained(&reasons, &ours, &schema, &hapi);
        let set = case.name.split('/').next().unwrap_or_default().to_owned();
        *counts.entry((set, ours == "stored", schema == "valid", *errors == 0)).or_default() += 1;
        if !reason.is_empty() {
            *why.entry(reason.clone()).or_default() += 1;
        }
        lines.push_str(&format!("{}\t{}\t{ours}\t{schema}\t{hapi}\t{reason}\n", case.name, case.kind));
    }
    fs::write(root.join("docs/conformance.tsv"), lines)?;
    fs::write(root.join("docs/conformance.md"), page(&counts, &why, &reasons))?;
    Ok(())
}

fn page(
    counts: &BTreeMap<(String, bool, bool, bool), usize>,
    why: &BTreeMap<String, usize>,
    reasons: &Reasons,
) -> String {
    let mut out = String::from(
        "# What is stored and what is refused\n\nMade by `benches/conformance.sh`, which needs the published material beside the project and Java; a test makes our\n\
         column and the schema's anew and compares. Every published resource of a kept type, as a POST of the source `main`,\n\
         beside the official JSON schema of R4 and the HAPI instance validator 8.4.0 (base profiles, no terminology server; profiles that it cannot retrieve are not counted).\n\
         One line per resource is in `docs/conformance.tsv`.\n\n\
         | set | ours | official schema | HAPI | resources |\n|---|---|---|---|---|\n",
    );
    for ((set, we, schema, hapi), n) in counts {
        let word = |yes: &bool, a: &'static str, b: &'static str| if *yes { a } else { b };
        let (we, schema, hapi) =
            (word(we, "stored", "refused"), word(schema, "valid", "invalid"), word(hapi, "no error", "errors"));
        out.push_str(&format!("| {set} | {we} | {schema} | {hapi} | {n} |\n"));
    }
    out.push_str("\n## Why they differ\n\n| reason | resources | in words |\n|---|---|---|\n");
    for reason in &reasons.reason {
        let n = why.get(&reason.name).copied().unwrap_or_default();
        out.push_str(&format!("| {} | {n} | {} |\n", reason.name, reason.text));
    }
    out
}

#[allow(dead_code, reason = "a test includes this file for its cases")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["bodies", shared, folder] => {
            fs::create_dir_all(folder)?;
            for (n, case) in cases(Path::new(shared)).iter().enumerate() {
                fs::write(Path::new(folder).join(format!("{n:04}.json")), &case.text)?;
            }
            Ok(())
        }
        ["table", shared, output] => table(Path::new(shared), &fs::read_to_string(output)?),
        _ => Err("usage: conformance bodies SHARED FOLDER | conformance table SHARED OUTPUT".into()),
    }
}
