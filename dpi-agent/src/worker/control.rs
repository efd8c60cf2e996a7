//! The worker's control thread: messages in, rules compiled, packet threads led.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, atomic::Ordering, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use dpi_api::{
    alert::Text,
    messages::{RulesReport, Start, ToSupervisor, ToWorker},
};
use dpi_capture::{CounterPage, RingCursor, RingError, RingReader, SharedError};
use dpi_snort::{
    Config, Engine, SlotTable,
    detection::{Detection, FlowbitRegistry},
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{
    counters::RingCounter,
    packets::{Command, PacketThread, Signals},
    report::Report,
    rules::{self, LoadError},
};
use crate::{
    confinement::{ConfinementError, FileAccess, confine},
    socket::{self, Received, Sender, Sent, SocketError},
};

/// Descriptors of one ring: packet socket, cursor, counters.
const FDS_A_RING: usize = 3;
/// Time after which a supervisor that takes no message is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the threads and the rules that went out of force are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// Warnings of a `snort.lua` that are told one by one.
const MAX_TOLD: usize = 20;

/// Why the worker ends before it is told to.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// Standard input is no socket.
    #[error("`dpi-agent worker` is started by `dpi-agent node`, not by hand: {0}")]
    NotASocket(io::Error),
    /// The socket failed, or brought what is no message.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// It would have more rights than it must.
    #[error("the worker does not run: {0}")]
    Confinement(#[from] ConfinementError),
    /// A message out of turn.
    #[error("unexpected message from the supervisor: {0}")]
    OutOfTurn(&'static str),
    /// Shared memory cannot be mapped.
    #[error(transparent)]
    Shared(#[from] SharedError),
    /// A ring cannot be mapped or read.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// A system call failed.
    #[error("worker: {0}")]
    System(#[from] io::Error),
    /// A packet thread panicked where nothing catches it.
    #[error("packet thread {0} panicked")]
    ThreadPanicked(usize),
    /// The supervisor reads no more.
    #[error("the supervisor took no message for {} s", PATIENCE.as_secs())]
    Stuck,
}

/// Serves the supervisor at the other end of standard input until it closes it or asks
/// for the end.
pub fn run() -> Result<(), WorkerError> {
    let stdin = io::stdin();
    let fd = stdin
        .as_fd()
        .try_clone_to_owned()
        .map_err(WorkerError::NotASocket)?;
    rustix::net::sockopt::socket_type(&fd).map_err(|e| WorkerError::NotASocket(e.into()))?;
    let mut link = Link {
        fd: Arc::new(fd),
        sender: Sender::default(),
        buffer: Vec::new(),
    };
    link.tell(&ToSupervisor::Hello {
        version: Text::cut(env!("CARGO_PKG_VERSION")),
    })?;
    let outcome = serve(&mut link);
    if let Err(error) = &outcome {
        let reason = Text::cut(&error.to_string());
        // The supervisor may be what failed; then nobody is left to be told.
        let _ = link.tell(&ToSupervisor::Failed { reason });
    }
    outcome
}

fn serve(link: &mut Link) -> Result<(), WorkerError> {
    let start = match link.next(None)? {
        Next::Message(ToWorker::Start(start), _) => start,
        Next::Closed => return Ok(()),
        _ => return Err(WorkerError::OutOfTurn("Start comes first")),
    };
    // Whatever is read from now on may be hostile.
    let files = confine(&start.rules, link.fd.as_fd())?;
    tracing::debug!("no capability, system calls filtered; files in reach: {files}");
    if files == FileAccess::Unrestricted {
        tracing::warn!("the worker can read {files}");
    }
    let mut worker = Worker::new(start);
    if !worker.compile(link)? {
        return Ok(());
    }
    loop {
        match link.next(Some(LOOK))? {
            Next::Message(message, fds) => match message {
                ToWorker::Rings { count } => {
                    worker.start_threads(link, usize::from(count), fds)?;
                    link.tell(&ToSupervisor::Running)?;
                }
                ToWorker::Slots { slots: _ } => worker.set_slots(&Arc::default()),
                ToWorker::ReloadRules => {
                    worker.compile(link)?;
                }
                ToWorker::Shutdown => return worker.finish(),
                ToWorker::Start(_) => return Err(WorkerError::OutOfTurn("Start came twice")),
            },
            Next::Closed => return Ok(()),
            Next::Nothing => {}
        }
        worker.look()?;
    }
}

/// The socket.
struct Link {
    fd: Arc<OwnedFd>,
    sender: Sender,
    buffer: Vec<u8>,
}

enum Next {
    Message(ToWorker, Vec<OwnedFd>),
    Nothing,
    Closed,
}

impl Link {
    /// The next message; `Nothing` when `timeout` is over.
    fn next(&mut self, timeout: Option<Duration>) -> Result<Next, WorkerError> {
        loop {
            match socket::receive(&self.fd, &mut self.buffer)? {
                Received::Message(message, fds) => return Ok(Next::Message(message, fds)),
                Received::Closed => return Ok(Next::Closed),
                Received::Nothing => {}
            }
            if !self.wait(PollFlags::IN, timeout)? && timeout.is_some() {
                return Ok(Next::Nothing);
            }
        }
    }

    /// Sends what must not be lost, and waits for its place.
    fn tell(&mut self, message: &ToSupervisor) -> Result<(), WorkerError> {
        let begun = Instant::now();
        while self.sender.write(&self.fd, message)? == Sent::Full {
            if begun.elapsed() > PATIENCE {
                return Err(WorkerError::Stuck);
            }
            self.wait(PollFlags::OUT, Some(LOOK))?;
        }
        Ok(())
    }

    /// Whether the socket is ready before `timeout` is over.
    fn wait(&self, flags: PollFlags, timeout: Option<Duration>) -> Result<bool, WorkerError> {
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut [PollFd::new(&self.fd, flags)], timeout.as_ref()) {
            Ok(ready) => Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }
}

/// A packet thread as the control thread holds it.
struct Thread {
    commands: mpsc::Sender<Command>,
    signals: Arc<Signals>,
    handle: JoinHandle<Result<(), RingError>>,
}

struct Worker {
    start: Start,
    config: Config,
    flowbits: Arc<FlowbitRegistry>,
    detection: Arc<Detection>,
    slots: Arc<SlotTable>,
    epoch: u32,
    /// Rules are in force that others would take the place of.
    compiled: bool,
    threads: Vec<Thread>,
    /// Rules out of force that a packet thread may still hold. They are dropped here: it
    /// takes milliseconds, in which packets would wait.
    retired: Vec<Arc<Detection>>,
}

impl Worker {
    fn new(start: Start) -> Self {
        let limits = start.limits;
        let config = Config {
            hash_seed: start.hash_seed,
            max_flows: usize::try_from(limits.max_flows).unwrap_or(usize::MAX),
            reassembly_memory: usize::try_from(limits.reassembly_memory).unwrap_or(usize::MAX),
            ..Config::default()
        };
        Self {
            epoch: start.epoch.wrapping_sub(1),
            start,
            config,
            flowbits: Arc::default(),
            detection: Arc::new(Detection::empty()),
            slots: Arc::default(),
            compiled: false,
            threads: Vec::new(),
            retired: Vec::new(),
        }
    }

    /// Compiles the rules directory and puts it into force; whether that could be done.
    /// Rules that cannot be used leave those in force as they are.
    fn compile(&mut self, link: &mut Link) -> Result<bool, WorkerError> {
        match self.try_compile() {
            Ok(report) => {
                link.tell(&ToSupervisor::RulesCompiled(report))?;
                Ok(true)
            }
            Err(error) => {
                let reason = Text::cut(&error.to_string());
                link.tell(&ToSupervisor::RulesFailed { reason })?;
                Ok(false)
            }
        }
    }

    fn try_compile(&mut self) -> Result<RulesReport, LoadError> {
        let begun = Instant::now();
        let flowbits = Arc::clone(&self.flowbits);
        let mut loaded = rules::load(
            &self.start.rules,
            self.start.dialect.into(),
            &self.config,
            flowbits,
        )?;
        if self.compiled {
            loaded = loaded.whole(&self.start.rules)?;
        }
        for warning in loaded.no_effect.iter().take(MAX_TOLD) {
            tracing::warn!("{warning}");
        }
        self.epoch = self.epoch.wrapping_add(1);
        let report = loaded.report(self.epoch, begun.elapsed());
        let new = Arc::new(loaded.detection);
        for thread in &self.threads {
            thread.tell(Command::Swap(Arc::clone(&new), self.epoch));
        }
        self.retired
            .push(std::mem::replace(&mut self.detection, new));
        self.compiled = true;
        Ok(report)
    }

    fn set_slots(&mut self, slots: &Arc<SlotTable>) {
        self.slots = Arc::clone(slots);
        for thread in &self.threads {
            thread.tell(Command::Slots(Arc::clone(slots)));
        }
    }

    fn start_threads(
        &mut self,
        link: &Link,
        count: usize,
        fds: Vec<OwnedFd>,
    ) -> Result<(), WorkerError> {
        if !self.threads.is_empty() {
            return Err(WorkerError::OutOfTurn("Rings came twice"));
        }
        if count == 0 || fds.len() != count * FDS_A_RING {
            return Err(WorkerError::OutOfTurn("Rings and descriptors differ"));
        }
        let mut fds = fds.into_iter();
        while let (Some(ring), Some(cursor), Some(counters)) = (fds.next(), fds.next(), fds.next())
        {
            let reader = RingReader::new(ring, RingCursor::open(cursor)?)?;
            let counters = Arc::new(CounterPage::open(counters)?);
            let thread = self.spawn(link, reader, counters)?;
            self.threads.push(thread);
        }
        Ok(())
    }

    fn spawn(
        &self,
        link: &Link,
        reader: RingReader,
        counters: Arc<CounterPage<RingCounter>>,
    ) -> Result<Thread, WorkerError> {
        let (commands, inbox) = mpsc::channel();
        let signals = Arc::new(Signals::default());
        let config = self.config.clone();
        let make = move |detection: &Arc<Detection>, slots: &Arc<SlotTable>| {
            Engine::new(config.clone(), Arc::clone(detection), Arc::clone(slots))
        };
        let packets = PacketThread {
            engine: make(&self.detection, &self.slots),
            make,
            detection: Arc::clone(&self.detection),
            slots: Arc::clone(&self.slots),
            report: Report::new(Arc::clone(&link.fd), Arc::clone(&counters), self.epoch),
            counters,
            commands: inbox,
            signals: Arc::clone(&signals),
            published: Vec::new(),
        };
        let handle = thread::Builder::new()
            .name(format!("packets-{}", self.threads.len()))
            .spawn(move || packets.run(reader))?;
        Ok(Thread {
            commands,
            signals,
            handle,
        })
    }

    /// Drops rules that nobody holds any more, and sees whether a thread has ended.
    fn look(&mut self) -> Result<(), WorkerError> {
        self.retired.retain(|rules| Arc::strong_count(rules) > 1);
        match self.threads.iter().position(|t| t.handle.is_finished()) {
            Some(index) => self.threads.remove(index).join(index),
            None => Ok(()),
        }
    }

    /// Stops every thread at a block's end.
    fn finish(self) -> Result<(), WorkerError> {
        for thread in &self.threads {
            thread.signals.stop.store(true, Ordering::Relaxed);
        }
        let mut threads = self.threads.into_iter().enumerate();
        threads.try_for_each(|(index, thread)| thread.join(index))
    }
}

impl Thread {
    fn tell(&self, command: Command) {
        // A thread that has ended is seen by `look`.
        if self.commands.send(command).is_ok() {
            self.signals.command.store(true, Ordering::Relaxed);
        }
    }

    fn join(self, index: usize) -> Result<(), WorkerError> {
        match self.handle.join() {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(WorkerError::ThreadPanicked(index)),
        }
    }
}
