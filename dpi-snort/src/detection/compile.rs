//! Rules → what a packet thread needs of them.

use std::sync::Arc;

use dpi_match::PatternError;
use thiserror::Error;

use super::{
    PortsOfInterest,
    builtins::Builtins,
    fast_pattern,
    groups::{GroupSize, Groups},
    option_tree::{self, Beginning},
    unit_header::Open,
};
use crate::{
    buffers::BufferId,
    config::Config,
    file_types::FileDefinitions,
    filters::FilterSet,
    ips_options::{Content, IpsOption, OptionError},
    parser::{Rule, RuleError, Ruleset},
};

/// Compiled rules: immutable, shared by all engines of a process.
#[derive(Debug)]
pub struct Detection {
    pub(super) rules: Vec<Compiled>,
    /// Those that ask for built-in events, which no unit has to do with.
    pub(super) builtins: Builtins,
    /// Which of them a unit has to do with.
    pub(super) groups: Groups,
    /// Nodes of the tree of beginnings that rules share.
    pub(super) nodes: usize,
    ports: PortsOfInterest,
    /// Filters that the rule files state.
    filters: Arc<FilterSet>,
    /// Rules that define file types, which no unit has to do with.
    definitions: Vec<Rule>,
    file_definitions: Arc<FileDefinitions>,
}

/// Why no `Detection` could be made of any rule.
#[derive(Debug, Error)]
pub enum CompileError {
    /// The literals of all rules do not fit into a matcher.
    #[error("cannot build the fast-pattern matcher: {0}")]
    Patterns(#[from] PatternError),
}

/// A rule with its options in the order in which they are tried.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) rule: Rule,
    pub(super) open: Open,
    /// Options on headers and flow, cheap to dear.
    pub(super) header_tests: Vec<IpsOption>,
    /// Options on the payload, in the order of the rule.
    pub(super) payload_tests: Vec<IpsOption>,
    /// `flowbits` options that change bits and `stream_reassemble`, done once everything else
    /// has matched.
    pub(super) setters: Vec<IpsOption>,
    /// The buffer in which its literal is searched first, and which option of the payload has
    /// the literal.
    literal: Option<(BufferId, usize)>,
    /// What the rule has in common with others.
    pub(super) beginning: Beginning,
    /// A variable may carry a value over an option that resets the cursor.
    pub(super) has_variables: bool,
    /// Bytes of the longest content (`order_events content_length`).
    pub(super) longest_content: usize,
}

/// Index of a rule within its [`Detection`].
pub(super) type RuleIndex = u32;

impl Detection {
    /// Compiles a ruleset. The errors are rules that had to be left out.
    pub fn compile(
        ruleset: Ruleset,
        config: &Config,
    ) -> Result<(Detection, Vec<RuleError>), CompileError> {
        let mut errors = Vec::new();
        let mut kept = Vec::with_capacity(ruleset.rules.len());
        for mut rule in ruleset.rules {
            if resolve_flowbits(&mut rule, &ruleset.flowbits, config.max_flowbits) {
                kept.push(rule);
            } else {
                errors.push(too_many_flowbits(&rule, config.max_flowbits));
            }
        }
        let (definitions, kept): (Vec<_>, Vec<_>) =
            kept.into_iter().partition(|rule| rule.defines.is_some());
        let ports = PortsOfInterest::of(&kept);
        let (builtins, kept) = Builtins::take_from(kept);
        let mut rules: Vec<Compiled> = kept.into_iter().map(Compiled::new).collect();
        let nodes = option_tree::grow(&mut rules);
        let groups = Groups::build(&rules, config.max_merged_rules)?;
        Ok((
            Detection {
                rules,
                builtins,
                groups,
                nodes,
                ports,
                filters: Arc::new(ruleset.filters),
                definitions,
                file_definitions: ruleset.file_definitions,
            },
            errors,
        ))
    }

    /// A `Detection` without rules: nothing matches.
    pub fn empty() -> Detection {
        Detection {
            rules: Vec::new(),
            builtins: Builtins::default(),
            groups: Groups::default(),
            nodes: 0,
            ports: PortsOfInterest::default(),
            filters: Arc::default(),
            definitions: Vec::new(),
            file_definitions: Arc::default(),
        }
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        let others = self.builtins.len().saturating_add(self.definitions.len());
        self.rules.len().saturating_add(others)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rules, by rising id, behind them those that ask for built-in events, and those that
    /// define file types.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        let compiled = self.rules.iter().map(|compiled| &compiled.rule);
        compiled
            .chain(self.builtins.rules())
            .chain(&self.definitions)
    }

    /// Filters that the rule files state.
    pub fn filters(&self) -> &Arc<FilterSet> {
        &self.filters
    }

    /// Types of files: those that are known anyway, and those that the rules define.
    pub fn file_definitions(&self) -> &Arc<FileDefinitions> {
        &self.file_definitions
    }

    /// What the groups of rules come to.
    pub fn group_size(&self) -> GroupSize {
        self.groups.size()
    }

    /// Ports and protocols that any rule can match.
    pub fn ports(&self) -> &PortsOfInterest {
        &self.ports
    }
}

impl Compiled {
    fn new(mut rule: Rule) -> Compiled {
        let mut header_tests = Vec::new();
        let mut payload_tests = Vec::new();
        let mut setters = Vec::new();
        let mut has_variables = false;
        let mut longest_content = 0;
        for option in std::mem::take(&mut rule.options) {
            has_variables |= matches!(option, IpsOption::ByteExtract(_) | IpsOption::ByteMath(_));
            if let IpsOption::Content(content) = &option {
                longest_content = longest_content.max(content.len());
            }
            match &option {
                IpsOption::Flowbits(bits) if bits.is_setter() => setters.push(option),
                IpsOption::StreamReassemble(_) => setters.push(option),
                _ if option.is_header_test() => header_tests.push(option),
                _ => payload_tests.push(option),
            }
        }
        let literal = fast_pattern::choose(&payload_tests).and_then(|(buffer, chosen)| {
            let is_chosen = |option: &IpsOption| match option {
                IpsOption::Content(content) => std::ptr::eq(content, chosen),
                _ => false,
            };
            Some((buffer, payload_tests.iter().position(is_chosen)?))
        });
        Compiled {
            literal,
            open: Open::of(&rule.header),
            rule,
            header_tests,
            payload_tests,
            setters,
            beginning: Beginning::default(),
            has_variables,
            longest_content,
        }
    }

    /// The content that must occur before the rule is tried, and where.
    pub(super) fn literal(&self) -> Option<(BufferId, &Content)> {
        let (buffer, at) = self.literal?;
        match self.payload_tests.get(at)? {
            IpsOption::Content(content) => Some((buffer, content)),
            _ => None,
        }
    }
}

fn resolve_flowbits(rule: &mut Rule, registry: &super::FlowbitRegistry, max: usize) -> bool {
    rule.options.iter_mut().all(|option| match option {
        IpsOption::Flowbits(bits) => bits.resolve(registry, max),
        _ => true,
    })
}

fn too_many_flowbits(rule: &Rule, max: usize) -> RuleError {
    RuleError {
        file: rule.origin.file.clone(),
        line: rule.origin.line,
        column: None,
        sid: Some(rule.id.sid),
        option: Some("flowbits".into()),
        reason: OptionError::TooManyFlowbits { max }.into(),
    }
}
