//! A door: the command line. One file per subcommand's words; nothing is opened here.

pub mod args;
