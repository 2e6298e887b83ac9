//! CPU time of intake per resource: `cargo run --release --example intake_speed -- Observation.ndjson [rounds]`.

mod speed;

use speed::cpu_us;
use std::time::Instant as Wall;
use trialgate::intake::{Setting, json, read_resource};
use trialgate::model::time::{Instant, Zone};

fn measure(what: &str, lines: &[&str], rounds: usize, mut each: impl FnMut(&[u8])) {
    let (cpu, wall) = (cpu_us(), Wall::now());
    for _ in 0..rounds {
        for line in lines {
            each(line.as_bytes());
        }
    }
    let count = (lines.len() * rounds) as u64;
    let cpu = (cpu_us() - cpu) * 1000 / count.max(1);
    let wall = wall.elapsed().as_nanos() as u64 / count.max(1);
    println!("{what}: {cpu} ns CPU, {wall} ns wall each, {count} times");
}

fn main() -> Result<(), String> {
    let path = std::env::args().nth(1).ok_or("give an ndjson file of resources")?;
    let rounds = std::env::args().nth(2).and_then(|r| r.parse().ok()).unwrap_or(20);
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
    let lines: Vec<&str> = text.lines().filter(|l| !l.is_empty()).take(5000).collect();
    let bytes: usize = lines.iter().map(|l| l.len()).sum();
    println!("{} resources of {} bytes on average", lines.len(), bytes / lines.len().max(1));
    let zone = Zone::utc();
    let setting = Setting { zone: &zone, received: Instant(1_800_000_000_000_000), base: None };
    let refused = lines.iter().filter(|l| read_resource(l.as_bytes(), None, &setting).draft.is_none()).count();
    println!("refused: {refused}");
    measure("strict pass", &lines, rounds, |body| {
        std::hint::black_box(json::parse(body).is_ok());
    });
    measure("everything", &lines, rounds, |body| {
        std::hint::black_box(read_resource(body, None, &setting));
    });
    Ok(())
}
