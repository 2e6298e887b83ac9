//! One test binary: a file per room, and the rules of the house.

mod decide;
mod flow;
mod link;
mod program;
mod publish;
mod tidy;
