//! `stream_reassemble:action disable,direction client` — whether the rest of a TCP stream is
//! put together, once the rule has matched.

use super::{OptionError, RuleContext};
use crate::{detection::FlowState, parser::lexer::RawOption};

/// What a match changes. `enable` takes back what another rule has disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamReassemble {
    enable: bool,
    client: bool,
    server: bool,
}

impl StreamReassemble {
    pub(super) fn parse(
        raw: &RawOption<'_>,
        context: &mut RuleContext,
    ) -> Result<StreamReassemble, OptionError> {
        let mut option = StreamReassemble {
            enable: false,
            client: true,
            server: false,
        };
        for arg in &raw.args {
            match arg.name() {
                "action" => {
                    option.enable = match arg.required("action")? {
                        "enable" => true,
                        "disable" => false,
                        other => return Err(bad("action", other)),
                    };
                }
                "direction" => {
                    (option.client, option.server) = match arg.required("direction")? {
                        "client" => (true, false),
                        "server" => (false, true),
                        "both" => (true, true),
                        other => return Err(bad("direction", other)),
                    };
                }
                "noalert" => {
                    arg.no_value()?;
                    context.noalert = true;
                }
                // Snort's own shortcut past its later stages; there is none here.
                "fastpath" => arg.no_value()?,
                _ => return Err(arg.unknown()),
            }
        }
        Ok(option)
    }

    /// Does what a match asks for: from here on the bytes of each end named are searched
    /// segment by segment alone, or together again.
    pub(crate) fn apply(self, state: &mut FlowState) {
        for (is_named, to_server) in [(self.client, true), (self.server, false)] {
            if is_named {
                state.set_reassembled(to_server, self.enable);
            }
        }
    }
}

fn bad(argument: &'static str, found: &str) -> OptionError {
    OptionError::BadValue {
        argument,
        found: found.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        IpsOption,
        testing::{options, refused, rule},
    };
    use crate::detection::FlowState;

    #[test]
    fn applied() {
        for (texts, client, server) in [
            (&["action disable,direction client"][..], false, true),
            (&["direction server,action disable"], true, false),
            (&["action disable,direction both"], false, false),
            (&["action enable,direction both"], true, true),
            (
                &[
                    "action disable,direction both",
                    "action enable,direction client",
                ],
                true,
                false,
            ),
            (
                &["action disable,direction client,noalert,fastpath"],
                false,
                true,
            ),
        ] {
            let mut state = FlowState::default();
            for text in texts {
                match options(&format!("stream_reassemble:{text}")).remove(0) {
                    IpsOption::StreamReassemble(option) => option.apply(&mut state),
                    other => panic!("{text}: {other:?}"),
                }
            }
            let found = (state.is_reassembled(true), state.is_reassembled(false));
            assert_eq!(found, (client, server), "{texts:?}");
        }
    }

    #[test]
    fn noalert_silences_the_rule() {
        let silent = |text| rule("tcp", text).map(|rule| rule.noalert);
        assert_eq!(silent("stream_reassemble:action disable"), Ok(false));
        assert_eq!(silent("stream_reassemble:action disable,noalert"), Ok(true));
    }

    #[test]
    fn refusals() {
        refused(&[
            ("stream_reassemble:bogus", r#"unknown argument "bogus""#),
            ("stream_reassemble:disable", r#"unknown argument "disable""#),
            ("stream_reassemble:action", "action needs a value"),
            (
                "stream_reassemble:action stop",
                r#""stop" is no value for action"#,
            ),
            (
                "stream_reassemble:direction to_client",
                r#""to_client" is no value for direction"#,
            ),
            (
                "stream_reassemble:action disable,noalert yes",
                r#"unknown argument "noalert yes""#,
            ),
        ]);
    }
}
