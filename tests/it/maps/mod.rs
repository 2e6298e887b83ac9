//! Site maps: their files, how they are loaded, whom a mended one concerns, and the tables of a real hospital.

mod feeds;
mod files;
mod icu;
mod keep;
mod languages;
mod loading;
mod round_trip;

use trialgate::model::terms::TermsBySource;
use trialgate::trial::{Mistake, TermsFiles, terms};

/// The maps that come with the program and these files of the source `ward`.
pub fn ward(files: &[(&str, &str)]) -> (TermsBySource, Vec<Mistake>) {
    let file = |name: &str| {
        let path = format!("{}/profiles/terms/{name}", env!("CARGO_MANIFEST_DIR"));
        (name.to_owned(), std::fs::read_to_string(&path).expect("a map of the profiles"))
    };
    let site = |(name, text): &(&str, &str)| ("ward".to_owned(), (*name).to_owned(), (*text).to_owned());
    let sites = files.iter().map(site).collect();
    terms(&TermsFiles {
        systems: file("systems.toml"),
        units: file("units.toml"),
        answers: file("answers.toml"),
        sites,
    })
}
