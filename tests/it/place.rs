//! Places for stores: a file of SQLite, or a database of PostgreSQL of its own, gone with the test.
//!
//! `TRIALGATE_TEST_POSTGRES=postgres://USER@HOST:PORT/postgres` names a server on which databases may be made.
//! Without it that half is left out (tests/it/left_out.rs).

use std::path::{Path, PathBuf};
use trialgate::model::key::{digest_words, hex};
use trialgate::store::{Options, Store};

/// Where a store of one test is.
pub enum Place {
    /// In a folder.
    File(PathBuf),
    /// In a database: the server's URL and the database's name.
    Database(String, String),
}

/// One place of each kind of database that is there.
pub fn places() -> Vec<Place> {
    [Some(Place::file()), Place::database()].into_iter().flatten().collect()
}

/// Waits for it, on threads of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("threads").block_on(future)
}

impl Place {
    /// A file of its own.
    pub fn file() -> Self {
        let folder = std::env::temp_dir().join(format!("trialgate-{}", random()));
        std::fs::create_dir(&folder).expect("the temporary folder can be written");
        Self::File(folder)
    }

    /// An empty database of its own; `None`: there is no server.
    pub fn database() -> Option<Self> {
        let server = crate::left_out::named("TRIALGATE_TEST_POSTGRES", "PostgreSQL server")?;
        let name = format!("trialgate_test_{}", random());
        let template = template(&server);
        run(&server, &[&format!("create database {name} template {template}")]);
        Some(Self::Database(server, name))
    }

    /// Another of the same kind.
    pub fn another(&self) -> Self {
        match self {
            Self::File(_) => Self::file(),
            Self::Database(..) => Self::database().expect("there was a server for this one"),
        }
    }

    /// The store's URL.
    pub fn url(&self) -> String {
        match self {
            Self::File(folder) => format!("sqlite:{}", folder.join("s.db").display()),
            Self::Database(server, name) => in_database(server, name),
        }
    }

    /// Opens the store.
    pub fn open(&self) -> Store {
        Store::open(&self.url(), Options::default()).expect("the store opens")
    }

    /// Another process at the same store: a second handle where many may write, the same one where only one may.
    pub fn beside(&self, store: &Store) -> Store {
        match self {
            Self::File(_) => store.clone(),
            Self::Database(..) => self.open(),
        }
    }

    /// Ends every connection to the database, as a server that restarts does.
    pub fn end_connections(&self) {
        if let Self::Database(server, name) = self {
            let sql = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
            run(server, &[&sql]);
        }
    }

    /// Changes the store behind its back, without its triggers. A file must be closed.
    pub fn tamper(&self, sql: &str) {
        match self {
            Self::File(folder) => {
                let file = rusqlite::Connection::open(folder.join("s.db")).expect("the file opens");
                let triggers = "drop trigger if exists audit_stays; drop trigger if exists audit_is_kept; \
                                drop trigger if exists detail_stays;";
                file.execute_batch(&format!("{triggers} {sql}")).expect("the file can be changed");
            }
            Self::Database(server, name) => {
                let zeros = |n: usize| format!("decode(repeat('00', {n}), 'hex')");
                let sql = sql.replace("zeroblob(16)", &zeros(16)).replace("zeroblob(32)", &zeros(32));
                let triggers = "drop trigger if exists audit_stays on audit; drop trigger if exists audit_is_kept on audit; \
                                drop trigger if exists detail_stays on audit_detail;";
                run(&in_database(server, name), &[triggers, &sql]);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        match self {
            Self::File(folder) => drop(std::fs::remove_dir_all(folder)),
            Self::Database(server, name) => run(server, &[&format!("drop database if exists {name} with (force)")]),
        }
    }
}

/// Runs each test on both databases.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $name() { super::$name(crate::place::Place::file()).await })*
        }
        mod on_postgres {
            $(#[tokio::test] async fn $name() {
                if let Some(place) = crate::place::Place::database() { super::$name(place).await }
            })*
        }
    };
}
pub(crate) use on_both;

fn random() -> String {
    let mut name = [0; 8];
    getrandom::fill(&mut name).expect("the system has random numbers");
    hex(&name)
}

fn in_database(server: &str, name: &str) -> String {
    let (front, _) = server.rsplit_once('/').expect("the server's URL ends in a database");
    format!("{front}/{name}")
}

/// A database with empty tables, made once for each state of the migrations and copied for every test.
fn template(server: &str) -> String {
    static MADE: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    MADE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(folder).expect("the migrations").map(|e| e.expect("a file").path()).collect();
        files.sort();
        let texts: Vec<String> =
            files.iter().map(|f| std::fs::read_to_string(f).expect("a readable migration")).collect();
        let digest = digest_words(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let name = format!("trialgate_template_{}", hex(&digest[..6]));
        let making = format!("{name}_{}", random());
        if rows(server, &format!("select 1 from pg_database where datname = '{name}'")) == 0 {
            run(server, &[&format!("create database {making} encoding 'UTF8' template template0")]);
            drop(Store::open(&in_database(server, &making), Options::default()).expect("the tables are made"));
            // The opener's connection may take a moment to end; another test run may have been first.
            let close =
                format!("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{making}'");
            let rename = format!("alter database {making} rename to {name}");
            if try_run(server, &[&close, &rename]).is_err() {
                run(server, &[&format!("drop database if exists {making} with (force)")]);
                assert_eq!(rows(server, &format!("select 1 from pg_database where datname = '{name}'")), 1);
            }
        }
        name
    })
    .clone()
}

fn run(url: &str, statements: &[&str]) {
    try_run(url, statements).unwrap_or_else(|e| panic!("{statements:?}: {e}"));
}

fn try_run(url: &str, statements: &[&str]) -> Result<(), String> {
    let statements: Vec<String> = statements.iter().map(|s| (*s).to_owned()).collect();
    connected(url, async move |client| {
        for sql in &statements {
            client.batch_execute(sql).await.map_err(|e| format!("{e:?}"))?;
        }
        Ok(())
    })
}

fn rows(url: &str, sql: &str) -> usize {
    let sql = sql.to_owned();
    connected(url, async move |client| client.query(&sql, &[]).await.map(|r| r.len()).map_err(|e| format!("{e:?}")))
        .expect("the server answers")
}

/// On a thread of its own, since tests run inside a runtime already.
fn connected<T: Send + 'static>(
    url: &str,
    work: impl AsyncFnOnce(&tokio_postgres::Client) -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let url = url.to_owned();
    let body = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (client, connection) =
                tokio_postgres::connect(&url, tokio_postgres::NoTls).await.map_err(|e| format!("{url}: {e:?}"))?;
            tokio::spawn(connection);
            work(&client).await
        })
    };
    std::thread::spawn(body).join().expect("no panic")
}
