//! A made-up definition with every form of the language that a library of CQL has.

use crate::evaluate::{answered, dated, include, maps, number, world};
use trialgate::flow::library::Active;

const MORE: &str = r#"
[variables.age]
derive = "years between birth_date and Today()"
[variables.c]
from = "condition"
code = ["snomed|73211009"]
presume = { value = false, when = "exists (problem_list within 365 days)" }
[variables.old]
from = "condition"
code = ["snomed|22298006"]
history = true
select = "exists (old within 2 years)"
[variables.dose]
from = "medication_administration"
code = ["local|dose"]
amount = "dose"
unit = "mg"
[variables.runs]
from = "medication_administration"
code = ["local|runs"]
amount = "presence"
[variables.rate]
from = "medication_administration"
code = ["local|rate"]
amount = "rate"
unit = "mg/h"
[variables.asked]
attest = "Is it so?"
expires = "60 days"
[anchors]
begun = "First(dose).time"
"#;

const CRITERIA: &[&str] = &[
    "Last(x within 28 days) < 5 'g/L' or x > 70 'mg/dL'",
    "First(x within 50 hours) != 3 'g/L' xor Last(y) between 4 '10*9/L' and 9 '10*9/L'",
    "exists (x within 28 days where value > 4 'g/L' and time <= Now() - 5 days)",
    "Count(x within 60 days) >= 2 implies Count(x where value < 5 'g/L') = 1",
    "Sum(x within 28 days) > 9 'g/L'",
    "Avg(x within 60 days) <= 4.5 'g/L' or Median(y within 60 days) > 5 '10*9/L'",
    "Max(x within 28 days) - Min(x) > 2 'g/L'",
    "Max({x, Number(y, '10*9/L') * 1 'g/L'}) >= 5 'g/L' and Min({x, 4 'g/L'}) < 4 'g/L'",
    "Coalesce(Last(x within 5 days), Last(x within 60 days)) > 4 'g/L'",
    "x is null or y is not null",
    "p is true or (Last(p within 13 days) is false and not (p is not true))",
    "AnyTrue(p within 28 days) and AllTrue(p within 60 days)",
    "AtLeast(2, p, x > 4 'g/L', age >= 30, c)",
    "(if p then 3 else 0) + (if c then 2 else 0) + (if sex = 'female' then 1 else 0) >= 3",
    "(case when age < 20 then 1 when age < 40 then 2 else 3 end) = 2 and sex in {'female', 'other'}",
    "c and exists (old) or exists (c within 60 days)",
    "runs or rate > 10 'mg/h'",
    "asked and exists (x since begun)",
    "exists (y within 10 days of begun) or exists (y within 20 days before begun)",
    "exists (y before begun) or exists (x within 5 days after begun where value != 4 'g/L')",
    "Last(x during Interval[begun, Now()]) > 3 'g/L' or Last(x after begun) > 3 'g/L'",
    "days between First(x).time and Today() > 20 or weeks between d and Today() >= 5",
    "difference in weeks between d and Today() < 60 and months between d and Today() > 3",
    "Today() before d + 2 years and d on or after @2024-01-01",
    "Last(x).time >= Now() - 10 days and hours between Last(y).time and Now() < 500",
    "Abs(x - 5 'g/L') <= 1 'g/L' or Floor(Number(y, '10*9/L')) = 5 or Ceiling(Number(x, 'g/L')) = 5",
    "Round(Number(x, 'g/L')) = 4 or Truncate(Number(x, 'g/L') / 2) = 2 or Number(x, 'mg/dL') / 3 > 150",
    "(Number(x, 'g/L') / 5) ^ 2 > 1.2 or Exp(Number(x, 'g/L') / 10) < 1.6 or Ln(Number(x, 'g/L')) > 1.7 or Log(Number(y, '10*9/L'), 2) > 2.4",
    "PercentChange(First(x within 60 days), Last(x within 28 days)) > 10 '%'",
    "x < LowerLimit(x) or Last(y) > 2 * UpperLimit(y)",
    "exists (Consecutive(2, x within 60 days where value > 4 'g/L', 2 days))",
    "Count(Consecutive(2, y within 60 days, 20 hours)) >= 1",
    "Duration(runs, 1 day) > 2 days",
    "Duration(c within 400 days, 3 weeks) >= 50 days",
    "Duration(runs within 90 hours, 2 hours) > 5 hours",
    "DailyDose(dose within 9 days) > 2 'mg/d'",
    "StableDose(dose within 2 days)",
    "Sum(dose within 20 days) > 30 'mg' or Sum(dose) < 10 'mg'",
];

/// Ready to be asked.
pub(super) fn definition() -> Active {
    let mut body = number("x", "g/L") + &number("y", "10*9/L") + &answered("p") + &dated("d") + MORE;
    for (place, text) in CRITERIA.iter().enumerate() {
        body += &include(&format!("C{}", place + 1), text);
    }
    Active::new(world(&body).trial, &maps(""), Vec::new())
}
