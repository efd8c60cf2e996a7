//! The product as it is shipped: its image on a cluster, and that nothing stays of it.

use std::{env, ops::Deref, path::Path, path::PathBuf, time::Duration};

use anyhow::{Result, ensure};

use super::{Agents, TestCluster};
use crate::{
    kernel_fixture::skipped,
    lab::{self, wait_for},
};

const IMAGE: &str = "DPI_IMAGE";
/// Time that agents take to end.
const SOON: Duration = Duration::from_secs(15);

/// A cluster whose nodes have the image.
#[derive(Debug)]
pub struct Shipped {
    cluster: TestCluster,
    /// Those that an installation brings.
    pub agents: Agents,
}

impl Shipped {
    /// One on which nothing is installed; `None`, with the reason printed, where none is
    /// possible.
    pub fn get() -> Result<Option<Shipped>> {
        if let Some(reason) = lab::unavailable() {
            skipped(&reason);
            return Ok(None);
        }
        let Some(image) = env::var_os(IMAGE).map(PathBuf::from) else {
            skipped(&format!("{IMAGE} names no image: run by cargo xtask test"));
            return Ok(None);
        };
        let Some(cluster) = TestCluster::get()? else {
            return Ok(None);
        };
        cluster.load(&image)?;
        let agents = cluster.agents()?;
        let shipped = Shipped { cluster, agents };
        shipped.clean()?;
        Ok(Some(shipped))
    }

    /// Removes what an earlier run, or another test, left.
    pub fn clean(&self) -> Result<()> {
        let kubectl = self.kubectl();
        let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
        for file in ["install.yaml", "cluster.yaml"] {
            let file = deploy.join(file).display().to_string();
            kubectl.run(&["delete", "--ignore-not-found", "--filename", &file])?;
        }
        for namespace in ["tigera-dpi", "dpi-agent"] {
            kubectl.run(&["delete", "namespace", namespace, "--ignore-not-found"])?;
        }
        Ok(())
    }

    /// Nothing of it is on nodes or API server any more.
    pub fn nothing_is_left(&self) -> Result<()> {
        wait_for("nothing left on the nodes", SOON, || {
            Ok(self.agents.processes(&["node"])?.is_empty() && self.agents.pins() == 0)
        })?;
        for kinds in ["crds", "clusterroles,clusterrolebindings", "namespaces"] {
            let left = self.kubectl().run(&["get", kinds, "-o", "name"])?;
            for word in ["tigera", "dpi-agent", "deeppacketinspection"] {
                ensure!(!left.contains(word), "{word} is left: {left}");
            }
        }
        Ok(())
    }
}

impl Deref for Shipped {
    type Target = TestCluster;

    fn deref(&self) -> &TestCluster {
        &self.cluster
    }
}
