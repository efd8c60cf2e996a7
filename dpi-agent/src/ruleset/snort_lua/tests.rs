//! Texts of `snort.lua` and what they mean.

use std::{fs, net::IpAddr, path::PathBuf, time::Instant};

use dpi_snort::{
    filters::{
        EventFilter, EventFilterKind, FilterSet, RateFilter, RateTrack, RuleScope, Suppress, Track,
    },
    output::Action,
    parser::{AddressSet, PortSet, RuleId},
};

use super::*;

/// A folder with a `snort.lua` and other files.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new(text: impl AsRef<[u8]>) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), text).unwrap();
        Scene { folder }
    }

    fn with(self, name: &str, text: &str) -> Scene {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    fn read(&self) -> Result<Settings, String> {
        let mut settings = Settings::default();
        match settings.read(&self.path()) {
            Ok(()) => Ok(settings),
            Err(fault) => Err(self.short(&fault.to_string())),
        }
    }

    /// Without the folder's path.
    fn short(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }

    fn errors(&self) -> Vec<String> {
        let settings = self.read().unwrap();
        let errors = settings.errors.iter().map(ToString::to_string);
        errors.map(|error| self.short(&error)).collect()
    }

    fn warnings(&self) -> Vec<String> {
        let settings = self.read().unwrap();
        let warnings = settings.warnings.iter().map(|at| {
            let (place, name) = (self.short(&at.file), &at.what.name);
            format!("{place}:{}: {name}", at.line)
        });
        warnings.collect()
    }
}

fn rule(gid: u32, sid: u32) -> RuleScope {
    RuleScope::Rule(RuleId { gid, sid })
}

#[test]
fn networks_are_those_that_are_set() {
    // Text, variable, an address in it, one that is not.
    let cases = [
        (
            "HOME_NET = '10.0.0.0/8'",
            "HOME_NET",
            "10.1.1.1",
            "11.1.1.1",
        ),
        (
            "HOME_NET = [[ 10.0.0.0/8 192.168.0.0/16 ]]",
            "HOME_NET",
            "192.168.3.3",
            "172.16.0.1",
        ),
        (
            "HOME_NET = '[ 10.0.0.0/8, !10.9.0.0/16 ]'",
            "HOME_NET",
            "10.8.0.1",
            "10.9.0.1",
        ),
        (
            "EXTERNAL_NET = '!$HOME_NET'\nHOME_NET = '10.0.0.0/8'",
            "EXTERNAL_NET",
            "11.1.1.1",
            "10.1.1.1",
        ),
        (
            "local a = '10.' .. 1 + 1 .. '.0.0/16'\nHTTP_SERVERS = a",
            "HTTP_SERVERS",
            "10.2.0.1",
            "10.3.0.1",
        ),
        (
            "ips = { variables = { nets = { OWN = '10.0.0.1', HOME_NET = '$OWN' } } }",
            "HOME_NET",
            "10.0.0.1",
            "10.0.0.2",
        ),
        // What rules are handed counts, not what it was made of.
        (
            "HOME_NET = '1.1.1.1'\nips = { variables = { nets = { HOME_NET = '2.2.2.2' } } }",
            "HOME_NET",
            "2.2.2.2",
            "1.1.1.1",
        ),
        // A stock file; its file of defaults need not be there.
        (
            "HOME_NET = '10.0.0.0/8'\nEXTERNAL_NET = 'any'\ninclude 'snort_defaults.lua'\n\
             ips = { variables = default_variables }",
            "HOME_NET",
            "10.1.1.1",
            "11.1.1.1",
        ),
        (
            "default_variables = { nets = { HOME_NET = '10.0.0.0/8' } }",
            "HOME_NET",
            "10.1.1.1",
            "11.1.1.1",
        ),
        (
            "local nets = {}\nfor i = 1, 3 do table.insert(nets, ('10.%d.0.0/16'):format(i)) end\n\
             HOME_NET = table.concat(nets, ' ')",
            "HOME_NET",
            "10.3.1.1",
            "10.4.1.1",
        ),
        (
            "HOME_NET = '2001:db8::/32'",
            "HOME_NET",
            "2001:db8::1",
            "2001:db9::1",
        ),
    ];
    for (text, name, inside, outside) in cases {
        let settings = Scene::new(text).read().unwrap();
        let set = AddressSet::parse(&format!("${name}"), &settings.variables).unwrap();
        let has = |address: &str| set.contains(address.parse::<IpAddr>().unwrap());
        assert!(has(inside) && !has(outside), "{text}");
        assert!(
            settings.warnings.is_empty(),
            "{text}: {:?}",
            settings.warnings
        );
    }
}

/// Text, variable, its ranges.
type PortCase<'c> = (&'c str, &'c str, &'c [(u16, u16)]);

