//! A mistake in a definition's files: where it is, what was found, and what would be right.

use std::fmt;
use std::ops::Range;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The definition is used all the same.
    Warning,
    /// The definition is refused.
    Error,
}

/// One mistake with its place; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// How bad it is.
    pub severity: Severity,
    /// The file as it was named to the loader.
    pub file: String,
    /// Line.
    pub line: usize,
    /// Column of the first character at fault.
    pub column: usize,
    /// How many characters are at fault, on that line; at least 1.
    pub width: usize,
    /// What was found and why it is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    /// The line as it stands in the file.
    pub source_line: String,
}

impl Mistake {
    /// A mistake at these bytes of a file's text.
    pub fn at(severity: Severity, file: &str, text: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        let start = floor_boundary(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let source_line = text[line_start..].lines().next().unwrap_or("").to_owned();
        let column = text[line_start..start].chars().count() + 1;
        let end = floor_boundary(text, span.end.max(start));
        let wide = text[start..end].lines().next().unwrap_or("").chars().count();
        Self {
            severity,
            file: file.to_owned(),
            line: text[..start].matches('\n').count() + 1,
            column,
            width: wide.max(1),
            message: message.into(),
            help: None,
            source_line,
        }
    }

    /// The same with what would be right.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether it refuses the definition.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl fmt::Display for Mistake {
    /// `file:line:column: error: message`, the source line, a caret, and what would be right.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.is_error() { "error" } else { "warning" };
        writeln!(f, "{}:{}:{}: {word}: {}", self.file, self.line, self.column, self.message)?;
        let gutter = self.line.to_string();
        let lead: String =
            self.source_line.chars().take(self.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        writeln!(f, " {gutter} | {}", self.source_line)?;
        write!(f, " {:gutter$} | {lead}{}", "", "^".repeat(self.width), gutter = gutter.len())?;
        match &self.help {
            Some(help) => write!(f, "\n   = {help}"),
            None => Ok(()),
        }
    }
}
