//! Objects of the agents, applied on the server's side.

use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::Value;
use tokio::time::timeout;

use super::conditions::Failure;
use crate::{
    apiserver::{REQUEST_TIMEOUT, Trouble},
    install::OPERATOR,
};

const OBJECTS: &str = "objects of the agents";

/// Makes the object what `object` says, whoever set its fields before; what it is then.
pub(super) async fn apply(client: &Client, object: &Value) -> Result<DynamicObject, Failure> {
    let name = object.pointer("/metadata/name").and_then(Value::as_str);
    let name = name.unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default();
    let api = api(client, object);
    let params = PatchParams::apply(OPERATOR).force();
    let patch = Patch::Apply(object);
    let failure = |reason, words: String| Failure {
        reason,
        message: format!("{kind} {name}: {words}"),
    };
    match timeout(REQUEST_TIMEOUT, api.patch(name, &params, &patch)).await {
        Ok(Ok(applied)) => Ok(applied),
        Ok(Err(error)) => {
            let reason = match &error {
                kube::Error::Api(status) if status.code == 422 => "Refused",
                kube::Error::Api(status) if status.code == 403 => "Forbidden",
                _ => "NotApplied",
            };
            Err(failure(reason, Trouble::of(&error, OBJECTS).to_string()))
        }
        Err(_) => {
            let trouble = Trouble::silence(OBJECTS, REQUEST_TIMEOUT);
            Err(failure("NotApplied", trouble.to_string()))
        }
    }
}

/// Where objects of this kind, and in this namespace, are.
fn api(client: &Client, object: &Value) -> Api<DynamicObject> {
    let text = |key: &str| object[key].as_str().unwrap_or_default();
    let version = text("apiVersion");
    // The core group has no name.
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, text("kind")));
    let namespace = object.pointer("/metadata/namespace");
    match namespace.and_then(Value::as_str) {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}
