//! Time of an alert as EVE writes it.

use std::fmt;

// The time library of k8s-openapi, so that the agent links one only.
use k8s_openapi::jiff::{
    Timestamp, Zoned,
    fmt::strtime,
    tz::{Offset, TimeZone},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment in microseconds since 1970-01-01T00:00:00Z, written in UTC as
/// `2026-11-24T10:00:00.000000+0000`, the form of Suricata's EVE output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EveTime(i64);

/// Microsecond of 9999-12-30T22:00:00Z, where four digits of year end (the time
/// library's last instant); later times are cut to it.
const LAST_MICROS: i64 = 253_402_207_200_000_000;

const FORMAT: &str = "%Y-%m-%dT%H:%M:%S.%6f%z";

impl EveTime {
    /// From nanoseconds since 1970; the rest below a microsecond is cut off.
    pub fn from_nanos(nanos: u64) -> Self {
        let micros = i64::try_from(nanos / 1000).unwrap_or(LAST_MICROS);
        Self(micros.min(LAST_MICROS))
    }

    /// Microseconds since 1970.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// In the time zone of Greenwich, for other forms of printing.
    pub fn to_utc(self) -> Zoned {
        Timestamp::from_microsecond(self.0)
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(TimeZone::fixed(Offset::UTC))
    }
}

impl fmt::Display for EveTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_utc().strftime(FORMAT))
    }
}

impl Serialize for EveTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EveTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text.as_bytes())
            .and_then(|parsed| parsed.to_timestamp())
            .map(|t| Self(t.as_microsecond()))
            .map_err(de::Error::custom)
    }
}
