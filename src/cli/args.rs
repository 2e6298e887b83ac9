//! The words of the command line. Exit codes: 0 done, 1 the thing asked about is wrong, 2 usage, 3 could not reach or write.

use super::waiting::{Outbox, SetAside, Source, Target};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Labs of a hospital in, decided and explained trial status out.
#[derive(Debug, Parser)]
#[command(name = "trialgate", version, about, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where the store and the settings are.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// Settings file (TOML); every key also by environment, such as TRIALGATE__LISTEN.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Store, such as sqlite:trialgate.db or postgres://USER@HOST/DATABASE.
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// Folder to use instead of the profiles built in.
    #[arg(long, value_name = "DIR")]
    pub profiles: Option<PathBuf>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The main job on an embedded default: the worked patients, the story, the table. Nothing is kept.
    Demo(Demo),
    /// The gateway.
    Serve(Serve),
    /// Reads NDJSON, Bundle JSON or folders of them, plain or .gz; `-` is standard input.
    Import(Import),
    /// One round of polling a source of the settings, or a Bulk Data export; what it brings is kept like any other resource.
    Pull(Pull),
    /// Definitions of trials.
    Trial {
        /// What to do with one.
        #[command(subcommand)]
        command: Trial,
    },
    /// Tables of a trial for the statistician and the data manager.
    Export {
        /// What to do.
        #[command(subcommand)]
        command: super::export::Export,
    },
    /// The verdict of one person in one trial, in words; without a trial, in all of them side by side.
    Explain(Explain),
    /// Codes and units as sources send them.
    Codes {
        /// What to do with them.
        #[command(subcommand)]
        command: Codes,
    },
    /// What could not be kept, with its reason.
    SetAside {
        /// What to do with it.
        #[command(subcommand)]
        command: SetAside,
    },
    /// What waits for the targets.
    Outbox {
        /// What to do with it.
        #[command(subcommand)]
        command: Outbox,
    },
    /// Feeds of the sources.
    Source {
        /// What to do with them.
        #[command(subcommand)]
        command: Source,
    },
    /// Who is told.
    Target {
        /// What to do with them.
        #[command(subcommand)]
        command: Target,
    },
    /// Brings a store's tables up to date, or moves a store to another database.
    Migrate(Migrate),
    /// A commented configuration for a vendor's source, to fill in.
    Init(super::init::Init),
    /// The settings.
    Config {
        /// What to do with them.
        #[command(subcommand)]
        command: Config,
    },
    /// Machine clients.
    Client {
        /// What to do with one.
        #[command(subcommand)]
        command: Client,
    },
    /// Signing keys of the gateway.
    Keys {
        /// What to do with them.
        #[command(subcommand)]
        command: super::keys::Keys,
    },
    /// Accounts of people who look at the pages.
    User {
        /// What to do with them.
        #[command(subcommand)]
        command: User,
    },
    /// The audit.
    Audit {
        /// What to do with it.
        #[command(subcommand)]
        command: super::audit::Audit,
    },
}

/// `trialgate demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Makes no pauses and ends after the table.
    #[arg(long)]
    pub once: bool,
    /// Waits for Enter before each step.
    #[arg(long, conflicts_with = "once")]
    pub step: bool,
    /// Prints one object with `trial` and `persons`, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// Folder to use instead of the profiles built in.
    #[arg(long, value_name = "DIR")]
    pub profiles: Option<PathBuf>,
}

/// `trialgate serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// Where to listen; beyond loopback only with clients configured.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Folder of trial definitions, instead of those of the profiles.
    #[arg(long, value_name = "DIR")]
    pub trials: Option<PathBuf>,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

