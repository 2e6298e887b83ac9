//! The tables of a real intensive-care database as a source's map: how much of what arrives is read by them, and that
//! unit words which UCUM reads as another thing never become numbers.

use super::ward;
use crate::evaluate::{World, fact, number, quantity, world, world_with};
use crate::left_out::shared;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use trialgate::model::code::Coding;
use trialgate::model::fact::ReceivedUnit;
use trialgate::model::interval::Interval;
use trialgate::model::number::Number;
use trialgate::model::reading::{Reason, Value};
use trialgate::model::terms::Terms;
use trialgate::trial::csv;

const LABS: &str = "http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-d-labitems";
const UNITS: &str = include_str!("../../../fixtures/maps/icu-units.csv");
const AT: &str = "2026-03-14T08:00:00Z";

/// Words that UCUM takes for kelvin, meter, newton per ampere, exa and mega; with a unit of what UCUM would read.
const WRONG_BUT_VALID: [(&str, &str); 5] =
    [("K/uL", "K/L"), ("m/uL", "m/L"), ("N/A", "N/A"), ("EU/dL", "U/L"), ("uU/ML", "U/L")];

/// A line of the table of lab items: its number, unit words, LOINC code and how many results there were.
struct Item {
    id: String,
    units: String,
    loinc: String,
    results: u64,
}

fn rows(file: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(file).expect("a readable table");
    let rows = csv::rows(&text);
    let (head, rows) = rows.split_first().expect("a first line");
    let of = |row: &Vec<csv::Cell>| head.iter().zip(row).map(|(h, c)| (h.text.clone(), c.text.clone())).collect();
    rows.iter().map(of).collect()
}

fn items(folder: &Path) -> Vec<Item> {
    let item = |r: BTreeMap<String, String>| Item {
        id: r["itemid (omop_source_code)"].clone(),
        units: r["valueuom"].clone(),
        loinc: r["omop_concept_code"].clone(),
        results: r["labevents_row_count"].parse().unwrap_or(0),
    };
    rows(&folder.join("d_labitems_to_loinc.csv")).into_iter().map(item).collect()
}

/// The table as a map file.
fn codes(items: &[Item]) -> String {
    let mut text = csv::line(["kind", "system", "code", "means"]);
    for item in items.iter().filter(|i| !i.loinc.is_empty()) {
        text += &csv::line(["code", LABS, &item.id, &format!("loinc|{}", item.loinc)]);
    }
    text
}

fn terms(files: &[(&str, &str)]) -> Terms {
    let (all, mistakes) = ward(files);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    all.of("ward").clone()
}

/// Per mille of the results whose every unit word the map knows; of those that have a unit.
fn understood(items: &[Item], terms: &Terms) -> u64 {
    let with: Vec<&Item> = items.iter().filter(|i| !i.units.is_empty()).collect();
    let known = with.iter().filter(|i| i.units.split('|').all(|word| terms.units.contains_key(word)));
    known.map(|i| i.results).sum::<u64>() * 1000 / with.iter().map(|i| i.results).sum::<u64>()
}

#[test]
fn a_real_table_is_a_map_and_reads_most_of_what_arrives() {
    let Some(folder) = shared("material/mimic-local-codes") else { return };
    let items = items(&folder);
    let table = codes(&items);
    let plain = terms(&[("icu.csv", &table)]);
    assert_eq!((items.len(), plain.codes.len()), (1630, 1400), "every line with a code is in the map, and none else");
    let platelets = &plain.codes[&Coding::new(LABS, "51265")];
    assert_eq!(platelets, &[Coding::new("http://loinc.org", "777-3")]);
    let all: u64 = items.iter().map(|i| i.results).sum();
    let mapped: u64 =
        items.iter().filter(|i| plain.codes.contains_key(&Coding::new(LABS, &i.id))).map(|i| i.results).sum();
    assert_eq!((all, mapped * 1000 / all), (123_616_701, 946), "of a thousand results, so many have a mapped code");
    // What is safe everywhere reads most units; what the hospital says of its own words, nearly all.
    let own = terms(&[("icu.csv", &table), ("ward/units.csv", UNITS)]);
    assert_eq!((understood(&items, &plain), understood(&items, &own)), (742, 885));
}

