//! The tree of an XML file.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeMap;

/// An element with its attributes, its own text and what stands inside.
#[derive(Default)]
pub struct Element {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    pub text: String,
    pub children: Vec<Element>,
}

/// The root of a file.
pub fn root(text: &str) -> Element {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Start(start) => open.push(begun(&start)),
            Event::Empty(start) => open.last_mut().expect("the document is open").children.push(begun(&start)),
            Event::End(_) => {
                let done = open.pop().expect("an element is open");
                open.last_mut().expect("the document is open").children.push(done);
            }
            Event::Text(text) => {
                open.last_mut().expect("the document is open").text += &text;
            }
            Event::GeneralRef(entity) => {
                let sign = match &*entity {
                    "lt" => '<',
                    "gt" => '>',
                    "amp" => '&',
                    "quot" => '"',
                    "apos" => '\'',
                    _ => entity.resolve_char_ref().ok().flatten().expect("a character"),
                };
                open.last_mut().expect("the document is open").text.push(sign);
            }
            Event::Eof => return open.remove(0).children.remove(0),
            _ => {}
        }
    }
}

fn begun(start: &BytesStart<'_>) -> Element {
    let attributes = start.attributes().map(|a| {
        let a = a.expect("an attribute");
        let value = quick_xml::escape::unescape(&a.value).expect("entities");
        (a.key.as_ref().to_owned(), value.into_owned())
    });
    let attributes = attributes.collect();
    Element { name: start.name().as_ref().to_owned(), attributes, ..Element::default() }
}

impl Element {
    /// The elements directly inside of this name.
    pub fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// An attribute's value; nothing where it is absent.
    pub fn of(&self, name: &str) -> String {
        self.attributes.get(name).cloned().unwrap_or_default()
    }
}
