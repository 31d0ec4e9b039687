//! `lanner config check`: everything that is wrong or doubtful about a configuration, each with its place, in one run.
//! A start takes the first impossible value as an error and has no words for the rest; this looks at all of it.

mod cross;
mod plugins;
mod report;
pub(crate) mod retired;
mod values;
mod walk;

pub use values::shape;

use std::ops::Range;
use std::path::Path as FsPath;

use lanner_engine::yaml::{self, LineIndex, Mark};

use super::error::ConfigError;
use super::path::Path;
use super::plugins::PluginConfig;
use super::trace::{Layer, Origin};
use super::{load, yaml as reading};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The program does not start, or not with what the file says.
    Error,
    /// It does, but something is doubtful.
    Warning,
    /// Nothing is wrong; it is good to know.
    Note,
}

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// A stable name for its kind.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Which of the sources.
    pub source: usize,
    /// The bytes of the source that it is about.
    pub span: Range<usize>,
}

/// A file, or an option of the command line.
#[derive(Debug)]
struct Source {
    name: String,
    text: String,
    lines: LineIndex,
}

/// What was looked at and what was found.
#[derive(Debug, Default)]
pub struct Checked {
    sources: Vec<Source>,
    findings: Vec<Finding>,
    files: usize,
}

/// What is known of the library of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Library {
    /// There is none.
    Missing,
    /// It is there and cannot be used; the error.
    Broken(String),
    /// It is there, or inside the program.
    There {
        /// The JSON schema of its `init_config`, if it has one.
        schema: Option<String>,
    },
}

/// Looks for the library of a plugin.
pub type FindLibrary<'f> = &'f dyn Fn(&PluginConfig) -> Library;

/// Checks a configuration file, what it includes, and options over it. An error is a main file that cannot be read.
pub fn check(main: &FsPath, options: &[String], find: FindLibrary<'_>) -> Result<Checked, ConfigError> {
    let mut checked = Checked::default();
    let text = read(main)?;
    let whole = checked.file(main, text);
    let mut included = Vec::new();
    if let Some(document) = &whole {
        let tree = reading::convert(document);
        match load::includes(&tree, main) {
            Ok(found) => included = found,
            Err(error) => {
                let at = document.entry("config_files").map_or(0..0, |(key, _)| walk::range(key));
                checked.add(Level::Error, "CONFIG_INCLUDE", 0, at, error.to_string(), None);
            }
        }
    }
    let mut readable = whole.is_some();
    for (path, _) in included {
        let text = read(&path)?;
        let document = checked.file(&path, text);
        readable &= document.is_some();
        if let Some((key, _)) = document.as_ref().and_then(|document| document.entry("config_files")) {
            let source = checked.sources.len() - 1;
            let help = Some("name the file in the main file".to_owned());
            let what = "an included file may not include others; nothing starts".to_owned();
            checked.add(Level::Error, "CONFIG_INCLUDE", source, walk::range(key), what, help);
            readable = false;
        }
    }
    checked.files = checked.sources.len();
    for option in options {
        readable &= checked.option(option);
    }
    if readable {
        cross::check(&mut checked, main, options, find);
    }
    checked.findings.sort_by_key(|finding| (finding.source, finding.span.start, finding.level));
    Ok(checked)
}

fn read(path: &FsPath) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })
}

impl Checked {
    /// The findings, by source and place.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many there are of a level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    fn source(&mut self, name: String, text: String) -> usize {
        let lines = LineIndex::new(&text);
        self.sources.push(Source { name, text, lines });
        self.sources.len() - 1
    }

    fn add(
        &mut self,
        level: Level,
        code: &'static str,
        source: usize,
        span: Range<usize>,
        message: String,
        help: Option<String>,
    ) {
        self.findings.push(Finding { level, code, message, help, source, span });
    }

    /// Looks at one file by itself; its document, unless it is no YAML or no map.
    fn file(&mut self, path: &FsPath, text: String) -> Option<yaml::Node> {
        let read = reading::document(&text);
        let source = self.source(path.display().to_string(), text);
        match read {
            Err(error) => {
                let start = error.mark().offset as usize;
                let text = error.to_string();
                let message = text.split_once(": ").map_or(text.as_str(), |(_, message)| message).to_owned();
                self.add(Level::Error, "CONFIG_YAML", source, start..start, message, None);
                None
            }
            Ok(document) if document.is_null() => Some(document),
            Ok(document) if !document.is_mapping() => {
                let what = "a configuration is a map of keys".to_owned();
                self.add(Level::Error, "CONFIG_TYPE", source, walk::range(&document), what, None);
                None
            }
            Ok(document) => {
                walk::walk(self, source, &document, true);
                Some(document)
            }
        }
    }

    /// Looks at one `-o`; whether it leads anywhere.
    fn option(&mut self, option: &str) -> bool {
        let source = self.source(format!("-o {}", option.split('=').next().unwrap_or_default()), option.to_owned());
        let whole = 0..option.len();
        let Some((key, value)) = option.split_once('=') else {
            let what = ConfigError::OptionForm(option.to_owned()).to_string();
            self.add(Level::Error, "CONFIG_OPTION", source, whole, what, None);
            return false;
        };
        let path = match Path::parse(key) {
            Ok(path) => path,
            Err(error) => {
                self.add(Level::Error, "CONFIG_OPTION", source, 0..key.len(), error.to_string(), None);
                return false;
            }
        };
        let offset = key.len() + 1;
        let document = if value.starts_with('{') && value.ends_with('}') {
            // Places count from the start of the option, as if its key were blanks.
            match reading::document(&format!("{}{value}", " ".repeat(offset))) {
                Ok(document) => document,
                Err(error) => {
                    self.add(Level::Error, "CONFIG_YAML", source, offset..option.len(), error.to_string(), None);
                    return false;
                }
            }
        } else {
            yaml::Node { span: cut(offset)..cut(option.len()), ..yaml::Node::scalar(value) }
        };
        let key = yaml::Node { span: 0..cut(key.len()), ..yaml::Node::scalar(key) };
        walk::walk(self, source, &path.document(&key, document), false);
        true
    }

    /// The source and bytes of a value of the merged configuration.
    fn place(&self, layers: &[Layer], origin: &Origin) -> (usize, Range<usize>) {
        let named = |name: &str| self.sources.iter().position(|source| source.name == name);
        let source = match layers.get(origin.layer) {
            Some(Layer::Main(path) | Layer::Included { path, .. }) => named(path),
            Some(Layer::Option(key)) => named(&format!("-o {key}")),
            _ => None,
        };
        let Some(source) = source else { return (0, 0..0) };
        let start = origin.mark.map_or(0, |mark: Mark| mark.offset as usize);
        (source, start..start)
    }
}

fn cut(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
