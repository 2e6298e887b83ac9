//! The pages of outcomes, on people who are followed.

use super::cohort::{OUTCOMES, followed};
use super::house::*;
use trialgate::model::standing::Role;

#[tokio::test(flavor = "multi_thread")]
async fn look_at_them() {
    let house = open(Plan { more: OUTCOMES, ..Plan::default() }).await;
    house.account("lee", &[Role::Coordinator]).await;
    let persons = followed(&house, 20, 700).await;
    let mut lee = house.signed_in("lee").await;
    let all = house.page(&mut lee, &format!("/trials/{TRIAL}/outcomes")).await;
    let item = house.page(&mut lee, &format!("/trials/{TRIAL}/outcomes?outcome=mrss&item=mrss")).await;
    let response = house.page(&mut lee, &format!("/trials/{TRIAL}/outcomes?outcome=mrss_response&item=mrss_response")).await;
    let one = house.page(&mut lee, &format!("/trials/{TRIAL}/persons/{}/outcomes", persons[0])).await;
    let dead = house.page(&mut lee, &format!("/trials/{TRIAL}/persons/{}/outcomes", persons[2])).await;
    for (name, page) in [("all", &all), ("item", &item), ("response", &response), ("one", &one), ("dead", &dead)] {
        assert_eq!(page.status, 200, "{name}: {}", page.text);
        if let Some(folder) = std::env::var_os("TRIALGATE_PAGES") {
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}.html")), &page.text).expect("written");
        }
    }
}
