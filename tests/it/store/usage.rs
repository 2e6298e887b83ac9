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