/// `trialgate import`
#[derive(Debug, Args)]
pub struct Import {
    /// Files and folders; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The source whose ids these are.
    #[arg(long, default_value = "main")]
    pub source: String,
    /// Reads each file from its start, whatever was read of it before.
    #[arg(long)]
    pub again: bool,
    /// Prints the summary as JSON.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

/// `trialgate pull`
#[derive(Debug, Args)]
pub struct Pull {
    /// The source; its `[sources.NAME.pull]` says where and how.
    pub source: String,
    /// Reads everything again, whatever was read before.
    #[arg(long)]
    pub whole: bool,
    /// A Bulk Data export instead of polling; `by = "bulk"` needs no such word.
    #[arg(long)]
    pub bulk: bool,
    /// Prints one object.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

/// `trialgate trial …`
#[derive(Debug, Subcommand)]
pub enum Trial {
    /// Schema, names, types, units, windows, and the definition's own cases.
    Check {
        /// Folder of the definition.
        dir: PathBuf,
        /// Prints the findings as JSON.
        #[arg(long)]
        json: bool,
        /// Folder to use instead of the profiles built in.
        #[arg(long, value_name = "DIR")]
        profiles: Option<PathBuf>,
    },
    /// Value sets that `[codes]` wants expanded, asked of a terminology server once and kept beside the definition.
    Expand {
        /// Folder of the definition.
        dir: PathBuf,
        /// FHIR base of the terminology server.
        #[arg(long, value_name = "URL")]
        server: String,
        /// Only these sets.
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
        /// File that holds the server's bearer token.
        #[arg(long, value_name = "FILE")]
        token_file: Option<PathBuf>,
    },
    /// The definition on a case file, a Bundle or NDJSON; nothing is kept.
    Evaluate {
        /// Folder of the definition.
        dir: PathBuf,
        /// Files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The moment asked about: a date (its end at the site) or a FHIR dateTime.
        #[arg(long, value_name = "T")]
        as_of: Option<String>,
        /// Prints one object for one person, else an array.
        #[arg(long)]
        json: bool,
        /// Folder to use instead of the profiles built in.
        #[arg(long, value_name = "DIR")]
        profiles: Option<PathBuf>,
    },
    /// What an amendment changes: in the text, and for the stored persons, the enrolled first.
    Diff {
        /// Folder of the old definition, or ID@VERSION of one that the store has held.
        old: String,
        /// Folder of the new one, or ID@VERSION.
        new: String,
        /// The moment asked about.
        #[arg(long, value_name = "T")]
        as_of: Option<String>,
        /// Compares the texts only; no store is opened.
        #[arg(long, conflicts_with = "persons")]
        text: bool,
        /// Names the persons, by our key; asks for the purpose `list`.
        #[arg(long)]
        persons: bool,
        /// Prints one object.
        #[arg(long)]
        json: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
    /// Puts a new version of a definition in force in a store; everybody is looked at again, the enrolled stay with theirs.
    Load {
        /// Folder of the definition.
        dir: PathBuf,
        /// Prints one object.
        #[arg(long)]
        json: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
    /// The definition as a CQL library; what CQL cannot say is listed.
    Cql {
        /// Folder of the definition.
        dir: PathBuf,
        /// Prints the library and the list as one object.
        #[arg(long)]
        json: bool,
        /// Folder to use instead of the profiles built in.
        #[arg(long, value_name = "DIR")]
        profiles: Option<PathBuf>,
    },
    /// The definition on the stored history: funnel, attrition, decidability, near misses.
    Backtest {
        /// Folder of the definition.
        dir: PathBuf,
        /// The moment asked about.
        #[arg(long, value_name = "T")]
        as_of: Option<String>,
        /// A reading other than the default, as NAME=ALTERNATIVE.
        #[arg(long = "reading", value_name = "R=ALT")]
        readings: Vec<String>,
        /// Prints one object.
        #[arg(long)]
        json: bool,
        /// Adds the persons, by our key; asks for the purpose `list`.
        #[arg(long)]
        persons: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
}

/// `trialgate explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// Our key of the person, or SOURCE/PATIENT-ID.
    pub person: String,
    /// The trial; without one, every trial in force.
    pub trial: Option<String>,
    /// The moment asked about.
    #[arg(long, value_name = "T")]
    pub as_of: Option<String>,
    /// Only what the gateway knew then.
    #[arg(long, value_name = "T")]
    pub known_at: Option<String>,
    /// Prints one object.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

/// `trialgate codes …`
#[derive(Debug, Subcommand)]
pub enum Codes {
    /// What arrived and is read by no variable, or has a unit that is not understood; most frequent first.
    Unmapped(Unread),
    /// Puts a map file in force for a source: TOML, CSV (as `codes unmapped --csv` writes it, filled in) or a FHIR
    /// ConceptMap. A file of the same name is replaced, others stay; whom it concerns is looked at again.
    Load {
        /// The file; its end says of what kind it is: .toml, .csv or .json.
        file: PathBuf,
        /// The source whose words these are.
        #[arg(long, default_value = "main")]
        source: String,
        /// Prints one object.
        #[arg(long)]
        json: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
}

/// `trialgate codes unmapped`
#[derive(Debug, Args)]
pub struct Unread {
    /// Of this source only.
    #[arg(long)]
    pub source: Option<String>,
    /// At most so many; 50, and all of them in a table.
    #[arg(long)]
    pub most: Option<usize>,
    /// Prints one object.
    #[arg(long)]
    pub json: bool,
    /// Prints a table (CSV) with an empty column `means`; filled in, it is a map file for `codes load`.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

/// `trialgate config …`
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Prints their JSON Schema, for editors.
    Schema,
    /// Prints those in force as TOML, secrets masked.
    Show {
        /// Prints them as JSON.
        #[arg(long)]
        json: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
    /// Says what is wrong with them, with file, line and column.
    Check {
        /// Where.
        #[command(flatten)]
        place: Place,
    },
}

/// `trialgate client …`
#[derive(Debug, Subcommand)]
pub enum Client {
    /// Makes a token: shows it once on stderr, and prints the `[[clients]]` entry for the settings file on stdout.
    Add {
        /// Its name, as the audit shows it.
        name: String,
        /// The one source that it reads and writes.
        #[arg(long, default_value = "main")]
        source: String,
        /// What it may do there.
        #[arg(long, value_delimiter = ',', default_value = "read,write", value_parser = ["read", "write"])]
        rights: Vec<String>,
    },
}

/// `trialgate migrate`
#[derive(Debug, Args)]
pub struct Migrate {
    /// Moves this store; where only --to is given, the store of the settings.
    #[arg(long, value_name = "URL")]
    pub from: Option<String>,
    /// To here, an empty store; where only --from is given, to the store of the settings.
    #[arg(long, value_name = "URL")]
    pub to: Option<String>,
    /// Prints the proof of equality as JSON.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

/// `trialgate user …`
#[derive(Debug, Subcommand)]
pub enum User {
    /// Makes an account, without any right. The password is asked for, or read as a line from standard input.
    Add {
        /// Name to sign in with.
        name: String,
        /// Makes a password and prints it once.
        #[arg(long)]
        generate: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
    /// Sets a new password and ends the account's sessions.
    Password {
        /// Name of the account.
        name: String,
        /// Makes a password and prints it once.
        #[arg(long)]
        generate: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
    /// Gives a role in a trial at a site, or takes it back.
    Role {
        /// Name of the account.
        name: String,
        /// coordinator, investigator, data-manager, integration, monitor, inspector or unblinded.
        role: String,
        /// The trial's id.
        #[arg(long, value_name = "ID")]
        trial: String,
        /// The site's id in the definition.
        #[arg(long, value_name = "ID")]
        site: String,
        /// Until when: a date (its end at the site) or a FHIR dateTime.
        #[arg(long, value_name = "T")]
        until: Option<String>,
        /// Takes the role back.
        #[arg(long, conflicts_with = "until")]
        remove: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
    /// Lets an account sign in no more, and ends its sessions.
    Disable {
        /// Name of the account.
        name: String,
        /// Lets it sign in again.
        #[arg(long)]
        undo: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
    /// All accounts with their roles.
    List {
        /// Prints them as JSON.
        #[arg(long)]
        json: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
}
