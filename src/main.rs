//! The program: parses the command line, and hands it on.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    trialgate::app::run::run(trialgate::cli::args::Cli::parse()).into()
}
