use super::{observation, read};
use trialgate::intake::{Grade, Setting, read_resource};
use trialgate::model::draft::ResourceType;
use trialgate::model::time::{Instant, Zone};

/// Refused with that grade, and among the issues one of that code at that place.
fn refused(body: &[u8], grade: Grade, code: &str, place: &str) {
    let read = read(body);
    let shown = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
    assert_eq!(read.grade, grade, "{shown}\n{:?}", read.issues);
    assert!(read.draft.is_none(), "{shown}");
    let met = read.issues.iter().any(|i| i.code == code && i.expression == place);
    assert!(met, "wanted {code} at {place} of {shown}\n{:?}", read.issues);
    assert!(read.issues.iter().all(|i| !i.text.is_empty() && !i.text.contains("Meyer")), "{:?}", read.issues);
}

#[test]
fn what_is_no_json_is_unreadable() {
    for body in [
        &b""[..],
        b" ",
        b"{",
        b"[1",
        b"{\"a\":1,}",
        b"{\"a\" 1}",
        b"{'a':1}",
        b"{\"a\":NaN}",
        b"{\"a\":01}",
        b"{\"a\":1.}",
        b"{\"a\":+1}",
        b"{\"a\":.5}",
        b"{\"a\":1e}",
        b"{} x",
        b"\xEF\xBB\xBF{}",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\\ud800\"}",
        b"{\"a\":\"\\udc00\\ud800\"}",
        b"{\"a\":\"\\x\"}",
        b"{\"a\":\"\\u12\"}",
        b"{\"a\":\"\n\"}",
        b"nul",
        b"[]",
        b"3",
        b"\"a",
        b"{\"a\":\"\\",
        b"{\"a\":\"\\u00e",
        b"-",
        b"{\"a\":-}",
        b"{\"a\":\"\\u\xc3\xa9\xc3\xa9\"}",
    ] {
        refused(body, Grade::Unreadable, "structure", "");
    }
}

#[test]
fn a_syntax_error_says_line_and_column() {
    let read = read(b"{\n  \"resourceType\": \"Patient\",\n  \"active\": tru\n}");
    assert!(read.issues[0].text.contains("line 3, column 13"), "{:?}", read.issues);
}

#[test]
fn deep_nesting_is_refused_and_64_levels_are_read() {
    for depth in [65, 128, 100_000] {
        refused("[".repeat(depth).as_bytes(), Grade::Unreadable, "structure", "");
        refused("{\"a\":".repeat(depth).as_bytes(), Grade::Unreadable, "structure", "");
    }
    let fine = format!("{}{}", "[".repeat(64), "]".repeat(64));
    assert!(trialgate::intake::json::parse(fine.as_bytes()).is_ok());
}

