//! Tests of rules as data: case files say which events come and which alerts they must raise.
//!
//! In the order data flows: a file is read with the place of everything in it ([`mod@file`]), its tables become rows with
//! their parameters filled in ([`params`], [`row`]), the program runs each row's events through plugins and rules, and what
//! was raised is compared with what was expected ([`judge`]). Nothing here runs events or prints; see `app/test`.

pub mod diagnostic;
pub mod expect;
pub mod file;
pub mod judge;
mod keys;
pub mod mutate;
pub mod params;
pub mod payload;
pub mod report;
pub mod row;
pub mod schema;
mod script;
mod world;
