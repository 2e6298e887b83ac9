//! What one message comes to: values, statuses, character sets, faults, and what is set aside.

use super::*;
use crate::place::on_both;
use sha2::{Digest, Sha256};
use trialgate::flow::aside::Replayed;
use trialgate::flow::hl7v2::{Verdict, read_header};
use trialgate::store::{Fate, MessageOf};

on_both!(
    a_message_is_kept_as_received_and_once,
    values_are_as_printed,
    chinese_results_are_read,
    german_results_are_read,
    administrations_are_read,
    rates_are_read_and_amounts_are_never_guessed,
    faults_name_the_field,
    a_message_is_read_again_when_its_cause_is_mended,
    statuses_are_those_of_the_standard,
    a_message_of_no_use_is_counted,
    what_is_set_aside_of_a_message_waits_whatever_was_before,
    reasons_are_bounded_and_counted,
    a_note_behind_a_specimen_is_of_no_result,
    names_of_systems_mean_one_thing,
    components_of_a_mixture_are_told_of,
    a_batch_that_was_set_aside_is_read_again,
    a_result_without_a_status_is_set_aside,
);

async fn a_message_is_kept_as_received_and_once(place: Place) {
    let ward = ward(&place);
    let messages = fixture("result-corrected.hl7");
    ward.takes(&messages).await;
    let found = ward.observations().await;
    assert_eq!(found.len(), 1, "three versions of one result");
    assert_eq!(
        (&found[0]["status"], found[0]["valueQuantity"]["value"].to_string()),
        (&"corrected".into(), "24.9".into())
    );
    for (told, body) in ward.take_all(&messages).await.into_iter().zip(&messages) {
        assert_eq!(
            told.loaded.events.keys().collect::<Vec<_>>(),
            if told.loaded.events.contains_key("late") { ["late"] } else { ["unchanged"] }
        );
        let digest = Sha256::digest(body).into();
        let kept = ward.store.read(MessageOf { source: "lab".into(), digest }).await.expect("read");
        assert_eq!(kept, Some((Fate::Taken, body.clone())));
    }
    assert_eq!(ward.observations().await, found, "the same messages again change nothing");
}

