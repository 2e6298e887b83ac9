//! The library as a whole: parameters, functions, and a define for each name.

use super::number::{PLACES, type_name};
use super::series::lasts;
use crate::model::fact::Origin;
use crate::model::number::Number;
use crate::trial::definition::{Amount, Recorded, Trial, ValueType, VariableKind};
use crate::trial::expression::tree::{
    Aggregate, BuiltIn, Calendar, Duration, Expr, Kind, PROBLEM_LIST, Series, Source, Type,
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A definition written in CQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The library's text.
    pub text: String,
    /// What stands in it as null, because CQL cannot say it.
    pub unsaid: Vec<Unsaid>,
}

/// A part of a definition that CQL cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsaid {
    /// The name in whose expression it stands.
    pub name: String,
    /// The part, as the definition writes it.
    pub expression: String,
    /// Why.
    pub why: String,
}

/// Writes a definition, its readings as their defaults, as a CQL library.
pub fn write(trial: &Trial) -> Written {
    let mut writer = Writer {
        trial,
        parameters: BTreeMap::new(),
        defines: Vec::new(),
        defined: HashSet::new(),
        queries: HashMap::new(),
        anchors: HashMap::new(),
        unsaid: Vec::new(),
        at: String::new(),
    };
    writer.everything();
    Written { text: writer.text(), unsaid: writer.unsaid }
}

/// A number as the library's parameters take it: of more places than CQL has it ends in an odd digit, so that it
/// stays on the right side of every limit of fewer places.
pub fn decimal(n: &Number) -> String {
    let scale = Number::decimal(1, 8);
    let scaled = n * &scale;
    let floor = scaled.floor();
    let two = Number::from(2);
    let even = floor.checked_div(&two).is_some_and(|half| half.is_integer());
    let odd = if even { &floor + &Number::ONE } else { floor };
    let kept = if scaled.is_integer() { scaled } else { odd };
    kept.checked_div(&scale).and_then(|n| n.to_decimal()).unwrap_or_default()
}

pub(super) struct Writer<'a> {
    pub(super) trial: &'a Trial,
    /// Name and type.
    parameters: BTreeMap<String, String>,
    /// Name, body, and a remark.
    defines: Vec<(String, String, String)>,
    defined: HashSet<String>,
    /// Queries of series by what they ask.
    pub(super) queries: HashMap<String, String>,
    /// Times that the window of a query leans on.
    pub(super) anchors: HashMap<String, Vec<String>>,
    unsaid: Vec<Unsaid>,
    /// The name that is being written.
    at: String,
}

const FUNCTIONS: &str = "\
// At least n of the conditions hold; null while those that are unknown decide.
define function AtLeast(n Integer, conditions List<Boolean>):
  case when Count((conditions) C where C is true return all 1) >= n then true
    when Count((conditions) C where C is not false return all 1) < n then false
    else null end

// CQL rounds to eight places where the gateway reckons with fractions: what is nearer than that may come to is null.
define function IsNear(a Decimal, b Decimal): Abs(a - b) <= 0.0001 * Max({ 1.0, Abs(a), Abs(b) })

define function IsBelow(a Decimal, b Decimal): if IsNear(a, b) then null else a < b

define function IsAbove(a Decimal, b Decimal): if IsNear(a, b) then null else a > b

define function IsSame(a Decimal, b Decimal): if IsNear(a, b) is false then false else null

define function PercentChange(a Decimal, b Decimal): (b - a) / a * 100.0

// Where CQL's own would end in an error, null.
define function ExpOf(x Decimal): if Abs(x) <= 40.0 then Exp(x) else null

define function LnOf(x Decimal): if x > 0.0 then Ln(x) else null

define function LogOf(x Decimal, base Decimal): if x > 0.0 and base > 1.0 then Log(x, base) else null

define function PowerOf(x Decimal, exponent Decimal):
  if Abs(LnOf(x) * exponent) <= 40.0 then Power(x, exponent) else null

// Halves away from zero.
define function RoundHalf(x Decimal): if x < 0.0 then 0.0 - Round(0.0 - x) else Round(x)

define function SteadyFloor(x Decimal):
  if Floor(x - 0.0001 * Max({ 1.0, Abs(x) })) = Floor(x + 0.0001 * Max({ 1.0, Abs(x) })) then ToDecimal(Floor(x)) else null
";

