//! What the unit tests of this folder share.

use std::{collections::BTreeMap, sync::Arc};

use dpi_api::alert::InspectionRef;

use crate::{
    desired::Endpoint,
    snapshot::{Pod, PodUid},
};

/// A selected pod by `namespace/name`, without addresses.
pub(crate) fn endpoint(name: &str) -> Arc<Endpoint> {
    let (namespace, pod) = name.split_once('/').unwrap();
    Arc::new(Endpoint {
        pod: Arc::new(Pod {
            uid: PodUid(name.to_owned()),
            namespace: namespace.to_owned(),
            name: pod.to_owned(),
            labels: BTreeMap::new(),
            service_account: None,
            node: None,
            ips: Vec::new(),
            host_network: false,
            finished: false,
            interface: None,
            cgroup: None,
        }),
        inspections: vec![InspectionRef {
            namespace: namespace.to_owned(),
            name: "all".to_owned(),
        }],
    })
}
