use trialgate::intake::{Grade, MAX_ENTRIES, read_bundle};

fn bundle(entries: &str) -> String {
    format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{entries}]}}"#)
}

const REQUEST: &str = r#""request":{"method":"PUT","url":"Patient/a","ifMatch":"W/\"1\""}"#;

#[test]
fn an_envelope_points_at_its_resources() {
    let body = bundle(&format!(
        r#"{{"fullUrl":"http://x/Patient/a","resource": {{"resourceType":"Patient","id":"a"}} ,{REQUEST}}}"#
    ));
    let read = read_bundle(body.as_bytes());
    assert_eq!(
        (read.kind.as_str(), read.grade, read.entries.len()),
        ("transaction", Grade::Fine, 1),
        "{:?}",
        read.issues
    );
    let entry = &read.entries[0];
    assert_eq!(&body[entry.resource.clone().expect("a resource")], r#"{"resourceType":"Patient","id":"a"}"#);
    assert_eq!((entry.method.as_deref(), entry.if_match.as_deref()), (Some("PUT"), Some("W/\"1\"")));
}

#[test]
fn a_wrong_envelope_is_refused() {
    let patient =
        |url: &str| format!(r#"{{"fullUrl":"{url}","resource":{{"resourceType":"Patient","id":"a"}},{REQUEST}}}"#);
    let twice = bundle(&format!("{0},{0}", patient("urn:uuid:7d5ca0d8-0001-4b2c-9f00-000000000001")));
    let many = bundle(&vec!["{}"; MAX_ENTRIES + 1].join(","));
    for (body, grade, code, place) in [
        (bundle(&patient("http://x/Patient/b")), Grade::Unreadable, "invalid", "Bundle.entry[0].fullUrl"),
        (twice, Grade::Unreadable, "invalid", "Bundle.entry[1].fullUrl"),
        (many, Grade::TooCostly, "too-costly", "Bundle.entry"),
        (
            bundle(r#"{"resource":{"id":"a"},"request":{"method":"POST","url":"x"}}"#),
            Grade::Unprocessable,
            "required",
            "Bundle.entry[0].resource.resourceType",
        ),
        (
            bundle(r#"{"request":{"method":"MOVE","url":"x"}}"#),
            Grade::Unprocessable,
            "code-invalid",
            "Bundle.entry[0].request.method",
        ),
        (r#"{"resourceType":"Bundle"}"#.into(), Grade::Unprocessable, "required", "Bundle.type"),
        (r#"{"resourceType":"Patient"}"#.into(), Grade::Unreadable, "invalid", "resourceType"),
        ("{".into(), Grade::Unreadable, "structure", ""),
    ] {
        let read = read_bundle(body.as_bytes());
        assert_eq!(read.grade, grade, "{:?}", read.issues);
        assert!(
            read.issues.iter().any(|i| i.code == code && i.expression == place),
            "{code} {place} {:?}",
            read.issues
        );
        assert!(read.entries.is_empty());
    }
}
