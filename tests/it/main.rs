//! One test binary: a file per room, and the rules of the house.

mod tidy;
