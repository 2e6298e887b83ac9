//! The typed tree of an expression, as evaluation walks it: names resolved, units checked, literals exact.

use crate::model::number::Number;
use crate::model::reading::Value;
use crate::model::unit::Unit;
use crate::model::words::Words;

/// The type of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// A truth.
    Truth,
    /// A number of this unit; plain numbers are of unit 1.
    Number(Unit),
    /// A date or time.
    Time,
    /// Words.
    Text,
    /// A literal `null`, of any type.
    Null,
    /// An interval of times or numbers, from a literal `Interval[a, b]`: only the right side of `during` and `in`.
    Interval(Box<Type>),
    /// A written list, for list functions, `in` and `contains`.
    List(Box<Type>),
}

/// An expression with its place in the definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: Kind,
    /// Its type; numbers come out in this type's unit.
    pub ty: Type,
    /// As the definition writes it.
    pub text: Words,
}

/// What a name stands for, by place in the definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// A variable.
    Variable(usize),
    /// A reading: the expression of its chosen alternative.
    Reading(usize),
    /// A criterion: its result.
    Criterion(usize),
    /// An anchor: a time.
    Anchor(usize),
    /// A built-in name.
    BuiltIn(BuiltIn),
    /// `value` inside a `where`.
    Value,
    /// `time` inside a `where`.
    Time,
}

/// The names that every definition has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum BuiltIn {
    BirthDate,
    Sex,
    Death,
    Site,
    Country,
    Arm,
    Stratum,
    LastContact,
    Consented,
    Enrolled,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// A timing phrase between two times; `during` has an interval on its right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Timing {
    Before,
    After,
    OnOrBefore,
    OnOrAfter,
    During,
}

/// A calendar unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Calendar {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
}

impl Calendar {
    /// The unit of that word, one or many: `day`, `days`.
    pub fn named(word: &str) -> Option<Self> {
        Some(match word.strip_suffix('s').unwrap_or(word) {
            "year" => Self::Year,
            "month" => Self::Month,
            "week" => Self::Week,
            "day" => Self::Day,
            "hour" => Self::Hour,
            "minute" => Self::Minute,
            _ => return None,
        })
    }

    /// Whether it is a span of instants; the others count calendar dates.
    pub fn is_clock(self) -> bool {
        matches!(self, Self::Hour | Self::Minute)
    }
}

/// So many of a calendar unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Duration {
    /// How many; not negative.
    pub count: u32,
    /// Of what.
    pub of: Calendar,
}

/// Arithmetic on two numbers; a time plus or minus a duration is [`Kind::Shift`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Div,
    Mod,
    Power,
}

/// Functions of one or more plain values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Function {
    Abs,
    Ceiling,
    Floor,
    Truncate,
    /// `Round(x)` or `Round(x, places)`.
    Round,
    Exp,
    Ln,
    /// `Log(x, base)`.
    Log,
    Power,
    Coalesce,
    /// `PercentChange(from, to)`.
    PercentChange,
}

/// Functions over a series or a written list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Aggregate {
    Count,
    Sum,
    Min,
    Max,
    Avg,
    Median,
    First,
    Last,
    AllTrue,
    AnyTrue,
    /// `exists (series)`.
    Exists,
    /// `Duration(series, gap)`: how long the state that the series shows has lasted, up to now or to the end of the
    /// window, whichever is sooner (E). A member holds when it is true (of truths) or there (of all others). It
    /// covers its time; what lasts, from its start to its end. Going back from E, members belong to the state while
    /// the hole between them, and between the last of them and E, is not longer than the gap; the value is the time
    /// from the first start, or the window's beginning where that is later, to E; zero where no state reaches E.
    /// What the `where` refuses does not end it, only a hole does. With a gap in hours or minutes holes and value
    /// are spans of instants, and the value is in hours; with a longer gap they count calendar dates of the site
    /// (a hole of so many days reaches from a date to the date so much later), and the value is in whole days.
    Duration(Duration),
    /// `DailyDose(series)`: what was given on the days of the window, divided by their number: an amount per day.
    /// The days of a window are the calendar dates of the site that lie wholly inside it and before today, so with
    /// `within 8 weeks` the 56 days before today. An infusion counts by the share of its time.
    DailyDose,
    /// `StableDose(series)`: whether the amounts given on each day of the window (as for [`Self::DailyDose`]) are all
    /// the same and above zero. A day on which nothing is recorded has the amount zero.
    StableDose,
}

