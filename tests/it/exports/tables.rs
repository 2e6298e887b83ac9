//! The tables themselves.

use super::*;
use crate::place::on_both;
use std::collections::BTreeSet;
use trialgate::decide::Act;
use trialgate::flow::library::Library;
use trialgate::flow::people::{self, Signer};
use trialgate::model::standing::{Collection, Role};
use trialgate::publish::blinding::{Blinding, Open};
use trialgate::publish::export::define::{About, define};
use trialgate::store::ReadResource;

on_both!(
    the_same_data_is_the_same_bytes,
    a_line_holds_what_was_measured_and_where_it_came_from,
    a_correction_changes_exactly_the_lines_that_lean_on_it,
    a_past_moment_is_told_as_it_was_known,
    nothing_that_names_anybody_is_in_it,
    who_never_consented_stands_in_counts,
    what_is_hidden_is_in_no_column,
    a_person_has_one_line_of_what_they_began_with_and_what_became_of_them,
    nothing_after_the_end_of_collection_is_in_it,
    the_order_of_arrival_does_not_matter
);

const FORMATS: [Format; 4] = [Format::Csv, Format::Wide, Format::Ndjson, Format::DatasetJson];

async fn the_same_data_is_the_same_bytes(place: Place) {
    let town = followed(place, "").await;
    for dataset in DATASETS {
        for format in FORMATS {
            if format == Format::Wide && dataset != Dataset::Outcomes {
                continue;
            }
            let ask = request(dataset, format);
            let (first, said) = made(&town, &ask).await;
            let (again, said_again) = made(&town, &ask).await;
            assert!(first.len() > 100, "{ask:?}: {first}");
            assert_eq!((&first, &said), (&again, &Exported { known: said.known, ..said_again }), "{ask:?}");
            // Some time on, in which nothing came, nothing that is written has changed.
            let before = town.clock.now();
            town.clock.set(before.plus_us(60_000_000));
            assert_eq!(made(&town, &ask).await.0, first, "{ask:?}");
            town.clock.set(before);
        }
    }
}

async fn a_line_holds_what_was_measured_and_where_it_came_from(place: Place) {
    let town = followed(place, "").await;
    let ask = Request { identified: true, ..request(Dataset::Outcomes, Format::Ndjson) };
    let all = lines(&town, &ask).await;
    let one = |outcome: &str, visit: &str| {
        let found = |l: &&BTreeMap<String, Value>| {
            l["person"] == "main/patient-two"
                && l["record"] == "visit"
                && l["outcome"] == outcome
                && l["visit"] == visit
        };
        all.iter().find(found).unwrap_or_else(|| panic!("{outcome} {visit}: {all:#?}")).clone()
    };
    let skin = one("skin", "M2");
    let wanted = json!({ "study": "T1", "site": "S", "outcome_kind": "primary", "item": "skin", "visit_number": 2, "visit_target": "2026-05-16",
        "state": "captured", "value": "21", "value_number": 21, "unit": "{score}", "received": "21 {score}", "baseline": "28", "change": "-7",
        "change_number": -7, "percent_change": "-25", "percent_change_number": -25, "provisional": false, "same_day": false,
        "measured": "2026-05-17", "date": "2026-05-17", "study_day": 62, "definition": 1,
        "source": "Observation/patient-two-skin-2026-05-17/_history/1" });
    for (key, value) in wanted.as_object().expect("an object") {
        assert_eq!(skin.get(key), Some(value), "{key} of {skin:#?}");
    }
    let albumin = one("labs", "Baseline");
    assert_eq!((&albumin["value"], &albumin["received"]), (&json!("38.1"), &json!("3.81 g/dL")));
    assert_eq!(albumin["conversion"], "g/dL to g/L: times 10");
    // A quotient whose decimals do not end stands as a fraction, and rounded beside it.
    let third = one("skin", "M1");
    assert_eq!(
        (&third["percent_change"], third["percent_change_number"].to_string()),
        (&json!("-100/7"), "-14.285714285714".into())
    );
    assert_eq!(one("skin", "M6")["state"], "not due");
    let of = |record: &str| {
        all.iter().filter(|l| l["record"] == record && l["person"] == "main/patient-one").collect::<Vec<_>>()
    };
    assert_eq!(of("unscheduled").iter().map(|l| l["measured"].clone()).collect::<Vec<_>>(), [json!("2026-05-01")]);
    assert_eq!(of("event")[0]["state"], "censored");
    let grades: Vec<(Value, Value)> = of("grade").iter().map(|l| (l["value"].clone(), l["grade"].clone())).collect();
    assert_eq!(grades, [("38.1", 0), ("36.1", 0), ("29.5", 2), ("34.9", 1)].map(|(v, g)| (json!(v), json!(g))));
    assert_eq!((&of("dose")[0]["value"], &of("dose")[0]["unit"]), (&json!("60"), &json!("mg")));
    every_number_is_in_its_resource(&town, &all).await;
}

