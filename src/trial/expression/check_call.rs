//! Functions and the series that they look at.

use super::check::{Checked, Checker, describe, duration, follows};
use super::check_number::{read_unit, to_unit};
use super::syntax::{Fault, SeriesSyntax, Syntax, SyntaxKind as K, WindowSyntax, WindowWord};
use super::tree::{Aggregate, Duration, Expr, Function, Kind, Name, Row, Series, Source, Type, Window};
use crate::model::unit::{Unit, UnitFault};
use std::ops::Range;

/// Most arguments of one call.
pub(super) const ARGUMENTS_MAX: usize = 100;
/// Longest row of `Consecutive`.
const ROW_MAX: usize = 100;

/// Every function that is known, supported yet or not.
pub(super) const FUNCTIONS: [&str; 32] = [
    "Now",
    "Today",
    "Abs",
    "Ceiling",
    "Floor",
    "Truncate",
    "Round",
    "Exp",
    "Ln",
    "Log",
    "Power",
    "Coalesce",
    "PercentChange",
    "Number",
    "AtLeast",
    "Baseline",
    "UpperLimit",
    "LowerLimit",
    "Consecutive",
    "Duration",
    "DailyDose",
    "StableDose",
    "Count",
    "Sum",
    "Min",
    "Max",
    "Avg",
    "Median",
    "First",
    "Last",
    "AllTrue",
    "AnyTrue",
];

