//! Keys of items: unknown, given twice, deprecated.

use super::Reader;
use crate::load::code::{LintCode, WarningCode};
use crate::load::context::{Context, FileRange};
use crate::load::decode::{Result, semantic};
use crate::load::result::{Diagnostic, Related, Severity, similar};
use crate::yaml::{Kind, Node};

impl Reader<'_> {
    /// A warning about a key; people are shown the key.
    pub(super) fn warn_key(&mut self, code: WarningCode, message: &str, item: &Node, key: &str, context: &Context) {
        self.warn(code, message, context);
        if let (Some((key, value)), Some(warning)) = (item.entry(key), self.out.last_mut()) {
            warning.at = Some(FileRange { file: self.file, start: key.span.start, end: value.span.end });
        }
    }

    /// Of equal keys only the first counts, which no established warning tells.
    pub(super) fn repeated_keys(&mut self, item: &Node, context: &Context) {
        let entries = item.entries();
        for (i, (key, _)) in entries.iter().enumerate() {
            let Some(text) = key.as_str() else { continue };
            let Some((first, _)) = entries.iter().take(i).find(|(other, _)| other.as_str() == Some(text)) else {
                continue;
            };
            let message = format!("key '{text}' is given twice; this one is ignored");
            let mut found = Diagnostic::new(Severity::Lint(LintCode::DuplicateKey), message, context);
            found.at = Some(FileRange::of(self.file, key));
            found.help = Some("remove one of them".to_owned());
            let at = FileRange::of(self.file, first);
            found.related.push(Related { message: "this one counts".to_owned(), at });
            self.out.push(found);
        }
    }

    pub(super) fn unknown_keys(&mut self, item: &Node, known: &[&str], context: &Context) -> Result<()> {
        self.repeated_keys(item, context);
        for (key, _) in item.entries() {
            let text = match &key.kind {
                Kind::Null => "null",
                Kind::Scalar(scalar) => &scalar.text,
                _ => return semantic("A key of the item is not a scalar", context),
            };
            if !known.contains(&text) {
                let message = format!("Unknown key '{text}'. The key will be ignored.");
                self.warn(WarningCode::UnknownKey, message, context);
                if let Some(warning) = self.out.last_mut() {
                    let meant = similar(text, known.iter().copied());
                    warning.help = meant.map(|meant| format!("did you mean '{meant}'?"));
                    warning.at = Some(FileRange::of(self.file, key));
                }
            }
        }
        Ok(())
    }
}
