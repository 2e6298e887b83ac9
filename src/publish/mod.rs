//! What targets and clients are told, as bytes of FHIR R4: pure, and the same bytes for the same input.
