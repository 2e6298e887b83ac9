//! `export`: tables of a trial for the statistician and the data manager, and locks on them.

use super::args::Place;
use super::print::{End, count, fail, json};
use crate::flow::ExportLock;
use crate::flow::export::ask::{Dataset, Exported, Format, Request};
use crate::flow::export::lock::Checked;
use crate::flow::export::lock::request_of;
use crate::model::key::hex;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// `trialgate export …`
#[derive(Debug, Subcommand)]
pub enum Export {
    /// Outcomes by person, visit and variable, results between visits, times to an event, grades, doses.
    Outcomes(Table),
    /// A line for each person: the baseline of every item, whether a truth ever held and when first, days to each event.
    Persons(Table),
    /// The screening log; who never consented stands in counts only.
    Screening(Table),
    /// The disposition of subjects, in CDISC's words.
    Subjects(Table),
    /// Exports a table and locks it: signed by an account, listed, made again byte for byte by `export check`.
    Lock(Lock),
    /// All locked tables.
    Locks {
        /// Prints one array.
        #[arg(long)]
        json: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
    /// Makes a locked table again, and says what differs.
    Check(Check),
}

impl Export {
    /// Where.
    pub fn place(&self) -> &Place {
        match self {
            Self::Outcomes(table) | Self::Persons(table) | Self::Screening(table) | Self::Subjects(table) => {
                &table.place
            }
            Self::Lock(lock) => &lock.place,
            Self::Locks { place, .. } => place,
            Self::Check(check) => &check.place,
        }
    }
}

/// Formats by their words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Written {
    /// CSV, a line for each value.
    Csv,
    /// CSV, a line for each person and visit.
    Wide,
    /// NDJSON.
    Ndjson,
    /// CDISC Dataset-JSON 1.1.
    DatasetJson,
    /// Parquet, where the program was built with it.
    Parquet,
}

impl From<Written> for Format {
    fn from(written: Written) -> Self {
        match written {
            Written::Csv => Self::Csv,
            Written::Wide => Self::Wide,
            Written::Ndjson => Self::Ndjson,
            Written::DatasetJson => Self::DatasetJson,
            Written::Parquet => Self::Parquet,
        }
    }
}

/// Tables by their words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Of {
    /// Outcomes.
    Outcomes,
    /// Baselines and what became of each person.
    Persons,
    /// The screening log.
    Screening,
    /// The disposition.
    Subjects,
}

impl From<Of> for Dataset {
    fn from(of: Of) -> Self {
        match of {
            Of::Outcomes => Self::Outcomes,
            Of::Persons => Self::Persons,
            Of::Screening => Self::Screening,
            Of::Subjects => Self::Subjects,
        }
    }
}

/// What is asked of a table.
#[derive(Debug, Args)]
pub struct Asked {
    /// The trial.
    pub trial: String,
    /// How it is written.
    #[arg(long, value_enum, default_value = "csv")]
    pub format: Written,
    /// The moment asked about: a date (its end at the site) or a FHIR dateTime.
    #[arg(long, value_name = "T")]
    pub as_of: Option<String>,
    /// Only what the gateway knew then.
    #[arg(long, value_name = "T")]
    pub known_at: Option<String>,
    /// This version of the definition for everybody; else the enrolled stay with theirs.
    #[arg(long, value_name = "N")]
    pub definition: Option<u32>,
    /// Persons and resources by the hospital's own ids; asks for a ground of the purpose `name`.
    #[arg(long)]
    pub identified: bool,
    /// Shows what the definition hides; asks for an account of the role `unblinded`, see --sign-in.
    #[arg(long, requires = "sign_in")]
    pub unblinded: bool,
    /// Signs in as this account; the password is typed, or a line of standard input.
    #[arg(long, value_name = "ACCOUNT")]
    pub sign_in: Option<String>,
}

