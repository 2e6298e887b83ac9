//! What surrounds every page: head, navigation, language, footer; and the pages that say only a sentence.

use super::routes::{Context, Pages, Visit};
use super::text::{self, Lang, Words};
use crate::flow::StoreError;
use crate::model::key::hex;
use crate::model::purpose::Purpose;
use crate::model::time::{Instant, Zone};
use crate::trial::definition::Trial;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use sha2::{Digest, Sha256};
use std::sync::{Arc, LazyLock};

const STYLE: &str = include_str!("page.css");
const ICON: &str = include_str!("icon.svg");

/// The name of an asset holds its digest, so that it may be kept for ever.
static STYLE_NAME: LazyLock<String> = LazyLock::new(|| digested("page", STYLE, "css"));
static ICON_NAME: LazyLock<String> = LazyLock::new(|| digested("icon", ICON, "svg"));

fn digested(name: &str, text: &str, ending: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    format!("{name}-{}.{ending}", hex(&digest[..8]))
}

/// Media type and text of one of our two files.
pub(super) fn asset(name: &str) -> Option<(&'static str, &'static str)> {
    match name {
        n if n == *STYLE_NAME => Some(("text/css; charset=utf-8", STYLE)),
        n if n == *ICON_NAME => Some(("image/svg+xml", ICON)),
        _ => None,
    }
}

/// A page as an answer.
pub(super) fn answer(status: StatusCode, page: &Markup) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.0.clone()).into_response()
}

/// A moment to the minute: `2026-03-15 08:03 +08:00`.
pub(super) fn minute(at: Instant, zone: &Zone) -> String {
    let full = zone.show(at);
    let offset = full.get(19..).and_then(|rest| rest.find(['+', '-', 'Z']).and_then(|i| rest.get(i..))).unwrap_or("");
    format!("{} {} {offset}", full.get(..10).unwrap_or(""), full.get(11..16).unwrap_or(""))
}

/// A moment as an element: to the minute, machine-readable in full.
pub(super) fn time(at: Instant, zone: &Zone) -> Markup {
    let full = zone.show(at);
    html! { time datetime=(full) { (full.get(..10).unwrap_or("")) " " (full.get(11..16).unwrap_or("")) } }
}

struct Head<'a> {
    title: &'a str,
    lang: Lang,
}

/// The head of a table.
pub(super) fn columns(names: &[Words], lang: Lang) -> Markup {
    html! {
        thead role="rowgroup" { tr role="row" {
            @for name in names { th role="columnheader" scope="col" { (name.say(lang)) } }
        } }
    }
}

/// The way to the pages before and after one of so many.
pub(super) fn pages((page, all): (usize, usize), to: impl Fn(usize) -> String, lang: Lang) -> Markup {
    html! {
        @if all > 1 {
            nav.pages aria-label=(text::PAGES.say(lang)) {
                @if page > 1 { a href=(to(page - 1)) rel="prev" { (text::PREVIOUS.say(lang)) } }
                span { (text::PAGE_OF.fill(lang, &[&page.to_string(), &all.to_string()])) }
                @if page < all { a href=(to(page + 1)) rel="next" { (text::FOLLOWING.say(lang)) } }
            }
        }
    }
}

fn document(head: &Head<'_>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(head.lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex, nofollow";
                title { (head.title) " · trialgate" }
                link rel="icon" type="image/svg+xml" href={ "/assets/" (*ICON_NAME) };
                link rel="stylesheet" href={ "/assets/" (*STYLE_NAME) };
            }
            body { (body) }
        }
    }
}

/// A whole page of a signed-in reader.
pub(super) fn page(context: &Context<'_>, title: &str, current: Words, main: &Markup) -> Markup {
    let lang = context.visit.lang;
    let trial = context.trial;
    let zone = zone(context.pages, trial);
    let body = html! {
        a.skip href="#main" { (text::SKIP.say(lang)) }
        header.top {
            div.strip {
                (brand())
                nav aria-label=(text::NAV.say(lang)) {
                    (link(&format!("/?trial={}", trial.id), text::NAV_WORKLIST, current, lang))
                    (link(&format!("/trials/{}", trial.id), text::NAV_TRIAL, current, lang))
                    (link(&format!("/trials/{}/feeds", trial.id), text::FEEDS, current, lang))
                }
                div.who {
                    (languages(context.visit, context.here))
                    (sign_out(context.visit, &context.reader.name))
                }
            }
            @if context.pages.key.is_some() { p.demo { (text::DEMO.say(lang)) } }
        }
        @if context.trials.len() > 1 { (switcher(context)) }
        main #main tabindex="-1" { (main) }
        footer {
            p { (text::PROPOSAL.say(lang)) }
            p { (text::AS_OF.say(lang)) " " (time(context.pages.desk.now(), &zone)) " · " (zone.name()) " · trialgate " (env!("CARGO_PKG_VERSION")) }
        }
    };
    document(&Head { title, lang }, &body)
}

fn brand() -> Markup {
    html! {
        span.brand {
            svg viewBox="0 0 24 24" aria-hidden="true" focusable="false" {
                path d="M4 21V6.5L12 3l8 3.5V21" {}
                path d="M9 21v-7l3-1.5 3 1.5v7" {}
            }
            "trialgate"
        }
    }
}

fn link(href: &str, words: Words, current: Words, lang: Lang) -> Markup {
    let here = (words == current).then_some("page");
    html! { a href=(href) aria-current=[here] { (words.say(lang)) } }
}

fn switcher(context: &Context<'_>) -> Markup {
    html! {
        nav.trials aria-label=(text::NAV_TRIALS.say(context.visit.lang)) {
            ul { @for trial in context.trials {
                @let here = (trial.id == context.trial.id).then_some("true");
                li { a href={ "/?trial=" (trial.id) } aria-current=[here] { (trial.id) } }
            } }
        }
    }
}

