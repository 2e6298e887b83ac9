//! Foreign validators and clients: what others make of what is served.

pub mod collect;
