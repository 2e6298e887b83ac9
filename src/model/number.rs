//! Exact numbers: rationals, never binary floats. Small ones stay on the stack.

use super::decimal::{place_point, small_decimal};
use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive};
use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU64;
use std::ops::{Add, Mul, Neg, Sub};

/// Most digits of a decimal that is computed with; longer ones are kept as printed and not used.
pub const DIGITS_MAX: usize = 28;
/// Most characters of a decimal that is read the short way: its digits fit 64 bits.
const SHORT_DIGITS: usize = 18;
/// Largest power of ten, either way, of a decimal that is computed with.
pub const EXPONENT_MAX: i32 = 300;
/// Significant digits shown of a fraction whose decimals never end.
const SHOWN_DIGITS: u32 = 6;

/// An exact rational number in lowest terms.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(Repr);

/// Invariant: `Small` whenever numerator and denominator fit, so that equality is structural. A denominator is above
/// zero; said as such, a number takes 16 bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Small(i64, NonZeroU64),
    Big(Box<BigRational>),
}

/// Why a text is no usable decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberFault {
    /// It is not a decimal as FHIR prints one.
    NotDecimal,
    /// It has more than [`DIGITS_MAX`] digits or an exponent beyond [`EXPONENT_MAX`].
    TooLong,
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self(Repr::Small(0, NonZeroU64::MIN));
    /// One.
    pub const ONE: Self = Self(Repr::Small(1, NonZeroU64::MIN));

    /// `numerator / denominator`; `None` when the denominator is zero.
    pub fn ratio(numerator: i64, denominator: i64) -> Option<Self> {
        (denominator != 0).then(|| Self::from_i128(i128::from(numerator), i128::from(denominator)))
    }

    /// Reads a decimal as FHIR and JSON print it (`-12.10`, `1e3`), exactly.
    pub fn parse(text: &str) -> Result<Self, NumberFault> {
        match Self::parse_short(text.as_bytes()) {
            Some(short) => Ok(short),
            None => Self::parse_any(text),
        }
    }

    /// A plain decimal of few digits, as nearly all are; `None`: it has to be looked at closely.
    fn parse_short(text: &[u8]) -> Option<Self> {
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        if digits.len() > SHORT_DIGITS {
            return None;
        }
        let (mut mantissa, mut point) = (0_i64, digits.len());
        for (i, byte) in digits.iter().enumerate() {
            match byte {
                // So few digits never overflow.
                b'0'..=b'9' => mantissa = mantissa.wrapping_mul(10).wrapping_add(i64::from(byte - b'0')),
                b'.' if point == digits.len() => point = i,
                _ => return None,
            }
        }
        let places = digits.len().saturating_sub(point + 1);
        if point == 0 || point + 1 == digits.len() {
            return None;
        }
        if digits.len() < text.len() {
            mantissa = -mantissa;
        }
        Self::in_tenths(mantissa, u32::try_from(places).ok()?)
    }

    /// So many tenths of tenths, in lowest terms: of ten's two factors each is taken out as often as it is there.
    fn in_tenths(mut mantissa: i64, places: u32) -> Option<Self> {
        if mantissa == 0 {
            return Some(Self::ZERO);
        }
        let twos = mantissa.trailing_zeros().min(places);
        mantissa >>= twos;
        let mut fives = places;
        while fives > 0 && mantissa % 5 == 0 {
            mantissa /= 5;
            fives -= 1;
        }
        let denominator = 5_u64.checked_pow(fives)?.checked_shl(places - twos)?;
        Some(Self(Repr::Small(mantissa, NonZeroU64::new(denominator)?)))
    }

    fn parse_any(text: &str) -> Result<Self, NumberFault> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((m, e)) => (m, e.parse::<i32>().map_err(|_| exponent_fault(e))?),
            None => (text, 0),
        };
        let (sign, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let ends_in_point = digits.contains('.') && fraction.is_empty();
        if whole.is_empty() || ends_in_point || !all_digits(whole) || !all_digits(fraction) {
            return Err(NumberFault::NotDecimal);
        }
        let digits = || whole.bytes().chain(fraction.bytes());
        let count = whole.len() + fraction.len();
        if count > 64 || count - digits().take_while(|b| *b == b'0').count() > DIGITS_MAX {
            return Err(NumberFault::TooLong);
        }
        let scale = exponent.saturating_sub(i32::try_from(fraction.len()).unwrap_or(i32::MAX));
        if scale.abs() > EXPONENT_MAX {
            return Err(NumberFault::TooLong);
        }
        // At most 28 digits are left: they fit.
        let value = digits().fold(0_i128, |n, b| n * 10 + i128::from(b - b'0'));
        Ok(Self::decimal(sign * value, scale))
    }

    /// `mantissa × 10^exponent`.
    pub fn decimal(mantissa: i128, exponent: i32) -> Self {
        if let Some(power) = 10_i128.checked_pow(exponent.unsigned_abs()) {
            if exponent <= 0 {
                return Self::from_i128(mantissa, power);
            }
            if let Some(product) = mantissa.checked_mul(power) {
                return Self::from_i128(product, 1);
            }
        }
        let power = num_traits::pow(BigInt::from(10), exponent.unsigned_abs() as usize);
        let mantissa = BigInt::from(mantissa);
        Self::from_big(if exponent < 0 {
            BigRational::new(mantissa, power)
        } else {
            BigRational::from_integer(mantissa * power)
        })
    }

    /// The quotient; `None` when `other` is zero.
    pub fn checked_div(&self, other: &Self) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        Some(match (&self.0, &other.0) {
            (Repr::Small(a, b), Repr::Small(c, d)) => {
                Self::from_i128(i128::from(*a) * i128::from(d.get()), i128::from(b.get()) * i128::from(*c))
            }
            _ => Self::from_big(self.big() / other.big()),
        })
    }

    /// An integer power; `None` for zero to a negative power or an exponent beyond 64.
    pub fn checked_pow(&self, exponent: i32) -> Option<Self> {
        if exponent.abs() > 64 || (exponent < 0 && self.is_zero()) {
            return None;
        }
        let mut power = Self::ONE;
        for _ in 0..exponent.abs() {
            power = &power * self;
        }
        if exponent < 0 { Self::ONE.checked_div(&power) } else { Some(power) }
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        matches!(self.0, Repr::Small(0, _))
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Small(n, _) => *n < 0,
            Repr::Big(b) => b.is_negative(),
        }
    }

    /// Whether it is a whole number.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Small(_, d) => d.get() == 1,
            Repr::Big(b) => b.is_integer(),
        }
    }

    /// The distance from zero.
    pub fn abs(&self) -> Self {
        if self.is_negative() { -self } else { self.clone() }
    }

    /// The greatest whole number that is not above it.
    pub fn floor(&self) -> Self {
        match &self.0 {
            Repr::Small(n, d) => Self::from(n.div_floor(&d.get().cast_signed())),
            Repr::Big(b) => Self::from_big(b.floor()),
        }
    }

    /// The least whole number that is not below it.
    pub fn ceil(&self) -> Self {
        -&(-self).floor()
    }

    /// The whole part, towards zero.
    pub fn truncate(&self) -> Self {
        if self.is_negative() { self.ceil() } else { self.floor() }
    }

    /// Rounded to `places` decimals, halves away from zero, as CQL's `Round` does.
    pub fn round(&self, places: u32) -> Self {
        let scale = Self::decimal(1, i32::try_from(places.min(64)).unwrap_or(64));
        let shifted = &(&self.abs() * &scale) + &Self::decimal(5, -1);
        let rounded = shifted.floor().checked_div(&scale).unwrap_or(Self::ZERO);
        if self.is_negative() { -&rounded } else { rounded }
    }

    /// As a whole number of 64 bits, when it is one.
    pub fn to_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Small(n, d) if d.get() == 1 => Some(*n),
            _ => None,
        }
    }

    /// As decimal text when its decimals end, as JSON and FHIR print it; else `None`.
    pub fn to_decimal(&self) -> Option<String> {
        if let Repr::Small(n, d) = self.0
            && let Some(quick) = small_decimal(n, d)
        {
            return quick.map(|digits| digits.as_str().to_owned());
        }
        let (numerator, denominator) = self.parts();
        let (mut rest, mut places) = (denominator.clone(), 0_u32);
        for prime in [2_u8, 5] {
            let prime = BigInt::from(prime);
            let mut count = 0_u32;
            while rest.is_multiple_of(&prime) {
                rest /= &prime;
                count += 1;
            }
            places = places.max(count);
        }
        if !rest.is_one() {
            return None;
        }
        let scaled = numerator * num_traits::pow(BigInt::from(10), places as usize) / denominator;
        Some(place_point(&scaled, places))
    }

    /// Numerator and denominator in lowest terms, as decimal text; the denominator is above zero.
    pub fn fraction(&self) -> (String, String) {
        let (numerator, denominator) = self.parts();
        (numerator.to_string(), denominator.to_string())
    }

    fn parts(&self) -> (BigInt, BigInt) {
        match &self.0 {
            Repr::Small(n, d) => (BigInt::from(*n), BigInt::from(d.get())),
            Repr::Big(b) => (b.numer().clone(), b.denom().clone()),
        }
    }

    fn big(&self) -> BigRational {
        let (n, d) = self.parts();
        BigRational::new_raw(n, d)
    }

    fn from_i128(numerator: i128, denominator: i128) -> Self {
        // Division of 64 bits is many times faster, and nearly all numbers are small.
        if let Some(small) = Self::small_of(numerator, denominator) {
            return small;
        }
        let common = numerator.gcd(&denominator).max(1);
        let sign = if denominator < 0 { -1 } else { 1 };
        let (n, d) = (sign * (numerator / common), sign * (denominator / common));
        Self::small_of(n, d).unwrap_or_else(|| Self(Repr::Big(Box::new(BigRational::new_raw(n.into(), d.into())))))
    }

    /// A quotient of two numbers of 64 bits, the lower one above zero; `None`: they are not.
    fn small_of(numerator: i128, denominator: i128) -> Option<Self> {
        let (n, d) = (i64::try_from(numerator).ok()?, i64::try_from(denominator).ok()?);
        (n != i64::MIN && d > 0).then(|| NonZeroU64::new(d.cast_unsigned()).map(|d| Self::small(n, d))).flatten()
    }

    fn small(n: i64, d: NonZeroU64) -> Self {
        if d.get() == 1 {
            return Self(Repr::Small(n, d));
        }
        let common = common_divisor(n.unsigned_abs(), d);
        let lowest = NonZeroU64::new(d.get() / common).unwrap_or(NonZeroU64::MIN);
        Self(Repr::Small(n / common.cast_signed(), lowest))
    }

    fn from_big(big: BigRational) -> Self {
        let small = big.numer().to_i128().zip(big.denom().to_i128()).and_then(|(n, d)| Self::small_of(n, d));
        small.unwrap_or_else(|| Self(Repr::Big(Box::new(big))))
    }

    /// Rounded to a few significant digits, for a person to read.
    fn approximate(&self) -> String {
        let mut places = SHOWN_DIGITS;
        let mut scaled = self.abs();
        let tenth = Self::decimal(1, -1);
        while !scaled.is_zero() && scaled < tenth && places < 40 {
            scaled = &scaled * &Self::from(10);
            places += 1;
        }
        let whole_digits = self.abs().floor().to_string().len();
        if self.abs() >= Self::ONE {
            places = places.saturating_sub(u32::try_from(whole_digits).unwrap_or(places));
        }
        self.round(places).to_decimal().unwrap_or_default()
    }
}