impl Checker<'_> {
    pub(super) fn call(&self, syntax: &Syntax, function: &str, span: &Range<usize>, arguments: &[Syntax]) -> Checked {
        let count = |least: usize, most: usize| arity(function, span, arguments.len(), least, most);
        match function {
            "Now" => count(0, 0).map(|()| self.make(syntax, Kind::Now, Type::Time)),
            "Today" => count(0, 0).map(|()| self.make(syntax, Kind::Today, Type::Time)),
            "Abs" => self.keeps_unit(syntax, Function::Abs, count(1, 1), arguments),
            "Ceiling" => self.keeps_unit(syntax, Function::Ceiling, count(1, 1), arguments),
            "Floor" => self.keeps_unit(syntax, Function::Floor, count(1, 1), arguments),
            "Truncate" => self.keeps_unit(syntax, Function::Truncate, count(1, 1), arguments),
            "Round" => self.keeps_unit(syntax, Function::Round, count(1, 2), arguments),
            "Exp" => self.plain_call(syntax, Function::Exp, count(1, 1), arguments),
            "Ln" => self.plain_call(syntax, Function::Ln, count(1, 1), arguments),
            "Log" => self.plain_call(syntax, Function::Log, count(2, 2), arguments),
            "Power" => self.plain_call(syntax, Function::Power, count(2, 2), arguments),
            "Coalesce" => {
                count(1, ARGUMENTS_MAX)?;
                // As in CQL, one list stands for its members.
                let written = match arguments {
                    [Syntax { kind: K::List(members), .. }] if !members.is_empty() => members,
                    _ => arguments,
                };
                let (all, ty) = self.alike_all(written)?;
                if matches!(ty, Type::List(_) | Type::Interval(_)) {
                    let fault = Fault::new(span.clone(), format!("`Coalesce` of {} is not supported", describe(&ty)));
                    return Err(fault.help("write single values: Coalesce(a, b)"));
                }
                Ok(self.make(syntax, Kind::Call(Function::Coalesce, all), ty))
            }
            "PercentChange" => {
                count(2, 2)?;
                let (from, to) = self.same(&arguments[0], &arguments[1])?;
                self.number_type(&from, &arguments[0])?;
                let ty = Type::Number(read_unit("%", span)?);
                Ok(self.make(syntax, Kind::Call(Function::PercentChange, vec![from, to]), ty))
            }
            "Number" => count(2, 2).and_then(|()| self.number_of(syntax, &arguments[0], &arguments[1])),
            "AtLeast" => count(2, ARGUMENTS_MAX).and_then(|()| self.at_least(syntax, arguments)),
            "Baseline" => count(1, 1).and_then(|()| self.baseline(syntax, span, &arguments[0])),
            "UpperLimit" => count(1, 1).and_then(|()| self.limit(syntax, true, &arguments[0])),
            "LowerLimit" => count(1, 1).and_then(|()| self.limit(syntax, false, &arguments[0])),
            "Consecutive" => Err(Fault::new(span.clone(), "`Consecutive` gives members of a series, not one value")
                .help("use it where a series stands: exists(Consecutive(…)), First(Consecutive(…)).time")),
            "Duration" => count(2, 2).and_then(|()| self.lasting(syntax, arguments)),
            "DailyDose" | "StableDose" => count(1, 1).and_then(|()| self.dose_by_day(syntax, function, &arguments[0])),
            _ => match aggregate(function) {
                Some(which) => count(1, 1).and_then(|()| self.aggregate(syntax, which, &arguments[0])),
                None => Err(Fault::new(span.clone(), format!("`{function}` is not supported"))
                    .help("the functions are listed in docs/trial-definition.md")),
            },
        }
    }

    fn keeps_unit(&self, syntax: &Syntax, f: Function, count: Result<(), Fault>, arguments: &[Syntax]) -> Checked {
        count?;
        let (first, _) = self.numeric(&arguments[0])?;
        let ty = first.ty.clone();
        let mut all = vec![first];
        if let Some(places) = arguments.get(1) {
            if !matches!(&places.kind, K::Number(n) if n.parse::<u32>().is_ok_and(|n| n <= 28)) {
                return Err(Fault::new(places.span.clone(), "places are a whole number from 0 to 28"));
            }
            all.push(self.expr(places)?);
        }
        Ok(self.make(syntax, Kind::Call(f, all), ty))
    }

    fn plain_call(&self, syntax: &Syntax, f: Function, count: Result<(), Fault>, arguments: &[Syntax]) -> Checked {
        count?;
        let all = arguments.iter().map(|a| self.plain(a)).collect::<Result<_, _>>()?;
        Ok(self.make(syntax, Kind::Call(f, all), Type::Number(Unit::one())))
    }

    fn number_type(&self, expr: &Expr, syntax: &Syntax) -> Result<(), Fault> {
        if matches!(expr.ty, Type::Number(_) | Type::Null) {
            return Ok(());
        }
        let message = format!("`{}` is {}, wanted a number", expr.text, describe(&expr.ty));
        Err(Fault::new(syntax.span.clone(), message))
    }

    fn number_of(&self, syntax: &Syntax, quantity: &Syntax, unit: &Syntax) -> Checked {
        let K::Text(code) = &unit.kind else {
            return Err(Fault::new(unit.span.clone(), "wanted a unit in quotes: Number(q, 'kg')"));
        };
        let target = read_unit(code, &unit.span)?;
        let (found, _) = self.numeric(quantity)?;
        let molar = self.molar_mass(&found);
        let found = to_unit(found, &target, &quantity.span, molar)?;
        let kind = match found.kind {
            Kind::Literal(_) | Kind::Convert(..) => found.kind,
            _ => Kind::Convert(crate::model::number::Number::ONE, Box::new(found)),
        };
        Ok(self.make(syntax, kind, Type::Number(Unit::one())))
    }

    fn at_least(&self, syntax: &Syntax, arguments: &[Syntax]) -> Checked {
        let wanted = match &arguments[0].kind {
            K::Number(n) => n.parse::<usize>().ok(),
            _ => None,
        };
        let conditions = arguments.len() - 1;
        let Some(n) = wanted.filter(|n| (1..=conditions).contains(n)) else {
            let message = format!("wanted a whole number from 1 to {conditions}, of how many must hold");
            return Err(Fault::new(arguments[0].span.clone(), message));
        };
        let all = arguments[1..].iter().map(|a| self.truth(a)).collect::<Result<_, _>>()?;
        Ok(self.make(syntax, Kind::AtLeast(n, all), Type::Truth))
    }

    fn baseline(&self, syntax: &Syntax, span: &Range<usize>, inner: &Syntax) -> Checked {
        if self.names.get("baseline").is_none() && self.names.get("day0").is_none() {
            let fault = Fault::new(span.clone(), "`Baseline` leans on an anchor that is not declared");
            return Err(fault.help("declare `day0` or `baseline` under [anchors]"));
        }
        let inner = self.expr(inner)?;
        let ty = inner.ty.clone();
        Ok(self.make(syntax, Kind::Baseline(Box::new(inner)), ty))
    }

    fn limit(&self, syntax: &Syntax, upper: bool, inner: &Syntax) -> Checked {
        let picked = self.picks_one(inner)?;
        self.number_type(&picked, inner)?;
        let ty = picked.ty.clone();
        Ok(self.make(syntax, Kind::Limit(upper, Box::new(picked)), ty))
    }

    pub(super) fn time_of(&self, syntax: &Syntax, inner: &Syntax) -> Checked {
        let picked = self.picks_one(inner)?;
        Ok(self.make(syntax, Kind::TimeOf(Box::new(picked)), Type::Time))
    }

    pub(super) fn value_of(&self, inner: &Syntax) -> Checked {
        self.picks_one(inner)
    }

    /// An expression that picks one fact: a recorded variable, or one member of a series.
    fn picks_one(&self, syntax: &Syntax) -> Checked {
        let found = self.expr(syntax)?;
        let one = match &found.kind {
            Kind::Name(Name::Variable(_)) => self.names.get(&found.text).is_some_and(|s| s.facts.is_some()),
            Kind::Aggregate(
                Aggregate::First | Aggregate::Last | Aggregate::Min | Aggregate::Max,
                Source::Series(_),
            ) => true,
            _ => false,
        };
        if one {
            return Ok(found);
        }
        let message = format!("`{}` picks no single fact", found.text);
        Err(Fault::new(syntax.span.clone(), message)
            .help("wanted a recorded variable, or First, Last, Min or Max of its series"))
    }

    pub(super) fn exists(&self, syntax: &Syntax, series: &Syntax) -> Checked {
        let (source, _) = self.source(series)?;
        Ok(self.make(syntax, Kind::Aggregate(Aggregate::Exists, source), Type::Truth))
    }

    fn aggregate(&self, syntax: &Syntax, which: Aggregate, argument: &Syntax) -> Checked {
        let (source, of) = self.source(argument)?;
        let wrong =
            |wanted: &str| Fault::new(argument.span.clone(), format!("{} where {wanted} are wanted", describe(&of)));
        let ty = match (which, &of) {
            (Aggregate::Count, _) => Type::Number(Unit::one()),
            (Aggregate::First | Aggregate::Last, _) => of.clone(),
            (Aggregate::Min | Aggregate::Max, Type::Number(_) | Type::Time | Type::Null) => of.clone(),
            (Aggregate::Min | Aggregate::Max, _) => return Err(wrong("numbers or times")),
            (Aggregate::AllTrue | Aggregate::AnyTrue, Type::Truth | Type::Null) => Type::Truth,
            (Aggregate::AllTrue | Aggregate::AnyTrue, _) => return Err(wrong("truths")),
            (_, Type::Number(_) | Type::Null) => of.clone(),
            _ => return Err(wrong("numbers")),
        };
        Ok(self.make(syntax, Kind::Aggregate(which, source), ty))
    }

    /// What a function looks at, and the type of its members.
    fn source(&self, syntax: &Syntax) -> Result<(Source, Type), Fault> {
        match &syntax.kind {
            K::List(all) => {
                let (all, ty) = self.alike_all(all)?;
                Ok((Source::List(all), ty))
            }
            K::Series(series) => self.series(syntax, series),
            K::Call(word, span, arguments) if word == "Consecutive" => {
                arity(word, span, arguments.len(), 3, 3)?;
                self.row(arguments)
            }
            K::Call(..) => Err(match self.expr(syntax) {
                Err(fault) => fault,
                Ok(_) => Fault::new(syntax.span.clone(), "this call gives one value, wanted a series")
                    .help("write a list: {a, b}"),
            }),
            _ => Err(Fault::new(syntax.span.clone(), "wanted a variable's series or a list in braces")),
        }
    }

    fn series(&self, syntax: &Syntax, series: &SeriesSyntax) -> Result<(Source, Type), Fault> {
        let (word, span) = &series.variable;
        let Some(symbol) = self.names.get(word) else { return Err(self.unknown(span.clone(), word)) };
        let (Name::Variable(variable), Some(facts)) = (symbol.name, &symbol.facts) else {
            if matches!(symbol.name, Name::Variable(_)) && symbol.ty.is_none() {
                return Err(follows(syntax, word));
            }
            let message = format!("`{word}` has no series: only recorded variables (`from`) have one");
            return Err(Fault::new(span.clone(), message).help(format!("write a list: {{{word}}}")));
        };
        let window = series.window.as_ref().map(|w| self.window(w)).transpose()?;
        let inside = Checker { text: self.text, names: self.names, of: Some(facts.clone()) };
        let filter = series.filter.as_ref().map(|f| inside.truth(f).map(Box::new)).transpose()?;
        Ok((Source::Series(Series { variable, window, filter, row: None }), facts.clone()))
    }

    /// A series of a variable: neither a list, which has no times, nor a row.
    fn timed_series(&self, syntax: &Syntax, function: &str) -> Result<(Series, Type), Fault> {
        match self.source(syntax)? {
            (Source::Series(series), ty) if series.row.is_none() => Ok((series, ty)),
            _ => Err(Fault::new(syntax.span.clone(), format!("`{function}` wants the series of a variable"))
                .help("write a recorded variable, with a window and a `where` if need be")),
        }
    }

    fn row(&self, arguments: &[Syntax]) -> Result<(Source, Type), Fault> {
        let n = match &arguments[0].kind {
            K::Number(n) => n.parse().ok().filter(|n| (2..=ROW_MAX).contains(n)),
            _ => None,
        };
        let Some(n) = n else {
            let message = format!("wanted a whole number from 2 to {ROW_MAX}, of how many in a row");
            return Err(Fault::new(arguments[0].span.clone(), message));
        };
        let (series, ty) = self.timed_series(&arguments[1], "Consecutive")?;
        let row = Some(Row { n, gap: gap(&arguments[2])? });
        Ok((Source::Series(Series { row, ..series }), ty))
    }

    fn lasting(&self, syntax: &Syntax, arguments: &[Syntax]) -> Checked {
        let (series, _) = self.timed_series(&arguments[0], "Duration")?;
        let gap = gap(&arguments[1])?;
        let unit = if gap.of.is_clock() { "h" } else { "d" };
        let kind = Kind::Aggregate(Aggregate::Duration(gap), Source::Series(series));
        Ok(self.make(syntax, kind, Type::Number(read_unit(unit, &syntax.span)?)))
    }

    fn dose_by_day(&self, syntax: &Syntax, function: &str, argument: &Syntax) -> Checked {
        let (series, of) = self.timed_series(argument, function)?;
        let Type::Number(unit) = &of else {
            let message = format!("{} where amounts are wanted", describe(&of));
            return Err(Fault::new(argument.span.clone(), message).help("of a drug: amount = \"dose\" and its unit"));
        };
        if !series.window.as_ref().is_some_and(Window::has_days) {
            let message = format!("`{function}` wants a window with a beginning, counted in days or longer");
            return Err(Fault::new(argument.span.clone(), message).help("write within 8 weeks, or since an anchor"));
        }
        let (which, ty) = if function == "DailyDose" {
            let per_day = unit.per(&read_unit("d", &argument.span)?);
            let fault = |f: UnitFault| Fault::new(argument.span.clone(), f.to_string());
            (Aggregate::DailyDose, Type::Number(per_day.map_err(fault)?))
        } else {
            (Aggregate::StableDose, Type::Truth)
        };
        Ok(self.make(syntax, Kind::Aggregate(which, Source::Series(series)), ty))
    }

    fn window(&self, written: &WindowSyntax) -> Result<Window, Fault> {
        let time = |s: &Syntax| self.time(s).map(Box::new);
        Ok(match written {
            WindowSyntax::Within(d) => Window::Within(duration(d)?),
            WindowSyntax::WithinAnchor(d, word, anchor) => {
                let (d, anchor) = (duration(d)?, time(anchor)?);
                match word {
                    WindowWord::WithinBefore => Window::WithinBefore(d, anchor),
                    WindowWord::WithinAfter => Window::WithinAfter(d, anchor),
                    _ => Window::WithinOf(d, anchor),
                }
            }
            WindowSyntax::Anchor(WindowWord::During, interval) => {
                Window::During(Box::new(self.time_interval(interval)?))
            }
            WindowSyntax::Anchor(word, anchor) => {
                let anchor = time(anchor)?;
                match word {
                    WindowWord::Before => Window::Before(anchor),
                    WindowWord::After => Window::After(anchor),
                    WindowWord::OnOrBefore => Window::OnOrBefore(anchor),
                    WindowWord::OnOrAfter => Window::OnOrAfter(anchor),
                    _ => Window::Since(anchor),
                }
            }
        })
    }
}

/// A written gap of `Consecutive` or `Duration`.
fn gap(syntax: &Syntax) -> Result<Duration, Fault> {
    match &syntax.kind {
        K::Duration(written) => duration(written),
        _ => Err(Fault::new(syntax.span.clone(), "wanted a gap: a written duration, such as 1 day or 6 hours")),
    }
}

fn arity(function: &str, span: &Range<usize>, found: usize, least: usize, most: usize) -> Result<(), Fault> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    let wanted = if least == most { format!("{least}") } else { format!("{least} to {most}") };
    Err(Fault::new(span.clone(), format!("`{function}` has {found} arguments, wanted {wanted}")))
}

fn aggregate(function: &str) -> Option<Aggregate> {
    Some(match function {
        "Count" => Aggregate::Count,
        "Sum" => Aggregate::Sum,
        "Min" => Aggregate::Min,
        "Max" => Aggregate::Max,
        "Avg" => Aggregate::Avg,
        "Median" => Aggregate::Median,
        "First" => Aggregate::First,
        "Last" => Aggregate::Last,
        "AllTrue" => Aggregate::AllTrue,
        "AnyTrue" => Aggregate::AnyTrue,
        _ => return None,
    })
}