/// The members of one variable's facts that a function looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The recorded variable.
    pub variable: usize,
    /// Its window; `None`: all up to now. `problem_list` is variable `usize::MAX`.
    pub window: Option<Window>,
    /// The `where`, over `value` and `time`.
    pub filter: Option<Box<Expr>>,
    /// Of `Consecutive(…)`: only those with which a row is complete.
    pub row: Option<Row>,
}

/// `Consecutive(n, series, gap)`: of the series those members m with which n in a row are complete: there are n members
/// that end with m, each at least the gap later than the one before it, and no fact of the variable that lies in the
/// window and that the `where` refuses lies in time between the first of them and m. Members nearer than the gap
/// neither count nor break. A gap in hours or minutes is a span of instants, a longer one a count of calendar dates.
/// One that completes two rows is there once; with which a row of n + 1 is complete, n in a row are complete too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// How many in a row; at least two.
    pub n: usize,
    /// Least time from one to the next.
    pub gap: Duration,
}

/// `Series::variable` of the built-in series `problem_list`.
pub const PROBLEM_LIST: usize = usize::MAX;

/// A window of clinical time.
#[derive(Debug, Clone, PartialEq)]
pub enum Window {
    /// `within D`: from now − D to now.
    Within(Duration),
    /// `within D of A`: both sides, ends included.
    WithinOf(Duration, Box<Expr>),
    /// `within D before A`: from A − D to A, ends included.
    WithinBefore(Duration, Box<Expr>),
    /// `within D after A`: from A to A + D, ends included.
    WithinAfter(Duration, Box<Expr>),
    /// `since A`: from A on, A included.
    Since(Box<Expr>),
    /// `before A`, A excluded.
    Before(Box<Expr>),
    /// `after A`, A excluded.
    After(Box<Expr>),
    /// `on or before A`.
    OnOrBefore(Box<Expr>),
    /// `on or after A`.
    OnOrAfter(Box<Expr>),
    /// `during` an interval of times.
    During(Box<Expr>),
}

/// What a function looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// Facts of a variable.
    Series(Series),
    /// A written list; what is unknown in it is left out, as CQL does.
    List(Vec<Expr>),
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A literal in the unit of the expression's type; `None` is `null`.
    Literal(Option<Value>),
    /// A name.
    Name(Name),
    /// `Now()`: a time. `Today()`: the date.
    Now,
    /// The site's calendar date of now.
    Today,
    /// `not`
    Not(Box<Expr>),
    /// `and`
    And(Vec<Expr>),
    /// `or`
    Or(Vec<Expr>),
    /// `xor`
    Xor(Box<Expr>, Box<Expr>),
    /// `implies`
    Implies(Box<Expr>, Box<Expr>),
    /// `AtLeast(n, …)`
    AtLeast(usize, Vec<Expr>),
    /// A comparison; both sides are of the left side's unit after the check.
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// A timing phrase.
    Timing(Timing, Box<Expr>, Box<Expr>),
    /// `x between low and high`, ends included.
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `x in list` or `list contains x`, or in an interval.
    Member(Box<Expr>, Box<Expr>),
    /// `is null`, with `true` for `is not null`.
    IsNull(Box<Expr>, bool),
    /// `is true`, `is false`: the truth asked for, then whether negated.
    IsTruth(Box<Expr>, bool, bool),
    /// Arithmetic; the factor that turns the result of the operands' units into the type's unit, when it is not 1.
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    /// `-x`
    Negate(Box<Expr>),
    /// A time moved by a duration; `true`: back.
    Shift(Box<Expr>, Duration, bool),
    /// `years between a and b` (`false`) or `difference in years between a and b` (`true`): a plain number.
    UnitsBetween(Calendar, Box<Expr>, Box<Expr>, bool),
    /// `if`.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `case`: the comparand if any, the pairs, the else.
    Case(Option<Box<Expr>>, Vec<(Expr, Expr)>, Box<Expr>),
    /// A function of plain values.
    Call(Function, Vec<Expr>),
    /// A function over a series or a list.
    Aggregate(Aggregate, Source),
    /// `.time` of the fact that a `First` or `Last` of a series, or a variable, picks.
    TimeOf(Box<Expr>),
    /// `UpperLimit(…)` (`true`) or `LowerLimit(…)` of the very result that the expression picks.
    Limit(bool, Box<Expr>),
    /// `Baseline(x)`.
    Baseline(Box<Expr>),
    /// The same quantity in another unit: value × factor (`Number(q, 'unit')`, or where two units of one dimension meet).
    Convert(Number, Box<Expr>),
    /// `Interval[a, b]`: two ends, and whether each belongs to it.
    Interval(Box<Expr>, bool, Box<Expr>, bool),
    /// A written list.
    List(Vec<Expr>),
}

