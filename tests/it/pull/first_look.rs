//! `source probe` and `target probe`: what each vendor's server is seen to offer, what samples come to, and that nothing is kept.

use super::hospital::Manner;
use super::vendors::Vendor;
use super::*;
use crate::place::on_both;
use std::process::Output;
use trialgate::flow::library::Library;
use trialgate::flow::probe::{Asked, Probed, SAMPLES_MAX, probe};
use trialgate::flow::profiles::Profiles;
use trialgate::store::{AsideList, UsageList};

/// Nobody's id may be told, nor a name.
const PLANTED: &str = "planted-4711";

on_both!(a_first_look_keeps_nothing_and_says_what_each_vendor_lacks,);

fn observation(id: &str, code: Value, when: Value, unit: Value) -> Value {
    let mut all = result(id, PLANTED, 12);
    all["code"] = json!({ "coding": [code] });
    all["valueQuantity"] = unit;
    match when {
        Value::Null => drop(all.as_object_mut().expect("an object").remove("effectiveDateTime")),
        when => all["effectiveDateTime"] = when,
    }
    all
}

/// One result that is understood, and one of each kind that is not.
fn fill(hospital: &Hospital) {
    let mut person = patient(PLANTED);
    person["name"] = json!([{ "family": "Planted" }]);
    hospital.keeps(person, CLOCK - 10);
    let loinc = || json!({ "system": "http://loinc.org", "code": "1751-7" });
    let local = || json!({ "system": "https://lab.example/codes", "code": "ALB" });
    let grams = || json!({ "value": 40, "system": "http://unitsofmeasure.org", "code": "g/L" });
    for (id, code, when, unit) in [
        ("o1", loinc(), json!("2026-01-02T08:00:00Z"), grams()),
        ("o2", local(), json!("2026-01-02"), json!({ "value": 4, "unit": "wibbles" })),
        ("o3", loinc(), json!("2026-01-02T08:00:00"), grams()),
        ("o4", loinc(), Value::Null, json!({ "value": 41 })),
    ] {
        hospital.keeps(observation(id, code, when, unit), CLOCK - 10);
    }
    let drug = json!({ "coding": [{ "system": "https://pharmacy.example", "code": "X1" }] });
    hospital.keeps(
        json!({ "resourceType": "MedicationAdministration", "id": "m1", "status": "completed", "medicationCodeableConcept": drug,
                "subject": { "reference": format!("Patient/{PLANTED}") }, "effectiveDateTime": "2026-01-02T09:00:00Z" }),
        CLOCK - 10,
    );
}

async fn looked(ward: &Ward, library: &Library, registers: bool) -> Result<Probed, String> {
    let source = ward.gateway.source("ehr").expect("a source");
    let (base, now) = (ward.gateway.base_of(source), ward.gateway.now());
    let asked = Asked { feed: &ward.feed, source, base: &base, registers, library, store: Some(&ward.store), now };
    probe(&asked).await
}

async fn nothing_is_kept(store: &Store) {
    for kind in ResourceType::ALL {
        let walk = Walk::through(Narrow::nothing("ehr", kind), 10);
        assert!(store.read(walk).await.expect("read").resources.is_empty(), "{}", kind.name());
    }
    assert!(store.read(UsageList { source: None }).await.expect("read").is_empty());
    let aside = AsideList { closed: true, count: 10, ..AsideList::default() };
    assert!(store.read(aside).await.expect("read").is_empty());
}