/// What a line says was received stands in the very version that it names.
async fn every_number_is_in_its_resource(town: &Town, all: &[BTreeMap<String, Value>]) {
    let words = |line: &BTreeMap<String, Value>, key: &str| line[key].as_str().expect("words").to_owned();
    let mut seen = 0;
    for line in all.iter().filter(|l| l.contains_key("source") && l["record"] != "event") {
        let (sources, received) = (words(line, "source"), words(line, "received"));
        assert_eq!(sources.split("; ").count(), received.split("; ").count(), "{line:?}");
        for (source, received) in sources.split("; ").zip(received.split("; ")) {
            let [kind, id, _, version] = source.split('/').collect::<Vec<_>>()[..] else { panic!("{source}") };
            let (resource_type, id, version) = (kind.to_owned(), id.to_owned(), version.parse().ok());
            let ask = ReadResource { source: "main".into(), resource_type, id, version };
            let stored = town.desk.store().read(ask).await.expect("read").unwrap_or_else(|| panic!("no {source}"));
            let number = received.split(' ').next().expect("a number");
            let body = String::from_utf8(stored.body).expect("UTF-8");
            assert!(body.contains(&format!("\"value\":{number}")), "{number} is not in {body}");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

async fn a_correction_changes_exactly_the_lines_that_lean_on_it(place: Place) {
    let town = followed(place, "").await;
    let ask = request(Dataset::Outcomes, Format::Csv);
    let (before, _) = made(&town, &ask).await;
    let mut corrected = result("patient-two", "1751-7", "2026-03-10", "3.92", "g/dL");
    corrected["status"] = json!("corrected");
    town.load(&[corrected]).await;
    let (after, _) = made(&town, &ask).await;
    let (then, now): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    assert_eq!(then.len(), now.len());
    let changed: Vec<&str> = then.iter().zip(&now).filter(|(a, b)| a != b).map(|(_, b)| *b).collect();
    // The baseline itself, the six visits beside which it stands, and its grade, which stays what it was.
    let of = |words: &str| changed.iter().filter(|l| l.contains(words)).count();
    assert_eq!((of(",visit,labs,"), of(",grade,albumin_low,")), (7, 1), "{changed:#?}");
    assert_eq!(changed.len(), 8, "{changed:#?}");
    let persons: BTreeSet<&str> = changed.iter().filter_map(|l| l.split(',').nth(2)).collect();
    assert_eq!(persons.len(), 1);
    assert!(changed.iter().any(|l| l.contains("39.2") && l.contains("3.92 g/dL") && l.contains("/_history/2")));
}

async fn a_past_moment_is_told_as_it_was_known(place: Place) {
    let town = followed(place, "").await;
    let now = town.clock.now().to_string();
    let ask = Request { known_at: Some(now), ..request(Dataset::Outcomes, Format::DatasetJson) };
    let screening = Request { dataset: Dataset::Screening, ..ask.clone() };
    let (before, screened) = (made(&town, &ask).await.0, made(&town, &screening).await.0);
    town.clock.set(town.clock.now().plus_us(3_600_000_000));
    town.load(&[result("patient-one", "skin", "2026-06-16", "11", "{score}")]).await;
    let person = town.person("patient-two").await;
    let signer = Signer { name: "Signer".into(), role: Role::Investigator };
    let end =
        |collection| Act::EndStudy { reason: "withdrawal by subject".into(), day: "2026-05-20".into(), collection };
    people::act_on(&town.desk, person, TRIAL, &end(Collection::Stopped), &signer).await.expect("an end");
    assert_ne!(made(&town, &Request { known_at: None, ..ask.clone() }).await.0, before);
    assert_eq!(made(&town, &ask).await.0, before);
    // What was entered in error and taken back since changes nothing of what was known before.
    town.clock.set(town.clock.now().plus_us(3_600_000_000));
    people::act_on(&town.desk, person, TRIAL, &Act::Undo, &signer).await.expect("taken back");
    assert_eq!(made(&town, &ask).await.0, before);
    assert_eq!(made(&town, &screening).await.0, screened);
}

async fn nothing_that_names_anybody_is_in_it(place: Place) {
    let town = followed(place, "").await;
    let mut forbidden: Vec<String> =
        ["Familyname", "Givenname", "MRN-4711", "Doctorname", "patient-", "Signer"].map(Into::into).into();
    for id in ["patient-one", "patient-two", "patient-three"] {
        let person = town.person(id).await;
        forbidden.push(person.to_string());
        for row in town.desk.store().read(trialgate::store::SubjectsOfPerson { person }).await.expect("subjects") {
            forbidden.push(row.subject.id);
        }
    }
    for dataset in DATASETS {
        for format in FORMATS.into_iter().filter(|f| *f != Format::Wide || dataset == Dataset::Outcomes) {
            let (text, said) = made(&town, &request(dataset, format)).await;
            let text = text + &String::from_utf8(said.define).expect("UTF-8");
            for word in &forbidden {
                assert!(!text.contains(word.as_str()), "{word} is in {dataset:?} as {format:?}");
            }
        }
    }
    // The ground for `name` is stated here; without it persons are not named to anybody.
    let named = made(&town, &Request { identified: true, ..request(Dataset::Outcomes, Format::Csv) }).await.0;
    assert!(named.contains("main/patient-one"));
}

async fn who_never_consented_stands_in_counts(place: Place) {
    let town = followed(place, "").await;
    let person = town.person("patient-five").await;
    let signer = Signer { name: "Signer".into(), role: Role::Coordinator };
    people::act_on(&town.desk, person, TRIAL, &Act::Object, &signer).await.expect("an objection");
    let screening = lines(&town, &request(Dataset::Screening, Format::Ndjson)).await;
    let persons: Vec<_> = screening.iter().filter(|l| l["record"] == "person").collect();
    assert_eq!(persons.len(), 3);
    assert!(
        persons
            .iter()
            .all(|l| l["phase"] == "enrolment" && l["result"] == "registered" && l["consented"] == "2026-03-14")
    );
    let counts: Vec<_> = screening.iter().filter(|l| l["record"] == "count").collect();
    assert!(
        !counts.is_empty() && counts.iter().all(|l| l["persons"] == "withheld" && !l.contains_key("person")),
        "{counts:?}"
    );
    let subjects = lines(&town, &request(Dataset::Subjects, Format::Ndjson)).await;
    let terms: Vec<&Value> =
        subjects.iter().filter(|l| l["person"] == subjects[0]["person"]).map(|l| &l["term"]).collect();
    assert_eq!(terms, ["INFORMED CONSENT OBTAINED", "ELIGIBILITY CRITERIA MET", "ENTERED INTO TRIAL"]);
    let outcomes = lines(&town, &request(Dataset::Outcomes, Format::Ndjson)).await;
    let whose: BTreeSet<&str> = outcomes.iter().filter_map(|l| l["person"].as_str()).collect();
    assert_eq!(whose.len(), 3);
}

async fn what_is_hidden_is_in_no_column(place: Place) {
    let town = followed(place, "\"albumin\", \"study_drug\"").await;
    let open = Request { unblinded: true, ..request(Dataset::Outcomes, Format::Csv) };
    let of = |format| request(Dataset::Outcomes, format);
    let seen = made(&town, &open).await.0;
    assert!(seen.contains(",labs,") && seen.contains(",dose,"));
    for format in FORMATS {
        let (text, said) = made(&town, &of(format)).await;
        let text = text + &String::from_utf8(said.define).expect("UTF-8");
        for word in ["albumin", "Albumin", "36.1", "60 mg", "exposure"] {
            assert!(!text.contains(word), "{word} is in {format:?}");
        }
        assert!(text.contains("skin"));
    }
}

async fn a_person_has_one_line_of_what_they_began_with_and_what_became_of_them(place: Place) {
    let town = followed(place, "").await;
    let persons = lines(&town, &request(Dataset::Persons, Format::Ndjson)).await;
    let outcomes = lines(&town, &request(Dataset::Outcomes, Format::Ndjson)).await;
    assert_eq!(persons.len(), 3);
    for person in &persons {
        let own = || outcomes.iter().filter(|l| l["person"] == person["person"]);
        let visits = |item: &'static str| own().filter(move |l| l["record"] == "visit" && l["item"] == item);
        let baseline = visits("albumin").find(|l| l["visit_number"] == 0).expect("a line");
        assert_eq!(person.get("labs.albumin.baseline"), baseline.get("value"));
        let responded = visits("response").filter(|l| l["visit_number"] != 0);
        let held: Vec<_> = responded.filter(|l| l.get("value") == Some(&json!("true"))).collect();
        assert_eq!(person.get("response.first"), held.first().map(|l| &l["visit"]));
        assert_eq!(person.get("response.ever") == Some(&json!("true")), !held.is_empty());
        let event = own().find(|l| l["record"] == "event").expect("a line");
        assert_eq!(person.get("survival.state"), event.get("state"));
        assert_eq!(person["survival.days"].to_string(), event["value_number"].to_string().replace('"', ""));
        assert!(!person.contains_key("skin.ever"), "a number is no truth");
    }
    let held = persons.iter().filter(|p| p.contains_key("response.first")).count();
    assert!(persons.iter().any(|p| p.contains_key("labs.albumin.baseline")) && held > 0, "{persons:#?}");
    let town = followed(Place::file(), "\"albumin\"").await;
    let told = made(&town, &request(Dataset::Persons, Format::Csv)).await.0;
    assert!(told.contains("skin.baseline") && !told.contains("albumin"), "{told}");
}

#[test]
fn of_a_list_that_is_shown_in_part_the_rest_is_not_named() {
    let more = "[[outcomes]]\nid = \"halves\"\nkind = \"other\"\nvalue = [\"half_skin\", \"half_albumin\"]\nvisits = \"monthly\"\n\
        [variables.half_skin]\nunit = \"{score}\"\nderive = \"skin / 2\"\n\
        [variables.half_albumin]\nunit = \"g/L\"\nderive = \"albumin / 2\"\n";
    let mut profiles = profiles("");
    profiles.0.insert(format!("trials/{TRIAL}/trial.toml"), definition(1, "\"albumin\"") + more);
    let library = Library::load(&profiles).unwrap_or_else(|m| panic!("{m:?}"));
    let about = |unblinded: bool| {
        let trial = &library.trials[0].trial;
        let open = Open::to(&Blinding::of(trial, unblinded), trial);
        let about = About {
            name: "OUTCOMES",
            label: "Outcomes",
            trials: &[(trial, &open)],
            as_of: None,
            known_at: None,
            apart: &[],
            persons: "pseudonyms",
        };
        String::from_utf8(define(&about, &[])).expect("UTF-8")
    };
    assert!(about(true).contains("half_albumin"));
    let told = about(false);
    assert!(told.contains("half_skin") && !told.contains("albumin"), "{told}");
}

async fn nothing_after_the_end_of_collection_is_in_it(place: Place) {
    let town = followed(place, "").await;
    let person = town.person("patient-two").await;
    let signer = Signer { name: "Signer".into(), role: Role::Investigator };
    let end = Act::EndStudy {
        reason: "withdrawal by subject".into(),
        day: "2026-05-20".into(),
        collection: Collection::Stopped,
    };
    people::act_on(&town.desk, person, TRIAL, &end, &signer).await.expect("an end");
    let ask = Request { identified: true, ..request(Dataset::Outcomes, Format::Ndjson) };
    let own = lines(&town, &ask).await.into_iter().filter(|l| l["person"] == "main/patient-two").collect::<Vec<_>>();
    assert!(own.iter().any(|l| l.get("date") == Some(&json!("2026-05-17"))));
    assert!(own.iter().filter_map(|l| l.get("date")?.as_str()).all(|date| date <= "2026-05-20"), "{own:#?}");
    assert!(own.iter().any(|l| l.get("state") == Some(&json!("ended"))));
    let subjects = lines(&town, &Request { dataset: Dataset::Subjects, ..ask }).await;
    let last = subjects.iter().rfind(|l| l["person"] == "main/patient-two").expect("a line");
    assert_eq!((&last["term"], &last["date"]), (&json!("WITHDRAWAL BY SUBJECT"), &json!("2026-05-20")));
}

async fn the_order_of_arrival_does_not_matter(place: Place) {
    let (town, other) = (town(place.another(), ""), town(place, ""));
    registered(&town, "p").await;
    registered(&other, "p").await;
    let mut all = vec![
        result("p", "skin", "2026-04-17", "24", "{score}"),
        result("p", "skin", "2026-05-15", "20", "{score}"),
        result("p", "1751-7", "2026-04-17", "35", "g/L"),
    ];
    town.load(&all).await;
    all.reverse();
    other.load(&all).await;
    let ask = Request { identified: true, ..request(Dataset::Outcomes, Format::Csv) };
    let until = |town: &Town| town.clock.set(at("2026-07-20"));
    until(&town);
    until(&other);
    assert_eq!(made(&town, &ask).await.0, made(&other, &ask).await.0);
}
