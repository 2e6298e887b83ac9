//! Definitions broken at random are refused in words or load: a bounded number of them, the same on every run.

#[allow(unreachable_pub, dead_code, reason = "an example is a program of its own")]
#[path = "../../../examples/fuzz_definition.rs"]
mod fuzz_definition;

/// How many are tried; the example goes on for as long as it is told.
const INPUTS: u64 = 400;

#[test]
fn broken_definitions_are_refused_in_words_or_load() {
    let ground = fuzz_definition::Ground::built_in();
    let loaded = (0..INPUTS).filter(|seed| ground.run(1_000_000 + seed)).count();
    let refused = INPUTS as usize - loaded;
    assert!(
        loaded > 20 && refused > 100,
        "{loaded} loaded and {refused} were refused: the mutations are too tame or too wild"
    );
}

#[test]
fn a_variable_from_nothing_is_refused() {
    let told = crate::evaluate::refused("[variables.v]\nfrom = []\ncode = [\"local|v\"]\nunit = \"g/L\"\n");
    assert!(told.contains("`from` names no kind of resource"), "{told}");
}

/// The deepest that names may lean on each other, evaluated on the stack of a worker.
#[test]
fn what_is_as_deep_as_allowed_is_evaluated_and_what_is_deeper_is_refused() {
    use crate::evaluate::{include, number};
    // Eight variables of thirty levels each, above a sum: 8 × 30 and what stands around them.
    let chain = |levels: usize| {
        let mut all = number("v0", "g/L");
        for n in 1..=8 {
            let sum = " + 1 'g/L'".repeat(levels);
            all.push_str(&format!("[variables.v{n}]\nunit = \"g/L\"\nderive = \"v{}{sum}\"\n", n - 1));
        }
        format!("{all}{}", include("A", "v8 > 3 'g/L'"))
    };
    let deep = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let world = crate::evaluate::world(&chain(29));
        let fact = crate::evaluate::fact("v0", crate::evaluate::ucum("5", "g/L"), "2026-03-10");
        world.truth(&[fact], "2026-03-15T00:00:00Z")
    });
    let truth = deep.expect("a thread").join().expect("no overflow");
    assert_eq!(truth, trialgate::model::truth::Truth::True);
    let told = crate::evaluate::refused(&chain(40));
    assert!(told.contains("leans on this goes more than 256 levels deep"), "{told}");
}
