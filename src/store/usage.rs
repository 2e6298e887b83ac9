//! How often each source sends which code and unit: summed per commit, so that a line costs nothing of its own.

use super::contract::StoreError;
use super::questions::{UsageList, UsageRow};
use super::tx::{Question, Tx};
use super::value::args;
use crate::model::code::Coding;

/// Lane of the counts on a database with one writer.
const LANE: &str = "";

/// Writes what the commit counted.
pub(super) async fn write(tx: &mut impl Tx) -> Result<(), StoreError> {
    let counted = std::mem::take(&mut tx.group().usage);
    for ((source, code, unit), (count, at)) in counted {
        tx.execute(
            "insert into usage (partition, lane, source, code, unit, count, first, last) values (0, ?1, ?2, ?3, ?4, ?5, ?6, ?6)
             on conflict (partition, lane, source, code, unit) do update set count = usage.count + excluded.count,
             last = case when excluded.last > usage.last then excluded.last else usage.last end",
            args![LANE, &*source, code, unit, count, at],
        )
        .await?;
    }
    Ok(())
}

impl Question for UsageList {
    type Answer = Vec<UsageRow>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer, StoreError> {
        let rows = tx
            .query(
                "select u.source, c.system, c.word, u.unit, u.count, u.first, u.last from usage u join code c on c.code = u.code
                 where u.partition = 0 and (?1 is null or u.source = ?1) order by u.count desc, u.source, u.code, u.unit",
                args![self.source.clone()],
            )
            .await?;
        rows.into_iter()
            .map(|mut r| {
                Ok(UsageRow {
                    source: r.text(0)?,
                    code: Coding::new(r.text(1)?, r.text(2)?),
                    unit: r.text(3)?,
                    count: r.int(4)?,
                    first: r.instant(5)?,
                    last: r.instant(6)?,
                })
            })
            .collect()
    }
}
