//! The decimal text of exact numbers.

use num_bigint::BigInt;
use num_traits::Signed;
use std::num::NonZeroU64;

/// Room for the decimal text of a number of 64 bits: sign, `0.`, and at most 19 places or digits each way.
const ROOM: usize = 40;

/// Digits written from the back of a little room, without an allocation.
pub(super) struct Digits {
    room: [u8; ROOM],
    from: usize,
}

impl Digits {
    fn put(&mut self, byte: u8) {
        self.from -= 1;
        self.room[self.from] = byte;
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.room[self.from..]).unwrap_or_default()
    }
}

/// The decimal text of a small number, within what 64 bits hold; outer `None`: they do not. Inner `None`: it never ends.
pub(super) fn small_decimal(numerator: i64, denominator: NonZeroU64) -> Option<Option<Digits>> {
    let (twos, mut rest) = (denominator.trailing_zeros(), denominator.get() >> denominator.trailing_zeros());
    let mut fives = 0;
    while rest % 5 == 0 {
        (rest, fives) = (rest / 5, fives + 1);
    }
    if rest != 1 {
        return Some(None);
    }
    let places = twos.max(fives);
    let power = 10_u64.checked_pow(places)?;
    let mut scaled = numerator.unsigned_abs().checked_mul(power / denominator)?;
    let mut digits = Digits { room: [0; ROOM], from: ROOM };
    for place in 0.. {
        if place == places && places > 0 {
            digits.put(b'.');
        }
        if place > places && scaled == 0 {
            break;
        }
        digits.put(b'0' + (scaled % 10) as u8);
        scaled /= 10;
    }
    if numerator < 0 {
        digits.put(b'-');
    }
    Some(Some(digits))
}

pub(super) fn place_point(scaled: &BigInt, places: u32) -> String {
    let sign = if scaled.is_negative() { "-" } else { "" };
    let digits = format!("{:0>width$}", scaled.abs(), width = places as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places as usize);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}
