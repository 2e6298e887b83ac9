//! Recursive descent over the tokens, by the grammar of `docs/trial-definition.md`: one function for each rule.

use super::lexer::{GRAMMAR_WORDS, Token, tokens};
use super::syntax::{DurationSyntax, Fault, Syntax, SyntaxKind as K};
use super::tree::{Arithmetic, Calendar, Comparison, Timing};
use std::ops::Range;

/// Deepest nesting that is read, and tallest tree that is kept.
pub const DEPTH_MAX: usize = 64;
/// Tallest tree: a sum of so many terms is a tree of that height.
pub const HEIGHT_MAX: usize = 256;

/// Reads a whole expression.
pub fn parse(text: &str) -> Result<Syntax, Fault> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    if matches!(parser.peek(), Token::End) {
        return Err(Fault::new(0..text.len(), "an empty expression"));
    }
    let whole = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(whole),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

pub(super) struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    depth: usize,
}

pub(super) type Parsed = Result<Syntax, Fault>;

impl Parser {
    pub(super) fn peek(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)].0
    }

    fn peek_after(&self, n: usize) -> &Token {
        &self.tokens[(self.at + n).min(self.tokens.len() - 1)].0
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.tokens[self.at.min(self.tokens.len() - 1)].1.clone()
    }

    fn end_of_last(&self) -> usize {
        if self.at == 0 { 0 } else { self.tokens[self.at - 1].1.end }
    }

    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(w) if w == word)
    }

    fn word_after(&self, n: usize, word: &str) -> bool {
        matches!(self.peek_after(n), Token::Word(w) if w == word)
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(s) if *s == sign)
    }

    pub(super) fn eat_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    pub(super) fn want_sign(&mut self, sign: &'static str) -> Result<(), Fault> {
        if self.eat_sign(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn want_word(&mut self, word: &'static str) -> Result<(), Fault> {
        if self.eat_word(word) { Ok(()) } else { Err(self.unexpected(&format!("`{word}`"))) }
    }

    /// What stands here does not belong here. Words that CQL has and this language lacks are refused by name.
    pub(super) fn unexpected(&self, wanted: &str) -> Fault {
        let span = self.span();
        let sign = |s: &str| matches!(s, "<" | "<=" | ">" | ">=" | "=" | "!=");
        match self.peek() {
            Token::Word(w) if !GRAMMAR_WORDS.contains(&w.as_str()) && wanted.starts_with("an operator") => {
                Fault::new(span, format!("`{w}` is not supported here")).help(format!("wanted: {wanted}"))
            }
            Token::Sign(s) if sign(s) => Fault::new(span, format!("`{s}` cannot stand here; comparisons do not chain"))
                .help("join two comparisons with `and`: a < b and b < c"),
            Token::End => Fault::new(span, "the expression ends too early").help(format!("wanted: {wanted}")),
            token => Fault::new(span, format!("unexpected {}", shown(token))).help(format!("wanted: {wanted}")),
        }
    }

    pub(super) fn node(&self, kind: K, start: usize) -> Parsed {
        let span = start..self.end_of_last();
        let mut node = Syntax { kind, span, height: 1 };
        node.height = 1 + node.children().iter().map(|c| c.height).max().unwrap_or(0);
        if node.height > HEIGHT_MAX {
            return Err(too_deep(node.span));
        }
        Ok(node)
    }

    /// Runs a rule one level deeper.
    pub(super) fn deeper(&mut self, rule: fn(&mut Self) -> Parsed) -> Parsed {
        if self.depth >= DEPTH_MAX {
            return Err(too_deep(self.span()));
        }
        self.depth += 1;
        let found = rule(self);
        self.depth -= 1;
        found
    }

    pub(super) fn expression(&mut self) -> Parsed {
        self.deeper(Self::implies)
    }

    fn implies(&mut self) -> Parsed {
        let start = self.span().start;
        let mut left = self.or()?;
        while self.eat_word("implies") {
            let right = self.or()?;
            left = self.node(K::Implies(Box::new(left), Box::new(right)), start)?;
        }
        Ok(left)
    }

    fn or(&mut self) -> Parsed {
        let start = self.span().start;
        let mut left = self.and()?;
        loop {
            if self.eat_word("xor") {
                let right = self.and()?;
                left = self.node(K::Xor(Box::new(left), Box::new(right)), start)?;
            } else if self.is_word("or") {
                let mut all = vec![left];
                while self.eat_word("or") {
                    all.push(self.and()?);
                }
                left = self.node(K::Or(all), start)?;
            } else {
                return Ok(left);
            }
        }
    }

    fn and(&mut self) -> Parsed {
        let start = self.span().start;
        let first = self.member()?;
        if !self.is_word("and") {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.eat_word("and") {
            all.push(self.member()?);
        }
        self.node(K::And(all), start)
    }

    fn member(&mut self) -> Parsed {
        let start = self.span().start;
        let left = self.equality()?;
        if self.eat_word("in") {
            let right = self.equality()?;
            return self.node(K::Member(Box::new(left), Box::new(right)), start);
        }
        if self.eat_word("contains") {
            let right = self.equality()?;
            return self.node(K::Member(Box::new(right), Box::new(left)), start);
        }
        Ok(left)
    }

    fn equality(&mut self) -> Parsed {
        let start = self.span().start;
        let left = self.compare()?;
        let comparison = match self.peek() {
            Token::Sign("=") => Comparison::Equal,
            Token::Sign("!=") => Comparison::NotEqual,
            _ => return Ok(left),
        };
        self.advance();
        let right = self.compare()?;
        self.node(K::Compare(comparison, Box::new(left), Box::new(right)), start)
    }

    fn compare(&mut self) -> Parsed {
        let start = self.span().start;
        let left = self.prefix()?;
        let comparison = match self.peek() {
            Token::Sign("<") => Comparison::Less,
            Token::Sign("<=") => Comparison::LessOrEqual,
            Token::Sign(">") => Comparison::Greater,
            Token::Sign(">=") => Comparison::GreaterOrEqual,
            Token::Word(w) if w == "between" => {
                self.advance();
                let (low, high) = self.sum_and_sum()?;
                return self.node(K::Between(Box::new(left), Box::new(low), Box::new(high)), start);
            }
            _ => {
                let Some(timing) = self.timing() else { return Ok(left) };
                let right = self.units_span()?;
                return self.node(K::Timing(timing, Box::new(left), Box::new(right)), start);
            }
        };
        self.advance();
        let right = self.units_span()?;
        self.node(K::Compare(comparison, Box::new(left), Box::new(right)), start)
    }

    pub(super) fn timing(&mut self) -> Option<Timing> {
        let on_or = self.is_word("on") && self.word_after(1, "or");
        let (timing, words) = if on_or && self.word_after(2, "before") {
            (Timing::OnOrBefore, 3)
        } else if on_or && self.word_after(2, "after") {
            (Timing::OnOrAfter, 3)
        } else if self.is_word("before") {
            (Timing::Before, 1)
        } else if self.is_word("after") {
            (Timing::After, 1)
        } else if self.is_word("during") {
            (Timing::During, 1)
        } else {
            return None;
        };
        self.at += words;
        Some(timing)
    }

    fn sum_and_sum(&mut self) -> Result<(Syntax, Syntax), Fault> {
        let low = self.sum()?;
        self.want_word("and")?;
        Ok((low, self.sum()?))
    }

    fn prefix(&mut self) -> Parsed {
        let start = self.span().start;
        if self.eat_word("not") {
            let inner = self.deeper(Self::prefix)?;
            return self.node(K::Not(Box::new(inner)), start);
        }
        if self.eat_word("exists") {
            self.want_sign("(")?;
            let series = self.series()?;
            self.want_sign(")")?;
            return self.node(K::Exists(Box::new(series)), start);
        }
        let mut left = self.units_span()?;
        while self.eat_word("is") {
            let not = self.eat_word("not");
            let kind = match self.peek() {
                Token::Word(w) if w == "null" => K::IsNull(Box::new(left), not),
                Token::Word(w) if w == "true" => K::IsTruth(Box::new(left), true, not),
                Token::Word(w) if w == "false" => K::IsTruth(Box::new(left), false, not),
                _ => return Err(self.unexpected("`null`, `true` or `false`")),
            };
            self.advance();
            left = self.node(kind, start)?;
        }
        Ok(left)
    }

    fn units_span(&mut self) -> Parsed {
        let start = self.span().start;
        let difference = self.is_word("difference") && self.word_after(1, "in");
        if difference {
            self.at += 2;
        }
        if let Some(units) = self.plural()
            && (difference || self.word_after(1, "between"))
        {
            self.advance();
            self.want_word("between")?;
            let (from, to) = self.sum_and_sum()?;
            return self.node(K::UnitsBetween(units, Box::new(from), Box::new(to), difference), start);
        }
        if let Token::Word(word) = self.peek()
            && matches!(word.as_str(), "seconds" | "milliseconds")
            && (difference || self.word_after(1, "between"))
        {
            return Err(Fault::new(self.span(), format!("`{word} between` is not supported"))
                .help("years, months, weeks, days, hours or minutes"));
        }
        if difference { Err(self.unexpected("years, months, weeks, days, hours or minutes")) } else { self.sum() }
    }

    fn plural(&self) -> Option<Calendar> {
        match self.peek() {
            Token::Word(w) if w.ends_with('s') => Calendar::named(w),
            _ => None,
        }
    }

    fn sum(&mut self) -> Parsed {
        let start = self.span().start;
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Token::Sign("+") => Arithmetic::Add,
                Token::Sign("-") => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            self.advance();
            let right = self.product()?;
            left = self.node(K::Arithmetic(operator, Box::new(left), Box::new(right)), start)?;
        }
    }

    fn product(&mut self) -> Parsed {
        let start = self.span().start;
        let mut left = self.power()?;
        loop {
            let operator = match self.peek() {
                Token::Sign("*") => Arithmetic::Multiply,
                Token::Sign("/") => Arithmetic::Divide,
                Token::Word(w) if w == "div" => Arithmetic::Div,
                Token::Word(w) if w == "mod" => Arithmetic::Mod,
                _ => return Ok(left),
            };
            self.advance();
            let right = self.power()?;
            left = self.node(K::Arithmetic(operator, Box::new(left), Box::new(right)), start)?;
        }
    }

    fn power(&mut self) -> Parsed {
        let start = self.span().start;
        let mut left = self.unary()?;
        while self.eat_sign("^") {
            let right = self.unary()?;
            left = self.node(K::Arithmetic(Arithmetic::Power, Box::new(left), Box::new(right)), start)?;
        }
        Ok(left)
    }

    pub(super) fn unary(&mut self) -> Parsed {
        let start = self.span().start;
        if self.eat_sign("-") {
            let inner = self.deeper(Self::unary)?;
            return self.node(K::Negate(Box::new(inner)), start);
        }
        let mut term = self.deeper(Self::term)?;
        while self.eat_sign(".") {
            let kind = match self.peek() {
                Token::Word(w) if w == "time" => K::TimeOf(Box::new(term)),
                Token::Word(w) if w == "value" => K::ValueOf(Box::new(term)),
                Token::Word(w) => {
                    return Err(
                        Fault::new(self.span(), format!("`.{w}` is not supported")).help("only `.time` and `.value`")
                    );
                }
                _ => return Err(self.unexpected("`time` or `value`")),
            };
            self.advance();
            term = self.node(kind, start)?;
        }
        Ok(term)
    }

    pub(super) fn duration_unit(&mut self) -> Option<Calendar> {
        let unit = match self.peek() {
            Token::Word(w) => Calendar::named(w),
            _ => None,
        }?;
        // `3 years between …` is no duration.
        if self.word_after(1, "between") {
            return None;
        }
        self.advance();
        Some(unit)
    }

    pub(super) fn duration(&mut self) -> Result<DurationSyntax, Fault> {
        let start = self.span().start;
        let Token::Number(count) = self.peek().clone() else {
            return Err(self.unexpected("a duration, such as 28 days"));
        };
        self.advance();
        match self.duration_unit() {
            Some(of) => Ok(DurationSyntax { count, of, span: start..self.end_of_last() }),
            None => Err(self.unexpected("years, months, weeks, days, hours or minutes")),
        }
    }
}

fn too_deep(span: Range<usize>) -> Fault {
    Fault::new(span, format!("nested deeper than {DEPTH_MAX} levels, or too long a chain"))
        .help("split it into derived variables")
}

pub(super) fn shown(token: &Token) -> String {
    match token {
        Token::Word(w) => format!("`{w}`"),
        Token::Number(n) => format!("number {n}"),
        Token::Text(t) => format!("text '{}'", t.chars().take(40).collect::<String>()),
        Token::Date(d) => format!("date @{}", d.chars().take(40).collect::<String>()),
        Token::Sign(s) => format!("`{s}`"),
        Token::End => "end".into(),
    }
}