#[test]
fn ports_are_those_that_are_set() {
    let cases: [PortCase<'_>; 5] = [
        (
            "HTTP_PORTS = ' 80 8080'",
            "HTTP_PORTS",
            &[(80, 80), (8080, 8080)],
        ),
        ("HTTP_PORTS = 80", "HTTP_PORTS", &[(80, 80)]),
        (
            "HTTP_PORTS = '80'\nMAIL_PORTS = '110 143'\nFILE_DATA_PORTS = HTTP_PORTS .. ' ' .. MAIL_PORTS",
            "FILE_DATA_PORTS",
            &[(80, 80), (110, 110), (143, 143)],
        ),
        (
            "ips = { variables = { ports = { OWN = '1024:', HIGH = '$OWN' } } }",
            "HIGH",
            &[(1024, 65535)],
        ),
        ("", "SSH_PORTS", &[(22, 22)]),
    ];
    for (text, name, ranges) in cases {
        let settings = Scene::new(text).read().unwrap();
        let set = PortSet::parse(&format!("${name}"), &settings.variables).unwrap();
        assert_eq!(set.ranges(), ranges, "{text}");
    }
}

#[test]
fn filters_are_those_that_are_listed() {
    let scene = Scene::new(
        "HOME_NET = '10.0.0.0/8'\n\
         suppress = { { gid = 116, sid = 408 }, { sid = 0, track = 'by_dst', ip = '$HOME_NET' }, }\n\
         event_filter = { { gid = 0, sid = 0, type = 'both', track = 'by_dst', count = -1, seconds = 60 } }\n\
         event_filter[2] = { sid = 2, type = 'limit', track = 'by_src', count = 5, seconds = 9, ip = '1.1.1.1' }\n\
         rate_filter = { { gid = 135, sid = 1, track = 'by_rule', count = 100, seconds = 1.0,\n\
         new_action = 'block', timeout = 10, apply_to = '10.0.0.1 10.0.0.2' } }\n",
    );
    let settings = scene.read().unwrap();
    let addresses = |text| AddressSet::parse(text, &settings.variables).unwrap();
    let event = |kind, track, count, seconds, addresses| EventFilter {
        kind,
        track,
        count,
        seconds,
        addresses,
    };
    let mut expected = FilterSet::default();
    let own = addresses("$HOME_NET");
    expected.suppress(rule(116, 408), Suppress::all());
    expected.suppress(RuleScope::Generator(1), Suppress::of(Track::ByDst, own));
    let any = AddressSet::any();
    let both = event(EventFilterKind::Both, Track::ByDst, 0, 60, any);
    expected.event_filter(RuleScope::Every, both).unwrap();
    let limit = event(
        EventFilterKind::Limit,
        Track::BySrc,
        5,
        9,
        addresses("1.1.1.1"),
    );
    expected.event_filter(rule(1, 2), limit).unwrap();
    let rate = RateFilter {
        track: RateTrack::ByRule,
        count: 100,
        seconds: 1,
        new_action: Action::Block,
        timeout: 10,
        apply_to: addresses("[10.0.0.1,10.0.0.2]"),
    };
    expected.rate_filter(rule(135, 1), rate).unwrap();
    assert_eq!(settings.filters, expected);
    assert!(settings.errors.is_empty() && settings.warnings.is_empty());
}

