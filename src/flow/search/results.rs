//! The parameters that shape a result, of whatever type: page size, order, total, parts, and what comes along.

use super::shape::Parts;
use super::table::{LINKS, Link, sorting};
use crate::flow::answer::Refusal;
use crate::flow::query::{encode, pairs, split_escaped};
use crate::flow::served::Served;
use crate::model::issue::Issue;
use crate::store::Order;

/// Resources on a page when the client names no number.
pub const COUNT_DEFAULT: usize = 50;
/// Resources on a page at most; a larger `_count` is held to this, and the self link says so.
pub const COUNT_MAX: usize = 1000;
/// Alternatives in one parameter at most.
pub const TERMS_MAX: usize = 200;

/// Those that every search takes, with R4's kind, beside `_id` and `_lastUpdated`.
pub const EVERYWHERE: &[(&str, &str)] = &[
    ("_count", "number"),
    ("_elements", "string"),
    ("_include", "string"),
    ("_revinclude", "string"),
    ("_sort", "string"),
    ("_summary", "string"),
    ("_total", "string"),
];

/// What a result is to look like.
#[derive(Debug, Clone)]
pub(super) struct Results {
    /// Matches on a page.
    pub(super) count: usize,
    /// Only the total, no entries.
    pub(super) only_total: bool,
    /// The total too.
    pub(super) total: bool,
    /// Which parts of each resource.
    pub(super) parts: Parts,
    /// Along which links what is referred to comes along.
    pub(super) include: Vec<&'static Link>,
    /// Along which links what refers comes along.
    pub(super) reverse: Vec<&'static Link>,
    /// In which order.
    pub(super) order: Order,
    /// Where to go on.
    pub(super) cursor: Option<String>,
    /// The query as it was understood, without the cursor.
    pub(super) query: String,
    /// What was passed over.
    pub(super) remarks: Vec<Issue>,
    /// Search parameters of the type itself.
    pub(super) given: Vec<(String, String)>,
}

impl Results {
    /// Reads a query. What is not known is passed over with a remark, or refused when `strict`.
    pub(super) fn read(served: Served, query: &str, strict: bool) -> Result<Self, Refusal> {
        let mut read = Self {
            count: COUNT_DEFAULT,
            only_total: false,
            total: false,
            parts: Parts::Whole,
            include: Vec::new(),
            reverse: Vec::new(),
            order: Order::Known,
            cursor: None,
            query: String::new(),
            remarks: Vec::new(),
            given: Vec::new(),
        };
        let known = served.parameters();
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in pairs(query)? {
            if matches!(name.as_str(), "_format" | "_pretty") {
                continue;
            }
            let of_type = known.iter().any(|(k, _)| *k == name);
            let often = of_type || matches!(name.as_str(), "_include" | "_revinclude");
            if !often && EVERYWHERE.iter().any(|(k, _)| *k == name) && seen.contains(&name) {
                return Err(Refusal::malformed("value", format!("{name} is given more than once; wanted it once")));
            }
            let taken = if of_type {
                read.parameter(&name, &value)?;
                true
            } else {
                read.take(served, &name, &value)?
            };
            if taken && !matches!(name.as_str(), "_count" | "_cursor") {
                read.query.push_str(&format!("{}={}&", encode(&name), encode(&value)));
            } else if !taken {
                read.remarks.push(passed_over(&name, strict)?);
            }
            seen.push(name);
        }
        match read.only_total {
            false => read.query.push_str(&format!("_count={}", read.count)),
            true if read.query.contains("_summary=count") => drop(read.query.pop()),
            true => read.query.push_str("_count=0"),
        }
        Ok(read)
    }

    fn parameter(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        let values = split_escaped(value, ',');
        if values.len() > TERMS_MAX {
            let text = format!("{name} has {} alternatives; wanted at most {TERMS_MAX}, ask in parts", values.len());
            return Err(Refusal::malformed("too-costly", text));
        }
        if values.iter().any(String::is_empty) {
            return Err(Refusal::malformed("value", format!("{name} has an empty value; wanted one or more")));
        }
        self.given.push((name.into(), value.into()));
        Ok(())
    }

    /// Takes a parameter that every search knows; `false`: it is not known here.
    fn take(&mut self, served: Served, name: &str, value: &str) -> Result<bool, Refusal> {
        let wrong = |wanted: &str| Refusal::malformed("value", format!("{name} has another value; wanted {wanted}"));
        match name {
            "_cursor" => self.cursor = Some(value.into()),
            "_count" => {
                let n = value.parse::<u64>().map_err(|_| wrong("a whole number from 0 on"))?;
                self.only_total |= n == 0;
                self.count = usize::try_from(n).unwrap_or(COUNT_MAX).clamp(1, COUNT_MAX);
            }
            "_total" => match value {
                "none" => {}
                // An estimate may be exact.
                "accurate" | "estimate" => self.total = true,
                _ => return Err(wrong("none, estimate or accurate")),
            },
            "_summary" if value == "count" => self.only_total = true,
            "_summary" | "_elements" if self.parts != Parts::Whole && value != "false" => {
                return Err(Refusal::malformed("value", "_summary and _elements are given both; wanted one of them"));
            }
            "_summary" | "_elements" => {
                let parts = Parts::parse(name, value)?;
                if parts != Parts::Whole {
                    self.parts = parts;
                }
            }
            "_include" => return Ok(push(&mut self.include, value, |link| link.from == served.name())),
            "_revinclude" => return Ok(push(&mut self.reverse, value, |link| link.to == served.name())),
            "_sort" => {
                let sort = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ',');
                if !value.chars().all(sort) || value.is_empty() {
                    return Err(wrong("names of search parameters, separated by commas"));
                }
                let Served::Kept(kind) = served else { return Ok(false) };
                let (name, down) = value.strip_prefix('-').map_or((value, false), |name| (name, true));
                self.order = match (name, down) {
                    ("_lastUpdated", false) => Order::Known,
                    ("_lastUpdated", true) => Order::KnownDown,
                    (name, down) if name == sorting(kind).name => {
                        if down {
                            Order::KeyDown
                        } else {
                            Order::Key
                        }
                    }
                    _ => return Ok(false),
                };
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn push(links: &mut Vec<&'static Link>, value: &str, fits: impl Fn(&Link) -> bool) -> bool {
    let found = LINKS.iter().find(|link| link.is(value) && fits(link));
    links.extend(found);
    found.is_some()
}

/// The remark on a parameter that is not known; a modifier or a chain is refused, and so is all when `strict`.
fn passed_over(name: &str, strict: bool) -> Result<Issue, Refusal> {
    // Names are the client's own words: they are shown as far as they are names, never with what may be a person's.
    let shown: String = name.chars().take(40).filter(|c| c.is_ascii_alphanumeric() || ":._-".contains(*c)).collect();
    // A modifier or a chain changes the meaning of what it is put on: it is never passed over.
    if name.contains([':', '.']) {
        let text = format!("{shown}: modifiers and chains of search parameters are not supported");
        return Err(Refusal::malformed("not-supported", text));
    }
    let what = match name {
        "_include" | "_revinclude" | "_sort" => format!("{shown} with this value"),
        _ => format!("the search parameter {shown}"),
    };
    let text = format!("{what} is not supported here; the CapabilityStatement lists what is");
    if strict {
        return Err(Refusal::malformed("not-supported", text));
    }
    Ok(Issue::information("not-supported", "", format!("{text}, and this one was passed over")))
}
