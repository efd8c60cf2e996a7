//! The role `manifests`: what a cluster needs before agents can work in it.
//!
//! CRDs are made from the types of `dpi-api`; `roles` and `policy` say what agents and the
//! operator may do, and no more. The printed YAML is also committed below `deploy/`, and a
//! test holds it against this.

mod crds;
mod policy;
mod roles;

use std::io::Write;

use anyhow::Context;
use clap::Args;
use serde_json::Value;

pub use crds::crds;

/// Where agents and operator live unless told otherwise: the namespace of Calico's agents, so
/// that commands written for them find these.
pub const NAMESPACE: &str = "tigera-dpi";
/// Service account of the agents.
pub const AGENT: &str = "dpi-agent";
/// Service account of the operator.
pub const OPERATOR: &str = "dpi-agent-operator";

/// Options of `manifests`.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Namespace of the agents and the operator.
    #[arg(long, value_name = "NAME", default_value = NAMESPACE)]
    pub namespace: String,
    /// Print the CRDs alone.
    #[arg(long)]
    pub crds_only: bool,
}

/// Prints the objects.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let objects = if options.crds_only {
        crds()
    } else {
        everything(&options.namespace)
    };
    let text = yaml(&objects)?;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).context("standard output")
}

/// All objects, in an order in which they can be applied.
pub fn everything(namespace: &str) -> Vec<Value> {
    let mut objects = crds();
    objects.extend(roles::objects(namespace));
    objects.extend(policy::objects(namespace));
    objects
}

/// Objects as YAML documents.
pub fn yaml(objects: &[Value]) -> anyhow::Result<String> {
    let mut text = String::new();
    for object in objects {
        text.push_str("---\n");
        text.push_str(&serde_saphyr::to_string(object)?);
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
