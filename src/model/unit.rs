//! Units of measure by UCUM, with exact factors. The only file that knows the UCUM library.
//!
//! UCUM ignores what stands in braces; medicine does not. Annotations are compared by one rule:
//! below a division line, and behind a denominator, they must be the same on both sides
//! (`mL/min/{1.73_m2}` is not `mL/min`, `ng/mL{FEU}` is not `ng/mL`); in a numerator one side
//! may be silent (`{cells}/uL` is `/uL`), but two different ones are two different units.
//!
//! UCUM takes a mole for a plain number of things; medicine does not. Amounts of substance are a
//! dimension here: `mmol/L` is no cell count, and `mmol/mol` is no `%`.

use super::interval::Interval;
use super::number::Number;
use super::words::Words;
use octofhir_ucum::{Dimension, SpecialKind, UnitExpr};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, RwLock};

/// Longest unit code that is looked at.
pub const UNIT_CODE_MAX: usize = 100;
/// Most pairs of units whose conversion is remembered; beyond them it is worked out each time.
pub const UNIT_CACHE_MAX: usize = 4096;

/// A unit that UCUM knows, worked out once.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    code: Words,
    dimension: Dimension,
    arbitrary: Vec<(&'static str, i32)>,
    /// The power of moles.
    moles: i32,
    factor: Number,
    offset: Number,
    numerator_notes: Vec<String>,
    denominator_notes: Vec<String>,
}

/// Why a unit, or a pair of units, is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitFault {
    /// UCUM does not know the code.
    NotUcum(String),
    /// A logarithmic or other special scale, with which nothing is computed.
    Special(String),
    /// The two measure different things: what the first and the second measure.
    Dimension(String, String),
    /// The braces say different things.
    Annotation(String, String),
}

impl fmt::Display for UnitFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUcum(code) => write!(f, "`{code}` is no UCUM unit"),
            Self::Special(code) => write!(f, "`{code}` is a special scale that is not computed with"),
            Self::Dimension(from, to) => write!(f, "{from} cannot become {to}"),
            Self::Annotation(from, to) => write!(f, "`{from}` and `{to}` differ in what stands in braces"),
        }
    }
}

/// How to turn a number of one unit into another: `value × factor + offset`, both exact.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversion {
    /// What to multiply with.
    pub factor: Number,
    /// What to add then; zero but for temperatures.
    pub offset: Number,
}

impl Conversion {
    /// The number in the other unit.
    pub fn apply(&self, value: &Number) -> Number {
        let product = value * &self.factor;
        if self.offset.is_zero() { product } else { &product + &self.offset }
    }

    /// The same of what is known in part.
    pub fn apply_to(&self, value: &Interval) -> Interval {
        value.mul(&Interval::exact(self.factor.clone())).add(&Interval::exact(self.offset.clone()))
    }
}

impl Unit {
    /// The unit 1.
    pub fn one() -> Self {
        Self {
            code: "1".into(),
            dimension: Dimension::zero(),
            arbitrary: Vec::new(),
            moles: 0,
            factor: Number::ONE,
            offset: Number::ZERO,
            numerator_notes: Vec::new(),
            denominator_notes: Vec::new(),
        }
    }

    /// Reads a UCUM code.
    pub fn parse(code: &str) -> Result<Self, UnitFault> {
        let unknown = || UnitFault::NotUcum(code.chars().take(UNIT_CODE_MAX).collect());
        if code.is_empty() || code.len() > UNIT_CODE_MAX {
            return Err(unknown());
        }
        let tree = octofhir_ucum::parse_expression(code).map_err(|_| unknown())?;
        let meaning = octofhir_ucum::evaluate(&tree).map_err(|_| unknown())?;
        let (factor, offset) = match &meaning.special {
            None => (exact_factor(&tree).ok_or_else(unknown)?, Number::ZERO),
            Some(special) => {
                temperature(special.unit.special, &special.scale).ok_or_else(|| UnitFault::Special(code.into()))?
            }
        };
        let (mut above, mut below) = (Vec::new(), Vec::new());
        annotations(&tree, false, &mut above, &mut below);
        Ok(Self {
            code: code.into(),
            dimension: meaning.dim,
            arbitrary: meaning.arbitrary,
            moles: moles(&tree),
            factor,
            offset,
            numerator_notes: above,
            denominator_notes: below,
        })
    }

