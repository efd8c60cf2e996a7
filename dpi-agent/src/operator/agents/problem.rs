//! What is wrong with an `IntrusionDetection`.

/// A part of the specification that cannot be used, with the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// It is not understood at all.
    #[error("spec: {0}")]
    NotUnderstood(String),
    /// A component twice.
    #[error(
        "spec.componentResources: {count} entries for DeepPacketInspection; leave the one that is meant"
    )]
    Twice {
        /// How many.
        count: usize,
    },
    /// No quantity, or an impossible one.
    #[error("{field}: {value:?} {fault}")]
    Quantity {
        /// Path of the field.
        field: String,
        /// What stands there.
        value: String,
        /// What is wrong with it.
        fault: String,
    },
    /// More is requested than may be used.
    #[error("{field}: the request {request} is more than the limit {limit}; lower it")]
    OverLimit {
        /// Path of the requests' field.
        field: String,
        /// The request.
        request: String,
        /// The limit.
        limit: String,
    },
    /// Claims of devices.
    #[error("{field}: the agents use no resource claims; remove them")]
    Claims {
        /// Path of the field.
        field: String,
    },
    /// Several containers before the agent.
    #[error("{field}: {count} containers; one, named snort-rules, may bring rules")]
    TooManyInitContainers {
        /// Path of the field.
        field: String,
        /// How many.
        count: usize,
    },
    /// No image.
    #[error("{field}: names no image; name the one that copies rules into /usr/etc/snort/rules")]
    NoImage {
        /// Path of the field.
        field: String,
    },
    /// A container and a `ConfigMap`.
    #[error(
        "rules come from the container snort-rules and from the annotation \
         dpi-agent.dev/rules-config-map; leave one of them"
    )]
    TwoSources,
    /// No name.
    #[error(
        "annotation dpi-agent.dev/rules-config-map: {0:?} is no name; name a ConfigMap of the \
         namespace tigera-dpi"
    )]
    ConfigMapName(String),
}
