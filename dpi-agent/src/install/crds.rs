//! The CRDs.

use dpi_api::{
    inspection::DeepPacketInspection, intrusion_detection::IntrusionDetection,
    node_inspection::NodeInspection,
};
use kube::CustomResourceExt;
use serde_json::{Value, json};

/// Every CRD that agents and operator need.
pub fn crds() -> Vec<Value> {
    let definitions = [
        DeepPacketInspection::crd(),
        IntrusionDetection::crd(),
        NodeInspection::crd(),
    ];
    definitions
        .into_iter()
        .map(|crd| tidy(json!(crd)))
        .collect()
}

/// Without what says nothing.
fn tidy(mut crd: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|_, value| !value.is_null());
                fields.values_mut().for_each(walk);
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut crd);
    for list in ["/spec/names/shortNames", "/spec/names/categories"] {
        let parent = list.rsplit_once('/').map_or("", |(parent, _)| parent);
        let name = list.rsplit('/').next().unwrap_or_default();
        let empty = crd
            .pointer(list)
            .and_then(Value::as_array)
            .is_some_and(Vec::is_empty);
        if empty && let Some(Value::Object(fields)) = crd.pointer_mut(parent) {
            fields.remove(name);
        }
    }
    crd
}
