//! The addresses of the pages, and what stands behind them.

pub use super::gate::Exposure;
use super::gate::guard;
use super::session::{self, see, settle, visit};
use super::text::Lang;
use super::{feeds, frame, list, outcome_item, outcome_person, outcomes, person, text, trial, visits};
use crate::flow::StoreError;
use crate::flow::accounts::{Accounts, Token};
use crate::flow::desk::Desk;
use crate::flow::pages::visits as due;
use crate::flow::pages::worklist::{Asked, Seen, Summaries};
use crate::flow::pages::{chart, figures, overview, queues, worklist};
use crate::flow::query::{encode, pairs};
use crate::flow::rights::Reader;
use crate::model::key::{PersonKey, digest_words};
use crate::trial::definition::Trial;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use maud::Markup;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// What the pages are made of.
pub struct Pages {
    /// The corridor.
    pub desk: Arc<Desk>,
    /// Who may sign in.
    pub accounts: Accounts,
    /// Evidence in short, kept between looks.
    pub summaries: Summaries,
    /// Under which names they are reached.
    pub exposure: Exposure,
    /// The demo's link: the digest of its key and the account that it signs in.
    pub key: Option<([u8; 32], String)>,
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("exposure", &self.exposure).finish_non_exhaustive()
    }
}

impl Pages {
    /// Pages over a desk.
    pub fn new(desk: Arc<Desk>, exposure: Exposure) -> Self {
        let accounts = Accounts::new(desk.store().clone());
        Self { desk, accounts, summaries: Summaries::default(), exposure, key: None }
    }

    /// With a key that signs in without a password: for a demo, on this machine alone.
    pub fn with_key(self, key: &str, account: &str) -> Self {
        Self { key: Some((digest_words(&["key", key]), account.to_owned())), ..self }
    }
}

/// One request: who, in which language, and what its forms carry.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) reader: Option<Reader>,
    pub(super) session: Option<Token>,
    pub(super) lang: Lang,
    /// A language that was asked for just now.
    pub(super) asked: Option<Lang>,
    /// The token of its forms.
    pub(super) form: String,
    /// A secret that the browser has yet to be given.
    pub(super) visitor: Option<Token>,
}

/// A page with what it needs of its surroundings.
pub(super) struct Context<'a> {
    pub(super) pages: &'a Pages,
    pub(super) visit: &'a Visit,
    pub(super) reader: &'a Reader,
    /// Trials on which the reader works, in order.
    pub(super) trials: &'a [Arc<Trial>],
    /// The one at hand.
    pub(super) trial: &'a Arc<Trial>,
    /// Path and query, for coming back.
    pub(super) here: &'a str,
}

/// An address of the pages.
pub struct Address {
    /// Its path.
    pub path: &'static str,
    /// The methods that it answers, and what each is for.
    pub methods: &'static [(&'static str, &'static str)],
    /// What its query may say.
    pub query: &'static [&'static str],
    /// The fields of its form.
    pub fields: &'static [&'static str],
    handler: fn() -> MethodRouter<Arc<Pages>>,
}

/// All of them: the router is built from this, and `/openapi.json` says what it says.
pub const ADDRESSES: &[Address] = &[
    Address {
        path: "/",
        methods: &[("get", "The worklist of a trial.")],
        query: &["trial", "verdict", "status", "near", "needs", "order", "page", "lang"],
        fields: &[],
        handler: || get(home),
    },
    Address {
        path: "/trials/{trial}",
        methods: &[("get", "A trial in numbers.")],
        query: &["lang"],
        fields: &[],
        handler: || get(overview_page),
    },
    Address {
        path: "/trials/{trial}/outcomes",
        methods: &[("get", "What became of a trial's people; of one item where an outcome and its item are named.")],
        query: &["outcome", "item", "lang"],
        fields: &[],
        handler: || get(outcomes_page),
    },
    Address {
        path: "/trials/{trial}/visits",
        methods: &[(
            "get",
            "Visits that are due, grades to be judged and departures from the protocol, over a trial's people.",
        )],
        query: &["show", "page", "lang"],
        fields: &[],
        handler: || get(visits_page),
    },
    Address {
        path: "/trials/{trial}/persons/{person}/outcomes",
        methods: &[("get", "What became of one person in one trial.")],
        query: &["lang"],
        fields: &[],
        handler: || get(person_outcomes_page),
    },
    Address {
        path: "/trials/{trial}/feeds",
        methods: &[("get", "What the sources sent, what is set aside, what waits for the targets.")],
        query: &["lang"],
        fields: &[],
        handler: || get(feeds_page),
    },
    Address {
        path: "/trials/{trial}/persons/{person}",
        methods: &[("get", "One person in one trial.")],
        query: &["lang"],
        fields: &[],
        handler: || get(person_page),
    },
    Address {
        path: "/sign-in",
        methods: &[("get", "The form by which people sign in."), ("post", "Signs in.")],
        query: &["next", "lang"],
        fields: &["form", "name", "password", "next"],
        handler: || get(session::form).post(session::sign_in),
    },
    Address {
        path: "/sign-out",
        methods: &[("post", "Signs out.")],
        query: &[],
        fields: &["form"],
        handler: || post(session::sign_out),
    },
    Address {
        path: "/language",
        methods: &[("post", "Chooses a language.")],
        query: &[],
        fields: &["form", "lang", "next"],
        handler: || post(session::language),
    },
    Address {
        path: "/assets/{file}",
        methods: &[("get", "Style and icon.")],
        query: &[],
        fields: &[],
        handler: || get(asset),
    },
];

