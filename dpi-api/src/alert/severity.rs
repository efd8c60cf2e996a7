//! How bad an alert is, in words.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Severity as Calico's security events name it.
///
/// Snort's priorities 1, 2 and 3 are the stock classifications' high, medium and
/// low; 4 is informational. A rule that states none has 0, which counts as 3, Suricata's
/// default; all above 4 count as 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Priority 1.
    Critical,
    /// Priority 2.
    High,
    /// Priority 3, or none.
    Medium,
    /// Priority 4 and above.
    Low,
}

impl Severity {
    /// The severity of a rule's priority.
    pub fn from_priority(priority: u32) -> Self {
        match priority {
            1 => Self::Critical,
            2 => Self::High,
            0 | 3 => Self::Medium,
            _ => Self::Low,
        }
    }

    /// Calico's score: 100, 80, 60 or 40.
    pub fn score(self) -> u8 {
        match self {
            Self::Critical => 100,
            Self::High => 80,
            Self::Medium => 60,
            Self::Low => 40,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        })
    }
}
