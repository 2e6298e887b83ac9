//! Searching kept resources: R4's parameters per type, dates, and pages by a signed place, so that no page is met twice.

use crate::flow::answer::{Grade, Refusal};
use crate::flow::gateway::{Gateway, Source};
use crate::flow::query::{encode, is_id, pairs, split_escaped, token};
use crate::model::code::Coding;
use crate::model::draft::{Identifier, ResourceType};
use crate::model::issue::Issue;
use crate::model::key::{Item, digest_words, hex, unhex};
use crate::model::time::{Instant, Partial, Zone};
use crate::store::contract::{Find, Found};

/// Resources on a page when the client names no number.
pub const COUNT_DEFAULT: usize = 50;
/// Resources on a page at most; a larger `_count` is held to this, and the self link says so.
pub const COUNT_MAX: usize = 1000;
/// Alternatives in one parameter at most.
pub const TERMS_MAX: usize = 200;

/// The search parameters of a kept type, with FHIR's kind of each: what is served, stated and tested.
pub fn parameters(resource_type: ResourceType) -> &'static [(&'static str, &'static str)] {
    const ID: (&str, &str) = ("_id", "token");
    const IDENTIFIER: (&str, &str) = ("identifier", "token");
    const CODE: (&str, &str) = ("code", "token");
    const PATIENT: (&str, &str) = ("patient", "reference");
    const SUBJECT: (&str, &str) = ("subject", "reference");
    match resource_type {
        ResourceType::Patient => &[ID, IDENTIFIER],
        ResourceType::Observation => &[ID, IDENTIFIER, PATIENT, SUBJECT, CODE, ("date", "date")],
        ResourceType::MedicationAdministration => &[ID, IDENTIFIER, PATIENT, SUBJECT, CODE, ("effective-time", "date")],
        ResourceType::Condition => &[ID, IDENTIFIER, PATIENT, SUBJECT, CODE, ("onset-date", "date")],
    }
}

/// One page of a search, and how it and the next one are asked for.
#[derive(Debug, Clone)]
pub struct Page {
    /// What was found.
    pub found: Found,
    /// The query as it was understood, for the self link.
    pub self_query: String,
    /// The query of the next page, when there is one.
    pub next_query: Option<String>,
    /// Parameters that were passed over.
    pub remarks: Vec<Issue>,
}

impl Gateway {
    /// Searches one type of one source. `query` is the part of the URL after `?`; `strict` refuses what is not known.
    pub async fn search(
        &self,
        source: &Source,
        resource_type: ResourceType,
        query: &str,
        strict: bool,
    ) -> Result<Page, Refusal> {
        let asked = self.understand(source, resource_type, query, strict)?;
        let found = self.find(asked.find.clone()).await?;
        let next_query = found.next.map(|place| {
            let cursor = self.seal(source, resource_type, &asked.query, asked.find.until, place);
            format!("{}&_cursor={cursor}", asked.query)
        });
        Ok(Page { found, self_query: asked.query, next_query, remarks: asked.remarks })
    }

    fn understand(
        &self,
        source: &Source,
        resource_type: ResourceType,
        query: &str,
        strict: bool,
    ) -> Result<Asked, Refusal> {
        let mut asked = Asked {
            find: Find {
                source: source.name.to_string(),
                resource_type: Some(resource_type),
                ids: Vec::new(),
                identifiers: Vec::new(),
                patients: Vec::new(),
                codes: Vec::new(),
                dates: Vec::new(),
                count: COUNT_DEFAULT,
                after: None,
                until: self.now(),
            },
            query: String::new(),
            remarks: Vec::new(),
        };
        let mut cursor = None;
        let mut seen = Vec::new();
        for (name, value) in pairs(query)? {
            match name.as_str() {
                "_count" => asked.find.count = count(&value)?,
                "_cursor" => cursor = Some(value),
                "_format" | "_pretty" => {}
                _ => {
                    let kind =
                        parameters(resource_type).iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
                    once(&mut seen, &name, kind)?;
                    asked.take(source, &name, &value, kind, strict)?;
                }
            }
        }
        asked.query.push_str(&format!("_count={}", asked.find.count));
        if let Some(cursor) = cursor {
            let (until, after) = self.unseal(source, resource_type, &asked.query, &cursor)?;
            (asked.find.until, asked.find.after) = (until, Some(after));
        }
        Ok(asked)
    }

