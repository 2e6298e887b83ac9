//! What is kept: verbs over one transaction, SQL, and the drivers of the databases.

pub mod contract;
