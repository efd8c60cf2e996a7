//! Every metric: its name, its sentence, and where its value stands in the status.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};

use crate::{
    node::{State, Status},
    watches::WatchStatus,
};

/// Labelled values: a metric without labels has one without.
type Values = Vec<(Vec<(&'static str, String)>, u64)>;

struct Metric {
    /// Without the prefix; `_total` is added to counters.
    name: &'static str,
    help: &'static str,
    kind: Kind,
    values: fn(&Status) -> Values,
}

#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
}

const METRICS: &[Metric] = &[
    Metric {
        name: "packets_seen",
        help: "Packets of selected workloads that the programs on their interfaces saw",
        kind: Kind::Counter,
        values: |status| one(status.packets.seen),
    },
    Metric {
        name: "packets_inspected",
        help: "Packets that the detection engine tried the rules on",
        kind: Kind::Counter,
        values: |status| one(status.packets.inspected),
    },
    Metric {
        name: "packets_bypassed",
        help: "Packets that were passed over on purpose, by reason",
        kind: Kind::Counter,
        values: |status| by("reason", &status.packets.bypassed),
    },
    Metric {
        name: "packets_dropped",
        help: "Packets that should have been inspected and were not, by reason; the workload got them",
        kind: Kind::Counter,
        values: |status| by("reason", &status.packets.dropped),
    },
    Metric {
        name: "kernel_packets",
        help: "What the eBPF programs counted, by counter; those named bytes count bytes",
        kind: Kind::Counter,
        values: |status| by("counter", &status.account.kernel),
    },
    Metric {
        name: "foreign_packets",
        help: "Packets on the sink device that no program of the agent handed over",
        kind: Kind::Counter,
        values: |status| one(status.account.foreign),
    },
    Metric {
        name: "engine_events",
        help: "What packet threads and engines counted since the rings were bound, by counter",
        kind: Kind::Gauge,
        values: |status| {
            let each = status.engine.iter();
            each.map(|(name, n)| (vec![("counter", (*name).to_owned())], *n))
                .collect()
        },
    },
    Metric {
        name: "payload_bytes",
        help: "Payload bytes that packet threads received since the rings were bound",
        kind: Kind::Gauge,
        values: |status| one(engine(status, "payload_bytes")),
    },
    Metric {
        name: "searched_bytes",
        help: "Bytes that packet threads searched for literals of rules since the rings were bound; buffers of a unit that hold the same bytes count once",
        kind: Kind::Gauge,
        values: |status| one(engine(status, "searched_bytes")),
    },
    Metric {
        name: "alerts_found",
        help: "Alerts that the detection engine found",
        kind: Kind::Counter,
        values: |status| one(status.alerts.found),
    },
    Metric {
        name: "alerts_written",
        help: "Alerts that were written to the output",
        kind: Kind::Counter,
        values: |status| one(status.alerts.written),
    },
    Metric {
        name: "alerts_dropped",
        help: "Alerts that were lost on their way to the output, by reason",
        kind: Kind::Counter,
        values: |status| {
            let reason = |reason: &str| vec![("reason", reason.to_owned())];
            vec![
                (reason("alert_queue"), status.alerts.dropped_alert_queue),
                (reason("output"), status.alerts.dropped_output),
                (reason("events"), status.alerts.dropped_events),
            ]
        },
    },
    Metric {
        name: "alerts_unresolved",
        help: "Alerts that left without the name of the other end, which the cluster did not give in time",
        kind: Kind::Counter,
        values: |status| one(status.alerts.unresolved),
    },
    Metric {
        name: "peer_look_ups",
        help: "Addresses whose names were asked of the cluster",
        kind: Kind::Counter,
        values: |status| one(status.alerts.look_ups),
    },
    Metric {
        name: "alerts_in_events",
        help: "Alerts that a Kubernetes Event or its count tells of",
        kind: Kind::Counter,
        values: |status| one(status.alerts.events),
    },
    Metric {
        name: "events",
        help: "What the writer of Kubernetes Events did, by outcome; suppressed counts alerts, failed_requests requests",
        kind: Kind::Counter,
        values: |status| {
            let counters = status.alerts.event_counters.iter();
            let counters = counters.filter(|(name, _)| **name != "pending");
            counters
                .map(|(name, n)| (vec![("outcome", (*name).to_owned())], *n))
                .collect()
        },
    },
    Metric {
        name: "events_pending",
        help: "Alerts that wait to be told by an Event",
        kind: Kind::Gauge,
        values: |status| {
            one(status
                .alerts
                .event_counters
                .get("pending")
                .copied()
                .unwrap_or(0))
        },
    },
    Metric {
        name: "watch_synced",
        help: "1 once a whole list of the resource was seen, by resource of the API server",
        kind: Kind::Gauge,
        values: |status| each_watch(status, |watch| u64::from(watch.synced)),
    },
    Metric {
        name: "watch_objects",
        help: "Objects that the agent holds, by resource of the API server",
        kind: Kind::Gauge,
        values: |status| each_watch(status, |watch| watch.objects as u64),
    },
    Metric {
        name: "watch_lists",
        help: "Whole lists that were read, by resource of the API server",
        kind: Kind::Counter,
        values: |status| each_watch(status, |watch| watch.lists),
    },
    Metric {
        name: "watch_errors",
        help: "Requests of watches that failed, by resource of the API server and reason",
        kind: Kind::Counter,
        values: |status| {
            let watches = status.api.iter().flat_map(|api| &api.watches);
            let errors = watches.flat_map(|(resource, watch)| {
                watch.errors.iter().map(|(reason, n)| {
                    let labels = vec![
                        ("resource", (*resource).to_owned()),
                        ("reason", (*reason).to_owned()),
                    ];
                    (labels, *n)
                })
            });
            errors.collect()
        },
    },
    Metric {
        name: "stale",
        help: "1 while what is known of the cluster may be out of date",
        kind: Kind::Gauge,
        values: |status| one(status.api.as_ref().map_or(0, |api| u64::from(api.stale))),
    },
    Metric {
        name: "flows_bypassed",
        help: "Flows that the programs were told to pass by",
        kind: Kind::Counter,
        values: |status| one(status.bypasses),
    },
    Metric {
        name: "worker_deaths",
        help: "Workers that ended without being told to",
        kind: Kind::Counter,
        values: |status| one(status.worker.deaths),
    },
    Metric {
        name: "rules",
        help: "Rules of the ruleset in force, by state",
        kind: Kind::Gauge,
        values: |status| {
            let (loaded, inactive, failed) = match &status.rules {
                Some(rules) => (rules.loaded, rules.inactive, rules.failed),
                None => (0, 0, 0),
            };
            let state = |name: &str, n: u32| (vec![("state", name.to_owned())], u64::from(n));
            vec![
                state("loaded", loaded),
                state("inactive", inactive),
                state("failed", failed),
            ]
        },
    },
    Metric {
        name: "ruleset_epoch",
        help: "Number of the ruleset in force; it rises with each that takes over",
        kind: Kind::Gauge,
        values: |status| {
            one(status
                .rules
                .as_ref()
                .map_or(0, |rules| u64::from(rules.epoch)))
        },
    },
    Metric {
        name: "workloads",
        help: "Pods of this node that an inspection selects, by whether they are inspected",
        kind: Kind::Gauge,
        values: |status| {
            let pods = || {
                status
                    .inspections
                    .iter()
                    .flat_map(|inspection| &inspection.pods)
            };
            let count = |inspected| pods().filter(|pod| pod.inspected == inspected).count() as u64;
            let label = |inspected: bool| vec![("inspected", inspected.to_string())];
            vec![(label(true), count(true)), (label(false), count(false))]
        },
    },
    Metric {
        name: "interfaces",
        help: "Interfaces that carry programs of the agent",
        kind: Kind::Gauge,
        values: |status| one(status.capture.as_ref().map_or(0, |c| c.interfaces as u64)),
    },
    Metric {
        name: "inspecting",
        help: "1 while selected workloads are inspected",
        kind: Kind::Gauge,
        values: |status| one(u64::from(status.state == State::Inspecting)),
    },
];

/// One value for each watch; none where objects come from files.
fn each_watch(status: &Status, value: fn(&WatchStatus) -> u64) -> Values {
    let watches = status.api.iter().flat_map(|api| &api.watches);
    let each = watches.map(|(resource, watch)| {
        let label = vec![("resource", (*resource).to_owned())];
        (label, value(watch))
    });
    each.collect()
}

/// A counter of the engines.
fn engine(status: &Status, counter: &str) -> u64 {
    status.engine.get(counter).copied().unwrap_or(0)
}

fn one(value: u64) -> Values {
    vec![(Vec::new(), value)]
}

fn by(label: &'static str, values: &std::collections::BTreeMap<String, u64>) -> Values {
    let each = values.iter();
    each.map(|(value, n)| (vec![(label, value.clone())], *n))
        .collect()
}

/// The metrics of one status.
#[derive(Debug)]
pub(super) struct StatusCollector(pub(super) std::sync::Arc<Status>);

impl Collector for StatusCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for metric in METRICS {
            let values = (metric.values)(&self.0);
            match metric.kind {
                Kind::Counter => write(&mut encoder, metric, values, ConstCounter::new),
                Kind::Gauge => write(&mut encoder, metric, values, ConstGauge::new),
            }?;
        }
        Ok(())
    }
}

