//! One search at a source, page after page, each page on disk before the next is asked for.

use super::named::drug;
use super::round::{Feed, Pulled};
use crate::flow::aside::OF_ANOTHER;
use crate::flow::gateway::{Gateway, Source};
use crate::flow::lines::Line;
use crate::intake::{read_page, subject_reference};
use crate::link::{Answer, Failure};
use crate::model::draft::ResourceType;
use crate::model::issue::Issue;
use crate::model::key::{PersonKey, digest_words};
use crate::model::time::Instant;
use crate::store::PersonOf;
use crate::store::contract::Caller;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

/// Pages of one search that are followed; a server that goes on is taken for one that goes round.
pub const PAGES_MAX: usize = 20_000;
/// Times that a page is asked for when the server is busy or cannot be reached.
pub(crate) const TRIES: u32 = 4;
/// Longest pause before the next try of a page; a server that wants a longer one ends the round.
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Why a round ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Halt {
    /// In words, without personal data.
    pub(crate) words: String,
    /// When the server wants to be asked again.
    pub(crate) later: Option<Instant>,
    /// The server is not there or has no time: whatever else it were asked would end as this did.
    pub(crate) away: bool,
}

impl Halt {
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), later: None, away: false }
    }

    /// Of a request that no answer came to.
    pub(crate) fn unanswered(failure: Failure) -> Self {
        Self { words: failure.text, later: failure.later, away: !failure.lasting }
    }

    /// Nothing else is to be asked now.
    pub(crate) fn ends_round(&self) -> bool {
        self.away || self.later.is_some()
    }

    /// The same, and at what.
    pub(crate) fn at(self, place: &str) -> Self {
        Self { words: format!("{place}: {}", self.words), ..self }
    }
}

/// What is asked for.
pub(super) struct Search<'a> {
    pub(super) kind: ResourceType,
    pub(super) query: Vec<(&'a str, String)>,
    /// All of it must be about this Patient.
    pub(super) patient: Option<&'a str>,
}

/// One request.
#[derive(Clone, Copy)]
pub(crate) enum Ask<'a> {
    /// Segments below the base.
    Read(&'a [&'a str]),
    /// The first page of a type's search.
    Page(&'a str, &'a [(&'a str, &'a str)]),
    /// A page at an address that the server gave, of a search about this Patient.
    Next(&'a str, Option<&'a str>),
}

impl<'a> Ask<'a> {
    /// The ids that are asked for, and whether they are those of Patients.
    fn ids(self) -> Vec<(&'a str, bool)> {
        match self {
            Self::Read(path) => path.iter().skip(1).map(|id| (*id, path.first() == Some(&"Patient"))).collect(),
            Self::Page(_, query) => {
                query.iter().filter(|(name, _)| *name == "patient").map(|(_, value)| (*value, true)).collect()
            }
            Self::Next(_, patient) => patient.into_iter().map(|id| (id, true)).collect(),
        }
    }
}

/// What a search met.
#[derive(Default)]
pub(super) struct Met {
    /// Ids of its type.
    pub(super) ids: HashSet<String>,
    /// Of a search about a Patient: Medications that were named.
    pub(super) drugs: BTreeSet<String>,
}

pub(crate) fn caller() -> Caller {
    Caller { actor: "gateway".into(), purpose: "pull".into() }
}

impl Feed {
    /// Follows a search to its end. Answers what was met; what cannot be kept is set aside.
    pub(super) async fn walk(
        &self,
        gateway: &Gateway,
        source: &Source,
        search: &Search<'_>,
        pulled: &mut Pulled,
    ) -> Result<Met, Halt> {
        let kind = search.kind.name();
        let mut query: Vec<(&str, &str)> = search.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let count = self.settings.count.to_string();
        query.push(("_count", &count));
        let (mut met, mut followed, mut strangers) = (Met::default(), HashSet::new(), Strangers::default());
        let mut next: Option<String> = None;
        for number in 1..=PAGES_MAX {
            let ask = next.as_deref().map_or(Ask::Page(kind, &query), |url| Ask::Next(url, search.patient));
            let answer = self.patiently(gateway, ask).await;
            let answer = answer.map_err(|halt| halt.at(&format!("{kind} page {number}")))?;
            let wrong = |words: String| Halt::new(format!("{kind} page {number}: {words}"));
            if answer.is_gone() {
                return Err(wrong(self.words(gateway, ask, &answer).await));
            }
            let page = read_page(&answer.body).map_err(|words| wrong(not_fhir(&answer, &words)))?;
            pulled.pages += 1;
            for remark in page.remarks {
                pulled.problem(format!("{kind}: the server remarks {remark}"));
            }
            let places: Vec<String> =
                (0..page.resources.len()).map(|i| format!("pull {kind} page {number} entry {i}")).collect();
            let mut lines = Vec::with_capacity(places.len());
            for ((of, range), place) in page.resources.iter().zip(&places) {
                let line = Line { place, body: answer.body.get(range.clone()).unwrap_or_default() };
                let other = search.patient.filter(|_| of == kind).and_then(|wanted| another(line.body, wanted));
                match other {
                    Some(other) if strangers.has(gateway, source, search, &other).await? => {
                        self.of_another(gateway, source, &line, pulled).await?;
                    }
                    _ => lines.push(line),
                }
                met.ids.extend(id_of(line.body).filter(|_| of == kind));
                met.drugs.extend(search.patient.and_then(|_| drug(&self.settings.url, line.body)));
            }
            let loaded = gateway.load_lines(source, &lines, &caller()).await;
            pulled.loaded.add(&loaded.map_err(|refusal| wrong(refusal.words()))?);
            match page.next {
                None => return Ok(met),
                Some(url) => {
                    // The address may hold identifiers: its digest is enough to know it again.
                    if !followed.insert(digest_words(&[&url])) {
                        return Err(wrong("the next link was followed before: the pages go round".into()));
                    }
                    next = Some(url);
                }
            }
        }
        Err(Halt::new(format!("{kind}: more than {PAGES_MAX} pages")))
    }

