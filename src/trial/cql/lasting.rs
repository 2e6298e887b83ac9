//! Rows, lasting states and doses by day in CQL: said where every time is known well enough, else null.

use super::number::type_name;
use super::say::Said;
use super::series::{lasts, of_clock, part};
use super::time::unit_word;
use super::write::Writer;
use crate::trial::definition::ValueType;
use crate::trial::expression::tree::{Duration, Row, Series, Type, Window};

/// Longest row that is written out.
const ROW_MOST: usize = 10;

impl Writer<'_> {
    /// The query of a row: `taken` where one is complete for sure, not taken where that is known too.
    pub(super) fn row(&mut self, row: Row, series: &Series, text: &str) -> Said {
        if row.n > ROW_MOST {
            return Err(format!("a row of {} is not written out", row.n));
        }
        let s = self.series(&Series { row: None, ..series.clone() }, text)?;
        let clock = of_clock(row.gap);
        let gap = format!("{} {}", row.gap.count, unit_word(row.gap.of));
        let (known, ready) = if clock {
            ("M.earliest != M.latest", format!("P.latest + {gap} <= M.earliest"))
        } else {
            ("M.first != M.last", format!("P.last + {gap} <= M.first"))
        };
        let beside = format!("Count(({s}) N where N.earliest <= M.latest and N.latest >= M.earliest) != 1");
        let open = format!("not M.read or M.inside is null or M.taken is null or {known} or {beside}");
        let crisp =
            self.define(&part(&s, &format!("told apart by {gap}")), &format!("not exists (({s}) M where {open})"), "");
        let breaks = format!(
            "({s}) B where (not B.read or B.taken is not true) and B.earliest <= M.latest and B.latest >= P.earliest"
        );
        let follows = format!("P.latest < M.earliest and {ready} and not exists ({breaks})");
        let mut chain =
            self.define(&part(&s, &format!("row of 1 by {gap}")), &format!("({s}) M where M.read and M.sure"), "");
        for n in 2..row.n {
            let body = format!("({s}) M where M.read and M.sure and exists (({chain}) P where {follows})");
            chain = self.define(&part(&s, &format!("row of {n} by {gap}")), &body, "");
        }
        let recorded = self.recorded(series.variable);
        let more = recorded.map_or_else(String::new, |r| {
            let ends = ["lasts", "endEarliest", "endLatest", "endFirst", "endLast"];
            let fields = if r.value == ValueType::Number { &["low", "high"][..] } else { &[] };
            fields.iter().chain(ends.iter().filter(|_| lasts(r))).map(|f| format!(", {f}: M.{f}")).collect()
        });
        let name = part(&s, &format!("rows of {} by {gap}", row.n));
        let body = format!(
            "({s}) M\n    let complete: if M.read and M.sure and exists (({chain}) P where {follows}) then true else if {crisp} then false else null\n    return all Tuple {{ value: M.value, read: M.read, inside: M.inside, taken: complete, sure: complete,\n      earliest: M.earliest, latest: M.latest, first: M.first, last: M.last{more} }}"
        );
        let anchors = self.anchors.get(&s).cloned().unwrap_or_default();
        self.anchors.insert(name.clone(), anchors);
        Ok(self.define(&name, &body, text))
    }

    /// How long a state has lasted: from what surely belongs to it and from all that may, where the two agree.
    pub(super) fn lasted(&mut self, s: &str, series: &Series, gap: Duration) -> Said {
        let low = match &series.window {
            None => None,
            Some(Window::Within(d)) if of_clock(*d) == of_clock(gap) => {
                Some(format!("{} {}", d.count, unit_word(d.of)))
            }
            Some(_) => return Err("how long a state lasted in such a window".into()),
        };
        let recorded = self.recorded(series.variable).ok_or("a state of no recorded variable")?;
        let (truth, lasting) = (recorded.value == ValueType::Truth, lasts(recorded));
        let (now, fields) = if of_clock(gap) {
            (
                "Now()",
                if lasting {
                    ["earliest", "latest", "endEarliest", "endLatest"]
                } else {
                    ["earliest", "latest", "earliest", "latest"]
                },
            )
        } else {
            (
                "Today()",
                if lasting { ["first", "last", "endFirst", "endLast"] } else { ["first", "last", "first", "last"] },
            )
        };
        let [from, from_latest, to, to_latest] = fields;
        let gap_words = format!("{} {}", gap.count, unit_word(gap.of));
        let holds = if truth { " and M.value is not false" } else { "" };
        let sure = if truth { "M.read and M.sure and M.value" } else { "M.read and M.sure" };
        let stretches = self.define(
            &part(s, &format!("state by {gap_words}")),
            &format!(
                "({s}) M where M.taken is not false{holds}\n    return all Tuple {{ sure: {sure}, began: M.{from}, beganLatest: M.{from_latest}, ended: M.{to}, endedLatest: Coalesce(M.{to_latest}, {now}) }}"
            ),
            "",
        );
        let mut reach = |word: &str, filter: &str, end: &str, start: &str| {
            let sorted = self.define(
                &part(s, &format!("{word} by {gap_words}, sorted")),
                &format!("({stretches}) S{filter} sort by {end} desc"),
                "",
            );
            let body = format!(
                "({sorted}) S aggregate R starting ({now}): if S.{end} + {gap_words} < R then R else if S.{start} < R then S.{start} else R"
            );
            self.define(&part(s, &format!("{word} by {gap_words}")), &body, "")
        };
        let least = reach("surely since", " where S.sure is true", "ended", "beganLatest");
        let most = reach("at most since", "", "endedLatest", "began");
        let cut = |since: &str| {
            low.as_ref().map_or_else(|| since.to_owned(), |low| format!("Max({{ {since}, {now} - {low} }})"))
        };
        let (least, most) = (cut(&least), cut(&most));
        let length = if of_clock(gap) {
            format!("ToDecimal(difference in seconds between {least} and {now}) / 3600.0")
        } else {
            format!("ToDecimal(difference in days between {least} and {now})")
        };
        let nothing = self.none_of(series, s, "0.0");
        Ok(format!(
            "case when not exists (({s}) M where M.read) then ({nothing})\n    when not exists (({s}) M where M.read and M.inside) then null\n    when {least} = {most} then {length} else null end"
        ))
    }

    /// What a function over amounts gives where nothing is recorded and something is presumed.
    fn none_of(&mut self, series: &Series, s: &str, value: &str) -> String {
        self.presumed(series, s)
            .map_or_else(|| "null".into(), |p| format!("if ({p}) is not null then {value} else null"))
    }

    /// What was given on the days of a window that are over; where an amount may lie on several days, null.
    pub(super) fn by_day(&mut self, s: &str, series: &Series, stable: bool) -> Said {
        let Some(Window::Within(d)) = &series.window else {
            return Err("doses by day in such a window".into());
        };
        if of_clock(*d) || series.row.is_some() {
            return Err("doses by day in such a window".into());
        }
        let days = format!("ToDecimal(days between (Today() - {} {}) and Today())", d.count, unit_word(d.of));
        let given = self.define(
            &part(s, "given by yesterday"),
            &format!("({s}) M where M.taken is not false and M.first < Today()"),
            "",
        );
        let lasting = if self.recorded(series.variable).is_some_and(lasts) { " or M.lasts" } else { "" };
        let open = format!(
            "exists (({given}) M where not M.read or M.sure is null or M.value is null or M.first != M.last{lasting})\n      or date from (Now() + 1 millisecond) > Today()"
        );
        let nothing = self.none_of(series, s, if stable { "false" } else { "0.0" });
        let head = format!(
            "case when not exists (({s}) M where M.read) then ({nothing})\n    when not exists (({s}) M where M.read and M.inside) then null\n    when {open} then null\n    "
        );
        if !stable {
            return Ok(format!("{head}else Coalesce(Sum(({given}) M return all M.value), 0.0) / {days} end"));
        }
        let sums = self.define(
            &part(s, "by day"),
            &format!("({given}) M return all Sum(({given}) N where N.first = M.first return all N.value)"),
            "",
        );
        let null = type_name(&Type::Truth);
        Ok(format!(
            "{head}when ToDecimal(Count(distinct (({given}) M return all M.first))) < {days} then false\n    when Min({sums}) = Max({sums}) and Floor(Min({sums}) * 10000000.0) = Min({sums}) * 10000000.0 then Min({sums}) > 0.0\n    when IsNear(Min({sums}), Max({sums})) then (null as {null}) else false end"
        ))
    }
}

/// The amount of a fact by the share of its time inside a window that ends now, and when that is not known.
pub(super) fn share(window: Option<&Window>) -> (String, String) {
    let low = match window {
        None => None,
        Some(Window::Within(d)) if of_clock(*d) => Some(format!("(Now() - {} {})", d.count, unit_word(d.of))),
        Some(_) => return ("M.value".into(), " or M.lasts".into()),
    };
    let (begun, from) = match &low {
        Some(low) => (format!("M.earliest >= {low} and "), format!("Max({{ M.earliest, {low} }})")),
        None => (String::new(), "M.earliest".into()),
    };
    let whole = format!("(not M.lasts or M.endLatest <= M.latest or ({begun}M.endLatest <= Now()))");
    let seconds = |from: &str, to: &str| format!("ToDecimal(difference in seconds between {from} and {to})");
    let inside = seconds(&from, "Min({ M.endLatest, Now() })");
    let all = seconds("M.earliest", "M.endLatest");
    let amount = format!("(if {whole} then M.value else M.value * {inside} / {all})");
    // What has no end in sight has no share.
    let open = format!(" or (not {whole} and (M.earliest != M.latest or M.endLatest > Now() + 50 years))");
    (amount, open)
}
