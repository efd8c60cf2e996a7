//! The API server that other tests are played on.
#![expect(clippy::print_stdout, reason = "the figures are worth seeing")]

use std::path::Path;

use anyhow::Result;
use dpi_tests::kube::ApiServer;

const ACCOUNT: &str = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader, namespace: red}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: red}
rules:
- {apiGroups: [''], resources: [pods], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: red}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {kind: ServiceAccount, name: reader, namespace: red}
";

#[test]
fn it_starts_keeps_objects_holds_to_rbac_and_is_gone() -> Result<()> {
    let Some(mut server) = ApiServer::start()? else {
        return Ok(());
    };
    println!(
        "API server ready in {:.1} s",
        server.started_in.as_secs_f64()
    );
    let kubectl = server.kubectl();
    kubectl.run(&["create", "namespace", "red"])?;
    kubectl.apply(ACCOUNT)?;

    let reader = kubectl.with_kubeconfig(&server.service_account("red", "reader")?);
    let pods = reader.json(&["get", "pods", "--namespace", "red"])?;
    assert_eq!(pods["items"].as_array().map(Vec::len), Some(0));
    let refused = reader.run(&["get", "nodes"]).unwrap_err().to_string();
    assert!(refused.contains("forbidden"), "{refused}");
    let stranger = kubectl.with_kubeconfig(&server.user("eve", None)?);
    assert!(
        stranger
            .run(&["get", "pods", "--namespace", "red"])
            .is_err()
    );

    server.stop()?;
    assert!(kubectl.run(&["get", "namespace", "red"]).is_err());
    server.start_again()?;
    kubectl.run(&["get", "namespace", "red"])?;

    let directory = server.directory().to_owned();
    drop(server);
    assert!(!directory.exists());
    assert!(!is_named_in_a_command_line(&directory)?);
    Ok(())
}

#[test]
fn it_is_gone_after_a_panic() -> Result<()> {
    let Some(server) = ApiServer::start()? else {
        return Ok(());
    };
    let directory = server.directory().to_owned();
    let panicked = std::thread::spawn(move || {
        let _server = server;
        panic!("on purpose");
    });
    assert!(panicked.join().is_err());
    assert!(!is_named_in_a_command_line(&directory)?);
    Ok(())
}

/// Whether a process was started with this directory in its arguments.
fn is_named_in_a_command_line(directory: &Path) -> Result<bool> {
    let directory = directory.to_string_lossy().into_owned();
    for entry in std::fs::read_dir("/proc")? {
        let line = std::fs::read(entry?.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&line).contains(&directory) {
            return Ok(true);
        }
    }
    Ok(false)
}
