//! A progress bar on standard error, on a terminal only.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

/// Shows how much of the input was read.
pub struct Progress {
    bar: Option<ProgressBar>,
    consumed: Arc<AtomicU64>,
}

impl Progress {
    pub fn new(consumed: Arc<AtomicU64>, total_bytes: Option<u64>) -> Progress {
        // With decisions going to the same terminal a bar would only tear them.
        let wanted = std::io::stderr().is_terminal() && !std::io::stdout().is_terminal();
        let bar = wanted.then(|| {
            let bar = total_bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            let template = if total_bytes.is_some() {
                "{bar:30} {bytes}/{total_bytes} {msg} {eta}"
            } else {
                "{spinner} {bytes} {msg}"
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar
        });
        Progress { bar, consumed }
    }

    pub fn update(&self, events: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(self.consumed.load(Ordering::Relaxed));
            bar.set_message(format!("{events} events"));
        }
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