/// `trialgate export outcomes|persons|screening|subjects`
#[derive(Debug, Args)]
pub struct Table {
    /// What is asked.
    #[command(flatten)]
    pub asked: Asked,
    /// Writes here, and what the columns mean beside it as FILE.define.json; else to standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Prints the summary as one object.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

/// `trialgate export lock`
#[derive(Debug, Args)]
pub struct Lock {
    /// Name of the lock: letters, digits, `.`, `-` and `_`.
    pub name: String,
    /// Which table.
    #[arg(long, value_enum, default_value = "outcomes")]
    pub dataset: Of,
    /// What is asked of it; --sign-in names who signs.
    #[command(flatten)]
    pub asked: Asked,
    /// Writes here, and what the columns mean beside it as FILE.define.json.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Prints the summary as one object.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

/// `trialgate export check`
#[derive(Debug, Args)]
pub struct Check {
    /// Name of the lock.
    pub name: String,
    /// Keeps what was made.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Signs in as this account, which a table with what the definition hides asks for; the password is typed, or a line of
    /// standard input.
    #[arg(long, value_name = "ACCOUNT")]
    pub sign_in: Option<String>,
    /// Prints one object.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

impl Lock {
    /// Whether it can be locked at all.
    pub fn is_signed(&self) -> Result<(), &'static str> {
        if !is_name(&self.name) {
            return Err("a lock's name is of letters, digits, `.`, `-` and `_`, at most 64 of them");
        }
        self.asked.sign_in.as_ref().map(|_| ()).ok_or("a lock is signed: wanted --sign-in ACCOUNT")
    }
}

impl Asked {
    /// What is asked of the corridor.
    pub fn request(&self, dataset: Dataset, out: Option<&Path>) -> Request {
        Request {
            dataset,
            format: self.format.into(),
            trial: self.trial.clone(),
            as_of: self.as_of.clone(),
            known_at: self.known_at.clone(),
            definition: self.definition,
            identified: self.identified,
            unblinded: self.unblinded,
            define: out.map(define_name),
        }
    }
}

/// Whether a lock may have that name.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
}

/// Where a table is written: beside its place, until it is whole.
pub struct Out {
    path: PathBuf,
    part: PathBuf,
}

/// `FILE` with an ending behind its own.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Name of the file that says what the columns of a table mean.
fn define_name(path: &Path) -> String {
    let path = beside(path, ".define.json");
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A file that only its owner reads.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A file for what must wait, in `folder`; it has no name any more.
pub fn spool(folder: &Path, name: &str) -> io::Result<File> {
    let path = folder.join(format!(".{name}.rows"));
    let file = create(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

impl Out {
    /// Opens it. The error says which path.
    pub fn create(path: &Path) -> Result<(Self, File), String> {
        let part = beside(path, ".part");
        let file = create(&part).map_err(|e| format!("{}: {e}", part.display()))?;
        Ok((Self { path: path.to_owned(), part }, file))
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// The table is whole: it takes its place, and what its columns mean lies beside it.
    pub fn keep(self, define: &[u8]) -> Result<(), String> {
        let words = |path: &Path, e: io::Error| format!("{}: {e}", path.display());
        let meaning = beside(&self.path, ".define.json");
        create(&meaning).and_then(|mut file| file.write_all(define)).map_err(|e| words(&meaning, e))?;
        std::fs::rename(&self.part, &self.path).map_err(|e| words(&self.path, e))
    }

    /// Nothing came of it.
    pub fn drop_it(self) {
        let _ = std::fs::remove_file(&self.part);
    }
}

fn summary(exported: &Exported) -> Value {
    let apart: Vec<Value> = exported
        .apart
        .iter()
        .map(|(why, n)| json!({ "why": why, "persons": n.map_or_else(|| json!("withheld"), |n| json!(n)) }))
        .collect();
    json!({ "persons": exported.persons, "rows": exported.rows, "bytes": exported.bytes,
            "sha256": hex(&exported.digest), "without_rows": apart })
}

/// Says what was exported: on standard output, or beside it where the table itself is there.
pub fn exported(exported: &Exported, as_json: bool, beside: bool) -> End {
    let whole = summary(exported);
    if as_json && beside {
        eprintln!("{whole}");
    } else if as_json {
        json(&whole);
    } else {
        let mut words = format!(
            "{}, {}, sha256:{}",
            count(exported.persons, "person"),
            count(exported.rows, "line"),
            hex(&exported.digest)
        );
        for (why, n) in &exported.apart {
            words.push_str(&format!(
                "\n  {} without lines: {why}",
                n.map_or_else(|| "withheld".into(), |n| n.to_string())
            ));
        }
        if beside { eprintln!("{words}") } else { println!("{words}") }
    }
    End::Done
}

/// Says what was locked.
pub fn locked(name: &str, table: &Exported, as_json: bool) -> End {
    if as_json {
        let mut whole = summary(table);
        whole["lock"] = json!(name);
        json(&whole);
        return End::Done;
    }
    println!("locked as {name}; `trialgate export check {name}` makes it again");
    exported(table, false, false)
}

fn lock_json(lock: &ExportLock) -> Value {
    json!({ "name": lock.name, "trial": lock.trial, "asked": serde_json::from_str::<Value>(&lock.asked).unwrap_or_default(),
            "definition": format!("sha256:{}", hex(&lock.definition)), "engine": lock.engine, "known_at": lock.known.to_string(),
            "sha256": hex(&lock.digest), "bytes": lock.bytes, "rows": lock.rows,
            "signed_by": lock.signed_by, "meaning": lock.meaning, "at": lock.at.to_string() })
}

/// Prints all locks.
pub fn locks(all: &[ExportLock], as_json: bool) -> End {
    if as_json {
        json(&all.iter().map(lock_json).collect());
        return End::Done;
    }
    for lock in all {
        let of = request_of(lock).map_or("", |request| request.dataset.word());
        println!("{}  {} {of}  {} lines  sha256:{}", lock.name, lock.trial, lock.rows, hex(&lock.digest));
        println!("  known at {}; signed by {} at {}: {}", lock.known, lock.signed_by, lock.at, lock.meaning);
    }
    End::Done
}

/// Says whether a table that was made again is the one that was locked.
pub fn checked(found: &Checked, as_json: bool) -> End {
    if as_json {
        let same = found.differs.is_empty();
        json(
            &json!({ "lock": lock_json(&found.lock), "same": same, "differs": found.differs, "now": summary(&found.now) }),
        );
    } else if found.differs.is_empty() {
        println!("{}: the same, byte for byte ({} lines)", found.lock.name, found.lock.rows);
    }
    if found.differs.is_empty() {
        return End::Done;
    }
    fail(End::Wrong, format!("{} is no longer what was locked:\n  {}", found.lock.name, found.differs.join("\n  ")))
}
