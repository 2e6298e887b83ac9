//! A trial, a person's readings and a moment become a verdict with its evidence: a pure function.

mod arithmetic;
mod clock;
mod diagram;
mod dose;
mod evidence;
mod expression;
mod formula;
mod lasting;
mod missing;
mod names;
mod near;
mod roots;
mod row;
mod run;
mod scene;
mod series;
mod treatment;
mod value;
mod walk;
mod window;

pub use evidence::received;
pub use run::{Choice, Moment, evaluate};
pub use treatment::treatment;
