//! Whatever order messages arrive in, and however often, the same is known in the end.

use super::*;
use crate::place::on_both;
use sha2::{Digest, Sha256};
use trialgate::flow::lines::Loaded;
use trialgate::store::MessageOf;

on_both!(any_order_ends_in_the_same_facts, many_at_once_end_in_the_same_facts, a_file_is_as_its_messages_one_by_one,);

/// Numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % n
    }

    fn shuffled(&mut self, all: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let mut all = all.to_vec();
        // Some come twice.
        for _ in 0..4 {
            all.push(all[self.below(all.len())].clone());
        }
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
        all
    }
}

fn stream() -> Vec<Vec<u8>> {
    let names = ["patients.hl7", "result-corrected.hl7", "result-types.hl7", "administrations.hl7"];
    let mut all: Vec<Vec<u8>> = names.into_iter().flat_map(fixture).collect();
    // The same moment said twice, differently; a cancellation; a deletion that came with the record's own second.
    for (n, line) in [
        "MSH|^~\\&|A|H|T|T|20260302080000+0000||ADT^A08|Z1|P|2.5\nEVN|A08|20260302080000+0000\nPID|1||new^^^^MR||Doe^Janet||19700112|F",
        "MSH|^~\\&|A|H|T|T|20260307080000+0000||ADT^A08|Z2|P|2.5\nEVN|A08|20260307080000+0000\nPID|1||fourth^^^^MR||Doe^John||19690102|M",
        "MSH|^~\\&|L|H|T|T|20260315120000+0000||ORU^R01|Z3|P|2.5.1\nPID|1||p1\nOBR|1|PL1|FI1|1751-7^Albumin^LN|||20260315080000+0000|||||||||||||||20260315120000+0000|||X\nOBX|1|NM|1751-7^Albumin^LN|||g/L^g/L^UCUM|||||X",
        "MSH|^~\\&|L|H|T|T|20260315120000+0000||ORU^R01|Z4|P|2.5.1\nPID|1||old\nOBR|1|PL5|FI5|1751-7^Albumin^LN|||20260315080000+0000|||||||||||||||20260315120000+0000|||F\nOBX|1|NM|1751-7^Albumin^LN||33|g/L^g/L^UCUM|||||F",
    ]
    .iter()
    .enumerate()
    {
        assert!(n < 4);
        all.push(message(line));
    }
    all
}

async fn known(ward: &Ward) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for patient in ["p1", "p2", "p3", "old", "new", "third", "fourth"] {
        all.push(ward.facts(patient).await);
    }
    all
}

async fn any_order_ends_in_the_same_facts(place: Place) {
    let (messages, mut dice) = (stream(), Dice(20_260_315));
    let first = ward(&place);
    first.take_all(&messages).await;
    let wanted = known(&first).await;
    assert!(wanted[0].len() == 1 && wanted[1].len() > 10, "{wanted:?}");
    for turn in 0..12 {
        let place = place.another();
        let other = ward(&place);
        other.take_all(&dice.shuffled(&messages)).await;
        assert_eq!(known(&other).await, wanted, "turn {turn}");
        assert_eq!(other.asides().await.len(), first.asides().await.len());
    }
}

/// Messages that share a commit come to what each comes to alone, with what is wrong among them.
async fn a_file_is_as_its_messages_one_by_one(place: Place) {
    let mut all = stream();
    all.extend(fixture("refused.hl7"));
    let mut dice = Dice(11);
    for turn in 0..4 {
        let messages = dice.shuffled(&all);
        let (one, other) = (place.another(), place.another());
        let (alone, together) = (ward(&one), ward(&other));
        let mut wanted = Loaded::default();
        for told in alone.take_all(&messages).await {
            wanted.add(&told.loaded);
        }
        let file = messages.join(&b'\r');
        let found = together.gateway.load_messages(&together.source, "file", &file, &caller()).await;
        let found = found.expect("the store answers");
        assert_eq!((&found.kept, &found.events), (&wanted.kept, &wanted.events), "turn {turn}");
        assert_eq!(known(&together).await, known(&alone).await, "turn {turn}");
        let waits = async |ward: &Ward| ward.asides().await.into_iter().map(|a| (a.reason, a.body)).collect::<Vec<_>>();
        assert_eq!(waits(&together).await, waits(&alone).await, "turn {turn}");
        // In one commit a person is known anew less often.
        let timeless = async |ward: &Ward| {
            let mut all = ward.all(ResourceType::Patient).await;
            all.iter_mut().for_each(|one| one["meta"]["lastUpdated"] = Value::Null);
            all
        };
        assert_eq!(timeless(&together).await, timeless(&alone).await, "turn {turn}");
        for body in &messages {
            let asked = MessageOf { source: "lab".into(), digest: Sha256::digest(body).into() };
            let [found, wanted] = [&together, &alone].map(|ward| ward.store.read(asked.clone()));
            assert_eq!(found.await.expect("read"), wanted.await.expect("read"), "turn {turn}");
        }
    }
}

async fn many_at_once_end_in_the_same_facts(place: Place) {
    let (messages, mut dice) = (stream(), Dice(7));
    let first = ward(&place);
    first.take_all(&messages).await;
    let wanted = known(&first).await;
    for turn in 0..3 {
        let place = place.another();
        let other = Arc::new(ward(&place));
        let mut tasks = tokio::task::JoinSet::new();
        for one in dice.shuffled(&messages) {
            let other = other.clone();
            tasks.spawn(async move { other.take(&one).await });
        }
        while let Some(done) = tasks.join_next().await {
            done.expect("nothing panicked");
        }
        assert_eq!(known(&other).await, wanted, "turn {turn}");
    }
}