impl Expr {
    /// The nodes directly below, those of windows and filters too.
    pub fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            Kind::Literal(_) | Kind::Name(_) | Kind::Now | Kind::Today => vec![],
            Kind::Not(a) | Kind::IsNull(a, _) | Kind::IsTruth(a, ..) | Kind::Negate(a) | Kind::Shift(a, ..) => vec![a],
            Kind::TimeOf(a) | Kind::Limit(_, a) | Kind::Baseline(a) | Kind::Convert(_, a) => vec![a],
            Kind::And(all) | Kind::Or(all) | Kind::AtLeast(_, all) | Kind::Call(_, all) | Kind::List(all) => {
                all.iter().collect()
            }
            Kind::Xor(a, b) | Kind::Implies(a, b) | Kind::Compare(_, a, b) | Kind::Timing(_, a, b) => vec![a, b],
            Kind::Member(a, b) | Kind::Arithmetic(_, a, b) | Kind::UnitsBetween(_, a, b, _) => vec![a, b],
            Kind::Interval(a, _, b, _) => vec![a, b],
            Kind::Between(a, b, c) | Kind::If(a, b, c) => vec![a, b, c],
            Kind::Case(comparand, pairs, last) => {
                let mut all: Vec<&Expr> = comparand.iter().map(|c| &**c).collect();
                all.extend(pairs.iter().flat_map(|(when, then)| [when, then]));
                all.push(last);
                all
            }
            Kind::Aggregate(_, Source::List(all)) => all.iter().collect(),
            Kind::Aggregate(_, Source::Series(series)) => {
                let mut all: Vec<&Expr> = series.filter.iter().map(|f| &**f).collect();
                all.extend(series.window.as_ref().and_then(Window::anchor));
                all
            }
        }
    }

    /// Calls `see` for this node and every one below.
    pub fn walk<'e>(&'e self, see: &mut dyn FnMut(&'e Expr)) {
        see(self);
        self.children().into_iter().for_each(|child| child.walk(see));
    }
}

impl Window {
    /// Whether it has a beginning and is counted in calendar dates, so that one can ask for each of its days.
    pub fn has_days(&self) -> bool {
        match self {
            Self::Within(d) | Self::WithinOf(d, _) | Self::WithinBefore(d, _) | Self::WithinAfter(d, _) => {
                !d.of.is_clock()
            }
            Self::Since(_) | Self::After(_) | Self::OnOrAfter(_) | Self::During(_) => true,
            Self::Before(_) | Self::OnOrBefore(_) => false,
        }
    }

    /// The time or interval that it leans on; none but now for `within D`.
    pub fn anchor(&self) -> Option<&Expr> {
        match self {
            Self::Within(_) => None,
            Self::WithinOf(_, a) | Self::WithinBefore(_, a) | Self::WithinAfter(_, a) => Some(a),
            Self::Since(a) | Self::Before(a) | Self::After(a) => Some(a),
            Self::OnOrBefore(a) | Self::OnOrAfter(a) | Self::During(a) => Some(a),
        }
    }
}
