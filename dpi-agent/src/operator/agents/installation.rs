//! tigera-secure as the API server has it, and what it asks for.

use dpi_api::intrusion_detection::{IntrusionDetection, IntrusionDetectionSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Resource, ResourceExt, core::error_boundary::InvalidObject};

use super::{
    problem::Problem,
    render::{RULES_CONFIG_MAP, Rendered, render},
};
use crate::install::INSTALLATION;

/// What is known of tigera-secure.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Installation {
    Understood(Box<IntrusionDetection>),
    /// Its UID and generation, and what is wrong with it.
    NotUnderstood {
        uid: String,
        generation: i64,
        fault: String,
    },
}

impl Installation {
    /// The object's name, and the object.
    pub(super) fn read(object: Result<IntrusionDetection, InvalidObject>) -> (String, Self) {
        match object {
            Ok(mut object) => {
                // What the operator itself writes is no news.
                object.metadata.managed_fields = None;
                object.metadata.resource_version = None;
                (object.name_any(), Self::Understood(Box::new(object)))
            }
            Err(InvalidObject { metadata, error }) => {
                let installation = Self::NotUnderstood {
                    uid: metadata.uid.unwrap_or_default(),
                    generation: metadata.generation.unwrap_or(0),
                    fault: error,
                };
                (metadata.name.unwrap_or_default(), installation)
            }
        }
    }

    /// What it asks for of agents that run `image`; one that is not understood asks for the
    /// usual, and has a problem.
    pub(super) fn rendered(&self, image: &str) -> Rendered {
        match self {
            Self::Understood(object) => {
                let owner = owner(object.uid().unwrap_or_default());
                let annotation = object.annotations().get(RULES_CONFIG_MAP);
                let config_map = annotation.map(String::as_str);
                render(&object.spec, config_map, image, Some(&owner))
            }
            Self::NotUnderstood { uid, fault, .. } => {
                let (spec, owner) = (IntrusionDetectionSpec::default(), owner(uid.clone()));
                let mut rendered = render(&spec, None, image, Some(&owner));
                let problem = Problem::NotUnderstood(fault.clone());
                rendered.problems.push(problem);
                rendered
            }
        }
    }

    /// How often what it asks for has changed.
    pub(super) fn generation(&self) -> i64 {
        match self {
            Self::Understood(object) => object.metadata.generation.unwrap_or(0),
            Self::NotUnderstood { generation, .. } => *generation,
        }
    }
}

fn owner(uid: String) -> OwnerReference {
    OwnerReference {
        api_version: IntrusionDetection::api_version(&()).into_owned(),
        kind: IntrusionDetection::kind(&()).into_owned(),
        name: INSTALLATION.to_owned(),
        uid,
        controller: Some(true),
        block_owner_deletion: None,
    }
}
