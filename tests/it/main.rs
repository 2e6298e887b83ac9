//! One test binary: a file or folder per room, the program as a whole, and the rules of the house.

mod decide;
mod evaluate;
mod flow;
mod http;
mod intake;
mod link;
mod normalize;
mod program;
mod publish;
mod store;
mod tidy;
mod trial;
