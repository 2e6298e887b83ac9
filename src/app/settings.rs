//! `config …` and `keys …`: the settings' schema, what is in force, what is wrong with them; and the keys that they name.

use super::wire;
use crate::cli::args::Config;
use crate::cli::keys::{self, Keys};
use crate::cli::print::{self, End, fail};
use crate::clock::{Clock, random_bytes};
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

/// Makes a key or prints the public halves; the folder is that of the settings, where none is said.
pub fn keys(command: &Keys) -> End {
    let (Keys::New { folder, place, .. } | Keys::Show { folder, place }) = command;
    let stated = || Ok::<_, String>(wire::keys_folder(&wire::settings(place)?));
    let folder = match folder.clone().map_or_else(stated, Ok) {
        Ok(folder) => folder,
        Err(words) => return fail(End::Wrong, words),
    };
    match command {
        Keys::New { algorithm, .. } => keys::new(&folder, *algorithm, Clock::System.now(), &random_bytes()),
        Keys::Show { .. } => keys::show(&folder),
    }
}
