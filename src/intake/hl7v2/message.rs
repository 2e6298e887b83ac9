//! A message as segments, fields, repetitions, components and subcomponents; its header; its escapes.

/// Segments that are read of one message; more is no message of a person's results.
pub(super) const SEGMENTS_MAX: usize = 10_000;

/// The delimiters of MSH-1 and MSH-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delimiters {
    field: char,
    component: char,
    repetition: char,
    escape: char,
    subcomponent: char,
}

impl Delimiters {
    /// Of an MSH segment; all must differ.
    pub(super) fn of(msh: &str) -> Option<Self> {
        let mut chars = msh.strip_prefix("MSH")?.chars();
        let field = chars.next()?;
        let set: Vec<char> = chars.take_while(|c| *c != field).collect();
        // From version 2.7 a fifth one marks what was cut short.
        let [component, repetition, escape, subcomponent] = *set.get(..4)? else { return None };
        let all = [field, component, repetition, escape, subcomponent];
        let odd = |c: &char| c.is_alphanumeric() || c.is_control() || all.iter().filter(|o| *o == c).count() > 1;
        (set.len() <= 5 && !all.iter().any(odd)).then_some(Self { field, component, repetition, escape, subcomponent })
    }

    /// The usual ones behind an MSH's own separator of fields: enough to answer a message whose others are wrong.
    pub(super) fn usual(msh: &str) -> Option<Self> {
        let field = msh.strip_prefix("MSH")?.chars().next()?;
        let odd = field.is_alphanumeric() || field.is_control() || "^~\\&".contains(field);
        (!odd).then_some(Self { field, component: '^', repetition: '~', escape: '\\', subcomponent: '&' })
    }
}

/// One segment, fields as they were sent.
#[derive(Debug, Clone)]
pub(super) struct Segment<'a> {
    pub(super) name: &'a str,
    /// Which of its name it is, from 1: as ERR-2 counts.
    pub(super) nth: usize,
    pub(super) text: &'a str,
    fields: Vec<&'a str>,
    with: Delimiters,
}

impl<'a> Segment<'a> {
    pub(super) fn of(text: &'a str, nth: usize, with: Delimiters) -> Self {
        let mut fields: Vec<&str> = text.split(with.field).collect();
        let name = fields.first().copied().unwrap_or_default();
        // MSH-1 is the delimiter itself.
        if name == "MSH" {
            fields.insert(1, "");
        }
        Self { name, nth, text, fields, with }
    }

    /// A field as sent; HL7's null `""` is empty.
    pub(super) fn raw(&self, field: usize) -> &'a str {
        match self.fields.get(field).copied().unwrap_or_default() {
            "\"\"" => "",
            sent => sent,
        }
    }

    /// The repetitions of a field that say something.
    pub(super) fn repetitions(&self, field: usize) -> Vec<Field<'a>> {
        let sent = self.raw(field).split(self.with.repetition);
        sent.filter(|r| !r.is_empty() && *r != "\"\"").map(|text| Field { text, with: self.with }).collect()
    }

    /// The first repetition of a field.
    pub(super) fn field(&self, field: usize) -> Field<'a> {
        let text = self.raw(field).split(self.with.repetition).next().unwrap_or_default();
        Field { text, with: self.with }
    }

    /// A component of the first repetition, from 1, without escapes.
    pub(super) fn get(&self, field: usize, component: usize) -> String {
        self.field(field).get(component)
    }
}

/// One repetition of a field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) text: &'a str,
    with: Delimiters,
}

impl<'a> Field<'a> {
    /// A component as sent, from 1.
    pub(super) fn raw(&self, component: usize) -> &'a str {
        match self.text.split(self.with.component).nth(component - 1).unwrap_or_default() {
            "\"\"" => "",
            sent => sent,
        }
    }

    /// A component, from 1, without escapes and blanks around it.
    pub(super) fn get(&self, component: usize) -> String {
        unescape(self.raw(component), self.with).trim().to_owned()
    }

    /// A subcomponent, both from 1.
    pub(super) fn sub(&self, component: usize, part: usize) -> String {
        let sent = self.raw(component).split(self.with.subcomponent).nth(part - 1).unwrap_or_default();
        unescape(sent, self.with).trim().to_owned()
    }

    /// All of it, without escapes.
    pub(super) fn whole(&self) -> String {
        unescape(self.text, self.with)
    }
}

/// What an answer needs to know of a message, as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// MSH-1 and MSH-2 of the answer.
    pub encoding: String,
    /// MSH-3 to MSH-6: sender's application and facility, receiver's application and facility.
    pub parties: [String; 4],
    /// MSH-9.2.
    pub event: String,
    /// MSH-10.
    pub control: String,
    /// MSH-11.
    pub processing: String,
    /// MSH-12.
    pub version: String,
    /// MSH-15 and MSH-16: enhanced mode where either says something.
    pub wants: [String; 2],
    /// MSH-18.
    pub charset: String,
}

