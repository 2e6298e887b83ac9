//! What people see: accounts and sessions, rights, pages as HTML, and the pages in a real browser.

mod accounts;
mod browser;
mod doors;
mod house;
mod pages;
mod parts;
