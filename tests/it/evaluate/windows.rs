//! Windows have both ends inside, count dates of the site's calendar, and take what is dated in part as such.

use super::*;

const NOW: &str = "2026-03-15T12:00:00+08:00";

fn seen(window: &str, at: &str) -> Truth {
    asks(&number("x", "g/L"), &format!("Last(x {window}) > 0 'g/L'")).truth(&[fact("x", ucum("30", "g/L"), at)], NOW)
}

#[test]
fn days_are_dates_of_the_site_with_both_ends_inside() {
    for (at, truth) in [
        ("2026-02-15T00:00:00+08:00", Truth::True),
        ("2026-02-14T16:00:00Z", Truth::True),
        ("2026-02-14T23:59:59.999999+08:00", Truth::Unknown),
        ("2026-02-15", Truth::True),
        ("2026-02-14", Truth::Unknown),
        ("2026-02", Truth::Unknown),
        ("2026-03", Truth::True),
        ("2026-03-15", Truth::True),
        ("2026-03-15T12:00:00+08:00", Truth::True),
        ("2026-03-15T12:00:00.000001+08:00", Truth::Unknown),
        ("2026-03-16", Truth::Unknown),
    ] {
        assert_eq!(seen("within 28 days", at), truth, "{at}");
    }
}

#[test]
fn hours_are_counted_to_the_moment() {
    assert_eq!(seen("within 48 hours", "2026-03-13T12:00:00+08:00"), Truth::True);
    assert_eq!(seen("within 48 hours", "2026-03-13T11:59:59.999999+08:00"), Truth::Unknown);
    assert_eq!(seen("within 48 hours", "2026-03-14"), Truth::True);
    assert_eq!(seen("within 48 hours", "2026-03-13"), Truth::Unknown);
}

#[test]
fn what_may_lie_inside_is_no_answer_and_no_denial() {
    let w = asks(&answered("t"), "AnyTrue(t within 28 days)");
    assert_eq!(w.truth(&[answer("t", true, "2026-02")], NOW), Truth::Unknown);
    assert_eq!(w.truth(&[answer("t", true, "2026-02"), answer("t", true, "2026-03-01")], NOW), Truth::True);
    assert_eq!(w.truth(&[answer("t", true, "2026-02"), answer("t", false, "2026-03-01")], NOW), Truth::Unknown);
    assert_eq!(w.truth(&[answer("t", true, "2026-01"), answer("t", false, "2026-03-01")], NOW), Truth::False);
}

#[test]
fn windows_around_an_anchor_take_both_ends() {
    let body = format!("{}{}", number("x", "g/L"), dated("o"));
    let at = |window: &str, at: &str| {
        let facts = [fact("x", ucum("30", "g/L"), at), fact("o", date("2026-03-08"), "2026-03-09")];
        asks(&body, &format!("exists (x {window})")).truth(&facts, NOW)
    };
    assert_eq!(at("within 7 days before o", "2026-03-01"), Truth::True);
    assert_eq!(at("within 7 days before o", "2026-03-08"), Truth::True);
    assert_eq!(at("within 7 days before o", "2026-02-28"), Truth::Unknown);
    assert_eq!(at("since o", "2026-03-08"), Truth::True);
    assert_eq!(at("after o", "2026-03-08"), Truth::Unknown);
    assert_eq!(at("before o", "2026-03-08"), Truth::Unknown);
    assert_eq!(at("before o", "2026-03-07"), Truth::True);
}

#[test]
fn an_onset_known_in_part_decides_only_where_it_can() {
    let w = asks(&dated("o"), "o + 2 years > Today()");
    for (onset, truth) in [
        ("2024-03", Truth::Unknown),
        ("2024-03-16", Truth::True),
        ("2024-03-15", Truth::False),
        ("2024-04", Truth::True),
        ("2024-02", Truth::False),
        ("2024", Truth::Unknown),
        ("2023", Truth::False),
    ] {
        assert_eq!(w.truth(&[fact("o", date(onset), "2026-03-01")], NOW), truth, "{onset}");
    }
}

/// Anchors around one variable, of which the criterion asks the baseline first.
fn around(anchors: &str) -> String {
    format!("{}[anchors]\n{anchors}{}", number("x", "g/L"), include("A", "Baseline(x) > 3 'g/L'"))
}

const LATE: &str = "First(x where value > Baseline(x)).time";

#[test]
fn an_anchor_that_leans_on_its_own_baseline_is_refused() {
    let ring = |anchors: &str| {
        let told = refused(&around(anchors));
        assert!(told.contains("error: a ring of names: ") && told.contains("Baseline()"), "{told}");
        told
    };
    let told = ring(&format!("day0 = \"{LATE}\"\n"));
    let column = "day0 = \"".len() + LATE.find("Baseline").expect("the call") + 1;
    let text = format!("{HEAD}{}", around(&format!("day0 = \"{LATE}\"\n")));
    let line = text.lines().position(|l| l.starts_with("day0")).expect("the anchor") + 1;
    assert!(told.contains(&format!("trial.toml:{line}:{column}:")), "{line}:{column} of {told}");
    ring(&format!("day0 = \"First(x).time\"\nbaseline = \"{LATE}\"\n"));
    ring("day0 = \"First(x where value > risen).time\"\n[variables.risen]\nderive = \"2 * Baseline(x)\"\n");
    // By itself, and not by what a name spelt like the function or the anchor says.
    ring(&format!("day0 = \"{LATE}\"\n[variables.baseline]\nderive = \"1\"\n"));
    // Another anchor, or a window of the variable of which the baseline is asked, is no ring.
    world(&around(&format!("day0 = \"First(x).time\"\nlate = \"{LATE}\"\n")));
    world(&around("day0 = \"First(x since baseline).time\"\nbaseline = \"First(x).time\"\n"));
}

#[test]
fn a_ring_that_no_file_can_hold_ends_nothing() {
    let mut ring = world(&around(&format!("day0 = \"First(x).time\"\nlate = \"{LATE}\"\n")));
    ring.trial.anchors[0].1 = ring.trial.anchors[1].1.clone();
    let facts = [fact("x", ucum("5", "g/L"), "2026-01-02")];
    assert_eq!(ring.truth(&facts, "2026-03-15T12:00:00+08:00"), Truth::Unknown);
}
