//! QuestionnaireResponse: one fact for each answer, known by its `linkId` under the questionnaire, and by the codes of
//! the item where the questionnaire is inside. An item without an answer states nothing.

use super::json::Node;
use super::reference::{self, About};
use super::resource::{Content, Setting};
use super::{element, quantity};
use crate::model::code::Coding;
use crate::model::fact::{DraftFact, FactStatus, FactValue, Origin};
use crate::model::issue::Issue;
use std::collections::HashMap;

/// What a QuestionnaireResponse states.
pub(super) fn read(root: &Node<'_>, setting: &Setting<'_>, issues: &mut Vec<Issue>) -> Content {
    let mut answers = Vec::new();
    items(root, &mut answers, issues);
    if answers.len() > usize::from(u16::MAX) {
        let text = format!("found more than {} answers; wanted no more", u16::MAX);
        issues.push(Issue::error("too-costly", "QuestionnaireResponse.item", text));
        return Content::default();
    }
    let About::Person(subject) = reference::about(root, "QuestionnaireResponse", setting, issues) else {
        return Content::default();
    };
    let form = Form::of(root);
    let at = element::range(root, "authored", setting.zone);
    let recorded = root.get("meta").and_then(|m| element::instant(m, "lastUpdated"));
    let status = status(root);
    let mut facts = Vec::new();
    for (part, (link_id, value)) in (1u16..).zip(answers) {
        facts.extend(form.codes(link_id).into_iter().map(|code| DraftFact {
            code,
            part,
            origin: Origin::QuestionnaireResponse,
            at,
            other_end: None,
            recorded,
            status,
            value: value.clone(),
            range: None,
            context: Vec::new(),
        }));
    }
    Content { subject: Some(subject), facts, ..Content::default() }
}

/// The answers in the order in which they stand, each with the `linkId` of its item; items stand in items and in answers.
fn items<'r>(node: &'r Node<'_>, answers: &mut Vec<(&'r str, FactValue)>, issues: &mut Vec<Issue>) {
    for item in node.list("item") {
        if !item.list("item").is_empty() && !item.list("answer").is_empty() {
            let text = "found an item with items and answers; wanted its items inside its answers (qrs-1)";
            issues.push(Issue::error("invariant", "QuestionnaireResponse.item", text));
        }
        for answer in item.list("answer") {
            if let (Some(link_id), Some(value)) = (item.text_of("linkId"), quantity::value(answer)) {
                answers.push((link_id, value));
            }
            items(answer, answers, issues);
        }
        items(item, answers, issues);
    }
}

fn status(root: &Node<'_>) -> FactStatus {
    match root.text_of("status") {
        Some("completed") => FactStatus::Final,
        Some("amended") => FactStatus::Amended,
        Some("in-progress") => FactStatus::Preliminary,
        Some("stopped") => FactStatus::Stopped,
        Some("entered-in-error") => FactStatus::EnteredInError,
        _ => FactStatus::Unusable,
    }
}

/// The questionnaire that was answered.
struct Form<'r> {
    /// Its canonical address without a version; empty when none was sent.
    url: &'r str,
    /// The codes of its items, where it is inside the response.
    codes: HashMap<&'r str, Vec<Coding>>,
}

impl<'r> Form<'r> {
    fn of(root: &'r Node<'_>) -> Self {
        let sent = root.text_of("questionnaire").unwrap_or_default();
        let inside = element::contained(root, sent).filter(|c| c.text_of("resourceType") == Some("Questionnaire"));
        let address = inside.map_or(sent, |form| form.text_of("url").unwrap_or_default());
        let mut codes = HashMap::new();
        inside.iter().for_each(|form| coded_items(form, &mut codes));
        Self { url: address.split('|').next().unwrap_or(address), codes }
    }

    fn codes(&self, link_id: &str) -> Vec<Coding> {
        let mut all = vec![Coding::new(self.url, link_id)];
        for code in self.codes.get(link_id).into_iter().flatten() {
            if !all.contains(code) {
                all.push(code.clone());
            }
        }
        all
    }
}

fn coded_items<'r>(node: &'r Node<'_>, codes: &mut HashMap<&'r str, Vec<Coding>>) {
    for item in node.list("item") {
        let own = item.list("code").iter();
        let own = own.filter_map(|c| Some(Coding::new(c.text_of("system").unwrap_or_default(), c.text_of("code")?)));
        if let Some(link_id) = item.text_of("linkId") {
            codes.insert(link_id, own.collect());
        }
        coded_items(item, codes);
    }
}
