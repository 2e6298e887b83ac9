//! Three-valued truth: known exactly when every way to fill the unknown agrees.

use super::config;
use proptest::prelude::*;
use trialgate::model::truth::Truth;

const ALL: [Truth; 3] = [Truth::False, Truth::Unknown, Truth::True];

/// Both truths that an unknown may be, or the one that it is.
fn fillings(t: Truth) -> Vec<bool> {
    t.known().map_or_else(|| vec![false, true], |known| vec![known])
}

/// What all fillings agree on.
fn agreed(results: impl IntoIterator<Item = bool>) -> Truth {
    let results: Vec<bool> = results.into_iter().collect();
    if results.iter().all(|r| *r == results[0]) { Truth::from(results[0]) } else { Truth::Unknown }
}

#[test]
fn the_tables_are_what_all_fillings_agree_on() {
    type Table = (fn(Truth, Truth) -> Truth, fn(bool, bool) -> bool);
    let tables: [Table; 4] = [
        (Truth::and, |a, b| a && b),
        (Truth::or, |a, b| a || b),
        (Truth::xor, |a, b| a != b),
        (Truth::implies, |a, b| !a || b),
    ];
    for a in ALL {
        assert_eq!(!a, agreed(fillings(a).into_iter().map(|x| !x)));
        assert_eq!(Truth::from(a.known()), a);
        for b in ALL {
            for (three, two) in tables {
                let filled = fillings(a).into_iter().flat_map(|x| fillings(b).into_iter().map(move |y| two(x, y)));
                assert_eq!(three(a, b), agreed(filled), "{a:?} {b:?}");
            }
            assert_eq!(!(a.and(b)), (!a).or(!b));
            assert_eq!(!(a.or(b)), (!a).and(!b));
        }
    }
    assert_eq!(ALL.map(Truth::word), ["false", "unknown", "true"]);
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn at_least_is_what_all_fillings_agree_on(truths in proptest::collection::vec(proptest::sample::select(&ALL[..]), 0..7), n in 0_usize..9) {
        let mut worlds: Vec<Vec<bool>> = vec![vec![]];
        for t in &truths {
            let with = |w: &Vec<bool>, x: bool| w.iter().copied().chain([x]).collect::<Vec<_>>();
            worlds = worlds.iter().flat_map(|w| fillings(*t).into_iter().map(move |x| with(w, x))).collect();
        }
        let right = agreed(worlds.iter().map(|w| w.iter().filter(|x| **x).count() >= n));
        prop_assert_eq!(Truth::at_least(n, truths), right);
    }
}
