//! Breaks definitions at random and loads them: `cargo run --release --example fuzz_definition -- SECONDS [SEED]`.
//!
//! Whatever stands in a definition, loading answers with a trial or with mistakes: no panic, no hang, no overflow of the
//! stack. What loads is evaluated on a worked case. A seed gives the same inputs anywhere.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use trialgate::flow::library;
use trialgate::flow::profiles::Profiles;
use trialgate::flow::rehearsal::cases;
use trialgate::model::terms::TermsBySource;

/// The longest that one input may take before it counts as a hang.
const INPUT_SECONDS_MAX: u64 = 20;
/// The stack of a thread that loads definitions, as small as that of a worker.
const STACK_BYTES: usize = 2 << 20;

/// Words and signs of the language, and of things that only look like it.
const WORDS: &[&str] = &[
    "and",
    "or",
    "xor",
    "implies",
    "not",
    "in",
    "contains",
    "between",
    "is",
    "null",
    "true",
    "false",
    "if",
    "then",
    "else",
    "case",
    "when",
    "end",
    "where",
    "within",
    "of",
    "since",
    "before",
    "after",
    "on",
    "during",
    "value",
    "time",
    "exists",
    "difference",
    "years",
    "28 days",
    "1 month",
    "3 hours",
    "0 days",
    "999999999 years",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "+",
    "-",
    "*",
    "/",
    "div",
    "mod",
    "^",
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "'",
    "''",
    "'g/L'",
    "'%'",
    "'['",
    "@2026-02-30",
    "@2026",
    "@2026-03-01T10:00:00+08:00",
    "Interval[",
    "Interval(",
    "Last(",
    "First(",
    "Count(",
    "Sum(",
    "Median(",
    "exists (",
    "AtLeast(2,",
    "Number(",
    "UpperLimit(",
    "PercentChange(",
    "Baseline(",
    "Consecutive(2,",
    "Duration(",
    "DailyDose(",
    "StableDose(",
    "Coalesce(",
    "Round(",
    "Exp(",
    "Ln(",
    "Log(",
    "Power(",
    "Now()",
    "Today()",
    "age",
    "albumin",
    "allo_msc",
    "problem_list",
    "birth_date",
    "sex",
    "arm",
    "day0",
    "baseline",
    "I1",
    "E4",
    "0",
    "1",
    "-1",
    "1.5",
    "1e9",
    "0.00000000000001",
    "99999999999999999999999999999999",
    "9 ^ 99",
    "Flatten(",
    "Sort(",
    "\u{2264}",
    "\u{a0}",
    "\u{0}",
    "é",
    "阴性",
    "🙂",
    "\\",
    "\"",
    "#",
    "\n",
    "\t",
];

/// A small generator of numbers: the same seed, the same numbers.
pub struct Random(u64);

impl Random {
    /// Starts at a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % (n.max(1) as u64)).unwrap_or(0)
    }

    fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// Where definitions to be broken come from.
pub struct Ground {
    profiles: Profiles,
    terms: TermsBySource,
    /// Text of each definition, and a case of it.
    trials: Vec<(String, String)>,
    /// Texts of instruments.
    instruments: Vec<(String, String)>,
    /// Texts in quotes: expressions, and all else.
    strings: Vec<String>,
}

impl Ground {
    /// All that is built in.
    pub fn built_in() -> Self {
        let profiles = Profiles::built_in();
        let (terms, _) = library::maps(&profiles);
        let mut trials = Vec::new();
        let mut strings = Vec::new();
        for name in profiles.trials() {
            let files = profiles.below(&format!("trials/{name}"));
            let text = |wanted: &dyn Fn(&str) -> bool| {
                files.iter().find(|(path, _)| wanted(path)).map(|(_, text)| text.clone())
            };
            let toml = text(&|path| path == "trial.toml").unwrap_or_default();
            strings.extend(toml.split('"').skip(1).step_by(2).filter(|s| !s.is_empty()).map(str::to_owned));
            trials.push((toml, text(&|path| path.starts_with("cases/")).unwrap_or_default()));
        }
        let instruments = profiles.below("instruments");
        Self { profiles, terms, trials, instruments, strings }
    }

    /// One broken definition, loaded, and evaluated when it loads; answers whether it loaded.
    pub fn run(&self, seed: u64) -> bool {
        let mut random = Random::new(seed);
        let (trial, case) = &self.trials[random.below(self.trials.len())];
        let mut profiles = Profiles(self.profiles.0.clone());
        profiles.0.retain(|path, _| !path.starts_with("trials/"));
        let text = match random.below(8) {
            0..=4 => self.with_expression(trial, &mut random),
            5 | 6 => self.broken(trial, &mut random),
            _ => {
                let (name, text) = &self.instruments[random.below(self.instruments.len())];
                profiles.0.insert(format!("instruments/{name}"), self.broken(text, &mut random));
                trial.clone()
            }
        };
        profiles.0.insert("trials/T/trial.toml".into(), text);
        let (trial, mistakes) = library::definition(&profiles, "trials/T");
        for mistake in &mistakes {
            assert!(mistake.line > 0 && mistake.column > 0 && !mistake.to_string().is_empty(), "{mistake:?}");
        }
        assert!(trial.is_some() || mistakes.iter().any(|m| m.is_error()), "neither a trial nor an error");
        if let Some(trial) = &trial {
            drop(cases::run(trial, &self.terms, "case", case));
        }
        trial.is_some()
    }

    /// The definition with one of its strings replaced by a made-up one.
    fn with_expression(&self, trial: &str, random: &mut Random) -> String {
        let places: Vec<(usize, &str)> = quoted(trial);
        let (at, old) = places[random.below(places.len())];
        let new = self.expression(random).replace('"', "'");
        format!("{}{new}{}", &trial[..at], &trial[at + old.len()..])
    }