async fn a_first_look_keeps_nothing_and_says_what_each_vendor_lacks(place: Place) {
    let library = Library::load(&Profiles::built_in()).expect("the definitions are right");
    let all = ["Patient", "Observation", "Condition", "MedicationAdministration", "Medication"];
    for (vendor, wanted, refused) in [
        (
            Vendor::Epic,
            &[
                "no Subscription can be made: leave out `hooks.register`; polling alone brings it",
                "`$export` is stated (group): `pull.bulk` would bring the first load",
                "Observation: the server remarks warning suppressed",
            ][..],
            &[][..],
        ),
        (Vendor::Oracle, &["Medication: not stated; leave it out of `kinds`"], &[]),
        (
            Vendor::Meditech,
            &[
                "MedicationAdministration: not stated; leave it out of `kinds`; doses have to come another way",
                "no `$export` is stated: a long history comes by polling, or from files",
            ],
            &["MedicationAdministration: HTTP 404: no OperationOutcome (34 bytes)"],
        ),
    ] {
        let place = place.another();
        let ward = ward(&place, By::Patients, |pull| {
            pull.patients = vec![PLANTED.into()];
            pull.kinds = all.map(str::to_owned).to_vec();
        })
        .await;
        ward.hospital.is_of(vendor);
        fill(&ward.hospital);
        let found = looked(&ward, &library, true).await.expect("it answers");
        for words in wanted {
            assert!(found.remarks.iter().any(|remark| remark == words), "{vendor:?} {words}: {:?}", found.remarks);
        }
        assert_eq!(found.problems, refused, "{vendor:?}");
        // It is read where it is named, so that nobody can search it by patient is no matter.
        let drugs = found.remarks.iter().filter(|remark| remark.starts_with("Medication:")).count();
        assert_eq!(drugs, usize::from(vendor != Vendor::Epic), "{vendor:?} {:?}", found.remarks);
        let results = &found.samples["Observation"];
        assert_eq!((results.read, results.codes, results.units), (4, (2, 1), (2, 1)), "{vendor:?} {results:?}");
        let times = (results.without_time, results.date_only, results.without_zone, results.without_unit);
        assert_eq!(times, (1, 1, 1, 1), "{vendor:?}");
        assert_eq!(results.set_aside.values().sum::<u64>(), 1, "{results:?}");
        let doses = &found.samples["MedicationAdministration"];
        assert_eq!(doses.read, u64::from(vendor != Vendor::Meditech), "{vendor:?} {doses:?}");
        let unmapped: Vec<_> = found.unmapped.iter().map(|row| (&*row.code.code, &*row.unit, row.what())).collect();
        assert!(
            unmapped.contains(&("ALB", "wibbles", "read by no variable, and the unit is not understood")),
            "{unmapped:?}"
        );
        assert_eq!((found.patients, found.clock_ahead), (Some(1), Some(3600)));
        let told = format!("{found:?}").to_lowercase();
        assert!(!told.contains("planted"), "{told}");
        nothing_is_kept(&ward.store).await;
    }
}

