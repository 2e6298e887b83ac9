//! How often each source sends which code and unit: summed per commit, so that a line costs nothing of its own.

use super::contract::StoreError;
use super::questions::{UsageList, UsageRow};
use super::tx::{Question, Tx};
use super::value::args;
use crate::model::code::Coding;

/// Characters of a unit under which it is counted: the unit is part of a key, and keys have a longest length.
const COUNTED_CHARS: usize = 200;

/// Writes what the commit counted.
pub(super) async fn write(tx: &mut impl Tx) -> Result<(), StoreError> {
    let counted = std::mem::take(&mut tx.group().usage);
    let lane = tx.group().counts.clone();
    for ((source, code, unit), (count, at)) in counted {
        let unit = unit.char_indices().nth(COUNTED_CHARS).map_or(&*unit, |(end, _)| &unit[..end]);
        tx.execute(
            "insert into usage (partition, lane, source, code, unit, count, first, last) values (lane_part(?1), ?1, ?2, ?3, ?4, ?5, ?6, ?6)
             on conflict (partition, lane, source, code, unit) do update set count = usage.count + excluded.count,
             last = case when excluded.last > usage.last then excluded.last else usage.last end",
            args![lane.as_str(), &*source, code, unit, count, at],
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
                "select u.source, c.system, c.word, u.unit, cast(sum(u.count) as bigint), min(u.first), max(u.last) from usage u join code c on c.code = u.code
                 where wide(u.partition) and (u.source = ?1 or ?1 is null) group by u.source, u.code, c.system, c.word, u.unit
                 order by 5 desc, u.source, u.code, u.unit",
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
