//! From the command line's words to what they ask for.

use super::{commands, demo, exports, queues, serve, settings, trials, users, wire};
use crate::cli::args::{Cli, Client, Command};
use crate::cli::print::{End, fail};
use crate::cli::waiting::{Source, Target};
use crate::config::Settings;
use crate::telemetry::{self, LogFormat};
use std::time::Duration;

/// How long a question of the store may run on when the command is done.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Runs a command to its end.
pub fn run(cli: Cli) -> End {
    start_log(&cli.command);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => {
            let end = runtime.block_on(dispatch(cli.command));
            // A question that still runs must not keep a program that has done its work.
            runtime.shutdown_timeout(LAST_WAIT);
            end
        }
        Err(error) => fail(End::Failed, format!("no threads can be started: {error}")),
    }
}

/// By `TRIALGATE_LOG`, else by the settings; what is wrong with these is said by who needs them.
fn start_log(command: &Command) {
    let settings = match command {
        Command::Serve(args) => wire::settings(&args.place).unwrap_or_default(),
        _ => Settings::default(),
    };
    let usual = settings.log.as_deref().unwrap_or(default_filter(command));
    let filter = std::env::var("TRIALGATE_LOG").unwrap_or_else(|_| usual.to_owned());
    let format = if settings.log_format.as_deref() == Some("json") { LogFormat::Json } else { LogFormat::Text };
    telemetry::start(&filter, format);
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
        Command::Pull(args) => commands::pull(&args).await,
        Command::Trial { command } => commands::trial(command).await,
        Command::Explain(args) => commands::explain(&args).await,
        Command::Export { command } => exports::run(command).await,
        Command::Codes { command } => trials::codes(command).await,
        Command::SetAside { command } => queues::set_aside(&command).await,
        Command::Outbox { command } => queues::outbox(&command).await,
        Command::Source { command: Source::Health(asked) } => queues::health(&asked).await,
        Command::Source { command: Source::Probe(asked) } => queues::probe_source(&asked).await,
        Command::Target { command: Target::Probe(asked) } => queues::probe_target(&asked).await,
        Command::Migrate(args) => commands::migrate(&args).await,
        Command::Init(args) => crate::cli::init::run(&args),
        Command::Config { command } => settings::run(&command),
        Command::Client { command: Client::Add { name, source, rights } } => {
            crate::cli::client::add(&name, &source, &rights, &crate::clock::random_bytes())
        }
        Command::Keys { command } => settings::keys(&command),
        Command::User { command } => users::run(command).await,
        Command::Audit { command } => commands::audit(command).await,
    }
}
