//! `export …`: opens the store, signs in who has to, writes the table.

use super::wire;
use crate::cli::args::Place;
use crate::cli::export::{self as printing, Asked, Export, Lock, Out, Table};
use crate::cli::print::{End, fail};
use crate::cli::{self, user};
use crate::flow::Caller;
use crate::flow::accounts::{Accounts, SignedIn};
use crate::flow::desk::Desk;
use crate::flow::export::ask::{Dataset, ExportError, Exported, Format, Request, To, export};
use crate::flow::export::lock;
use crate::flow::rights::Reader;
use crate::model::standing::Role;
use crate::store::{LockOf, LocksAll};
use std::path::Path;

/// Why a command ended otherwise than it should.
type Ended = (End, String);

fn failed(words: impl std::fmt::Display) -> Ended {
    (End::Failed, words.to_string())
}

fn wrong(words: impl std::fmt::Display) -> Ended {
    (End::Wrong, words.to_string())
}

impl From<ExportError> for Ended {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Wrong(words) => wrong(words),
            other => failed(other),
        }
    }
}

/// Runs one.
pub async fn run(command: Export) -> End {
    let done = match command {
        Export::Outcomes(table) => exported(&table, Dataset::Outcomes).await,
        Export::Persons(table) => exported(&table, Dataset::Persons).await,
        Export::Screening(table) => exported(&table, Dataset::Screening).await,
        Export::Subjects(table) => exported(&table, Dataset::Subjects).await,
        Export::Lock(asked) => locked(&asked).await,
        Export::Locks { json, place } => locks(json, &place).await,
        Export::Check { name, out, json, place } => checked(&name, out.as_deref(), json, &place).await,
    };
    done.unwrap_or_else(|(end, words)| fail(end, words))
}

async fn open(place: &Place) -> Result<Desk, Ended> {
    let settings = wire::settings(place).map_err(failed)?;
    let store = wire::store(&settings, true, false).map_err(failed)?;
    wire::desk_of(&settings, store, place.profiles.as_deref()).await.map_err(failed)
}

async fn close(desk: &Desk, end: End) -> Result<End, Ended> {
    desk.store().close().await.map_err(failed)?;
    Ok(end)
}

/// Who asks: the account that signed in, or the command.
async fn reader(desk: &Desk, asked: &Asked) -> Result<Option<Reader>, Ended> {
    let Some(name) = &asked.sign_in else { return Ok(None) };
    let password = user::given(name).map_err(wrong)?;
    let accounts = Accounts::new(desk.store().clone());
    let now = desk.now();
    let token = match accounts.sign_in(name, &password, "command line", now).await.map_err(failed)? {
        SignedIn::Yes(token) => token,
        SignedIn::No => return Err(wrong("name or password is wrong, or the account may not sign in")),
        SignedIn::Locked(until) => return Err(wrong(format!("too many failures; not before {until}"))),
    };
    let reader = accounts.reader(&token, now).await.map_err(failed)?;
    accounts.sign_out(&token, now).await.map_err(failed)?;
    let reader = reader.ok_or_else(|| wrong("the account may not sign in"))?;
    let library = desk.library();
    let trial = library.trial(&asked.trial).ok_or_else(|| wrong("no such trial"))?;
    let working = reader.roles(desk, &trial.trial).iter().any(|role| *role != Role::Integration);
    if !working {
        return Err(wrong(format!("{name} has no role in {} at this site; wanted one that reads it", asked.trial)));
    }
    if asked.unblinded && !reader.is_unblinded(desk, &trial.trial) {
        return Err(wrong(format!("{name} has not the role unblinded in {} at this site", asked.trial)));
    }
    Ok(Some(reader))
}

fn caller(reader: Option<&Reader>) -> Caller {
    let actor = reader.map_or_else(|| "export".to_owned(), |reader| reader.name.clone());
    Caller { actor, purpose: "export".into() }
}

