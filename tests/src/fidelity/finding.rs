//! What two engines must agree on.

use std::{fmt, net::IpAddr};

use serde_json::Value;

/// A rule that alerted between two addresses, whichever of them sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The rule.
    pub sid: u32,
    /// The two ends, the smaller address first.
    pub ends: (IpAddr, IpAddr),
}

/// How the engine differs from Snort 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Snort 3 alerts, the engine does not.
    Missed,
    /// The engine alerts, Snort 3 does not.
    Extra,
}

impl Finding {
    /// Both ends in one order, IPv4 as IPv4.
    pub fn new(sid: u32, a: IpAddr, b: IpAddr) -> Finding {
        let (a, b) = (a.to_canonical(), b.to_canonical());
        Finding {
            sid,
            ends: if a <= b { (a, b) } else { (b, a) },
        }
    }

    /// A line of Snort 3's alerts (`alert_json` with `src_ap`, `dst_ap`, `gid`, `sid`);
    /// `None` for what is no alert of a text rule (generator 1) or has no addresses.
    pub fn of_snort(line: &str) -> Option<Finding> {
        let value: Value = serde_json::from_str(line).ok()?;
        if value.get("gid").is_some_and(|gid| gid != 1) {
            return None;
        }
        let sid = u32::try_from(value["sid"].as_u64()?).ok()?;
        // Address and port, joined by a colon for IPv6 too.
        let end = |name: &str| value[name].as_str()?.rsplit_once(':')?.0.parse().ok();
        Some(Finding::new(sid, end("src_ap")?, end("dst_ap")?))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Missed => "missed",
            Kind::Extra => "extra",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_compared_in_either_order_and_either_notation() {
        let line = |src: &str, dst: &str, gid: u32| {
            format!(r#"{{"src_ap": "{src}", "dst_ap": "{dst}", "gid": {gid}, "sid": 7}}"#)
        };
        let expected = Finding::of_snort(&line("10.0.0.1:1", "10.0.0.2:80", 1));
        assert!(expected.is_some());
        for (src, dst) in [
            ("10.0.0.2:80", "10.0.0.1:1"),
            ("::ffff:10.0.0.1:0", "::ffff:10.0.0.2:0"),
        ] {
            assert_eq!(Finding::of_snort(&line(src, dst, 1)), expected);
        }
        let others = [("fd00::1:5", "fd00::2:6"), ("10.0.0.1:1", "10.0.0.3:1")];
        for (src, dst) in others {
            let other = Finding::of_snort(&line(src, dst, 1));
            assert!(other.is_some() && other != expected, "{src}");
        }
        assert_eq!(
            Finding::of_snort(&line("10.0.0.1:1", "10.0.0.2:80", 116)),
            None
        );
        assert_eq!(Finding::of_snort(r#"{"gid": 1, "sid": 7}"#), None);
        assert_eq!(Finding::of_snort("no JSON"), None);
    }
}
