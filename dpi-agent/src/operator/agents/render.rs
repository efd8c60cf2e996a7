//! An `IntrusionDetection` to the objects that it asks for.

use dpi_api::intrusion_detection::{InitContainer, IntrusionDetectionSpec};
use k8s_openapi::{
    api::core::v1::ResourceRequirements, apimachinery::pkg::apis::meta::v1::OwnerReference,
};
use serde_json::{Value, json};

use super::{
    daemonset::{RulesContainer, RulesSource, Wanted, daemonset},
    problem::Problem,
    resources,
};
use crate::install::{AGENTS_NAMESPACE, OPERATOR, agent_objects};

const INIT_CONTAINERS: &str =
    "spec.deepPacketInspectionDaemonset.spec.template.spec.initContainers";

/// What is asked for, and what of it cannot be had.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rendered {
    /// In an order in which they can be applied; the last is the `DaemonSet`.
    pub(super) objects: Vec<Value>,
    /// Parts of the specification in whose place the usual is rendered.
    pub(super) problems: Vec<Problem>,
}

/// Label by which the operator knows what it has made.
pub(super) fn managed_by() -> (&'static str, &'static str) {
    ("app.kubernetes.io/managed-by", OPERATOR)
}

/// Annotation of tigera-secure that names a `ConfigMap` with rules, which its specification,
/// Calico's, has no field for.
pub(super) const RULES_CONFIG_MAP: &str = "dpi-agent.dev/rules-config-map";

/// The objects that `spec` asks for, owned by `owner`. The agents run `image`; `config_map` is
/// the value of [`RULES_CONFIG_MAP`].
pub(super) fn render(
    spec: &IntrusionDetectionSpec,
    config_map: Option<&str>,
    image: &str,
    owner: Option<&OwnerReference>,
) -> Rendered {
    let mut problems = Vec::new();
    let usual = resources::usual();
    let resources = agent_resources(spec, &mut problems);
    let rules = rules_source(spec, config_map, &mut problems);
    let wanted = Wanted {
        image,
        resources: resources.unwrap_or(&usual),
        rules,
    };
    let mut objects = agent_objects(AGENTS_NAMESPACE);
    objects.push(daemonset(&wanted));
    let (label, value) = managed_by();
    for object in &mut objects {
        let metadata = &mut object["metadata"];
        metadata["labels"][label] = value.into();
        metadata["labels"]["app.kubernetes.io/name"] = "dpi-agent".into();
        if let Some(owner) = owner {
            metadata["ownerReferences"] = json!([owner]);
        }
    }
    Rendered { objects, problems }
}

/// What the agents are to have; `None`: the usual.
fn agent_resources<'s>(
    spec: &'s IntrusionDetectionSpec,
    problems: &mut Vec<Problem>,
) -> Option<&'s ResourceRequirements> {
    // One component is all that can be named.
    let component = match &spec.component_resources[..] {
        [] => return None,
        [component] => component,
        several => {
            let count = several.len();
            problems.push(Problem::Twice { count });
            return None;
        }
    };
    let field = "spec.componentResources[0].resourceRequirements";
    let wrong = resources::judge(field, &component.resource_requirements, true);
    let usable = wrong.is_empty();
    problems.extend(wrong);
    usable.then_some(&component.resource_requirements)
}

/// Where rules come from; `None`: the image's own are used.
fn rules_source<'s>(
    spec: &'s IntrusionDetectionSpec,
    config_map: Option<&'s str>,
    problems: &mut Vec<Problem>,
) -> Option<RulesSource<'s>> {
    let container = rules_container(spec, problems).map(RulesSource::Container);
    let Some(name) = config_map else {
        return container;
    };
    if container.is_some() {
        problems.push(Problem::TwoSources);
        return None;
    }
    // A name of a Kubernetes object: RFC 1123, as validation there has it.
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    if name.is_empty() || name.len() > 253 || !name.chars().all(good) {
        problems.push(Problem::ConfigMapName(name.to_owned()));
        return None;
    }
    Some(RulesSource::ConfigMap(name))
}

/// Who brings the rules, if a container does.
fn rules_container<'s>(
    spec: &'s IntrusionDetectionSpec,
    problems: &mut Vec<Problem>,
) -> Option<RulesContainer<'s>> {
    let daemonset = spec.deep_packet_inspection_daemonset.as_ref()?;
    let template = daemonset.spec.as_ref()?.template.as_ref()?;
    let containers = &template.spec.as_ref()?.init_containers;
    let InitContainer {
        image, resources, ..
    } = match &containers[..] {
        [] => return None,
        [container] => container,
        several => {
            problems.push(Problem::TooManyInitContainers {
                field: INIT_CONTAINERS.to_owned(),
                count: several.len(),
            });
            return None;
        }
    };
    let before = problems.len();
    if image.trim().is_empty() {
        problems.push(Problem::NoImage {
            field: format!("{INIT_CONTAINERS}[0].image"),
        });
    }
    if let Some(resources) = resources {
        let field = format!("{INIT_CONTAINERS}[0].resources");
        problems.extend(resources::judge(&field, resources, false));
    }
    (problems.len() == before).then_some(RulesContainer {
        image,
        resources: resources.as_ref(),
    })
}
