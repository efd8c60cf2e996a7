//! How a connection ceases to be HTTP/1: by its own word, or because it cannot be read on.

use crate::service_inspectors::{Emit, Feed, Verdict};

use super::{Http, emit::emit_plain, upgrade::Upgraded};

/// Why a connection is no longer read as HTTP/1.
pub(super) enum Ending {
    /// It is not, or nobody knows where the next message begins.
    Error(&'static str),
    /// A tunnel: the wizard may know what is in it.
    Tunnel,
    Upgrade(Upgraded),
}

/// Where reading ended.
pub(super) struct Ended<'f> {
    pub(super) feed: &'f Feed<'f>,
    /// Bytes of the feed that were read, and that the other readings have read.
    pub(super) taken: usize,
    pub(super) read: usize,
}

impl Http {
    /// What the connection becomes after this response, if it is no longer HTTP/1.
    pub(super) fn leaves_http(&self) -> Option<Ending> {
        let response = self.response.as_ref()?;
        let answered = self.answered.as_ref();
        if response.code() == b"101" {
            let upgraded = Upgraded::by_response(answered, response);
            return Some(upgraded.map_or(Ending::Error("http_upgrade"), Ending::Upgrade));
        }
        let connect = answered.is_some_and(|request| request.method() == b"CONNECT");
        (connect && response.code().first() == Some(&b'2')).then_some(Ending::Tunnel)
    }

    /// The connection is no longer read as HTTP/1; hands on what was not read.
    pub(super) fn end(&mut self, ended: &Ended<'_>, ending: Ending, emit: Emit<'_>) -> Verdict {
        let Ended { feed, taken, read } = *ended;
        let (to_server, config) = (feed.to_server, feed.config);
        let other_speaks_http = self.side(!to_server).started;
        let half_read = self.side(to_server).parser.reset();
        let rest = feed.data.get(taken..).unwrap_or_default();
        let started = self.side(to_server).started;
        match ending {
            Ending::Error(_) if other_speaks_http && !started => {
                // Picked up in the middle of this direction's message.
                let side = self.side(to_server);
                side.lose(false);
                emit_plain(to_server, &[&half_read, rest].concat(), emit);
                Verdict::Continue
            }
            Ending::Error(reason) => {
                self.end_body(true, config, emit);
                self.end_body(false, config, emit);
                if to_server && !self.rivals.is_empty() {
                    self.limits_hit.note(reason);
                    self.client.give_up();
                    self.server.give_up();
                    let other = self.server.parser.reset();
                    self.server.hold(false, &other, config, emit);
                    self.client.hold(true, &half_read, config, emit);
                    self.client.hold(true, rest, config, emit);
                    return self.feed_rivals(feed, read, emit);
                }
                let other = self.side(!to_server).parser.reset();
                emit_plain(!to_server, &other, emit);
                emit_plain(to_server, &[&half_read, rest].concat(), emit);
                Verdict::Abandon(reason)
            }
            Ending::Tunnel => {
                self.end_body(!to_server, config, emit);
                let other = self.side(!to_server).parser.reset();
                emit_plain(!to_server, &other, emit);
                Verdict::Restart {
                    reason: "http_connect",
                    taken,
                }
            }
            Ending::Upgrade(upgraded) => {
                self.end_body(!to_server, config, emit);
                let other = self.side(!to_server).parser.reset();
                let inspector = self.upgraded.insert(upgraded).inspector();
                for (to_server, data) in [(!to_server, other.as_slice()), (to_server, rest)] {
                    let feed = Feed {
                        to_server,
                        data,
                        config,
                    };
                    let verdict = inspector.feed(&feed, emit);
                    if verdict != Verdict::Continue {
                        return verdict;
                    }
                }
                Verdict::Continue
            }
        }
    }

    /// Lets the other readings read on from `read`; once nothing of HTTP is left the
    /// connection is a plain stream.
    pub(super) fn feed_rivals(&mut self, feed: &Feed<'_>, read: usize, emit: Emit<'_>) -> Verdict {
        if feed.to_server && !self.rivals.is_empty() {
            let data = feed.data.get(read..).unwrap_or_default();
            self.rivals.feed_until(data, feed.config, None, emit);
        }
        if self.client.has_given_up() && self.rivals.is_empty() {
            self.client.flush(true, emit);
            self.server.flush(false, emit);
            return Verdict::Abandon("http_no_reading_left");
        }
        Verdict::Continue
    }
}
