//! What arrived is counted by code and unit, and a unit sent as a word apart from the same letters sent as UCUM.

use super::*;
use trialgate::store::UsageList;

on_both!(a_word_is_counted_apart_from_the_code_of_the_same_letters);

fn in_unit(unit: ReceivedUnit) -> Vec<DraftFact> {
    let mut fact = number("2157-6", "4", 5);
    if let FactValue::Quantity { unit: kept, .. } = &mut fact.value {
        *kept = unit;
    }
    vec![fact]
}

async fn a_word_is_counted_apart_from_the_code_of_the_same_letters(place: Place) {
    let store = place.open();
    let day = 86_400_000_000;
    for (id, unit, at) in [
        ("a", ReceivedUnit::Word("ng/mL".into()), 10),
        ("b", ReceivedUnit::Word("ng/mL".into()), 3 * day),
        ("c", ReceivedUnit::Ucum("ng/mL".into()), 11),
        ("d", ReceivedUnit::None, 12),
    ] {
        keep(&store, entry(id, "{}", in_unit(unit)), at).await;
    }
    let rows = store.read(UsageList { source: None }).await.expect("read");
    let told: Vec<(&str, bool, i64, i64, i64)> =
        rows.iter().map(|r| (r.unit.as_str(), r.word, r.count, r.first.0, r.last.0)).collect();
    let days = [("ng/mL", true, 2, 10, 3 * day), ("", false, 1, 12, 12), ("ng/mL", false, 1, 11, 11)];
    assert_eq!(told, days, "one row for all days");
}

#[test]
fn counts_of_before_stay_when_the_tables_are_brought_up_to_date() {
    let place = Place::file();
    let Place::File(folder) = &place else { unreachable!("a file") };
    let old = rusqlite::Connection::open(folder.join("s.db")).expect("a file");
    let steps = [
        include_str!("../../../migrations/sqlite/0001_first.sql"),
        include_str!("../../../migrations/sqlite/0002_lanes.sql"),
        include_str!("../../../migrations/sqlite/0003_accounts.sql"),
        include_str!("../../../migrations/sqlite/0004_entered.sql"),
        include_str!("../../../migrations/sqlite/0005_messages.sql"),
    ];
    old.execute_batch("create table schema (version integer primary key)").expect("made");
    for (place, step) in steps.iter().enumerate() {
        old.execute_batch(&format!("{step}; insert into schema values ({})", place + 1)).expect("an earlier step");
    }
    let row = "insert into code values (7, 'http://loinc.org', '777-3');
               insert into usage values (0, '', 'lab', 7, 'G/l', 41, 10, 20);";
    old.execute_batch(row).expect("an earlier count");
    drop(old);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let rows = runtime.block_on(async {
        let store = place.open();
        store.read(UsageList { source: None }).await.expect("read")
    });
    let told: Vec<_> = rows.iter().map(|r| (r.unit.as_str(), r.word, r.count, r.first.0, r.last.0)).collect();
    assert_eq!(told, [("G/l", false, 41, 10, 20)]);
}