#[test]
fn the_tables_of_charts_and_infusions_are_maps_too() {
    let Some(folder) = shared("material/mimic-local-codes") else { return };
    let mut text = csv::line(["kind", "system", "code", "means"]);
    let mut drugs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows(&folder.join("inputevents_to_rxnorm.csv")) {
        let item = row["itemid (omop_source_code)"].clone();
        drugs.entry(item).or_default().insert(format!("rxnorm|{}", row["omop_concept_code"]));
    }
    // What the table says differently by how a drug is ordered is not one meaning.
    let (one, many): (Vec<_>, Vec<_>) = drugs.iter().partition(|(_, means)| means.len() == 1);
    for (item, means) in &one {
        means.iter().for_each(|means| text += &csv::line(["code", "urn:icu:inputs", item, means]));
    }
    let mut charts = 0;
    for row in rows(&folder.join("chartevents_to_loinc.csv")) {
        // A close match does not say the same of a person.
        let (Some("skos:exactMatch"), Some(code)) =
            (row.get("predicate_id").map(String::as_str), row["object_id"].strip_prefix("loinc:"))
        else {
            continue;
        };
        charts += 1;
        text += &csv::line(["code", "urn:icu:charts", &row["subject_id"], &format!("loinc|{code}")]);
    }
    let terms = terms(&[("icu.csv", &text)]);
    assert_eq!((terms.codes.len() - charts, one.len(), many.len(), charts), (159, 159, 15, 34));
    let norepinephrine = &terms.codes[&Coding::new("urn:icu:inputs", "221906")];
    assert_eq!(norepinephrine, &[Coding::new("http://www.nlm.nih.gov/research/umls/rxnorm", "1745276")]);
}

/// The number that a variable of this unit reads of 2 of that unit, or why it reads none.
fn read(world: &World, name: &str, unit: ReceivedUnit) -> Result<Interval, Reason> {
    let readings = world.readings(&[fact(name, quantity("2", unit), AT)]);
    let place = world.trial.variables.iter().position(|v| v.name == name).expect("a variable");
    let series = &readings.series[place];
    match (series.readings.first(), series.left_out.first()) {
        (Some(reading), None) => match &reading.value {
            Value::Number(n) => Ok(n.clone()),
            other => panic!("{name}: {other:?}"),
        },
        (None, Some(left_out)) => Err(left_out.reason),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn what_ucum_reads_as_another_thing_never_becomes_a_number() {
    let variables: String =
        WRONG_BUT_VALID.iter().enumerate().map(|(n, (_, unit))| number(&format!("v{n}"), unit)).collect();
    let world = world(&variables);
    for (n, (word, _)) in WRONG_BUT_VALID.iter().enumerate() {
        for unit in [ReceivedUnit::Word((*word).into()), ReceivedUnit::Ucum((*word).into())] {
            let name = format!("v{n}");
            assert_eq!(read(&world, &name, unit.clone()), Err(Reason::UnitNotConvertible), "{unit:?}");
        }
    }
}

#[test]
fn of_all_the_unit_words_of_a_hospital_only_those_in_a_map_become_numbers() {
    let Some(folder) = shared("material/mimic-local-codes") else { return };
    let file = std::fs::File::open(folder.join("CodeSystem-mimic-units.json.gz")).expect("there");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("unpacked");
    let system: Json = serde_json::from_str(&text).expect("JSON");
    let words: Vec<&str> =
        system["concept"].as_array().expect("concepts").iter().filter_map(|c| c["code"].as_str()).collect();
    assert_eq!(words.len(), 505);
    // A variable of each kind of quantity: were a word read as UCUM, one of them would take it.
    let kinds = [
        "10*9/L", "g/L", "mol/L", "[iU]/L", "U/L", "mm/h", "g/(24.h)", "%", "mm[Hg]", "K/L", "m/L", "N/A", "g", "L",
        "L/s", "g/s", "m", "s", "Cel", "/L", "/s", "U", "Hz", "C", "J", "g/(kg.s)", "m2", "L/m2", "V", "A", "u",
        "L/kg",
    ];
    let variables: String = kinds.iter().enumerate().map(|(n, unit)| number(&format!("v{n}"), unit)).collect();
    let (world, shared) = (world(&variables), terms(&[]));
    let mut taken = 0;
    for word in words {
        let any = (0..kinds.len()).any(|n| read(&world, &format!("v{n}"), ReceivedUnit::Word(word.into())).is_ok());
        assert!(!any || shared.units.contains_key(word), "`{word}` is in no map and became a number");
        taken += usize::from(any);
    }
    assert_eq!(taken, 56, "words of the map that is safe everywhere");
}

#[test]
fn a_declared_repair_reads_a_word_and_a_code_of_its_source() {
    let site = "[units]\n\"K/mm3\" = \"10*3/mm3\"\n\"K/uL\" = \"10*3/uL\"\n";
    let (declared, silent) = (world_with(&number("plt", "10*9/L"), site), world(&number("plt", "10*9/L")));
    for word in ["K/mm3", "K/uL"] {
        for unit in [ReceivedUnit::Word(word.into()), ReceivedUnit::Ucum(word.into())] {
            assert_eq!(read(&declared, "plt", unit.clone()), Ok(Interval::exact(Number::from(2))), "{unit:?}");
            assert_eq!(read(&silent, "plt", unit.clone()), Err(Reason::UnitNotConvertible), "{unit:?}");
        }
    }
}
