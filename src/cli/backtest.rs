//! `trial backtest`: what the stored history says of a definition; small counts of people are withheld.

use super::print::{End, fail, thousands};
use crate::flow::rehearsal::backtest::{Backtest, Question, SMALL_CELL, withhold, withhold_steps};
use crate::flow::rehearsal::rehearse;
use crate::model::assessment::Assessment;
use crate::model::key::PersonKey;
use serde_json::{Map, Value, json};

/// What is printed of a backtest.
pub struct Printed<'a> {
    /// How it was asked.
    pub question: &'a Question,
    /// SHA-256 of the maps.
    pub maps: [u8; 32],
    /// With persons: nothing is withheld.
    pub persons: bool,
    /// As JSON.
    pub json: bool,
}

/// A table of words and counts, some of them withheld.
type Cells = Vec<(String, Option<u64>)>;

impl Printed<'_> {
    /// Before the first person: persons are printed as they come, so that none is held.
    pub fn begin(&self) {
        if self.json && self.persons {
            println!("{{\n\"persons\": [");
        }
    }

    /// One considered person.
    pub fn person(&self, first: bool, person: PersonKey, assessment: &Assessment) {
        let question = self.question;
        if self.json {
            let meta = rehearse::meta_of(&question.trial, self.maps, &question.site);
            let comma = if first { "" } else { "," };
            println!("{comma}{}", rehearse::json_of(assessment, &person.to_string(), &meta));
        } else {
            let near = assessment.near_miss.as_ref().map_or_else(String::new, |n| format!("  all but {}", n.criterion));
            println!("{person}  {}{near}", assessment.overall.word());
        }
    }

    /// The sums.
    pub fn end(&self, sums: &Backtest) -> End {
        if self.json {
            let object = Value::Object(self.object(sums));
            let all = serde_json::to_string_pretty(&object).unwrap_or_default();
            let opened = if self.persons { format!("],{}", all.trim_start_matches('{')) } else { all };
            println!("{opened}");
        } else if sums.persons > 0 {
            self.text(sums);
        }
        if sums.persons == 0 {
            return fail(End::Wrong, "the store holds no person; import some first: trialgate import FILE…");
        }
        End::Done
    }

    fn cells(&self, counts: &[u64]) -> Vec<Option<u64>> {
        if self.persons { counts.iter().copied().map(Some).collect() } else { withhold(counts) }
    }

    /// Persons by verdict and by why they are not looked at: one table that sums to all persons.
    fn counts(&self, sums: &Backtest) -> (Cells, Cells) {
        let verdicts = sums.verdicts.iter().map(|(word, n)| ((*word).to_owned(), *n));
        let others = sums.not_considered.iter().map(|(why, n)| (why.clone(), *n));
        let (words, numbers): (Vec<String>, Vec<u64>) = verdicts.chain(others).unzip();
        let mut all: Cells = words.into_iter().zip(self.cells(&numbers)).collect();
        let others = all.split_off(sums.verdicts.len());
        (all, others)
    }

    /// From everybody to the eligible. A step is shown only where the counts that are shown add up to it.
    fn funnel(&self, sums: &Backtest) -> [(&'static str, Option<u64>); 4] {
        let (verdicts, others) = self.counts(sums);
        let sum = |cells: &Cells| cells.iter().map(|(_, n)| *n).sum::<Option<u64>>();
        let of = |word: &str| verdicts.iter().find(|(w, _)| w == word).map_or(Some(0), |(_, n)| *n);
        let considered = sum(&verdicts).or_else(|| sum(&others).map(|n| sums.persons - n));
        let open = of("eligible").zip(of("undetermined")).map(|(a, b)| a + b);
        let open = open.or_else(|| considered.zip(of("ineligible")).map(|(all, out)| all - out));
        [
            ("in the store", Some(sums.persons)),
            ("looked at", considered),
            ("not ruled out", open),
            ("eligible", of("eligible")),
        ]
    }

    /// Persons left after each criterion, and at last after how the inclusions combine.
    fn left(&self, sums: &Backtest) -> Vec<Option<u64>> {
        let mut counts = vec![sums.considered()];
        counts.extend(sums.columns.iter().map(|c| c.left));
        counts.push(sums.considered() - sums.verdicts.get("ineligible").copied().unwrap_or(0));
        let mut shown =
            if self.persons { counts.into_iter().map(Some).collect() } else { withhold_steps(sums.persons, &counts) };
        shown.remove(0);
        shown
    }

    fn object(&self, sums: &Backtest) -> Map<String, Value> {
        let (question, left) = (self.question, self.left(sums));
        let out = self.cells(&sums.columns.iter().map(|c| c.out()).collect::<Vec<_>>());
        let alone = self.cells(&sums.columns.iter().map(|c| c.alone).collect::<Vec<_>>());
        let mut attrition: Vec<Value> = (sums.columns.iter().zip(&left).zip(out).zip(alone))
            .map(|(((c, left), out), alone)| {
                json!({ "criterion": c.id, "required": c.required, "left": cell(*left), "out": cell(out), "alone": cell(alone) })
            })
            .collect();
        if question.trial.included.is_some() {
            let last = left.last().copied().flatten();
            attrition.push(json!({ "criterion": "included", "required": true, "left": cell(last) }));
        }
        let decidability = sums.columns.iter().map(|c| {
            let a = self.cells(&c.answers);
            json!({ "criterion": c.id, "true": cell(a[0]), "false": cell(a[1]), "unknown": cell(a[2]), "not applicable": cell(a[3]) })
        });
        let near = sums.near.iter().zip(self.cells(&sums.near.values().copied().collect::<Vec<_>>()));
        let (verdicts, others) = self.counts(sums);
        let others = others.into_iter().map(|(why, n)| (format!("not looked at: {why}"), n));
        let counts: Map<String, Value> = verdicts.into_iter().chain(others).map(|(w, n)| (w, cell(n))).collect();
        let funnel: Vec<Value> =
            self.funnel(sums).into_iter().map(|(word, n)| json!({ "step": word, "persons": cell(n) })).collect();
        Map::from_iter([
            ("trial".to_owned(), json!(question.trial.id)),
            ("version".to_owned(), json!(question.trial.version)),
            ("as_of".to_owned(), json!(question.site.zone.show(question.as_of))),
            ("persons_in_store".to_owned(), json!(sums.persons)),
            ("funnel".to_owned(), json!(funnel)),
            ("counts".to_owned(), counts.into()),
            ("attrition".to_owned(), json!(attrition)),
            ("decidability".to_owned(), decidability.collect()),
            (
                "near_misses".to_owned(),
                near.map(|((id, _), n)| json!({ "criterion": id, "persons": cell(n) })).collect(),
            ),
        ])
    }

    fn text(&self, sums: &Backtest) {
        let question = self.question;
        let at = question.site.zone.show(question.as_of);
        println!("{} version {} as of {at}\n", question.trial.id, question.trial.version);
        for (word, n) in self.funnel(sums) {
            println!("  {:>10}  {word}", shown(n));
        }
        let (verdicts, others) = self.counts(sums);
        println!();
        for (word, n) in verdicts {
            println!("  {:>10}  {word}", shown(n));
        }
        for (why, n) in others {
            println!("  {:>10}  not looked at: {why}", shown(n));
        }
        let left = self.left(sums);
        let out = self.cells(&sums.columns.iter().map(|c| c.out()).collect::<Vec<_>>());
        let alone = self.cells(&sums.columns.iter().map(|c| c.alone).collect::<Vec<_>>());
        println!("\n  criterion       left       out     alone      true     false   unknown  not applicable");
        for (i, column) in sums.columns.iter().enumerate() {
            let answers = self.cells(&column.answers).into_iter().map(|n| format!("{:>9} ", shown(n)));
            let id = if column.required { column.id.clone() } else { format!("{} *", column.id) };
            let first = [left[i], out[i], alone[i]].map(|n| format!("{:>9} ", shown(n))).concat();
            println!("  {id:<10}{first}{}", answers.collect::<String>());
        }
        if question.trial.included.is_some() {
            println!("  {:<10}{:>9}", "included", shown(left.last().copied().flatten()));
        }
        println!(
            "\n  left: not kept out by this criterion or one before it; out: kept out by it, whatever the others say;\n  \
             alone: kept out by this one only, so one criterion away (near misses)"
        );
        if sums.columns.iter().any(|c| !c.required) {
            println!("  *: one of several ways; whom the combination keeps out shows in `included`");
        }
        if !self.persons {
            println!("  withheld: a count below {SMALL_CELL}, or one from which such a count could be worked out");
        }
    }
}

fn cell(n: Option<u64>) -> Value {
    n.map_or_else(|| json!({ "withheld": format!("<{SMALL_CELL}, or would give such a one away") }), |n| json!(n))
}

fn shown(n: Option<u64>) -> String {
    n.map_or_else(|| "withheld".into(), thousands)
}
