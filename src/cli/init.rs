//! `init`: a commented configuration for a vendor's source, with every word that is the site's own left to fill in.

use super::print::{End, fail};
use crate::flow::profiles::Profiles;
use clap::{Args, ValueEnum};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// `trialgate init`
#[derive(Debug, Args)]
pub struct Init {
    /// Whose server, or which channel.
    #[arg(long)]
    pub vendor: Vendor,
    /// File to write, which must not be there yet; without one it is printed.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What there is a configuration for: a file `init/NAME.toml` of the profiles each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Vendor {
    /// Epic, by FHIR.
    Epic,
    /// Oracle Health Millennium, by FHIR.
    Oracle,
    /// Meditech, by FHIR.
    Meditech,
    /// HAPI and other open servers, by FHIR.
    Hapi,
    /// An integration engine, by HL7 v2.
    #[value(name = "hl7v2")]
    Hl7v2,
}

/// Prints it, or writes it where nothing is yet.
pub fn run(args: &Init) -> End {
    // The word by which it was asked for is the name of its file.
    let word = args.vendor.to_possible_value().map_or_else(String::new, |word| word.get_name().to_owned());
    let path = format!("init/{word}.toml");
    let profiles = Profiles::built_in();
    let Some(text) = profiles.0.get(&path) else {
        return fail(End::Failed, format!("the profiles that are built in hold no {path}"));
    };
    let Some(out) = &args.out else {
        print!("{text}");
        return End::Done;
    };
    match write(out, text) {
        Ok(()) => {
            eprintln!(
                "{} is written; fill in what stands in <angle brackets>, then `trialgate config check`",
                out.display()
            );
            End::Done
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fail(End::Failed, format!("{} is there already and stays as it is; wanted another name", out.display()))
        }
        Err(error) => fail(End::Failed, format!("{} cannot be written: {error}", out.display())),
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
