//! The loaded programs with a pin directory of their own, and why there may be none.

use std::{
    fs,
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::Result;
use dpi_agent::kernel::{AttachMode, Kernel, KernelError, Options, Sink};

const BPFFS: &str = "/sys/fs/bpf";
/// Pin directories are `dpi-test-PID-N`, so that those of a killed process can be told.
const PREFIX: &str = "dpi-test-";

/// Set to anything, it makes a test fail that would be skipped for want of the kernel.
pub const REQUIRE: &str = "DPI_REQUIRE_KERNEL";

/// A [`Kernel`] whose pins are removed on drop.
#[derive(Debug)]
pub struct TestKernel {
    kernel: Option<Kernel>,
    options: Options,
}

impl TestKernel {
    /// Loads the programs; `None`, with the reason printed, where that is not possible
    /// and the test is to be skipped.
    pub fn open() -> Result<Option<TestKernel>> {
        TestKernel::open_as(None)
    }

    /// The same with a given way to attach.
    pub fn open_as(mode: Option<AttachMode>) -> Result<Option<TestKernel>> {
        TestKernel::open_with(mode, 0)
    }

    /// The same with programs that log, up to `level`.
    pub fn open_logging(level: u8) -> Result<Option<TestKernel>> {
        TestKernel::open_with(None, level)
    }

    fn open_with(mode: Option<AttachMode>, log_level: u8) -> Result<Option<TestKernel>> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        remove_stale();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{count}", process::id());
        let options = Options {
            pin_dir: PathBuf::from(BPFFS).join(name),
            mode,
            log_level,
        };
        match Kernel::open(&options) {
            Ok(kernel) => Ok(Some(TestKernel {
                kernel: Some(kernel),
                options,
            })),
            Err(
                reason @ (KernelError::NoObject
                | KernelError::NotRoot
                | KernelError::MissingCapability { .. }
                | KernelError::Blocked { .. }
                | KernelError::NoBpf
                | KernelError::TooOld { .. }
                | KernelError::NoBpffs { .. }),
            ) if std::env::var_os(REQUIRE).is_none() => {
                skipped(&reason);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Lease for a minute, clones to `ifindex`.
    pub fn hand_over_to(&mut self, ifindex: u32) -> Result<()> {
        self.renew_lease(Duration::from_secs(60))?;
        self.set_sink(Some(Sink { ifindex, flags: 0 }))?;
        Ok(())
    }

    /// Where its pins are.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What SIGKILL does: the value is gone, the pins stay. Then the next one opens.
    pub fn restart(&mut self) -> Result<()> {
        drop(self.kernel.take());
        self.kernel = Some(Kernel::open(&self.options)?);
        Ok(())
    }
}

/// Removes pins of processes that were killed before they could.
fn remove_stale() {
    let Ok(entries) = fs::read_dir(BPFFS) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|n| n.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Prints why a test does nothing.
pub fn skipped(reason: &dyn std::fmt::Display) {
    #[expect(clippy::print_stderr, reason = "the test harness shows it")]
    {
        eprintln!("skipped: {reason}");
    }
}

impl Deref for TestKernel {
    type Target = Kernel;

    fn deref(&self) -> &Kernel {
        self.kernel.as_ref().expect("present but within `restart`")
    }
}

impl DerefMut for TestKernel {
    fn deref_mut(&mut self) -> &mut Kernel {
        self.kernel.as_mut().expect("present but within `restart`")
    }
}

impl Drop for TestKernel {
    fn drop(&mut self) {
        if let Some(kernel) = self.kernel.take() {
            let _ = kernel.unpin_all();
        }
        // Had `restart` failed, the pins of before would stay.
        let _ = fs::remove_dir(&self.options.pin_dir);
    }
}
