//! Outputs and extra fields of rules.

use std::collections::BTreeMap;

use super::Compiler;
use crate::format::{FormatError, FormatErrorKind, OutputFormat};
use crate::load::code::{DeprecatedField, ErrorCode, WarningCode};
use crate::load::context::FileRange;
use crate::load::decode::Result;
use crate::load::item::{Fault, RuleItem};
use crate::load::result::{Severity, similar};
use crate::load::spec::ExtraField;
use crate::scheme::Scheme;
use crate::value::SlotTable;

/// Removed from outputs; the container plugin suggests fields instead.
const CONTAINER_INFO: &str = "%container.info";

impl Compiler<'_> {
    /// The output and the extra fields of a rule.
    pub(super) fn formats(
        &mut self,
        item: &RuleItem,
        scheme: &Scheme,
        slots: &mut SlotTable,
    ) -> Result<Option<(OutputFormat, Vec<ExtraField>)>> {
        let mut output = item.output.text.clone();
        let mut extra = BTreeMap::new();
        for append in self.settings.append_output.iter().filter(|append| append.matches(item)) {
            for text in append.texts(scheme) {
                output.push(' ');
                output.push_str(&text);
            }
            for (key, format) in &append.fields {
                let text = format.clone().unwrap_or_else(|| format!("%{key}"));
                extra.insert(key.clone(), (text, format.is_none()));
            }
        }
        if output.contains(CONTAINER_INFO) {
            let message = "%container.info is deprecated and has no effect any more: the container plugin adds the \
                           fields that it suggests to the output. It will be dropped in a later version.";
            self.warn(Severity::Warning(WarningCode::DeprecatedItem), message, &item.context);
            output = output.replace(CONTAINER_INFO, "");
        }
        let written = output.starts_with(&item.output.text);
        let place = |error: &FormatError| {
            let token = output.get(error.offset..)?;
            let end = token.find(|c: char| c.is_whitespace() || ",;:=|\"'".contains(c)).unwrap_or(token.len());
            let within = written && error.offset < item.output.text.len();
            item.output
                .place(self.files, error.offset, error.offset + end.max(1))
                .filter(|_| within)
                .map(FileRange::from)
        };
        let fault = |error: FormatError| Fault {
            code: ErrorCode::CompileOutput,
            message: error.to_string(),
            context: item.output_context.clone(),
            at: place(&error),
            help: format_help(&error, scheme),
        };
        let format = match OutputFormat::compile(&output, scheme, slots) {
            Ok(format) => format,
            Err(error) if item.skip_if_unknown_filter && error.kind.is_unknown_filter() => {
                let code = Severity::Warning(WarningCode::UnknownFilter);
                self.warn(code, error.to_string(), &item.output_context);
                return Ok(None);
            }
            Err(error) => return Err(fault(error)),
        };
        self.deprecated_output(&output, item);
        let mut fields = Vec::with_capacity(extra.len());
        for (key, (text, raw)) in extra {
            let extra_fault = |error| Fault { at: None, ..fault(error) };
            let format = OutputFormat::compile(&text, scheme, slots).map_err(extra_fault)?;
            self.deprecated_output(&text, item);
            fields.push(ExtraField { key: key.into(), format, raw });
        }
        Ok(Some((format, fields)))
    }

    /// Found anywhere in the text, so that `evt.latency.s` also counts as `evt.latency`.
    fn deprecated_output(&mut self, text: &str, item: &RuleItem) {
        for field in DeprecatedField::ALL.iter().filter(|field| text.contains(field.as_str())) {
            let message =
                format!("usage of deprecated field '{}' has been detected in the rule output", field.as_str());
            self.warn(Severity::DeprecatedField(*field), message, &item.output_context);
        }
    }
}

/// A guess at the field that an output means.
fn format_help(error: &FormatError, scheme: &Scheme) -> Option<String> {
    let FormatErrorKind::UnknownField(text) = &error.kind else { return None };
    let name = text.rsplit(' ').next()?;
    similar(name, scheme.fields().iter().map(|field| &*field.name)).map(|meant| format!("did you mean '%{meant}'?"))
}
