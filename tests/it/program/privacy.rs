//! Planted names, numbers and birth dates: none is in the log at its loudest, in the metrics, or in an error's body.

use super::client::request;
use super::server::Server;
use super::{Folder, trialgate};
use crate::pull::faults::quoted;
use crate::pull::hospital::{CLOCK, Hospital, Manner, QUOTED};
use std::process::Stdio;

/// What must not be found: names, a record number, a phone, birth dates, words of notes.
const PLANTED: [&str; 9] = [
    "Qzvornik",
    "Wexelbaum",
    "MRN-7741903",
    "555-0199-7741",
    "1931-07-23",
    "31.07.1923",
    "Kestrelgasse",
    "confided-word",
    "secret-token-9",
];

fn patient(id: &str, change: (&str, &str)) -> String {
    let text = format!(
        r#"{{"resourceType":"Patient","id":"{id}","identifier":[{{"system":"urn:mrn","value":"MRN-7741903"}}],"name":[{{"family":"Qzvornik","given":["Wexelbaum"]}}],"telecom":[{{"system":"phone","value":"555-0199-7741"}}],"birthDate":"1931-07-23","address":[{{"line":["Kestrelgasse 5"]}}]}}"#
    );
    text.replace(change.0, change.1)
}

fn observation(id: &str, change: (&str, &str)) -> String {
    let text = format!(
        r#"{{"resourceType":"Observation","id":"{id}","identifier":[{{"system":"urn:mrn","value":"MRN-7741903"}}],"status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"777-3"}}]}},"subject":{{"reference":"Patient/p","display":"Qzvornik"}},"effectiveDateTime":"2026-01-02","note":[{{"text":"confided-word of Wexelbaum"}}],"valueQuantity":{{"value":80,"unit":"10*9/L","system":"http://unitsofmeasure.org","code":"10*9/L"}}}}"#
    );
    text.replace(change.0, change.1)
}

/// Method, address, body: good ones, and ones that are wrong in as many ways as there are.
fn requests() -> Vec<(&'static str, String, String)> {
    let put = |kind: &str, id: &str, body: String| ("PUT", format!("/fhir/{kind}/{id}"), body);
    let mut all =
        vec![put("Patient", "p", patient("p", ("", ""))), put("Observation", "o", observation("o", ("", "")))];
    for change in [
        ("\"1931-07-23\"", "\"31.07.1923\""),
        ("\"1931-07-23\"", "19310723"),
        ("[\"Wexelbaum\"]", "\"Wexelbaum\""),
        ("\"family\":\"Qzvornik\"", "\"family\":{\"value\":\"Qzvornik\"}"),
        ("\"family\"", "\"fmaily\""),
        ("\"birthDate\"", "\"birthDate\":\"1931-07-23\",\"birthDate\""),
        ("Qzvornik", "Qzvornik\\u0000"),
        ("\"system\":\"phone\"", "\"system\":\"555-0199-7741 \""),
        ("\"id\":\"p2\"", "\"id\":\"MRN-7741903 Qzvornik\""),
        ("Kestrelgasse 5\"]}]}", "Kestrelgasse 5"),
        (
            "\"address\"",
            "\"text\":{\"status\":\"generated\",\"div\":\"<div><script>Qzvornik</script></div>\"},\"address\"",
        ),
    ] {
        all.push(put("Patient", "p2", patient("p2", change)));
    }
    for change in [
        ("Patient/p", "Patient/../MRN-7741903"),
        ("\"reference\":\"Patient/p\"", "\"identifier\":{\"system\":\"urn:mrn\",\"value\":\"MRN-7741903-x\"}"),
        ("\"value\":80", "\"value\":\"Qzvornik\""),
        ("\"2026-01-02\"", "\"1931-07-23T25:00\""),
        ("\"note\":[", "\"note\":[\"confided-word\","),
        ("\"unit\":\"10*9/L\"", "\"unit\":[\"confided-word\"]"),
        ("\"status\":\"final\",", ""),
    ] {
        all.push(put("Observation", "o2", observation("o2", change)));
    }
    let entry = |body: &str| {
        format!(
            r#"{{"fullUrl":"urn:uuid:MRN-7741903","request":{{"method":"POST","url":"Patient"}},"resource":{body}}}"#
        )
    };
    let wrong = patient("p3", ("\"1931-07-23\"", "\"31.07.1923\""));
    let bundle = format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#, entry(&wrong));
    all.push(("POST", "/fhir".into(), bundle));
    for path in [
        "/fhir/Patient?identifier=MRN-7741903",
        "/fhir/Patient?name=Qzvornik",
        "/fhir/Patient?Qzvornik=1",
        "/fhir/Patient?birthdate=31.07.1923",
        "/fhir/Patient?_sort=Qzvornik",
        "/fhir/Patient?_count=Qzvornik",
        "/fhir/Observation?subject=MRN-7741903%00",
        "/fhir/Observation?date=Qzvornik",
        "/fhir/Observation?patient=p",
        "/fhir/Patient/MRN-7741903",
        "/fhir/Qzvornik/MRN-7741903",
        "/Qzvornik?MRN-7741903",
        "/fhir/Patient/p",
        "/metrics",
    ] {
        all.push(("GET", path.into(), String::new()));
    }
    all
}

