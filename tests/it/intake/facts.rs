use super::{at, draft, observation};
use trialgate::model::code::{Coding, TEXT_SYSTEM};
use trialgate::model::draft::{Identifier, Link, LinkKind, Subject};
use trialgate::model::fact::{DraftFact, FactValue, Qualifier, ReceivedEnd, ReceivedNumber, ReceivedUnit};
use trialgate::model::time::{Instant, TimeRange};

fn end(decimal: &str, closed: bool) -> Option<ReceivedEnd> {
    Some(ReceivedEnd { decimal: decimal.into(), closed })
}

fn exactly(decimal: &str, unit: ReceivedUnit) -> FactValue {
    FactValue::Quantity { number: ReceivedNumber::Exact(decimal.into()), unit }
}

fn ucum(code: &str) -> ReceivedUnit {
    ReceivedUnit::Ucum(code.into())
}

fn value(members: &str) -> FactValue {
    draft(&observation(members)).facts[0].value.clone()
}

#[test]
fn a_result_keeps_codes_value_unit_range_and_context() {
    let body = observation(
        r#""valueQuantity":{"value":12.10,"unit":"G/L","system":"http://unitsofmeasure.org","code":"10*9/L"},
        "effectiveDateTime":"2026-03-15","issued":"2026-03-16T08:00:00+08:00",
        "referenceRange":[{"low":{"value":1},"appliesTo":[{"text":"x"}]},{"low":{"value":150,"unit":"G/L"},"high":{"value":400,"unit":"G/L"}}],
        "category":[{"coding":[{"system":"c","code":"laboratory"}]}],"method":{"text":"flow"},"specimen":{"display":"serum"},
        "interpretation":[{"coding":[{"system":"i","code":"L"}]}]"#,
    );
    let fact = draft(&body).facts.remove(0);
    assert_eq!(fact.code, Coding::new("http://loinc.org", "777-3"));
    assert_eq!(fact.value, exactly("12.10", ucum("10*9/L")));
    let day = TimeRange { earliest: at("2026-03-14T16:00:00Z"), latest: at("2026-03-15T15:59:59.999999Z") };
    assert_eq!((fact.at, fact.other_end), (Some(day), None));
    assert_eq!(fact.recorded, Some(at("2026-03-16T00:00:00Z")));
    let range = fact.range.expect("a range");
    assert_eq!((range.low.as_deref(), range.high.as_deref()), (Some("150"), Some("400")));
    assert_eq!(range.unit, ReceivedUnit::Word("G/L".into()));
    let words = |q, c: Coding| (q, c);
    assert_eq!(
        fact.context,
        [
            words(Qualifier::Method, Coding::new(TEXT_SYSTEM, "flow")),
            words(Qualifier::Category, Coding::new("c", "laboratory")),
            words(Qualifier::Specimen, Coding::new(TEXT_SYSTEM, "serum")),
            words(Qualifier::Interpretation, Coding::new("i", "L")),
        ]
    );
}