/// The greatest common divisor of a number and a denominator that is not zero. After one division both are as small
/// as the denominator, which it mostly is; then by halving and subtracting.
fn common_divisor(numerator: u64, denominator: NonZeroU64) -> u64 {
    let (mut a, mut b) = (denominator.get(), numerator % denominator);
    if b == 0 {
        return a;
    }
    let twos = (a | b).trailing_zeros();
    a >>= a.trailing_zeros();
    loop {
        b >>= b.trailing_zeros();
        (a, b) = (a.min(b), a.abs_diff(b));
        if b == 0 {
            return a << twos;
        }
    }
}

/// An exponent of too many digits is a decimal that is too long; anything else is none.
fn exponent_fault(exponent: &str) -> NumberFault {
    let digits = exponent.trim_start_matches(['+', '-']);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        NumberFault::TooLong
    } else {
        NumberFault::NotDecimal
    }
}

impl Number {
    /// All of it: a decimal, or a fraction such as `25/3` where its decimals do not end.
    pub fn exactly(&self) -> String {
        self.to_decimal().unwrap_or_else(|| {
            let (numerator, denominator) = self.fraction();
            format!("{numerator}/{denominator}")
        })
    }
}

impl fmt::Display for Number {
    /// Exact when the decimals end; else `≈` and six significant digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Repr::Small(n, d) = self.0
            && let Some(Some(digits)) = small_decimal(n, d)
        {
            return f.write_str(digits.as_str());
        }
        match self.to_decimal() {
            Some(exact) => f.write_str(&exact),
            None => write!(f, "≈{}", self.approximate()),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, d) = self.parts();
        if d.is_one() { write!(f, "{n}") } else { write!(f, "{n}/{d}") }
    }
}

impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        Self::from_i128(i128::from(whole), 1)
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Small(a, b), Repr::Small(c, d)) if b == d => a.cmp(c),
            (Repr::Small(a, b), Repr::Small(c, d)) => {
                (i128::from(*a) * i128::from(d.get())).cmp(&(i128::from(*c) * i128::from(b.get())))
            }
            _ => self.big().cmp(&other.big()),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Neg for &Number {
    type Output = Number;

    fn neg(self) -> Number {
        match &self.0 {
            Repr::Small(n, d) => Number(Repr::Small(-n, *d)),
            Repr::Big(b) => Number::from_big(-b.as_ref()),
        }
    }
}

impl Add for &Number {
    type Output = Number;

    fn add(self, other: Self) -> Number {
        match (&self.0, &other.0) {
            (Repr::Small(a, b), Repr::Small(c, d)) => {
                let (a, b, c, d) = (i128::from(*a), i128::from(b.get()), i128::from(*c), i128::from(d.get()));
                match (a * d).checked_add(c * b) {
                    Some(sum) => Number::from_i128(sum, b * d),
                    None => Number::from_big(self.big() + other.big()),
                }
            }
            _ => Number::from_big(self.big() + other.big()),
        }
    }
}

impl Sub for &Number {
    type Output = Number;

    fn sub(self, other: Self) -> Number {
        self + &-other
    }
}

impl Mul for &Number {
    type Output = Number;

    fn mul(self, other: Self) -> Number {
        match (&self.0, &other.0) {
            (Repr::Small(a, b), Repr::Small(c, d)) => {
                Number::from_i128(i128::from(*a) * i128::from(*c), i128::from(b.get()) * i128::from(d.get()))
            }
            _ => Number::from_big(self.big() * other.big()),
        }
    }
}
