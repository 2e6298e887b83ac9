//! What people see: accounts and sessions, rights, pages as HTML, and the pages in a real browser.

mod accounts;
mod browser;
mod cohort;
mod described;
mod doors;
pub mod house;
mod outcomes;
mod pages;
mod parts;
