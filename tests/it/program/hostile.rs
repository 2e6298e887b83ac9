//! Hostile bodies over and over: each is refused or kept as it should be, and memory stays where it was.

use super::Folder;
use super::client::request;
use super::server::Server;

/// Bodies, and whether they are kept.
fn bodies() -> Vec<(String, bool)> {
    let observation = |extra: &str| {
        format!(
            r#"{{"resourceType":"Observation","id":"o","status":"final",{extra}"code":{{"text":"x"}},"subject":{{"reference":"Patient/p"}},"effectiveDateTime":"2026-01-02","valueQuantity":{{"value":1}}}}"#
        )
    };
    let note = |size: usize| format!(r#""note":[{{"text":"{}"}}],"#, "n".repeat(size));
    let many = |n: usize| format!(r#""category":[{}],"#, vec![r#"{"text":"c"}"#; n].join(","));
    vec![
        (observation(""), true),
        (observation(&note(1 << 20)), false),
        (observation(&note(900_000)), true),
        (observation(&many(50_000)), true),
        (observation(&many(30_000).replace("text", "txet")), false),
        (observation(&"\"status\":\"final\",".repeat(20_000)), false),
        ("[".repeat(1 << 20), false),
        (r#"{"a":"#.repeat(100_000), false),
        (observation("").replace('1', &"9".repeat(500_000)), false),
        (observation(&note(10)).replace("nnnnnnnnnn", &"\\u0000".repeat(100_000)), false),
        (format!("\"{}\"", "\\ud83d\\ude00".repeat(80_000)), false),
        (observation(&note(900_000))[..500_000].to_owned(), false),
        (" ".repeat(1 << 20), false),
        (observation(&(0..20_000).map(|n| format!("\"k{n}\":{n},")).collect::<String>()), false),
    ]
}

#[test]
fn memory_is_flat_over_hostile_bodies() {
    let folder = Folder::new("hostile");
    let server = Server::start(&folder, "");
    let bodies = bodies();
    let entries = |n: usize| {
        let one = r#"{"request":{"method":"PUT","url":"Nothing/x"},"resource":{"resourceType":"Nothing"}}"#;
        format!(r#"{{"resourceType":"Bundle","type":"batch","entry":[{}]}}"#, vec![one; n].join(","))
    };
    let bundles = [entries(10_000), entries(10_001)];
    let round = || {
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let (server, bodies, bundles) = (&server, &bodies, &bundles);
                scope.spawn(move || {
                    for (n, (body, kept)) in bodies.iter().enumerate().filter(|(n, _)| n % 4 == worker) {
                        // Each has its own id: the same again adds nothing to the store, whose cache may grow.
                        let (path, body) = (
                            format!("/fhir/Observation/o{n}"),
                            body.replace(r#""id":"o""#, &format!(r#""id":"o{n}""#)),
                        );
                        let answer = request(&server.address, "PUT", &path, &body);
                        let answer = answer.unwrap_or_else(|| panic!("body {n} is answered"));
                        let fits = if *kept { answer.status < 300 } else { (400..500).contains(&answer.status) };
                        assert!(fits, "body {n}: {} {}", answer.status, &answer.body[..answer.body.len().min(300)]);
                    }
                    if worker < bundles.len() {
                        let answer = request(&server.address, "POST", "/fhir", &bundles[worker]).expect("an answer");
                        assert!(matches!(answer.status, 200 | 413), "{}", answer.status);
                    }
                });
            }
        });
    };
    // What allocators and caches keep is there after a few rounds; what leaks goes on.
    for _ in 0..3 {
        round();
    }
    let before = server.kib("VmRSS");
    for _ in 0..12 {
        round();
    }
    let after = server.kib("VmRSS");
    println!("{before} KiB before, {after} KiB after, {} KiB at most", server.kib("VmHWM"));
    assert!(after < before + 50 * 1024, "memory rose from {before} to {after} KiB");
}
