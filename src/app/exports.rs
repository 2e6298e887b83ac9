//! `export …`: opens the store, signs in who has to, writes the table.

use super::wire;
use crate::cli::export::{self as printing, Check, Export, Lock, Out, Table};
use crate::cli::print::{End, fail};
use crate::cli::{self, user};
use crate::config::Settings;
use crate::flow::Store;
use crate::flow::accounts::{Accounts, SignedIn};
use crate::flow::desk::Desk;
use crate::flow::export::ask::{Dataset, ExportError, Exported, Format, Request, To, export};
use crate::flow::export::lock;
use crate::flow::rights::Reader;
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
    if let Export::Lock(lock) = &command
        && let Err(words) = lock.is_signed()
    {
        return fail(End::Usage, words);
    }
    // An export is asked of a store that is there: a path that is mistyped is no empty store.
    let reads = matches!(command, Export::Locks { .. });
    let opened = wire::settings(command.place()).and_then(|s| Ok((wire::store(&s, false, reads)?, s)));
    let (store, settings) = match opened {
        Ok(opened) => opened,
        Err(words) => return fail(End::Failed, words),
    };
    let end = match one(&command, &store, &settings).await {
        Ok(end) => end,
        Err((end, words)) => fail(end, words),
    };
    wire::ended(&store, end).await
}

async fn one(command: &Export, store: &Store, settings: &Settings) -> Result<End, Ended> {
    let profiles = command.place().profiles.as_deref();
    let desk = async || wire::desk_of(settings, store.clone(), profiles).await.map_err(failed);
    match command {
        Export::Outcomes(table) => exported(&desk().await?, table, Dataset::Outcomes).await,
        Export::Persons(table) => exported(&desk().await?, table, Dataset::Persons).await,
        Export::Screening(table) => exported(&desk().await?, table, Dataset::Screening).await,
        Export::Subjects(table) => exported(&desk().await?, table, Dataset::Subjects).await,
        Export::Lock(lock) => locked(&desk().await?, lock).await,
        Export::Check(check) => checked(&desk().await?, check).await,
        Export::Locks { json, .. } => Ok(printing::locks(&store.read(LocksAll {}).await.map_err(failed)?, *json)),
    }
}

/// Who signs in, where somebody is named. What they may have, the export says.
async fn reader(desk: &Desk, name: Option<&str>) -> Result<Option<Reader>, Ended> {
    let Some(name) = name else { return Ok(None) };
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
    reader.map(Some).ok_or_else(|| wrong("the account may not sign in"))
}

/// Writes a table to a file that takes its place when it is whole, or to standard output.
async fn write(desk: &Desk, request: &Request, reader: Option<&Reader>, out: Option<&Path>) -> Result<Exported, Ended> {
    let bar = cli::import::spinner("persons");
    let progress = |done| bar.set_position(done);
    let waits = request.format == Format::DatasetJson;
    let name = wire::random_name();
    let done = match out {
        Some(path) => {
            let (place, mut file) = Out::create(path).map_err(failed)?;
            let spool = waits.then(|| printing::spool(place.folder(), &name)).transpose().map_err(failed)?;
            let to = To { out: &mut file, spool };
            match export(desk, request, reader, to, progress).await {
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
            export(desk, request, reader, To { out: &mut stdout, spool }, progress).await.map_err(Into::into)
        }
    };
    bar.finish_and_clear();
    done
}

async fn exported(desk: &Desk, table: &Table, dataset: Dataset) -> Result<End, Ended> {
    let reader = reader(desk, table.asked.sign_in.as_deref()).await?;
    let request = table.asked.request(dataset, table.out.as_deref());
    let done = write(desk, &request, reader.as_ref(), table.out.as_deref()).await?;
    Ok(printing::exported(&done, table.json, table.out.is_none()))
}

async fn locked(desk: &Desk, asked: &Lock) -> Result<End, Ended> {
    if desk.store().read(LockOf { name: asked.name.clone() }).await.map_err(failed)?.is_some() {
        return Err(wrong(format!("a table is locked as `{}` already; a lock is never changed", asked.name)));
    }
    let Some(reader) = reader(desk, asked.asked.sign_in.as_deref()).await? else { return Err(wrong("nobody signs")) };
    let mut request = asked.asked.request(asked.dataset.into(), Some(&asked.out));
    // What was left to the clock is said, so that it is the same whenever it is asked again.
    let now = desk.now().to_string();
    let known = request.known_at.get_or_insert(now).clone();
    request.as_of.get_or_insert(known);
    let done = write(desk, &request, Some(&reader), Some(&asked.out)).await?;
    if !lock::lock(desk, &asked.name, &request, &done, &reader).await? {
        return Err(wrong(format!("a table was locked as `{}` meanwhile", asked.name)));
    }
    Ok(printing::locked(&asked.name, &done, asked.json))
}

async fn checked(desk: &Desk, asked: &Check) -> Result<End, Ended> {
    let reader = reader(desk, asked.sign_in.as_deref()).await?;
    let kept = asked.out.as_deref().map(Out::create).transpose().map_err(failed)?;
    let (place, mut file) = kept.map_or((None, None), |(place, file)| (Some(place), Some(file)));
    let mut nowhere = std::io::sink();
    let writer: &mut (dyn std::io::Write + Send) = match file.as_mut() {
        Some(file) => file,
        None => &mut nowhere,
    };
    let spool = printing::spool(&std::env::temp_dir(), &wire::random_name()).map_err(failed)?;
    let bar = cli::import::spinner("persons");
    let to = To { out: writer, spool: Some(spool) };
    let found = lock::check(desk, &asked.name, reader.as_ref(), to, |done| bar.set_position(done)).await;
    bar.finish_and_clear();
    match (found, place) {
        (Ok(found), place) => {
            place.map(|place| place.keep(&found.now.define)).transpose().map_err(failed)?;
            Ok(printing::checked(&found, asked.json))
        }
        (Err(error), place) => {
            place.into_iter().for_each(Out::drop_it);
            Err(error.into())
        }
    }
}
