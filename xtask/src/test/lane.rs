//! Tests that run one after the other, and what they print.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

use anyhow::{Context, Result, bail};

use crate::process;

/// What runs one after the other, in front or beside something else.
pub(super) struct Lane {
    /// It has what the other leaves over of the processors, and is heard when it has ended.
    beside: bool,
    kept: Vec<String>,
    /// Lines that tell of skipped parts.
    pub(super) skipped: Vec<String>,
}

impl Lane {
    /// What is heard at once.
    pub(super) fn foreground() -> Lane {
        Lane::beside(false)
    }

    /// What gives way to another; if `beside` is false there is no other.
    pub(super) fn beside(beside: bool) -> Lane {
        Lane {
            beside,
            kept: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// Prints a line, now or when the lane has ended.
    pub(super) fn say(&mut self, line: String) {
        if self.beside {
            self.kept.push(line);
        } else {
            println!("{line}");
        }
    }

    /// Prints what was kept.
    pub(super) fn tell(&mut self) {
        for line in self.kept.drain(..) {
            println!("{line}");
        }
    }

    /// Runs a program, says what it prints and keeps the lines that tell of skipped parts.
    pub(super) fn run(&mut self, mut command: Command) -> Result<()> {
        let line = process::line(&command);
        self.say(format!("+ {line}"));
        if self.beside {
            command = giving_way(&command);
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {line}"))?;
        let (sender, lines) = mpsc::channel();
        let readers = [
            child.stdout.take().map(|out| forward(out, sender.clone())),
            child.stderr.take().map(|err| forward(err, sender)),
        ];
        for text in lines {
            if let Some(at) = text.find("skipped:") {
                self.skipped.push(text[at..].to_owned());
            }
            self.say(text);
        }
        for reader in readers.into_iter().flatten() {
            let _ = reader.join();
        }
        let status = child.wait()?;
        if !status.success() {
            bail!("{line}: {status}");
        }
        Ok(())
    }
}

/// The same, with what others leave of the processors.
fn giving_way(command: &Command) -> Command {
    let mut nice = Command::new("nice");
    nice.args(["-n", "19"]).arg(command.get_program());
    nice.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => nice.env(name, value),
            None => nice.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        nice.current_dir(directory);
    }
    nice
}

fn forward(from: impl Read + Send + 'static, to: mpsc::Sender<String>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            let text = String::from_utf8_lossy(&line).into_owned();
            if to.send(text).is_err() {
                break;
            }
        }
    })
}
