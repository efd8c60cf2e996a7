//! The `IntrusionDetection` of a fresh installation.
//!
//! One `kubectl apply` cannot make a CRD and an object of its kind, so the operator makes
//! tigera-secure itself: once, which its lease remembers, so that deleting it takes the
//! agents away for good.

use dpi_api::intrusion_detection::IntrusionDetection;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{
    Api, Client, ResourceExt,
    api::{ObjectMeta, PostParams},
};
use tokio::time::timeout;

use crate::{
    apiserver::{REQUEST_TIMEOUT, Trouble},
    install::{INSTALLATION, OPERATOR},
    operator::lease,
};

/// On the lease; it goes with the operator's namespace.
const REMEMBERED: &str = "dpi-agent.dev/installation-made";
const WHAT: &str = "the first intrusiondetections.operator.tigera.io";

/// Makes tigera-secure, unless that was done before or there is one. Says whether it did.
pub(super) async fn make(
    client: &Client,
    namespace: &str,
    there_is_one: bool,
) -> Result<bool, Trouble> {
    match timeout(REQUEST_TIMEOUT, try_make(client, namespace, there_is_one)).await {
        Ok(made) => made.map_err(|error| Trouble::of(&error, WHAT)),
        Err(_) => Err(Trouble::silence(WHAT, REQUEST_TIMEOUT)),
    }
}

async fn try_make(client: &Client, namespace: &str, there_is_one: bool) -> kube::Result<bool> {
    let leases: Api<Lease> = Api::namespaced(client.clone(), namespace);
    let mut lease = leases.get(lease::NAME).await?;
    if lease.annotations().contains_key(REMEMBERED) {
        return Ok(false);
    }
    let params = PostParams {
        field_manager: Some(OPERATOR.to_owned()),
        ..PostParams::default()
    };
    if !there_is_one {
        let object = IntrusionDetection {
            metadata: ObjectMeta {
                name: Some(INSTALLATION.to_owned()),
                ..ObjectMeta::default()
            },
            ..IntrusionDetection::default()
        };
        let api: Api<IntrusionDetection> = Api::all(client.clone());
        match api.create(&params, &object).await {
            // Somebody was faster.
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            made => drop(made?),
        }
    }
    let remembered = (REMEMBERED.to_owned(), "true".to_owned());
    lease.annotations_mut().extend([remembered]);
    // With its resourceVersion: a renewal in between makes this fail, and it is tried again.
    leases.replace(lease::NAME, &params, &lease).await?;
    Ok(!there_is_one)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::apiserver::mock::{self, Call, Reply};

    /// Whether tigera-secure is made, and whether that is written down.
    #[tokio::test]
    async fn it_is_made_once() {
        for (remembered, there_is_one, made, written) in [
            (false, false, true, true),
            (false, true, false, true),
            (true, false, false, false),
            (true, true, false, false),
        ] {
            let notes = if remembered {
                json!({REMEMBERED: "true"})
            } else {
                json!({})
            };
            let lease = json!({
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": "l", "resourceVersion": "7", "annotations": notes},
            });
            let answer = move |call: Call| match call.method.as_str() {
                "GET" => Reply::ok(lease.clone()),
                _ => Reply::ok(call.body),
            };
            let (client, server) = mock::server(answer);
            assert_eq!(make(&client, "ns", there_is_one).await, Ok(made));
            let calls = server.calls();
            let posted = calls.iter().find(|call| call.method == "POST");
            assert_eq!(posted.is_some(), made);
            if let Some(posted) = posted {
                assert_eq!(
                    posted.path,
                    "/apis/operator.tigera.io/v1/intrusiondetections"
                );
                assert_eq!(posted.body["metadata"]["name"], "tigera-secure");
            }
            let put = calls.iter().find(|call| call.method == "PUT");
            assert_eq!(put.is_some(), written);
            if let Some(put) = put {
                assert_eq!(put.body["metadata"]["annotations"][REMEMBERED], "true");
                assert_eq!(put.body["metadata"]["resourceVersion"], "7");
            }
        }
    }

    #[tokio::test]
    async fn what_forbids_it_is_told() {
        let forbid = |_: Call| Reply::error(403, "Forbidden", "no leases for you");
        let (client, _server) = mock::server(forbid);
        let trouble = make(&client, "ns", false).await.unwrap_err();
        assert!(matches!(trouble, Trouble::Forbidden { .. }), "{trouble}");
    }
}