/// The router of the pages.
pub fn router(pages: Arc<Pages>) -> Router {
    ADDRESSES
        .iter()
        .fold(Router::new(), |router, address| router.route(address.path, (address.handler)()))
        .layer(from_fn_with_state(pages.clone(), guard))
        .with_state(pages)
}

async fn asset(Path(file): Path<String>) -> Response {
    match frame::asset(&file) {
        Some((kind, text)) => {
            let forever = "public, max-age=31536000, immutable";
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, forever)], text).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// What a page is asked to show.
enum Wanted {
    List(Asked),
    Numbers,
    Feeds,
    Person(Option<PersonKey>),
    Outcomes(Option<(String, String)>),
    PersonOutcomes(Option<PersonKey>),
    Visits(due::Asked),
}

/// What a page has to show.
enum Shown {
    Page(Markup),
    NotFound,
}

/// Signs in by the demo's key, or shows the worklist.
async fn home(State(pages): State<Arc<Pages>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let fields = pairs(parts.uri.query().unwrap_or_default()).unwrap_or_default();
    let field = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    if let (Some((digest, account)), Some(key)) = (&pages.key, field("k"))
        && bool::from(digest.ct_eq(&digest_words(&["key", key])))
    {
        return enter(&pages, &parts, account).await.unwrap_or_else(|error| frame::failed(&error));
    }
    let wanted = Wanted::List(list::asked(&fields));
    answer(&pages, &parts, field("trial"), wanted).await
}

async fn enter(pages: &Pages, parts: &Parts, account: &str) -> Result<Response, StoreError> {
    let visit = visit(pages, &parts.headers, parts.uri.query().unwrap_or_default()).await?;
    let token = pages.accounts.open(account, pages.desk.now()).await?;
    Ok(session::signed_in(pages, &visit, &token, "/"))
}

async fn overview_page(State(pages): State<Arc<Pages>>, Path(id): Path<String>, request: Request) -> Response {
    answer(&pages, &request.into_parts().0, Some(&id), Wanted::Numbers).await
}

async fn feeds_page(State(pages): State<Arc<Pages>>, Path(id): Path<String>, request: Request) -> Response {
    answer(&pages, &request.into_parts().0, Some(&id), Wanted::Feeds).await
}

async fn person_page(
    State(pages): State<Arc<Pages>>,
    Path((id, key)): Path<(String, String)>,
    request: Request,
) -> Response {
    answer(&pages, &request.into_parts().0, Some(&id), Wanted::Person(PersonKey::from_hex(&key))).await
}

async fn outcomes_page(State(pages): State<Arc<Pages>>, Path(id): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let fields = pairs(parts.uri.query().unwrap_or_default()).unwrap_or_default();
    let field = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    answer(&pages, &parts, Some(&id), Wanted::Outcomes(field("outcome").zip(field("item")))).await
}

async fn visits_page(State(pages): State<Arc<Pages>>, Path(id): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let fields = pairs(parts.uri.query().unwrap_or_default()).unwrap_or_default();
    answer(&pages, &parts, Some(&id), Wanted::Visits(visits::asked(&fields))).await
}

async fn person_outcomes_page(
    State(pages): State<Arc<Pages>>,
    Path((id, key)): Path<(String, String)>,
    request: Request,
) -> Response {
    answer(&pages, &request.into_parts().0, Some(&id), Wanted::PersonOutcomes(PersonKey::from_hex(&key))).await
}

