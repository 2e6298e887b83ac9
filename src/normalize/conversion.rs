//! How a received unit became a variable's, in words, for whoever looks at a number.

use super::plan::Plan;
use super::quantity::way;
use crate::model::fact::{Fact, FactValue, ReceivedUnit};
use crate::model::number::Number;

impl Plan {
    /// What was done to a fact's number, such as `g/dL to g/L: times 10`; `None`: nothing.
    pub fn conversion(&self, variable: usize, fact: &Fact) -> Option<String> {
        let variable = self.variables.get(variable)?;
        let FactValue::Quantity { unit, .. } = &fact.draft.value else { return None };
        let way = way(variable, self.terms.of(&fact.source), &fact.draft.code, unit).ok()?;
        let target = variable.unit.as_ref()?.code();
        let sent = match unit {
            ReceivedUnit::None => "no unit",
            named => named.as_written(),
        };
        let Some(way) = way else { return (sent != target).then(|| format!("{sent} read as {target}")) };
        let exactly = |n: &Number| {
            n.to_decimal().unwrap_or_else(|| {
                let (numerator, denominator) = n.fraction();
                format!("{numerator}/{denominator}")
            })
        };
        let offset = if way.offset.is_zero() { String::new() } else { format!(", plus {}", exactly(&way.offset)) };
        Some(format!("{sent} to {target}: times {}{offset}", exactly(&way.factor)))
    }
}
