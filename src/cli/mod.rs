//! A door: the command line. One file per subcommand; nothing is opened here but the files it is given.

pub mod args;
pub mod audit;
pub mod backtest;
pub mod check;
pub mod client;
pub mod codes;
pub mod cql;
pub mod diff;
pub mod evaluate;
pub mod expand;
pub mod explain;
pub mod export;
pub mod files;
pub mod import;
pub mod init;
pub mod keys;
pub mod migrate;
pub mod outbox;
pub mod print;
pub mod probe;
pub mod pull;
pub mod set_aside;
pub mod source;
pub mod user;
pub mod waiting;
