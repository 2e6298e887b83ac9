//! A store in one SQLite file: one writer that commits what is queued as a group, and a few readers.

use super::audit;
use super::contract::StoreError;
use super::migrate;
use super::open::Options;
use super::questions::AuditReport;
use super::room::Room;
use super::sqlite::SqliteTx;
use super::tx::{Question, Unit};
use super::usage;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

/// Units that may wait for the writer; beyond them `write` answers `Busy`.
const QUEUE_UNITS: usize = 4096;
/// Bytes that may wait for the writer, beside one unit that is longer; beyond them `write` answers `Busy`.
const QUEUE_BYTES: usize = 64 << 20;
/// Units committed together at most.
const GROUP_UNITS: usize = 1000;
/// Bytes committed together at most.
const GROUP_BYTES: usize = 4 << 20;
/// Read-only connections.
const READERS: usize = 4;

/// How long an opener waits for the writer's lock, and between two looks.
const LOCK_WAIT: std::time::Duration = std::time::Duration::from_secs(1);
const LOCK_STEP: std::time::Duration = std::time::Duration::from_millis(10);

/// A unit on its way: run in a commit, perhaps in a second one, and answered when that is durable or has failed.
trait Work: Send {
    fn run(&mut self, db: &mut SqliteTx);
    fn answer(self: Box<Self>, failed: Option<StoreError>);
}

struct Asked<U: Unit> {
    unit: U,
    outcome: Result<U::Answer, StoreError>,
    say: oneshot::Sender<Result<U::Answer, StoreError>>,
}

impl<U: Unit> Work for Asked<U> {
    fn run(&mut self, db: &mut SqliteTx) {
        self.outcome = db.unit(&self.unit);
    }

    fn answer(self: Box<Self>, failed: Option<StoreError>) {
        let Self { unit, outcome, say } = *self;
        // Let go of before the answer: who shares the unit gets it back whole.
        drop(unit);
        // Whoever asked may be gone; what was written stays written.
        let _ = say.send(failed.map_or(outcome, Err));
    }
}

struct Job {
    /// Bytes that it brings; none: it also runs when there is no room for more.
    weight: usize,
    /// `None`: the writer ends after the commit that this job is in.
    work: Option<Box<dyn Work>>,
}

impl Job {
    fn answer(self, failed: Option<&StoreError>) {
        if let Some(work) = self.work {
            work.answer(failed.map(again));
        }
    }
}

/// A store in a file. Cheap to clone; the last one closes it.
#[derive(Clone)]
pub(super) struct SqliteStore {
    queue: Option<mpsc::Sender<Job>>,
    queued: Arc<AtomicUsize>,
    readers: Arc<Readers>,
    pending: watch::Sender<u64>,
    wishes: watch::Sender<u64>,
    closed: Arc<Mutex<Option<oneshot::Receiver<()>>>>,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("file", &self.readers.path).finish_non_exhaustive()
    }
}

struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<SqliteTx>>,
    places: tokio::sync::Semaphore,
}

