//! The rule language of Lanner: conditions and output formats from text to evaluation.
//!
//! Text becomes a tree ([`parse`], [`ast`]), the tree a typed condition ([`check`]), the conditions of one source one
//! compiled set ([`compile`]). [`mod@format`] does the same for output formats. Nothing here does I/O, knows a source or a
//! plugin: the host describes fields and events in a [`scheme`] and hands over values through [`value::Extract`].
#![forbid(unsafe_code)]

pub mod ast;
pub mod attack;
pub mod check;
pub mod compile;
pub mod effect;
pub mod enforce;
pub mod explain;
pub mod format;
pub mod layout;
mod lint;
pub mod load;
mod matcher;
pub mod naive;
pub mod parse;
mod render;
pub mod report;
pub mod scheme;
mod source;
pub mod value;
pub mod yaml;
