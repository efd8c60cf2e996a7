//! `ssl_state:client_hello,!server_keyx` — the messages of an SSL or TLS handshake that a unit
//! holds; `ssl_version:tls1.0,!tls1.2` — the versions that the connection's ends have stated.
//!
//! Any of those named must be there, and none of those that are negated. Without arguments the
//! option fails, as does every one where no SSL is spoken.

use super::OptionError;
use crate::{
    parser::lexer::{Arg, RawOption},
    service_inspectors::ssl::{SslFacts, SslWords},
    unit::InspectionUnit,
};

/// Either option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SslOption {
    about: About,
    wanted: SslWords,
    unwanted: SslWords,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum About {
    State,
    Version,
}

impl SslOption {
    pub(super) fn state(raw: &RawOption<'_>) -> Result<SslOption, OptionError> {
        SslOption::parse(raw, About::State, SslWords::state)
    }

    pub(super) fn version(raw: &RawOption<'_>) -> Result<SslOption, OptionError> {
        SslOption::parse(raw, About::Version, SslWords::version)
    }

    fn parse(
        raw: &RawOption<'_>,
        about: About,
        named: fn(&str) -> Option<SslWords>,
    ) -> Result<SslOption, OptionError> {
        let mut option = SslOption {
            about,
            wanted: SslWords::default(),
            unwanted: SslWords::default(),
        };
        for arg in &raw.args {
            arg.no_value()?;
            let (is_negated, name) = name(arg);
            let word = named(name).ok_or_else(|| arg.unknown())?;
            let words = if is_negated {
                &mut option.unwanted
            } else {
                &mut option.wanted
            };
            *words = words.and(word);
        }
        Ok(option)
    }

    pub(super) fn evaluate(self, unit: &InspectionUnit<'_>) -> bool {
        let Some(SslFacts { states, versions }) = unit.buffers.ssl() else {
            return false;
        };
        let SslOption {
            about,
            wanted,
            unwanted,
        } = self;
        let there = match about {
            About::State => states,
            About::Version => versions,
        };
        match (wanted.is_empty(), unwanted.is_empty()) {
            (true, true) => false,
            (true, false) => !there.intersects(unwanted),
            (false, _) => there.intersects(wanted) && !there.intersects(unwanted),
        }
    }
}

fn name<'a>(arg: &Arg<'a>) -> (bool, &'a str) {
    match arg.name().strip_prefix('!') {
        Some(name) => (true, name),
        None => (false, arg.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Message, holds, message_unit, packet, refused, unit};
    use crate::service_inspectors::ssl::{SslFacts, SslWords};

    fn facts(states: &[&str], versions: &[&str]) -> SslFacts {
        let none = SslFacts::default();
        let with_states = states.iter().fold(none.states, |all, name| {
            all.and(SslWords::state(name).unwrap())
        });
        let with_versions = versions.iter().fold(none.versions, |all, name| {
            all.and(SslWords::version(name).unwrap())
        });
        SslFacts {
            states: with_states,
            versions: with_versions,
        }
    }

    #[test]
    fn evaluated() {
        let packet = packet(b"\x16\x03\x01");
        let hello = facts(&["client_hello"], &["tls1.0", "tls1.2"]);
        let flight = facts(&["server_hello", "server_keyx"], &["tls1.2"]);
        let later = facts(&[], &["tls1.2"]);
        for (text, facts, expected) in [
            ("ssl_state:client_hello", hello, true),
            ("ssl_state:client_hello", flight, false),
            ("ssl_state:client_hello,server_hello", flight, true),
            ("ssl_state:!client_hello", hello, false),
            ("ssl_state:!client_hello", later, true),
            ("ssl_state:server_hello,!server_keyx", flight, false),
            ("ssl_state:server_hello,!client_keyx", flight, true),
            ("ssl_state:client_keyx,!client_hello", later, false),
            ("ssl_state:unknown", later, false),
            ("ssl_version:tls1.0", hello, true),
            ("ssl_version:tls1.0", later, false),
            ("ssl_version:sslv2,sslv3,tls1.2", later, true),
            ("ssl_version:!tls1.2", later, false),
            ("ssl_version:!tls1.1", later, true),
        ] {
            let message = Message {
                ssl: Some(facts),
                ..Message::default()
            };
            let unit = message_unit(&packet, &message);
            assert_eq!(holds(text, &unit), expected, "{text} on {facts:?}");
        }
        for text in ["ssl_state:!client_hello", "ssl_version:!tls1.2"] {
            assert!(!holds(text, &unit(&packet)), "{text} without SSL");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("ssl_state:nonsense", "unknown argument \"nonsense\""),
            (
                "ssl_state:Client_Hello",
                "unknown argument \"Client_Hello\"",
            ),
            ("ssl_version:tls1.3", "unknown argument \"tls1.3\""),
            ("ssl_version:!tls9", "unknown argument \"!tls9\""),
        ]);
    }
}
