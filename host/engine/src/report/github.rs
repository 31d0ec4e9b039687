//! As workflow commands of GitHub: each finding becomes an annotation of the line in the pull request.

use std::fmt::Write;

use super::{Level, Position, Report};

impl Report<'_> {
    /// One `::error …`, `::warning …` or `::notice …` line for each finding.
    pub fn github(&self) -> String {
        let mut out = String::new();
        for f in &self.findings {
            let (start, end) =
                (Position::of(self.files, f.at.file, f.at.start), Position::of(self.files, f.at.file, f.at.end));
            let help = f.help.as_ref().map_or(String::new(), |help| format!("\n{help}"));
            let _ = writeln!(
                out,
                "::{} file={},line={},col={},endLine={},endColumn={},title={}::{}",
                if f.level == Level::Note { "notice" } else { f.level.as_str() },
                property(self.files.name(f.at.file)),
                start.line,
                start.column,
                end.line,
                end.column,
                property(f.code),
                data(&format!("{}{help}", f.message))
            );
        }
        out
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
