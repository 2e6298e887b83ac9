//! One test binary: a file or folder per room, the program as a whole, and the rules of the house.

#![allow(unreachable_pub, reason = "helpers of a test folder are shared below one binary")]
#![allow(clippy::type_complexity, clippy::float_arithmetic, reason = "tables of cases, and values that are only made")]

mod authority;
mod channels;
mod conformance;
mod coordinator;
mod decide;
mod definitions;
mod evaluate;
mod exports;
mod figures;
mod flow;
mod hl7;
mod http;
mod identity;
mod intake;
mod left_out;
mod limits;
mod link;
mod maps;
mod model;
mod normalize;
mod outcomes;
mod peers;
mod place;
mod program;
mod projections;
mod publish;
mod pull;
mod reality;
mod settings;
mod store;
mod tidy;
mod trial;
