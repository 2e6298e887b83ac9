//! What goes out to a target: pure data, ready to be sent.

/// One request to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// What to do with it.
    pub action: Action,
    /// FHIR type, such as `ResearchSubject`.
    pub resource_type: &'static str,
    /// The id that we chose, which is also the value of its identifier.
    pub id: String,
    /// The system of its identifier, for a conditional update.
    pub identifier_system: String,
    /// The body; empty for a removal.
    pub body: Vec<u8>,
}

/// What a parcel asks of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// It should be there, just so.
    Put,
    /// It should not be there.
    Delete,
    /// Nothing of it was or is to be told to this target.
    Nothing,
}