/// Writes a table to a file that takes its place when it is whole, or to standard output.
async fn write(desk: &Desk, request: &Request, caller: Caller, out: Option<&Path>) -> Result<Exported, Ended> {
    let bar = cli::import::spinner("persons");
    let progress = |done| bar.set_position(done);
    let waits = request.format == Format::DatasetJson;
    let name = wire::random_name();
    let done = match out {
        Some(path) => {
            let (place, mut file) = Out::create(path).map_err(failed)?;
            let spool = waits.then(|| printing::spool(place.folder(), &name)).transpose().map_err(failed)?;
            let to = To { out: &mut file, spool };
            match export(desk, request, caller, to, progress).await {
                Ok(exported) => {
                    file.sync_all().map_err(failed)?;
                    place.keep(&exported.define).map_err(failed).map(|()| exported)
                }
                Err(error) => {
                    place.drop_it();
                    Err(error.into())
                }
            }
        }
        None => {
            let spool = waits.then(|| printing::spool(&std::env::temp_dir(), &name)).transpose().map_err(failed)?;
            let mut stdout = std::io::BufWriter::new(std::io::stdout());
            export(desk, request, caller, To { out: &mut stdout, spool }, progress).await.map_err(Into::into)
        }
    };
    bar.finish_and_clear();
    done
}

async fn exported(table: &Table, dataset: Dataset) -> Result<End, Ended> {
    let desk = open(&table.place).await?;
    let reader = reader(&desk, &table.asked).await?;
    let request = table.asked.request(dataset, table.out.as_deref());
    let done = write(&desk, &request, caller(reader.as_ref()), table.out.as_deref()).await?;
    close(&desk, printing::exported(&done, table.json, table.out.is_none())).await
}

async fn locked(asked: &Lock) -> Result<End, Ended> {
    if !printing::is_name(&asked.name) {
        return Err((End::Usage, "a lock's name is of letters, digits, `.`, `-` and `_`, at most 64 of them".into()));
    }
    if asked.asked.sign_in.is_none() {
        return Err((End::Usage, "a lock is signed: wanted --sign-in ACCOUNT".into()));
    }
    let desk = open(&asked.place).await?;
    if desk.store().read(LockOf { name: asked.name.clone() }).await.map_err(failed)?.is_some() {
        return Err(wrong(format!("a table is locked as `{}` already; a lock is never changed", asked.name)));
    }
    let Some(reader) = reader(&desk, &asked.asked).await? else { return Err(wrong("nobody signs")) };
    let mut request = asked.asked.request(asked.dataset.into(), Some(&asked.out));
    // What was left to the clock is said, so that it is the same whenever it is asked again.
    let now = desk.now().to_string();
    let known = request.known_at.get_or_insert(now).clone();
    request.as_of.get_or_insert(known);
    let done = write(&desk, &request, caller(Some(&reader)), Some(&asked.out)).await?;
    let free = lock::lock(&desk, &asked.name, &request, &done, &reader.name, caller(Some(&reader))).await?;
    if !free {
        return Err(wrong(format!("a table was locked as `{}` meanwhile", asked.name)));
    }
    close(&desk, printing::locked(&asked.name, &done, asked.json)).await
}

async fn locks(json: bool, place: &Place) -> Result<End, Ended> {
    let settings = wire::settings(place).map_err(failed)?;
    let store = wire::store(&settings, false, true).map_err(failed)?;
    let all = store.read(LocksAll {}).await.map_err(failed)?;
    Ok(printing::locks(&all, json))
}

async fn checked(name: &str, out: Option<&Path>, json: bool, place: &Place) -> Result<End, Ended> {
    let desk = open(place).await?;
    let kept = out.map(Out::create).transpose().map_err(failed)?;
    let (place, mut file) = kept.map_or((None, None), |(place, file)| (Some(place), Some(file)));
    let mut nowhere = std::io::sink();
    let writer: &mut (dyn std::io::Write + Send) = match file.as_mut() {
        Some(file) => file,
        None => &mut nowhere,
    };
    let spool = printing::spool(&std::env::temp_dir(), &wire::random_name()).map_err(failed)?;
    let bar = cli::import::spinner("persons");
    let to = To { out: writer, spool: Some(spool) };
    let found = lock::check(&desk, name, caller(None), to, |done| bar.set_position(done)).await;
    bar.finish_and_clear();
    let found = match (found, place) {
        (Ok(found), Some(place)) => {
            place.keep(&found.now.define).map_err(failed)?;
            found
        }
        (Ok(found), None) => found,
        (Err(error), place) => {
            place.into_iter().for_each(Out::drop_it);
            return Err(error.into());
        }
    };
    close(&desk, printing::checked(&found, json)).await
}
