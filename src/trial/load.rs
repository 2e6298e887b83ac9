//! A definition folder to a checked trial: shape, names, expressions; or every mistake with its place.

use super::build;
use super::document::{Document, Node};
use super::expression::check::{Wanted, check, expect};
use super::expression::lexer::GRAMMAR_WORDS;
use super::expression::names::{Names, Symbol, uses};
use super::expression::parser::parse;
use super::expression::syntax::{Fault, Syntax};
use super::expression::tree::{Expr, Name, Type};
use super::mistake::{Mistake, Severity};
use super::schema;
use super::systems::{CodeReader, Systems};
use crate::model::unit::Unit;
use std::collections::{BTreeMap, HashMap};

/// Longest chain of names that lean on each other.
pub const CHAIN_MAX: usize = 64;
/// Tallest tree of an expression with all the trees that its names lean on: what is evaluated in one go.
pub const REACH_MAX: usize = 256;
/// The stack on which a definition is read: the tallest expression needs more than a worker has.
pub const LOAD_STACK_BYTES: usize = 64 << 20;
/// Most expressions of one definition.
pub const EXPRESSIONS_MAX: usize = 5_000;

/// The files of one definition; reading them from a disk is the caller's work.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// Text of `trial.toml`.
    pub trial_toml: String,
    /// The path to show in mistakes.
    pub name: String,
    /// Further files of the folder, and instruments under their folder of the profiles: name and text.
    pub others: Vec<(String, String)>,
    /// Code systems by short name.
    pub systems: Systems,
}

/// Reads and checks a definition. With an error among the mistakes there is no trial; warnings leave it usable.
pub fn load(files: &Files) -> Loaded {
    std::thread::scope(|scope| {
        let roomy = std::thread::Builder::new().stack_size(LOAD_STACK_BYTES);
        match roomy.spawn_scoped(scope, || load_here(files)) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => {
                let none = "no thread can be started to read it";
                (None, vec![Mistake::at(Severity::Error, &files.name, &files.trial_toml, 0..0, none)])
            }
        }
    })
}

/// A trial unless there is an error among the mistakes.
type Loaded = (Option<super::definition::Trial>, Vec<Mistake>);

fn load_here(files: &Files) -> Loaded {
    let (document, mut mistakes) = Document::read(&files.name, &files.trial_toml);
    if mistakes.iter().any(Mistake::is_error) {
        return (None, mistakes);
    }
    mistakes.extend(schema::definition(&document));
    let codes = CodeReader { systems: &files.systems, named: Default::default(), mistakes: Vec::new() };
    let mut loader = Loader {
        document: &document,
        names: Names::built_in(),
        jobs: Vec::new(),
        defined: HashMap::new(),
        codes,
        others: &files.others,
        leans_on: BTreeMap::new(),
        mistakes,
    };
    let root = document.root();
    let value_sets = loader.codes.named_sets(&root, &files.others);
    loader.leans_on.extend(value_sets);
    let plan = build::plan(&mut loader, &root);
    loader.check_all();
    let trial = build::trial(&mut loader, &root, plan, files);
    let mut mistakes = loader.mistakes;
    mistakes.append(&mut loader.codes.mistakes);
    if let Some(trial) = &trial {
        mistakes.extend(super::lint::lint(trial, &document, &loader.jobs, &files.others));
    }
    mistakes.sort_by_key(|m| (m.line, m.column));
    mistakes.dedup();
    let refused = mistakes.iter().any(Mistake::is_error);
    (trial.filter(|_| !refused), mistakes)
}

/// One expression of the file.
pub(super) struct Job {
    pub(super) pointer: String,
    pub(super) text: String,
    /// Where the text begins in the file.
    pub(super) offset: usize,
    pub(super) syntax: Option<Syntax>,
    pub(super) wanted: Wanted,
    /// The name whose type it says.
    pub(super) defines: Option<String>,
    pub(super) expr: Option<Expr>,
    /// Height of its tree with those of the names on which it leans.
    reach: usize,
}

