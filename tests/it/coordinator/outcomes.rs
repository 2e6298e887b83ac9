//! The pages of outcomes, on people who are followed.

use super::browser::{Browser, tools};
use super::cohort::{followed, plan};
use super::house::*;
use serde_json::{Value, json};
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

fn visits(query: &str) -> String {
    format!("/trials/{TRIAL}/visits{query}")
}

/// The study drug, given once more.
fn again(patient: &str, day: &str) -> Value {
    let mut given = super::cohort::cells(patient, 58_500_000);
    (given["id"], given["effectiveDateTime"]) =
        (json!(format!("{patient}-again")), json!(format!("{day}T09:00:00+08:00")));
    given
}

/// Of each piece of work on a page: whose it is, what, on what, when.
fn work(text: &str) -> Vec<[String; 4]> {
    let plain = |markup: &str| {
        let mut words = String::new();
        for part in markup.split('<') {
            let (tag, said) = part.split_once('>').unwrap_or(("", part));
            words.push_str(if ["/li", "div"].iter().any(|t| tag.starts_with(t)) { "|" } else { "" });
            words.push_str(said);
        }
        words.trim_matches('|').to_owned()
    };
    let rows = text.split("<tr role=\"row\"><th role=\"rowheader\"").skip(1);
    rows.map(|row| {
        let row = row.split("</tr>").next().unwrap_or_default();
        let cells: Vec<String> = row.split("<td").map(|cell| plain(&format!("<td{cell}"))).collect();
        cells.try_into().unwrap_or_else(|cells| panic!("four cells: {cells:?}"))
    })
    .collect()
}

