//! One SQL text for both databases: a few words of ours are put into each dialect once per text and connection.
//!
//! `part(key)` is the partition of a key of bytes, `lane_part(lane)` that of an audit lane, and `wide(partition)`
//! stands where a statement reads all partitions: so every wide read is named as such. `entered_now()` is a text that
//! says which transactions are seen now, and `entered(r ?n)` whether the one that wrote row `r` of `resource` is among them.

use std::collections::HashMap;
use std::sync::Arc;

/// The texts that a connection has put into its dialect.
pub(super) struct Texts {
    dialect: fn(&str) -> String,
    /// By address and length: a text of the program is always at the same place.
    known: HashMap<(usize, usize), Arc<str>>,
}

impl Texts {
    /// Texts of a dialect.
    pub(super) fn of(dialect: fn(&str) -> String) -> Self {
        Self { dialect, known: HashMap::new() }
    }

    /// The text in the dialect.
    pub(super) fn get(&mut self, sql: &'static str) -> Arc<str> {
        let place = (sql.as_ptr().addr(), sql.len());
        self.known.entry(place).or_insert_with(|| (self.dialect)(sql).into()).clone()
    }
}

/// SQLite has one partition, 0.
pub(super) fn sqlite(sql: &str) -> String {
    let sql = replaced(sql, "wide(", |inside| format!("{inside} = 0"));
    let sql =
        replaced(&sql, "entered_now(", |_| "(select cast(coalesce(max(rowid), 0) as text) from resource)".to_owned());
    let sql = replaced(&sql, "entered(", |inside| match inside.split_once(' ') {
        Some((row, seen)) => format!("{row}.rowid <= cast({seen} as integer)"),
        None => inside.to_owned(),
    });
    let sql = replaced(&sql, "lane_part(", |_| "0".to_owned());
    replaced(&sql, "part(", |_| "0".to_owned())
}

/// PostgreSQL knows `part` and `lane_part` as functions, writes arguments as `$n`, and reads all partitions where none is named.
pub(super) fn postgres(sql: &str) -> String {
    let sql = replaced(sql, "wide(", |_| "true".to_owned());
    let sql = replaced(&sql, "entered_now(", |_| "pg_current_snapshot()::text".to_owned());
    let sql = replaced(&sql, "entered(", |inside| match inside.split_once(' ') {
        Some((row, seen)) => format!("pg_visible_in_snapshot({row}.entered, {seen}::text::pg_snapshot)"),
        None => inside.to_owned(),
    });
    sql.replace('?', "$")
}

/// Every call `word…)` replaced by what becomes of its argument; none of ours holds a parenthesis.
fn replaced(sql: &str, word: &str, by: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find(word) {
        let (before, call) = rest.split_at(at);
        let inside = &call[word.len()..];
        let whole_word = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        match inside.find(')') {
            Some(end) if whole_word => {
                out.push_str(before);
                out.push_str(&by(&inside[..end]));
                rest = &inside[end + 1..];
            }
            _ => {
                out.push_str(&rest[..at + word.len()]);
                rest = inside;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::{postgres, sqlite};

    #[test]
    fn one_text_serves_both() {
        let text = "select a from t where t.partition = part(?1) and u.partition = lane_part(?2) and wide(v.partition) and counterpart(x) = ?10";
        let plain =
            "select a from t where t.partition = 0 and u.partition = 0 and v.partition = 0 and counterpart(x) = ?10";
        assert_eq!(sqlite(text), plain);
        let other = "select a from t where t.partition = part($1) and u.partition = lane_part($2) and true and counterpart(x) = $10";
        assert_eq!(postgres(text), other);
        let text = "select entered_now() from resource r where entered(r ?2)";
        let plain = "select (select cast(coalesce(max(rowid), 0) as text) from resource) from resource r where r.rowid <= cast(?2 as integer)";
        assert_eq!(sqlite(text), plain);
        let other = "select pg_current_snapshot()::text from resource r where pg_visible_in_snapshot(r.entered, $2::text::pg_snapshot)";
        assert_eq!(postgres(text), other);
    }
}