#[tokio::test]
async fn a_server_that_is_asked_by_time_is_sampled_as_a_whole_and_no_further_than_the_bound() {
    let library = Library::load(&Profiles::built_in()).expect("the definitions are right");
    let place = Place::file();
    let ward = ward(&place, By::Server, |_| {}).await;
    let kind = |kind: &str| {
        json!({ "type": kind, "interaction": [{ "code": "read" }, { "code": "search-type" }, { "code": "create" }],
        "searchParam": [{ "name": "_lastUpdated" }, { "name": "patient" }] })
    };
    let kinds = ["Patient", "Observation", "Condition", "Subscription"].map(kind);
    let rest = json!([{ "mode": "server", "resource": kinds, "operation": [{ "name": "export" }] }]);
    ward.hospital.states(json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": rest }));
    for n in 0..2 * SAMPLES_MAX {
        ward.hospital.keeps(result(&format!("o{n}"), "p1", 1), CLOCK - 7_200);
    }
    let found = looked(&ward, &library, false).await.expect("it answers");
    assert_eq!(found.samples["Observation"].read, SAMPLES_MAX as u64);
    assert_eq!((found.patients, &found.problems), (None, &Vec::new()));
    let offered = found.offered.expect("a statement");
    assert!(offered.subscriptions.create && offered.exports.contains("system"));
    assert!(found.remarks.iter().any(|r| r.starts_with("Subscriptions can be made")), "{:?}", found.remarks);
    assert_eq!(ward.hospital.asked().len(), 1, "one page of one type");

    ward.hospital.behaves(&[Manner::OutcomeWhenEmpty]);
    (0..2 * SAMPLES_MAX).for_each(|n| ward.hospital.forgets("Observation", &format!("o{n}")));
    let empty = looked(&ward, &library, false).await.expect("it answers");
    assert!(
        empty.remarks.contains(&"Observation: none came; look again at patients who have some".into()),
        "{empty:?}"
    );

    // Asked the wrong way, the server's own refusal is told.
    ward.hospital.behaves(&[Manner::WantsPatient]);
    let refused = looked(&ward, &library, false).await.expect("it answers");
    assert_eq!(refused.problems, ["Observation: HTTP 400: required one of patient, subject or _id is wanted"]);
    nothing_is_kept(&ward.store).await;
}

async fn run(folder: &std::path::Path, settings: &str, arguments: &'static [&'static str]) -> (Option<i32>, String) {
    let path = folder.join("site.toml");
    let store = folder.join("never.db");
    std::fs::write(&path, format!("store = \"sqlite:{}\"\n{settings}", store.display())).expect("written");
    let ended = tokio::task::spawn_blocking(move || {
        crate::program::trialgate().args(arguments).arg("--config").arg(path).output().expect("starts")
    });
    let Output { status, stdout, stderr } = ended.await.expect("ran");
    assert!(!store.exists(), "no store is made by looking");
    (status.code(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
}

#[tokio::test]
async fn the_commands_end_as_promised_and_make_no_store() {
    let folder = crate::program::Folder::new("first-look");
    let hospital = Hospital::open("http://127.0.0.1:9").await;
    hospital.is_of(Vendor::Epic);
    fill(&hospital);
    let settings = |url: &str, patient: &str| {
        format!(
            "[sources.ehr]\nzone = \"UTC\"\n[sources.ehr.pull]\nurl = \"{url}\"\nby = \"patients\"\npatients = [\"{patient}\"]\n\
             kinds = [\"Patient\", \"Observation\"]\n[targets.chart]\nurl = \"{url}\"\nkind = \"chart\"\n"
        )
    };
    let here = settings(&hospital.base(), PLANTED);
    let (code, text) = run(&folder.0, &here, &["source", "probe", "ehr"]).await;
    assert_eq!(code, Some(0), "{text}");
    for words in
        ["ehr: answers; we show who we are by `none`", "security: SMART-on-FHIR", "4  Observation", "in wibbles"]
    {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(!text.to_lowercase().contains("planted"), "{text}");
    let (code, text) = run(&folder.0, &here, &["source", "probe", "ehr", "--json"]).await;
    let found: Value = serde_json::from_str(&text).expect("JSON alone");
    assert_eq!((code, &found["samples"]["Observation"]["read"]), (Some(0), &json!(4)), "{text}");
    assert_eq!(run(&folder.0, &here, &["source", "probe", "lab"]).await.0, Some(2));
    let away = settings("http://127.0.0.1:9/fhir", PLANTED);
    for command in [&["source", "probe", "ehr"][..], &["target", "probe", "chart"]] {
        let (code, text) = run(&folder.0, &away, command).await;
        assert!(code == Some(3) && text.contains("cannot be reached"), "{text}");
    }

    let (code, text) = run(&folder.0, &here, &["target", "probe", "chart"]).await;
    assert!(code == Some(1) && text.contains("takes no ResearchSubject"), "{text}");
    let subject = json!({ "type": "ResearchSubject", "updateCreate": true, "interaction": [{ "code": "update" }] });
    let rest = json!([{ "mode": "server", "resource": [subject] }]);
    hospital.states(json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": rest }));
    let (code, text) = run(&folder.0, &here, &["target", "probe", "chart"]).await;
    assert!(code == Some(0) && text.contains("under an id of ours yes"), "{text}");
    hospital.states(json!({ "resourceType": "OperationOutcome" }));
    let (code, text) = run(&folder.0, &here, &["source", "probe", "ehr"]).await;
    assert!(code == Some(1) && text.contains("is `url` the FHIR base?"), "{text}");
}