    /// A place in a walk as text: only this gateway can make it, and only for this query.
    fn seal(&self, source: &Source, kind: ResourceType, query: &str, until: Instant, place: (Instant, Item)) -> String {
        let mut bytes = Vec::with_capacity(48);
        bytes.extend_from_slice(&place.0.0.to_be_bytes());
        bytes.extend_from_slice(&place.1.0);
        bytes.extend_from_slice(&until.0.to_be_bytes());
        let body = hex(&bytes);
        let seal = self.seal_of(&[&source.name, kind.name(), query, &body]);
        format!("{body}{seal}")
    }

    fn unseal(
        &self,
        source: &Source,
        kind: ResourceType,
        query: &str,
        cursor: &str,
    ) -> Result<(Instant, (Instant, Item)), Refusal> {
        let forged = || {
            Refusal::malformed("invalid", "_cursor is none that was given out for this search; start again without it")
        };
        let (body, seal) = cursor.split_at_checked(64).ok_or_else(forged)?;
        if self.seal_of(&[&source.name, kind.name(), query, body]) != seal {
            return Err(forged());
        }
        let bytes = unhex(body).filter(|b| b.len() == 32).ok_or_else(forged)?;
        let moment = |part: &[u8]| part.try_into().map(|b| Instant(i64::from_be_bytes(b))).map_err(|_| forged());
        let item = Item::from_bytes(&bytes[8..24]).ok_or_else(forged)?;
        Ok((moment(&bytes[24..])?, (moment(&bytes[..8])?, item)))
    }

    /// The key stands at both ends, so that a longer text has another seal.
    pub(crate) fn seal_of(&self, words: &[&str]) -> String {
        let key = hex(&self.cursor_key);
        let all: Vec<&str> = std::iter::once(key.as_str()).chain(words.iter().copied()).chain([key.as_str()]).collect();
        hex(&digest_words(&all)[..16])
    }
}

/// A search as it was understood.
struct Asked {
    find: Find,
    query: String,
    remarks: Vec<Issue>,
}

impl Asked {
    fn take(
        &mut self,
        source: &Source,
        name: &str,
        value: &str,
        kind: Option<&str>,
        strict: bool,
    ) -> Result<(), Refusal> {
        let Some(kind) = kind else {
            self.remarks.push(passed_over(name, value, strict)?);
            return Ok(());
        };
        let values = split_escaped(value, ',');
        if values.len() > TERMS_MAX {
            let text = format!("{name} has more than {TERMS_MAX} alternatives; ask in parts");
            return Err(Refusal::malformed("too-costly", text));
        }
        if values.iter().any(String::is_empty) {
            return Err(Refusal::malformed("value", format!("{name} has an empty value")));
        }
        match (name, kind) {
            ("_id", _) => self.find.ids = values,
            ("identifier", _) => {
                self.find.identifiers = values.iter().map(|v| identifier(v)).collect::<Result<_, _>>()?
            }
            ("code", _) => self.find.codes = values.iter().map(|v| code(v)).collect::<Result<_, _>>()?,
            (_, "reference") => {
                self.find.patients = values.iter().map(|v| patient(name, v)).collect::<Result<_, _>>()?;
            }
            _ if values.len() > 1 => {
                return Err(Refusal::malformed(
                    "not-supported",
                    format!("{name} takes no alternatives; ask once for each"),
                ));
            }
            _ => self.find.dates.push(dates(name, value, &source.zone)?),
        }
        self.query.push_str(&format!("{}={}&", encode(name), encode(value)));
        Ok(())
    }
}

/// The remark on a parameter that is not known; a modifier or a chain is refused, and so is all when `strict`.
pub(super) fn passed_over(name: &str, value: &str, strict: bool) -> Result<Issue, Refusal> {
    let sort = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ',');
    if name == "_sort" && !value.chars().all(sort) {
        return Err(Refusal::malformed("value", "_sort takes names of search parameters, separated by commas"));
    }
    // A modifier or a chain changes the meaning of what it is put on: it is never passed over.
    if name.contains([':', '.']) {
        return Err(Refusal::malformed("not-supported", "modifiers and chains of search parameters are not supported"));
    }
    let text = "a search parameter is not supported; the CapabilityStatement lists those that are";
    if strict {
        return Err(Refusal::malformed("not-supported", text));
    }
    Ok(Issue::information("not-supported", "", format!("{text}, and this one was passed over")))
}

