//! Events as rules see them: which fields a source has, who answers for them, and the rules that ask.

mod enforce;
pub mod explain;
pub mod extractor;
mod facts;
pub mod filter;
mod former;
pub mod generic;
pub mod hold;
pub mod lookup;
mod press;
pub mod rules;
pub mod scheme;
