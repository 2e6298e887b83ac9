//! The lower half of the grammar: terms, literals, choices, calls and series.

use super::lexer::{GRAMMAR_WORDS, Token};
use super::parser::{Parsed, Parser};
use super::syntax::{Fault, SeriesSyntax, SyntaxKind as K, WindowSyntax, WindowWord};
use super::tree::Timing;

/// The argument of these functions, by place, that is a series.
fn series_place(function: &str) -> Option<usize> {
    Some(match function {
        "Count" | "Sum" | "Min" | "Max" | "Avg" | "Median" | "First" | "Last" | "AllTrue" | "AnyTrue" => 0,
        "Duration" | "DailyDose" | "StableDose" => 0,
        "Consecutive" => 1,
        _ => return None,
    })
}

impl Parser {
    pub(super) fn term(&mut self) -> Parsed {
        let start = self.span().start;
        match self.peek().clone() {
            Token::Sign("(") => {
                self.advance();
                let inner = self.expression()?;
                self.want_sign(")")?;
                Ok(inner)
            }
            Token::Sign("{") => self.list(),
            Token::Number(number) => self.number(number),
            Token::Text(text) => self.leaf(K::Text(text), start),
            Token::Date(date) => self.leaf(K::Date(date), start),
            Token::Word(word) => self.word(&word),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn leaf(&mut self, kind: K, start: usize) -> Parsed {
        self.advance();
        self.node(kind, start)
    }

    fn number(&mut self, number: String) -> Parsed {
        let start = self.span().start;
        self.advance();
        if let Token::Text(unit) = self.peek().clone() {
            return self.leaf(K::Quantity(number, unit), start);
        }
        match self.duration_unit() {
            Some(of) => {
                let span = self.node(K::Null, start)?.span;
                self.node(K::Duration(super::syntax::DurationSyntax { count: number, of, span }), start)
            }
            None => self.node(K::Number(number), start),
        }
    }

    fn word(&mut self, word: &str) -> Parsed {
        let start = self.span().start;
        match word {
            "true" => self.leaf(K::Truth(true), start),
            "false" => self.leaf(K::Truth(false), start),
            "null" => self.leaf(K::Null, start),
            "if" => self.choice_if(),
            "case" => self.choice_case(),
            "Interval" => self.interval(),
            "time" | "value" => self.leaf(K::Name(word.into()), start),
            "Now" => self.call_or_name(word),
            _ if GRAMMAR_WORDS.contains(&word) => Err(self.unexpected("a value")),
            _ => self.call_or_name(word),
        }
    }

    fn call_or_name(&mut self, word: &str) -> Parsed {
        let span = self.span();
        self.advance();
        if !self.is_sign("(") {
            // A word of CQL that works on what follows: `flatten {…}`, `start of …`, `singleton from …`.
            let follows = match self.peek() {
                Token::Number(_) | Token::Text(_) | Token::Date(_) | Token::Sign("{") => true,
                Token::Word(w) => {
                    matches!(w.as_str(), "Interval" | "of" | "from" | "null") || (w == "in" && word == "duration")
                }
                _ => false,
            };
            if follows {
                return Err(Fault::new(span, format!("`{word}` is not supported")));
            }
            return self.node(K::Name(word.into()), span.start);
        }
        if !super::check_call::FUNCTIONS.contains(&word) {
            return Err(Fault::new(span, format!("`{word}` is not supported"))
                .help("the functions are listed in docs/trial-definition.md"));
        }
        self.advance();
        let mut arguments = Vec::new();
        if !self.eat_sign(")") {
            loop {
                let is_series = series_place(word) == Some(arguments.len());
                arguments.push(if is_series { self.series()? } else { self.expression()? });
                if self.eat_sign(")") {
                    break;
                }
                if !self.eat_sign(",") {
                    return Err(self.unexpected("`,` or `)`"));
                }
            }
        }
        self.node(K::Call(word.into(), span.clone(), arguments), span.start)
    }

    /// A variable with window and `where`, a call that gives a series, or a written list.
    pub(super) fn series(&mut self) -> Parsed {
        self.deeper(Self::series_here)
    }

    fn series_here(&mut self) -> Parsed {
        let span = self.span();
        match self.peek().clone() {
            Token::Sign("{") => self.list(),
            Token::Sign("(") => {
                self.advance();
                let inner = self.series()?;
                self.want_sign(")")?;
                Ok(inner)
            }
            Token::Word(word) if !GRAMMAR_WORDS.contains(&word.as_str()) => {
                if matches!(word.as_str(), "null" | "List") {
                    return Err(self.unexpected("a variable or a list"));
                }
                let named = self.call_or_name(&word)?;
                if !matches!(named.kind, K::Name(_)) {
                    return Ok(named);
                }
                let window = self.window()?;
                let filter = if self.eat_word("where") { Some(Box::new(self.expression()?)) } else { None };
                let series = SeriesSyntax { variable: (word, named.span), window, filter };
                self.node(K::Series(series), span.start)
            }
            _ => Err(self.unexpected("a variable, or a list in braces")),
        }
    }

    fn window(&mut self) -> Result<Option<WindowSyntax>, Fault> {
        if self.eat_word("within") {
            let duration = self.duration()?;
            let word = if self.eat_word("of") {
                WindowWord::Of
            } else if self.eat_word("before") {
                WindowWord::WithinBefore
            } else if self.eat_word("after") {
                WindowWord::WithinAfter
            } else {
                return Ok(Some(WindowSyntax::Within(duration)));
            };
            let anchor = Box::new(self.unary()?);
            return Ok(Some(WindowSyntax::WithinAnchor(duration, word, anchor)));
        }
        let word = if self.eat_word("since") {
            WindowWord::Since
        } else {
            match self.timing() {
                None => return Ok(None),
                Some(Timing::Before) => WindowWord::Before,
                Some(Timing::After) => WindowWord::After,
                Some(Timing::OnOrBefore) => WindowWord::OnOrBefore,
                Some(Timing::OnOrAfter) => WindowWord::OnOrAfter,
                Some(Timing::During) => WindowWord::During,
            }
        };
        Ok(Some(WindowSyntax::Anchor(word, Box::new(self.unary()?))))
    }

    fn list(&mut self) -> Parsed {
        let start = self.span().start;
        self.advance();
        let mut all = Vec::new();
        if !self.eat_sign("}") {
            loop {
                all.push(self.expression()?);
                if self.eat_sign("}") {
                    break;
                }
                if !self.eat_sign(",") {
                    return Err(self.unexpected("`,` or `}`"));
                }
            }
        }
        self.node(K::List(all), start)
    }

    fn interval(&mut self) -> Parsed {
        let start = self.span().start;
        self.advance();
        let low_closed = match self.peek() {
            Token::Sign("[") => true,
            Token::Sign("(") => false,
            _ => return Err(self.unexpected("`[` or `(`")),
        };
        self.advance();
        let low = self.expression()?;
        self.want_sign(",")?;
        let high = self.expression()?;
        let high_closed = match self.peek() {
            Token::Sign("]") => true,
            Token::Sign(")") => false,
            _ => return Err(self.unexpected("`]` or `)`")),
        };
        self.advance();
        self.node(K::Interval(Box::new(low), low_closed, Box::new(high), high_closed), start)
    }

    fn want(&mut self, word: &str) -> Result<(), Fault> {
        if self.eat_word(word) { Ok(()) } else { Err(self.unexpected(&format!("`{word}`"))) }
    }

    fn choice_if(&mut self) -> Parsed {
        let start = self.span().start;
        self.advance();
        let condition = self.expression()?;
        self.want("then")?;
        let yes = self.expression()?;
        self.want("else")?;
        let no = self.expression()?;
        self.node(K::If(Box::new(condition), Box::new(yes), Box::new(no)), start)
    }

    fn choice_case(&mut self) -> Parsed {
        let start = self.span().start;
        self.advance();
        let comparand = if self.is_word("when") { None } else { Some(Box::new(self.expression()?)) };
        let mut pairs = Vec::new();
        while self.eat_word("when") {
            let when = self.expression()?;
            self.want("then")?;
            pairs.push((when, self.expression()?));
        }
        if pairs.is_empty() {
            return Err(self.unexpected("`when`"));
        }
        self.want("else")?;
        let last = self.expression()?;
        self.want("end")?;
        self.node(K::Case(comparand, pairs, Box::new(last)), start)
    }
}