    /// The code as written.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The code, to be shared.
    pub fn words(&self) -> Words {
        self.code.clone()
    }

    /// Whether it is a plain number: no dimension, no arbitrary unit.
    pub fn is_number(&self) -> bool {
        self.dimension.is_dimensionless() && self.arbitrary.is_empty() && self.moles == 0
    }

    /// Whether it is the unit 1 itself, or only words in braces.
    pub fn is_one(&self) -> bool {
        self.is_number() && self.factor == Number::ONE
    }

    /// Whether it is percent.
    pub fn is_percent(&self) -> bool {
        self.is_number() && Some(&self.factor) == Number::ratio(1, 100).as_ref()
    }

    /// What it measures, for a sentence: `M.L-3`, `1`, `[iU].L-3`.
    pub fn measures(&self) -> String {
        let mut words = vec![self.dimension.to_string()];
        words.extend((self.moles != 0).then(|| format!("mol^{}", self.moles)));
        words.extend(self.arbitrary.iter().map(|(atom, power)| format!("{atom}^{power}")));
        format!("`{}` ({})", self.code, words.join("."))
    }

    /// The exact way from this unit to `target`.
    pub fn conversion(&self, target: &Self) -> Result<Conversion, UnitFault> {
        let kind = |u: &Self| (u.dimension, u.moles);
        if kind(self) != kind(target) || self.arbitrary != target.arbitrary {
            return Err(UnitFault::Dimension(self.measures(), target.measures()));
        }
        let clash = |a: &[String], b: &[String]| !a.is_empty() && !b.is_empty() && a != b;
        if self.denominator_notes != target.denominator_notes || clash(&self.numerator_notes, &target.numerator_notes) {
            return Err(UnitFault::Annotation(self.code.to_string(), target.code.to_string()));
        }
        let divide = |n: &Number| n.checked_div(&target.factor).unwrap_or(Number::ZERO);
        Ok(Conversion { factor: divide(&self.factor), offset: divide(&(&self.offset - &target.offset)) })
    }

    /// The unit of a product, for the type check of expressions.
    pub fn times(&self, other: &Self) -> Result<Self, UnitFault> {
        Self::parse(&match (self.is_plain(), other.is_plain()) {
            (true, _) => other.code.to_string(),
            (_, true) => self.code.to_string(),
            _ => format!("{}.{}", self.part(), other.part()),
        })
    }

    /// The unit of a quotient.
    pub fn per(&self, other: &Self) -> Result<Self, UnitFault> {
        if self.code == other.code {
            return Ok(Self::one());
        }
        Self::parse(&match (self.is_plain(), other.is_plain()) {
            (_, true) => self.code.to_string(),
            (true, _) => format!("1/{}", other.part()),
            _ => format!("{}/{}", self.part(), other.part()),
        })
    }

    /// The code as one part of a larger one: in parentheses when it has parts itself.
    fn part(&self) -> String {
        match self.code.strip_prefix('/') {
            // Inside a larger code nothing may begin with a slash.
            Some(below) => format!("(1/{below})"),
            None if self.code.contains(['.', '/']) => format!("({})", self.code),
            None => self.code.to_string(),
        }
    }

    fn is_plain(&self) -> bool {
        self.code == "1"
    }
}

type Cache = RwLock<HashMap<(String, String), Result<Arc<Conversion>, UnitFault>>>;
static CONVERSIONS: LazyLock<Cache> = LazyLock::new(Cache::default);

/// The exact way from the UCUM code of a result to another, remembered. A result sent as a ratio of substances is no
/// plain ratio: of HbA1c, `mmol/mol` and `%` differ by more than a factor.
pub fn conversion(from: &str, to: &str) -> Result<Arc<Conversion>, UnitFault> {
    let key = (from.to_owned(), to.to_owned());
    if let Ok(cache) = CONVERSIONS.read()
        && let Some(known) = cache.get(&key)
    {
        return known.clone();
    }
    let ratio = |unit: &Unit| unit.is_number() && unit.code.contains("mol");
    let way = |from: &Unit, to: &Unit| match ratio(from) == ratio(to) {
        true => from.conversion(to),
        false => Err(UnitFault::Dimension(from.measures(), to.measures())),
    };
    let found = Unit::parse(from).and_then(|f| Unit::parse(to).and_then(|t| way(&f, &t))).map(Arc::new);
    if let Ok(mut cache) = CONVERSIONS.write()
        && cache.len() < UNIT_CACHE_MAX
    {
        cache.insert(key, found.clone());
    }
    found
}