impl<'a> Writer<'a> {
    fn everything(&mut self) {
        let trial = self.trial;
        for (i, variable) in trial.variables.iter().enumerate() {
            if let Err(why) = self.variable(i) {
                self.unsaid(&variable.name, why);
            }
        }
        for (name, anchor) in &trial.anchors {
            self.named(&format!("\"{name}\""), "", type_name(&anchor.ty), |writer| writer.plain(anchor, name));
        }
        for i in 0..trial.readings.len() {
            if let Err(why) = self.reading(i) {
                self.unsaid(&trial.readings[i].name, why);
            }
        }
        (0..trial.criteria.len()).for_each(|i| {
            self.criterion(i);
        });
        if let Some(consider) = &trial.consider {
            self.named("\"Considered\"", "Who is looked at at all.", "Boolean", |writer| Ok(writer.say(consider)));
        }
        let of = |exclusion: bool| -> Vec<usize> {
            (0..trial.criteria.len()).filter(|i| trial.criteria[*i].exclusion == exclusion).collect()
        };
        let included = self.named("\"Included\"", "How the inclusions combine.", "Boolean", |writer| {
            Ok(match &trial.included {
                Some(included) => writer.say(included),
                None => writer.all(&of(false), " and ", "true"),
            })
        });
        let excluded = self.named("\"Excluded\"", "", "Boolean", |writer| Ok(writer.all(&of(true), " or ", "false")));
        self.define("\"Eligible\"", &format!("{included} and not {excluded}"), "The proposal; people decide.");
    }

    fn all(&mut self, criteria: &[usize], word: &str, none: &str) -> String {
        let all: Vec<String> = criteria.iter().map(|i| self.criterion(*i)).collect();
        if all.is_empty() { none.to_owned() } else { format!("({})", all.join(word)) }
    }

    /// A define that is written once, while its name is the place of what is unsaid.
    fn named(
        &mut self,
        name: &str,
        remark: &str,
        ty: &str,
        body: impl FnOnce(&mut Self) -> Result<String, String>,
    ) -> String {
        if self.defined.contains(name) {
            return name.to_owned();
        }
        let outer = std::mem::replace(&mut self.at, name.trim_matches('"').to_owned());
        let body = body(self).unwrap_or_else(|why| {
            self.unsaid(name.trim_matches('"'), why);
            format!("null as {ty}")
        });
        self.at = outer;
        self.define(name, &body, remark)
    }

    /// Adds a define; answers its name.
    pub(super) fn define(&mut self, name: &str, body: &str, remark: &str) -> String {
        if self.defined.insert(name.to_owned()) {
            self.defines.push((name.to_owned(), body.to_owned(), one_line(remark)));
        }
        name.to_owned()
    }

    /// Puts a part on the list of what CQL cannot say.
    pub(super) fn unsaid(&mut self, expression: &str, why: String) {
        let unsaid = Unsaid { name: self.at.clone(), expression: one_line(expression), why };
        if !self.unsaid.contains(&unsaid) {
            self.unsaid.push(unsaid);
        }
    }

    /// A value, or of a time its date or moment where both ends are one.
    fn plain(&mut self, e: &Expr, name: &str) -> Result<String, String> {
        if e.ty != Type::Time || matches!(e.kind, Kind::Aggregate(_, Source::Series(_))) {
            return Ok(self.say(e));
        }
        let time = self.time(e)?;
        if time.is_empty() {
            return Err(format!("`{name}` has no form in CQL"));
        }
        let (low, high) = time.ends(time.calendar)?;
        Ok(if low == high { low } else { format!("if {low} = {high} then {low} else null") })
    }

