//! Rule files that change under a running agent, for the better and for the worse.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use dpi_tests::{
    kernel_fixture::skipped,
    lab::{Agent, AgentOptions, HttpServer, Lab, http_request, inspection, unavailable, wait_for},
};
use tempfile::TempDir;

const START: Duration = Duration::from_secs(30);
/// The directory is looked at each second, and twice before it counts as changed.
const FOLLOWED: Duration = Duration::from_secs(10);
const GOOD: &str = "alert http any any -> any any (msg:\"one\"; http_uri; \
                    content:\"/first-needle\"; sid:1;)\n";
const OTHER: &str = "alert http any any -> any any (msg:\"two\"; http_uri; \
                     content:\"/second-needle\"; sid:2;)\n";

/// Makes a file that cannot be read.
type Break<'a> = &'a dyn Fn(&Path) -> Result<()>;
type Part = fn(&Scene) -> Result<()>;

/// Each part has a node and an agent of its own, and waits most of its time: for the agent to
/// look at the directory again.
#[test]
fn rules_follow_their_files_and_broken_ones_never_replace_good_ones() -> Result<()> {
    if let Some(reason) = unavailable() {
        skipped(&reason);
        return Ok(());
    }
    let parts: [(&str, Part); 4] = [
        ("rules follow their files", Scene::rules_follow_their_files),
        ("unreadable rules", Scene::unreadable_rules),
        ("an unreadable snort.lua", Scene::an_unreadable_snort_lua),
        ("snort.lua is followed", Scene::snort_lua_is_followed),
    ];
    std::thread::scope(|scope| {
        let running = parts.map(|(name, part)| {
            let run = move || {
                let scene = Scene::set()?;
                part(&scene).with_context(|| scene.agent.log())?;
                let deaths = scene.agent.settle()?.number("/worker/deaths");
                ensure!(deaths == 0, "the worker died {deaths} times");
                Ok(())
            };
            (name, scope.spawn(run))
        });
        for (name, part) in running {
            part.join().expect("no panic").context(name)?;
        }
        Ok(())
    })
}

struct Scene {
    lab: Lab,
    agent: Agent,
    server: HttpServer,
    folder: TempDir,
}

