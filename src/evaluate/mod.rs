//! A trial, a person's readings and a moment become a verdict with its evidence: a pure function.

mod arithmetic;
mod cells;
mod clock;
mod diagram;
mod dose;
mod events;
mod evidence;
mod exposure;
mod expression;
mod followed;
mod formula;
mod grades;
mod lasting;
mod missing;
mod names;
mod near;
mod outcomes;
mod roots;
mod row;
mod run;
mod scene;
mod series;
mod treatment;
mod value;
mod visits;
mod walk;
mod window;

pub use evidence::received;
pub use outcomes::outcomes;
pub use run::{Choice, Moment, evaluate};
pub use treatment::treatment;
