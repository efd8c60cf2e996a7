//! An alert from the worker to its line.

use dpi_api::alert::Text;

use std::path::Path;

use dpi_api::alert::{Action, AlertRecord, Direction, End, WireAlert};

use super::{
    AlertOutput, Format, Sink,
    enrich::{EXACT, record},
    format::{fast, table},
};
use crate::{node::testing, snapshot::Builder};

fn alert() -> WireAlert {
    WireAlert {
        slot: 1,
        direction: Direction::Ingress,
        time_ns: 1_000_000_000,
        src_ip: "10.0.0.1".parse().unwrap(),
        dest_ip: "10.0.0.2".parse().unwrap(),
        src_port: 40_000,
        dest_port: 80,
        protocol: 6,
        icmp: None,
        app_proto: Some(Text::cut("http")),
        flow_id: Some(u64::MAX),
        gid: 1,
        sid: 9_000_101,
        rev: 2,
        msg: Text::cut("web shell\nin a line"),
        classtype: Some(Text::cut("web-application-attack")),
        category: None,
        priority: 1,
        action: Action::Alert,
        rebuilt: true,
        ruleset_epoch: 1,
    }
}

fn named() -> AlertRecord {
    let snapshot = Builder::new(None).build();
    let owner = testing::endpoint("red/red2");
    record(&alert(), Some(&owner), &snapshot, Some("node-a"))
}

#[test]
fn the_inspected_end_is_the_owner_of_the_slot() {
    let record = named();
    let named = record.kubernetes.unwrap();
    assert_eq!(named.inspected, End::Dest);
    assert_eq!(named.dest.unwrap().to_string(), "red/red2");
    assert_eq!(named.src, None);
    assert_eq!(record.dpi[0].to_string(), "red/all");
    assert!(record.flow_id.unwrap() < EXACT);
    assert_eq!(record.alert.category, "web-application-attack");
}

#[test]
fn each_format_is_one_line() {
    let record = named();
    assert_eq!(
        fast(&record),
        "01/01-00:00:01.000000 [**] [1:9000101:2] \"web shell.in a line\" [**] \
         [Classification: web-application-attack] [Priority: 1] {TCP} 10.0.0.1:40000 -> \
         10.0.0.2:80"
    );
    let table = table(&record);
    assert!(table.starts_with("00:00:01  red/red2 "), "{table}");
    assert!(
        table.contains("<- 10.0.0.1:40000 ") && !table.contains('\n'),
        "{table}"
    );
    assert!(!serde_json::to_string(&record).unwrap().contains('\n'));
}

#[test]
fn lines_arrive_and_an_output_that_cannot_be_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.json");
    let mut output = AlertOutput::open(Some(&path), Format::Json).unwrap();
    for _ in 0..100 {
        output.write(&named());
    }
    drop(output);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 100);
    let first: AlertRecord = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first, named());
    let error = AlertOutput::open(Some(Path::new("/nowhere/a.json")), Format::Json).unwrap_err();
    assert!(error.to_string().contains("/nowhere/a.json"), "{error}");
}
