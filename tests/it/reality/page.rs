//! The page names a test for each fault, and each test that it names is there.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_row_names_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/reality.md")).expect("the page");
    let (mut rows, mut missing) = (0, BTreeSet::new());
    for row in page.lines().filter(|l| l.starts_with("| ") && !l.starts_with("| fault") && !l.starts_with("| finding"))
    {
        rows += 1;
        let tests: Vec<&str> = row.split('`').skip(1).step_by(2).filter(|w| w.starts_with("tests/")).collect();
        if tests.is_empty() {
            missing.insert(row.to_owned());
        }
        for test in tests {
            let (file, name) = test.split_once(' ').expect("a file and a name");
            let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
            if ![format!("fn {name}("), format!("{name}: \"")].iter().any(|form| text.contains(form)) {
                missing.insert(test.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "no such test: {missing:#?}");
    assert!(rows >= 27, "{rows} rows");
}