    fn expression(&self, random: &mut Random) -> String {
        let mut words: Vec<String> = Vec::new();
        for _ in 0..=random.below(2) {
            let from = &self.strings[random.below(self.strings.len())];
            words.extend(from.split_inclusive([' ', '(', ')', ',']).map(str::to_owned));
        }
        for _ in 0..=random.below(6) {
            let at = random.below(words.len() + 1);
            match random.below(5) {
                0 if at < words.len() => drop(words.remove(at)),
                1 if at < words.len() => words.insert(at, words[at].clone()),
                2 if at < words.len() => words[at] = random.one_of(WORDS).to_owned(),
                3 => words.truncate(at.max(1)),
                _ => words.insert(at, format!(" {} ", random.one_of(WORDS))),
            }
        }
        let text = words.concat();
        match random.below(24) {
            0 => nested(&text, random),
            1 => vec![text; 1 + random.below(400)].join(random.one_of(&[" and ", " + ", ", ", " "])),
            2 => text.chars().filter(|c| *c != ' ').collect(),
            _ => text,
        }
    }

    /// A file with lines and bytes moved, lost and made up.
    fn broken(&self, text: &str, random: &mut Random) -> String {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for _ in 0..=random.below(5) {
            let (at, other) = (random.below(lines.len()), random.below(lines.len()));
            match random.below(7) {
                0 => drop(lines.remove(at)),
                1 => lines.insert(at, lines[other].clone()),
                2 => lines.swap(at, other),
                3 => lines.truncate(at.max(1)),
                4 => lines[at] = value_changed(&lines[at], random),
                5 => lines[at].insert_str(0, random.one_of(&["[", "[[", "#", "=", "\"", "'''", "]", "x = ", "{"])),
                _ => {
                    let place = lines[at].char_indices().map(|(i, _)| i).nth(random.below(lines[at].len().max(1)));
                    lines[at].insert_str(place.unwrap_or(0), random.one_of(WORDS));
                }
            }
            if lines.is_empty() {
                lines.push(self.strings[0].clone());
            }
        }
        lines.join("\n")
    }
}

/// The texts between quotes and where they begin.
fn quoted(text: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let mut found = Vec::new();
    for (n, part) in text.split('"').enumerate() {
        if n % 2 == 1 && !part.is_empty() && !part.contains('\n') {
            found.push((at, part));
        }
        at += part.len() + 1;
    }
    found
}

fn nested(text: &str, random: &mut Random) -> String {
    let deep = 1 + random.below(2_000);
    let (open, close) = random.one_of(&[
        &("(", ")"),
        &("not ", ""),
        &("-", ""),
        &("{", "}"),
        &("if true then ", " else 1"),
        &("Abs(", ")"),
        &("1 + (", ")"),
    ]);
    format!("{}{text}{}", open.repeat(deep), close.repeat(deep))
}

/// A line with another value behind its sign.
fn value_changed(line: &str, random: &mut Random) -> String {
    let values = [
        "1",
        "-1",
        "true",
        "\"\"",
        "\"x\"",
        "[]",
        "[1]",
        "{}",
        "{ a = 1 }",
        "1e400",
        "nan",
        "1979-05-27",
        "[[1, 2], [\"a\"]]",
        "\"loinc|1\"",
        "\"a.b.c\"",
    ];
    let head = line.split_once('=').map_or(line, |(head, _)| head);
    format!("{head}= {}", random.one_of(&values))
}

#[allow(dead_code, reason = "a test includes this file for its generator")]
fn main() {
    let number = |n: usize| std::env::args().nth(n).and_then(|text| text.parse::<u64>().ok());
    let (Some(seconds), first) = (number(1), number(2).unwrap_or(1)) else {
        eprintln!("wanted SECONDS [SEED]");
        std::process::exit(2);
    };
    let begun = Instant::now();
    // The seed in hand, and the second in which it was taken up.
    let (seed, since) = (Arc::new(AtomicU64::new(first)), Arc::new(AtomicU64::new(0)));
    let (seed_inside, since_inside) = (seed.clone(), since.clone());
    std::panic::set_hook(Box::new(|_| {}));
    let inside = move || {
        let ground = Ground::built_in();
        let (mut count, mut loaded) = (0_u64, 0_u64);
        while begun.elapsed() < Duration::from_secs(seconds) {
            let now = seed_inside.load(Ordering::Relaxed);
            since_inside.store(begun.elapsed().as_secs(), Ordering::Relaxed);
            match catch_unwind(AssertUnwindSafe(|| ground.run(now))) {
                Ok(true) => loaded += 1,
                Ok(false) => {}
                Err(panic) => {
                    let words = panic.downcast_ref::<String>().cloned();
                    let words = words.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                    eprintln!("seed {now} panics: {}", words.unwrap_or_default());
                    std::process::exit(1);
                }
            }
            count += 1;
            seed_inside.store(now + 1, Ordering::Relaxed);
        }
        println!("{count} definitions from seed {first}: {loaded} loaded and were evaluated, no panic and no hang");
    };
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(inside).expect("a thread");
    while !worker.is_finished() {
        std::thread::sleep(Duration::from_millis(200));
        if begun.elapsed().as_secs() > since.load(Ordering::Relaxed) + INPUT_SECONDS_MAX {
            eprintln!("seed {} takes more than {INPUT_SECONDS_MAX} s", seed.load(Ordering::Relaxed));
            std::process::exit(1);
        }
    }
    worker.join().expect("it ended");
}