/// The numbers of the tiles.
fn tiles(text: &str) -> Vec<usize> {
    let all = text.split("<span class=\"count\">").skip(1);
    all.filter_map(|rest| rest.split('<').next()?.parse().ok()).collect()
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
async fn what_following_people_gives_to_do_is_listed() {
    let house = open(plan()).await;
    house.account("lee", &[Role::Coordinator]).await;
    followed(&house, 5, 400).await;
    house.put(&again("P01", "2026-09-01")).await;
    let mut lee = house.signed_in("lee").await;
    let mut page = async |query: &str| house.page(&mut lee, &visits(query)).await.text;
    let text = page("").await;
    assert_eq!(tiles(&text), [4, 4, 7, 1, 16]);
    assert_eq!(work(&text).len(), 16);
    // The third died: nothing is to do any more.
    assert!(!text.contains("main/P03") && text.contains("Persons followed: <strong>5</strong>"), "{text}");
    let sorted = |text: &str| {
        let mut rows = work(text);
        rows.sort();
        rows
    };
    let overdue = sorted(&page("?show=overdue").await);
    for ([person, what, items, when], name) in overdue.iter().zip(["P01", "P02", "P04", "P05"]) {
        assert_eq!((&**person, &**what), (&*format!("main/{name}"), "Visit M12|quarterly"));
        // The first are named at once, the others a touch away.
        let (first, rest) = items.split_once("and 28 more").expect("there are many");
        assert!(first.ends_with(" · 24-hour urinary protein") && rest.matches(" · ").count() == 27, "{items}");
        assert_eq!(when, "overdue since 2027-03-30");
    }
    let due = sorted(&page("?show=due").await);
    for ([person, what, items, when], (name, skin)) in
        due.iter().zip([("P01", true), ("P02", true), ("P04", false), ("P05", false)])
    {
        assert_eq!(
            (&**person, &**what, &**when),
            (&*format!("main/{name}"), "Visit M13|monthly", "due until 2027-04-23")
        );
        assert_eq!(!items.contains("Modified Rodnan skin score"), skin, "what is there is not due: {items}");
    }
    let reviews = page("?show=reviews").await;
    let reviews: Vec<String> = work(&reviews).iter().map(|[who, _, on, when]| format!("{who} {on} {when}")).collect();
    assert_eq!(
        reviews[..3],
        [
            "main/P02 platelets decreased result of 2026-06-15",
            "main/P02 Platelet count low result of 2026-06-15",
            "main/P05 Platelet count low result of 2026-08-15"
        ]
    );
    assert_eq!((overdue.len(), due.len(), reviews.len()), (4, 4, 7));
    let given = work(&page("?show=departures").await);
    assert_eq!(given, [["main/P01", "look at the deviation", "given again", "day 0 on 2026-03-16"].map(str::to_owned)]);
    // Two gradings of each of thirty more results fill another page.
    for n in 0..30 {
        house.put(&super::cohort::quantity("P02", "777-3", 200 + n, "20", "10*9/L")).await;
    }
    let (first, second) = (page("?show=reviews").await, page("?show=reviews&page=2").await);
    assert!(first.contains("href=\"/trials/NCT00962923/visits?show=reviews&amp;page=2\" rel=\"next\""), "{first}");
    assert_eq!((work(&first).len(), work(&second).len(), tiles(&second)[2]), (50, 17, 67));
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
    // The days since a day that is hidden are shown, and no date beside them.
    let (blinded, open) =
        (house.page(&mut mona, &one(persons[0])).await.text, house.page(&mut una, &one(persons[0])).await.text);
    assert!(open.contains("none up to 2026-") && !open.contains("none up to day"), "{open}");
    assert!(!blinded.contains("none up to 2026-") && blinded.contains("none up to day"), "{blinded}");
    assert_eq!(house.page(&mut nobody, &visits("")).await.status, 404);
    let counted = house.page(&mut machine, &visits("")).await.text;
    assert!(!counted.contains("Visit M") && !counted.contains(&persons[0].to_string()[..8]), "{counted}");
    house.put(&again("P01", "2026-06-01")).await;
    let (blinded, open) = (house.page(&mut mona, &visits("")).await.text, house.page(&mut una, &visits("")).await.text);
    assert!(blinded.contains("What is blinded is left out.") && !open.contains("What is blinded"), "{blinded}");
    assert!(!blinded.contains("Modified Rodnan") && !blinded.contains("main/P01"), "{blinded}");
    assert_eq!((tiles(&blinded), tiles(&open)), (vec![0, 4, 2, 0, 6], vec![0, 4, 2, 1, 7]));
    let whens = |text: &str| work(text).into_iter().map(|[.., when]| when).collect::<Vec<_>>();
    let result = "result of 2026-06-15";
    assert_eq!(whens(&blinded), ["due", "due", "due", "due", result, result], "no planned date");
    let (month, quarter) = ("due until 2026-06-23", "due until 2026-06-30");
    assert_eq!(whens(&open), [month, month, quarter, quarter, result, result, "day 0 on 2026-03-16"]);
    // What is not there, or not hers, is said before anybody is looked at.
    let looks = async || {
        let rows = house.desk.store().read(trialgate::store::AuditTail { count: 1000 }).await.expect("rows");
        rows.iter().filter(|r| r.action == "page").count()
    };
    let before = looks().await;
    for nothing in [item("mrss", "mrss"), item("none", "albumin"), item("serum_albumin", "none")] {
        assert_eq!(house.page(&mut mona, &nothing).await.status, 404, "{nothing}");
    }
    assert_eq!(looks().await, before, "nobody was looked at");
    assert!(house.page(&mut mona, &one(persons[0])).await.text.contains("blinded"), "that something is hidden is said");
    let told = house.desk.store().read(trialgate::store::AuditTail { count: 50 }).await.expect("rows");
    assert!(told.iter().any(|r| r.action == "page" && r.actor == "mona" && r.person == Some(persons[0])), "{told:?}");
    assert!(
        told.iter().any(|r| r.action == "page"
            && r.actor == "una"
            && r.detail.as_deref() == Some(&*format!("visits {TRIAL}"))),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outcomes_work_in_a_browser_in_each_language_wide_and_narrow() {
    let house = open(plan()).await;
    house.account("lee", &[Role::Coordinator]).await;
    let persons = followed(&house, 6, 400).await;
    let paths = vec![
        all(),
        item("mrss", "mrss"),
        item("mrss_response", "mrss_response"),
        one(persons[0]),
        one(persons[2]),
        visits(""),
    ];
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
