//! Answers: MSH, MSA and an ERR for each fault, in original or enhanced mode, in the character set of what they answer.

use crate::flow::hl7v2::{Fault, Header, Told, Verdict, encode};
use crate::model::time::{Instant, Zone};
use std::fmt::Write;

/// Faults told in one answer; the message is set aside with all of them.
const FAULTS_MAX: usize = 20;
/// The delimiters of an answer to what has none.
const PLAIN: &str = "|^~\\&";

/// The answers to a message, in order: none where the sender wants none. `control` makes their own control ids, `charset` is that of
/// messages which name none.
pub fn answers(told: &Told, now: Instant, zone: &Zone, charset: &str, control: &str) -> Vec<Vec<u8>> {
    let named = told.header.as_ref().map(|h| h.charset.as_str()).filter(|named| !named.is_empty());
    let one = |word: &str, n: usize| {
        let text = message(told, word, now, zone, &format!("{control}{n}"));
        encode(&text, named.unwrap_or(charset))
    };
    let (kept, used) = match told.verdict {
        Verdict::Taken | Verdict::NotUsed => ("CA", "AA"),
        Verdict::Wrong => ("CE", "AE"),
        Verdict::Rejected => ("CR", "AR"),
    };
    let [accept, application] = told.header.as_ref().map(|h| h.wants.clone()).unwrap_or_default();
    if accept.is_empty() && application.is_empty() {
        return vec![one(used, 1)];
    }
    let good = used == "AA";
    let wanted = |when: &str| match when {
        "AL" => true,
        "ER" => !good,
        "SU" => good,
        _ => false,
    };
    let mut all = Vec::new();
    if wanted(&accept) {
        all.push(one(kept, 1));
    }
    if wanted(&application) {
        all.push(one(used, 2));
    }
    all
}

fn message(told: &Told, word: &str, now: Instant, zone: &Zone, control: &str) -> String {
    let header = told.header.as_ref();
    let encoding = header.map_or(PLAIN, |h| &h.encoding);
    let mut marks = encoding.chars();
    let field = marks.next().unwrap_or('|');
    let component = marks.next().unwrap_or('^');
    let of = |read: fn(&Header) -> &String| header.map_or("", |h| read(h).as_str());
    let party = |n: usize| header.map_or("", |h| h.parties[n].as_str());
    let version = of(|h| &h.version);
    let event = escaped(of(|h| &h.event), encoding);
    let kind = if event.is_empty() { "ACK".to_owned() } else { format!("ACK{component}{event}") };
    // The structure has a name of its own from 2.4 on.
    let kind = if newer(version, 4) && !event.is_empty() { format!("{kind}{component}ACK") } else { kind };
    let processing = if of(|h| &h.processing).is_empty() { "P" } else { of(|h| &h.processing) };
    let version = if version.is_empty() { "2.5.1" } else { version };
    let mut out = format!("MSH{encoding}");
    let fields = [party(2), party(3), party(0), party(1), &stamp(now, zone), "", &kind, control, processing, version];
    fields.iter().for_each(|f| out.extend([&field.to_string(), *f]));
    let charset = of(|h| &h.charset);
    if !charset.is_empty() {
        out.extend(std::iter::repeat_n(field, 6));
        out.push_str(&escaped(charset, encoding));
    }
    let first = told.faults.first().map(|f| escaped(&f.to_string(), encoding)).unwrap_or_default();
    let _ = write!(out, "\rMSA{field}{word}{field}{}", of(|h| &h.control));
    if !first.is_empty() {
        let _ = write!(out, "{field}{first}");
    }
    out.push('\r');
    for fault in told.faults.iter().take(FAULTS_MAX) {
        err(fault, version, encoding, 'E', &mut out);
    }
    // What was set aside of a message that is taken: a warning, where the version has a word for one.
    if newer(version, 5) {
        for part in told.aside.iter().take(FAULTS_MAX) {
            err(part, version, encoding, 'W', &mut out);
        }
    }
    out
}

/// One ERR: by location and code from version 2.5 on, all in ERR-1 before.
fn err(fault: &Fault, version: &str, encoding: &str, severity: char, out: &mut String) {
    let marks: Vec<char> = encoding.chars().collect();
    let [field, component, _, _, sub] = marks[..] else { return };
    let place = match fault.field {
        0 => format!("{}{component}{}", fault.segment, fault.nth),
        n => format!("{}{component}{}{component}{n}", fault.segment, fault.nth),
    };
    let (code, words, text) = (fault.code, meaning(fault.code), escaped(&fault.text, encoding));
    let _ = if newer(version, 5) {
        let code = format!("{code}{component}{words}{component}HL70357");
        write!(out, "ERR{field}{field}{place}{field}{code}{field}{severity}{field}{field}{field}{field}{text}\r")
    } else {
        let gap = if fault.field == 0 { format!("{component}{component}") } else { component.to_string() };
        write!(out, "ERR{field}{place}{gap}{code}{sub}{words}{sub}HL70357\r")
    };
}

/// HL7 table 0357.
fn meaning(code: u16) -> &'static str {
    match code {
        100 => "Segment sequence error",
        101 => "Required field missing",
        102 => "Data type error",
        103 => "Table value not found",
        200 => "Unsupported message type",
        201 => "Unsupported event code",
        202 => "Unsupported processing id",
        203 => "Unsupported version id",
        204 => "Unknown key identifier",
        _ => "Application internal error",
    }
}

/// Whether a version `2.N` is at least that.
fn newer(version: &str, than: u32) -> bool {
    let minor = version.strip_prefix("2.").and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    minor.and_then(|n| n.parse::<u32>().ok()).is_none_or(|n| n >= than)
}

/// HL7's time with its zone.
fn stamp(now: Instant, zone: &Zone) -> String {
    let shown = zone.show(now);
    let (front, offset) = shown.split_at(19.min(shown.len()));
    let digits: String = front.chars().filter(char::is_ascii_digit).collect();
    let offset = offset.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    if offset == "Z" { digits + "+0000" } else { digits + &offset.replace(':', "") }
}

/// Delimiters of the message in a text of ours, and line ends, as escapes.
fn escaped(text: &str, encoding: &str) -> String {
    let marks: Vec<char> = encoding.chars().collect();
    let escape = marks.get(3).copied().unwrap_or('\\');
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match marks.iter().position(|m| *m == c) {
            Some(at) => out.extend([escape, ['F', 'S', 'R', 'E', 'T'][at.min(4)], escape]),
            None if c.is_control() => out.push(' '),
            None => out.push(c),
        }
    }
    out
}
