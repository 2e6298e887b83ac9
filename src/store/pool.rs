//! A store in a PostgreSQL database: units and questions on a bounded number of connections, in any number of processes.
//!
//! The pool is our own because a connection carries more than itself: its audit lane with the chain's head, its prepared
//! texts, what it knows to be written. It is given back only after an answer that leaves nothing in doubt; else it is closed.

use super::audit;
use super::contract::StoreError;
use super::migrate;
use super::open::Options;
use super::postgres::{PostgresTx, QUESTION, STATEMENT, Turn};
use super::questions::AuditReport;
use super::tx::{Question, Unit};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, watch};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};

/// Connections that write, per process.
const WRITERS: usize = 12;
/// Connections that read, per process.
const READERS: usize = 8;
/// Units that may wait for a connection; beyond them `write` answers `Busy`.
const QUEUE_UNITS: usize = 4096;
/// How long a unit or question waits for a connection before it answers `Busy`.
const WAIT: Duration = Duration::from_secs(10);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// Times a unit is run when rivals are in its way or its connection ends before the commit.
const TURNS: u32 = 12;
/// Longest pause before the next turn, in milliseconds; the pause is random, so that rivals part.
const PAUSE_MS: u64 = 64;
/// Silence after which the system asks whether the server is still there, and after which it is taken for gone.
const SILENCE: Duration = Duration::from_secs(30);
/// How long the server keeps a transaction that nobody goes on with.
const IDLE: Duration = Duration::from_secs(60);

/// A store in a database. Cheap to clone; the last one closes it.
#[derive(Clone)]
pub(super) struct PostgresStore {
    writers: Option<Arc<Pool>>,
    readers: Arc<Pool>,
    queue: Arc<Semaphore>,
    pending: watch::Sender<u64>,
    wishes: watch::Sender<u64>,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let database = self.readers.config.get_dbname().unwrap_or_default();
        f.debug_struct("PostgresStore").field("database", &database).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Opens a database and brings its tables up to date.
    pub(super) fn open(url: &str, options: Options) -> Result<Self, StoreError> {
        let config = config(url)?;
        prepare(config.clone(), options)?;
        let readers = Pool::new(config.clone(), READERS, session(QUESTION, true), QUESTION);
        let writers = Pool::new(config, WRITERS, session(STATEMENT, false), STATEMENT);
        Ok(Self {
            writers: (!options.read_only).then(|| Arc::new(writers)),
            readers: Arc::new(readers),
            queue: Arc::new(Semaphore::new(QUEUE_UNITS)),
            pending: watch::channel(0).0,
            wishes: watch::channel(0).0,
        })
    }

    /// Runs a unit; its answer comes after the durable commit. `Busy`: too many wait, or rivals won every time.
    pub(super) async fn write<U: Unit>(&self, unit: U) -> Result<U::Answer, StoreError> {
        let Some(pool) = self.writers.clone() else {
            return Err(StoreError::Unreachable("the store was opened for reading only".into()));
        };
        let place = self.queue.clone().try_acquire_owned().map_err(|e| match e {
            TryAcquireError::NoPermits => StoreError::Busy,
            TryAcquireError::Closed => closed(),
        })?;
        let (pending, wishes) = (self.pending.clone(), self.wishes.clone());
        // A task of its own: whoever asked may go away in the middle, and a unit is never half run.
        let ran = tokio::spawn(async move {
            let _place = place;
            let (answer, touched) = run(&pool, &unit).await?;
            signal(&pending, touched.0);
            signal(&wishes, touched.1);
            Ok(answer)
        });
        ran.await.unwrap_or_else(|e| {
            let words = if e.is_panic() { "a unit panicked; what it wrote was taken back" } else { "a unit was ended" };
            Err(StoreError::Corrupt(words.into()))
        })
    }

    /// Answers a question, in a snapshot of its own.
    pub(super) async fn read<Q: Question>(&self, question: Q) -> Result<Q::Answer, StoreError> {
        let mut last = StoreError::Busy;
        for _ in 0..TURNS {
            let mut lent = self.readers.clone().lend().await?;
            match lent.tx().question(&question).await {
                Turn::Ended(answer) => {
                    lent.give_back();
                    return answer;
                }
                Turn::Lost(error) => return Err(error),
                Turn::Again => {}
                Turn::Elsewhere(error) => last = error,
            }
        }
        Err(last)
    }

