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
    /// `shared`: standard output gets what may end up on the same terminal.
    pub fn new(consumed: Arc<AtomicU64>, total_bytes: Option<u64>, shared: bool) -> Progress {
        // With decisions going to the same terminal a bar would only tear them.
        let wanted = std::io::stderr().is_terminal() && !(shared && shows_output());
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

/// Standard output is a terminal, or a pipe to a program that likely writes to one.
fn shows_output() -> bool {
    let out = std::io::stdout();
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        use std::os::unix::fs::FileTypeExt;
        let file = out.as_fd().try_clone_to_owned().map(std::fs::File::from);
        let metadata = file.and_then(|file| file.metadata());
        if metadata.is_ok_and(|metadata| metadata.file_type().is_fifo()) {
            return true;
        }
    }
    out.is_terminal()
}
