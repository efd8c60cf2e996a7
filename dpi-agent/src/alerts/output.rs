//! Lines to a file or to standard output, never waited for.

use std::{
    fs::OpenOptions,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

use dpi_api::alert::AlertRecord;

use super::{format::Format, sink::Sink};

/// Lines that may wait for a slow output.
const QUEUE: usize = 16 * 1024;
/// Why alerts cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("alert output {}: {source}; name a file in a directory that the agent may write to, or - for standard output", path.display())]
pub struct OutputError {
    /// The file.
    path: PathBuf,
    /// The system's words.
    source: io::Error,
}

/// A line with a bounded queue before it. What finds the queue full is counted and gone.
#[derive(Debug)]
pub struct AlertOutput {
    format: Format,
    queue: Option<SyncSender<Line>>,
    writer: Option<JoinHandle<()>>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    written: AtomicU64,
    dropped: AtomicU64,
}

impl AlertOutput {
    /// Opens the output. A table begins with its heading.
    pub fn open(path: Option<&Path>, format: Format) -> Result<Self, OutputError> {
        let output: Box<dyn Write + Send> = match path {
            None => Box::new(io::stdout()),
            Some(path) => {
                let file = OpenOptions::new().create(true).append(true).open(path);
                Box::new(file.map_err(|source| OutputError {
                    path: path.to_owned(),
                    source,
                })?)
            }
        };
        let counts = Arc::new(Counts::default());
        let (queue, lines) = sync_channel::<Line>(QUEUE);
        let writer = Writer {
            output,
            counts: Arc::clone(&counts),
            failing: false,
        };
        let writer = std::thread::Builder::new()
            .name("alerts".to_owned())
            .spawn(move || writer.run(&lines))
            .map_err(|source| OutputError {
                path: path.unwrap_or(Path::new("-")).to_owned(),
                source,
            })?;
        let mut output = Self {
            format,
            queue: Some(queue),
            writer: Some(writer),
            counts,
        };
        if let Some(heading) = format.heading() {
            let bold = path.is_none() && io::stdout().is_terminal();
            let (on, off) = if bold {
                ("\x1b[1m", "\x1b[0m")
            } else {
                ("", "")
            };
            output.send(Line::Heading(format!("{on}{heading}{off}")));
        }
        Ok(output)
    }

    fn send(&mut self, line: Line) {
        let Some(queue) = &self.queue else { return };
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = queue.try_send(line) {
            self.counts.dropped.fetch_add(1, Relaxed);
        }
    }
}

impl Sink for AlertOutput {
    fn name(&self) -> &'static str {
        "output"
    }

    fn write(&mut self, record: &AlertRecord) {
        let line = self.format.line(record);
        self.send(Line::Alert(line));
    }

    fn written(&self) -> u64 {
        self.counts.written.load(Relaxed)
    }

    fn dropped(&self) -> u64 {
        self.counts.dropped.load(Relaxed)
    }
}

impl Drop for AlertOutput {
    /// Writes what waits.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has said so.
            let _ = writer.join();
        }
    }
}

/// What is written; only alerts are counted.
enum Line {
    Heading(String),
    Alert(String),
}

struct Writer {
    output: Box<dyn Write + Send>,
    counts: Arc<Counts>,
    failing: bool,
}

impl Writer {
    fn run(mut self, lines: &Receiver<Line>) {
        while let Ok(line) = lines.recv() {
            let (mut text, alerts) = match line {
                Line::Heading(text) => (text, 0),
                Line::Alert(text) => (text, 1),
            };
            text.push('\n');
            let outcome = self
                .output
                .write_all(text.as_bytes())
                .and_then(|()| self.output.flush());
            match outcome {
                Ok(()) => {
                    self.failing = false;
                    self.counts.written.fetch_add(alerts, Relaxed);
                }
                Err(error) => {
                    self.counts.dropped.fetch_add(alerts, Relaxed);
                    if !self.failing {
                        tracing::error!(%error, "alerts cannot be written; make room, or name another --output");
                    }
                    self.failing = true;
                }
            }
        }
    }
}
