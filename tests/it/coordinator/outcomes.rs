//! The pages of outcomes, on people who are followed.

use super::browser::{Browser, tools};
use super::cohort::{followed, plan};
use super::house::*;
use trialgate::model::standing::Role;

fn all() -> String {
    format!("/trials/{TRIAL}/outcomes")
}

/// Writes a page beside the repository for whoever wants to look at it.
fn keep(name: &str, text: &str) {
    if let Some(folder) = std::env::var_os("TRIALGATE_PAGES") {
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.html")), text).expect("written");
    }
}

fn item(outcome: &str, name: &str) -> String {
    format!("/trials/{TRIAL}/outcomes?outcome={outcome}&item={name}")
}

fn one(person: impl std::fmt::Display) -> String {
    format!("/trials/{TRIAL}/persons/{person}/outcomes")
}

/// What stands in the section of that id.
fn section<'t>(text: &'t str, id: &str) -> &'t str {
    let rest = text.split(&format!("id=\"{id}\"")).nth(1).unwrap_or_else(|| panic!("no {id}: {text}"));
    rest.split("</section>").next().unwrap_or_default()
}

/// The cells of the first row of a table that begins with that name.
fn row(text: &str, name: &str) -> Vec<String> {
    let rest =
        text.split(&format!("<th scope=\"row\">{name}</th>")).nth(1).unwrap_or_else(|| panic!("no {name}: {text}"));
    let cells = rest.split("</tr>").next().unwrap_or_default().split("<td>").skip(1);
    cells.map(|c| c.split("</td>").next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_show_what_became_of_people() {
    let house = open(plan()).await;
    house.account("lee", &[Role::Coordinator]).await;
    let persons = followed(&house, 5, 400).await;
    let apart = house.case("C07").await;
    let mut lee = house.signed_in("lee").await;
    let text = house.page(&mut lee, &all()).await.text;
    assert!(text.contains("Persons followed: <strong>5</strong>"), "{text}");
    // Who objected or is restricted is listed nowhere, so one person alone is not told by a count either.
    let not = text.split("Not followed").nth(1).and_then(|t| t.split("</p>").next()).expect("who is not");
    assert!(not.contains("withheld <span lang=\"en\">not registered") && !not.contains(char::is_numeric), "{not}");
    for (person, name) in persons.iter().zip(["P01", "P02", "P03", "P04", "P05"]) {
        assert!(text.contains(&format!("href=\"{}\">main/{name}</a>", one(person))), "{name} is named and led to");
    }
    let complete = section(&text, "complete-0");
    assert!(complete.contains("role=\"img\"") && complete.contains("captured outside the window"), "{complete}");
    let survival = text.split(">Time to event: low albumin</h2>").nth(1).expect("a time to an event");
    let survival = survival.split("</section>").next().unwrap_or_default();
    assert!(survival.contains("Persons: 5, events: ") && survival.contains("class=\"curve\""), "{survival}");
    assert!(section(&text, "grades").contains("Platelet count low"), "{text}");

    let text = house.page(&mut lee, &item("mrss", "mrss")).await.text;
    let drawn = section(&text, "visits");
    for part in ["class=\"window\"", "class=\"box\"", "class=\"person\"", ">M12<", "<title", "<desc"] {
        assert!(drawn.contains(part), "{part}: {drawn}");
    }
    let values = super::cohort::first_skin(5);
    let mut sorted = values.clone();
    sorted.sort_unstable();
    let baseline = row(drawn, "Baseline");
    let expected = [5, sorted[0], sorted[1], sorted[2], sorted[3], sorted[4]].map(|n| n.to_string());
    assert_eq!(baseline[..6], expected, "n, least, quartiles and greatest of {values:?}");
    assert!(section(&text, "change").contains("lower is better"), "{text}");
    assert!(section(&text, "persons").contains("M24"), "{text}");
    let kept = house.page(&mut lee, &item("serum_albumin", "albumin")).await.text;
    assert!(
        section(&kept, "visits").contains("≥ 35 albumin_kept"),
        "a number that an outcome compares it with: {kept}"
    );
    assert!(section(&kept, "change").contains("higher is better"), "{kept}");
    let unsaid = house.page(&mut lee, &item("serology", "c3")).await.text;
    assert!(
        unsaid.contains("There is no value yet.") && !unsaid.contains("id=\"change\""),
        "nobody said what is better"
    );
    let truth = house.page(&mut lee, &item("mrss_response", "mrss_response")).await.text;
    assert!(section(&truth, "visits").contains("class=\"answer yes\""), "{truth}");
    for nothing in [item("mrss", "none"), item("none", "mrss"), one(apart), one("0".repeat(32))] {
        assert_eq!(house.page(&mut lee, &nothing).await.status, 404, "{nothing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_values_lead_to_the_results_they_come_from() {
    let house = open(plan()).await;
    house.account("lee", &[Role::Coordinator]).await;
    let persons = followed(&house, 3, 400).await;
    let mut lee = house.signed_in("lee").await;
    let text = house.page(&mut lee, &one(persons[0])).await.text;
    let exposure = section(&text, "exposure");
    assert!(exposure.contains("2026-03-16") && exposure.contains("58500000"), "{exposure}");
    let timeline = section(&text, "row-0");
    assert!(timeline.contains("change ") && timeline.contains("Modified Rodnan skin score"), "{timeline}");
    let links: Vec<&str> =
        timeline.split("href=\"#").skip(1).map(|r| r.split('"').next().unwrap_or_default()).collect();
    assert!(links.len() > 20, "{links:?}");
    for link in &links {
        assert!(text.contains(&format!("id=\"{link}\"")), "{link} is there");
    }
    let facts = section(&text, "facts");
    assert!(facts.contains("Observation/P01-mrss-total-") && facts.contains("/_history/1"), "{facts}");
    assert!(section(&text, "course").contains("role=\"img\""), "{text}");
    let dead = house.page(&mut lee, &one(persons[2])).await.text;
    assert!(dead.contains("Visits ended on 2026-11-20: died") && dead.contains("event on "), "{dead}");
    assert!(!dead.contains(&format!("href=\"/trials/{TRIAL}/persons/{}\"", persons[2])), "no page of a verdict");
    let page = house.page(&mut lee, &format!("/trials/{TRIAL}/persons/{}", persons[0])).await.text;
    assert!(page.contains(&format!("href=\"{}\"", one(persons[0]))), "led to from the person");
    assert!(house.page(&mut lee, &format!("/trials/{TRIAL}")).await.text.contains(&format!("href=\"{}\"", all())));
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_are_seen_by_right_and_what_is_hidden_by_the_unblinded_alone() {
    let hidden = r#"["mrss", "study_drug"]"#;
    let house = open(Plan { hidden, ..plan() }).await;
    let persons = followed(&house, 2, 100).await;
    house.account("mona", &[Role::Monitor]).await;
    house.account("una", &[Role::Unblinded]).await;
    house.account("machine", &[Role::Integration]).await;
    house.account("nobody", &[]).await;
    let mut nobody = house.signed_in("nobody").await;
    let mut machine = house.signed_in("machine").await;
    for path in [all(), item("serum_albumin", "albumin"), one(persons[0])] {
        assert_eq!(house.page(&mut nobody, &path).await.status, 404, "{path}");
        let counted = house.page(&mut machine, &path).await.text;
        assert!(
            !counted.contains("Serum albumin") && !counted.contains(&persons[0].to_string()[..8]),
            "{path}: {counted}"
        );
    }
    let (mut mona, mut una) = (house.signed_in("mona").await, house.signed_in("una").await);
    for path in [all(), item("serum_albumin", "albumin"), one(persons[0])] {
        let (blinded, open) = (house.page(&mut mona, &path).await, house.page(&mut una, &path).await);
        assert_eq!((blinded.status, open.status), (200, 200), "{path}");
        assert!(!blinded.text.contains("Modified Rodnan") && open.text.contains("Modified Rodnan"), "{path}");
        assert!(!blinded.text.contains("mrss_response") && !blinded.text.contains("main/P01"), "{path}");
        assert!(!blinded.text.contains("58500000") && !blinded.text.contains("P01-mrss"), "{path}");
    }
    assert_eq!(house.page(&mut mona, &item("mrss", "mrss")).await.status, 404);
    assert!(house.page(&mut mona, &one(persons[0])).await.text.contains("blinded"), "that something is hidden is said");
    let told = house.desk.store().read(trialgate::store::AuditTail { count: 50 }).await.expect("rows");
    assert!(told.iter().any(|r| r.action == "page" && r.actor == "mona" && r.person == Some(persons[0])), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outcomes_work_in_a_browser_in_each_language_wide_and_narrow() {
    let house = open(plan()).await;
    house.account("lee", &[Role::Coordinator]).await;
    let persons = followed(&house, 6, 400).await;
    let paths =
        vec![all(), item("mrss", "mrss"), item("mrss_response", "mrss_response"), one(persons[0]), one(persons[2])];
    let mut lee = house.signed_in("lee").await;
    for (place, path) in paths.iter().enumerate() {
        keep(&format!("page-{place}"), &house.page(&mut lee, path).await.text);
    }
    let address = house.address();
    let wrong = tokio::task::spawn_blocking(move || judged(&address, &paths)).await.expect("judged");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The pages as a browser shows them: nothing wider than the window, nothing against a rule of axe-core, in each language.
fn judged(address: &str, paths: &[String]) -> Vec<String> {
    let Some((driver, chromium, axe)) = tools() else { return Vec::new() };
    let browser = Browser::start(&driver, &chromium);
    let mut wrong = Vec::new();
    browser.look(1280, "light");
    browser.go(&format!("http://{address}/sign-in"));
    browser.run(&format!(
        "document.getElementById('name').value = 'lee'; document.getElementById('password').value = '{PASSWORD}'"
    ));
    browser.click(".primary");
    for ((word, lang), (width, scheme)) in [("en", "en"), ("zh", "zh-Hans"), ("de", "de")].into_iter().zip([
        (1280, "light"),
        (390, "dark"),
        (390, "light"),
    ]) {
        browser.look(width, scheme);
        browser.click(&format!("button[name=lang][value={word}]"));
        for path in paths {
            browser.go(&format!("http://{address}{path}"));
            browser.run("document.querySelectorAll('details').forEach(d => d.open = true)");
            browser.judge(&axe, lang, width, &format!("{path} {word} {width} {scheme}"), &mut wrong);
            let unseen = browser.run(
                "return [...document.querySelectorAll('svg[role=img]')].filter(s => !s.querySelector('title')?.textContent \
                 || !s.querySelector('desc')?.textContent || s.getBoundingClientRect().width < 100).length",
            );
            if unseen != 0 {
                wrong.push(format!("{path}: {unseen} pictures without a name or too small"));
            }
        }
    }
    wrong.extend(browser.complaints());
    wrong
}
