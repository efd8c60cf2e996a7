//! Options of one rule → the rule.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use super::{
    FileMeta, Needs, Origin, Reason, Reference, Rule, RuleError, RuleHeader, RuleId,
    header::Protocol, lexer::RawOption, print,
};
use crate::{
    buffers::BufferId,
    builtin::BuiltinEvent,
    detection::FileSignature,
    filters::DetectionFilter,
    ips_options::{self, IpsOption, OptionError, Parsed, RuleContext},
    output::Action,
};

/// Collects what the options of a rule say, and what is wrong with them.
pub(super) struct RuleBuilder {
    origin: Origin,
    action: Action,
    general: General,
    options: Vec<IpsOption>,
    /// Of each of `options`, its index in the text.
    sources: Vec<usize>,
    detection_filter: Option<DetectionFilter>,
    noalert: bool,
    /// The file type that the rule defines.
    defines: Option<FileMeta>,
    /// What the rule lacks as the definition of a file type; `None` for other rules.
    lacks: Option<Vec<&'static str>>,
    /// An `enable` option: the text is a state of a rule, not a rule.
    state_stub: bool,
    errors: Vec<RuleError>,
    once: Vec<&'static str>,
}

/// What a builder makes.
pub(super) struct Built {
    /// The rule; `None` for a text that only sets the state of another rule.
    pub(super) rule: Option<Rule>,
    /// Of each of its options, its index in the text.
    pub(super) sources: Vec<usize>,
}

/// Options that do not take part in detection.
#[derive(Default)]
struct General {
    gid: Option<u32>,
    sid: Option<u32>,
    rev: Option<u32>,
    msg: Option<Box<str>>,
    classtype: Option<Box<str>>,
    priority: Option<u32>,
    references: Vec<Reference>,
    metadata: Vec<Box<str>>,
    services: Vec<Box<str>>,
}

/// Options that may stand once in a rule.
const ONCE: [&str; 9] = [
    "msg",
    "sid",
    "rev",
    "gid",
    "priority",
    "classtype",
    "detection_filter",
    "tag",
    "target",
];

impl RuleBuilder {
    pub(super) fn new(origin: Origin, action: Action) -> RuleBuilder {
        RuleBuilder {
            origin,
            action,
            general: General::default(),
            options: Vec::new(),
            sources: Vec::new(),
            detection_filter: None,
            noalert: false,
            defines: None,
            lacks: None,
            state_stub: false,
            errors: Vec::new(),
            once: Vec::new(),
        }
    }

    /// The rule is a `file_id` rule: it defines a file type.
    pub(super) fn is_file_id(&mut self) {
        self.lacks = Some(Vec::new());
    }

    pub(super) fn error(
        &mut self,
        line: u32,
        column: Option<u32>,
        option: Option<&str>,
        reason: Reason,
    ) {
        self.errors.push(RuleError {
            file: Arc::clone(&self.origin.file),
            line,
            column,
            sid: None,
            option: option.map(Into::into),
            reason,
        });
    }