    pub(super) fn chosen(&self, reading: usize) -> Option<&'a Expr> {
        let reading = self.trial.readings.get(reading)?;
        reading.alternatives.get(reading.default).map(|(_, e)| e)
    }

    pub(super) fn reading(&mut self, i: usize) -> Result<String, String> {
        let reading = self.trial.readings.get(i).ok_or("a reading that is not there")?;
        let name = format!("\"{}\"", reading.name);
        if self.defined.contains(&name) {
            return Ok(name);
        }
        for (place, (word, e)) in reading.alternatives.iter().enumerate() {
            let remark = if place == reading.default { reading.question.as_str() } else { "" };
            self.named(&format!("\"{}.{word}\"", reading.name), remark, type_name(&e.ty), |writer| {
                writer.plain(e, word)
            });
        }
        let (word, _) = reading.alternatives.get(reading.default).ok_or("a reading without its default")?;
        Ok(self.define(
            &name,
            &format!("\"{}.{word}\"", reading.name),
            &format!("Read as `{word}`: {}", reading.because),
        ))
    }

    pub(super) fn criterion(&mut self, i: usize) -> String {
        let criterion = &self.trial.criteria[i];
        let kind = if criterion.exclusion { "Excludes" } else { "Includes" };
        self.named(&format!("\"{}\"", criterion.id), &format!("{kind}: {}", criterion.protocol), "Boolean", |writer| {
            let own = writer.say(&criterion.expression);
            Ok(match criterion.applies.as_ref().map(|a| writer.say(a)) {
                None => own,
                Some(applies) if criterion.exclusion => format!("{applies} and {own}"),
                Some(applies) => format!("{applies} implies {own}"),
            })
        })
    }

    pub(super) fn variable(&mut self, i: usize) -> Result<String, String> {
        let variable = self.trial.variables.get(i).ok_or("a variable that is not there")?;
        let name = format!("\"{}\"", variable.name);
        let unit = variable.unit.as_ref().map_or_else(String::new, |u| format!(", {}", u.code()));
        let ty = match &variable.kind {
            VariableKind::Derived(e) => type_name(&e.ty),
            VariableKind::Recorded(r) => value_type(r.value),
            VariableKind::Attested { answer, .. } => value_type(*answer),
        };
        Ok(self.named(&name, &format!("{}{unit}", variable.label), ty, |writer| match &variable.kind {
            VariableKind::Derived(e) => writer.plain(e, &variable.name),
            VariableKind::Recorded(r) => writer.recorded_value(i, r),
            VariableKind::Attested { expires, .. } => writer.attested(i, *expires),
        }))
    }

    fn recorded_value(&mut self, i: usize, r: &Recorded) -> Result<String, String> {
        let drug = r.from.contains(&Origin::MedicationAdministration);
        let happens = r.from.iter().any(|o| matches!(o, Origin::Condition | Origin::Procedure));
        let condition = r.value == ValueType::Truth && happens;
        let whole = Series { variable: i, window: None, filter: None, row: None };
        let selected = match &r.select {
            Some(select) => self.plain(select, "select")?,
            None if drug && matches!(r.amount, Amount::Presence | Amount::Rate) => self.running(i, r.amount)?,
            None if condition => self.over_series(Aggregate::AnyTrue, &whole, "all of it")?,
            None => self.over_series(Aggregate::Last, &whole, "all of it")?,
        };
        let mut own = Vec::new();
        r.select.iter().for_each(|select| own_series(select, i, &mut own));
        let series = own.first().copied().cloned().unwrap_or(whole);
        if r.presume.is_none() {
            return Ok(selected);
        }
        let s = self.series(&series, "what is presumed")?;
        // Of several series the first stands for all in the gateway; here nothing at all may be there.
        let alone = if own.len() > 1 { Some(self.facts(i)?) } else { None };
        let presumed = self.presumed(&series, &s).unwrap_or_else(|| "null".into());
        let presumed =
            alone.map_or_else(|| presumed.clone(), |all| format!("if exists {all} then null else {presumed}"));
        Ok(format!("if {selected} is not null then {selected} else {presumed}"))
    }

    fn attested(&mut self, i: usize, expires: Option<Duration>) -> Result<String, String> {
        let whole = Series { variable: i, window: None, filter: None, row: None };
        let last = self.over_series(Aggregate::Last, &whole, "answers")?;
        let Some(d) = expires else { return Ok(last) };
        let s = self.whole(i)?;
        let clock = matches!(d.of, Calendar::Hour | Calendar::Minute);
        let (now, field) = if clock { ("Now()", "latest") } else { ("Today()", "last") };
        let until = format!("(Max(({s}) M return all M.{field}) + {} {})", d.count, super::time::unit_word(d.of));
        Ok(format!("if {now} <= {until} then {last} else null"))
    }

    /// Where nothing is known of a variable's value.
    pub(super) fn variable_nothing(&mut self, i: usize) -> String {
        let Some(variable) = self.trial.variables.get(i) else { return "(null as Boolean)".into() };
        let name = format!("\"{}: nothing\"", variable.name);
        let truth = variable.unit.is_none();
        self.named(&name, "", "Boolean", |writer| {
            Ok(match &variable.kind {
                VariableKind::Derived(e) => writer.nothing(e),
                VariableKind::Recorded(r) if r.presume.is_none() && !truth => match &r.select {
                    Some(select) => writer.nothing(select),
                    None => {
                        let whole = Series { variable: i, window: None, filter: None, row: None };
                        writer.series_nothing(&whole, "all of it", false)
                    }
                },
                _ => {
                    let value = writer.variable(i)?;
                    format!("if {value} is null then (null as Boolean) else false")
                }
            })
        })
    }

    /// The parameter of a variable's facts.
    pub(super) fn facts(&mut self, variable: usize) -> Result<String, String> {
        let (word, value, recorded) = if variable == PROBLEM_LIST {
            ("problem_list", "Boolean", None)
        } else {
            let v = self.trial.variables.get(variable).ok_or("a variable that is not there")?;
            match &v.kind {
                VariableKind::Recorded(r) => (&*v.name, value_type(r.value), Some(&**r)),
                VariableKind::Attested { answer, .. } => (&*v.name, value_type(*answer), None),
                VariableKind::Derived(_) => return Err("a derived variable has no facts".into()),
            }
        };
        let mut fields =
            format!("value {value}, read Boolean, earliest DateTime, latest DateTime, first Date, last Date");
        if recorded.is_some_and(|r| r.value == ValueType::Number) {
            fields += ", low Decimal, high Decimal";
        }
        if recorded.is_some_and(lasts) {
            fields +=
                ", past Boolean, lasts Boolean, endEarliest DateTime, endLatest DateTime, endFirst Date, endLast Date";
        }
        let name = format!("\"{word}: facts\"");
        self.parameters.insert(name.clone(), format!("List<Tuple {{ {fields} }}>"));
        Ok(name)
    }

    /// What is known of the person by now.
    pub(super) fn built_in(&mut self, name: BuiltIn) -> String {
        let (word, ty) = match name {
            BuiltIn::BirthDate => ("birth_date", "Date"),
            BuiltIn::Death => ("death", "Date"),
            BuiltIn::Sex => ("sex", "String"),
            BuiltIn::Site => ("site", "String"),
            BuiltIn::Country => ("country", "String"),
            BuiltIn::Consented => ("consented", ""),
            BuiltIn::Enrolled => ("enrolled", ""),
            BuiltIn::LastContact => ("last_contact", ""),
            BuiltIn::Arm | BuiltIn::Stratum => ("arm", "String"),
        };
        let given = format!("\"{word}: given\"");
        let tuple = "Tuple { earliest DateTime, latest DateTime, first Date, last Date }";
        let body = match ty {
            "Date" => format!("if {given} <= Today() then {given} else null"),
            "String" => given.clone(),
            _ => format!("if {given}.earliest <= Now() then {given} else null"),
        };
        self.parameters.insert(given, if ty.is_empty() { tuple } else { ty }.to_owned());
        self.define(&format!("\"{word}\""), &body, "")
    }

    fn text(&self) -> String {
        let trial = self.trial;
        let mut text = format!("library \"{}\" version '{}'\n\n", trial.id, trial.version);
        let mut remark = |words: &str| text += &format!("// {}\n", one_line(words));
        remark(&trial.study.title);
        remark("Written from the trial's definition. It may know less than the definition (null), never the opposite.");
        remark(
            "The facts of a variable are given as a list: value in the variable's unit, null where it is known in part or not",
        );
        remark(
            "understood; read: it was understood; earliest, latest, first, last: the moments and the site's dates between which its",
        );
        remark(
            "clinical time lies. A number of more than eight places is cut so that the eighth is odd. Today() is the site's.",
        );
        if !self.unsaid.is_empty() {
            remark("CQL cannot say, so it is null:");
        }
        for unsaid in &self.unsaid {
            remark(&format!("- {}: {} ({})", unsaid.name, unsaid.expression, unsaid.why));
        }
        text.push('\n');
        for (name, ty) in &self.parameters {
            text += &format!("parameter {name} {ty}\n");
        }
        text += &format!("\n{FUNCTIONS}\ncontext Unfiltered\n");
        for (name, body, remark) in &self.defines {
            text.push('\n');
            if !remark.is_empty() {
                text += &format!("// {remark}\n");
            }
            text += &format!("define {name}:\n  {body}\n");
        }
        debug_assert_eq!(PLACES, 8, "the header says so");
        text
    }
}

fn value_type(value: ValueType) -> &'static str {
    match value {
        ValueType::Number => "Decimal",
        ValueType::Truth => "Boolean",
        ValueType::Time => "Date",
        ValueType::Text => "String",
    }
}

/// The series of the variable itself in its `select`.
fn own_series<'e>(e: &'e Expr, variable: usize, found: &mut Vec<&'e Series>) {
    e.walk(&mut |e| {
        if let Kind::Aggregate(_, Source::Series(series)) = &e.kind
            && series.variable == variable
        {
            found.push(series);
        }
    });
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