pub(super) struct Loader<'d, 'a, 's> {
    pub(super) document: &'d Document<'a>,
    pub(super) names: Names,
    pub(super) jobs: Vec<Job>,
    /// Name → expressions of its value, and of its series alone.
    defined: HashMap<String, (Vec<usize>, Vec<usize>)>,
    pub(super) codes: CodeReader<'s>,
    /// Further files, and which of them are in use.
    pub(super) others: &'s [(String, String)],
    pub(super) leans_on: BTreeMap<String, String>,
    pub(super) mistakes: Vec<Mistake>,
}

impl<'d, 'a> Loader<'d, 'a, '_> {
    pub(super) fn error(&mut self, pointer: &str, message: impl Into<String>, help: &str) {
        let mistake = self.document.at_value(Severity::Error, pointer, message);
        self.mistakes.push(if help.is_empty() { mistake } else { mistake.with_help(help) });
    }

    /// Declares a name once.
    pub(super) fn declare(&mut self, word: &str, pointer: &str, symbol: Symbol) {
        let complaint = if GRAMMAR_WORDS.contains(&word) {
            Some(format!("`{word}` is a word of the grammar and cannot be a name"))
        } else if Names::built_in().get(word).is_some() {
            Some(format!("`{word}` is a built-in name"))
        } else if !self.names.add(word, symbol) {
            Some(format!("the name `{word}` is declared twice"))
        } else {
            None
        };
        if let Some(message) = complaint {
            let help = "variables, readings, criteria and anchors share one name space";
            self.mistakes.push(self.document.at_key(Severity::Error, pointer, message).with_help(help));
        }
    }

    /// Takes up an expression; `value` and `series` are the names whose value, or series, leans on it.
    pub(super) fn job(&mut self, node: Option<Node<'d, 'a>>, wanted: Wanted) -> Option<usize> {
        let node = node?;
        let text = node.value.as_str()?.to_owned();
        if self.jobs.len() >= EXPRESSIONS_MAX {
            self.error(&node.pointer, format!("more than {EXPRESSIONS_MAX} expressions"), "");
            return None;
        }
        let Some(offset) = self.document.content_start(&node.pointer, &text) else {
            self.error(
                &node.pointer,
                "an expression with escapes",
                "write it without `\\`; use \"\"\" for several lines",
            );
            return None;
        };
        let syntax = parse(&text);
        let pointer = node.pointer.clone();
        let mut job = Job { pointer, text, offset, syntax: None, wanted, defines: None, expr: None, reach: 0 };
        match syntax {
            Ok(syntax) => job.syntax = Some(syntax),
            Err(fault) => self.tell(&job, fault),
        }
        self.jobs.push(job);
        Some(self.jobs.len() - 1)
    }

    /// Says that the value of a name leans on this expression.
    pub(super) fn leans(&mut self, word: &str, job: Option<usize>) {
        if let Some(job) = job {
            self.defined.entry(word.to_owned()).or_default().0.push(job);
        }
    }

    /// Says that the series of a name leans on this expression too.
    pub(super) fn series_leans(&mut self, word: &str, job: Option<usize>) {
        if let Some(job) = job {
            self.defined.entry(word.to_owned()).or_default().1.push(job);
        }
    }

    fn tell(&mut self, job: &Job, fault: Fault) {
        if fault.follows {
            return;
        }
        let span = job.offset + fault.span.start..job.offset + fault.span.end;
        let mistake = Mistake::at(Severity::Error, self.document.file, self.document.text, span, fault.message);
        self.mistakes.push(match fault.help {
            Some(help) => mistake.with_help(help),
            None => mistake,
        });
    }

    /// Checks every expression after those on which it leans.
    pub(super) fn check_all(&mut self) {
        let mut states = vec![State::New; self.jobs.len()];
        for index in 0..self.jobs.len() {
            self.visit(index, &mut states, &mut Vec::new());
        }
    }

    fn visit(&mut self, index: usize, states: &mut [State], path: &mut Vec<(usize, String)>) {
        if states[index] != State::New {
            return;
        }
        states[index] = State::Open;
        for used in self.jobs[index].syntax.as_ref().map(uses).unwrap_or_default() {
            let (value, series) = self.defined.get(&used.word).cloned().unwrap_or_default();
            let below = if used.series { series } else { [value, series].concat() };
            path.push((index, used.word.clone()));
            for next in below {
                if states[next] == State::Open || path.len() > CHAIN_MAX {
                    let words: Vec<&str> =
                        path.iter().skip_while(|(i, _)| *i != next).map(|(_, w)| w.as_str()).collect();
                    let message = if states[next] == State::Open {
                        format!("a ring of names: {}", words.join(" leans on "))
                    } else {
                        format!("names lean on each other more than {CHAIN_MAX} deep")
                    };
                    let fault = Fault::new(used.span.clone(), message);
                    let job = self.jobs.take_out(index);
                    self.tell(&job, fault);
                    self.jobs[index] = Job { syntax: None, ..job };
                } else {
                    self.visit(next, states, path);
                }
            }
            path.pop();
        }
        states[index] = State::Done;
        self.measure(index);
        self.check_one(index);
    }

    /// Adds up heights along names, so that no evaluation goes deeper than its stack.
    fn measure(&mut self, index: usize) {
        let Some(syntax) = &self.jobs[index].syntax else { return };
        let of_word = |word: &str| {
            let (value, series) = self.defined.get(word).map(|(v, s)| (v.as_slice(), s.as_slice())).unwrap_or_default();
            value.iter().chain(series).map(|job| self.jobs[*job].reach).max().unwrap_or(0)
        };
        let furthest = uses(syntax).into_iter().map(|used| (of_word(&used.word), used)).max_by_key(|(reach, _)| *reach);
        let own = syntax.height;
        let reach = own.saturating_add(furthest.as_ref().map_or(0, |(reach, _)| *reach));
        if let (Some((_, used)), true) = (furthest, reach > REACH_MAX) {
            let message = format!("with what `{}` leans on this goes more than {REACH_MAX} levels deep", used.word);
            let job = self.jobs.take_out(index);
            self.tell(&job, Fault::new(used.span, message));
            self.jobs[index] = Job { syntax: None, ..job };
            return;
        }
        self.jobs[index].reach = reach;
    }

    fn check_one(&mut self, index: usize) {
        let job = self.jobs.take_out(index);
        let wanted = match &job.defines {
            // Alternatives of a reading are of one type: that of the first that was checked.
            Some(word) if job.wanted == Wanted::Any => match self.names.get(word).and_then(|s| s.ty.clone()) {
                Some(ty) => wanted_of(&ty),
                None => Wanted::Any,
            },
            _ => job.wanted.clone(),
        };
        let mut job = job;
        if let Some(syntax) = &job.syntax {
            let checked = check(&job.text, syntax, &self.names)
                .and_then(|e| expect(e, &wanted).map_err(|f| Fault { span: syntax.span.clone(), ..f }));
            match checked {
                Ok(expr) => {
                    if let Some(word) = &job.defines {
                        self.names.set_type(word, expr.ty.clone());
                    }
                    job.expr = Some(expr);
                }
                Err(fault) => self.tell(&job, fault),
            }
        }
        self.jobs[index] = job;
    }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

