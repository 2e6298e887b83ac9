//! The rules of the house, proven on every run: who imports whom, which technology lives where, and sizes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Longest function, in lines.
const FUNCTION_LINES_MAX: usize = 70;
/// Longest file, in lines.
const FILE_LINES_MAX: usize = 500;

/// One source file: its path under `src` and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The room: the first part of the path, `store` for `store/import.rs`, `app` for `app.rs`.
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or("");
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Lines that are code: no comments, numbered from 1.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(n, l)| (n + 1, l.trim())).filter(|(_, l)| !l.starts_with("//"))
    }
}

fn files(dir: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
}

fn sources() -> Vec<Source> {
    let base = Path::new(ROOT).join("src");
    let mut paths = Vec::new();
    files(&base, ".rs", &mut paths);
    assert!(!paths.is_empty(), "no sources found under {}", base.display());
    let read = |p: &PathBuf| Source {
        path: p.strip_prefix(&base).expect("under src").to_string_lossy().replace('\\', "/"),
        text: fs::read_to_string(p).expect("readable source"),
    };
    paths.iter().map(read).collect()
}

/// Who may import whom: a room and the rooms it may name.
fn may_import(room: &str) -> Option<&'static [&'static str]> {
    const WORDS: &[&str] = &["model", "trial"];
    Some(match room {
        "model" => &[],
        "clock" => &["model"],
        "trial" => &["model"],
        "intake" | "normalize" | "evaluate" | "decide" | "publish" => WORDS,
        "store" | "link" => &["model", "trial", "clock"],
        "flow" => &["model", "trial", "clock", "intake", "normalize", "evaluate", "decide", "publish", "store", "link"],
        "http" | "mllp" | "cli" => &["model", "trial", "clock", "flow"],
        "telemetry" => &[],
        "config" => &["model", "trial", "http", "mllp", "link", "store", "flow", "telemetry", "cli"],
        "main" => &["cli", "app"],
        "app" | "lib" => return None,
        other => {
            panic!("src/{other} is a room that the import rule does not know; give it a place in tests/it/tidy.rs")
        }
    })
}

/// The rooms that a line names: `crate::store::…`, `use crate::{model, store}`, `trialgate::…` in main.
fn named_rooms(line: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for marker in ["crate::", "trialgate::"] {
        for (at, _) in line.match_indices(marker) {
            let rest = &line[at + marker.len()..];
            let word = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
            match rest.strip_prefix('{') {
                Some(list) => rooms.extend(list.split('}').next().unwrap_or("").split(',').map(|r| word(r.trim()))),
                None => rooms.push(word(rest)),
            }
        }
    }
    rooms.retain(|r| !r.is_empty());
    rooms
}

