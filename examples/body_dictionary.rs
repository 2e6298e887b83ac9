//! Makes a dictionary for stored bodies: `cargo run --release --example body_dictionary -- OUT`.
//!
//! It learns from the project's own resources: those of the worked cases, and the shapes of `fixtures/bodies`, with
//! ids, dates and numbers that are made up here. A dictionary that has packed a body is never changed; a better one
//! gets the next number in `src/store/body.rs`.

use serde_json::Value;
use std::path::Path;

/// Size of the dictionary, in bytes.
const SIZE: usize = 8 << 10;
/// How often each shape is filled in.
const FILLED: usize = 300;
/// Codes that the worked trial reads, with names and units as laboratories write them.
const LABS: [(&str, &str, &str); 14] = [
    ("4537-7", "Erythrocyte sedimentation rate by Westergren method", "mm/h"),
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL"),
    ("59260-0", "Hemoglobin [Moles/volume] in Blood", "mmol/L"),
    ("777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL"),
    ("778-1", "Platelets [#/volume] in Blood by Manual count", "10*9/L"),
    ("1751-7", "Albumin [Mass/volume] in Serum or Plasma", "g/dL"),
    ("61152-5", "Albumin [Mass/volume] in Serum or Plasma by Bromocresol purple (BCP) dye binding method", "g/L"),
    ("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL"),
    ("14682-9", "Creatinine [Moles/volume] in Serum or Plasma", "umol/L"),
    ("2889-4", "Protein [Mass/time] in 24 hour Urine", "mg/(24.h)"),
    ("2164-2", "Creatinine renal clearance in 24 hour Urine and Serum or Plasma", "mL/min"),
    ("10230-1", "Left ventricular Ejection fraction", "%"),
    ("29463-7", "Body weight", "kg"),
    ("2118-8", "Choriogonadotropin [Presence] in Serum", "{titer}"),
];

/// A small generator of numbers: the same samples on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn day(&mut self) -> String {
        format!("20{:02}-{:02}-{:02}", self.roll(30), 1 + self.roll(12), 1 + self.roll(28))
    }

    /// What stands in place of a word that begins with `@`.
    fn word(&mut self, name: &str, lab: usize) -> String {
        match name {
            "id" => format!("{:x}-{:x}", self.roll(1 << 31), self.roll(1 << 31)),
            "time" => {
                let end = ["Z", "+00:00", "+01:00", ".000+00:00", "-05:00", "+08:00"][self.roll(6) as usize];
                format!("{}T{:02}:{:02}:{:02}{end}", self.day(), self.roll(24), self.roll(60), self.roll(60))
            }
            "day" => self.day(),
            "decimal" => format!("{}.{}", self.roll(200), self.roll(100)),
            "number" => self.roll(1 << 31).to_string(),
            "flag" => ["N", "L", "H", "LL", "HH"][self.roll(5) as usize].into(),
            "loinc" => LABS[lab].0.into(),
            "lab" => LABS[lab].1.into(),
            "unit" => LABS[lab].2.into(),
            _ => (0..4 + self.roll(6)).map(|_| char::from(b'a' + self.roll(26) as u8)).collect(),
        }
    }

    fn fill(&mut self, shape: &str) -> String {
        let (mut out, mut rest) = (String::new(), shape);
        let lab = self.roll(LABS.len() as u64) as usize;
        while let Some((before, after)) = rest.split_once('@') {
            let end = after.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(after.len());
            out.push_str(before);
            out.push_str(&self.word(&after[..end], lab));
            rest = &after[end..];
        }
        out + rest
    }
}

fn cases(root: &Path) -> std::io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut trials: Vec<_> = std::fs::read_dir(root.join("profiles/trials"))?.flatten().map(|e| e.path()).collect();
    trials.sort();
    for trial in trials.iter().filter(|t| t.join("cases").is_dir()) {
        let mut files: Vec<_> = std::fs::read_dir(trial.join("cases"))?.flatten().map(|e| e.path()).collect();
        files.sort();
        for file in files {
            let case: Value = serde_json::from_slice(&std::fs::read(file)?)?;
            found.extend(case["resources"].as_array().into_iter().flatten().map(Value::to_string));
        }
    }
    Ok(found)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = std::env::args().nth(1).ok_or("give the file to write")?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut samples = cases(root)?;
    let mut dice = Dice(1);
    let shapes = std::fs::read_to_string(root.join("fixtures/bodies/shapes.ndjson"))?;
    for _ in 0..FILLED {
        samples.extend(shapes.lines().map(|shape| dice.fill(shape)));
    }
    let dictionary = zstd::dict::from_samples(&samples, SIZE)?;
    std::fs::write(&out, &dictionary)?;
    println!("{} samples, {} bytes", samples.len(), dictionary.len());
    Ok(())
}
