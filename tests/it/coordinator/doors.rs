//! Who gets in: names and origins, forms, locks, sessions by the clock, languages.

use super::house::*;
use trialgate::flow::accounts::{ACCOUNT_FAILURES_MAX, IDLE_US, LOCK_US};
use trialgate::http::coordinator::routes::Exposure;
use trialgate::http::coordinator::text::{ALL, Lang};
use trialgate::model::standing::Role;

#[tokio::test(flavor = "multi_thread")]
async fn without_an_account_the_page_says_how_to_make_one() {
    let house = open(Plan::default()).await;
    let mut visitor = house.visitor();
    let answer = house.page(&mut visitor, "/").await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("trialgate user add NAME"), "{}", answer.text);
    assert!(answer.text.contains(&format!("--trial {TRIAL} --site NJ")), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_sent_to_the_form_from_every_address_alike() {
    let house = open(Plan::default()).await;
    house.account("lee", &[Role::Coordinator]).await;
    let person = house.case("C01").await;
    let there = format!("/trials/{TRIAL}/persons/{person}");
    for path in ["/", &format!("/trials/{TRIAL}"), "/trials/none", &there, "/trials/none/persons/00"] {
        let answer = house.page(&mut house.visitor(), path).await;
        let next = trialgate::flow::query::encode(path);
        assert_eq!((answer.status, answer.header("location")), (303, format!("/sign-in?next={next}").as_str()));
        assert!(answer.text.is_empty(), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_headers_and_no_page_holds_script_or_style() {
    let house = open(Plan::default()).await;
    house.account("lee", &[Role::Coordinator]).await;
    let person = house.case("C09").await;
    let mut lee = house.signed_in("lee").await;
    let there = format!("/trials/{TRIAL}/persons/{person}");
    for path in ["/", "/sign-in", &format!("/trials/{TRIAL}"), &there, "/trials/none"] {
        let answer = house.page(&mut lee, path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(!answer.text.contains("<script") && !answer.text.contains(" style="), "{path}");
        assert!(!answer.text.contains("onclick"), "{path}");
    }
    let page = house.page(&mut lee, "/").await.text;
    let style = page.split("href=\"/assets/page-").nth(1).and_then(|r| r.split('"').next()).expect("a stylesheet");
    let style = house.page(&mut house.visitor(), &format!("/assets/page-{style}")).await;
    assert_eq!((style.status, style.header("content-type")), (200, "text/css; charset=utf-8"));
    assert!(style.header("cache-control").contains("immutable"));
    assert_eq!(house.page(&mut house.visitor(), "/assets/../Cargo.toml").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_needs_its_token_its_origin_and_its_host() {
    let house = open(Plan::default()).await;
    house.account("lee", &[Role::Coordinator]).await;
    let address = house.address();
    let tried = tokio::task::spawn_blocking(move || {
        let fresh = || Visitor { address: address.clone(), host: address.clone(), cookies: Default::default() };
        let fields = |form: &str| {
            vec![
                ("form".to_owned(), form.to_owned()),
                ("name".into(), "lee".into()),
                ("password".into(), PASSWORD.into()),
            ]
        };
        let send = |visitor: &mut Visitor, form: &str, headers: &[&str]| {
            let fields = fields(form);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            visitor.post("/sign-in", &fields, headers).status
        };
        let mut found = Vec::new();
        let mut visitor = fresh();
        let form = visitor.get("/sign-in").form();
        found.push(("without the cookie", send(&mut fresh(), &form, &[])));
        found.push(("another's token", send(&mut visitor, &fresh().get("/sign-in").form(), &[])));
        found.push(("no token", send(&mut visitor, "", &[])));
        found.push(("foreign origin", send(&mut visitor, &form, &["Origin: https://evil.example"])));
        found.push(("null origin", send(&mut visitor, &form, &["Origin: null"])));
        found.push(("no origin", send(&mut visitor, &form, &["Origin: -"])));
        found.push(("cross-site", send(&mut visitor, &form, &["Sec-Fetch-Site: cross-site"])));
        let mut elsewhere = Visitor { host: "evil.example".into(), ..fresh() };
        found.push(("foreign host", elsewhere.get("/sign-in").status));
        found.push(("host as prefix", Visitor { host: "localhost.evil.example".into(), ..fresh() }.get("/").status));
        found.push(("signed out without token", visitor.post("/sign-out", &[], &[]).status));
        found.push(("language without token", visitor.post("/language", &[("lang", "de")], &[]).status));
        let json = ["Content-Type: application/json"];
        found.push((
            "no form",
            visitor.ask("POST", "/sign-in", &[json[0], &format!("Origin: http://{address}")], "{}").status,
        ));
        let right = send(&mut visitor, &form, &[]);
        (found, right)
    });
    let (found, right) = tried.await.expect("tried");
    for (what, status) in found {
        assert_eq!(status, if what.contains("host") { 421 } else { 403 }, "{what}");
    }
    assert_eq!(right, 303, "and the right one works");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_answers_alike_for_names_that_there_are_and_that_there_are_not() {
    let house = open(Plan::default()).await;
    house.account("lee", &[Role::Coordinator]).await;
    let mut told = Vec::new();
    for name in ["lee", "nobody"] {
        let mut answers = Vec::new();
        let mut visitor = house.visitor();
        for _ in 0..=ACCOUNT_FAILURES_MAX {
            let form = house.page(&mut visitor, "/sign-in").await.form();
            let fields = [("form", form.as_str()), ("name", name), ("password", "wrong wrong wrong")];
            let answer = house.form(&mut visitor, "/sign-in", &fields).await;
            let text = answer.text.replace(&form, "").replace(name, "");
            answers.push((answer.status, text));
        }
        told.push(answers);
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].last().map(|(status, _)| *status), Some(429));
    house.clock.set(NOW.plus_us(LOCK_US));
    house.signed_in("lee").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_by_the_clock_and_by_signing_out_and_never_outlives_a_new_one() {
    let house = open(Plan::default()).await;
    house.account("lee", &[Role::Coordinator]).await;
    let mut lee = house.signed_in("lee").await;
    assert_eq!(house.page(&mut lee, "/").await.status, 200);
    house.clock.set(NOW.plus_us(IDLE_US));
    assert_eq!(house.page(&mut lee, "/").await.status, 303, "idle for too long");
    let mut lee = house.signed_in("lee").await;
    let kept = lee.cookies.clone();
    let form = house.page(&mut lee, "/").await.form();
    let out = house.form(&mut lee, "/sign-out", &[("form", &form)]).await;
    assert_eq!((out.status, out.header("location")), (303, "/sign-in"));
    lee.cookies = kept;
    assert_eq!(house.page(&mut lee, "/").await.status, 303, "a cookie that was kept is worth nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_are_bound_to_https_where_there_is_one() {
    let house = open(Plan { base: "https://gateway.example", ..Plan::default() }).await;
    house.account("lee", &[Role::Coordinator]).await;
    let mut visitor = house.visitor();
    visitor.host = "gateway.example".into();
    let answer = house.page(&mut visitor, "/sign-in").await;
    let cookie = answer.header("set-cookie");
    for part in ["__Host-trialgate", "; Path=/", "; HttpOnly", "; SameSite=Strict", "; Secure"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let exposure = Exposure::of("https://gateway.example:8443/base", [10, 0, 0, 1].into());
    assert!(exposure.is_us("gateway.example:8443") && !exposure.is_us("localhost") && !exposure.is_us(""));
    assert!(exposure.is_ours("https://gateway.example:8443", "gateway.example:8443"));
    assert!(!exposure.is_ours("http://gateway.example:8443", "gateway.example:8443"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_leads_nowhere_else() {
    let house = open(Plan::default()).await;
    house.account("lee", &[Role::Coordinator]).await;
    for (next, place) in [
        ("/trials/x", "/trials/x"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil", "/"),
        ("", "/"),
    ] {
        let mut visitor = house.visitor();
        let form = house.page(&mut visitor, "/sign-in").await.form();
        let fields = [("form", form.as_str()), ("name", "lee"), ("password", PASSWORD), ("next", next)];
        let answer = house.form(&mut visitor, "/sign-in", &fields).await;
        assert_eq!((answer.status, answer.header("location")), (303, place), "{next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_is_chosen_by_address_then_cookie_then_browser() {
    let house = open(Plan::default()).await;
    house.account("lee", &[Role::Coordinator]).await;
    let mut visitor = house.visitor();
    let lang = |answer: &Answer| {
        answer.text.split("<html lang=\"").nth(1).and_then(|r| r.split('"').next()).map(str::to_owned)
    };
    assert_eq!(lang(&house.page(&mut visitor, "/sign-in").await).as_deref(), Some("en"));
    assert_eq!(lang(&house.page(&mut visitor, "/sign-in?lang=zh").await).as_deref(), Some("zh-Hans"));
    assert_eq!(lang(&house.page(&mut visitor, "/sign-in").await).as_deref(), Some("zh-Hans"), "remembered");
    let form = house.page(&mut visitor, "/sign-in").await.form();
    let answer = house.form(&mut visitor, "/language", &[("form", &form), ("lang", "de"), ("next", "/sign-in")]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/sign-in"));
    assert_eq!(lang(&house.page(&mut visitor, "/sign-in").await).as_deref(), Some("de"));
    for (header, wanted) in [
        ("de-AT, en;q=0.8", Some(Lang::De)),
        ("fr, zh-CN;q=0.9, en;q=0.95", Some(Lang::En)),
        ("fr", None),
        ("de;q=0, zh;q=0.1", Some(Lang::Zh)),
        ("", None),
    ] {
        assert_eq!(Lang::accepted(header), wanted, "{header}");
    }
}

#[test]
fn no_string_is_missing_in_a_language() {
    let mut missing = Vec::new();
    for (key, words) in ALL {
        let gaps = |lang| words.say(lang).matches("{}").count();
        for lang in Lang::ALL {
            if words.say(lang).trim().is_empty() || gaps(lang) != gaps(Lang::En) {
                missing.push(format!("{key} in {}", lang.word()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    assert!(ALL.len() > 150, "{}", ALL.len());
}
