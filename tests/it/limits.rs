//! The page of limits and the bounds in the code are the same.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use trialgate::http::limits::Limits;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Public numbers that are no bound on what somebody may send or how long something may take.
const NO_BOUND: [&str; 16] = [
    "LOAD_STACK_BYTES",
    "LOOK_AGAIN",
    "RETRY_US",
    "PROBLEM_LIST",
    "CHUNK",
    "FALSE",
    "TRUE",
    "NEVER_HELD",
    "DAY_US",
    "SIDE",
    "NAMES",
    "NUMBERS",
    "PLACES",
    "OPEN",
    "REPLAYED",
    "DISMISSED",
];

/// Microseconds, bytes or a count.
fn shown(value: &str) -> u64 {
    let (number, unit) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
    let number: u64 = number.replace(',', "").parse().unwrap_or_else(|_| panic!("`{value}` is no value"));
    number
        * match unit {
            "" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "ms" => 1_000,
            "s" => 1_000_000,
            "min" => 60_000_000,
            "h" => 3_600_000_000,
            _ => panic!("`{unit}` is no unit of this page"),
        }
}

/// The value of a constant's expression: products and shifts of literals, and durations.
fn computed(expression: &str) -> Option<u64> {
    let expression = expression.trim();
    let inside = |name: &str| Some(expression.split_once(name)?.1.trim_end_matches(')').to_owned());
    if let Some(seconds) = inside("Duration::from_secs(") {
        return Some(computed(&seconds)? * 1_000_000);
    }
    if let Some(ms) = inside("Duration::from_millis(") {
        return Some(computed(&ms)? * 1_000);
    }
    if let Some((left, right)) = expression.split_once("<<") {
        return Some(computed(left)? << computed(right)?);
    }
    if let Some((left, right)) = expression.split_once('*') {
        return Some(computed(left)? * computed(right)?);
    }
    expression.replace('_', "").parse().ok()
}

/// `(name, value, public)` of the numbers of a source file.
fn constants(path: &Path) -> Vec<(String, u64, bool)> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let constant = |line: &str| {
        let line = line.trim();
        let (head, value) = line.strip_suffix(';')?.split_once('=')?;
        let (before, rest) = head.split_once("const ")?;
        let (name, kind) = rest.split_once(':')?;
        let number = ["usize", "u64", "u32", "u16", "i64", "i32"].contains(&kind.trim()) || kind.contains("Duration");
        (number && (before.is_empty() || before.starts_with("pub")))
            .then(|| Some((name.to_owned(), computed(value)?, before.starts_with("pub"))))?
    };
    text.lines().filter_map(constant).collect()
}

fn ticked(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn rows() -> Vec<Vec<String>> {
    let page = std::fs::read_to_string(Path::new(ROOT).join("docs/limits.md")).expect("the page");
    let row = |line: &str| line.trim_matches('|').split(" | ").map(|c| c.trim().to_owned()).collect::<Vec<_>>();
    page.lines().filter(|l| l.starts_with("| ")).skip(1).map(row).collect()
}

#[test]
fn each_value_of_the_page_is_that_of_the_code() {
    let settings = serde_json::to_value(Limits::default()).expect("JSON");
    let mut wrong = Vec::new();
    for row in rows() {
        let [bound, names, values, _, places] = row.as_slice() else { panic!("{row:?} has not five cells") };
        let (names, values) = (ticked(names), values.split(", ").collect::<Vec<_>>());
        assert_eq!(names.len(), values.len(), "{bound}: as many names as values");
        let place = ticked(places).pop().unwrap_or_else(|| panic!("{bound}: no place"));
        let all = constants(&Path::new(ROOT).join(place));
        for (name, value) in names.iter().zip(values) {
            let code = match settings.get(name) {
                Some(Value::String(words)) => Some(shown(&words.replace('s', " s"))),
                Some(number) => number.as_u64(),
                None => all.iter().find(|(n, ..)| n == name).map(|(_, value, _)| *value),
            };
            let page = if value == "none" { None } else { Some(shown(value)) };
            if code != page {
                wrong.push(format!("{name}: {page:?} on the page, {code:?} in the code"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_bound_of_the_code_is_on_the_page() {
    let named: BTreeSet<(String, String)> = rows()
        .iter()
        .flat_map(|row| ticked(&row[1]).into_iter().map(|name| (ticked(&row[4])[0].clone(), name)))
        .collect();
    let mut missing = Vec::new();
    for path in sources(&Path::new(ROOT).join("src")) {
        let place = path.strip_prefix(ROOT).expect("below the root").display().to_string();
        for (name, _, public) in constants(&path) {
            let bound = public && !NO_BOUND.contains(&name.as_str());
            if bound && !named.contains(&(place.clone(), name.clone())) {
                missing.push(format!("{name} of {place}"));
            }
        }
    }
    for field in serde_json::to_value(Limits::default()).expect("JSON").as_object().expect("an object").keys() {
        if !named.iter().any(|(_, name)| name == field) {
            missing.push(field.clone());
        }
    }
    assert!(missing.is_empty(), "not on docs/limits.md:\n{}", missing.join("\n"));
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("src").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}
