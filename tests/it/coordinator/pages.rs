//! What the pages show and to whom: rights, purposes, people in no list, blinding, hostile words.

use super::house::*;
use crate::place::{Place, on_both};
use serde_json::{Value, json};
use trialgate::model::purpose::Purpose;
use trialgate::model::standing::Role;
use trialgate::model::time::Instant;
use trialgate::store::AuditTail;

on_both!(
    the_objected_dead_hidden_and_inactive_are_in_no_list_and_have_no_page,
    the_person_page_says_what_the_verdict_rests_on,
    the_list_is_filtered_sorted_and_paged_by_plain_links,
);

fn observation(id: &str, patient: &str, code: &str, value: Value) -> Value {
    let mut resource = json!({ "resourceType": "Observation", "id": id, "status": "final", "subject": { "reference": format!("Patient/{patient}") },
        "effectiveDateTime": "2026-03-14", "code": { "coding": [{ "system": "http://loinc.org", "code": code }] } });
    for (name, value) in value.as_object().into_iter().flatten() {
        resource[name] = value.clone();
    }
    resource
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_sees_what_it_may_and_nothing_else() {
    let house = open(Plan::default()).await;
    let person = house.case("C07").await;
    let (list, trial) = ("/".to_owned(), format!("/trials/{TRIAL}"));
    let one = format!("/trials/{TRIAL}/persons/{person}");
    // Role, and for each page its status; whether persons are shown, whether by the hospital's name.
    let table = [
        (Some(Role::Coordinator), [200, 200, 200], true, true),
        (Some(Role::Investigator), [200, 200, 200], true, true),
        (Some(Role::DataManager), [200, 200, 200], true, false),
        (Some(Role::Monitor), [200, 200, 200], true, false),
        (Some(Role::Inspector), [200, 200, 200], true, false),
        (Some(Role::Unblinded), [200, 200, 200], true, false),
        (Some(Role::Integration), [200, 200, 404], false, false),
        (None, [200, 404, 404], false, false),
    ];
    for (i, (role, statuses, listed, named)) in table.into_iter().enumerate() {
        let name = format!("user{i}");
        house.account(&name, role.as_slice()).await;
        let mut visitor = house.signed_in(&name).await;
        let mut all = String::new();
        for (path, status) in [&list, &trial, &one].into_iter().zip(statuses) {
            let answer = house.page(&mut visitor, path).await;
            assert_eq!(answer.status, status, "{role:?} {path}");
            all.push_str(&answer.text);
        }
        assert_eq!(all.contains(&person.to_string()), listed, "{role:?}");
        assert_eq!(all.contains("main/C07"), named, "{role:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_is_for_its_trial_site_and_time_and_needs_the_sites_ground() {
    let house = open(Plan::default()).await;
    let person = house.case("C07").await;
    let one = format!("/trials/{TRIAL}/persons/{person}");
    house.account("kim", &[]).await;
    house.right("kim", Role::Coordinator, "NCT99999999", "NJ", None).await;
    house.right("kim", Role::Coordinator, TRIAL, "elsewhere", None).await;
    house.right("kim", Role::Inspector, TRIAL, "NJ", Some(NOW.plus_us(1000))).await;
    let mut kim = house.signed_in("kim").await;
    assert_eq!(house.page(&mut kim, &one).await.status, 200, "an inspector, for a time");
    house.clock.set(NOW.plus_us(1000));
    let gone = house.page(&mut kim, &one).await;
    let nothing = house.page(&mut kim, &format!("/trials/{TRIAL}/persons/{}", "0".repeat(32))).await;
    let nowhere = house.page(&mut kim, "/trials/NCT99999999").await;
    assert_eq!((gone.status, nothing.status, nowhere.status), (404, 404, 404));
    let plain = |a: &Answer| a.text.clone();
    assert_eq!(plain(&gone), plain(&nothing), "what one may not see looks like what is not there");
    assert_eq!(plain(&gone), plain(&nowhere));

    let house = open(Plan { purposes: vec![Purpose::Count], ..Plan::default() }).await;
    let person = house.case("C07").await;
    house.account("lee", &[Role::Coordinator]).await;
    let mut lee = house.signed_in("lee").await;
    let list = house.page(&mut lee, "/").await;
    assert!(list.text.contains("no ground for “list”") && !list.text.contains(&person.to_string()), "{}", list.text);
    assert_eq!(house.page(&mut lee, &format!("/trials/{TRIAL}/persons/{person}")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_list_sees_no_small_number() {
    let house = open(Plan::default()).await;
    for case in ["C01", "C06", "C07", "C09", "C12"] {
        house.case(case).await;
    }
    house.account("machine", &[Role::Integration]).await;
    house.account("lee", &[Role::Coordinator]).await;
    let path = format!("/trials/{TRIAL}");
    let (mut machine, mut lee) = (house.signed_in("machine").await, house.signed_in("lee").await);
    let (few, all) = (house.page(&mut machine, &path).await.text, house.page(&mut lee, &path).await.text);
    assert!(few.contains("withheld") && !few.contains("eligible, "), "{few}");
    let cells = |page: &str| -> Vec<String> {
        let inside = page
            .split("aria-labelledby=\"attrition\"")
            .nth(1)
            .and_then(|r| r.split("</section>").next())
            .expect("a section");
        inside.split("role=\"cell\"").skip(1).map(|cell| cell.chars().filter(char::is_ascii_digit).collect()).collect()
    };
    let shown = |text: &str| text.split("</td>").next().unwrap_or_default().to_owned();
    let few_cells: Vec<String> = few.split("role=\"cell\"").skip(1).map(shown).collect();
    assert!(
        few_cells.iter().all(|c| !c.contains(">1<")
            && !c.contains(">2<")
            && !c.contains(">3<")
            && !c.contains(">4<")
            && !c.contains(">5<")),
        "{few_cells:?}"
    );
    assert!(
        !all.contains("withheld") && cells(&all).iter().any(|c| c.starts_with('5') || c.contains('5')),
        "exact for who may list"
    );
}

async fn the_objected_dead_hidden_and_inactive_are_in_no_list_and_have_no_page(place: Place) {
    let house = open(Plan { place, ..Plan::default() }).await;
    house.account("lee", &[Role::Coordinator]).await;
    let mut lee = house.signed_in("lee").await;
    let mut persons = Vec::new();
    for case in ["C01", "C04", "C07", "C13"] {
        persons.push((case, house.case(case).await));
    }
    let patient = |id: &str, more: Value| {
        let mut p = json!({ "resourceType": "Patient", "id": id, "birthDate": "1981-01-20", "gender": "female" });
        more.as_object().into_iter().flatten().for_each(|(n, v)| p[n] = v.clone());
        p
    };
    let before = house.page(&mut lee, "/").await.text;
    persons.iter().for_each(|(case, person)| assert!(before.contains(&person.to_string()), "{case}"));
    let signer = trialgate::flow::people::Signer { name: "lee".into(), role: Role::Coordinator };
    let object = trialgate::decide::Act::Object;
    trialgate::flow::people::act_on(&house.desk, persons[0].1, TRIAL, &object, &signer).await.expect("objected");
    house.put(&patient("C04", json!({ "deceasedDateTime": "2026-03-14" }))).await;
    house.put(&patient("C07", json!({ "meta": { "security": [{ "code": "R" }] } }))).await;
    house.put(&patient("C13", json!({ "active": false }))).await;
    // Even before anybody assessed anew.
    for assessed in [false, true] {
        if assessed {
            house.settle().await;
        }
        let list = house.page(&mut lee, "/").await.text;
        for (case, person) in &persons {
            assert!(
                !list.contains(&person.to_string()) && !list.contains(&format!("main/{case}")),
                "{case}, {assessed}"
            );
            assert_eq!(house.page(&mut lee, &format!("/trials/{TRIAL}/persons/{person}")).await.status, 404, "{case}");
        }
    }
    let list = house.page(&mut lee, "/").await.text;
    for words in ["1 objected", "1 deceased", "restricted or inactive record"] {
        assert!(list.contains(words), "{words} is said: {list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_look_is_an_audit_row_with_its_purpose() {
    let house = open(Plan::default()).await;
    let person = house.case("C07").await;
    house.account("lee", &[Role::Coordinator]).await;
    house.account("mona", &[Role::Monitor]).await;
    let (mut lee, mut mona) = (house.signed_in("lee").await, house.signed_in("mona").await);
    let one = format!("/trials/{TRIAL}/persons/{person}");
    for visitor in [&mut lee, &mut mona] {
        for path in ["/", &format!("/trials/{TRIAL}"), &one] {
            house.page(visitor, path).await;
        }
    }
    let rows = house.desk.store().read(AuditTail { count: 100 }).await.expect("rows");
    let mut told: Vec<_> = rows
        .iter()
        .filter(|r| r.action == "page")
        .map(|r| (r.actor.as_str(), r.purpose.as_str(), r.person.is_some()))
        .collect();
    told.sort_unstable();
    let expected = [
        ("lee", "count", false),
        ("lee", "name", false),
        ("lee", "name", true),
        ("mona", "count", false),
        ("mona", "list", false),
        ("mona", "list", true),
    ];
    assert_eq!(told, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_words_are_shown_as_words() {
    let house = open(Plan::default()).await;
    house.account("lee", &[Role::Coordinator]).await;
    house.case("C07").await;
    let nasty = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'&";
    house.put(&observation("x1", "C07", "2106-3", json!({ "valueString": nasty }))).await;
    let quantity = json!({ "valueQuantity": { "value": 9.8, "unit": nasty, "system": "http://unitsofmeasure.org", "code": nasty } });
    house.put(&observation("x2", "C07", "718-7", quantity)).await;
    let coded = json!({ "valueCodeableConcept": { "text": nasty, "coding": [{ "system": "urn:\"><script>", "code": nasty }] } });
    house.put(&observation("x3", "C07", "56888-1", coded)).await;
    house.settle().await;
    let person = house.person("C07").await;
    let mut lee = house.signed_in("lee").await;
    let mut seen = 0;
    let address = |value: &str| trialgate::flow::query::encode(value);
    for path in [
        format!("/trials/{TRIAL}/persons/{person}"),
        format!("/?needs={}&status={}&page={}", address(nasty), address(nasty), address(nasty)),
        format!("/?lang={}&trial={TRIAL}&x={}", address(nasty), address(nasty)),
        format!("/sign-in?next={}", address(nasty)),
    ] {
        let text = house.page(&mut lee, &path).await.text;
        assert!(!text.contains("<script") && !text.contains("<img") && !text.contains("'&\""), "{path}: {text}");
        seen += text.matches("&lt;script&gt;").count();
    }
    assert!(seen >= 3, "the words themselves are shown, {seen} times");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_definition_hides_is_seen_by_the_unblinded_alone() {
    let house = open(Plan { hidden: r#"["hb", "study_drug"]"#, ..Plan::default() }).await;
    let person = house.case("C13").await;
    house.account("mona", &[Role::Monitor]).await;
    house.account("una", &[Role::Unblinded]).await;
    let path = format!("/trials/{TRIAL}/persons/{person}");
    let (mut mona, mut una) = (house.signed_in("mona").await, house.signed_in("una").await);
    let (blinded, open) = (house.page(&mut mona, &path).await.text, house.page(&mut una, &path).await.text);
    assert!(open.contains("Hemoglobin in blood") && !open.contains("blinded"), "the unblinded sees it");
    for word in ["Hemoglobin in blood", "C13-hb", "9.8 g/dL", "98 g/L"] {
        assert!(!blinded.contains(word), "{word}");
    }
    assert!(blinded.contains("blinded"), "and that something is hidden is said");
    assert!(blinded.contains("plus ESR &gt;25 mm/first h and/or Hb &lt;11 g/dL"), "the protocol's words are no secret");
}

async fn the_person_page_says_what_the_verdict_rests_on(place: Place) {
    let house = open(Plan { place, ..Plan::default() }).await;
    house.account("lee", &[Role::Coordinator]).await;
    let mut lee = house.signed_in("lee").await;
    let person = house.case("C12").await;
    let quantity = |value: i64| json!({ "valueQuantity": { "value": value, "unit": "g/L", "system": "http://unitsofmeasure.org", "code": "g/L" } });
    for (at, status, value) in [(1, "final", 24), (2, "corrected", 42)] {
        house.clock.set(NOW.plus_us(at * 60_000_000));
        let mut albumin = observation("C12-albumin", "C12", "1751-7", quantity(value));
        albumin["status"] = json!(status);
        house.put(&albumin).await;
        house.settle().await;
    }
    let text = house.page(&mut lee, &format!("/trials/{TRIAL}/persons/{person}")).await.text;
    for words in [
        "digestive tract involvement: with serum albumin ,25 g/L",
        "Serum albumin &lt; 25 g/L",
        "42 g/L",
        "corrected",
        "Observation/C12-albumin/_history/2",
        "I4 &lt; 25",
        "Kept out by I3, I4, I5",
        "How the inclusions combine",
        "presumed",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let history = text.split("id=\"history\"").nth(1).and_then(|r| r.split("</section>").next()).expect("a history");
    assert!(history.contains("Undetermined") && history.contains("Ineligible"), "{history}");
    assert!(history.contains("24 g/L") && history.contains("No longer used"), "what flipped it: {history}");
}

async fn the_list_is_filtered_sorted_and_paged_by_plain_links(place: Place) {
    let house = open(Plan { place, ..Plan::default() }).await;
    house.account("lee", &[Role::Coordinator]).await;
    let mut lee = house.signed_in("lee").await;
    for case in ["C01", "C06", "C09", "C12"] {
        house.case(case).await;
    }
    let shown = |text: &str| -> Vec<String> {
        let at = text.split("main/").skip(1);
        at.map(|r| r.chars().take_while(char::is_ascii_alphanumeric).collect()).collect()
    };
    for (query, expected) in [
        ("?verdict=eligible", vec!["C01"]),
        ("?verdict=undetermined", vec!["C12"]),
        ("?near=1", vec!["C06", "C09"]),
        ("?needs=ssc_onset&order=tests", vec!["C12"]),
        ("?status=screening", vec![]),
        ("?verdict=nonsense&order=nonsense&page=99", vec!["C01", "C06", "C09", "C12"]),
    ] {
        let text = house.page(&mut lee, &format!("/{query}")).await.text;
        let mut found = shown(&text);
        if query.contains("order=nonsense") {
            assert_eq!(&found[..2], ["C01", "C12"], "what can be done comes first");
        }
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
    for n in 0..26 {
        let id = format!("P{n:02}");
        house.put(&json!({ "resourceType": "Patient", "id": id, "birthDate": "1980-01-01", "gender": "male" })).await;
        let condition = json!({ "resourceType": "Condition", "id": format!("c{n}"), "subject": { "reference": format!("Patient/{id}") }, "recordedDate": "2026-03-01",
            "clinicalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active" }] },
            "verificationStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "confirmed" }] },
            "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "89155008" }] } });
        house.put(&condition).await;
    }
    house.put(&json!({ "resourceType": "Patient", "id": "Q", "birthDate": "1980-01-01" })).await;
    house.settle().await;
    let (first, second) =
        (house.page(&mut lee, "/?order=person").await.text, house.page(&mut lee, "/?order=person&page=2").await.text);
    assert!(first.contains("Showing 1–25 of 30 persons") && second.contains("Showing 26–30 of 30 persons"), "{first}");
    let mut all = [shown(&first), shown(&second)].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 30, "each once");
    assert!(first.contains("1 not looked at: never seen"), "who is not listed is said: {first}");
    assert!(first.contains("href=\"/?trial=NCT00962923&amp;order=person&amp;page=2\""), "a plain link");
}

#[test]
fn a_moment_is_not_ambiguous() {
    // The one day on which ISO order and others differ most.
    let zone = trialgate::model::time::Zone::named("Asia/Shanghai").expect("a zone");
    assert_eq!(zone.show(Instant(NOW.0)), "2026-03-15T08:00:00+08:00");
}
