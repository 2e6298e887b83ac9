//! May person data be used for this purpose? Closed unless a ground is stated.

use crate::model::change::Refused;
use crate::model::purpose::Purpose;

/// What a site states for one trial and one source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grounds {
    /// Purposes with a stated ground; one never stands for another.
    pub stated: Vec<Purpose>,
    /// An active Consent of the person for this trial is at hand.
    pub consented: bool,
}

/// Whether a purpose is permitted. An objection closes all of them, and `screen` rests on this trial's consent alone.
pub fn permitted(grounds: &Grounds, objected: bool, purpose: Purpose) -> Result<(), Refused> {
    let refuse = |text: String| Err(Refused { transition: "purpose", text });
    let word = purpose.word();
    if objected {
        return refuse(format!("purpose {word}: the person objected to research; no purpose is open"));
    }
    match purpose {
        Purpose::Screen if grounds.consented => Ok(()),
        Purpose::Screen => refuse("purpose screen: found no active consent for this trial; wanted one".into()),
        _ if grounds.stated.contains(&purpose) => Ok(()),
        _ => refuse(format!(
            "purpose {word}: no ground is stated for this trial and source; wanted `{word}` among the stated purposes"
        )),
    }
}