/// The factor to base units as an exact rational. The library rounds quotients to 28 digits;
/// single symbols are exact, so the tree is walked and only they are asked for.
fn exact_factor(tree: &UnitExpr) -> Option<Number> {
    match tree {
        UnitExpr::Symbol(_) => {
            let known = octofhir_ucum::evaluate(tree).ok()?;
            known.special.is_none().then(|| library_number(known.factor))
        }
        UnitExpr::Numeric(n) => Some(library_number(*n)),
        UnitExpr::Power(base, power) => exact_factor(base)?.checked_pow(*power),
        UnitExpr::Annotation(_) => Some(Number::ONE),
        UnitExpr::Annotated(inner, _) => exact_factor(inner),
        UnitExpr::Product(parts) => parts.iter().try_fold(Number::ONE, |so_far, p| Some(&so_far * &exact_factor(p)?)),
        UnitExpr::Quotient(a, b) => exact_factor(a)?.checked_div(&exact_factor(b)?),
        UnitExpr::Reciprocal(inner) => Number::ONE.checked_div(&exact_factor(inner)?),
    }
}

fn library_number(number: octofhir_ucum::Number) -> Number {
    let (mantissa, exponent) = number.to_integer_and_exponent();
    Number::decimal(mantissa, exponent)
}

/// UCUM's atoms that are moles, or defined by them, with or without a prefix.
const MOLAR: [&str; 5] = ["mol", "eq", "osm", "kat", "U"];

/// The power of moles that a code comes to.
fn moles(tree: &UnitExpr) -> i32 {
    match tree {
        // The astronomic unit ends like the unit of enzymes.
        UnitExpr::Symbol(symbol) => i32::from(MOLAR.iter().any(|m| symbol.ends_with(m)) && symbol != "AU"),
        UnitExpr::Product(parts) => parts.iter().map(moles).sum(),
        UnitExpr::Quotient(a, b) => moles(a) - moles(b),
        UnitExpr::Reciprocal(inner) => -moles(inner),
        UnitExpr::Power(inner, power) => moles(inner).saturating_mul(*power),
        UnitExpr::Annotated(inner, _) => moles(inner),
        UnitExpr::Numeric(_) | UnitExpr::Annotation(_) => 0,
    }
}

/// Kelvins per degree and kelvins at zero of the temperature scales, exactly.
fn temperature(kind: SpecialKind, scale: &octofhir_ucum::Number) -> Option<(Number, Number)> {
    let (per_degree, at_zero) = match kind {
        SpecialKind::Celsius => (Number::ONE, Number::ratio(27_315, 100)?),
        SpecialKind::Fahrenheit => (Number::ratio(5, 9)?, Number::ratio(45_967 * 5, 900)?),
        _ => return None,
    };
    Some((&per_degree * &library_number(*scale), at_zero))
}

fn annotations(tree: &UnitExpr, below: bool, numerator: &mut Vec<String>, denominator: &mut Vec<String>) {
    match tree {
        UnitExpr::Annotation(note) => if below { denominator } else { numerator }.push(note.clone()),
        UnitExpr::Annotated(inner, note) => {
            annotations(inner, below, numerator, denominator);
            if below { denominator } else { numerator }.push(note.clone());
        }
        UnitExpr::Product(parts) => parts.iter().for_each(|p| annotations(p, below, numerator, denominator)),
        UnitExpr::Quotient(a, b) => {
            annotations(a, below, numerator, denominator);
            annotations(b, !below, numerator, denominator);
        }
        UnitExpr::Reciprocal(inner) => annotations(inner, !below, numerator, denominator),
        UnitExpr::Power(inner, power) => annotations(inner, below ^ (*power < 0), numerator, denominator),
        UnitExpr::Symbol(_) | UnitExpr::Numeric(_) => {}
    }
}