#[test]
fn imports_go_one_way() {
    let mut broken = Vec::new();
    for source in sources() {
        let Some(allowed) = may_import(source.room()) else { continue };
        for (number, line) in source.code() {
            for room in named_rooms(line) {
                let own = room == source.room();
                if !own && !allowed.contains(&room.as_str()) && may_exist(&room) {
                    broken.push(format!("src/{}:{number}: {} may not import {room}", source.path, source.room()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Whether that word is a room at all (and not a macro or constant of the crate's root).
fn may_exist(room: &str) -> bool {
    let base = Path::new(ROOT).join("src");
    base.join(room).is_dir() || base.join(format!("{room}.rs")).is_file()
}

/// Words that only some places may write, and where.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("tokio_postgres", &["store"]),
    ("reqwest", &["link"]),
    ("axum", &["http"]),
    ("ring::signature", &["link"]),
    ("rsa::", &["link"]),
    ("hyper", &["http"]),
    ("octofhir_ucum", &["model/unit.rs"]),
    ("SystemTime::now", &["clock.rs"]),
    ("Instant::now", &["clock.rs"]),
    ("Timestamp::now", &["clock.rs"]),
    ("Zoned::now", &["clock.rs"]),
    ("std::env::var", &["config.rs", "app"]),
];

/// Words that some rooms may never write.
const NEVER_IN: &[(&str, &[&str])] = &[
    ("serde", &["normalize", "evaluate", "decide"]),
    ("f64", &["model", "trial", "normalize", "evaluate", "decide", "intake"]),
    ("f32", &["model", "trial", "normalize", "evaluate", "decide", "intake"]),
    ("crate::clock", &["intake", "normalize", "evaluate", "decide", "publish"]),
    ("tracing::", &["intake", "normalize", "evaluate", "decide", "publish", "model", "trial"]),
];

/// Words that nobody writes.
const NEVER: &[(&str, &str)] = &[
    (".unwrap()", "say with `expect` which invariant holds, or return the error"),
    ("todo!(", "finish it"),
    ("unimplemented!(", "finish it"),
    ("dbg!(", "use tracing"),
    ("println!(", "only the command line prints; see `cli` and `app`"),
];

/// Whether `text` holds `word` as a whole word.
fn holds(text: &str, word: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !(c.is_alphanumeric() || c == '_'));
    text.match_indices(word).any(|(at, _)| {
        let before = !word.starts_with(|c: char| c.is_alphanumeric()) || edge(text[..at].chars().next_back());
        let after = !word.ends_with(|c: char| c.is_alphanumeric()) || edge(text[at + word.len()..].chars().next());
        before && after
    })
}

#[test]
fn each_technology_lives_in_one_place() {
    let mut broken = Vec::new();
    for source in sources() {
        let lives = |places: &[&str]| places.iter().any(|p| source.path == *p || source.room() == *p);
        for (number, line) in source.code() {
            let mut report =
                |what: &str, why: &str| broken.push(format!("src/{}:{number}: `{what}` {why}", source.path));
            for (word, places) in ONLY_IN {
                if holds(line, word) && !lives(places) {
                    report(word, &format!("belongs to {}", places.join(", ")));
                }
            }
            for (word, places) in NEVER_IN {
                // The schema library's trait asks for a float, which is never given one.
                let asked = *word == "f64" && source.path == "intake/instance.rs";
                if holds(line, word) && lives(places) && !asked {
                    report(word, "has no place in this room");
                }
            }
            for (word, instead) in NEVER {
                let prints = *word == "println!(" && (source.room() == "cli" || source.room() == "app");
                if holds(line, word) && !prints {
                    report(word, instead);
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_trial_stands_in_the_code() {
    for source in sources() {
        for (number, line) in source.text.lines().enumerate() {
            let named = line
                .match_indices("NCT")
                .any(|(at, _)| line[at + 3..].chars().take(4).all(|c| c.is_ascii_digit()) && line.len() >= at + 7);
            assert!(!named, "src/{}:{}: a trial is data; its name has no place in the code", source.path, number + 1);
        }
    }
}

#[test]
fn functions_and_files_stay_small() {
    let mut broken = Vec::new();
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        if lines.len() > FILE_LINES_MAX {
            broken.push(format!("src/{}: {} lines; at most {FILE_LINES_MAX}", source.path, lines.len()));
        }
        for (start, line) in lines.iter().enumerate() {
            if let Some(length) = function_length(&lines, start, line)
                && length > FUNCTION_LINES_MAX
            {
                broken.push(format!(
                    "src/{}:{}: a function of {length} lines; at most {FUNCTION_LINES_MAX}",
                    source.path,
                    start + 1
                ));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Lines from a `fn` to its closing brace, which rustfmt puts at the same indent.
fn function_length(lines: &[&str], start: usize, line: &str) -> Option<usize> {
    let code = line.trim_start();
    let is_fn = [
        "fn ",
        "pub fn ",
        "async fn ",
        "pub async fn ",
        "pub(crate) fn ",
        "pub(super) fn ",
        "pub(crate) async fn ",
        "const fn ",
        "pub const fn ",
    ]
    .iter()
    .any(|p| code.starts_with(p));
    if !is_fn || code.ends_with(';') || code.ends_with('}') {
        return None;
    }
    let indent = &line[..line.len() - code.len()];
    let close = format!("{indent}}}");
    lines[start..].iter().position(|l| *l == close).map(|n| n + 1)
}

#[test]
fn every_module_says_what_it_is() {
    for source in sources() {
        assert!(source.text.starts_with("//!"), "src/{} does not open with a sentence", source.path);
        if source.path.ends_with("/mod.rs") {
            let logic = source.code().find(|(_, l)| holds(l, "fn") || holds(l, "struct") || holds(l, "enum"));
            assert!(logic.is_none(), "src/{} is a door plate and holds no logic", source.path);
        }
    }
}

#[test]
fn documents_name_what_exists() {
    let root = Path::new(ROOT);
    let mut documents = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    files(&root.join("docs"), ".md", &mut documents);
    let mut missing = BTreeSet::new();
    for document in documents {
        let text = fs::read_to_string(&document).unwrap_or_default();
        for word in text.split(|c: char| c.is_whitespace() || "`()[],;\"'".contains(c)) {
            let word = word.trim_end_matches(['.', ':']);
            let ours = ["src/", "tests/", "docs/", "profiles/", "fixtures/", "migrations/", "examples/", ".ci/"]
                .iter()
                .any(|p| word.starts_with(p));
            if ours && !word.contains(['<', '*', '{', '$', '…']) && !root.join(word).exists() {
                missing.insert(format!("{}: {word}", document.strip_prefix(root).unwrap_or(&document).display()));
            }
        }
    }
    assert!(missing.is_empty(), "named and not there:\n{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn json_keeps_its_numbers() {
    let lock = fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).expect("Cargo.toml");
    assert!(
        !lock.contains("arbitrary_precision") && !lock.contains("preserve_order"),
        "global features of serde_json change numbers or order everywhere"
    );
}

/// The statements of a migration that shape tables, in words that both dialects share.
fn shapes(text: &str) -> Vec<String> {
    let lines = text.lines().map(|l| l.split("--").next().unwrap_or("").trim()).collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    for statement in lines.split(';').map(str::trim) {
        let shape =
            ["create table ", "alter table ", "drop table ", "insert into "].iter().any(|w| statement.starts_with(w));
        // Transactions are numbered by PostgreSQL alone.
        if !shape || statement.contains("set storage") || statement.contains(" xid8 ") {
            // An index may lead with another column; that it is there, and of which table, is the same.
            if let Some((index, _)) = statement.strip_prefix("create index ").and_then(|s| s.split_once('(')) {
                found.push(format!("index {}", index.trim()));
            }
            continue;
        }
        let mut words = statement.replace(" collate \"C\"", "").replace(" without rowid", "");
        while let Some(at) = words.find(" check (") {
            // Depth of parentheses tells where the check ends.
            let mut depth = 0;
            let end = words[at..].char_indices().find(|(_, c)| {
                depth += i32::from(*c == '(') - i32::from(*c == ')');
                *c == ')' && depth == 0
            });
            let (end, _) = end.expect("a check that is closed");
            words.replace_range(at..=at + end, "");
        }
        let words = words.replace("bigint", "integer").replace("bytea", "blob").replace("( ", "(").replace(" )", ")");
        found.push(words.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    found.sort();
    found
}

#[test]
fn both_databases_have_the_same_tables() {
    let read = |folder: &str| {
        let mut paths = Vec::new();
        files(&Path::new(ROOT).join("migrations").join(folder), ".sql", &mut paths);
        let file = |p: &PathBuf| {
            let name = p.file_name().expect("a name").to_string_lossy().into_owned();
            (name, shapes(&fs::read_to_string(p).expect("a readable migration")))
        };
        paths.iter().map(file).collect::<Vec<_>>()
    };
    let (sqlite, postgres) = (read("sqlite"), read("postgres"));
    assert!(sqlite.iter().map(|(_, shapes)| shapes.len()).sum::<usize>() > 20, "no tables found");
    for ((name, here), (twin, there)) in sqlite.iter().zip(&postgres) {
        assert_eq!(name, twin, "a migration has a twin of the same name in the other folder");
        let lacks = |some: &[String], of: &[String]| of.iter().find(|s| !some.contains(s)).cloned();
        assert_eq!(lacks(there, here), None, "migrations/postgres/{name} lacks this");
        assert_eq!(lacks(here, there), None, "migrations/sqlite/{name} lacks this");
    }
    assert_eq!(sqlite.len(), postgres.len(), "each migration has its twin");
    // Text is ordered by its bytes on both.
    let mut paths = Vec::new();
    files(&Path::new(ROOT).join("migrations/postgres"), ".sql", &mut paths);
    for path in paths {
        for (number, line) in fs::read_to_string(&path).expect("readable").lines().enumerate() {
            let code = line.split("--").next().unwrap_or("");
            let bare = code.replace(" text collate", "");
            let column = bare.contains(" text not null") || bare.contains(" text,") || bare.contains(" text)");
            let function = bare.contains("create function") || bare.contains("lane text)");
            assert!(!column || function, "{}:{}: a text column without collate \"C\"", path.display(), number + 1);
        }
    }
}

#[test]
fn a_statement_names_its_partition_or_says_that_it_is_wide() {
    for source in sources().into_iter().filter(|s| s.room() == "store" && s.path != "store/dialect.rs") {
        for (number, line) in source.code() {
            // What is set aside is counted, so all of it lies in partition 0.
            let literal = line.contains("partition = 0") && !line.contains("set_aside");
            let insert = line.contains("values (0,");
            assert!(
                !literal && !insert,
                "src/{}:{number}: say part(key), lane_part(lane), another row's partition or wide(partition)",
                source.path
            );
        }
    }
}
