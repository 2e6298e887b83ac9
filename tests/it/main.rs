//! One test binary: a file per room, and the rules of the house.

mod decide;
mod flow;
mod program;
mod tidy;