fn languages(visit: &Visit, here: &str) -> Markup {
    html! {
        form.languages method="post" action="/language" {
            input type="hidden" name="form" value=(visit.form);
            input type="hidden" name="next" value=(here);
            fieldset {
                legend.hidden { (text::LANGUAGE.say(visit.lang)) }
                @for lang in Lang::ALL {
                    @let pressed = if lang == visit.lang { "true" } else { "false" };
                    button name="lang" value=(lang.word()) lang=(lang.tag()) aria-pressed=(pressed) { (lang.name()) }
                }
            }
        }
    }
}

fn sign_out(visit: &Visit, name: &str) -> Markup {
    html! {
        form.out method="post" action="/sign-out" {
            input type="hidden" name="form" value=(visit.form);
            span.name { span.hidden { (text::SIGNED_IN_AS.say(visit.lang)) " " } (name) }
            button { (text::SIGN_OUT.say(visit.lang)) }
        }
    }
}

/// A page of somebody who is not signed in, or that has one sentence to say.
fn bare(pages: &Pages, visit: &Visit, title: &str, main: &Markup) -> Markup {
    let lang = visit.lang;
    let body = html! {
        a.skip href="#main" { (text::SKIP.say(lang)) }
        header.top {
            div.strip {
                (brand())
                div.who {
                    (languages(visit, "/"))
                    @if let Some(reader) = &visit.reader { (sign_out(visit, &reader.name)) }
                }
            }
            @if pages.key.is_some() { p.demo { (text::DEMO.say(lang)) } }
        }
        main #main.bare tabindex="-1" { (main) }
        footer { p { (text::PROPOSAL.say(lang)) } }
    };
    document(&Head { title, lang }, &body)
}

/// The form to sign in, with what went wrong.
pub(super) fn sign_in(pages: &Pages, visit: &Visit, next: &str, told: Option<&str>) -> Markup {
    let lang = visit.lang;
    let title = text::SIGN_IN.say(lang);
    let wrong = told.map(|_| "told");
    let main = html! {
        div.card.sign-in {
            p.tagline { (text::TAGLINE.say(lang)) }
            h1 { (title) }
            @if let Some(told) = told { p.told #told role="alert" { (told) } }
            form method="post" action="/sign-in" {
                input type="hidden" name="form" value=(visit.form);
                input type="hidden" name="next" value=(next);
                label for="name" { (text::USER_NAME.say(lang)) }
                input #name name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="64" aria-describedby=[wrong];
                label for="password" { (text::PASSWORD.say(lang)) }
                input #password name="password" type="password" autocomplete="current-password" required maxlength="256" aria-describedby=[wrong];
                button.primary { (title) }
            }
            p.fine { (text::SESSION_NOTE.say(lang)) }
        }
    };
    bare(pages, visit, title, &main)
}

/// How to make the first account.
pub(super) fn no_account(pages: &Pages, visit: &Visit) -> Response {
    let lang = visit.lang;
    let title = text::NO_ACCOUNT.say(lang);
    let library = pages.desk.library();
    let first = library.trials.first().map(|a| a.trial.clone());
    let trial = first.as_ref().map_or("ID", |t| t.id.as_str());
    let site = first.as_ref().and_then(|t| pages.desk.at_site(t).site(t).map(|s| s.id.clone()));
    let main = html! {
        div.card {
            h1 { (title) }
            p { (text::NO_ACCOUNT_HOW.say(lang)) }
            pre tabindex="0" { code {
                "trialgate user add NAME\n"
                "trialgate user role NAME coordinator --trial " (trial) " --site " (site.as_deref().unwrap_or("ID")) "\n"
                "trialgate serve"
            } }
        }
    };
    answer(StatusCode::OK, &bare(pages, visit, title, &main))
}

/// One sentence under a heading.
pub(super) fn notice(pages: &Pages, visit: &Visit, title: Words, why: &str) -> Markup {
    let title = title.say(visit.lang);
    let main = html! {
        div.card {
            h1 { (title) }
            p { (why) }
            p { a href="/" { (text::BACK.say(visit.lang)) } }
        }
    };
    bare(pages, visit, title, &main)
}

/// The trial is theirs, and what was asked for is not shown.
pub(super) fn no_ground(context: &Context<'_>, purpose: Purpose) -> Markup {
    let lang = context.visit.lang;
    let title = text::NO_GROUND.fill(lang, &[purpose.word()]);
    let main = html! {
        h1 { (context.trial.study.short_title.as_deref().unwrap_or(&context.trial.id)) }
        div.card {
            h2 { (title) }
            p { (text::NO_GROUND_WHY.say(lang)) }
        }
    };
    page(context, &title, if purpose == Purpose::Count { text::NAV_TRIAL } else { text::NAV_WORKLIST }, &main)
}

/// The machine failed; what happened stands in the log, once.
pub(super) fn failed(error: &StoreError) -> Response {
    tracing::error!(%error, "a page could not be answered");
    let lang = Lang::En;
    let title = text::FAILED.say(lang);
    let body = html! { main.bare { div.card { h1 { (title) } p { (text::FAILED_WHY.say(lang)) } } } };
    let page = document(&Head { title, lang }, &body);
    let mut response = answer(StatusCode::SERVICE_UNAVAILABLE, &page);
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("2"));
    response
}

/// The calendar of the trial's site here.
pub(super) fn zone(pages: &Pages, trial: &Arc<Trial>) -> Zone {
    let at = pages.desk.at_site(trial);
    at.site(trial).map_or_else(Zone::utc, |s| s.zone.clone())
}
