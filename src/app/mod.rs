//! The only place that wires: settings → store → rooms → tasks → router → shutdown.

pub mod commands;
pub mod demo;
pub mod exports;
pub mod queues;
pub mod run;
pub mod serve;
pub mod settings;
pub mod story;
pub mod tell;
pub mod trials;
pub mod users;
pub mod wire;