impl SqliteStore {
    /// Opens a file, brings its schema up to date, and starts the writer.
    pub(super) fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        let (pending, _) = watch::channel(0);
        let (wishes, _) = watch::channel(0);
        let queued = Arc::new(AtomicUsize::new(0));
        let (queue, closed) = if options.read_only {
            let mut first = SqliteTx::reader(path)?;
            migrate::is_current(&mut first)?;
            (None, None)
        } else {
            let (queue, closed) = start_writer(path, options.create, &queued, pending.clone(), wishes.clone())?;
            (Some(queue), Some(closed))
        };
        let readers =
            Readers { path: path.to_owned(), idle: Mutex::default(), places: tokio::sync::Semaphore::new(READERS) };
        Ok(Self { queue, queued, readers: Arc::new(readers), pending, wishes, closed: Arc::new(Mutex::new(closed)) })
    }

    /// Runs a unit; its answer comes after the durable commit. `Busy`: the queue is full.
    pub(super) async fn write<U: Unit>(&self, unit: U) -> Result<U::Answer, StoreError> {
        let Some(queue) = &self.queue else {
            return Err(StoreError::Unreachable("the store was opened for reading only".into()));
        };
        let (say, hear) = oneshot::channel();
        let weight = unit.weight();
        let before = self.queued.fetch_add(weight, Ordering::Relaxed);
        if before > 0 && before.saturating_add(weight) > QUEUE_BYTES {
            self.queued.fetch_sub(weight, Ordering::Relaxed);
            return Err(StoreError::Busy);
        }
        let work = Box::new(Asked { unit, outcome: Err(StoreError::Busy), say });
        if let Err(error) = queue.try_send(Job { weight, work: Some(work) }) {
            self.queued.fetch_sub(weight, Ordering::Relaxed);
            return Err(match error {
                mpsc::error::TrySendError::Full(_) => StoreError::Busy,
                mpsc::error::TrySendError::Closed(_) => StoreError::Unreachable("the store is closed".into()),
            });
        }
        hear.await.unwrap_or_else(|_| Err(StoreError::Unknown("the writer ended".into())))
    }

    /// Answers a question, in a snapshot of its own.
    pub(super) async fn read<Q: Question>(&self, question: Q) -> Result<Q::Answer, StoreError> {
        self.on_reader(move |db| db.question(&question)).await
    }

    /// Goes up with each commit that marked a person.
    pub(super) fn pending(&self) -> watch::Receiver<u64> {
        self.pending.subscribe()
    }

    /// Goes up with each commit that wrote a wish.
    pub(super) fn wishes(&self) -> watch::Receiver<u64> {
        self.wishes.subscribe()
    }

    /// Checks every audit chain; only reads.
    pub(super) async fn audit_verify(&self) -> Result<AuditReport, StoreError> {
        self.on_reader(|db| db.run(async |tx: &mut SqliteTx| audit::verify(tx).await)).await
    }

    /// Commits what is queued, then closes. Other clones of this store can no longer write.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        if let Some(queue) = &self.queue {
            let _ = queue.send(Job { weight: 0, work: None }).await;
        }
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(closed) = closed {
            let _ = closed.await;
        }
        Ok(())
    }

    async fn on_reader<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut SqliteTx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _place = self.readers.places.acquire().await.map_err(|_| StoreError::Busy)?;
        let readers = self.readers.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let idle = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut db = idle.map_or_else(|| SqliteTx::reader(&readers.path), Ok)?;
            let answer = ask(&mut db);
            if answer.is_ok() {
                readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
            }
            answer
        });
        asked.await.unwrap_or_else(|_| Err(StoreError::Unreachable("a reader ended".into())))
    }
}

fn start_writer(
    path: &Path,
    create: bool,
    queued: &Arc<AtomicUsize>,
    pending: watch::Sender<u64>,
    wishes: watch::Sender<u64>,
) -> Result<(mpsc::Sender<Job>, oneshot::Receiver<()>), StoreError> {
    let lock = Lock::take(path, create)?;
    let mut db = SqliteTx::writer(path, create)?;
    migrate::up(&mut db)?;
    db.forget_leases();
    let (queue, jobs) = mpsc::channel(QUEUE_UNITS);
    let (ended, closed) = oneshot::channel();
    let (queued, room) = (queued.clone(), Room::beside(path));
    let writer = Writer { path: path.to_owned(), db: Some(db), room, jobs, queued, pending, wishes };
    let work = move || {
        writer.work();
        drop(lock);
        let _ = ended.send(());
    };
    std::thread::Builder::new()
        .name("store-writer".into())
        .spawn(work)
        .map_err(|e| StoreError::Unreachable(format!("no thread for the writer: {e}")))?;
    Ok((queue, closed))
}

/// Held by the one process that writes a file.
pub(super) struct Lock(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] std::fs::File);

impl Lock {
    pub(super) fn take(path: &Path, create: bool) -> Result<Self, StoreError> {
        if !create && !path.exists() {
            return Err(StoreError::Unreachable(format!("{} is not there", path.display())));
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let fault = |e: std::io::Error| StoreError::Unreachable(format!("{}: {e}", path.display()));
        let file = std::fs::File::options().create(true).truncate(false).write(true).open(name).map_err(fault)?;
        match wait_for(&file) {
            Ok(()) => Ok(Self(file)),
            Err(std::fs::TryLockError::WouldBlock) => {
                Err(StoreError::Unreachable("another process writes this store; stop it, or read only".into()))
            }
            Err(std::fs::TryLockError::Error(e)) => Err(fault(e)),
        }
    }
}

/// A process that is about to end, or a child that is about to start, may hold the lock for a moment more.
fn wait_for(file: &std::fs::File) -> Result<(), std::fs::TryLockError> {
    let mut waited = std::time::Duration::ZERO;
    loop {
        match file.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) if waited < LOCK_WAIT => {
                std::thread::sleep(LOCK_STEP);
                waited += LOCK_STEP;
            }
            other => return other,
        }
    }
}

