//! How a received unit became a variable's, in words, for whoever looks at a number.

use super::plan::Plan;
use super::quantity::way;
use crate::model::fact::{Fact, FactValue, ReceivedUnit};

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
        let offset = if way.offset.is_zero() { String::new() } else { format!(", plus {}", way.offset.exactly()) };
        Some(format!("{sent} to {target}: times {}{offset}", way.factor.exactly()))
    }
}
