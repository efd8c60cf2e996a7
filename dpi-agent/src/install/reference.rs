//! The CRDs as a page for people.

use std::fmt::{Result, Write};

use serde_json::Value;

/// Every field of every CRD: its type, whether it must be there, what it is.
pub fn reference(crds: &[Value]) -> String {
    let mut page = String::from(
        "# Custom resources\n\n\
         Printed by `dpi-agent manifests --reference` from the types that agents and operator\n\
         read; a test holds this page against them.\n",
    );
    for crd in crds {
        // Writing to a string does not fail.
        let _ = kind(crd, &mut page);
    }
    page
}

fn kind(crd: &Value, page: &mut String) -> Result {
    let text = |pointer| crd.pointer(pointer).and_then(Value::as_str).unwrap_or("");
    let version = text("/spec/versions/0/name");
    writeln!(page, "\n## {}\n", text("/spec/names/kind"))?;
    writeln!(
        page,
        "`{}/{version}`, {}, `kubectl get {}`",
        text("/spec/group"),
        text("/spec/scope"),
        text("/spec/names/plural")
    )?;
    let schema = crd.pointer("/spec/versions/0/schema/openAPIV3Schema");
    let schema = schema.unwrap_or(&Value::Null);
    writeln!(page, "\n{}", plain(&schema["description"]))?;
    for rule in list(&schema["x-kubernetes-validations"]) {
        writeln!(page, "\nHeld: {}.", plain(&rule["message"]))?;
    }
    writeln!(page, "\n| field | type | |\n|---|---|---|")?;
    for part in ["spec", "status"] {
        let inner = &schema["properties"][part];
        if inner.is_object() {
            field(part, inner, false, page)?;
        }
    }
    Ok(())
}

/// A line for a field, and those of what is in it.
fn field(path: &str, schema: &Value, required: bool, page: &mut String) -> Result {
    let mut about = plain(&schema["description"]).replace('|', "\\|");
    let mut add = |words: String| {
        if !about.is_empty() {
            about.push(' ');
        }
        about.push_str(&words);
    };
    if required {
        add("Required.".to_owned());
    }
    let values: Vec<String> = list(&schema["enum"])
        .filter(|value| !value.is_null())
        .map(|value| format!("`{}`", plain(value)))
        .collect();
    if !values.is_empty() {
        add(format!("One of {}.", values.join(", ")));
    }
    for (bound, words) in [
        ("maxItems", "entries"),
        ("maxLength", "characters"),
        ("maximum", "is the most"),
    ] {
        if let Some(value) = schema.get(bound).filter(|value| value.is_number()) {
            add(format!("At most {value} {words}."));
        }
    }
    writeln!(page, "| `{path}` | {} | {about} |", kind_of(schema))?;
    inside(path, schema, page)
}

fn inside(path: &str, schema: &Value, page: &mut String) -> Result {
    let needed: Vec<&str> = list(&schema["required"])
        .filter_map(Value::as_str)
        .collect();
    let properties = schema["properties"].as_object();
    for (name, inner) in properties.into_iter().flatten() {
        let required = needed.contains(&name.as_str());
        field(&format!("{path}.{name}"), inner, required, page)?;
    }
    let items = &schema["items"];
    if items["properties"].is_object() {
        inside(&format!("{path}[]"), items, page)?;
    }
    Ok(())
}

fn kind_of(schema: &Value) -> String {
    if schema["x-kubernetes-int-or-string"] == true {
        return "number or string".to_owned();
    }
    let kind = schema["type"].as_str().unwrap_or("anything");
    match (kind, schema["format"].as_str()) {
        ("array", _) => format!("list of {}", kind_of(&schema["items"])),
        ("object", _) if schema["additionalProperties"].is_object() => {
            format!("map to {}", kind_of(&schema["additionalProperties"]))
        }
        ("string", Some(format)) => format!("string ({format})"),
        (kind, _) => kind.to_owned(),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A text on one line.
fn plain(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
