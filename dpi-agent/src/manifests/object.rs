//! A document, read as the object it is.

use std::fmt;

use dpi_api::inspection::{
    DeepPacketInspection, DeepPacketInspectionSpec, DeepPacketInspectionStatus,
};
use k8s_openapi::{
    api::core::v1::{Namespace, Pod, ServiceAccount},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use serde_saphyr::{SnippetMode, Spanned, UserMessageFormatter};

use super::{document::Document, problem::Reason};

/// An object and the line of its file where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Located {
    pub(super) line: u64,
    pub(super) object: Object,
}

/// An object of a kind that is read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Object {
    /// With the line of its selector.
    Inspection(Box<DeepPacketInspection>, Option<u64>),
    Pod(Box<Pod>),
    Namespace(Box<Namespace>),
    ServiceAccount(Box<ServiceAccount>),
}

/// A problem and its line.
pub(super) type At = (u64, Reason);

/// What a document holds; in a list, bad items do not take the others with them.
pub(super) fn read(document: &Document<'_>) -> (Vec<Located>, Vec<At>) {
    let mut found = (Vec::new(), Vec::new());
    match typed(document) {
        Ok(Read::One(object)) => found.0.push(object),
        Ok(Read::Many(items)) => {
            for item in items {
                match item {
                    Ok(object) => found.0.push(object),
                    Err(problem) => found.1.push(problem),
                }
            }
        }
        Err(problem) => found.1.push(problem),
    }
    found
}

enum Read {
    One(Located),
    Many(Vec<Result<Located, At>>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypeMeta {
    api_version: Option<String>,
    kind: Option<String>,
}

/// A `DeepPacketInspection` as a person writes it: an unknown field is an error, since
/// a mistyped `selector` would otherwise select the whole namespace.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "S: Deserialize<'de>"))]
struct StrictInspection<S> {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(default)]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: StrictSpec<S>,
    status: Option<DeepPacketInspectionStatus>,
}

/// `S` is the text, with its place where the source tells places.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictSpec<S> {
    selector: Option<S>,
}

// Derived, this would ask for `S: Default`.
impl<S> Default for StrictSpec<S> {
    fn default() -> Self {
        Self { selector: None }
    }
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    items: Vec<Spanned<Value>>,
}

fn typed(document: &Document<'_>) -> Result<Read, At> {
    let meta: TypeMeta = parse(document)?;
    let (api_version, kind) = checked(meta, document.line)?;
    let object = match (api_version.as_str(), kind.as_str()) {
        ("projectcalico.org/v3", "DeepPacketInspection") => inspection(document)?,
        ("v1", "Pod") => Object::Pod(parse(document)?),
        ("v1", "Namespace") => Object::Namespace(parse(document)?),
        ("v1", "ServiceAccount") => Object::ServiceAccount(parse(document)?),
        ("v1", "List" | "PodList" | "NamespaceList" | "ServiceAccountList")
        | ("projectcalico.org/v3", "DeepPacketInspectionList") => {
            let list: List = parse(document)?;
            let of = (api_version.as_str(), kind.trim_end_matches("List"));
            let items = list.items.into_iter();
            return Ok(Read::Many(items.map(|i| item(document, of, i)).collect()));
        }
        _ => return Err((document.line, Reason::UnknownKind { api_version, kind })),
    };
    let line = first_line(document);
    Ok(Read::One(with_defaults(Located { line, object })))
}

fn checked(meta: TypeMeta, line: u64) -> Result<(String, String), At> {
    let missing = |missing| (line, Reason::Untyped { missing });
    let api_version = meta.api_version.ok_or_else(|| missing("apiVersion"))?;
    let kind = meta.kind.ok_or_else(|| missing("kind"))?;
    Ok((api_version, kind))
}

fn inspection(document: &Document<'_>) -> Result<Object, At> {
    let mut strict: StrictInspection<Spanned<String>> = parse(document)?;
    let selector = strict.spec.selector.take();
    let line = selector
        .as_ref()
        .map(|s| file_line(document, s.referenced.line()));
    let object = strict.with_selector(selector.map(|s| s.value));
    Ok(Object::Inspection(Box::new(object), line))
}

