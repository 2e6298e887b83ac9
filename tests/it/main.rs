//! One test binary: a file or folder per room, the program as a whole, and the rules of the house.

mod decide;
mod flow;
mod http;
mod intake;
mod link;
mod program;
mod publish;
mod store;
mod tidy;
