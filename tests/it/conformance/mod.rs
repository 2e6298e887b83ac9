//! Public tests of the standards that the language of definitions stands on: what passes, what differs on purpose, what is refused.

mod cql;
mod ucum;
mod xml;

use std::path::Path;

/// A committed table without its head; each row is cut at its tabs.
fn table(name: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// Fails when the rows of a table are not those found; the table as it would be right is left in a file.
/// The last cell of a row is its reason, which a person writes.
fn compare(name: &str, head: &str, found: &[Vec<String>]) {
    let known = table(name);
    let key = |row: &Vec<String>| row[..row.len() - 1].to_vec();
    let reasons: std::collections::BTreeMap<Vec<String>, String> =
        known.iter().map(|row| (key(row), row.last().cloned().unwrap_or_default())).collect();
    let mut right = format!("{head}\n");
    let mut wrong = Vec::new();
    for row in found {
        let mut row = row.clone();
        let reason = reasons.get(&key(&row)).cloned().unwrap_or_else(|| "UNEXPLAINED".into());
        let own = row.last().is_some_and(|cell| !cell.is_empty());
        if !own {
            row.pop();
            row.push(reason);
        }
        let line = row.join("\t");
        if !known.contains(&row) || row.last().is_none_or(|cell| cell == "UNEXPLAINED") {
            wrong.push(format!("+ {line}"));
        }
        right += &line;
        right.push('\n');
    }
    let there: Vec<Vec<String>> = right.lines().skip(1).map(|l| l.split('\t').map(str::to_owned).collect()).collect();
    wrong.extend(known.iter().filter(|row| !there.contains(row)).map(|row| format!("- {}", row.join("\t"))));
    if !wrong.is_empty() || known.len() != there.len() {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, right).expect("written");
        let shown = wrong.iter().take(60).cloned().collect::<Vec<_>>().join("\n");
        panic!("docs/{name} is not what is found now; {} would be right:\n{shown}", path.display());
    }
}
