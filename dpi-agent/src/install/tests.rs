//! What is committed is what is printed.

use std::path::Path;

use super::*;

/// Where types, roles or the operator have changed: this test with `UPDATE_DEPLOY=1`.
/// `install.yaml` is what `dpi-agent manifests` prints, `crds.yaml` and `cluster.yaml` what it
/// prints with `--crds-only` and `--by-hand`; kustomize bases and chart are parts of the first.
#[test]
fn the_committed_yaml_is_fresh() {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    let mut chart = operator("{{ .Release.Namespace }}", "{{ .Values.image }}");
    // Helm makes it, where it is told to.
    chart.retain(|object| object["kind"] != "Namespace");
    for (file, objects) in [
        ("install.yaml", install(OPERATOR_NAMESPACE, IMAGE)),
        ("crds.yaml", crds()),
        ("cluster.yaml", by_hand()),
        ("kustomize/crds/crds.yaml", crds()),
        (
            "kustomize/operator/operator.yaml",
            operator(OPERATOR_NAMESPACE, IMAGE),
        ),
        ("helm/dpi-agent/crds/crds.yaml", crds()),
        ("helm/dpi-agent/templates/operator.yaml", chart),
    ] {
        let path = deploy.join(file);
        let text = yaml(&objects).unwrap();
        if std::env::var_os("UPDATE_DEPLOY").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap();
        assert!(
            committed == text,
            "{file} is not what is printed; see this test"
        );
    }
}

/// Where types have changed: this test with `UPDATE_DEPLOY=1`.
#[test]
fn the_committed_reference_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/crd-reference.md");
    let page = reference(&crds());
    if std::env::var_os("UPDATE_DEPLOY").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(
        committed == page,
        "it is not what is printed; see this test"
    );
    // Each kind, and a field of a list in a list.
    for words in [
        "## DeepPacketInspection\n",
        "## IntrusionDetection\n",
        "## NodeInspection\n",
        "| `spec.selector` | string |",
        "| `status.nodes[].errorConditions[].message` | string |",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

/// Every schema is structural: each place has a type, unless anything goes there.
#[test]
fn schemas_are_structural() {
    fn walk(schema: &Value, place: &str) {
        let fields = schema.as_object().unwrap();
        let free = fields.contains_key("x-kubernetes-preserve-unknown-fields")
            || fields.contains_key("x-kubernetes-int-or-string");
        assert!(free || fields.contains_key("type"), "{place}: {schema}");
        for (name, inner) in fields
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            walk(inner, &format!("{place}.{name}"));
        }
        for key in ["items", "additionalProperties"] {
            if let Some(inner) = fields.get(key).filter(|inner| inner.is_object()) {
                walk(inner, &format!("{place}[]"));
            }
        }
    }
    for crd in crds() {
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        walk(schema, crd["metadata"]["name"].as_str().unwrap());
    }
}

/// Keys of list-maps must be required or have a default.
#[test]
fn list_maps_have_their_keys() {
    fn walk(schema: &Value, found: &mut usize) {
        if schema["x-kubernetes-list-type"] == "map" {
            *found += 1;
            for key in schema["x-kubernetes-list-map-keys"].as_array().unwrap() {
                let required = schema["items"]["required"].as_array().unwrap();
                assert!(required.contains(key), "{key} of {schema}");
            }
        }
        match schema {
            Value::Object(fields) => fields.values().for_each(|v| walk(v, found)),
            Value::Array(items) => items.iter().for_each(|v| walk(v, found)),
            _ => {}
        }
    }
    let mut found = 0;
    for crd in &crds() {
        walk(crd, &mut found);
    }
    assert!(found >= 4, "{found}");
}

/// What `kubectl get dpi` shows, in this order.
#[test]
fn columns() {
    let crd = &crds()[0];
    let columns = crd["spec"]["versions"][0]["additionalPrinterColumns"]
        .as_array()
        .unwrap();
    let names: Vec<&str> = columns
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "Selector", "Pods", "Nodes", "Alerts", "Drops", "Ready", "Age"
        ]
    );
}
