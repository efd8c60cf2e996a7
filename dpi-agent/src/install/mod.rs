//! The role `manifests`: what a cluster needs before agents can work in it.
//!
//! CRDs are made from the types of `dpi-api`; `roles` and `policy` say what agents and the
//! operator may do, and no more; `operator` is what runs it. The agents themselves are made
//! by the operator ([`crate::operator`]). `reference` is the CRDs for people. The printed YAML is also committed below `deploy/`,
//! and a test holds it against this.

mod crds;
mod operator;
mod policy;
mod reference;
mod roles;

use std::io::Write;

use anyhow::Context;
use clap::Args;
use serde_json::Value;

pub use crds::crds;
pub use reference::reference;
pub(crate) use roles::agent_objects;

/// Where the agents live: the namespace of Calico's agents, so that commands written for
/// them find these. It holds the agents' pods alone.
pub const AGENTS_NAMESPACE: &str = "tigera-dpi";
/// The agents' `DaemonSet` and its container, named as Calico's.
pub const DAEMONSET: &str = "tigera-dpi";
/// Service account of the agents.
pub const AGENT: &str = "dpi-agent";
/// Where the operator lives.
pub const OPERATOR_NAMESPACE: &str = "dpi-agent";
/// Deployment and service account of the operator.
pub const OPERATOR: &str = "dpi-agent-operator";
/// The one `IntrusionDetection`.
pub const INSTALLATION: &str = "tigera-secure";
/// An image that nobody has published: `cargo xtask image`.
pub const IMAGE: &str = "docker.io/library/dpi-agent:dev";

/// Options of `manifests`.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Image of operator and agents.
    #[arg(long, value_name = "NAME:TAG", default_value = IMAGE)]
    pub image: String,
    /// Namespace of the operator.
    #[arg(long, value_name = "NAME", default_value = OPERATOR_NAMESPACE)]
    pub namespace: String,
    /// Print the CRDs alone.
    #[arg(long)]
    pub crds_only: bool,
    /// Print the CRDs, the rights and the policy, but nothing that runs: for agents and an
    /// operator that are started by hand, as service accounts of the namespace tigera-dpi.
    #[arg(long, conflicts_with = "crds_only")]
    pub by_hand: bool,
    /// Print every field of the CRDs as a page in Markdown instead.
    #[arg(long, conflicts_with_all = ["crds_only", "by_hand"])]
    pub reference: bool,
}

/// Prints the objects.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if options.reference {
        let page = reference(&crds());
        return out.write_all(page.as_bytes()).context("standard output");
    }
    let objects = if options.crds_only {
        crds()
    } else if options.by_hand {
        by_hand()
    } else {
        install(&options.namespace, &options.image)
    };
    let text = yaml(&objects)?;
    out.write_all(text.as_bytes()).context("standard output")
}

/// All that `kubectl apply -f` needs. The operator makes tigera-secure: no object can be
/// applied together with the CRD of its kind.
pub fn install(namespace: &str, image: &str) -> Vec<Value> {
    let mut objects = crds();
    objects.extend(operator(namespace, image));
    objects
}

/// The operator with its rights, and the policy on agents.
pub fn operator(namespace: &str, image: &str) -> Vec<Value> {
    let mut objects = roles::installing_operator(namespace);
    objects.extend(policy::objects(AGENTS_NAMESPACE));
    objects.push(operator::deployment(namespace, image));
    objects
}

/// CRDs, rights and policy, without anything that runs.
pub fn by_hand() -> Vec<Value> {
    let mut objects = crds();
    objects.extend(agent_objects(AGENTS_NAMESPACE));
    objects.extend(roles::folding_operator(AGENTS_NAMESPACE));
    objects.extend(policy::objects(AGENTS_NAMESPACE));
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
