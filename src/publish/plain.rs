//! An expression of a definition as people read it: labels for names, signs for operators, units without quotes.

use crate::trial::definition::Trial;

/// Names and what they are called.
#[derive(Debug, Clone)]
pub struct Names<'a> {
    trial: &'a Trial,
}

/// How the parts of a truth are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// All must hold.
    All,
    /// One will do.
    Any,
    /// So many must hold.
    AtLeast(usize),
    /// It is the opposite of its part.
    Not,
    /// It stands for its parts.
    As,
}

impl<'a> Names<'a> {
    /// The names of a definition.
    pub fn of(trial: &'a Trial) -> Self {
        Self { trial }
    }

    /// What a variable is called; of several joined by ` or ` all.
    pub fn variable(&self, words: &str) -> String {
        words.split(" or ").map(|name| self.one(name).unwrap_or(name)).collect::<Vec<_>>().join(" / ")
    }

    fn one(&self, name: &str) -> Option<&'a str> {
        self.trial.variables.iter().find(|v| v.name == name).map(|v| v.label.as_str())
    }

    /// A reading has no label but its name.
    fn word(&self, name: &str) -> String {
        let reading = self.trial.readings.iter().any(|r| r.name == name);
        if reading { name.replace('_', " ") } else { self.one(name).unwrap_or(name).to_owned() }
    }

    /// The whole expression.
    pub fn expression(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let (word, after) = token(rest);
            out.push_str(&match c {
                '\'' => times(&unit(word.trim_matches('\''))),
                _ if c.is_alphabetic() => self.word(word),
                _ => sign(word).to_owned(),
            });
            rest = after;
        }
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// The first token and what follows: a quoted unit, a word, an operator, or one character.
fn token(text: &str) -> (&str, &str) {
    let first = text.chars().next().unwrap_or(' ');
    let end = if first == '\'' {
        text[1..].find('\'').map_or(text.len(), |at| at + 2)
    } else if first.is_alphanumeric() || first == '_' {
        text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len())
    } else if text.starts_with("<=") || text.starts_with(">=") || text.starts_with("!=") {
        2
    } else {
        first.len_utf8()
    };
    text.split_at(end)
}

/// A value with its unit as it is printed on reports: `31 {score}` is 31, `80 10*9/L` is 80 × 10⁹/L.
pub fn value(text: &str) -> String {
    match text.split_once(' ') {
        Some((number, code)) => format!("{number} {}", times(&unit(code))).trim_end().to_owned(),
        None => text.to_owned(),
    }
}

fn times(unit: &str) -> String {
    if unit.starts_with("10") { format!("× {unit}") } else { unit.to_owned() }
}

/// A UCUM code as people write it; what is not listed here stands as it is.
pub fn unit(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        let (written, length) = match c {
            '{' => ("", rest.find('}').map_or(rest.len(), |at| at + 1)),
            '*' => ("", 1),
            '[' if rest.starts_with("[Hg]") => ("Hg", 4),
            _ => (&rest[..c.len_utf8()], c.len_utf8()),
        };
        if c == '*' {
            let digits = rest[1..].find(|d: char| !d.is_ascii_digit()).unwrap_or(rest.len() - 1);
            out.extend(rest[1..=digits].chars().filter_map(superscript));
            rest = &rest[digits + 1..];
            continue;
        }
        out.push_str(written);
        rest = &rest[length..];
    }
    let micro = ["umol", "ug", "uL"].iter().any(|m| out.starts_with(m));
    if micro { format!("µ{}", &out[1..]) } else { out }
}

fn superscript(digit: char) -> Option<char> {
    "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(digit.to_digit(10)? as usize)
}

fn sign(operator: &str) -> &str {
    match operator {
        "<=" => "≤",
        ">=" => "≥",
        "!=" => "≠",
        "*" => "×",
        other => other,
    }
}

/// How a node's text joins the texts of its parts.
pub fn joined(text: &str, parts: &[&str]) -> Joined {
    let text = text.trim();
    if let Some(inside) = text.strip_prefix("AtLeast(") {
        let count = inside.split(',').next().and_then(|n| n.trim().parse().ok());
        return count.map_or(Joined::As, |n| if n == 1 { Joined::Any } else { Joined::AtLeast(n) });
    }
    let [first, second, ..] = parts else {
        return if text.starts_with("not ") { Joined::Not } else { Joined::As };
    };
    let between = text.find(first).and_then(|at| {
        let after = &text[at + first.len()..];
        Some(&after[..after.find(second)?])
    });
    match between.map(|b| b.trim_matches(|c: char| c.is_whitespace() || c == '(' || c == ')')) {
        Some("or") => Joined::Any,
        Some("and") => Joined::All,
        _ => Joined::As,
    }
}
