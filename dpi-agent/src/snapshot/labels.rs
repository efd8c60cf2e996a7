//! The labels that a pod presents to selectors.

use dpi_api::selector::LabelLookup;

use super::{Labels, Pod};

/// A pod's labels as Calico's selectors see them, in this order of precedence:
///
/// 1. `projectcalico.org/namespace`, `projectcalico.org/orchestrator` (`k8s`) and
///    `projectcalico.org/serviceaccount`, which override a label of the pod;
/// 2. the pod's own labels;
/// 3. `pcns.` before each label of its namespace, and `pcns.projectcalico.org/name`;
/// 4. `pcsa.` before each label of its service account, and `pcsa.projectcalico.org/name`.
///
/// Source: projectcalico/calico, `libcalico-go/lib/backend/k8s/conversion`.
#[derive(Clone, Copy, Debug)]
pub struct PodLabels<'a> {
    pod: &'a Pod,
    namespace: Option<&'a Labels>,
    account: Option<&'a Labels>,
}

/// A service account's name as long as this does not fit a label's value any more
/// (Calico compares with "less than 63", one short of Kubernetes' limit).
const ACCOUNT_NAME_LIMIT: usize = 63;

const NAME: &str = "projectcalico.org/name";

impl<'a> PodLabels<'a> {
    /// Labels of `pod`, with those of its namespace and service account where they are known.
    pub(super) fn new(
        pod: &'a Pod,
        namespace: Option<&'a Labels>,
        account: Option<&'a Labels>,
    ) -> Self {
        Self {
            pod,
            namespace,
            account,
        }
    }

    fn system(&self, name: &str) -> Option<&'a str> {
        match name {
            "projectcalico.org/namespace" => Some(&self.pod.namespace),
            "projectcalico.org/orchestrator" => Some("k8s"),
            "projectcalico.org/serviceaccount" => self
                .pod
                .service_account
                .as_deref()
                .filter(|account| account.len() < ACCOUNT_NAME_LIMIT),
            _ => None,
        }
    }

    fn inherited(&self, name: &str) -> Option<&'a str> {
        let (labels, owner, name) = match (name.strip_prefix("pcns."), name.strip_prefix("pcsa.")) {
            (Some(name), _) => (self.namespace, Some(self.pod.namespace.as_str()), name),
            (_, Some(name)) => (self.account, self.pod.service_account.as_deref(), name),
            _ => return None,
        };
        match name {
            NAME => owner,
            _ => labels?.get(name).map(String::as_str),
        }
    }
}

impl LabelLookup for PodLabels<'_> {
    fn label(&self, name: &str) -> Option<&str> {
        self.system(name)
            .or_else(|| self.pod.labels.get(name).map(String::as_str))
            .or_else(|| self.inherited(name))
    }
}
