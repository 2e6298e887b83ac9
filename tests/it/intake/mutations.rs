use super::{observation, read};
use proptest::prelude::*;
use trialgate::intake::{Grade, json, read_bundle};
use trialgate::model::issue::Severity;

const BODIES: [&str; 3] = [
    r#"{"resourceType":"Patient","id":"a","birthDate":"1980-02-29","name":[{"given":["x",null],"_given":[null,{"id":"b"}]}],"link":[{"type":"replaced-by","other":{"reference":"Patient/p2"}}]}"#,
    r#"{"resourceType":"Condition","subject":{"reference":"Patient?identifier=a|b"},"onsetPeriod":{"start":"2020"},"code":{"text":"x"}}"#,
    r##"{"resourceType":"MedicationAdministration","contained":[{"resourceType":"Medication","id":"m","code":{"text":"a"}}],"status":"completed","subject":{"reference":"Patient/p"},"effectiveDateTime":"2024-01-01T00:00:00Z","medicationReference":{"reference":"#m"},"dosage":{"dose":{"value":1e5}}}"##,
];

fn consistent(body: &[u8]) {
    let read = read(body);
    let wrong = read.issues.iter().any(|i| i.severity >= Severity::Error);
    assert_eq!(read.draft.is_some(), !wrong, "{:?}", read.issues);
    assert_eq!(read.grade == Grade::Fine, read.draft.is_some());
    read_bundle(body);
}

proptest! {
    #[test]
    fn changed_bytes_never_panic(which in 0..4usize, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..6)) {
        let own = observation(r#""valueQuantity":{"value":1.50,"code":"a\u00e9\ud83d\ude00"},"component":[{"code":{"text":"a"},"valueInteger":3}]"#);
        let mut body = BODIES.get(which).copied().unwrap_or(&own).as_bytes().to_vec();
        for (at, byte, how) in changes {
            let at = at.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => { body.remove(at); }
                _ => body.insert(at, b"{}[]\",:\\0-e"[usize::from(byte) % 11]),
            }
            if body.is_empty() { break; }
        }
        consistent(&body);
    }

    #[test]
    fn any_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        consistent(&body);
    }

    #[test]
    fn what_is_read_is_what_serde_reads(text in "[\\[\\]{}\",:0-9eE.+-truefalsn\\\\u ]{0,24}") {
        let ours = json::parse(text.as_bytes()).is_ok();
        let theirs: Result<&serde_json::value::RawValue, _> = serde_json::from_str(&text);
        if ours {
            prop_assert!(theirs.is_ok(), "{}", text);
        }
    }

    #[test]
    fn a_name_twice_is_found_at_any_depth(path in prop::collection::vec(any::<bool>(), 0..40), members in 0..60usize) {
        let many: String = (0..members).map(|i| format!("\"m{i}\":[{i}],")).collect();
        let (mut single, mut double) = (format!("{{{many}\"x\":1}}"), format!("{{{many}\"x\":1,\"x\":2}}"));
        for object in path {
            for text in [&mut single, &mut double] {
                *text = if object { format!("{{\"o\":{text}}}") } else { format!("[0,{text}]") };
            }
        }
        prop_assert!(json::parse(single.as_bytes()).is_ok());
        let fault = json::parse(double.as_bytes()).err().map(|f| f.path);
        prop_assert!(fault.is_some_and(|p| p.ends_with('x')));
    }
}