fn once(seen: &mut Vec<String>, name: &str, kind: Option<&str>) -> Result<(), Refusal> {
    // `patient` and `subject` narrow the same thing.
    let slot = if name == "subject" { "patient" } else { name };
    if kind.is_some_and(|kind| kind != "date") && seen.iter().any(|s| s == slot) {
        return Err(Refusal::malformed(
            "not-supported",
            format!("{name} is given more than once; give alternatives by commas"),
        ));
    }
    seen.push(slot.into());
    Ok(())
}

pub(super) fn count(value: &str) -> Result<usize, Refusal> {
    match value.parse::<u64>() {
        Ok(0) => Err(Refusal::malformed("not-supported", "_count=0 asks for a total, which is not offered")),
        Ok(n) => Ok(usize::try_from(n).unwrap_or(COUNT_MAX).min(COUNT_MAX)),
        Err(_) => Err(Refusal::malformed("value", "_count is no whole number above 0")),
    }
}

fn identifier(text: &str) -> Result<Identifier, Refusal> {
    match token(text) {
        (_, value) if value.is_empty() => {
            Err(Refusal::malformed("not-supported", "identifier without a value is not supported"))
        }
        (Some(system), _) if system.is_empty() => Err(Refusal::malformed(
            "not-supported",
            "identifier=|value (no system) is not supported; wanted system|value or value",
        )),
        (system, value) => Ok(Identifier { system: system.unwrap_or_default(), value }),
    }
}

fn code(text: &str) -> Result<Coding, Refusal> {
    match token(text) {
        (_, code) if code.is_empty() => {
            Err(Refusal::malformed("not-supported", "code without a code is not supported"))
        }
        (Some(system), _) if system.is_empty() => Err(Refusal::malformed(
            "not-supported",
            "code=|code (no system) is not supported; wanted system|code or code",
        )),
        (system, code) => Ok(Coding { system: system.unwrap_or_default(), code }),
    }
}

fn patient(name: &str, text: &str) -> Result<String, Refusal> {
    let id = text.strip_prefix("Patient/").unwrap_or(text);
    if is_id(id) {
        return Ok(id.into());
    }
    Err(Refusal::malformed("value", format!("{name} names no Patient of this base; wanted Patient/id or id")))
}

/// The stretch of time that a date parameter asks for: clinical time must overlap it.
/// `sa` is read as `gt` and `eb` as `lt`, which differ only for what lasts; `ne` and `ap` have no one stretch.
fn dates(name: &str, text: &str, zone: &Zone) -> Result<(Instant, Instant), Refusal> {
    let split = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (prefix, date) = text.split_at(split.min(2));
    let range =
        Partial::parse(date).map_err(|what| Refusal::malformed("value", format!("{name}: {what}")))?.range(zone);
    let (before, beyond) = (range.earliest.plus_us(-1), range.latest.plus_us(1));
    match prefix {
        "" | "eq" => Ok((range.earliest, range.latest)),
        "lt" | "eb" => Ok((Instant::MIN, before)),
        "le" => Ok((Instant::MIN, range.latest)),
        "gt" | "sa" => Ok((beyond, Instant::MAX)),
        "ge" => Ok((range.earliest, Instant::MAX)),
        "ne" | "ap" => {
            Err(Refusal::malformed("not-supported", format!("{name}: the prefix {prefix} is not supported")))
        }
        _ => Err(Refusal::malformed("value", format!("{name}: not a prefix of R4; wanted eq lt le gt ge sa eb"))),
    }
}

/// What [`Gateway::read`] answers when nothing is there, or no longer.
pub(crate) fn absent(deleted: bool) -> Refusal {
    if deleted {
        Refusal::one(Grade::Gone, "deleted", "", "this resource was deleted")
    } else {
        Refusal::one(Grade::NotFound, "not-found", "", "there is no such resource at this base")
    }
}
