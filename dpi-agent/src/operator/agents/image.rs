//! Which image the agents run: the operator's own, so that both are of one version and an
//! upgrade changes one place.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client};
use tokio::time::{sleep, timeout};

use crate::apiserver::{REQUEST_TIMEOUT, Trouble};

const RETRY: Duration = Duration::from_secs(5);
/// The operator's container.
const CONTAINER: &str = "operator";

/// The image that the operator's pod names; asked for until the API server answers.
pub(in crate::operator) async fn own(client: &Client, namespace: &str, pod: &str) -> String {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let mut told = None;
    loop {
        let trouble = match timeout(REQUEST_TIMEOUT, pods.get(pod)).await {
            Ok(Ok(found)) => match image(&found) {
                Some(image) => return image.to_owned(),
                None => Trouble::Other {
                    what: "pods",
                    message: format!(
                        "pod {namespace}/{pod} has no container {CONTAINER}; name the agents' image \
                         by --agent-image"
                    ),
                },
            },
            Ok(Err(error)) => Trouble::of(&error, "pods"),
            Err(_) => Trouble::silence("pods", REQUEST_TIMEOUT),
        };
        if told.as_ref() != Some(&trouble) {
            tracing::warn!("the agents' image is not known: {trouble}");
            told = Some(trouble);
        }
        sleep(RETRY).await;
    }
}

fn image(pod: &Pod) -> Option<&str> {
    let containers = &pod.spec.as_ref()?.containers;
    let own = containers.iter().find(|c| c.name == CONTAINER)?;
    own.image.as_deref()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::apiserver::mock::{self, Reply};

    #[tokio::test]
    async fn it_is_read_from_the_operators_own_pod() {
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "op-1", "namespace": "ns"},
            "spec": {"containers": [
                {"name": "sidecar", "image": "other"},
                {"name": "operator", "image": "a.example/dpi-agent:7"},
            ]},
        });
        let (client, server) = mock::server(move |_| Reply::ok(pod.clone()));
        assert_eq!(own(&client, "ns", "op-1").await, "a.example/dpi-agent:7");
        assert_eq!(server.calls()[0].path, "/api/v1/namespaces/ns/pods/op-1");
    }
}