/// Takes a job out for a moment, so that the loader can be changed meanwhile.
trait TakeOut {
    fn take_out(&mut self, index: usize) -> Job;
}

impl TakeOut for Vec<Job> {
    fn take_out(&mut self, index: usize) -> Job {
        let empty = Job {
            pointer: String::new(),
            text: String::new(),
            offset: 0,
            syntax: None,
            wanted: Wanted::Any,
            defines: None,
            expr: None,
            reach: 0,
        };
        std::mem::replace(&mut self[index], empty)
    }
}

fn wanted_of(ty: &Type) -> Wanted {
    match ty {
        Type::Truth => Wanted::Truth,
        Type::Number(unit) => Wanted::Number(unit.clone()),
        Type::Time => Wanted::Time,
        Type::Text => Wanted::Text,
        _ => Wanted::Any,
    }
}

/// A name whose type is known before its expression.
pub(super) fn symbol(name: Name, ty: Option<Type>) -> Symbol {
    Symbol { name, ty, facts: None, molar_mass: None }
}

/// A unit of the file, or the mistake.
pub(super) fn unit_of(loader: &mut Loader<'_, '_, '_>, node: &Node<'_, '_>) -> Option<Unit> {
    let written = node.get("unit")?;
    match Unit::parse(written.value.as_str()?) {
        Ok(unit) => Some(unit),
        Err(fault) => {
            loader.error(&written.pointer, fault.to_string(), "units are UCUM codes, such as g/L, 10*9/L, mm[Hg]");
            None
        }
    }
}