    pub(super) fn read_options(&mut self, header: Option<&RuleHeader>, options: &[RawOption<'_>]) {
        let icmp = header.is_some_and(|h| h.protocol == Protocol::Icmp);
        let mut context = RuleContext::new(icmp);
        context.file_id = self.lacks.is_some();
        for (at, raw) in options.iter().enumerate() {
            let before = self.options.len();
            if let Err(reason) = self.option(raw, &mut context) {
                self.error(raw.line, Some(raw.column), Some(raw.name), reason);
            }
            if self.options.len() > before {
                self.sources.push(at);
            }
        }
        self.noalert = context.noalert;
        let searches = |option: &IpsOption| matches!(option, IpsOption::Content(c) if !c.negated);
        let is_file_data = |option: &IpsOption| matches!(option, IpsOption::Buffer(b) if b.selector.id == BufferId::FileData);
        if let Some(lacks) = &mut self.lacks {
            let parts = [
                (
                    "file_meta",
                    options.iter().any(|raw| raw.name == "file_meta"),
                ),
                ("file_data", self.options.iter().any(is_file_data)),
                ("content", self.options.iter().any(searches)),
            ];
            let missing = parts.iter().filter(|(_, is_there)| !is_there);
            lacks.extend(missing.map(|(name, _)| *name));
        }
        if let Some(defines) = &mut self.defines {
            let mut hasher = DefaultHasher::new();
            for raw in options {
                print::option(raw).hash(&mut hasher);
            }
            defines.text = hasher.finish();
        }
    }

    fn option(&mut self, raw: &RawOption<'_>, context: &mut RuleContext) -> Result<(), Reason> {
        if let Some(name) = ONCE.iter().find(|name| **name == raw.name) {
            if self.once.contains(name) {
                return Err(OptionError::Repeated.into());
            }
            self.once.push(name);
        }
        if self.general.read(raw)? {
            return Ok(());
        }
        match ips_options::parse(raw, context)? {
            Parsed::Option(option) => self.options.push(*option),
            Parsed::DetectionFilter(filter) => self.detection_filter = Some(filter),
            Parsed::FileMeta(name) => self.defines = Some(FileMeta { name, text: 0 }),
            Parsed::StateStub => self.state_stub = true,
            Parsed::Inert => {}
        }
        Ok(())
    }

    /// The rule, or everything that is wrong with it.
    pub(super) fn finish(mut self, header: Option<RuleHeader>) -> Result<Built, Vec<RuleError>> {
        self.check_whole_rule();
        let Some(header) = header.filter(|_| self.errors.is_empty()) else {
            let sid = self.general.sid;
            for error in &mut self.errors {
                error.sid = sid;
            }
            // A rule with a real error is refused for that, not inactive.
            if self.errors.iter().any(|e| !e.is_inactive()) {
                self.errors.retain(|e| !e.is_inactive());
            }
            return Err(self.errors);
        };
        let sources = std::mem::take(&mut self.sources);
        if self.state_stub {
            return Ok(Built {
                rule: None,
                sources,
            });
        }
        let services = self.services(&header);
        let general = self.general;
        let rule = Rule {
            id: RuleId {
                gid: general.gid.unwrap_or(1),
                sid: general.sid.unwrap_or(0),
            },
            rev: general.rev.unwrap_or(0),
            action: self.action,
            header,
            msg: general.msg.unwrap_or_default(),
            classtype: general.classtype,
            category: None,
            priority: general.priority.unwrap_or(0),
            has_priority: general.priority.is_some(),
            references: general.references,
            metadata: general.metadata,
            services,
            options: self.options,
            detection_filter: self.detection_filter,
            defines: self.defines,
            noalert: self.noalert,
            origin: self.origin,
        };
        Ok(Built {
            rule: Some(rule),
            sources,
        })
    }

    fn check_whole_rule(&mut self) {
        let line = self.origin.line;
        if self.state_stub && !self.options.is_empty() {
            self.error(line, None, Some("enable"), OptionError::StateStub.into());
        }
        for argument in self.lacks.clone().unwrap_or_default() {
            let reason = OptionError::Missing { argument }.into();
            self.error(line, None, None, reason);
        }
        let is_of_a_file = self.options.iter().all(FileSignature::can_have);
        if self.lacks.is_some() && !(is_of_a_file && self.detection_filter.is_none()) {
            let reason = Reason::Inactive(Needs::MoreThanAFile);
            self.error(line, None, None, reason);
        }
        let gid = self.general.gid.unwrap_or(1);
        if gid != 1 && gid != 3 && self.lacks.is_none() {
            self.check_builtin(gid);
        }
        if let Err(reason) = ips_options::check(&self.options) {
            self.error(line, None, None, reason.into());
        }
    }

    /// A rule that stands for a built-in event, which may not exist here.
    fn check_builtin(&mut self, gid: u32) {
        let sid = self.general.sid.unwrap_or(0);
        let event = BuiltinEvent::find(RuleId { gid, sid });
        let reason = match event {
            _ if !self.options.is_empty() => OptionError::BuiltinWithOptions { gid }.into(),
            Some(event) => {
                let message = || event.message().into();
                self.general.msg.get_or_insert_with(message);
                return;
            }
            None if BuiltinEvent::has_generator(gid) => {
                Reason::Inactive(Needs::BuiltinEvent { gid, sid })
            }
            None => Reason::Inactive(Needs::BuiltinEvents(gid)),
        };
        self.error(self.origin.line, None, Some("gid"), reason);
    }

    /// Services that the rule names, in any of its ways.
    fn services(&self, header: &RuleHeader) -> Vec<Box<str>> {
        let mut services = self.general.services.clone();
        if let Protocol::Service(name) = &header.protocol {
            services.push(name.clone());
        }
        if services.is_empty() {
            let implied = ips_options::implied_services(&self.options);
            services.extend(implied.iter().map(|name| Box::from(*name)));
        }
        services.sort_unstable();
        services.dedup();
        services
    }
}

impl General {
    /// Reads a general option; whether it was one.
    fn read(&mut self, raw: &RawOption<'_>) -> Result<bool, OptionError> {
        match raw.name {
            "msg" => self.msg = Some(ips_options::general::message(raw)?),
            "gid" => self.gid = ips_options::general::number(raw, 1, u32::MAX)?,
            "sid" => self.sid = ips_options::general::number(raw, 1, u32::MAX)?,
            "rev" => self.rev = ips_options::general::number(raw, 1, u32::MAX)?,
            "priority" => {
                self.priority = ips_options::general::number(raw, 1, i32::MAX.unsigned_abs())?;
            }
            "classtype" => self.classtype = ips_options::general::word(raw)?,
            "reference" => self
                .references
                .extend(ips_options::general::reference(raw)?),
            "metadata" => self.metadata.extend(ips_options::general::metadata(raw)?),
            "service" => self.services.extend(ips_options::general::services(raw)),
            "rem" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }
}