/// Segments of a message and its header.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub(super) header: Header,
    pub(super) segments: Vec<Segment<'a>>,
}

/// Splits a text that begins with MSH and whose delimiters are right.
pub(super) fn split(text: &str, with: Delimiters) -> Message<'_> {
    let mut counts = std::collections::HashMap::new();
    let mut segments: Vec<Segment<'_>> = Vec::new();
    // One more than the bound shows that there are more.
    for line in lines(text).take(SEGMENTS_MAX + 1) {
        let name = line.split(with.field).next().unwrap_or_default();
        let nth = counts.entry(name).or_insert(0);
        *nth += 1;
        segments.push(Segment::of(line, *nth, with));
    }
    Message { header: header(&segments[0]), segments }
}

/// Segments end with CR; a file that went through an editor has LF, alone or behind it.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let end = if text.contains('\r') { '\r' } else { '\n' };
    text.split(end).map(|line| line.trim_start_matches('\n')).filter(|line| !line.trim().is_empty())
}

/// Bytes without the mark of UTF-8 that editors put in front.
pub(super) fn bare(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Where lines begin that open a message, or open or close a file or batch of them.
fn frames(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let begins = |at: usize| at == 0 || matches!(bytes[at - 1], b'\r' | b'\n' | 0x0b);
    let name = |at: usize| (at, bytes.get(at..at + 3).unwrap_or_default());
    let all = (0..bytes.len()).filter(move |at| begins(*at)).map(name);
    all.filter(|(_, name)| matches!(*name, b"MSH" | b"FHS" | b"BHS" | b"BTS" | b"FTS"))
}

/// Whether bytes are messages: what they hold decides, whatever a file is called. No line of JSON begins as a segment does.
pub fn is_message(bytes: &[u8]) -> bool {
    let bytes = bare(bytes);
    !matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) && frames(bytes).next().is_some()
}

/// The messages of a file, each with its place in the bytes: from one MSH to the next, without the frames of a file or batch.
/// What stands before the first MSH comes back too, where it is no such frame: it is no message, and nobody may lose it.
pub fn messages(bytes: &[u8]) -> Vec<&[u8]> {
    let bytes = bare(bytes);
    let (mut all, mut from) = (Vec::new(), 0);
    let mut cut = |from: usize, to: usize| {
        let one = bytes[from..to].trim_ascii();
        if !one.is_empty() {
            all.push(one);
        }
    };
    for (at, name) in frames(bytes) {
        cut(from, at);
        from = if name == b"MSH" {
            at
        } else {
            let line = bytes[at..].iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(bytes.len() - at);
            at + line
        };
    }
    cut(from, bytes.len());
    all
}

pub(super) fn header(msh: &Segment<'_>) -> Header {
    let with = msh.with;
    let mut encoding = with.field.to_string();
    encoding.extend([with.component, with.repetition, with.escape, with.subcomponent]);
    Header {
        encoding,
        parties: [3, 4, 5, 6].map(|f| msh.raw(f).to_owned()),
        event: msh.get(9, 2),
        control: msh.raw(10).to_owned(),
        processing: msh.raw(11).to_owned(),
        version: msh.raw(12).to_owned(),
        wants: [15, 16].map(|f| msh.raw(f).to_owned()),
        charset: charset(msh),
    }
}

/// MSH-18: the first is that of the message, further ones are those of escapes.
pub(super) fn charset(msh: &Segment<'_>) -> String {
    msh.field(18).whole()
}

/// Escapes to what they stand for; one that is not known stays as it was sent.
fn unescape(sent: &str, with: Delimiters) -> String {
    let mut out = String::with_capacity(sent.len());
    let mut rest = sent;
    while let Some(at) = rest.find(with.escape) {
        out.push_str(&rest[..at]);
        let inside = &rest[at + with.escape.len_utf8()..];
        let Some(end) = inside.find(with.escape) else {
            rest = &rest[at..];
            break;
        };
        let word = &inside[..end];
        match meaning(word, with) {
            Some(text) => out.push_str(&text),
            None => {
                out.push(with.escape);
                out.push_str(word);
                out.push(with.escape);
            }
        }
        rest = &inside[end + with.escape.len_utf8()..];
    }
    out.push_str(rest);
    out
}

fn meaning(word: &str, with: Delimiters) -> Option<String> {
    let one = |c: char| Some(c.to_string());
    match word {
        "F" => one(with.field),
        "S" => one(with.component),
        "T" => one(with.subcomponent),
        "R" => one(with.repetition),
        "E" => one(with.escape),
        "H" | "N" => Some(String::new()),
        ".br" | ".BR" | "X0D" | "X0A" | "X0D0A" | "X0d" | "X0a" | "X0d0a" => one('\n'),
        _ if word.starts_with(".sp") => one('\n'),
        _ => {
            let bytes = crate::model::key::unhex(word.strip_prefix('X')?)?;
            String::from_utf8(bytes).ok().filter(|text| text.is_ascii() && !text.contains('\0'))
        }
    }
}
