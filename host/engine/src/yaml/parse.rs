//! Text to tree.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};
use thiserror::Error;

use super::mend::{mend, unmend};
use super::{Kind, LineIndex, Mark, Node, Scalar, Style};

/// How deep collections may nest.
pub const MAX_DEPTH: usize = 500;

/// How many bytes of text and nodes all aliases of one text together may copy. Real files stay below a few kilobytes.
const ALIAS_BUDGET: usize = 8 << 20;

/// How many bytes are parsed again, in all, because places were mended. Then the parser's complaint stands.
const REPAIR_BUDGET: usize = 64 << 20;

/// Why a text is no YAML.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum YamlError {
    /// It breaks the syntax.
    #[error("error at line {}, column {}: {message}", mark.line + 1, mark.column + 1)]
    Syntax {
        /// What is wrong.
        message: String,
        /// Where.
        mark: Mark,
    },
    /// Collections nest deeper than [`MAX_DEPTH`].
    #[error("error at line {}, column {}: nested deeper than {MAX_DEPTH} levels", mark.line + 1, mark.column + 1)]
    TooDeep {
        /// The first collection that is too deep.
        mark: Mark,
    },
    /// An alias names a collection that it stands in.
    #[error("error at line {}, column {}: alias within its own anchor", mark.line + 1, mark.column + 1)]
    Recursive {
        /// The alias.
        mark: Mark,
    },
    /// The aliases would copy more than they may.
    #[error("error at line {}, column {}: aliases expand beyond {ALIAS_BUDGET} bytes", mark.line + 1, mark.column + 1)]
    AliasBudget {
        /// The alias that went beyond.
        mark: Mark,
    },
}

impl YamlError {
    /// Where it is.
    pub fn mark(&self) -> Mark {
        match self {
            YamlError::Syntax { mark, .. }
            | YamlError::TooDeep { mark }
            | YamlError::Recursive { mark }
            | YamlError::AliasBudget { mark } => *mark,
        }
    }
}

/// Reads all documents of a text. An empty text has none; an empty document is null.
pub fn parse(text: &str) -> Result<Vec<Node>, YamlError> {
    let lines = LineIndex::new(text);
    let mut mended = Cow::Borrowed(text);
    let mut spent = 0;
    loop {
        let (error, flow) = match Builder::new(text, &mended, &lines).run() {
            Ok(documents) => return Ok(documents),
            Err(Stop::Tree(error)) => return Err(error),
            Err(Stop::Scan(error, flow)) => (error, flow),
        };
        spent += text.len();
        match mend(&mended, &error, flow) {
            Some(better) if spent <= REPAIR_BUDGET && better != *mended => mended = Cow::Owned(better),
            _ => {
                let offset = text.char_indices().nth(error.marker().index()).map_or(text.len(), |(at, _)| at);
                return Err(YamlError::Syntax { message: error.info().to_owned(), mark: lines.mark(offset) });
            }
        }
    }
}

enum Stop {
    /// The parser's complaint, and the outermost bracket that was open, by its character.
    Scan(ScanError, Option<usize>),
    Tree(YamlError),
}

/// A collection that is being filled.
struct Open {
    node: Node,
    anchor: usize,
    /// The key whose value comes next, of a mapping.
    key: Option<Node>,
    /// The character of its bracket, if it has one.
    bracket: Option<usize>,
}

