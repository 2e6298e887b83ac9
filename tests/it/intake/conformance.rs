//! The committed table of what is stored or refused is what intake does today.

use crate::left_out::shared;
use std::path::Path;

#[allow(unreachable_pub, dead_code, reason = "an example is a program of its own")]
#[path = "../../../examples/conformance.rs"]
mod generator;

#[test]
fn the_table_of_what_is_stored_or_refused_is_true() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conformance.tsv");
    let table = std::fs::read_to_string(table).expect("the table");
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|l| l.split('\t').collect()).collect();
    assert!(rows.len() > 1_500 && rows.iter().all(|r| r.len() == 6), "{} rows of six cells", rows.len());
    for row in &rows {
        let differ = (row[2] == "stored") != (row[3] == "valid") || (row[2] == "stored") != row[4].starts_with('0');
        assert_eq!(differ, !row[5].is_empty() && row[5] != "UNEXPLAINED", "a difference has its reason: {row:?}");
    }
    let Some(folder) = shared("") else { return };
    let official = generator::Official::read(&folder).expect("the official schema");
    let cases = generator::cases(&folder);
    assert_eq!(cases.len(), rows.len(), "run benches/conformance.sh");
    for (case, row) in cases.iter().zip(&rows) {
        let now = [case.name.clone(), case.kind.clone(), generator::ours(case), official.judges(case)];
        assert_eq!(now.each_ref().map(String::as_str), row[..4], "run benches/conformance.sh");
    }
}