    async fn of_another(
        &self,
        gateway: &Gateway,
        source: &Source,
        line: &Line<'_>,
        pulled: &mut Pulled,
    ) -> Result<(), Halt> {
        let issue = Issue::error("conflict", "subject", OF_ANOTHER);
        let aside = gateway.set_aside(source, line, &[issue], &caller(), &mut pulled.loaded).await;
        aside.map_err(|refusal| Halt::new(refusal.words()))
    }

    /// Asks until there is an answer that is no passing failure, a few times at most: what was asked for, or 404 or 410.
    pub(crate) async fn patiently(&self, gateway: &Gateway, ask: Ask<'_>) -> Result<Answer, Halt> {
        let mut pause = Duration::from_secs(1);
        for turn in 1.. {
            let now = gateway.now();
            let met = match ask {
                Ask::Read(path) => self.client.get(path, &[], now).await,
                Ask::Page(kind, query) => self.client.get_page(&[kind], query, now).await,
                Ask::Next(url, _) => self.client.next_page(url, now).await,
            };
            let (passing, later) = match &met {
                Ok(answer) => (answer.is_passing(), answer.retry_after),
                Err(failure) => (!failure.lasting, failure.later),
            };
            let wait = later.map_or(pause, |at| gateway.now().until(at));
            if !passing || turn == TRIES || wait > PAUSE_MAX {
                return match met {
                    Ok(answer) if (answer.is_success() && !answer.too_long) || answer.is_gone() => Ok(answer),
                    Ok(answer) => {
                        // A 500 may be of what was asked for; these are of the server, or of what stands before it.
                        let away = matches!(answer.status, 429 | 502 | 503 | 504);
                        let words = self.words(gateway, ask, &answer).await;
                        Err(Halt { words, later: later.filter(|_| passing), away })
                    }
                    Err(failure) => Err(Halt::unanswered(failure)),
                };
            }
            tokio::time::sleep(wait).await;
            pause *= 2;
        }
        Err(Halt::new("not asked"))
    }

    /// What the server said, without whom it was asked about: their ids, and what is kept of them that tells who they are.
    async fn words(&self, gateway: &Gateway, ask: Ask<'_>, answer: &Answer) -> String {
        let mut identities: Vec<String> = Vec::new();
        for (id, is_patient) in ask.ids() {
            identities.push(id.to_owned());
            if is_patient
                && let Some(source) = gateway.source(&self.source)
                && let Ok(Some(kept)) = gateway.there(source, ResourceType::Patient, id).await
            {
                let patient: Value = serde_json::from_slice(&kept.body).unwrap_or_default();
                TELLING.iter().for_each(|member| texts(&patient[member], &mut identities));
            }
        }
        identities.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
        answer.words_of_nobody(&identities)
    }
}

/// Of the Patients met in a search whether they are other persons than the one asked for; each is looked up once.
#[derive(Default)]
struct Strangers {
    wanted: Option<Option<PersonKey>>,
    known: HashMap<String, bool>,
}

impl Strangers {
    /// Whether that Patient is another person: after a merge a server answers with the record in use.
    async fn has(
        &mut self,
        gateway: &Gateway,
        source: &Source,
        search: &Search<'_>,
        other: &str,
    ) -> Result<bool, Halt> {
        if let Some(known) = self.known.get(other) {
            return Ok(*known);
        }
        let person = async |patient: &str| {
            let of = PersonOf { source: source.name.to_string(), patient: patient.to_owned() };
            gateway.store.read(of).await.map_err(|e| Halt::new(e.to_string()))
        };
        let wanted = match self.wanted {
            Some(wanted) => wanted,
            None => *self.wanted.insert(person(search.patient.unwrap_or_default()).await?),
        };
        let found = person(other).await?;
        let is_stranger = found.is_none() || found != wanted;
        self.known.insert(other.to_owned(), is_stranger);
        Ok(is_stranger)
    }
}

/// What of a Patient tells who it is.
const TELLING: [&str; 5] = ["identifier", "name", "birthDate", "telecom", "address"];

/// Every text below a value.
fn texts(value: &Value, to: &mut Vec<String>) {
    match value {
        Value::String(text) => to.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|value| texts(value, to)),
        Value::Object(all) => all.values().for_each(|value| texts(value, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Says what came instead of FHIR: large servers answer XML or HTML where something before them failed.
fn not_fhir(answer: &Answer, words: &str) -> String {
    let kind: String = answer.content_type.chars().filter(|c| c.is_ascii_graphic()).take(60).collect();
    if kind.contains("json") { words.to_owned() } else { format!("{words} (Content-Type {kind})") }
}

/// The id of another Patient than the one asked for.
fn another(body: &[u8], wanted: &str) -> Option<String> {
    let reference = subject_reference(body)?;
    let id = reference.split("/_history/").next()?.rsplit('/').next()?;
    (id != wanted).then(|| id.to_owned())
}

fn id_of(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Face {
        id: Option<String>,
    }
    serde_json::from_slice::<Face>(body).ok()?.id
}