    /// Goes up with each commit of this process that marked a person.
    pub(super) fn pending(&self) -> watch::Receiver<u64> {
        self.pending.subscribe()
    }

    /// Goes up with each commit of this process that wrote a wish.
    pub(super) fn wishes(&self) -> watch::Receiver<u64> {
        self.wishes.subscribe()
    }

    /// Checks every audit chain; only reads.
    pub(super) async fn audit_verify(&self) -> Result<AuditReport, StoreError> {
        self.read(audit::Verify).await
    }

    /// Waits for the units under way, then closes.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        let all = u32::try_from(QUEUE_UNITS).unwrap_or(u32::MAX);
        if let Ok(places) = self.queue.acquire_many(all).await {
            self.queue.close();
            drop(places);
        }
        for pool in self.writers.iter().chain([&self.readers]) {
            pool.close().await;
        }
        Ok(())
    }
}

/// Runs a unit until it ends, for so many turns; whether it marked a person, and whether it wrote a wish.
async fn run<U: Unit>(pool: &Arc<Pool>, unit: &U) -> Result<(U::Answer, (bool, bool)), StoreError> {
    let mut last = StoreError::Busy;
    for turn in 0..TURNS {
        let mut lent = pool.clone().lend().await?;
        match lent.tx().unit(unit).await {
            Turn::Ended(answer) => {
                let touched = (lent.tx().memory().pending, lent.tx().memory().wishes);
                lent.give_back();
                return answer.map(|answer| (answer, touched));
            }
            Turn::Lost(error) => {
                tracing::error!(%error, "a commit failed; its connection is closed");
                return Err(error);
            }
            Turn::Again => {
                lent.give_back();
                pause(turn).await?;
            }
            Turn::Elsewhere(error) => last = error,
        }
    }
    Err(last)
}

async fn pause(turn: u32) -> Result<(), StoreError> {
    let longest = PAUSE_MS.min(1 << turn.min(16));
    let random = u64::from_le_bytes(audit::random::<8>()?);
    tokio::time::sleep(Duration::from_millis(random % (longest + 1))).await;
    Ok(())
}

fn closed() -> StoreError {
    StoreError::Unreachable("the store is closed".into())
}

fn signal(to: &watch::Sender<u64>, happened: bool) {
    if happened {
        to.send_modify(|n| *n = n.wrapping_add(1));
    }
}

/// A bounded number of places, each with a connection once it was needed.
struct Pool {
    config: Config,
    /// What each connection is told first.
    session: String,
    patience: Duration,
    places: Arc<Semaphore>,
    size: usize,
    /// Places nobody uses, the one used last at the end.
    idle: Mutex<Vec<(usize, Option<PostgresTx>)>>,
}

impl Pool {
    fn new(config: Config, size: usize, session: String, patience: Duration) -> Self {
        let idle = Mutex::new((0..size).rev().map(|place| (place, None)).collect());
        Self { config, session, patience, places: Arc::new(Semaphore::new(size)), size, idle }
    }

    /// A connection for the use of one, made when there is none.
    async fn lend(self: Arc<Self>) -> Result<Lent, StoreError> {
        let waited = tokio::time::timeout(WAIT, self.places.clone().acquire_owned()).await;
        let permit = waited.map_err(|_| StoreError::Busy)?.map_err(|_| closed())?;
        let (place, kept) = self.idle().pop().unwrap_or((self.size, None));
        let mut lent =
            Lent { pool: self, place, connection: kept.filter(|c| !c.is_closed()), whole: false, _permit: permit };
        if lent.connection.is_none() {
            let client = connect(&lent.pool.config).await?;
            let mut connection = PostgresTx::new(client, place, lent.pool.patience);
            connection.batch(&lent.pool.session).await?;
            lent.connection = Some(connection);
        }
        Ok(lent)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(usize, Option<PostgresTx>)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn close(&self) {
        let all = u32::try_from(self.size).unwrap_or(u32::MAX);
        // Already closed by another clone: nothing is under way any more.
        if let Ok(permits) = self.places.acquire_many(all).await {
            self.places.close();
            drop(permits);
        }
        self.idle().iter_mut().for_each(|(_, connection)| *connection = None);
    }
}

/// A connection in use. Dropped without having been given back, it is closed, and the server takes back what was open.
struct Lent {
    pool: Arc<Pool>,
    place: usize,
    connection: Option<PostgresTx>,
    whole: bool,
    _permit: OwnedSemaphorePermit,
}

impl Lent {
    fn tx(&mut self) -> &mut PostgresTx {
        self.connection.as_mut().expect("a connection is lent with its place until it is given back")
    }

