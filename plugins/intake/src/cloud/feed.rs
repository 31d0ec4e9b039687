//! Where records come from, behind one face; and files as one of those places.

use std::fmt::Display;
use std::io;
use std::marker::PhantomData;
use std::path::Path;

use lanner_plugin_api::sdk::{Batch, Error, Next, OpenParam, Progress, Source, SourceInstance};

use super::{Cloud, Core, Count, MAX_RECORD, Place, Shared};
use crate::expand;
use crate::files::{FileOptions, Files, Taker};
use crate::split::Piece;

/// Events of one batch; enough to make the crossing cheap, few enough to keep memory flat.
pub const BATCH: usize = 128;
/// Bytes that are read at once.
pub const CHUNK: usize = 64 << 10;

/// A stream of records of the cloud with the configuration `C`.
pub trait Feed<C: Cloud> {
    /// Puts the next events into `batch`. Being asked says that those of the previous batch have been evaluated.
    ///
    /// # Errors
    /// The stream is broken and ends.
    fn next(&mut self, core: &Core<C>, batch: &mut Batch<'_>) -> Result<Next, Error>;

    /// How much of a finite stream has been read.
    fn progress(&mut self) -> Option<Progress> {
        None
    }
}

/// Opens a place that needs a client of the cloud.
pub type Opener<C> = fn(<C as Cloud>::Remote, &Shared<C>) -> Result<Box<dyn Feed<C>>, Error>;

/// An opened stream of the plugin `P` with the configuration `C`.
pub struct Stream<C, P> {
    feed: Box<dyn Feed<C>>,
    _plugin: PhantomData<fn(P)>,
}

impl<C: Cloud, P> Stream<C, P> {
    /// Opens what `params` names.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(core: &Core<C>, params: &str, opener: Opener<C>) -> Result<Self, Error> {
        let shared = core.shared();
        let feed = match shared.config.place(params.trim())? {
            Place::Remote(remote) => opener(remote, shared)?,
            Place::Files(path) => Box::new(files(&path, shared)?),
        };
        Ok(Self { feed, _plugin: PhantomData })
    }
}

impl<C: Cloud, P: Source<Instance = Self> + AsMut<Core<C>>> SourceInstance for Stream<C, P> {
    type Plugin = P;

    fn next_batch<'i>(&'i mut self, plugin: &mut P, batch: &mut Batch<'i>) -> Result<Next, Error> {
        lanner_json::forget_ahead();
        self.feed.next(plugin.as_mut(), batch)
    }

    fn progress(&mut self) -> Option<Progress> {
        self.feed.progress()
    }
}

/// The cloud's suggestions for `open_params`, as the plugin API has them.
#[must_use]
pub fn open_params<C: Cloud>() -> Vec<OpenParam> {
    let param = |(value, desc): &(&str, &str)| OpenParam {
        value: (*value).to_owned(),
        desc: (*desc).to_owned(),
        separator: String::new(),
    };
    C::OPEN_PARAMS.iter().map(param).collect()
}

fn files<C: Cloud>(path: &Path, shared: &Shared<C>) -> Result<Files, Error> {
    let limits = shared.config.limits();
    let options = FileOptions {
        list: C::LIST,
        max_record: MAX_RECORD,
        max_expanded: limits.max_expanded,
        endings: C::ENDINGS,
        position: limits.position,
    };
    Files::open(path, &options).map_err(Error::other)
}

struct Filler<'b, 'i, 'c, C> {
    core: &'c Core<C>,
    batch: &'b mut Batch<'i>,
}

impl<C: Cloud> Taker for Filler<'_, '_, '_, C> {
    fn whole(&mut self, text: &str, max: usize, may_have_list: bool) -> Option<usize> {
        self.core.whole(text, max, may_have_list, self.batch)
    }

    fn piece(&mut self, piece: Piece<'_>, from: &dyn Display) {
        self.core.piece(piece, from, self.batch);
    }

    fn read(&mut self) {
        self.core.shared().counters.add(Count::Files);
    }

    fn failed(&mut self, path: &Path, error: &io::Error) {
        let shared = self.core.shared();
        shared.counters.add(Count::FilesFailed);
        shared.log.error(format!("cannot read {}: {error}", path.display()));
        shared.rejects.reject(expand::reason(error), &path.display(), &[]);
    }
}

impl<C: Cloud> Feed<C> for Files {
    fn next(&mut self, core: &Core<C>, batch: &mut Batch<'_>) -> Result<Next, Error> {
        self.confirmed().map_err(Error::other)?;
        while batch.len() < BATCH {
            if !self.step(&mut Filler { core, batch }) {
                // The end comes with an empty batch, once the last events have been evaluated and their place is stored.
                return Ok(if batch.is_empty() { Next::End } else { Next::More });
            }
        }
        self.handed();
        Ok(Next::More)
    }

    fn progress(&mut self) -> Option<Progress> {
        Some(Files::progress(self))
    }
}
