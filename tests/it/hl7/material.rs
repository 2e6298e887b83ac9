//! The public messages beside the project and ours: what each comes to, as `docs/hl7v2.md` says.

use super::*;
use crate::left_out::shared;
use std::fmt::Write;
use trialgate::flow::hl7v2::Verdict;

const BEGIN: &str = "| message | answer | kept | set aside or refused |\n|---|---|---|---|\n";

/// A file's rows: one for each message.
async fn rows(ward: &Ward, name: &str, bytes: &[u8], out: &mut String) {
    let all = split(bytes);
    for (n, one) in all.iter().enumerate() {
        let told = ward.take(one).await;
        let name = if all.len() > 1 { format!("{name} {}", n + 1) } else { name.to_owned() };
        let event = told.header.as_ref().map_or("", |h| &h.event);
        let answer = match told.verdict {
            Verdict::Taken => "AA",
            Verdict::NotUsed => "AA, not used",
            Verdict::Wrong => "AE",
            Verdict::Rejected => "AR",
        };
        let kept = told.loaded.kept.iter().map(|(kind, n)| format!("{n} {kind}"));
        let kept = kept.chain(told.loaded.events.get("deleted").map(|_| "deleted".to_owned())).collect::<Vec<_>>();
        let why: Vec<String> = told.faults.iter().chain(&told.aside).map(ToString::to_string).collect();
        let shown = match why.split_first() {
            Some((first, rest)) if !rest.is_empty() => format!("{first} (and {} more)", rest.len()),
            Some((first, _)) => first.clone(),
            None => String::new(),
        };
        let shown = shown.replace('|', "\\|");
        let _ = writeln!(out, "| {name} {event} | {answer} | {} | {shown} |", kept.join(", "));
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else if entry.extension().is_some_and(|e| e == "hl7") {
            found.push(entry);
        }
    }
    found.sort();
    found
}

/// All of it, on a store of its own for each folder.
async fn table(folders: &[std::path::PathBuf]) -> String {
    let mut out = String::from(BEGIN);
    for folder in folders {
        for file in files(folder) {
            let place = Place::file();
            // Test messages are wanted here, so what is in them shows.
            let processing = ["P", "T", "D"].map(str::to_owned).to_vec();
            let ward = speaking(&place, "UTC", Dialect { processing, ..Dialect::default() });
            let name = file.strip_prefix(folder).expect("below it").with_extension("");
            rows(&ward, &name.to_string_lossy(), &std::fs::read(&file).expect("readable"), &mut out).await;
        }
    }
    out
}

fn page() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hl7v2.md")).expect("the page")
}

/// Holds a part of the page to what was found; says where the new text is where they differ.
fn holds(found: &str, name: &str) {
    if !page().contains(found) {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, found).expect("written");
        panic!("docs/hl7v2.md does not say what was found; it belongs there as in {}", path.display());
    }
}

#[tokio::test]
async fn public_messages_come_to_what_the_page_says() {
    let Some(folder) = shared("material/hl7v2") else { return };
    holds(&table(&[folder]).await, "hl7v2-public.md");
}

#[tokio::test]
async fn our_messages_come_to_what_the_page_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hl7v2");
    holds(&table(&[folder]).await, "hl7v2-ours.md");
}
