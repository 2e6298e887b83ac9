//! The page of feeds and queues: what came, what is set aside, what waits; variables only for who may list persons.

use super::house::*;
use trialgate::model::standing::Role;
use trialgate::store::{Caller, KeepAside, SetAside};

#[tokio::test(flavor = "multi_thread")]
async fn feeds_and_queues_are_shown_as_far_as_a_role_reaches() {
    let house = open(Plan::default()).await;
    house.case("C07").await;
    let caller = Caller { actor: "tester".into(), purpose: "intake".into() };
    let (reason, body) = ("error (required): no <status>".to_owned(), b"{\"secret\":1}".to_vec());
    let aside = SetAside { source: "main".into(), reason, place: "p".into(), body };
    house.desk.store().write(KeepAside { aside, caller, at: NOW }).await.expect("kept");
    house.account("lee", &[Role::DataManager]).await;
    house.account("machine", &[Role::Integration]).await;
    house.account("nobody", &[]).await;
    let path = format!("/trials/{TRIAL}/feeds");
    let (mut lee, mut machine) = (house.signed_in("lee").await, house.signed_in("machine").await);
    let all = house.page(&mut lee, &path).await;
    assert_eq!(all.status, 200);
    for words in ["Feeds and queues", "id=\"feed-main\"", "Serum albumin", "Set aside", "of ? expected", "Nothing waits"] {
        assert!(all.text.contains(words), "{words}: {}", all.text);
    }
    assert!(!all.text.contains("secret") && !all.text.contains("Patient/"), "{}", all.text);
    let few = house.page(&mut machine, &path).await;
    assert!(few.status == 200 && few.text.contains("feed-main") && !few.text.contains("Serum albumin"), "{}", few.text);
    let mut nobody = house.signed_in("nobody").await;
    assert_eq!(house.page(&mut nobody, &path).await.status, 404);
    for (lang, words) in [("de", "Zuflüsse und Warteschlangen"), ("zh", "数据源与队列")] {
        assert!(house.page(&mut lee, &format!("{path}?lang={lang}")).await.text.contains(words), "{lang}");
    }
}
