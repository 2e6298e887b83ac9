//! Truth with three values, by the tables of CQL 1.5 (section 20, Logical operators).

/// What is known of a statement. `Unknown` is CQL's null and is never read as yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Truth {
    /// It does not hold.
    False,
    /// The data at hand cannot say.
    Unknown,
    /// It holds.
    True,
}

impl Truth {
    /// CQL `and`: false wins over unknown.
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// CQL `or`: true wins over unknown.
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// CQL `xor`: unknown when either side is.
    pub fn xor(self, other: Self) -> Self {
        match (self.known(), other.known()) {
            (Some(a), Some(b)) => Self::from(a != b),
            _ => Self::Unknown,
        }
    }

    /// CQL `implies`: a false premise makes it true.
    pub fn implies(self, other: Self) -> Self {
        (!self).or(other)
    }

    /// True when `n` of the truths are, false when fewer than `n` are true or unknown.
    pub fn at_least(n: usize, truths: impl IntoIterator<Item = Self>) -> Self {
        let (mut sure, mut open) = (0, 0);
        for truth in truths {
            match truth {
                Self::True => sure += 1,
                Self::Unknown => open += 1,
                Self::False => {}
            }
        }
        if sure >= n {
            Self::True
        } else if sure + open < n {
            Self::False
        } else {
            Self::Unknown
        }
    }

    /// The plain truth, when there is one.
    pub fn known(self) -> Option<bool> {
        match self {
            Self::True => Some(true),
            Self::False => Some(false),
            Self::Unknown => None,
        }
    }

    /// The word of the interfaces: `true`, `false`, `unknown`.
    pub fn word(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Unknown => "unknown",
        }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(plain: bool) -> Self {
        if plain { Self::True } else { Self::False }
    }
}

impl From<Option<bool>> for Truth {
    fn from(plain: Option<bool>) -> Self {
        plain.map_or(Self::Unknown, Self::from)
    }
}