#[test]
fn a_filter_that_is_refused_costs_itself_alone() {
    let event = "type = 'limit', track = 'by_src', count = 1, seconds = 60";
    let cases: [(String, &str); 15] = [
        ("suppress = 5".into(), "snort.lua:2: suppress: a list of tables is expected: { { gid = 1, sid = … }, … }, not a number"),
        ("suppress = { gid = 1, sid = 2 }".into(), "snort.lua:2: suppress: a list of tables is expected: { { gid = 1, sid = … }, … }, not a table with names"),
        ("suppress = { { sid = 1 },\n 'x' }".into(), "snort.lua:3: suppress[2]: a table is expected, not a string"),
        ("suppress = {\n{ sid = 1 },\n{ gid = 1,\n} }".into(), "snort.lua:4: suppress[2]: sid is missing"),
        ("suppress = { { gid = 0, sid = 2 } }".into(), "snort.lua:2: suppress[1]: gid 0 with sid 2: a rule has a generator; gid 0 with sid 0 means every rule"),
        ("suppress = { { gid = 1, sid = 2, sids = 3 } }".into(), "snort.lua:2: suppress[1]: unknown field \"sids\": there are gid, sid, track, ip"),
        ("suppress = { { gid = 1, sid = '2' } }".into(), "snort.lua:2: suppress[1]: sid must be a whole number from 0 to 4294967295, not \"2\""),
        ("suppress = { { gid = 1, sid = 2.5 } }".into(), "snort.lua:2: suppress[1]: sid must be a whole number from 0 to 4294967295, not 2.5"),
        ("suppress = { { gid = 1, sid = 2, ip = '1.1.1.1' } }".into(), "snort.lua:2: suppress[1]: track is missing"),
        ("suppress = { { gid = 1, sid = 2, track = 'by_src' } }".into(), "snort.lua:2: suppress[1]: ip is missing"),
        ("suppress = { { gid = 1, sid = 2, track = 'by_src', ip = '$NOWHERE' } }".into(), "snort.lua:2: suppress[1]: ip: unknown variable $NOWHERE"),
        (format!("event_filter = {{ {{ sid = 1, {event}, typ = 1 }} }}"), "snort.lua:2: event_filter[1]: unknown field \"typ\": there are gid, sid, type, track, count, seconds, ip"),
        ("event_filter = { { sid = 1, type = 'never', track = 'by_src', count = 1, seconds = 60 } }".into(), "snort.lua:2: event_filter[1]: type must be one of limit, threshold, both, not \"never\""),
        ("event_filter = { { sid = 1, type = 'limit', track = 'by_src', count = 1, seconds = 0 } }".into(), "snort.lua:2: event_filter[1]: seconds must be a whole number from 1 to 4294967295, not 0"),
        ("rate_filter = { { sid = 1, track = 'by_src', count = 0, seconds = 1, new_action = 'alert', timeout = 1 } }".into(), "snort.lua:2: rate_filter[1]: count must be a whole number from 1 to 4294967295, not 0"),
    ];
    for (text, wanted) in cases {
        let good = "rate_filter = { { sid = 7, track = 'by_src', count = 1, seconds = 1, new_action = 'drop', timeout = 1 } }";
        let other = if text.starts_with("rate") { "" } else { good };
        let scene = Scene::new(format!("{other}\n{text}"));
        assert_eq!(scene.errors(), [wanted], "{text}");
        assert_eq!(scene.read().unwrap().filters.is_empty(), other.is_empty());
    }
}

#[test]
fn a_file_with_a_fault_is_refused_whole() {
    let cases = [
        ("x = {", "snort.lua:1: unexpected symbol near <eof>"),
        ("\nHOME_NET == 'any'", "snort.lua:2: syntax error near '=='"),
        (
            "\u{1b}Lua",
            "snort.lua: attempt to load a binary chunk (mode is 't')",
        ),
        (
            "\n\nos.execute('id')",
            "snort.lua:3: attempt to index a nil value (global 'os')",
        ),
        (
            "io.open('/etc/passwd')",
            "snort.lua:1: attempt to index a nil value (global 'io')",
        ),
        (
            "require 'os'",
            "snort.lua:1: attempt to call a nil value (global 'require')",
        ),
        (
            "load('x = 1')()",
            "snort.lua:1: attempt to call a nil value (global 'load')",
        ),
        (
            "pcall(error)",
            "snort.lua:1: attempt to call a nil value (global 'pcall')",
        ),
        (
            "setmetatable({}, {})",
            "snort.lua:1: attempt to call a nil value (global 'setmetatable')",
        ),
        (
            "x = ('a'):find('a')",
            "snort.lua:1: attempt to call a nil value (method 'find')",
        ),
        (
            "x = string.rep('', 1e15) .. string.rep('a', 2000000)",
            "snort.lua:1: string.rep makes at most 1048576 bytes",
        ),
        ("\nerror('no')", "snort.lua:2: no"),
        (
            "\nHOME_NET = '10.0.0.0/33'",
            "snort.lua:2: variable HOME_NET: \"10.0.0.0/33\" is not an address, a network or a list of them",
        ),
        (
            "HOME_NET = { '10.0.0.0/8' }",
            "snort.lua:1: HOME_NET must be a string, not a table",
        ),
        (
            "\nHTTP_PORTS = '80 x'",
            "snort.lua:2: variable HTTP_PORTS: \"x\" is not a port, a range a:b or a list of them",
        ),
        (
            "HOME_NET = '$A_SERVERS'\nA_SERVERS = '$HOME_NET'",
            "snort.lua:2: variable A_SERVERS is set by itself, perhaps by way of others",
        ),
        (
            "HOME_NET = '$NOWHERE'",
            "snort.lua:1: variable HOME_NET: unknown variable $NOWHERE",
        ),
        (
            "ips = {\nvariables = 5 }",
            "snort.lua:2: ips.variables must be a table, not a number",
        ),
        (
            "ips = {\nvariables = {\nnets = 'any' } }",
            "snort.lua:3: ips.variables.nets must be a table, not a string",
        ),
        (
            "ips = { variables = {\n nets = {\n A = '1.1.1.1',\n B = '1.1.1.256' } } }",
            "snort.lua:4: variable B: \"1.1.1.256\" is not an address, a network or a list of them",
        ),
        (
            "\na = {}\na.a = a",
            "snort.lua:2: a has more than 100000 values, or tables more than 8 deep",
        ),
        (
            "\ninclude 'gone.lua'",
            "snort.lua:2: \"gone.lua\" cannot be included: No such file or directory (os error 2)",
        ),
        (
            "include '/etc/hostname'",
            "snort.lua:1: \"/etc/hostname\" cannot be included: it is not in the folder of snort.lua",
        ),
        (
            "include 'snort.lua'",
            "snort.lua:1: more than 32 files: does one include itself?",
        ),
        (
            "include 'deep/bad.lua'",
            "deep/bad.lua:2: attempt to call a nil value (global 'f')",
        ),
    ];
    for (text, wanted) in cases {
        let scene = Scene::new(text).with("deep/bad.lua", "\nf()");
        assert_eq!(scene.read().unwrap_err(), wanted, "{text}");
    }
}

