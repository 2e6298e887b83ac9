//! The program: parses the command line, and hands it on.

use clap::Parser;
use std::process::ExitCode;

/// A line of data is some hundred small pieces of memory that live for one commit: made and dropped at half the cost.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    trialgate::app::run::run(trialgate::cli::args::Cli::parse()).into()
}
