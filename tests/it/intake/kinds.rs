//! Procedures, questionnaires, the certainty of a diagnosis, and what qualifies a result.

use super::{at, draft, observation, read};
use trialgate::intake::Grade;
use trialgate::model::code::Coding;
use trialgate::model::draft::Identifier;
use trialgate::model::fact::{FactStatus, FactValue, Origin, Qualifier, ReceivedNumber};
use trialgate::model::time::{Instant, TimeRange};

fn procedure(members: &str) -> String {
    format!(
        r#"{{"resourceType":"Procedure","subject":{{"reference":"Patient/p"}},"code":{{"coding":[{{"system":"s","code":"op"}}]}},{members}}}"#
    )
}

#[test]
fn a_procedure_says_whether_and_when_it_was_done() {
    use FactStatus::*;
    let one = |members: &str| draft(&procedure(members)).facts.remove(0);
    for (word, status) in [
        ("completed", Final),
        ("in-progress", Preliminary),
        ("stopped", Stopped),
        ("not-done", NotDone),
        ("entered-in-error", EnteredInError),
        ("preparation", Unusable),
        ("on-hold", Unusable),
        ("unknown", Unusable),
    ] {
        assert_eq!(one(&format!(r#""status":"{word}""#)).status, status, "{word}");
    }
    let done = one(
        r#""status":"completed","performedPeriod":{"start":"2026-01-01T08:00:00Z","end":"2026-01-01T09:00:00Z"},"bodySite":[{"coding":[{"system":"b","code":"liver"}]}]"#,
    );
    assert_eq!((done.origin, done.value), (Origin::Procedure, FactValue::Boolean(true)));
    assert_eq!(done.at, Some(TimeRange::exact(at("2026-01-01T08:00:00Z"))));
    assert_eq!(done.other_end, Some(at("2026-01-01T09:00:00Z")));
    assert_eq!(done.context, [(Qualifier::BodySite, Coding::new("b", "liver"))]);
    let running = one(r#""status":"in-progress","performedPeriod":{"start":"2026-01-01T08:00:00Z"}"#);
    assert_eq!(running.other_end, Some(Instant::MAX));
    // An age does not date it: it was done at some time until it was told of.
    let undated =
        one(r#""status":"completed","performedString":"childhood","meta":{"lastUpdated":"2026-02-01T00:00:00Z"}"#);
    assert_eq!(undated.at, Some(TimeRange { earliest: Instant::MIN, latest: at("2026-02-01T00:00:00Z") }));
    let body = procedure(r#""status":"done""#);
    assert_eq!(read(body.as_bytes()).grade, Grade::Unprocessable);
}

const RESPONSE: &str = r##"{"resourceType":"QuestionnaireResponse","status":"completed","subject":{"reference":"Patient/p"},
    "identifier":{"system":"i","value":"7"},"questionnaire":"https://forms.example/q|2","authored":"2026-05-01T10:00:00Z","item":[
    {"linkId":"1","item":[
        {"linkId":"1.1","answer":[{"valueInteger":2,"item":[{"linkId":"1.1.a","answer":[{"valueString":"why"}]}]}]},
        {"linkId":"1.2"},
        {"linkId":"1.3","answer":[{"valueCoding":{"system":"s","code":"x","display":"Ex"}},{"valueCoding":{"system":"s","code":"y"}}]}]},
    {"linkId":"2","answer":[{"valueDecimal":1.50}]},
    {"linkId":"3","answer":[{"valueBoolean":false}]},
    {"linkId":"4","answer":[{"valueDate":"2026-04"}]},
    {"linkId":"5","answer":[{"valueQuantity":{"value":3,"unit":"cups"}}]},
    {"linkId":"6","answer":[{"valueTime":"08:30:00"}]},
    {"linkId":"7","answer":[{"valueUri":"urn:u"}]},
    {"linkId":"8","answer":[{"valueReference":{"reference":"Organization/o"}}]}]}"##;

#[test]
fn each_answer_of_a_questionnaire_is_a_fact_wherever_it_stands() {
    let read = draft(RESPONSE);
    assert_eq!(read.identifiers, [Identifier { system: "i".into(), value: "7".into() }]);
    let shown: Vec<(u16, &str)> = read.facts.iter().map(|f| (f.part, f.code.code.as_str())).collect();
    let expected = [
        (1, "1.1"),
        (2, "1.1.a"),
        (3, "1.3"),
        (4, "1.3"),
        (5, "2"),
        (6, "3"),
        (7, "4"),
        (8, "5"),
        (9, "6"),
        (10, "7"),
        (11, "8"),
    ];
    assert_eq!(shown, expected);
    let all = |f: &trialgate::model::fact::DraftFact| {
        f.code.system == "https://forms.example/q"
            && f.status == FactStatus::Final
            && f.origin == Origin::QuestionnaireResponse
    };
    assert!(read.facts.iter().all(all));
    assert!(read.facts.iter().all(|f| f.at == Some(TimeRange::exact(at("2026-05-01T10:00:00Z")))));
    let value = |part: usize| &read.facts[part - 1].value;
    assert_eq!(*value(2), FactValue::Text("why".into()));
    assert_eq!(*value(3), FactValue::Coded { codings: vec![Coding::new("s", "x")], text: Some("Ex".into()) });
    assert!(
        matches!(value(5), FactValue::Quantity { number: ReceivedNumber::Exact(decimal), .. } if decimal == "1.50")
    );
    assert_eq!(*value(6), FactValue::Boolean(false));
    assert!(matches!(value(7), FactValue::Date(_)));
    assert_eq!(*value(9), FactValue::Unreadable("valueTime".into()));
    assert_eq!(*value(11), FactValue::Unreadable("valueReference".into()));
    for (word, status) in [
        ("in-progress", FactStatus::Preliminary),
        ("amended", FactStatus::Amended),
        ("stopped", FactStatus::Stopped),
        ("entered-in-error", FactStatus::EnteredInError),
    ] {
        assert_eq!(draft(&RESPONSE.replace("completed", word)).facts[0].status, status);
    }
}

#[test]
fn an_item_has_the_codes_of_a_questionnaire_that_is_inside() {
    let body = r##"{"resourceType":"QuestionnaireResponse","status":"completed","subject":{"reference":"Patient/p"},
        "contained":[{"resourceType":"Questionnaire","id":"f","url":"https://forms.example/f","item":[
            {"linkId":"a","item":[{"linkId":"b","code":[{"system":"http://loinc.org","code":"72166-2"}]}]}]}],
        "questionnaire":"#f","item":[{"linkId":"a","item":[{"linkId":"b","answer":[{"valueInteger":1}]}]}]}"##;
    let codes: Vec<Coding> = draft(body).facts.into_iter().map(|f| f.code).collect();
    assert_eq!(codes, [Coding::new("https://forms.example/f", "b"), Coding::new("http://loinc.org", "72166-2")]);
    let wrong = RESPONSE.replacen(r#"{"linkId":"1","#, r#"{"linkId":"1","answer":[{"valueInteger":1}],"#, 1);
    let read = read(wrong.as_bytes());
    assert!(read.issues.iter().any(|i| i.text.contains("qrs-1")), "{:?}", read.issues);
}

#[test]
fn german_certainty_says_how_sure_a_diagnosis_is() {
    use FactStatus::*;
    let status = |letter: &str, members: &str| {
        let body = format!(
            r#"{{"resourceType":"Condition","subject":{{"reference":"Patient/p"}},"code":{{"coding":[
            {{"extension":[{{"url":"http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit","valueCoding":
            {{"system":"https://fhir.kbv.de/CodeSystem/KBV_CS_SFHIR_ICD_DIAGNOSESICHERHEIT","code":"{letter}"}}}}],
            "system":"http://fhir.de/CodeSystem/bfarm/icd-10-gm","code":"C22.1"}},{{"system":"s","code":"1"}}]}}{members}}}"#
        );
        let facts = draft(&body).facts;
        assert_eq!(facts[0].status, facts[1].status, "one diagnosis, two codes");
        (facts[0].status, facts[0].other_end)
    };
    let clinical = r#","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}"#;
    let provisional = r#","verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"provisional"}]}"#;
    assert_eq!(status("G", ""), (Final, None));
    assert_eq!(status("V", ""), (Unconfirmed, None));
    assert_eq!(status("A", ""), (Refuted, None));
    assert_eq!(status("Z", ""), (Past, None));
    assert_eq!(status("G", clinical), (Final, Some(Instant::MAX)));
    // What is over does not last, and doubt from either side is doubt.
    assert_eq!(status("Z", clinical), (Past, None));
    assert_eq!(status("G", provisional), (Unconfirmed, None));
    assert_eq!(status("A", provisional), (Refuted, None));
}

