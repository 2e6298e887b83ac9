//! The pages as `/openapi.json` describes them, compared with what is answered.

use super::house::*;
use std::collections::BTreeSet;
use trialgate::http::coordinator::routes::ADDRESSES;
use trialgate::http::hooks::HOOK_PATHS;
use trialgate::http::openapi::{ROUTES, document};
use trialgate::model::standing::Role;

#[tokio::test(flavor = "multi_thread")]
async fn the_document_names_every_page_and_its_methods() {
    let house = open(Plan::default()).await;
    house.account("lee", &[Role::Coordinator]).await;
    let served = house.page(&mut house.visitor(), "/openapi.json").await;
    let served: serde_json::Value = serde_json::from_str(&served.text).expect("JSON");
    assert_eq!(served, document(true));
    let paths = served["paths"].as_object().expect("paths");
    assert_eq!(paths.len(), ROUTES.len() + HOOK_PATHS.len() + ADDRESSES.len(), "each path once");
    for address in ADDRESSES {
        let path = address.path.replace("{trial}", TRIAL).replace("{person}", "00").replace("{file}", "none");
        let said: BTreeSet<&str> =
            paths[address.path].as_object().expect("methods").keys().map(String::as_str).collect();
        let get = house.page(&mut house.visitor(), &path).await;
        let post = house.form(&mut house.visitor(), &path, &[]).await;
        for (method, answer) in [("get", get), ("post", post)] {
            assert_eq!(answer.status == 405, !said.contains(method), "{method} {path}: {answer:?}");
        }
    }
}