async fn values_are_as_printed(place: Place) {
    let ward = ward(&place);
    let told = ward.take(&fixture("result-types.hl7")[0]).await;
    let aside: Vec<(&str, usize)> = told.aside.iter().map(|f| (f.segment.as_str(), f.nth)).collect();
    assert_eq!((told.verdict, aside), (Verdict::Taken, vec![("OBX", 14), ("OBX", 15), ("OBX", 16)]));
    let asides = ward.asides().await;
    assert_eq!((asides.len(), &asides[0].body), (1, &fixture("result-types.hl7")[0]), "the message whole, and once");
    assert_eq!(asides[0].reason.matches("OBX[").count(), 3, "a file, two values in one result, and `make final`");
    for (code, value) in [
        ("n1", r#"{"value":7.10,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}"#),
        ("n2", r#"{"value":5,"comparator":"<","unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}"#),
        ("s1", r#"{"value":5,"comparator":"<","unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}"#),
        ("s4", r#"{"value":60,"comparator":">=","unit":"mL/min"}"#),
        ("t1", r#"{"value":100,"comparator":">","unit":"mg/L"}"#),
    ] {
        assert!(
            ward.raw(code).await.contains(&format!(r#""valueQuantity":{value}"#)),
            "{code}: {}",
            ward.raw(code).await
        );
    }
    for (code, place, value) in [
        ("s2", "/valueRange/high/value", Value::from(20)),
        ("s3", "/valueRatio/denominator/value", 160.into()),
        ("t2", "/valueString", r"A & B | C ^ D ~ E \ F".into()),
        ("c1", "/valueCodeableConcept/coding/0/system", "http://snomed.info/sct".into()),
        ("c2", "/valueCodeableConcept/text", "only words".into()),
        ("x1", "/valueString", "first line\nsecond line".into()),
        ("x1", "/note/0/text", "a remark\nof two lines".into()),
        ("x1", "/note/2/text", "repeated".into()),
        ("d1", "/valueDateTime", "2026-03-01".into()),
    ] {
        assert_eq!(ward.result(code).await.pointer(place), Some(&value), "{code}");
    }
    let null = ward.result("n5").await;
    assert!(null.as_object().expect("an object").keys().all(|k| !k.starts_with("value")), "HL7's null is no value");
}

async fn chinese_results_are_read(place: Place) {
    let ward = speaking(&place, "Asia/Shanghai", Dialect { authority: Some("HOSP".into()), ..Dialect::default() });
    for name in ["results-gb18030.hl7", "results-gbk.hl7"] {
        let told = ward.take(&fixture(name)[0]).await;
        assert_eq!((told.verdict, told.aside.len()), (Verdict::Taken, 0), "{told:?}");
    }
    let of = async |code: &str| ward.result(code).await["valueQuantity"].to_string();
    assert_eq!(of("WBC").await, r#"{"unit":"×10^9/L","value":6.2}"#, "a unit that is text stays text");
    assert_eq!(of("PLT").await, r#"{"unit":"10^9/L","value":150}"#);
    assert_eq!(of("CEA").await, r#"{"comparator":"<","unit":"ng/mL","value":5}"#);
    assert_eq!(of("ALB").await, r#"{"unit":"g/L","value":38.5}"#);
    let negative = ward.result("HBSAG").await;
    assert_eq!((&negative["valueString"], &negative["note"][0]["text"]), (&"阴性".into(), &"样本轻度溶血".into()));
    assert_eq!(negative["effectiveDateTime"], "2026-03-15T08:00:00+08:00");
    let range = &ward.result("WBC").await["referenceRange"][0];
    assert_eq!(
        (&range["low"]["value"], &range["high"]["value"], &range["text"]),
        (&3.5.into(), &9.5.into(), &"3.5～9.5".into())
    );
    assert_eq!(negative["subject"]["reference"], "Patient/70001");
}

async fn german_results_are_read(place: Place) {
    let ward = speaking(&place, "Europe/Berlin", Dialect::default());
    let told = ward.take(&fixture("results-8859-1.hl7")[0]).await;
    assert_eq!((told.verdict, told.aside.len()), (Verdict::Taken, 0), "{told:?}");
    assert_eq!(ward.result("FERR").await["valueQuantity"]["unit"], "µg/l");
    assert_eq!(ward.result("TEXT").await["valueString"], "Größe unauffällig\nVerlauf prüfen");
    let range = &ward.result("KREA").await["referenceRange"][0];
    assert_eq!(range, &serde_json::json!({ "text": "0,7-1,2" }), "a comma is no point: nobody guesses");
    assert_eq!(ward.result("KREA").await["effectiveDateTime"], "2026-03-15T08:00:00+01:00");
}

async fn administrations_are_read(place: Place) {
    let ward = ward(&place);
    let told = ward.take_all(&fixture("administrations.hl7")).await;
    assert_eq!(told.iter().map(|t| t.aside.len()).collect::<Vec<_>>(), [1, 0], "an amount per time is set aside");
    let mut all = ward.all(ResourceType::MedicationAdministration).await;
    all.sort_by_key(|a| a["medicationCodeableConcept"]["coding"][0]["code"].to_string());
    assert_eq!(all.len(), 2, "the second message mends what the first one said");
    assert_eq!((&all[0]["status"], &all[0]["dosage"]), (&"not-done".into(), &Value::Null));
    assert_eq!((&all[1]["status"], &all[1]["dosage"]["dose"]["value"]), (&"completed".into(), &7.5.into()));
    assert_eq!(all[1]["effectivePeriod"]["end"], "2026-03-15T10:30:00+00:00");
    assert_eq!(all[1]["dosage"]["route"]["coding"][0]["code"], "IV");
}

async fn rates_are_read_and_amounts_are_never_guessed(place: Place) {
    let ward = ward(&place);
    let told = ward.take(&fixture("rates.hl7")[0]).await;
    assert!(told.words().starts_with("RXA[4]: found a time unit in RXA-12"), "{told:?}");
    let all = ward.all(ResourceType::MedicationAdministration).await;
    let of = |code: &str| all.iter().find(|a| a["medicationCodeableConcept"]["coding"][0]["code"] == code).expect(code);
    let ratio = &of("3002")["dosage"]["rateRatio"];
    assert_eq!((&ratio["numerator"]["value"], &ratio["denominator"]["value"]), (&100.into(), &24.into()));
    assert_eq!(ratio["denominator"]["code"], "h");
    // Two and a half hours of 4 mg/h; a third that never ends, and one without an end, are no amounts.
    let facts = ward.facts("p4").await;
    let given = |code: &str| {
        facts.iter().find(|f| f.contains(&format!("\"{code}\"")) && f.contains("part: 0")).expect(code).clone()
    };
    assert!(given("6851").contains(r#"Exact("10")"#), "{}", given("6851"));
    for code in ["3002", "5640"] {
        assert!(given(code).contains("Boolean(true)"), "{}", given(code));
    }
}

async fn faults_name_the_field(place: Place) {
    let ward = ward(&place);
    let messages = fixture("refused.hl7");
    let told = ward.take_all(&messages).await;
    let found: Vec<(Verdict, Vec<String>)> = told
        .iter()
        .map(|t| (t.verdict, t.faults.iter().map(|f| format!("{}-{} {}", f.segment, f.field, f.code)).collect()))
        .collect();
    let faults = |all: &[&str]| all.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        found,
        [
            (Verdict::Wrong, faults(&["PID-3 101"])),
            (Verdict::Wrong, faults(&["MSH-7 102"])),
            (Verdict::Rejected, faults(&["MSH-11 202"])),
            (Verdict::Rejected, faults(&["MSH-9 200"])),
            (Verdict::NotUsed, faults(&[])),
            (Verdict::Wrong, faults(&["PID-8 103", "PID-7 102"])),
        ]
    );
    let asides = ward.asides().await;
    assert_eq!(asides.len(), 5);
    assert_eq!(asides[0].body, messages[0], "a message that is refused is set aside whole");
    assert_eq!(asides[0].reason, "PID[1]-3: found no patient number; wanted one");
    ward.take_all(&messages).await;
    assert_eq!(ward.asides().await.len(), 5, "sent again it is set aside once");
    let not_bytes = b"MSH|^~\\&|A|B|C|D|20260315||ORU^R01|1|P|2.5||||||8859/99\rPID|1||1";
    assert_eq!(ward.take(not_bytes).await.faults[0].field, 18);
    let broken = b"MSH|^~\\&|A|B|C|D|20260315||ORU^R01|1|P|2.5||||||UNICODE UTF-8\rPID|1||1||\xff";
    assert_eq!(ward.take(broken).await.faults[0].text, "found bytes that are no UTF-8");
    let nothing = ward.take(b"GET / HTTP/1.1").await;
    assert_eq!((nothing.verdict, nothing.header), (Verdict::Rejected, None));
}

async fn a_message_is_read_again_when_its_cause_is_mended(place: Place) {
    let ward = ward(&place);
    let text = "MSH|^~\\&|A|H|T|T|20260301||ADT^A08|1|P|2.5\nPID|1||p1||||19690101|W\nZDS|1";
    assert_eq!(ward.take(&message(text)).await.verdict, Verdict::Wrong);
    let again = ward.gateway.replay(1, &caller()).await.expect("the store answers");
    assert!(matches!(&again, Replayed::Refused(why) if why.starts_with("PID[1]-8: ")), "{again:?}");
    let dialect = Dialect { sexes: [("W".into(), "female".into())].into(), ..(*ward.source.dialect).clone() };
    let half = over(ward.store.clone(), "UTC", dialect.clone());
    let again = half.gateway.replay(1, &caller()).await.expect("the store answers");
    assert!(matches!(&again, Replayed::Refused(why) if why.starts_with("ZDS[1]: ")), "{again:?}");
    let whole = over(ward.store.clone(), "UTC", Dialect { ignore: vec!["ZDS".into()], ..dialect });
    let again = whole.gateway.replay(1, &caller()).await.expect("the store answers");
    assert!(matches!(again, Replayed::Kept("message")), "{again:?}");
    assert_eq!(whole.patient("p1").await.expect("kept")["gender"], "female");
    assert!(whole.asides().await.is_empty(), "nothing waits any more");
}

async fn statuses_are_those_of_the_standard(place: Place) {
    let ward = ward(&place);
    for (n, (sent, wanted)) in [
        ("F", Some("final")),
        ("P", Some("preliminary")),
        ("R", Some("preliminary")),
        ("C", Some("corrected")),
        ("A", Some("amended")),
        ("X", Some("cancelled")),
        ("D", Some("entered-in-error")),
        ("W", Some("entered-in-error")),
        ("I", Some("registered")),
        ("", Some("final")),
        ("N", None),
        ("U", None),
        ("Q", None),
    ]
    .into_iter()
    .enumerate()
    {
        let text = format!(
            "MSH|^~\\&|L|H|T|T|20260315090000+0000||ORU^R01|S{n}|P|2.5.1\nPID|1||p1\nOBR|1||F{n}|G^^L|||20260315||||||||||||||||||F\nOBX|1|NM|c{n}^^L||1|g/L|||||{sent}"
        );
        let told = ward.take(&message(&text)).await;
        match wanted {
            Some(word) => assert_eq!(ward.result(&format!("c{n}")).await["status"], word, "{sent}"),
            None => assert_eq!(told.aside.len(), 1, "{sent}"),
        }
    }
}

async fn a_message_of_no_use_is_counted(place: Place) {
    let ward = ward(&place);
    for event in ["ADT^A02", "ADT^A03", "SIU^S12", "MDM^T02", "DFT^P03"] {
        let text = format!("MSH|^~\\&|L|H|T|T|20260315090000||{event}|1|P|2.5\nPID|1||p1");
        assert_eq!(ward.take(&message(&text)).await.verdict, Verdict::NotUsed, "{event}");
    }
    assert_eq!(ward.gateway.messages.of("lab", "not used"), 5);
    let shown = ward.gateway.messages.text();
    assert!(shown.contains(r#"trialgate_hl7v2_messages_total{source="lab",outcome="not used"} 5"#), "{shown}");
    assert!(ward.asides().await.is_empty());
}

async fn what_is_set_aside_of_a_message_waits_whatever_was_before(place: Place) {
    let text = message("MSH|^~\\&|A|H|T|T|20260301||ADT^A08|1|P|2.5\nPID|1||p1\nZDS|1");
    let silent = ward(&place);
    let dialect = Dialect { ignore: vec!["ZDS".into()], ..(*silent.source.dialect).clone() };
    let told = over(silent.store.clone(), "UTC", dialect.clone());
    told.takes(std::slice::from_ref(&text)).await;
    assert_eq!((silent.take(&text).await.aside.len(), silent.asides().await.len()), (1, 1), "taken whole before");
    silent.take(&text).await;
    assert_eq!(silent.asides().await.len(), 1, "however often it comes, it waits once");
    let replayed = over(silent.store.clone(), "UTC", dialect).gateway.replay(1, &caller()).await;
    assert!(matches!(replayed, Ok(Replayed::Kept("message"))), "{replayed:?}");
    assert!(silent.asides().await.is_empty());
    assert_eq!((silent.take(&text).await.aside.len(), silent.asides().await.len()), (1, 1), "replayed before");
}

async fn reasons_are_bounded_and_counted(place: Place) {
    let ward = ward(&place);
    let orders = (0..60).map(|_| "OBR|1||\nOBX|1|NM|c^^L||1|g/L|||||F").collect::<Vec<_>>().join("\n");
    let text = format!("MSH|^~\\&|L|H|T|T|20260315090000+0000||ORU^R01|1|P|2.5.1\nPID|1||p1\n{orders}");
    let told = ward.take(&message(&text)).await;
    assert_eq!((told.verdict, told.faults.len()), (Verdict::Wrong, 60));
    for words in [ward.asides().await[0].reason.clone(), told.words()] {
        assert_eq!(words.matches("OBR[").count(), 50, "{words}");
        assert!(words.ends_with("; and 10 more"), "{words}");
    }
}

async fn a_note_behind_a_specimen_is_of_no_result(place: Place) {
    let ward = ward(&place);
    let text = "MSH|^~\\&|L|H|T|T|20260315090000+0000||ORU^R01|1|P|2.5.1\nPID|1||p1\nOBR|1||F1|G^^L|||20260315\nOBX|1|NM|c^^L||1|g/L|||||F\nNTE|1||of the result\nSPM|1|||BLD\nNTE|1||of the specimen";
    assert_eq!(ward.take(&message(text)).await.verdict, Verdict::Taken);
    assert_eq!(ward.result("c").await["note"], serde_json::json!([{ "text": "of the result" }]));
}

async fn names_of_systems_mean_one_thing(place: Place) {
    let ward = ward(&place);
    let snomed = "http://snomed.info/sct";
    for (name, system) in [
        ("SCT", snomed),
        ("SNOMED-CT", snomed),
        ("SCT2", "https://trialgate.example/fhir/hl7v2/SCT2"),
        ("SNM3", "https://trialgate.example/fhir/hl7v2/SNM3"),
    ] {
        let text = format!(
            "MSH|^~\\&|L|H|T|T|20260315090000+0000||ORU^R01|1|P|2.5.1\nPID|1||p1\nOBR|1||F1|G^^L|||20260315\nOBX|1|NM|c{name}^^{name}||1|g/L|||||F"
        );
        ward.takes(&[message(&text)]).await;
        assert_eq!(ward.result(&format!("c{name}")).await["code"]["coding"][0]["system"], system);
    }
}

async fn components_of_a_mixture_are_told_of(place: Place) {
    let ward = ward(&place);
    let text = "MSH|^~\\&|P|H|T|T|20260315100000+0000||RAS^O17|1|P|2.5.1\nPID|1||p1\nORC|RE|PL|F1\nRXO|mix^^L\nRXC|A|drug^^L|5|mg\nRXA|0|1|20260315090000+0000||mix^^L|1|bag^^L\nRXR|IV";
    let told = ward.take(&message(text)).await;
    assert_eq!((told.verdict, told.loaded.kept.len()), (Verdict::Taken, 1));
    assert!(told.words().starts_with("RXC[1]: segments that are not understood: RXC"), "{told:?}");
}

async fn a_result_without_a_status_is_set_aside(place: Place) {
    let ward = ward(&place);
    let text = "MSH|^~\\&|L|H|T|T|20260315090000+0000||ORU^R01|1|P|2.5.1\nPID|1||p1\nOBR|1||F1|G^^L|||20260315\nOBX|1|NM|c^^L||1|g/L\nOBX|2|NM|d^^L||1|g/L|||||F";
    let told = ward.take(&message(text)).await;
    assert_eq!(told.words(), "OBX[1]: found no status in OBX-11, nor in OBR-25; wanted one of table 0085");
    assert_eq!(ward.observations().await.len(), 1, "the other is kept");
}

async fn a_batch_that_was_set_aside_is_read_again(place: Place) {
    let ward = ward(&place);
    let one = |n: usize, number: &str| format!("MSH|^~\\&|A|H|T|T|20260301||ADT^A08|{n}|P|2.5\rPID|1||{number}\r");
    let batches = [
        one(1, "p1") + &one(2, "p2"),
        format!("FHS|^~\\&\rBHS|^~\\&\r{}BTS|1\rFTS|1\r", one(3, "p3")),
        one(4, "p4") + &one(5, "") + &one(6, "p6"),
    ];
    for batch in &batches {
        let file = ward.gateway.load_file(&ward.source, "batch.json", batch.as_bytes(), &caller()).await;
        assert_eq!(file.expect("the store answers").set_aside.values().sum::<u64>(), 1);
    }
    for arrival in [1, 2] {
        let again = ward.gateway.replay(arrival, &caller()).await;
        assert!(matches!(again, Ok(Replayed::Kept("message"))), "{again:?}");
    }
    // What is wrong in one of them keeps nothing back of the others, and the batch stays.
    let again = ward.gateway.replay(3, &caller()).await;
    assert!(matches!(&again, Ok(Replayed::Refused(why)) if why.starts_with("message 2: PID[1]-3: ")), "{again:?}");
    for id in ["p1", "p2", "p3", "p4", "p6"] {
        assert!(ward.patient(id).await.is_some(), "{id}");
    }
    assert!(ward.asides().await.iter().any(|aside| aside.body == batches[2].as_bytes()));
}

#[test]
fn a_header_is_read_of_what_is_cut_short() {
    let control = |bytes: &[u8]| read_header(bytes).map(|header| header.control);
    let long = [b"MSH|^~\\&|A|B|C|D|20260315||ORU^R01|1|P|2.5\rOBX|1|ED|".as_slice(), &[0xff; 9_000]].concat();
    assert_eq!(control(&long), Some("1".into()));
    assert_eq!(control(&[b"\xef\xbb\xbf".as_slice(), &long].concat()), Some("1".into()));
    assert_eq!(
        control(b"MSH|^^\\&|A|B|C|D|20260315||ORU^R01|1|P|2.5\rOBX|1"),
        Some("1".into()),
        "with the usual delimiters"
    );
    assert_eq!(control(b"PID|1"), None);
}

impl Ward {
    /// The bytes of the Observation of a local code.
    async fn raw(&self, code: &str) -> String {
        let id = self.result(code).await["id"].as_str().expect("an id").to_owned();
        let read = self.gateway.read(&self.source, ResourceType::Observation, &id).await.expect("it is there");
        String::from_utf8(read.body).expect("UTF-8")
    }
}
