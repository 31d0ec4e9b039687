//! Where alerts come in: noise control, then a copy for each output.

use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::QueueFull;
use super::lane::Item;
use super::noise::Noise;
use super::route::Route;
use crate::alert::Alert;
use crate::config::AlertForm;
use crate::log;
use crate::source::now;

/// How often windows of grouped alerts are looked after.
const TICK: Duration = Duration::from_millis(200);

/// Where alerts go from the entrance, until a reload says otherwise.
#[derive(Clone, Debug)]
pub(super) struct Ways {
    pub(super) routes: Vec<Route>,
    pub(super) form: AlertForm,
    pub(super) noise: Option<Arc<Noise>>,
}

/// Where alerts come in.
#[derive(Debug)]
pub(super) struct Entrance {
    ways: RwLock<Arc<Ways>>,
    pub(super) full: QueueFull,
}

impl Entrance {
    pub(super) fn new(ways: Ways, full: QueueFull) -> Arc<Self> {
        Arc::new(Self { ways: RwLock::new(Arc::new(ways)), full })
    }

    /// The ways now. Whoever has them may wait on one as long as it takes: others that come do not wait for that.
    pub(super) fn ways(&self) -> Arc<Ways> {
        Arc::clone(&self.ways.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Alerts go other ways from now on.
    pub(super) fn redirect(&self, change: impl FnOnce(&mut Ways)) {
        let mut ways = self.ways.write().unwrap_or_else(PoisonError::into_inner);
        let mut other = Ways::clone(&ways);
        change(&mut other);
        *ways = Arc::new(other);
    }

    /// An alert comes in; what is held back of its kind is not for the outputs.
    pub(super) fn take(&self, alert: Alert, full: QueueFull, patience: Option<Duration>) {
        let ways = self.ways();
        let Some(noise) = &ways.noise else { return ways.hand_out(alert, full, patience) };
        let time = if self.full == QueueFull::Wait { alert.time_ns } else { now() };
        noise.pass(alert, time).into_iter().for_each(|alert| ways.hand_out(alert, full, patience));
    }

    /// Past noise control, to all outputs.
    pub(super) fn hand_out(&self, alert: Alert) {
        self.ways().hand_out(alert, self.full, None);
    }

    /// Starts the thread that ends windows in time.
    pub(super) fn tick(self: Arc<Self>) -> Option<(Sender<()>, JoinHandle<()>)> {
        let (stop, stopped) = bounded::<()>(0);
        let work = move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
                let due = self.ways().noise.as_ref().map(|noise| noise.due(now())).unwrap_or_default();
                due.into_iter().for_each(|alert| self.hand_out(alert));
            }
        };
        let thread = std::thread::Builder::new().name("out-groups".into()).spawn(work);
        thread
            .inspect_err(|error| log::error(format_args!("no thread for grouped alerts: {error}")))
            .ok()
            .map(|thread| (stop, thread))
    }
}

impl Ways {
    fn hand_out(&self, alert: Alert, full: QueueFull, patience: Option<Duration>) {
        let item = Arc::new(Item::new(alert, self.form));
        // First to all that have room: who waits for one must not hold it back from the others.
        let mut waiting = Vec::new();
        for route in &self.routes {
            if let Err(reason) = route.offer(&item) {
                match full {
                    QueueFull::Drop => route.drop(reason),
                    QueueFull::Wait => waiting.push(route),
                }
            }
        }
        waiting.into_iter().for_each(|route| route.wait_for_room(&item, patience));
    }
}
