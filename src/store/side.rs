//! One end of a move between databases: tables as they are, without verbs.

use super::contract::StoreError;
use super::migrate;
use super::open::{Options, Place};
use super::pool;
use super::postgres::{self, QUESTION};
use super::sqlite::{self, SqliteTx};
use super::value::{Row, Value};
use super::writer::Lock;
use rusqlite::Connection;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

/// A table: its columns in order, and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// Places of the key's columns, in the key's order.
    pub(super) key: Vec<usize>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// The kinds of column that both databases share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Text,
    Bytes,
}

impl Table {
    /// All tables of the newest version, read from an empty file: the other database's are the same.
    pub(super) fn all() -> Result<Vec<Self>, StoreError> {
        let mut empty = SqliteTx::in_memory()?;
        migrate::up(&mut empty)?;
        let connection = empty.into_connection();
        let fault = |e: rusqlite::Error| sqlite::class(&e);
        let sql = "select name from sqlite_master where type = 'table' and name <> 'schema' and name not like 'sqlite%' order by name";
        let mut names = connection.prepare(sql).map_err(fault)?;
        let names: Vec<String> =
            names.query_map([], |r| r.get(0)).map_err(fault)?.collect::<Result<_, _>>().map_err(fault)?;
        names.into_iter().map(|name| Self::read(&connection, name)).collect()
    }

    fn read(connection: &Connection, name: String) -> Result<Self, StoreError> {
        let fault = |e: rusqlite::Error| sqlite::class(&e);
        let sql = "select name, type, pk from pragma_table_info(?1) order by cid";
        let mut asked = connection.prepare(sql).map_err(fault)?;
        let read = |r: &rusqlite::Row<'_>| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, i64>(2)?));
        let found: Vec<(String, String, i64)> =
            asked.query_map([&name], read).map_err(fault)?.collect::<Result<_, _>>().map_err(fault)?;
        let mut key: Vec<(i64, usize)> =
            found.iter().enumerate().filter(|(_, c)| c.2 > 0).map(|(place, c)| (c.2, place)).collect();
        key.sort_unstable();
        let column = |(name, kind, _): (String, String, i64)| {
            let kind = match kind.to_ascii_lowercase().as_str() {
                "integer" => Kind::Int,
                "text" => Kind::Text,
                _ => Kind::Bytes,
            };
            Column { name, kind }
        };
        let columns = found.into_iter().map(column).collect();
        Ok(Self { name, columns, key: key.into_iter().map(|(_, place)| place).collect() })
    }

    /// The place of `partition`, which each database computes for itself.
    pub(super) fn partition(&self) -> Option<usize> {
        self.columns.iter().position(|c| c.name == "partition")
    }

    /// The partition of a row on PostgreSQL: of the key's first bytes, else of the lane, else 0.
    fn partition_sql(&self) -> String {
        let key = || self.key.iter().map(|place| &self.columns[*place]);
        let bytes = key().find(|c| c.kind == Kind::Bytes).map(|c| format!("part(u.\"{}\")", c.name));
        let lane = || key().find(|c| c.name == "lane").map(|_| "lane_part(u.\"lane\")".to_owned());
        bytes.or_else(lane).unwrap_or_else(|| "0".to_owned())
    }

    /// Names of columns for a statement, but the partition where `without` says so.
    pub(super) fn names(&self, without_partition: bool) -> String {
        let named = self.columns.iter().filter(|c| !(without_partition && c.name == "partition"));
        named.map(|c| format!("\"{}\"", c.name)).collect::<Vec<_>>().join(", ")
    }
}

/// One end of a move.
pub(super) enum Side {
    /// A file; its lock keeps other writers away.
    File(Connection, #[expect(dead_code, reason = "the lock lasts as long as the file is open")] Lock),
    /// A database.
    Database(Client),
}

impl Side {
    /// Opens the end to read from: its tables must be of the newest version.
    pub(super) async fn from(url: &str) -> Result<Self, StoreError> {
        match Place::of(url)? {
            Place::File(path) => {
                let lock = Lock::take(path.as_ref(), false)?;
                let mut tx = SqliteTx::reader(path.as_ref())?;
                migrate::is_current(&mut tx)?;
                Ok(Self::File(tx.into_connection(), lock))
            }
            Place::Database(url) => {
                let client = connected(url, true).await?;
                migrate::is_current_postgres(&client).await?;
                Ok(Self::Database(client))
            }
        }
    }

    /// Opens the end to write to, and makes its tables.
    pub(super) async fn to(url: &str) -> Result<Self, StoreError> {
        match Place::of(url)? {
            Place::File(path) => {
                let lock = Lock::take(path.as_ref(), true)?;
                let mut tx = SqliteTx::writer(path.as_ref(), true)?;
                migrate::up(&mut tx)?;
                Ok(Self::File(tx.into_connection(), lock))
            }
            Place::Database(url) => {
                pool::prepare(pool::config(url)?, Options::default())?;
                Ok(Self::Database(connected(url, false).await?))
            }
        }
    }

