//! `import`: files into the store, with progress and a summary by type and by issue.

use super::args::Import;
use super::files;
use super::print::{End, fail, json, thousands};
use crate::flow::desk::Desk;
use crate::flow::gateway::{Gateway, Source};
use crate::flow::hl7v2::is_message;
use crate::flow::library;
use crate::flow::lines::{CHUNK, CHUNK_BYTES, Line, Loaded};
use crate::flow::mark::Mark;
use crate::flow::{Caller, StoreError};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufRead, Read};
use std::path::Path;
use std::time::Duration;

/// Codes and units listed in a summary.
const LISTED: usize = 10;
/// Longest line, in bytes; a longer one is no resource.
const LINE_MAX: usize = 16 << 20;

/// A progress line on a terminal; silent when piped.
pub fn spinner(what: &str) -> ProgressBar {
    let bar = ProgressBar::no_length();
    let template = format!("{{spinner}} {{human_pos}} {what} · {{per_sec}} · {{elapsed}}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Progress by bytes, with rate and time left.
fn bar(total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let template = "{wide_bar} {bytes}/{total_bytes} · {msg} · {elapsed} · {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Imports and prints the summary.
pub async fn run(desk: &Desk, args: &Import) -> End {
    let gateway = &*desk.gateway;
    let paths = match files::expand(&args.files) {
        Ok(paths) if !paths.is_empty() => paths,
        Ok(_) => {
            return fail(End::Usage, "no files of resources found; wanted .json, .ndjson, .hl7, or these with .gz");
        }
        Err(error) => return fail(End::Failed, format!("the files cannot be listed: {error}")),
    };
    let total = paths.iter().map(|p| size_of(p)).sum();
    let progress = bar(total);
    let mut sum = Loaded::default();
    let mut done = 0;
    for path in &paths {
        let before = done;
        let mut heard = |lines: u64, read: u64| {
            progress.set_position(before + read.min(size_of(path)));
            progress.set_message(format!("{} lines", thousands(lines)));
        };
        match file(gateway, path, args, &mut heard).await {
            Ok(loaded) => sum.add(&loaded),
            Err(words) => {
                progress.finish_and_clear();
                return fail(End::Failed, format!("{}: {words}", path.display()));
            }
        }
        done += size_of(path);
        progress.set_position(done);
    }
    progress.finish_and_clear();
    match not_understood(desk, &args.source).await {
        Ok((codes, units)) => summary(&sum, &codes, &units, args.json),
        Err(error) => return fail(End::Failed, error),
    }
    End::Done
}

/// Codes and units that nothing in force reads, by volume, the most frequent of each.
type Volume = Vec<(String, i64)>;

async fn not_understood(desk: &Desk, source: &str) -> Result<(Volume, Volume), StoreError> {
    let library = desk.library();
    let rows = library::not_read(desk.store(), &library, source).await?;
    let mut codes: BTreeMap<String, i64> = BTreeMap::new();
    for row in rows {
        *codes.entry(row.code.to_string()).or_default() += row.count;
    }
    let mut codes: Volume = codes.into_iter().collect();
    codes.sort_by_key(|(_, count)| -count);
    codes.truncate(LISTED);
    let mut units = library::units_not_understood(desk.store(), &library, source).await?;
    units.truncate(LISTED);
    Ok((codes, units))
}

fn size_of(path: &Path) -> u64 {
    path.metadata().map_or(0, |m| m.len())
}

type Heard<'h> = &'h mut (dyn FnMut(u64, u64) + Send);

async fn file(gateway: &Gateway, path: &Path, args: &Import, heard: Heard<'_>) -> Result<Loaded, String> {
    let Some(source) = gateway.source(&args.source) else {
        return Err(format!("no source `{0}` is configured; wanted [sources.{0}] in the settings", args.source));
    };
    // A file holds what it holds: a type that is not kept is counted, not refused.
    let source = Source { ignore_unkept: true, ..source.clone() };
    let place = path.display().to_string();
    if files::is_stream(path) {
        eprintln!("trialgate: {place} is a stream: if this is ended early, it has to be sent again from its start");
        return match files::is_lines(path) {
            true => lines(gateway, path, &source, &mut Reading { place, mark: None, heard }).await,
            false => whole(gateway, path, &source).await,
        };
    }
    let identity = files::identity(path, &args.source).map_err(|e| e.to_string())?;
    let mark = Mark::find(gateway, identity, args.again).await;
    let mut mark = mark.map_err(|refusal| refusal.words())?;
    if mark.stands.done {
        eprintln!("trialgate: {place} was read to its end before and is passed over; --again reads it from its start");
        return Ok(mark.stands.loaded);
    }
    if files::is_lines(path) {
        if mark.stands.lines > 0 {
            eprintln!("trialgate: {place}: goes on after line {}", thousands(mark.stands.lines));
        }
        return lines(gateway, path, &source, &mut Reading { place, mark: Some(mark), heard }).await;
    }
    mark.stands.loaded = whole(gateway, path, &source).await?;
    mark.stands.done = true;
    mark.save(gateway).await.map_err(|refusal| refusal.words())?;
    Ok(mark.stands.loaded)
}

fn caller() -> Caller {
    Caller { actor: "import".into(), purpose: "import".into() }
}

/// A file of lines that is being read.
struct Reading<'h> {
    place: String,
    /// How far it was read; `None`: a stream, of which nothing is remembered.
    mark: Option<Mark>,
    heard: Heard<'h>,
}

async fn lines(gateway: &Gateway, path: &Path, source: &Source, reading: &mut Reading<'_>) -> Result<Loaded, String> {
    let (mut number, mut read) = reading.mark.as_ref().map_or((0, 0), |m| (m.stands.lines, m.stands.bytes));
    let mut reader = files::open_at(path, read).map_err(|e| e.to_string())?;
    let (mut sum, mut chunk) = (Loaded::default(), Vec::with_capacity(CHUNK));
    let (mut line, mut held) = (Vec::new(), 0);
    loop {
        line.clear();
        let more = reader.by_ref().take(LINE_MAX as u64 + 1).read_until(b'\n', &mut line).map_err(|e| e.to_string())?;
        if more > LINE_MAX {
            return Err(format!("line {} is longer than {LINE_MAX} bytes; wanted one resource a line", number + 1));
        }
        if more > 0 {
            number += 1;
            read += more as u64;
            if !line.trim_ascii().is_empty() {
                chunk.push((format!("{}:{number}", reading.place), line.trim_ascii().to_vec()));
                held += more;
            }
        }
        let end = more == 0;
        if chunk.len() == CHUNK || held >= CHUNK_BYTES || end {
            let lines: Vec<Line<'_>> = chunk.iter().map(|(place, body)| Line { place, body }).collect();
            let done = match &mut reading.mark {
                Some(mark) => {
                    (mark.stands.lines, mark.stands.bytes, mark.stands.done) = (number, read, end);
                    gateway.load_marked(source, &lines, &caller(), mark).await
                }
                None => gateway.load_lines(source, &lines, &caller()).await.map(|loaded| sum.add(&loaded)),
            };
            done.map_err(|refusal| refusal.words())?;
            chunk.clear();
            held = 0;
            (reading.heard)(number, read);
        }
        if end {
            return Ok(reading.mark.as_ref().map_or(sum, |mark| mark.stands.loaded.clone()));
        }
    }
}

/// A Bundle, a single resource, or messages of HL7 v2.
async fn whole(gateway: &Gateway, path: &Path, source: &Source) -> Result<Loaded, String> {
    let bytes = files::read_all(path).map_err(|e| e.to_string())?;
    let place = path.display().to_string();
    let loaded = match is_message(&bytes) {
        true => gateway.load_messages(source, &place, &bytes, &caller()).await,
        false => gateway.load_file(source, &place, &bytes, &caller()).await,
    };
    loaded.map_err(|refusal| refusal.words())
}

fn summary(sum: &Loaded, codes: &Volume, units: &Volume, as_json: bool) {
    if as_json {
        let mut events = sum.events.clone();
        for word in ["created", "updated", "unchanged", "late"] {
            events.entry(word.to_owned()).or_default();
        }
        json(&json!({ "kept": sum.kept, "events": events, "ignored": sum.ignored, "set_aside": sum.set_aside,
                      "codes_not_read": volumes(codes), "units_not_understood": volumes(units) }));
        return;
    }
    for (kind, n) in &sum.kept {
        println!("{:>12}  {kind}", thousands(*n));
    }
    for (event, n) in &sum.events {
        println!("{:>12}    of these {event}", thousands(*n));
    }
    for (kind, n) in &sum.ignored {
        println!("{:>12}  {kind}: a type that is not kept, passed over", thousands(*n));
    }
    for (code, n) in &sum.set_aside {
        println!("{:>12}  set aside: {code}", thousands(*n));
    }
    for (title, rows) in [("codes that no definition reads", codes), ("units not understood", units)] {
        if !rows.is_empty() {
            println!("\n  {title}, by volume:");
            rows.iter().for_each(|(word, n)| println!("{:>12}  {word}", thousands(n.unsigned_abs())));
        }
    }
}

fn volumes(rows: &Volume) -> serde_json::Value {
    rows.iter().map(|(word, count)| json!({ "word": word, "count": count })).collect()
}
