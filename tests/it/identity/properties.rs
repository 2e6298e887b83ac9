//! Whatever is said, in whatever order: persons are what is said last, and what is said no longer never was.

use super::*;
use crate::place::{block_on, places};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const IDS: [&str; 5] = ["a", "b", "c", "d", "e"];
const KINDS: [&str; 4] = ["replaced-by", "replaces", "refer", "seealso"];

/// Version `n` of a Patient's record: what it says, and perhaps that it bears a shared identifier.
#[derive(Debug, Clone)]
struct Version {
    of: usize,
    n: u32,
    links: Vec<(usize, usize)>,
    bears: Option<u8>,
}

impl Version {
    fn resource(&self) -> Value {
        let links: Vec<(&str, &str)> = self.links.iter().map(|(kind, other)| (KINDS[*kind], IDS[*other])).collect();
        let mut patient = patient(IDS[self.of], &links);
        patient["meta"] =
            json!({ "lastUpdated": format!("2026-03-14T{:02}:00:00Z", self.n), "versionId": self.n.to_string() });
        if let Some(value) = self.bears {
            patient["identifier"] = json!([{ "system": INDEX, "value": value.to_string() }]);
        }
        patient
    }
}

fn versions() -> impl Strategy<Value = Vec<Version>> {
    let said = (prop::collection::vec((0_usize..4, 0_usize..5), 0..3), prop::option::weighted(0.4, 0_u8..2));
    prop::collection::btree_map((0_usize..5, 0_u32..4), said, 1..14)
        .prop_map(|all| all.into_iter().map(|((of, n), (links, bears))| Version { of, n, links, bears }).collect())
}

/// Who is one person, worked out from the last version of each alone.
fn expected(all: &[Version]) -> BTreeSet<BTreeSet<String>> {
    let mut last: BTreeMap<usize, &Version> = BTreeMap::new();
    for version in all {
        let newest = last.entry(version.of).or_insert(version);
        if newest.n < version.n {
            *newest = version;
        }
    }
    let mut of: Vec<usize> = (0..IDS.len()).collect();
    let mut same: Vec<(usize, usize)> = last.values().flat_map(|v| v.links.iter().map(|(_, o)| (v.of, *o))).collect();
    for (n, a) in &last {
        same.extend(last.iter().filter(|(_, b)| a.bears.is_some() && a.bears == b.bears).map(|(m, _)| (*n, *m)));
    }
    for _ in 0..IDS.len() {
        for (a, b) in &same {
            let least = of[*a].min(of[*b]);
            (of[*a], of[*b]) = (least, least);
        }
    }
    let parts: BTreeSet<usize> = of.iter().copied().collect();
    let ids = |part: &usize| (0..IDS.len()).filter(|i| of[*i] == *part).map(|i| IDS[i].to_owned()).collect();
    parts.iter().map(ids).collect()
}

async fn filled(place: Place, arrivals: &[Value], settling: bool) -> House {
    let house = house(place);
    for (n, id) in IDS.into_iter().enumerate() {
        house.put(&diagnosis(&format!("d-{id}"), id)).await;
        let value = (40 + 20 * n).to_string();
        house.put(&result(&format!("o-{id}"), id, "777-3", &value, "10*9/L")).await;
    }
    for arrival in arrivals {
        house.put(arrival).await;
        if settling {
            house.settle().await;
        }
    }
    house.settle().await;
    house
}

/// All that can be told of the persons, without keys that are random.
async fn told(
    house: &House,
) -> (BTreeSet<BTreeSet<String>>, Vec<Value>, BTreeMap<String, i64>, Vec<Vec<&'static str>>) {
    let (mut verdicts, mut statuses) = (Vec::new(), Vec::new());
    for id in IDS {
        verdicts.push(house.verdict(id).await);
        statuses.push(house.statuses(id).await);
    }
    (house.persons(&IDS).await, verdicts, house.tally().await, statuses)
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

#[test]
fn the_order_of_merges_does_not_matter() {
    let strategy = versions().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()));
    for place in places() {
        let cases = if matches!(place, Place::File(_)) { 12 } else { 4 };
        let checked = runner(cases).run(&strategy, |(plain, shuffled)| {
            let resources = |all: &[Version]| all.iter().map(Version::resource).collect::<Vec<_>>();
            let one = block_on(async { told(&filled(place.another(), &resources(&plain), false).await).await });
            let other = block_on(async { told(&filled(place.another(), &resources(&shuffled), true).await).await });
            prop_assert_eq!(&one.0, &expected(&plain));
            prop_assert_eq!(one, other);
            Ok(())
        });
        checked.unwrap_or_else(|e| panic!("{e}"));
    }
}

#[test]
fn merged_then_parted_is_never_merged() {
    for place in places() {
        let cases = if matches!(place, Place::File(_)) { 10 } else { 4 };
        let checked = runner(cases).run(&versions(), |all| {
            let plain = |n: u32| {
                let quiet = |of| Version { of, n, links: Vec::new(), bears: None }.resource();
                (0..IDS.len()).map(quiet).collect::<Vec<_>>()
            };
            let merged: Vec<Value> = all.iter().map(Version::resource).chain(plain(9)).collect();
            let parted = block_on(async { told(&filled(place.another(), &merged, true).await).await });
            let never = block_on(async { told(&filled(place.another(), &plain(9), false).await).await });
            prop_assert_eq!(parted, never);
            Ok(())
        });
        checked.unwrap_or_else(|e| panic!("{e}"));
    }
}

/// Several writers and an assessor at once, on PostgreSQL in two processes' place: who is one person comes out the same.
#[test]
fn rivals_end_in_the_same_persons() {
    for place in places() {
        let cases = if matches!(place, Place::File(_)) { 4 } else { 8 };
        let checked = runner(cases).run(&versions(), |all| {
            let resources: Vec<Value> = all.iter().map(Version::resource).collect();
            let alone = block_on(async { told(&filled(place.another(), &resources, false).await).await });
            let together = block_on(async {
                let house = filled(place.another(), &[], false).await;
                let beside = desk(house.place.beside(house.desk.store()));
                let mut writing = tokio::task::JoinSet::new();
                for (n, resource) in resources.into_iter().enumerate() {
                    let desk = if n % 2 == 0 { house.desk.clone() } else { beside.clone() };
                    writing.spawn(async move {
                        while let Err(why) = put_by(&desk, "main", &resource).await {
                            assert!(why.contains("transient"), "{why}");
                        }
                        assess::round(&desk).await.expect("a round");
                    });
                }
                while let Some(done) = writing.join_next().await {
                    done.expect("written");
                }
                house.settle().await;
                told(&house).await
            });
            prop_assert_eq!(&alone.0, &expected(&all));
            prop_assert_eq!(alone, together);
            Ok(())
        });
        checked.unwrap_or_else(|e| panic!("{e}"));
    }
}
