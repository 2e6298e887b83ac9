//! What the columns and codes of a dataset mean, beside it: in the manner of Define-XML, as JSON.

use super::dataset_json::{group_oid, item_oid};
use super::table::{Column, Kind};
use crate::publish::blinding::Open;
use crate::publish::json::{array, object, text, words};
use crate::trial::definition::Trial;
use crate::trial::outcome::{Better, Measured};

/// What is said of a whole export.
pub struct About<'a> {
    /// Name of the dataset.
    pub name: &'a str,
    /// In words.
    pub label: &'a str,
    /// The definitions by which anybody is followed, and what of each is shown.
    pub trials: &'a [(&'a Trial, &'a Open)],
    /// The moment asked about, where one was.
    pub as_of: Option<String>,
    /// As known when, where that was asked.
    pub known_at: Option<String>,
    /// Who gives no rows, by why; a count that is withheld has none.
    pub apart: &'a [(String, Option<u64>)],
    /// How persons are named.
    pub persons: &'a str,
}

/// The file.
pub fn define(about: &About<'_>, columns: &[Column]) -> Vec<u8> {
    let items = columns.iter().map(|c| {
        let kind = match c.kind {
            Kind::Text => "text",
            Kind::Decimal => "decimal",
            Kind::Integer => "integer",
            Kind::Boolean => "boolean",
            Kind::Date => "date",
        };
        object([
            ("OID", Some(text(&item_oid(about.name, &c.name)))),
            ("name", Some(text(&c.name))),
            ("label", Some(text(&c.label))),
            ("dataType", Some(text(kind))),
            ("keySequence", (c.key > 0).then(|| c.key.to_string())),
        ])
    });
    let group = object([
        ("OID", Some(text(&group_oid(about.name)))),
        ("name", Some(text(about.name))),
        ("label", Some(text(about.label))),
        ("items", array(items.collect())),
    ]);
    let count = |(why, n): &(String, Option<u64>)| {
        let shown = n.map_or_else(|| text("withheld"), |n| n.to_string());
        object([("why", Some(text(why))), ("persons", Some(shown))])
    };
    let whole = object([
        ("persons", Some(text(about.persons))),
        ("asOf", about.as_of.as_deref().map(text)),
        ("knownAt", about.known_at.as_deref().map(text)),
        ("withoutRows", array(about.apart.iter().map(count).collect())),
        ("itemGroups", array(vec![group])),
        ("definitions", array(about.trials.iter().map(|(trial, open)| definition(trial, open)).collect())),
    ]);
    [whole.as_bytes(), b"\n"].concat()
}

fn definition(trial: &Trial, open: &Open) -> String {
    let outcomes = open.outcomes(trial).map(|(place, o)| {
        let visits = match &o.measured {
            Measured::ToEvent { .. } => None,
            Measured::AtVisits { row, .. } => trial.visits.get(*row).map(|v| text(&v.name)),
        };
        let items = open.items(place, o).map(|(_, i)| {
            let better = i.better.map(|b| match b {
                Better::Higher => "higher",
                Better::Lower => "lower",
                Better::True => "true",
                Better::False => "false",
            });
            object([
                ("name", Some(text(&i.name))),
                ("label", words(&i.label)),
                ("expression", Some(text(&i.expression.text))),
                ("unit", i.unit.as_ref().map(|u| text(u.code()))),
                ("better", better.map(text)),
            ])
        });
        object([
            ("id", Some(text(&o.id))),
            ("kind", Some(text(o.kind.word()))),
            ("protocol", o.protocol.as_ref().and_then(|p| words(p))),
            ("visits", visits),
            ("items", array(items.collect())),
        ])
    });
    object([
        ("study", Some(text(&trial.id))),
        ("version", Some(trial.version.to_string())),
        ("digest", Some(text(&format!("sha256:{}", crate::model::key::hex(&trial.digest))))),
        ("outcomes", array(outcomes.collect())),
    ])
}