    /// Statements without arguments or rows.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), StoreError> {
        match self {
            Self::File(connection, _) => connection.execute_batch(sql).map_err(|e| sqlite::class(&e)),
            Self::Database(client) => client.batch_execute(sql).await.map_err(|e| postgres::class(&e)),
        }
    }

    /// One view of all tables, until [`Self::let_go`].
    pub(super) async fn hold(&self) -> Result<(), StoreError> {
        match self {
            Self::File(..) => self.batch("begin").await,
            Self::Database(_) => self.batch("begin isolation level repeatable read read only").await,
        }
    }

    /// Lets the view go.
    pub(super) async fn let_go(&self) -> Result<(), StoreError> {
        self.batch("rollback").await
    }

    /// Asks; arguments are `?n`.
    pub(super) async fn rows(&self, sql: &str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::File(connection, _) => {
                let fault = |e: rusqlite::Error| sqlite::class(&e);
                let mut statement = connection.prepare_cached(sql).map_err(fault)?;
                let columns = statement.column_count();
                let mut asked = statement.query(rusqlite::params_from_iter(args)).map_err(fault)?;
                let mut found = Vec::new();
                while let Some(row) = asked.next().map_err(fault)? {
                    let values = (0..columns).map(|c| row.get_ref(c).map(sqlite::value));
                    found.push(Row(values.collect::<Result<_, _>>().map_err(fault)?));
                }
                Ok(found)
            }
            Self::Database(client) => {
                let args: Vec<&(dyn ToSql + Sync)> = args.iter().map(|v| v as _).collect();
                let asked = client.query(&sql.replace('?', "$"), &args).await.map_err(|e| postgres::class(&e))?;
                asked.iter().map(postgres::row).collect()
            }
        }
    }

    /// Writes rows in one commit; those that are there stay as they are. Each partition is this database's own.
    pub(super) async fn insert(&self, table: &Table, rows: Vec<Row>) -> Result<(), StoreError> {
        match self {
            Self::File(connection, _) => insert_file(connection, table, rows).map_err(|e| sqlite::class(&e)),
            Self::Database(client) => insert_database(client, table, rows).await.map_err(|e| postgres::class(&e)),
        }
    }
}

async fn connected(url: &str, read_only: bool) -> Result<Client, StoreError> {
    let client = pool::connect(&pool::config(url)?).await?;
    client.batch_execute(&pool::session(QUESTION, read_only)).await.map_err(|e| postgres::class(&e))?;
    Ok(client)
}

fn insert_file(connection: &Connection, table: &Table, rows: Vec<Row>) -> Result<(), rusqlite::Error> {
    let marks: Vec<String> = (1..=table.columns.len()).map(|n| format!("?{n}")).collect();
    let sql = format!(
        "insert into \"{}\" ({}) values ({}) on conflict do nothing",
        table.name,
        table.names(false),
        marks.join(", ")
    );
    connection.execute_batch("begin immediate")?;
    for mut row in rows {
        if let Some(place) = table.partition() {
            row.0[place] = Value::Int(0);
        }
        connection.prepare_cached(&sql)?.execute(rusqlite::params_from_iter(&row.0))?;
    }
    connection.execute_batch("commit")
}

/// One statement for all rows: a column of theirs is an array.
async fn insert_database(client: &Client, table: &Table, mut rows: Vec<Row>) -> Result<(), tokio_postgres::Error> {
    let columns: Vec<(usize, &Column)> =
        table.columns.iter().enumerate().filter(|(place, _)| Some(*place) != table.partition()).collect();
    let mut arrays: Vec<Box<dyn ToSql + Sync>> = Vec::with_capacity(columns.len());
    let mut marks = Vec::with_capacity(columns.len());
    for (n, (place, column)) in columns.iter().enumerate() {
        let taken = rows.iter_mut().map(|r| r.take(*place));
        let (array, kind): (Box<dyn ToSql + Sync>, _) = match column.kind {
            Kind::Int => (Box::new(taken.map(int).collect::<Vec<_>>()), "bigint"),
            Kind::Text => (Box::new(taken.map(text).collect::<Vec<_>>()), "text"),
            Kind::Bytes => (Box::new(taken.map(bytes).collect::<Vec<_>>()), "bytea"),
        };
        arrays.push(array);
        marks.push(format!("${}::{kind}[]", n + 1));
    }
    let partition = if table.partition().is_some() {
        ("\"partition\", ", format!("{}, ", table.partition_sql()))
    } else {
        ("", String::new())
    };
    let names = table.names(true);
    let sql = format!(
        "insert into \"{}\" ({}{names}) select {}{names} from unnest({}) as u({names}) on conflict do nothing",
        table.name,
        partition.0,
        partition.1,
        marks.join(", ")
    );
    let args: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(AsRef::as_ref).collect();
    client.execute(&sql, &args).await.map(drop)
}

fn int(value: Value) -> Option<i64> {
    if let Value::Int(n) = value { Some(n) } else { None }
}

fn text(value: Value) -> Option<String> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

fn bytes(value: Value) -> Option<Vec<u8>> {
    if let Value::Bytes(bytes) = value { Some(bytes) } else { None }
}
