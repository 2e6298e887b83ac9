//! `config …`: the settings' schema, what is in force, and what is wrong with them.

use super::wire;
use crate::cli::args::Config;
use crate::cli::print::{self, End, fail};
use crate::config::schema;

/// Prints, and says of mistakes where they are.
pub fn run(command: &Config) -> End {
    let place = match command {
        Config::Schema => {
            print::json(&schema());
            return End::Done;
        }
        Config::Show { place, .. } | Config::Check { place } => place,
    };
    let settings = match wire::settings(place) {
        Ok(settings) => settings,
        Err(words) => return fail(End::Wrong, words),
    };
    match command {
        Config::Show { json: true, .. } => print::json(&settings.masked()),
        Config::Show { .. } => match settings.shown() {
            Ok(text) => print!("{text}"),
            Err(words) => return fail(End::Failed, words),
        },
        _ => println!("the settings hold"),
    }
    End::Done
}
