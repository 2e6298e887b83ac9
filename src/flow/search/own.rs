//! Searching what the gateway itself owns: one way for all of its types.

use super::page::{COUNT_DEFAULT, count, passed_over};
use crate::flow::answer::Refusal;
use crate::flow::gateway::Gateway;
use crate::flow::own::{OwnAsk, OwnType, Owned};
use crate::flow::query::{encode, pairs, split_escaped};
use crate::model::issue::Issue;

/// One page of a type of the gateway's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnPage {
    /// The resources.
    pub found: Vec<Owned>,
    /// The query as it was understood.
    pub self_query: String,
    /// The query of the next page, when there is one.
    pub next_query: Option<String>,
    /// Parameters that were passed over.
    pub remarks: Vec<Issue>,
}

impl Gateway {
    /// Searches a type of the gateway's own; what is not known is passed over with a remark, or refused when `strict`.
    pub async fn search_own(&self, of: &'static OwnType, query: &str, strict: bool) -> Result<OwnPage, Refusal> {
        let mut ask = OwnAsk { count: COUNT_DEFAULT, ..OwnAsk::default() };
        let (mut page, mut cursor) = (OwnPage::default(), None);
        for (name, value) in pairs(query)? {
            match name.as_str() {
                "_count" => ask.count = count(&value)?,
                "_cursor" => cursor = Some(value),
                "_format" | "_pretty" => {}
                _ if of.parameters.iter().any(|(known, _)| *known == name) => {
                    page.self_query.push_str(&format!("{}={}&", encode(&name), encode(&value)));
                    ask.given.push((name, split_escaped(&value, ',')));
                }
                _ => page.remarks.push(passed_over(&name, &value, strict)?),
            }
        }
        page.self_query.push_str(&format!("_count={}", ask.count));
        ask.from = cursor.map(|cursor| self.place_of(of, &page.self_query, &cursor)).transpose()?;
        let found = (of.find)(self, &ask).await?;
        page.found = found.found;
        page.remarks.extend(found.remarks);
        page.next_query = found.next.map(|place| {
            let seal = self.seal_of(&[of.name, &page.self_query, &place]);
            format!("{}&_cursor={place}.{seal}", page.self_query)
        });
        Ok(page)
    }

    fn place_of(&self, of: &OwnType, query: &str, cursor: &str) -> Result<String, Refusal> {
        match cursor.rsplit_once('.') {
            Some((place, seal)) if self.seal_of(&[of.name, query, place]) == seal => Ok(place.to_owned()),
            _ => Err(Refusal::malformed(
                "invalid",
                "_cursor is none that was given out for this search; start again without it",
            )),
        }
    }
}
