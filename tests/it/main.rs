//! All tests of the package, one file or folder per room.

mod http;
mod intake;