impl<S> StrictInspection<S> {
    fn with_selector(self, selector: Option<String>) -> DeepPacketInspection {
        let mut object = DeepPacketInspection::new("", DeepPacketInspectionSpec { selector });
        object.metadata = self.metadata;
        object.status = self.status;
        object
    }
}

/// An item of a list; a list of one kind need not say the kind of each item.
fn item(document: &Document<'_>, of: (&str, &str), item: Spanned<Value>) -> Result<Located, At> {
    let line = file_line(document, item.referenced.line());
    let mut value = item.value;
    if let (Value::Object(fields), true) = (&mut value, !of.1.is_empty()) {
        fields.entry("apiVersion").or_insert_with(|| of.0.into());
        fields.entry("kind").or_insert_with(|| of.1.into());
    }
    let meta = convert(&value, line)?;
    let (api_version, kind) = checked(meta, line)?;
    let object = match (api_version.as_str(), kind.as_str()) {
        ("projectcalico.org/v3", "DeepPacketInspection") => {
            let mut strict: StrictInspection<String> = convert(&value, line)?;
            let selector = strict.spec.selector.take();
            Object::Inspection(Box::new(strict.with_selector(selector)), None)
        }
        ("v1", "Pod") => Object::Pod(convert(&value, line)?),
        ("v1", "Namespace") => Object::Namespace(convert(&value, line)?),
        ("v1", "ServiceAccount") => Object::ServiceAccount(convert(&value, line)?),
        _ => return Err((line, Reason::UnknownKind { api_version, kind })),
    };
    Ok(with_defaults(Located { line, object }))
}

fn convert<T: DeserializeOwned>(value: &Value, line: u64) -> Result<T, At> {
    T::deserialize(value).map_err(|error| {
        let message = error.to_string();
        (line, Reason::Syntax { message })
    })
}

/// JSON is read as YAML, which holds it.
fn parse<T: DeserializeOwned>(document: &Document<'_>) -> Result<T, At> {
    serde_saphyr::from_str(document.text).map_err(|error| {
        let message = error.render_with_options(serde_saphyr::render_options! {
            formatter: &UserMessageFormatter,
            snippets: SnippetMode::Off,
            line_offset: document.line - 1,
        });
        let line = error.location().map_or(1, |location| location.line());
        let message = message.lines().collect::<Vec<_>>().join(" ");
        (file_line(document, line), Reason::Syntax { message })
    })
}

/// Line of the file for line `line` of the document; 0 is an unknown line.
fn file_line(document: &Document<'_>, line: u64) -> u64 {
    document.line + line.saturating_sub(1)
}

/// The first line that says something, which is where one looks for the document.
fn first_line(document: &Document<'_>) -> u64 {
    let says_nothing = |line: &&str| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#')
    };
    let skipped = document.text.lines().take_while(says_nothing).count();
    document.line + u64::try_from(skipped).unwrap_or(0)
}

/// What an API server adds.
fn with_defaults(mut located: Located) -> Located {
    let in_default = |metadata: &mut ObjectMeta| {
        metadata
            .namespace
            .get_or_insert_with(|| "default".to_owned());
    };
    match &mut located.object {
        Object::Inspection(object, _) => in_default(&mut object.metadata),
        Object::ServiceAccount(object) => in_default(&mut object.metadata),
        Object::Namespace(_) => {}
        Object::Pod(pod) => {
            in_default(&mut pod.metadata);
            let spec = pod.spec.get_or_insert_with(Default::default);
            spec.service_account_name
                .get_or_insert_with(|| "default".to_owned());
        }
    }
    located
}

/// Kind and name, by which an object is the same in two readings of a file.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, metadata) = match self {
            Self::Inspection(object, _) => ("DeepPacketInspection", &object.metadata),
            Self::Pod(object) => ("Pod", &object.metadata),
            Self::Namespace(object) => ("Namespace", &object.metadata),
            Self::ServiceAccount(object) => ("ServiceAccount", &object.metadata),
        };
        write!(f, "{kind} ")?;
        if let Some(namespace) = &metadata.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(metadata.name.as_deref().unwrap_or_default())
    }
}
