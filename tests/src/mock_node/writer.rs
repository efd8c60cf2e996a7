//! Changes of the model, made on the API server.

use std::path::Path;

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, Config,
    api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::model::Change;

/// A client of its own runtime, on the calling thread: in its network namespace.
pub(super) struct Writer {
    runtime: Runtime,
    client: Client,
}

impl Writer {
    pub(super) fn new(kubeconfig: &Path) -> Result<Writer> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let client = runtime.block_on(async {
            let file = Kubeconfig::read_from(kubeconfig)?;
            let usual = KubeConfigOptions::default();
            let config = Config::from_custom_kubeconfig(file, &usual).await?;
            anyhow::Ok(Client::try_from(config)?)
        })?;
        Ok(Writer { runtime, client })
    }

    pub(super) fn write(&mut self, change: &Change) -> Result<()> {
        let written = self.runtime.block_on(apply(&self.client, change));
        written.with_context(|| format!("{change:?}"))
    }
}

async fn apply(client: &Client, change: &Change) -> Result<()> {
    let merge = PatchParams::default();
    match change {
        Change::CreatePod(pod) => create_pod(client, pod).await?,
        Change::Relabel {
            namespace,
            name,
            labels,
        } => {
            let patch = json!({"metadata": {"labels": labels}});
            let pods = pods(client, namespace);
            pods.patch(name, &merge, &Patch::Merge(patch)).await?;
        }
        Change::Finish { namespace, name } => {
            let patch = json!({"status": {"phase": "Succeeded"}});
            let pods = pods(client, namespace);
            pods.patch_status(name, &merge, &Patch::Merge(patch))
                .await?;
        }
        Change::DeletePod { namespace, name } => {
            let now = DeleteParams::default().grace_period(0);
            pods(client, namespace).delete(name, &now).await?;
        }
        Change::CreateInspection(object) => {
            let namespace = object["metadata"]["namespace"].as_str();
            let object: DynamicObject = serde_json::from_value(object.clone())?;
            inspections(client, namespace.unwrap_or_default())
                .create(&PostParams::default(), &object)
                .await?;
        }
        Change::Select {
            namespace,
            name,
            selector,
        } => {
            let patch = json!({"spec": {"selector": selector}});
            let inspections = inspections(client, namespace);
            inspections
                .patch(name, &merge, &Patch::Merge(patch))
                .await?;
        }
        Change::DeleteInspection { namespace, name } => {
            let inspections = inspections(client, namespace);
            inspections.delete(name, &DeleteParams::default()).await?;
        }
    }
    Ok(())
}

/// As a kubelet would: the object first, and when it runs its status.
async fn create_pod(client: &Client, pod: &Value) -> Result<()> {
    let mut plain = pod.clone();
    if let Some(labels) = plain["metadata"]["labels"].as_object_mut() {
        labels.retain(|_, value| !value.is_null());
    }
    let mut object: Pod = serde_json::from_value(plain)?;
    let namespace = object.metadata.namespace.clone().unwrap_or_default();
    let name = object.metadata.name.clone().unwrap_or_default();
    object.status = None;
    let pods = pods(client, &namespace);
    pods.create(&PostParams::default(), &object).await?;
    let status = json!({"status": pod["status"]});
    pods.patch_status(&name, &PatchParams::default(), &Patch::Merge(status))
        .await?;
    Ok(())
}

fn pods(client: &Client, namespace: &str) -> Api<Pod> {
    Api::namespaced(client.clone(), namespace)
}

fn inspections(client: &Client, namespace: &str) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("projectcalico.org", "v3", "DeepPacketInspection");
    let resource = ApiResource::from_gvk_with_plural(&kind, "deeppacketinspections");
    Api::namespaced_with(client.clone(), namespace, &resource)
}
