//! One strict pass over the bytes of a JSON document: a borrowed tree in which each value knows its place.
//!
//! Numbers stay the text that was printed. Refused: what is no JSON, a byte order mark, text that is not UTF-8,
//! nesting beyond [`MAX_DEPTH`], a name that occurs twice in one object.

use crate::model::draft::Stretch;
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;

/// Deepest nesting of objects and arrays that is read.
pub const MAX_DEPTH: usize = 64;
/// From so many members on, names are compared by hash.
const FEW_MEMBERS: usize = 16;

/// A value and where it stands in the bytes.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    /// First byte and the first byte after it.
    pub place: Stretch,
    /// What it is.
    pub kind: Kind<'a>,
}

/// A value of JSON.
#[derive(Debug, Clone)]
pub enum Kind<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// The literal as printed.
    Number(&'a str),
    /// A string without its escapes.
    Text(Cow<'a, str>),
    /// Values in order.
    Array(Vec<Node<'a>>),
    /// Members in order; no name twice.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// Why the bytes are no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// FHIRPath of the place where it is known, names joined by dots.
    pub path: String,
    /// What was found and what is wanted.
    pub text: String,
}

/// What the pass found.
#[derive(Debug)]
pub struct Document<'a> {
    /// The outermost value.
    pub root: Node<'a>,
    /// Whether any string holds U+0000.
    pub has_nul: bool,
    /// The values of `reference` that are `urn:uuid:` or hold `?`.
    pub references: Vec<(Stretch, String)>,
}

impl<'a> Node<'a> {
    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<&Node<'a>> {
        match &self.kind {
            Kind::Object(members) => members.iter().find(|(n, _)| n == name).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of the member of that name, when it is a string.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// The printed number of the member of that name.
    pub fn number_of(&self, name: &str) -> Option<&'a str> {
        match self.get(name)?.kind {
            Kind::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The truth of the member of that name.
    pub fn boolean_of(&self, name: &str) -> Option<bool> {
        match self.get(name)?.kind {
            Kind::Boolean(b) => Some(b),
            _ => None,
        }
    }

    /// The values of the array of that name; none when there is none.
    pub fn list(&self, name: &str) -> &[Node<'a>] {
        match self.get(name).map(|n| &n.kind) {
            Some(Kind::Array(items)) => items,
            _ => &[],
        }
    }

    /// The members of an object; none for any other value.
    pub fn members(&self) -> &[(Cow<'a, str>, Node<'a>)] {
        match &self.kind {
            Kind::Object(members) => members,
            _ => &[],
        }
    }

    /// What kind of value it is, as a noun.
    pub fn noun(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Boolean(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "a string",
            Kind::Array(_) => "an array",
            Kind::Object(_) => "an object",
        }
    }
}

/// Reads a whole document. The error names line and column, or the path of a name that occurs twice.
pub fn parse(body: &[u8]) -> Result<Document<'_>, Fault> {
    if body.starts_with(&[0xEF, 0xBB, 0xBF]) {
        return Err(fault("the body begins with a byte order mark; wanted UTF-8 without one"));
    }
    if u32::try_from(body.len()).is_err() {
        return Err(fault("the body is longer than 4 GiB; wanted a smaller one"));
    }
    let text = std::str::from_utf8(body).map_err(|e| {
        let (line, column) = line_and_column(body, e.valid_up_to());
        fault(&format!("not UTF-8 at line {line}, column {column}; wanted JSON in UTF-8"))
    })?;
    let mut parser = Parser { text, bytes: body, at: 0, has_nul: false, references: Vec::new() };
    let read = parser.value(0).and_then(|root| {
        parser.space();
        if parser.at == body.len() { Ok(root) } else { Err(Stop::Syntax("bytes after the end of the document")) }
    });
    match read {
        Ok(root) => Ok(Document { root, has_nul: parser.has_nul, references: parser.references }),
        Err(stop) => Err(parser.explain(stop)),
    }
}

fn fault(text: &str) -> Fault {
    Fault { path: String::new(), text: text.into() }
}

/// Line and column, both from 1, of a byte; the column counts bytes.
fn line_and_column(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = &bytes[..at.min(bytes.len())];
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
    (line, column)
}

enum Stop {
    /// No JSON from here on; says what was met.
    Syntax(&'static str),
    /// Too deep.
    Depth,
    /// The path of a name that occurs twice, innermost step first.
    Twice(Vec<Step>),
}

enum Step {
    Name(String),
    Index(usize),
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    has_nul: bool,
    references: Vec<(Stretch, String)>,
}

impl<'a> Parser<'a> {
    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.space();
        self.bytes.get(self.at).copied()
    }

    fn stretch(&self, start: usize) -> Stretch {
        let narrow = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Stretch { start: narrow(start), end: narrow(self.at) }
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>, Stop> {
        let first = self.peek();
        let start = self.at;
        let kind = match first {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Kind::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => Kind::Number(self.number()?),
            Some(b't') => self.word("true", Kind::Boolean(true))?,
            Some(b'f') => self.word("false", Kind::Boolean(false))?,
            Some(b'n') => self.word("null", Kind::Null)?,
            Some(_) => return Err(Stop::Syntax("no JSON value")),
            None => return Err(Stop::Syntax("the end of the body inside the document")),
        };
        Ok(Node { place: self.stretch(start), kind })
    }

    fn word(&mut self, word: &str, kind: Kind<'a>) -> Result<Kind<'a>, Stop> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(Stop::Syntax("no JSON value"));
        }
        self.at += word.len();
        Ok(kind)
    }

    fn object(&mut self, depth: usize) -> Result<Kind<'a>, Stop> {
        if depth >= MAX_DEPTH {
            return Err(Stop::Depth);
        }
        self.at += 1;
        let mut members: Vec<(Cow<'a, str>, Node<'a>)> = Vec::new();
        let mut names = None;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Kind::Object(members));
        }
        members.reserve(4);
        loop {
            if self.peek() != Some(b'"') {
                return Err(Stop::Syntax("no name of a member"));
            }
            let name = self.string()?;
            if known(&members, &mut names, &name) {
                return Err(Stop::Twice(vec![Step::Name(name.into_owned())]));
            }
            if self.peek() != Some(b':') {
                return Err(Stop::Syntax("no colon after a name"));
            }
            self.at += 1;
            let value = self.value(depth + 1).map_err(|stop| under(stop, || Step::Name(name.to_string())))?;
            if name == "reference" {
                self.note_reference(&value);
            }
            members.push((name, value));
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                None => return Err(Stop::Syntax("the end of the body inside an object")),
                Some(_) => return Err(Stop::Syntax("neither a comma nor a closing brace")),
            }
        }
        self.at += 1;
        Ok(Kind::Object(members))
    }

    fn array(&mut self, depth: usize) -> Result<Kind<'a>, Stop> {
        if depth >= MAX_DEPTH {
            return Err(Stop::Depth);
        }
        self.at += 1;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Kind::Array(items));
        }
        loop {
            let index = items.len();
            items.push(self.value(depth + 1).map_err(|stop| under(stop, || Step::Index(index)))?);
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                None => return Err(Stop::Syntax("the end of the body inside an array")),
                Some(_) => return Err(Stop::Syntax("neither a comma nor a closing bracket")),
            }
        }
        self.at += 1;
        Ok(Kind::Array(items))
    }

    fn note_reference(&mut self, value: &Node<'a>) {
        if let Some(text) = value.text()
            && (text.starts_with("urn:uuid:") || text.contains('?'))
        {
            self.references.push((value.place, text.into()));
        }
    }

    fn number(&mut self) -> Result<&'a str, Stop> {
        const NO_NUMBER: Stop = Stop::Syntax("no number as JSON prints one");
        let start = self.at;
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        match (self.bytes.get(self.at), self.bytes.get(self.at + 1)) {
            (Some(b'0'), Some(b'0'..=b'9')) => return Err(NO_NUMBER),
            _ => self.digits().ok_or(NO_NUMBER)?,
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits().ok_or(NO_NUMBER)?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits().ok_or(NO_NUMBER)?;
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.bytes.get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// A string from its opening quote; borrowed while it holds no escape.
    fn string(&mut self) -> Result<Cow<'a, str>, Stop> {
        self.at += 1;
        let start = self.at;
        match self.run() {
            Some(b'"') => {
                let text = &self.text[start..self.at];
                self.at += 1;
                Ok(Cow::Borrowed(text))
            }
            Some(b'\\') => self.escaped(start),
            Some(_) => Err(Stop::Syntax("a control character inside a string")),
            None => Err(Stop::Syntax("the end of the body inside a string")),
        }
    }

    /// Goes on to the next byte that means something inside a string.
    fn run(&mut self) -> Option<u8> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F));
        self.at += length.unwrap_or(rest.len());
        length.map(|l| rest[l])
    }

    fn escaped(&mut self, start: usize) -> Result<Cow<'a, str>, Stop> {
        let mut text = String::from(&self.text[start..self.at]);
        loop {
            let start = self.at;
            let next = self.run();
            text.push_str(&self.text[start..self.at]);
            match next {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(Stop::Syntax("a control character inside a string")),
                None => return Err(Stop::Syntax("the end of the body inside a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Stop> {
        let letter = self.bytes.get(self.at + 1).copied();
        self.at += 2;
        Ok(match letter {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => self.code_point()?,
            _ => return Err(Stop::Syntax("an escape that JSON does not know")),
        })
    }

    fn code_point(&mut self) -> Result<char, Stop> {
        const LONE: Stop = Stop::Syntax("half of a surrogate pair");
        let first = self.four_digits()?;
        let code = match first {
            0xD800..=0xDBFF => {
                if self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
                    return Err(LONE);
                }
                self.at += 2;
                let second = self.four_digits()?;
                if !(0xDC00..=0xDFFF).contains(&second) {
                    return Err(LONE);
                }
                0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            _ => first,
        };
        self.has_nul |= code == 0;
        char::from_u32(code).ok_or(LONE)
    }

    fn four_digits(&mut self) -> Result<u32, Stop> {
        const SHORT: Stop = Stop::Syntax("an escape \\u without four hexadecimal digits");
        let digits = self.bytes.get(self.at..self.at + 4).ok_or(SHORT)?;
        self.at += 4;
        digits.iter().try_fold(0, |sum, d| char::from(*d).to_digit(16).map(|d| sum * 16 + d)).ok_or(SHORT)
    }

    fn explain(&self, stop: Stop) -> Fault {
        let (line, column) = line_and_column(self.bytes, self.at);
        match stop {
            Stop::Syntax(what) => fault(&format!("found {what} at line {line}, column {column}; wanted JSON")),
            Stop::Depth => fault(&format!(
                "nested deeper than {MAX_DEPTH} levels at line {line}, column {column}; wanted no more than that"
            )),
            Stop::Twice(steps) => Fault {
                path: path_of(&steps),
                text: format!(
                    "the same name twice in one object at line {line}, column {column}; wanted each name once"
                ),
            },
        }
    }
}

/// Whether an object has that name already; remembers it.
fn known<'a>(members: &[(Cow<'a, str>, Node<'a>)], names: &mut Option<HashSet<Cow<'a, str>>>, name: &str) -> bool {
    if members.len() < FEW_MEMBERS {
        return members.iter().any(|(n, _)| n.as_ref() == name);
    }
    let names = names.get_or_insert_with(|| members.iter().map(|(n, _)| n.clone()).collect());
    !names.insert(Cow::Owned(name.into()))
}

fn under(stop: Stop, step: impl FnOnce() -> Step) -> Stop {
    match stop {
        Stop::Twice(mut steps) => {
            steps.push(step());
            Stop::Twice(steps)
        }
        other => other,
    }
}

fn path_of(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps.iter().rev() {
        match step {
            Step::Name(name) => {
                let dot = if path.is_empty() { "" } else { "." };
                let _ = write!(path, "{dot}{}", super::wording::token(name));
            }
            Step::Index(i) => {
                let _ = write!(path, "[{i}]");
            }
        }
    }
    path
}