struct Builder<'t> {
    text: &'t str,
    parsed: &'t str,
    lines: &'t LineIndex,
    /// Byte offset of each character, unless each has one byte.
    bytes: Option<Vec<u32>>,
    open: Vec<Open>,
    anchors: rustc_hash::FxHashMap<usize, Node>,
    copied: usize,
    /// Where the event before ended: a block scalar's header stands between there and its content.
    last_end: usize,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str, parsed: &'t str, lines: &'t LineIndex) -> Self {
        let bytes = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at as u32).collect());
        Builder { text, parsed, lines, bytes, open: Vec::new(), anchors: Default::default(), copied: 0, last_end: 0 }
    }

    fn byte(&self, character: usize) -> usize {
        match &self.bytes {
            Some(bytes) => bytes.get(character).map_or(self.text.len(), |at| *at as usize),
            None => character.min(self.text.len()),
        }
    }

    fn run(mut self) -> Result<Vec<Node>, Stop> {
        let mut documents = Vec::new();
        let mut root = None;
        let mut parser = Parser::new_from_str(self.parsed);
        while let Some(next) = parser.next_event() {
            let (event, span) = next.map_err(|error| Stop::Scan(error, self.open.iter().find_map(|o| o.bracket)))?;
            let done = match event {
                Event::DocumentStart(_) => {
                    root = None;
                    None
                }
                Event::DocumentEnd => {
                    documents.push(root.take().unwrap_or_else(|| Node::new(Kind::Null)));
                    None
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let node = self.scalar(text, style, tag.is_some(), &span);
                    if anchor > 0 {
                        self.anchors.insert(anchor, node.clone());
                    }
                    Some(node)
                }
                Event::Alias(id) => Some(self.alias(id, &span)?),
                Event::SequenceStart(anchor, _) => {
                    self.begin(Kind::Sequence(Vec::new()), anchor, &span)?;
                    None
                }
                Event::MappingStart(anchor, _) => {
                    self.begin(Kind::Mapping(Vec::new()), anchor, &span)?;
                    None
                }
                Event::SequenceEnd | Event::MappingEnd => self.end(&span),
                Event::Nothing | Event::StreamStart | Event::StreamEnd => None,
            };
            self.last_end = self.byte(span.end.index());
            if let Some(node) = done
                && let Some(node) = self.put(node)
            {
                root = Some(node);
            }
        }
        Ok(documents)
    }

    fn scalar(&self, text: Cow<'_, str>, style: ScalarStyle, tagged: bool, span: &Span) -> Node {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let start = self.byte(span.start.index());
        let end = self.byte(span.end.index()).max(start);
        let header = match style {
            Style::Literal | Style::Folded => {
                let sign = if style == Style::Literal { '|' } else { '>' };
                self.text.get(self.last_end..start).and_then(|gap| gap.rfind(sign)).map(|at| self.last_end + at)
            }
            _ => None,
        };
        let kind = if style == Style::Plain && !tagged && matches!(&*text, "" | "~" | "null" | "Null" | "NULL") {
            Kind::Null
        } else {
            Kind::Scalar(Scalar { text: unmend(text), style })
        };
        Node { kind, mark: self.lines.mark(header.unwrap_or(start)), span: start as u32..end as u32 }
    }

    fn begin(&mut self, kind: Kind, anchor: usize, span: &Span) -> Result<(), Stop> {
        let start = self.byte(span.start.index());
        let mark = self.lines.mark(start);
        if self.open.len() >= MAX_DEPTH {
            return Err(Stop::Tree(YamlError::TooDeep { mark }));
        }
        let node = Node { kind, mark, span: start as u32..start as u32 };
        let bracket = span.end.index().checked_sub(1).filter(|_| !span.is_empty());
        let bracket = bracket.filter(|at| self.text.get(self.byte(*at)..).is_some_and(|t| t.starts_with(['[', '{'])));
        self.open.push(Open { node, anchor, key: None, bracket });
        Ok(())
    }

    fn end(&mut self, span: &Span) -> Option<Node> {
        let end = self.byte(span.end.index()) as u32;
        let Open { mut node, anchor, .. } = self.open.pop()?;
        node.span.end = end.max(node.span.start);
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Some(node)
    }

    fn alias(&mut self, id: usize, span: &Span) -> Result<Node, Stop> {
        let mark = self.lines.mark(self.byte(span.start.index()));
        // The parser knows the anchor, so if it has no node yet, the alias stands inside it.
        let target = self.anchors.get(&id).ok_or(Stop::Tree(YamlError::Recursive { mark }))?;
        if !affordable(target, &mut self.copied) {
            return Err(Stop::Tree(YamlError::AliasBudget { mark }));
        }
        let depth = depth(target);
        if self.open.len() + depth > MAX_DEPTH {
            return Err(Stop::Tree(YamlError::TooDeep { mark }));
        }
        Ok(target.clone())
    }

    /// Adds a finished node to what is open; gives it back if it is a whole document.
    fn put(&mut self, node: Node) -> Option<Node> {
        let Some(open) = self.open.last_mut() else { return Some(node) };
        match &mut open.node.kind {
            Kind::Sequence(items) => items.push(node),
            Kind::Mapping(entries) => match open.key.take() {
                Some(key) => entries.push((key, node)),
                None => open.key = Some(node),
            },
            Kind::Null | Kind::Scalar(_) => {}
        }
        None
    }
}

fn affordable(node: &Node, spent: &mut usize) -> bool {
    *spent += size_of::<Node>();
    match &node.kind {
        Kind::Null => {}
        Kind::Scalar(scalar) => *spent += scalar.text.len(),
        Kind::Sequence(items) => return items.iter().all(|item| affordable(item, spent)),
        Kind::Mapping(entries) => {
            return entries.iter().all(|(key, value)| affordable(key, spent) && affordable(value, spent));
        }
    }
    *spent <= ALIAS_BUDGET
}

fn depth(node: &Node) -> usize {
    match &node.kind {
        Kind::Null | Kind::Scalar(_) => 0,
        Kind::Sequence(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Kind::Mapping(entries) => 1 + entries.iter().map(|(k, v)| depth(k).max(depth(v))).max().unwrap_or(0),
    }
}
