//! Text of an expression to words and signs, each with its place.

use super::syntax::Fault;
use std::ops::Range;

/// Longest text of an expression, in bytes.
pub const EXPRESSION_BYTES_MAX: usize = 10_000;

/// A word or sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, a function or a word of the grammar.
    Word(String),
    /// Decimal text.
    Number(String),
    /// What stands between two quotes.
    Text(String),
    /// What stands after `@`.
    Date(String),
    /// A sign.
    Sign(&'static str),
    /// The end of the text.
    End,
}

const SIGNS: [&str; 19] =
    ["!=", "<=", ">=", "(", ")", "[", "]", "{", "}", ",", ".", "+", "-", "*", "/", "^", "=", "<", ">"];

/// Words of the grammar, which are no names.
pub const GRAMMAR_WORDS: [&str; 46] = [
    "implies",
    "or",
    "xor",
    "and",
    "in",
    "contains",
    "between",
    "before",
    "after",
    "on",
    "during",
    "not",
    "exists",
    "is",
    "null",
    "true",
    "false",
    "difference",
    "div",
    "mod",
    "time",
    "value",
    "if",
    "then",
    "else",
    "case",
    "when",
    "end",
    "where",
    "within",
    "of",
    "since",
    "Interval",
    "year",
    "month",
    "week",
    "day",
    "hour",
    "minute",
    "years",
    "months",
    "weeks",
    "days",
    "hours",
    "minutes",
    "Now",
];

/// All tokens of a text, the last one [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, Fault> {
    if text.len() > EXPRESSION_BYTES_MAX {
        let message = format!("an expression of {} bytes; at most {EXPRESSION_BYTES_MAX} are read", text.len());
        return Err(Fault::new(0..1, message).help("split it into derived variables"));
    }
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, end) = token(text, at, c)?;
        found.push((token, at..end));
        at = end;
    }
    found.push((Token::End, text.len()..text.len()));
    Ok(found)
}

fn token(text: &str, at: usize, first: char) -> Result<(Token, usize), Fault> {
    let rest = &text[at..];
    let length_of = |accept: fn(char) -> bool| rest.find(|c| !accept(c)).unwrap_or(rest.len());
    if first.is_ascii_alphabetic() || first == '_' {
        let length = length_of(|c| c.is_ascii_alphanumeric() || c == '_');
        return Ok((Token::Word(rest[..length].into()), at + length));
    }
    if first.is_ascii_digit() {
        return number(text, at);
    }
    if first == '\'' {
        return quoted(text, at);
    }
    if first == '@' {
        let length =
            1 + rest[1..].find(|c: char| !(c.is_ascii_alphanumeric() || "-:+.".contains(c))).unwrap_or(rest.len() - 1);
        return Ok((Token::Date(rest[1..length].into()), at + length));
    }
    if rest.starts_with("//") || rest.starts_with("/*") {
        return Err(Fault::new(at..at + 2, "comments are not supported in an expression").help("write a TOML comment"));
    }
    if rest.starts_with("!~") || rest.starts_with("<>") {
        return Err(not_supported(&rest[..2], at));
    }
    match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        Some(sign) => Ok((Token::Sign(sign), at + sign.len())),
        None => Err(not_supported(&rest[..first.len_utf8()], at)),
    }
}

fn not_supported(what: &str, at: usize) -> Fault {
    Fault::new(at..at + what.len(), format!("`{what}` is not supported"))
}

fn number(text: &str, at: usize) -> Result<(Token, usize), Fault> {
    let rest = &text[at..];
    let digits = |from: usize| rest[from..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |n| from + n);
    let mut end = digits(0);
    if rest[end..].starts_with('.') && rest[end + 1..].starts_with(|c: char| c.is_ascii_digit()) {
        end = digits(end + 1);
    }
    if rest[end..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        let fault = Fault::new(at..at + end + 1, format!("`{}` is no number", &rest[..=end]));
        return Err(fault.help("a number has digits and one point: 12.5; its unit follows in quotes: 12.5 'g/L'"));
    }
    Ok((Token::Number(rest[..end].into()), at + end))
}

fn quoted(text: &str, at: usize) -> Result<(Token, usize), Fault> {
    let Some(length) = text[at + 1..].find('\'') else {
        return Err(Fault::new(at..text.len(), "a quote without its end").help("close it with '"));
    };
    let inside = &text[at + 1..at + 1 + length];
    if inside.contains('\\') {
        return Err(Fault::new(at..at + length + 2, "escapes in a text are not supported"));
    }
    Ok((Token::Text(inside.into()), at + length + 2))
}