#[test]
fn nothing_planted_is_logged_counted_or_echoed() {
    let folder = Folder::new("privacy");
    let log = folder.0.join("log");
    let mut command = trialgate();
    command.env("TRIALGATE_LOG", "trace").env("TRIALGATE__TARGETS__R__TOKEN", "secret-token-9");
    command.stderr(Stdio::from(std::fs::File::create(&log).expect("a log")));
    let config = "[sources.main]\nzone = \"UTC\"\n[targets.r]\nurl = \"http://127.0.0.1:9/fhir\"\nkind = \"research-store\"\n\
                  publish = \"all-computed\"\n[trials.NCT00962923]\nrecruiting = true\ngrounds = { list = \"x\" }\n";
    let mut server = Server::start_as(command, &folder, config);
    let (mut good, mut refused, mut found) = (0, 0, Vec::new());
    for (method, path, body) in requests() {
        let answer = request(&server.address, method, &path, &body).unwrap_or_else(|| panic!("{method} {path}"));
        let echoed = answer.status >= 400 || path == "/metrics";
        (good, refused) = if answer.status < 400 { (good + 1, refused) } else { (good, refused + 1) };
        for word in PLANTED.iter().filter(|w| echoed && answer.body.contains(**w)) {
            found.push(format!("{word} in the answer to {method} {path}: {}", answer.body));
        }
    }
    assert!(good >= 5 && refused >= 25, "{good} taken, {refused} refused");
    // Long enough for assessments and sends: they have run when nobody waits any more.
    for _ in 0..10_000 {
        let metrics = request(&server.address, "GET", "/metrics", "").expect("metrics");
        if metrics.body.contains("trialgate_persons_waiting 0") {
            break;
        }
    }
    server.signal("-TERM");
    assert!(server.ended().success());
    let log = std::fs::read_to_string(&log).expect("a log");
    assert!(log.contains("DEBUG") && log.contains("NCT00962923"), "a log at its loudest has lines: {log}");
    for word in PLANTED {
        found.extend(log.lines().find(|l| l.contains(word)).map(|line| format!("{word} in the log: {line}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn nobody_whom_a_source_quotes_is_logged() {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let hospital = runtime.block_on(Hospital::open("http://127.0.0.1:9"));
    hospital.behaves(&[Manner::Quotes]);
    hospital.keeps(quoted(), CLOCK);
    let folder = Folder::new("privacy-pull");
    let log = folder.0.join("log");
    let mut command = trialgate();
    command.env("TRIALGATE_LOG", "trace").stderr(Stdio::from(std::fs::File::create(&log).expect("a log")));
    let config = format!(
        "assess = false\n[sources.main]\nzone = \"UTC\"\n[sources.main.pull]\nurl = \"{}\"\nby = \"patients\"\npatients = [\"{}\"]\n",
        hospital.base(),
        QUOTED[0]
    );
    let mut server = Server::start_as(command, &folder, &config);
    let text = || std::fs::read_to_string(&log).expect("a log");
    while !text().contains("HTTP 403: forbidden") {
        request(&server.address, "GET", "/metrics", "").expect("metrics");
    }
    server.signal("-TERM");
    assert!(server.ended().success());
    let text = text();
    for word in QUOTED {
        assert_eq!(text.lines().find(|line| line.contains(word)), None, "{word} in the log");
    }
}
