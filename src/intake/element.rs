//! Elements that several types share: codes, identifiers, dates, contained resources.

use super::json::Node;
use crate::model::code::{Coding, TEXT_SYSTEM};
use crate::model::draft::Identifier;
use crate::model::fact::Qualifier;
use crate::model::time::{Instant, Partial, TimeRange, Zone};

/// The codings of a CodeableConcept that hold a code; those alone, no words.
pub(super) fn coded(concept: &Node<'_>) -> Vec<Coding> {
    let coding = |c: &Node<'_>| Some(Coding::new(c.text_of("system").unwrap_or_default(), c.text_of("code")?));
    concept.list("coding").iter().filter_map(coding).collect()
}

/// The words of a CodeableConcept: its text, else the first display.
pub(super) fn words<'r>(concept: &'r Node<'_>) -> Option<&'r str> {
    concept.text_of("text").or_else(|| concept.list("coding").iter().find_map(|c| c.text_of("display")))
}

/// The codes by which a statement is found: its codings, else its words under [`TEXT_SYSTEM`]; none twice.
pub(super) fn codes(concept: &Node<'_>) -> Vec<Coding> {
    let mut codes: Vec<Coding> = Vec::new();
    for coding in coded(concept) {
        if !codes.contains(&coding) {
            codes.push(coding);
        }
    }
    if codes.is_empty() {
        codes.extend(words(concept).map(|w| Coding::new(TEXT_SYSTEM, w)));
    }
    codes
}

/// A business identifier; one without a value is none.
pub(super) fn identifier(node: &Node<'_>) -> Option<Identifier> {
    let value = node.text_of("value")?.into();
    Some(Identifier { system: node.text_of("system").unwrap_or_default().into(), value })
}

/// The business identifiers of a resource: a list, or in a QuestionnaireResponse one.
pub(super) fn identifiers(root: &Node<'_>) -> Vec<Identifier> {
    let one = root.get("identifier").filter(|n| !n.members().is_empty());
    one.into_iter().chain(root.list("identifier")).filter_map(identifier).collect()
}

/// The date of the member of that name; `None` also for one that is wrong, which the schema has said.
pub(super) fn date(node: &Node<'_>, name: &str) -> Option<Partial> {
    Partial::parse(node.text_of(name)?).ok()
}

/// The moment of the member of that name.
pub(super) fn instant(node: &Node<'_>, name: &str) -> Option<Instant> {
    match date(node, name)? {
        Partial::Instant(at, _) => Some(at),
        _ => None,
    }
}

/// Where the date of the member of that name lies.
pub(super) fn range(node: &Node<'_>, name: &str, zone: &Zone) -> Option<TimeRange> {
    Some(date(node, name)?.range(zone))
}

/// Start and end of a Period.
pub(super) fn period(node: &Node<'_>, zone: &Zone) -> (Option<TimeRange>, Option<TimeRange>) {
    (range(node, "start", zone), range(node, "end", zone))
}

/// Adds the codes of an element that is one concept or a list of them.
pub(super) fn qualify(node: &Node<'_>, name: &str, as_what: Qualifier, into: &mut Vec<(Qualifier, Coding)>) {
    let one = node.get(name).filter(|n| !n.members().is_empty());
    for concept in one.into_iter().chain(node.list(name)) {
        into.extend(codes(concept).into_iter().map(|c| (as_what, c)));
    }
}

/// The contained resource that a reference `#id` names.
pub(super) fn contained<'r, 'a>(root: &'r Node<'a>, reference: &str) -> Option<&'r Node<'a>> {
    let id = reference.strip_prefix('#')?;
    root.list("contained").iter().find(|c| c.text_of("id") == Some(id))
}