    fn give_back(mut self) {
        self.whole = true;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let kept = self.connection.take().filter(|_| self.whole);
        let mut idle = self.pool.idle();
        // Places with a connection are taken first, so that no more are opened than are needed at once.
        let at = if kept.is_some() { idle.len() } else { 0 };
        idle.insert(at, (self.place, kept));
    }
}

pub(super) async fn connect(config: &Config) -> Result<Client, StoreError> {
    let asked = tokio::time::timeout(CONNECT, config.connect(NoTls)).await;
    let fault = |e: tokio_postgres::Error| {
        let words = std::error::Error::source(&e).map_or_else(|| e.to_string(), |source| format!("{e}: {source}"));
        StoreError::Unreachable(words)
    };
    let (client, connection) =
        asked.map_err(|_| StoreError::Unreachable("the database server does not answer".into()))?.map_err(fault)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "a connection to the database ended");
        }
    });
    Ok(client)
}

/// What a connection is told first. An acknowledged commit is on the server's disk, whatever its configuration says.
pub(super) fn session(statement: Duration, read_only: bool) -> String {
    let read_only = if read_only { "set default_transaction_read_only = on;" } else { "" };
    format!(
        "set statement_timeout = {}; set idle_in_transaction_session_timeout = {}; set jit = off; {read_only}
         select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'",
        statement.as_millis(),
        IDLE.as_millis()
    )
}

/// The words of the URL, with our bounds where it says nothing.
pub(super) fn config(url: &str) -> Result<Config, StoreError> {
    let mut config: Config = url.parse().map_err(|e: tokio_postgres::Error| {
        let why = std::error::Error::source(&e).map_or_else(|| e.to_string(), ToString::to_string);
        StoreError::Unreachable(format!("the URL is none of PostgreSQL; wanted postgres://USER@HOST/DATABASE: {why}"))
    })?;
    let beyond = config.get_hosts().iter().any(|host| match host {
        Host::Tcp(name) => {
            name != "localhost" && !name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => false,
    });
    match config.get_ssl_mode() {
        SslMode::Disable => {}
        SslMode::Prefer if !beyond => {}
        _ => {
            let words = "person data would cross the network in the clear, since this program speaks no TLS to a database: \
                         use a socket, loopback or a tunnel, or say sslmode=disable in the URL where the network is trusted";
            return Err(StoreError::Unreachable(words.into()));
        }
    }
    if config.get_application_name().is_none() {
        config.application_name("trialgate");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    config.keepalives_idle(SILENCE).tcp_user_timeout(SILENCE);
    Ok(config)
}

/// Looks at the database, and brings its tables up to date. Opening is not asynchronous, so this has a thread of its own;
/// its connection ends with it.
pub(super) fn prepare(config: Config, options: Options) -> Result<(), StoreError> {
    let work = move || {
        let fault = |e: std::io::Error| StoreError::Unreachable(format!("no thread for the database: {e}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(fault)?;
        runtime.block_on(async {
            let client = connect(&config).await?;
            looked_at(&client).await?;
            if options.create && !options.read_only {
                migrate::up_postgres(&client).await
            } else {
                migrate::is_current_postgres(&client).await
            }
        })
    };
    std::thread::spawn(work).join().unwrap_or_else(|_| Err(StoreError::Corrupt("opening panicked".into())))
}

async fn looked_at(client: &Client) -> Result<(), StoreError> {
    let sql = "select current_setting('server_encoding'), current_setting('fsync')";
    let rows = client.query(sql, &[]).await.map_err(|e| super::postgres::class(&e))?;
    let word = |c: usize| rows.first().and_then(|r| r.try_get::<_, String>(c).ok()).unwrap_or_default();
    if word(0) != "UTF8" {
        return Err(StoreError::Corrupt(format!("the database's encoding is {}; wanted UTF8", word(0))));
    }
    if word(1) != "on" {
        tracing::warn!("the database server runs with fsync = off: what it acknowledges may be lost with its machine");
    }
    Ok(())
}
