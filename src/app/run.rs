//! From the command line's words to what they ask for.

use super::{commands, demo, serve};
use crate::cli::args::{Cli, Command};
use crate::cli::print::{End, fail};
use crate::telemetry::{self, LogFormat};

/// Runs a command to its end.
pub fn run(cli: Cli) -> End {
    let filter = std::env::var("TRIALGATE_LOG").unwrap_or_else(|_| default_filter(&cli.command).to_owned());
    telemetry::start(&filter, LogFormat::Text);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(dispatch(cli.command)),
        Err(error) => fail(End::Failed, format!("no threads can be started: {error}")),
    }
}

/// A gateway says what it does; a command only what goes wrong.
fn default_filter(command: &Command) -> &'static str {
    match command {
        Command::Serve(_) => "info",
        _ => "error",
    }
}

async fn dispatch(command: Command) -> End {
    match command {
        Command::Demo(args) => demo::run(&args).await,
        Command::Serve(args) => serve::run(&args).await,
        Command::Import(args) => commands::import(&args).await,
        Command::Trial { command } => commands::trial(command).await,
        Command::Explain(args) => commands::explain(&args).await,
        Command::Migrate(args) => commands::migrate(&args).await,
        Command::Audit { command } => commands::audit(command).await,
    }
}
