//! Files out of reach, by Landlock.

use std::{fmt, path::Path};

use landlock::{
    ABI, Access, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

/// The newest that is asked for (Linux 6.12); older kernels do what they can of it.
const ABI: ABI = ABI::V6;

/// Which files the worker can still reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAccess {
    /// The rules alone, for reading; no TCP, and no signal or abstract socket outside.
    Rules,
    /// The rules alone, for reading; of the rest what this kernel knows.
    RulesOnOlderKernel,
    /// All that the container shows: this kernel has no Landlock.
    Unrestricted,
}

impl fmt::Display for FileAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rules => "the rules directory alone",
            Self::RulesOnOlderKernel => {
                "the rules directory alone (the kernel is older than 6.12: Landlock in part)"
            }
            Self::Unrestricted => {
                "whatever the container shows, read-only (the kernel has no Landlock, from 5.13 on)"
            }
        })
    }
}

/// Leaves the calling thread nothing but reading below `rules`.
pub(super) fn restrict(rules: &Path) -> Result<FileAccess, RulesetError> {
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI))?
        .handle_access(AccessNet::from_all(ABI))?
        .scope(Scope::from_all(ABI))?
        .create()?;
    // A directory that is not there is told by whoever reads the rules.
    if let Ok(directory) = PathFd::new(rules) {
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        ruleset = ruleset.add_rule(PathBeneath::new(directory, read))?;
    }
    Ok(match ruleset.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced => FileAccess::Rules,
        RulesetStatus::PartiallyEnforced => FileAccess::RulesOnOlderKernel,
        RulesetStatus::NotEnforced => FileAccess::Unrestricted,
    })
}
