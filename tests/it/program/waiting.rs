//! A process that is told not to assess takes data, and leaves the persons to one that does.

use super::Folder;
use super::client::request;
use super::crash::{diagnosis, patient};
use super::server::Server;
use std::time::{Duration, Instant};

const PLACE: &str = "[sources.main]\nzone = \"UTC\"\n[trials.NCT00962923]\nrecruiting = true\n";
/// How often the waiting are counted: an assessor is done long before.
const LOOKS: usize = 300;

/// How many persons wait, as the metrics say.
fn waiting(server: &Server) -> u64 {
    let answer = request(&server.address, "GET", "/metrics", "").expect("an answer");
    let line = answer.body.lines().find_map(|l| l.strip_prefix("trialgate_persons_waiting "));
    line.and_then(|n| n.parse().ok()).expect("a number")
}

#[test]
fn persons_wait_where_nobody_assesses() {
    let folder = Folder::new("waiting");
    {
        let server = Server::start(&folder, &format!("assess = false\n{PLACE}"));
        for (path, body) in [patient(0), diagnosis(0)] {
            let answer = request(&server.address, "PUT", &path, &body).expect("an answer");
            assert_eq!(answer.status, 201, "{}", answer.body);
        }
        for look in 0..LOOKS {
            assert_eq!(waiting(&server), 1, "look {look}");
        }
    }
    let server = Server::start(&folder, PLACE);
    let end = Instant::now() + Duration::from_secs(20);
    while waiting(&server) > 0 {
        assert!(Instant::now() < end, "nobody was assessed");
    }
}