#[test]
fn a_name_twice_is_refused_at_any_depth() {
    let two = |place: &str, body: &str| refused(body.as_bytes(), Grade::Unreadable, "structure", place);
    two("status", r#"{"resourceType":"Observation","status":"final","status":"entered-in-error"}"#);
    two("status", r#"{"status":"final","\u0073tatus":"final"}"#);
    two("code.coding[1].code", r#"{"code":{"coding":[{"code":"a"},{"code":"a","code":"b"}]}}"#);
    two("a[0][1].b", r#"{"a":[[0,{"b":1,"b":1}]]}"#);
    let many: String = (0..40).map(|i| format!("\"m{i}\":0,")).collect();
    two("m3", &format!("{{{many}\"m3\":1}}"));
}

#[test]
fn the_type_is_named_known_and_wanted() {
    refused(b"{}", Grade::Unreadable, "invalid", "resourceType");
    refused(br#"{"resourceType":3}"#, Grade::Unreadable, "invalid", "resourceType");
    refused(br#"{"resourceType":"Nonsense"}"#, Grade::UnknownType, "not-supported", "resourceType");
    refused(br#"{"resourceType":"Encounter"}"#, Grade::NotKept, "not-supported", "resourceType");
    let setting = Setting { zone: &Zone::utc(), received: Instant(0), base: None };
    let read = read_resource(observation("").as_bytes(), Some(ResourceType::Patient), &setting);
    assert_eq!((read.grade, read.issues[0].code), (Grade::Unreadable, "invalid"));
}

#[test]
fn the_shape_is_that_of_r4() {
    for (members, code, place) in [
        (r#""enrolment":1"#, "structure", "Observation.enrolment"),
        (r#""component":[{}]"#, "required", "Observation.component[0].code"),
        (r#""valueQuantity":{"value":1},"valueString":"a Meyer""#, "structure", "Observation.value[x]"),
        (r#""valueQuantity":{"value":1},"_valueString":{"id":"a"}"#, "structure", "Observation.value[x]"),
        (r#""valueQuantity":{"value":"12.1"}"#, "value", "Observation.valueQuantity.value"),
        (r#""valueQuantity":{"value":1,"code":" mg"}"#, "value", "Observation.valueQuantity.code"),
        (r#""valueQuantity":{"value":1,"comparator":"~"}"#, "code-invalid", "Observation.valueQuantity.comparator"),
        (r#""valueQuantity":{}"#, "structure", "Observation.valueQuantity"),
        (r#""category":[]"#, "structure", "Observation.category"),
        (r#""category":{}"#, "value", "Observation.category"),
        (r#""valueInteger":1.5"#, "value", "Observation.valueInteger"),
        (r#""valueInteger":99999999999"#, "value", "Observation.valueInteger"),
        (r#""valueInteger":99999999999999999999999999"#, "value", "Observation.valueInteger"),
        (r#""valueString":"""#, "value", "Observation.valueString"),
        (r#""id":"a b""#, "value", "Observation.id"),
        (r#""effectiveDateTime":"2024-02-30""#, "value", "Observation.effectiveDateTime"),
        (r#""effectiveDateTime":"2024-13-01""#, "value", "Observation.effectiveDateTime"),
        (r#""effectiveDateTime":"2024-02-03T10:00:00""#, "value", "Observation.effectiveDateTime"),
        (r#""issued":"2024-02-03""#, "value", "Observation.issued"),
        (
            r#""effectiveDateTime":"2024-02-03","effectivePeriod":{"start":"2024"}"#,
            "structure",
            "Observation.effective[x]",
        ),
        (
            r#""modifierExtension":[{"url":"http://x","valueBoolean":true}]"#,
            "extension",
            "Observation.modifierExtension",
        ),
        (r#""implicitRules":"http://x""#, "not-supported", "Observation.implicitRules"),
        (
            r#""extension":[{"url":"u","valueCode":"a","valueString":"b"}]"#,
            "structure",
            "Observation.extension[0].value[x]",
        ),
        (r#""text":{"status":"generated","div":"<div><script>x</script></div>"}"#, "invariant", "Observation.text.div"),
        (
            r#""text":{"status":"generated","div":"<div><img src='x' OnError = 'y'/></div>"}"#,
            "invariant",
            "Observation.text.div",
        ),
        (
            r#""text":{"status":"generated","div":"<div><a href=\"javascript:x\">a</a></div>"}"#,
            "invariant",
            "Observation.text.div",
        ),
        (r#""valueString":"a","dataAbsentReason":{"text":"x"}"#, "invariant", "Observation"),
        (r#""valueString":"a\u0000Meyer""#, "value", "Observation.valueString"),
        (
            r#""note":[{"text":"a"}],"performer":[{"reference":"Practitioner/../x"}]"#,
            "value",
            "Observation.performer[0].reference",
        ),
    ] {
        refused(observation(members).as_bytes(), Grade::Unprocessable, code, place);
    }
}

#[test]
fn required_elements_and_codes_are_asked_for() {
    let body = br#"{"resourceType":"Observation","subject":{"reference":"Patient/p"}}"#;
    refused(body, Grade::Unprocessable, "required", "Observation.status");
    refused(body, Grade::Unprocessable, "required", "Observation.code");
    let body = observation("").replace("final", "enrolled");
    refused(body.as_bytes(), Grade::Unprocessable, "code-invalid", "Observation.status");
    let body = br#"{"resourceType":"MedicationAdministration","status":"completed","subject":{"reference":"Patient/p"},"dosage":{"text":"x"}}"#;
    for (code, place) in [
        ("required", "MedicationAdministration.medication[x]"),
        ("required", "MedicationAdministration.effective[x]"),
        ("invariant", "MedicationAdministration.dosage"),
    ] {
        refused(body, Grade::Unprocessable, code, place);
    }
    refused(
        br#"{"resourceType":"Condition","code":{"text":"x"}}"#,
        Grade::Unprocessable,
        "required",
        "Condition.subject",
    );
    let body = br#"{"resourceType":"Condition","subject":{"reference":"Patient/p"},"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"gone"}]}}"#;
    refused(body, Grade::Unprocessable, "code-invalid", "Condition.clinicalStatus");
    refused(
        br#"{"resourceType":"Patient","birthDate":"1980-03-15T08:00:00Z"}"#,
        Grade::Unprocessable,
        "value",
        "Patient.birthDate",
    );
}

#[test]
fn a_subject_elsewhere_is_refused() {
    for reference in [
        "https://other.test/fhir/Patient/p1",
        "https://gateway.test/fhirx/Patient/p1",
        "Patient/../../etc",
        "javascript:alert(1)",
        "Patient/a/b",
        "Patient/",
        "Patient?name=x",
        "Patient/%2e%2e/x",
        "#p",
        "file:///x",
        "Patient/a b",
        "Nonsense/1",
        "//x/Patient/1",
    ] {
        let body = observation("").replace("Patient/p1", reference);
        refused(body.as_bytes(), Grade::Unprocessable, "value", "Observation.subject.reference");
    }
}

#[test]
fn all_issues_come_at_once() {
    let body = observation(r#""a":1,"b":2,"valueInteger":"x","effectiveDateTime":"2024-02-30""#).replace("final", "x");
    let codes: Vec<_> = read(body.as_bytes()).issues.iter().map(|i| i.code).collect();
    assert_eq!(codes.iter().filter(|c| **c == "structure").count(), 2, "{codes:?}");
    assert!(codes.contains(&"code-invalid") && codes.iter().filter(|c| **c == "value").count() == 2, "{codes:?}");
}