impl Scene {
    /// A node that inspects one of two pods by one rule.
    fn set() -> Result<Scene> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("a.rules"), GOOD)?;
        let lab = Lab::red_and_blue(&[folder.path()])?;
        lab.write_manifest("red.yaml", &inspection("red", "app == 'red'"))?;
        let scene = Scene {
            agent: Agent::start(&lab, &AgentOptions::default())?,
            server: HttpServer::start(lab.pod("red2"), 8080)?,
            lab,
            folder,
        };
        scene.agent.wait_status("inspection", START, |status| {
            status.text("/state") == "Inspecting"
        })?;
        wait_for("programs", START, || Ok(scene.lab.all_programs()? == 4))?;
        scene.finds("/first-needle", 1)?;
        Ok(scene)
    }

    /// A file of the rules directory.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn rules_follow_their_files(&self) -> Result<()> {
        self.finds("/second-needle", 0)?;
        // Nobody is told: the file is there.
        let second = self.path("b.rules");
        fs::write(&second, OTHER)?;
        self.wait_loaded(2)?;
        self.finds("/second-needle", 1)?;
        fs::remove_file(&second)?;
        self.wait_loaded(1)?;
        self.finds("/second-needle", 0)?;

        // A rule that is cut off costs itself, and is named by file and line.
        let half = &OTHER[..OTHER.len() / 2];
        fs::write(&second, format!("# cut off\n{half}"))?;
        self.wait_told(&["b.rules", "\"line\":2"])?;
        self.finds("/first-needle", 1)?;
        // So does one that is no text.
        fs::write(
            &second,
            b"\xff\xfe\x00alert tcp any any -> any any (sid:3;)\n",
        )?;
        self.wait_told(&["b.rules", "\"line\":1"])?;
        self.finds("/first-needle", 1)?;
        fs::remove_file(&second)?;
        self.wait_good()?;

        // A directory of that name is a directory.
        fs::create_dir(self.path("c.rules"))?;
        self.wait_good()?;
        self.finds("/first-needle", 1)
    }

    fn unreadable_rules(&self) -> Result<()> {
        let secret = tempfile::NamedTempFile::new()?;
        fs::write(secret.path(), OTHER)?;
        let (link, large) = (secret.path(), 100 << 20);
        let out = "it leads out of the rules directory";
        self.breaks("large.rules", "104857600 bytes", &|path| {
            Ok(File::create(path)?.set_len(large)?)
        })?;
        self.breaks("out.rules", out, &|path| Ok(symlink(link, path)?))?;
        self.breaks("gone.rules", "No such file", &|path| {
            Ok(symlink("/nowhere/at/all", path)?)
        })
    }

    fn an_unreadable_snort_lua(&self) -> Result<()> {
        let secret = tempfile::NamedTempFile::new()?;
        let out = "it leads out of the rules directory";
        for (text, words) in [
            (
                "-- for ever\nwhile true do end\n",
                "snort.lua:2: stopped after",
            ),
            (
                "HOME_NET = 'any'\nHOME_NET = {\n",
                "snort.lua:3: unexpected symbol",
            ),
        ] {
            self.breaks("snort.lua", words, &|path| Ok(fs::write(path, text)?))?;
        }
        self.breaks("snort.lua", out, &|path| Ok(symlink(secret.path(), path)?))
    }

    /// What cannot be read leaves what is in force, though the good file is gone, too.
    fn breaks(&self, name: &str, words: &str, break_it: Break<'_>) -> Result<()> {
        let good = self.path("a.rules");
        break_it(&self.path(name))?;
        fs::remove_file(&good)?;
        self.wait_told(&[name, words, "the rules in force stay"])?;
        self.finds("/first-needle", 1)?;
        self.finds("/second-needle", 0)?;
        ensure!(self.agent.log().contains(words), "not in the log: {words}");
        fs::remove_file(self.path(name))?;
        fs::write(&good, GOOD)?;
        self.wait_good()
    }

    /// A request gives so many alerts.
    fn finds(&self, uri: &str, wanted: usize) -> Result<()> {
        self.agent.settle()?;
        let before = self.agent.alerts()?.len();
        http_request(self.lab.pod("blue1"), self.server.address(), uri)?;
        self.agent.settle()?;
        let found = self.agent.alerts()?.len() - before;
        ensure!(
            found == wanted,
            "{found} alerts of {uri}, not {wanted}: {}",
            self.agent.log()
        );
        Ok(())
    }

    /// Filters and variables come into force with the file, and go with it; what is refused
    /// of it costs itself alone.
    fn snort_lua_is_followed(&self) -> Result<()> {
        let path = &self.path("snort.lua");
        for (text, told, alerts) in [
            (
                "suppress = { { gid = 1, sid = 1 } }\nwizard = {}\n",
                None,
                0,
            ),
            (
                "suppress = { { gid = 1, sid = 1, track = 'by_src', ip = '192.0.2.1' } }\n",
                None,
                1,
            ),
            (
                "suppress = { { gid = 1, sid = 1 },\n{ sid = 'x' } }\n",
                Some("\"line\":2"),
                0,
            ),
        ] {
            let before = self.agent.status()?.number("/rules/epoch");
            fs::write(path, text)?;
            self.agent
                .wait_status("the next rules", FOLLOWED, |status| {
                    status.number("/rules/epoch") > before
                })?;
            if let Some(words) = told {
                self.wait_told(&["snort.lua", words])?;
            }
            self.finds("/first-needle", alerts)?;
        }
        let words = "snort.lua:2: wizard has no effect here";
        ensure!(self.agent.log().contains(words), "not in the log: {words}");
        fs::remove_file(path)?;
        self.wait_good()?;
        self.finds("/first-needle", 1)
    }

    fn wait_loaded(&self, rules: u64) -> Result<()> {
        let what = format!("{rules} rules");
        self.agent.wait_status(&what, FOLLOWED, |status| {
            status.number("/rules/loaded") == rules
        })?;
        Ok(())
    }

    /// One good rule, and nothing to be told.
    fn wait_good(&self) -> Result<()> {
        self.agent
            .wait_status("nothing wrong", FOLLOWED, |status| {
                let told = |pointer| status.json.pointer(pointer).map(ToString::to_string);
                status.number("/rules/loaded") == 1
                    && status.number("/rules/failed") == 0
                    && told("/problems").as_deref() == Some("[]")
            })?;
        Ok(())
    }

    /// The status names what is wrong.
    fn wait_told(&self, words: &[&str]) -> Result<()> {
        let what = format!("a problem with {words:?}");
        self.agent.wait_status(&what, FOLLOWED, |status| {
            let problems = ["/problems", "/rules/problems"];
            let told = problems.map(|pointer| status.json.pointer(pointer));
            let told: String = told
                .into_iter()
                .flatten()
                .map(ToString::to_string)
                .collect();
            words.iter().all(|word| told.contains(word))
        })?;
        Ok(())
    }
}