/// The way of every page; what is not the reader's looks like what is not there.
async fn answer(pages: &Pages, parts: &Parts, trial: Option<&str>, wanted: Wanted) -> Response {
    let here = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    let visit = match visit(pages, &parts.headers, parts.uri.query().unwrap_or_default()).await {
        Ok(visit) => visit,
        Err(error) => return frame::failed(&error),
    };
    let response = match &visit.reader {
        None => strange(pages, &visit, here).await,
        Some(reader) => known(pages, &visit, reader, here, trial, wanted).await,
    };
    settle(pages, &visit, response)
}

/// Nobody is signed in: every address looks the same.
async fn strange(pages: &Pages, visit: &Visit, here: &str) -> Response {
    match pages.accounts.any().await {
        Ok(true) => see(&format!("/sign-in?next={}", encode(here))),
        Ok(false) => frame::no_account(pages, visit),
        Err(error) => frame::failed(&error),
    }
}

async fn known(
    pages: &Pages,
    visit: &Visit,
    reader: &Reader,
    here: &str,
    wanted_trial: Option<&str>,
    wanted: Wanted,
) -> Response {
    let library = pages.desk.library();
    let all = library.trials.iter().map(|a| a.trial.clone());
    let trials: Vec<Arc<Trial>> = all.filter(|t| reader.works_on(&pages.desk, t)).collect();
    let shown = match trials.iter().find(|t| wanted_trial.is_none_or(|id| id == t.id)) {
        Some(trial) => page(&Context { pages, visit, reader, trials: &trials, trial, here }, wanted).await,
        None => Ok(Shown::NotFound),
    };
    match shown {
        Ok(Shown::Page(markup)) => frame::answer(StatusCode::OK, &markup),
        Ok(Shown::NotFound) if trials.is_empty() && wanted_trial.is_none() => {
            let why = text::NO_ROLE_HOW.say(visit.lang);
            frame::answer(StatusCode::OK, &frame::notice(pages, visit, text::NO_ROLE, why))
        }
        Ok(Shown::NotFound) => {
            let why = text::NOT_FOUND_WHY.say(visit.lang);
            frame::answer(StatusCode::NOT_FOUND, &frame::notice(pages, visit, text::NOT_FOUND, why))
        }
        Err(error) => frame::failed(&error),
    }
}

async fn page(context: &Context<'_>, wanted: Wanted) -> Result<Shown, StoreError> {
    let (pages, reader) = (context.pages, context.reader);
    let library = pages.desk.library();
    let Some(active) = library.trial(&context.trial.id) else { return Ok(Shown::NotFound) };
    Ok(match wanted {
        Wanted::List(asked) => {
            let seen = worklist::look(&pages.desk, &pages.summaries, reader, active, &asked).await?;
            shown(context, seen, |listing| list::page(context, &asked, &listing))
        }
        Wanted::Numbers => {
            let seen = overview::look(&pages.desk, &pages.summaries, reader, active).await?;
            shown(context, seen, |numbers| trial::page(context, &numbers))
        }
        Wanted::Feeds => {
            let seen = queues::look(&pages.desk, reader, active).await?;
            shown(context, seen, |found| feeds::page(context, &found))
        }
        Wanted::Outcomes(None) => {
            let seen = figures::look(&pages.desk, reader, active, None).await?;
            shown(context, seen, |sheet| outcomes::page(context, &sheet))
        }
        Wanted::Outcomes(Some((outcome, item))) => {
            let Some(of) = outcome_item::found(context, &outcome, &item) else { return Ok(Shown::NotFound) };
            let seen = figures::look(&pages.desk, reader, active, Some(of)).await?;
            shown(context, seen, |sheet| outcome_item::page(context, &sheet, of))
        }
        Wanted::Visits(asked) => {
            let seen = due::look(&pages.desk, reader, active, &asked).await?;
            shown(context, seen, |listing| visits::page(context, &asked, &listing))
        }
        Wanted::Person(None) | Wanted::PersonOutcomes(None) => Shown::NotFound,
        Wanted::PersonOutcomes(Some(key)) => {
            let seen = figures::one(&pages.desk, reader, active, key).await?;
            shown(context, seen, |sheet| outcome_person::page(context, &sheet))
        }
        Wanted::Person(Some(key)) => {
            let seen = chart::look(&pages.desk, reader, active, key).await?;
            shown(context, seen, |chart| person::page(context, &chart))
        }
    })
}

fn shown<T>(context: &Context<'_>, seen: Seen<T>, page: impl FnOnce(T) -> Markup) -> Shown {
    match seen {
        Seen::Yes(found) => Shown::Page(page(found)),
        Seen::NoGround(purpose) => Shown::Page(frame::no_ground(context, purpose)),
        Seen::Nothing => Shown::NotFound,
    }
}
