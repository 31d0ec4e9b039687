//! Signals become wishes in the [`Control`]: a thread waits for them, nothing happens in a handler.

use std::sync::Arc;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::{Handle, Signals};

use super::error::AppError;
use super::reload::Trigger;
use super::systemd;
use crate::log;
use crate::source::Control;

/// The waiting thread; dropping it gives the signals their usual meaning back as far as the system allows.
pub(crate) struct Listener(Handle);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Starts to listen. SIGHUP asks for a reload, where there is one. A second SIGINT or SIGTERM ends the process at once: an output that hangs must not hold it.
pub(crate) fn listen(control: Arc<Control>, reload: Option<Trigger>) -> Result<Listener, AppError> {
    let failed = |source| AppError::System { what: "cannot listen to signals", source };
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGUSR1, SIGHUP]).map_err(failed)?;
    let handle = signals.handle();
    let work = move || {
        for signal in signals.forever() {
            match signal {
                SIGUSR1 => control.request_reopen(),
                SIGHUP => match &reload {
                    Some(reload) => {
                        log::info("SIGHUP received, restarting...");
                        reload.reload();
                    }
                    None => log::warning("SIGHUP received: this command reads its files once, nothing changes"),
                },
                _ if control.stopping() => std::process::exit(1),
                _ => {
                    log::info("SIGINT received, exiting...");
                    systemd::stopping();
                    control.stop();
                }
            }
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(work).map_err(failed)?;
    Ok(Listener(handle))
}