struct Writer {
    path: PathBuf,
    db: Option<SqliteTx>,
    room: Room,
    jobs: mpsc::Receiver<Job>,
    queued: Arc<AtomicUsize>,
    pending: watch::Sender<u64>,
    wishes: watch::Sender<u64>,
}

impl Writer {
    /// Takes what is queued as one commit, answers everyone in it, and never waits for more.
    fn work(mut self) {
        while let Some(first) = self.jobs.blocking_recv() {
            let mut group = vec![first];
            let mut weight = group[0].weight;
            while group.len() < GROUP_UNITS && weight < GROUP_BYTES {
                let Ok(next) = self.jobs.try_recv() else { break };
                weight += next.weight;
                group.push(next);
            }
            self.queued.fetch_sub(weight, Ordering::Relaxed);
            let last = group.iter().any(|job| job.work.is_none());
            self.group(group);
            if last {
                return;
            }
        }
    }

    /// Commits a group. When there is no room, what brings bytes is refused, and what brings none (a note that
    /// something was read, an assessment) is committed without it, in the room that was kept for it.
    fn group(&mut self, group: Vec<Job>) {
        if self.room.is_there() {
            let Some(group) = self.commit(group) else { return };
            self.room.give();
            self.small(group);
        } else {
            self.small(group);
            if let Some(db) = &mut self.db {
                // So that the log is written over and does not grow.
                let _ = db.batch("pragma wal_checkpoint(passive)");
            }
        }
    }

    fn small(&mut self, group: Vec<Job>) {
        let (big, small): (Vec<Job>, Vec<Job>) = group.into_iter().partition(|job| job.weight > 0);
        big.into_iter().for_each(|job| job.answer(Some(&StoreError::Full)));
        if !small.is_empty() {
            let refused = self.commit(small);
            refused.into_iter().flatten().for_each(|job| job.answer(Some(&StoreError::Full)));
        }
    }

    /// Commits and answers; gives the group back, unanswered and unwritten, when the disk is full.
    fn commit(&mut self, mut group: Vec<Job>) -> Option<Vec<Job>> {
        let mut db = match self.db.take().map_or_else(|| SqliteTx::writer(&self.path, false), Ok) {
            Ok(db) => db,
            Err(error) => {
                tracing::error!(%error, "the store cannot be opened again");
                group.into_iter().for_each(|job| job.answer(Some(&error)));
                return None;
            }
        };
        db.memory().begin();
        let begun = db.batch("begin immediate");
        // Without a transaction each unit is refused before it writes.
        group.iter_mut().filter_map(|job| job.work.as_mut()).for_each(|work| work.run(&mut db));
        let committed = begun.and_then(|()| {
            db.run(async |tx: &mut SqliteTx| usage::write(tx).await).and_then(|()| db.batch("commit")).map_err(unknown)
        });
        // A unit that met the full disk may have ended the whole transaction.
        let committed = if db.memory().full { Err(StoreError::Full) } else { committed };
        let (pending, wishes) = (db.memory().pending, db.memory().wishes);
        match &committed {
            Ok(()) => {
                db.memory().committed();
                self.db = Some(db);
            }
            // Whether it was written is unknown: this connection is not asked again.
            Err(error) => tracing::error!(%error, "a commit failed; the store is opened again"),
        }
        if matches!(committed, Err(StoreError::Full)) {
            return Some(group);
        }
        group.into_iter().for_each(|job| job.answer(committed.as_ref().err()));
        if committed.is_ok() {
            signal(&self.pending, pending);
            signal(&self.wishes, wishes);
        }
        None
    }
}

fn unknown(error: StoreError) -> StoreError {
    match error {
        StoreError::Full => StoreError::Full,
        other => StoreError::Unknown(other.to_string()),
    }
}

/// The same failure, for each unit of the group.
fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Busy => StoreError::Busy,
        StoreError::Full => StoreError::Full,
        StoreError::Unreachable(words) => StoreError::Unreachable(words.clone()),
        StoreError::Corrupt(words) => StoreError::Corrupt(words.clone()),
        StoreError::Unknown(words) => StoreError::Unknown(words.clone()),
    }
}

fn signal(to: &watch::Sender<u64>, happened: bool) {
    if happened {
        to.send_modify(|n| *n = n.wrapping_add(1));
    }
}
