//! What an error of the API server means, and the remedy.

use std::{error::Error, time::Duration};

use kube::core::Status;

use crate::error_line::{cut, error_line};

/// Longest words of the client that are told, in bytes.
const MAX_MESSAGE: usize = 300;

/// What goes wrong with a resource. Printed with its remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No answer.
    #[error(
        "the API server does not answer about {what} ({message}); inspection goes on with what is \
         known, check the API server and the network to it"
    )]
    Unreachable {
        /// The resource.
        what: &'static str,
        /// The client's words.
        message: String,
    },
    /// The agent may not.
    #[error(
        "the API server forbids {what} ({message}); apply the roles that `dpi-agent manifests` prints"
    )]
    Forbidden {
        /// The resource.
        what: &'static str,
        /// The server's words.
        message: String,
    },
    /// It does not know who the agent is.
    #[error(
        "the API server does not accept the agent's credentials for {what} ({message}); check the \
         service account's token or the kubeconfig"
    )]
    Unauthorized {
        /// The resource.
        what: &'static str,
        /// The server's words.
        message: String,
    },
    /// The server knows no such resource.
    #[error(
        "the API server knows no {what}; install the CRDs: `dpi-agent manifests | kubectl apply -f -`"
    )]
    Missing {
        /// The resource.
        what: &'static str,
    },
    /// The CRD lacks fields.
    #[error(
        "the CRD of {what} is older than this agent ({message}); apply what `dpi-agent manifests` prints"
    )]
    Older {
        /// The resource.
        what: &'static str,
        /// The server's words.
        message: String,
    },
    /// Too many requests, or the server is out of order.
    #[error("the API server is busy ({what}, {code}: {message}); it is asked again")]
    Busy {
        /// The resource.
        what: &'static str,
        /// HTTP status.
        code: u16,
        /// The server's words.
        message: String,
    },
    /// Anything else.
    #[error("{what}: {message}")]
    Other {
        /// The resource.
        what: &'static str,
        /// The words.
        message: String,
    },
}

impl Trouble {
    /// What `error` means for the resource called `what`.
    pub fn of(error: &kube::Error, what: &'static str) -> Self {
        match error {
            kube::Error::Api(status) => Self::of_status(status, what),
            kube::Error::SerdeError(_) => Self::Other {
                what,
                message: one_line(error),
            },
            _ => Self::Unreachable {
                what,
                message: one_line(error),
            },
        }
    }

    /// No answer within the time that there is for one.
    pub fn silence(what: &'static str, waited: Duration) -> Self {
        Self::Unreachable {
            what,
            message: format!("silent for {} s", waited.as_secs()),
        }
    }

    fn of_status(status: &Status, what: &'static str) -> Self {
        let message = status.message.replace('\n', " ");
        match status.code {
            401 => Self::Unauthorized { what, message },
            403 => Self::Forbidden { what, message },
            404 => Self::Missing { what },
            _ if message.contains("not declared in schema") => Self::Older { what, message },
            code @ (429 | 500..) => Self::Busy {
                what,
                code,
                message,
            },
            _ => Self::Other { what, message },
        }
    }

    /// In one word, for metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Forbidden { .. } => "forbidden",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Missing { .. } => "missing",
            Self::Older { .. } => "older",
            Self::Busy { .. } => "busy",
            Self::Other { .. } => "other",
        }
    }
}

/// How long the server asks to be left alone.
pub fn retry_after(error: &kube::Error) -> Option<Duration> {
    let kube::Error::Api(status) = error else {
        return None;
    };
    let asked = status.details.as_ref().map(|d| d.retry_after_seconds);
    match (asked, status.code) {
        (Some(seconds), _) if seconds > 0 => Some(Duration::from_secs(u64::from(seconds).min(60))),
        (_, 429) => Some(Duration::from_secs(1)),
        _ => None,
    }
}

/// The error and its causes: what kube says is often only the layer that failed.
fn one_line(error: &kube::Error) -> String {
    let line = error_line(error as &(dyn Error + 'static));
    cut(line, MAX_MESSAGE)
}