#[test]
fn values_of_every_kind() {
    let quantity = |low, high, unit| FactValue::Quantity { number: ReceivedNumber::range(low, high), unit };
    let none = || ReceivedUnit::None;
    for (members, wanted) in [
        (r#""valueQuantity":{"value":0.15,"comparator":"<"}"#, quantity(None, end("0.15", false), none())),
        (r#""valueQuantity":{"value":5,"comparator":"<="}"#, quantity(None, end("5", true), none())),
        (r#""valueQuantity":{"value":5,"comparator":">"}"#, quantity(end("5", false), None, none())),
        (
            r#""valueQuantity":{"value":5,"comparator":">=","unit":"d"}"#,
            quantity(end("5", true), None, ReceivedUnit::Word("d".into())),
        ),
        (
            r#""valueQuantity":{"value":5,"system":"s","code":"mg","unit":"x"}"#,
            exactly("5", ReceivedUnit::Word("mg".into())),
        ),
        (
            r#""valueQuantity":{"value":5,"system":"http://unitsofmeasure.org","unit":"mg"}"#,
            exactly("5", ReceivedUnit::Word("mg".into())),
        ),
        (r#""valueQuantity":{"unit":"mg"}"#, FactValue::Unreadable("valueQuantity".into())),
        (
            r#""valueRange":{"low":{"value":50,"unit":"%"},"high":{"value":55,"unit":"%"}}"#,
            quantity(end("50", true), end("55", true), ReceivedUnit::Word("%".into())),
        ),
        (r#""valueRange":{"low":{"value":50}}"#, quantity(end("50", true), None, none())),
        (
            r#""valueRange":{"low":{"value":50,"unit":"a"},"high":{"value":55,"unit":"b"}}"#,
            FactValue::Unreadable("valueRange".into()),
        ),
        (r#""valueInteger":-3"#, exactly("-3", none())),
        (r#""valueRatio":{"numerator":{"value":1},"denominator":{"value":320}}"#, exactly("320", none())),
        (
            r#""valueRatio":{"numerator":{"value":1.0},"denominator":{"value":1280,"comparator":">="}}"#,
            quantity(end("1280", true), None, none()),
        ),
        (r#""valueRatio":{"numerator":{"value":2},"denominator":{"value":5}}"#, FactValue::Text("2:5".into())),
        (
            r#""valueRatio":{"numerator":{"value":1,"unit":"mg"},"denominator":{"value":5}}"#,
            FactValue::Unreadable("valueRatio".into()),
        ),
        (r#""valueString":"non-reactive""#, FactValue::Text("non-reactive".into())),
        (r#""valueBoolean":false"#, FactValue::Boolean(false)),
        (r#""valueTime":"10:00:00""#, FactValue::Unreadable("valueTime".into())),
        (r#""valuePeriod":{"start":"2026"}"#, FactValue::Unreadable("valuePeriod".into())),
        (
            r#""dataAbsentReason":{"coding":[{"system":"s","code":"not-performed"}]}"#,
            FactValue::Absent("not-performed".into()),
        ),
        ("", FactValue::Absent("none sent".into())),
    ] {
        assert_eq!(value(members), wanted, "{members}");
    }
    let coded = value(r#""valueCodeableConcept":{"coding":[{"system":"s","code":"1"}],"text":"positive"}"#);
    assert_eq!(coded, FactValue::Coded { codings: vec![Coding::new("s", "1")], text: Some("positive".into()) });
}

#[test]
fn numbers_keep_every_digit() {
    let long = "7".repeat(400);
    for number in ["12.10", "1e400", "-0.000", "1E-7", "100.00", &long, "0.1000000000000000000000000001"] {
        let read = value(&format!(r#""valueQuantity":{{"value":{number}}}"#));
        assert_eq!(read, exactly(number, ReceivedUnit::None));
    }
}

#[test]
fn components_are_facts_of_their_own() {
    let body = observation(
        r#""component":[{"code":{"text":"Systolic"},"valueQuantity":{"value":120}},{"code":{"coding":[{"system":"a","code":"1"},{"system":"b","code":"2"}]},"valueQuantity":{"value":80}}]"#,
    );
    let facts = draft(&body).facts;
    let shown: Vec<(u16, &str)> = facts.iter().map(|f| (f.part, f.code.code.as_str())).collect();
    assert_eq!(shown, [(0, "777-3"), (1, "Systolic"), (2, "1"), (2, "2")]);
    assert_eq!(facts[0].value, FactValue::Absent("none sent".into()));
    assert_eq!(facts[1].code.system, TEXT_SYSTEM);
}

#[test]
fn clinical_time_of_every_kind() {
    let time = |members: &str| {
        let fact = draft(&observation(members)).facts.remove(0);
        (fact.at, fact.other_end)
    };
    let (a, b) = (at("2026-01-01T08:00:00Z"), at("2026-01-02T08:00:00Z"));
    let exact = |i| Some(TimeRange::exact(i));
    assert_eq!(time(""), (None, None));
    assert_eq!(time(r#""effectiveInstant":"2026-01-01T08:00:00Z""#), (exact(a), None));
    let period = r#""effectivePeriod":{"start":"2026-01-01T08:00:00Z","end":"2026-01-02T08:00:00Z"}"#;
    assert_eq!(time(period), (exact(b), Some(a)));
    assert_eq!(time(r#""effectivePeriod":{"start":"2026-01-01T08:00:00Z"}"#), (exact(a), None));
    let timing = r#""effectiveTiming":{"event":["2026-01-02T08:00:00Z","2026-01-01T08:00:00Z"]}"#;
    assert_eq!(time(timing), (Some(TimeRange { earliest: a, latest: b }), None));
}

#[test]
fn the_subject_in_every_form() {
    let subject = |json: &str| draft(&observation("").replace(r#"{"reference":"Patient/p1"}"#, json)).subject;
    let person = |id: &str| Some(Subject::Patient(id.into()));
    assert_eq!(subject(r#"{"reference":"Patient/p1"}"#), person("p1"));
    assert_eq!(subject(r#"{"reference":"Patient/p1/_history/3"}"#), person("p1"));
    assert_eq!(subject(r#"{"reference":"https://gateway.test/fhir/Patient/p1"}"#), person("p1"));
    let identifier = || Some(Subject::Identifier(Identifier { system: "urn:mrn".into(), value: "7".into() }));
    assert_eq!(subject(r#"{"reference":"Patient?identifier=urn:mrn%7C7"}"#), identifier());
    assert_eq!(subject(r#"{"identifier":{"system":"urn:mrn","value":"7"}}"#), identifier());
    let entry = r#"{"reference":"urn:uuid:7d5ca0d8-0001-4b2c-9f00-000000000001"}"#;
    let read = draft(&observation("").replace(r#"{"reference":"Patient/p1"}"#, entry));
    assert!(matches!(read.subject, Some(Subject::Entry(_))));
    assert_eq!(read.references.len(), 1);
    let other = draft(&observation("").replace("Patient/p1", "Device/d1"));
    assert!(other.subject.is_none() && other.facts.is_empty());
}

#[test]
fn offsets_cut_out_what_the_gateway_assigns() {
    let body = r#"{"resourceType":"Patient", "id" : "a\u0062","meta":{"versionId":"3","lastUpdated":"2026-01-01T00:00:00Z"},"managingOrganization":{"reference":"Organization?identifier=x|y"}}"#;
    let read = draft(body);
    let cut = |s: Option<trialgate::model::draft::Stretch>| s.map(|s| &body[s.start as usize..s.end as usize]);
    assert_eq!(cut(read.offsets.id), Some(r#""a\u0062""#));
    assert_eq!(cut(read.offsets.version_id), Some(r#""3""#));
    assert_eq!(cut(read.offsets.last_updated), Some(r#""2026-01-01T00:00:00Z""#));
    assert_eq!(cut(read.offsets.meta), Some(r#"{"versionId":"3","lastUpdated":"2026-01-01T00:00:00Z"}"#));
    assert_eq!(read.id.as_deref(), Some("ab"));
    assert_eq!(cut(read.references.first().map(|r| r.0)), Some(r#""Organization?identifier=x|y""#));
    assert_eq!(read.source_time, Some(at("2026-01-01T00:00:00Z")));
}

pub(crate) fn codes(facts: &[DraftFact]) -> Vec<(&str, &FactValue)> {
    facts.iter().map(|f| (f.code.code.as_str(), &f.value)).collect()
}

#[test]
fn a_patient_states_what_always_holds() {
    let read = draft(
        r#"{"resourceType":"Patient","meta":{"security":[{"code":"R"},{"code":"N"}],"tag":[{"code":"HTEST"}]},"active":false,"gender":"female","birthDate":"1980-03",
        "deceasedDateTime":"2026-01-01","identifier":[{"system":"urn:mrn","value":"7"},{"system":"x"}],
        "link":[{"type":"replaced-by","other":{"reference":"Patient/p2"}},{"type":"seealso","other":{"reference":"Patient/p3"}}]}"#,
    );
    let text = |t: &str| FactValue::Text(t.into());
    let names: Vec<&str> = codes(&read.facts).iter().map(|c| c.0).collect();
    assert_eq!(names, ["birth-date", "sex", "death", "active", "security", "security", "replaced-by"]);
    assert_eq!(read.facts[1].value, text("female"));
    assert_eq!(read.facts[5].value, text("HTEST"));
    assert!(read.facts.iter().all(|f| f.at == Some(TimeRange { earliest: Instant::MIN, latest: Instant::MAX })));
    let to = |kind, id: &str| Link { kind, other: Subject::Patient(id.into()) };
    assert_eq!(read.links, [to(LinkKind::ReplacedBy, "p2"), to(LinkKind::SeeAlso, "p3")]);
    assert_eq!(read.identifiers.len(), 1);
    assert!(
        draft(r#"{"resourceType":"Patient","gender":"unknown","deceasedBoolean":false,"active":true}"#)
            .facts
            .is_empty()
    );
}
