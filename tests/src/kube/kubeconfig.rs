//! Files that tell a client where the API server is and who it is itself.
//!
//! They are JSON, which is YAML too, and hold certificates rather than paths: each file
//! stands by itself.

use std::path::Path;

use anyhow::Result;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::pki::{self, Identity};

/// How a client proves who it is.
pub(crate) enum Credentials<'a> {
    /// By a certificate of the cluster's authority.
    Certificate(&'a Identity),
    /// By a token, such as a service account's.
    Token(&'a str),
}

/// Writes one. `server` is a URL, `authority` its certificate authority as PEM.
pub(crate) fn write(
    path: &Path,
    server: &str,
    authority: &str,
    credentials: &Credentials<'_>,
) -> Result<()> {
    let user = match credentials {
        Credentials::Certificate(identity) => json!({
            "client-certificate-data": BASE64_STANDARD.encode(&identity.certificate),
            "client-key-data": BASE64_STANDARD.encode(&identity.key),
        }),
        Credentials::Token(token) => json!({ "token": token }),
    };
    let config: Value = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {
            "server": server,
            "certificate-authority-data": BASE64_STANDARD.encode(authority),
        }}],
        "users": [{"name": "test", "user": user}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    });
    pki::write(path, &serde_json::to_string_pretty(&config)?)
}
