//! A definition tried on people before it is in force: cases, a whole population, and what an amendment would change.

pub mod backtest;
pub mod cases;
pub mod diff;
pub mod rehearse;