#[test]
fn no_program_runs_for_ever_or_eats_the_memory() {
    let endless = "stopped after 5000000 instructions or 5 s: does this loop ever end?";
    let memory = "stopped: it needs more than 32 MiB of memory";
    let cases = [
        ("\nwhile true do end", 2, endless),
        ("\nfor i = 1, 1e15 do\nlocal x = i\nend", 0, endless),
        ("local function f() return f() end\nf()", 1, endless),
        ("\nlocal s = 'x'\nwhile true do s = s .. s end", 3, memory),
        ("local t = {}\nfor i = 1, 1e9 do t[i] = {} end", 2, memory),
        // Each instruction of this one looks at megabytes.
        (
            "local a = ('x'):rep(1048576)\nlocal b = ('x'):rep(1048576)\nwhile true do if a ~= b then break end end",
            3,
            endless,
        ),
    ];
    for (text, line, words) in cases {
        let begun = Instant::now();
        let told = Scene::new(text).read().unwrap_err();
        assert!(told.ends_with(words), "{text}: {told}");
        assert!(
            line == 0 || told.starts_with(&format!("snort.lua:{line}: ")),
            "{text}: {told}"
        );
        assert!(
            begun.elapsed().as_secs() < 60,
            "{text}: {:?}",
            begun.elapsed()
        );
    }
    let sparse = "local t = {}\nlocal i = 1\nfor n = 1, 62 do t[i] = 1 i = i * 2 end\n\
                  table.insert(t, 1, 2)\n";
    let told = Scene::new(sparse).read().map(drop);
    assert!(
        told.is_ok() || told.as_ref().unwrap_err().contains("table.insert takes"),
        "{told:?}"
    );
    let recursion = Scene::new("local function f() return 1 + f() end\nf()").read();
    let told = recursion.unwrap_err();
    assert!(
        told.starts_with("snort.lua:1: ")
            && (told.contains("stack overflow") || told.ends_with(memory)),
        "{told}"
    );
}

#[test]
fn what_has_no_effect_is_told_by_its_line() {
    let scene = Scene::new(
        "stream = {}\n\
         local mine = 1\n\
         function helper() end\n\
         ips = {\n\
         enable_builtin_rules = true,\n\
         variables = { nets = {} }, }\n\
         HOME_NETS = 'any'\n\
         include 'more.lua'\n",
    )
    .with("more.lua", "\nwizard = {\n\n}\n");
    assert_eq!(
        scene.warnings(),
        [
            "snort.lua:7: HOME_NETS",
            "snort.lua:5: ips.enable_builtin_rules",
            "snort.lua:1: stream",
            "more.lua:2: wizard",
        ]
    );
}

#[test]
fn what_is_no_file_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("folder.lua")).unwrap();
    let large = fs::File::create(path("large.lua")).unwrap();
    large.set_len(sandbox::MAX_FILE + 1).unwrap();
    for (name, wanted) in [
        ("folder.lua", "not a file"),
        ("gone.lua", "No such file"),
        (
            "large.lua",
            "1048577 bytes; a snort.lua has at most 1048576",
        ),
    ] {
        let fault = Settings::default().read(&path(name)).unwrap_err();
        let told = fault.to_string();
        assert!(told.contains(name) && told.contains(wanted), "{told}");
        assert_eq!(fault.line, 0);
    }
}

#[test]
fn a_refused_file_changes_nothing() {
    let scene = Scene::new("suppress = { { sid = 1 } }\nHOME_NET = 'nonsense'");
    let mut settings = Settings::default();
    settings.read(&scene.path()).unwrap_err();
    assert!(settings.filters.is_empty());
    let home = AddressSet::parse("$HOME_NET", &settings.variables).unwrap();
    assert!(home.is_any());
}