#[test]
fn every_qualifier_of_a_result_is_kept() {
    let members = r##""contained":[{"resourceType":"Specimen","id":"t","type":{"coding":[{"system":"s","code":"serum"}]},
        "collection":{"fastingStatusCodeableConcept":{"coding":[{"system":"f","code":"F"}]}}}],
        "specimen":{"reference":"#t"},"method":{"coding":[{"system":"m","code":"echo"}]},"bodySite":{"text":"left arm"},
        "category":[{"coding":[{"system":"c","code":"laboratory"}]}],"interpretation":[{"coding":[{"system":"i","code":"H"}]}]"##;
    let context = draft(&observation(members)).facts.remove(0).context;
    let words: Vec<(&str, &str)> = context.iter().map(|(q, c)| (q.word(), c.code.as_str())).collect();
    let expected = [
        ("method", "echo"),
        ("body_site", "left arm"),
        ("category", "laboratory"),
        ("specimen", "serum"),
        ("fasting", "F"),
        ("interpretation", "H"),
    ];
    assert_eq!(words, expected);
    let component = r#""component":[{"code":{"coding":[{"system":"http://loinc.org","code":"49541-6"}]},"valueCodeableConcept":{"coding":[{"system":"s","code":"yes"}]}}]"#;
    let fasting = &draft(&observation(component)).facts[0].context;
    assert_eq!(fasting[..], [(Qualifier::Fasting, Coding::new("s", "yes"))]);
}
