//! One test binary: a file per room.

mod decide;
mod link;
mod publish;