fn write<M: EncodeMetric>(
    encoder: &mut DescriptorEncoder<'_>,
    metric: &Metric,
    values: Values,
    make: fn(u64) -> M,
) -> Result<(), fmt::Error> {
    let kind = make(0).metric_type();
    let mut family = encoder.encode_descriptor(metric.name, metric.help, None, kind)?;
    for (labels, value) in values {
        if labels.is_empty() {
            return make(value).encode(family);
        }
        make(value).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn names_are_unique_and_each_has_a_sentence() {
        let names: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
        for metric in METRICS {
            assert!(
                metric.help.len() > 20 && !metric.help.ends_with('.'),
                "{}",
                metric.name
            );
        }
    }

    #[test]
    fn the_balance_can_be_read_from_the_metrics() {
        let mut status = Status::default();
        status.packets.seen = 12;
        status.packets.inspected = 10;
        status.packets.dropped = BTreeMap::from([("no_agent".to_owned(), 2)]);
        let text = super::super::server::text(std::sync::Arc::new(status));
        for line in [
            "dpi_agent_packets_seen_total 12",
            "dpi_agent_packets_inspected_total 10",
            "dpi_agent_packets_dropped_total{reason=\"no_agent\"} 2",
            "dpi_agent_rules{state=\"loaded\"} 0",
            "# EOF",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} in:\n{text}"
            );
        }
    }
}
