//! Rule file → rules: actions, headers, bodies, and where to go on after an error.

use std::sync::Arc;

use super::{
    Dialect, Origin, Reason, Rule, RuleError, RuleHeader, RuleId, RuleReader, RuleText,
    RuleWarning, Surroundings, SyntaxError, Warning,
    builder::{Built, RuleBuilder},
    directive,
    lexer::Lexer,
    raw_rule::RawRule,
    reader::MAX_INCLUDES,
    snort2,
};
use crate::{filters::RuleScope, ips_options::IpsOption, output::Action};

const ACTIONS: [(&str, Action); 8] = [
    ("alert", Action::Alert),
    ("block", Action::Block),
    ("drop", Action::Drop),
    ("log", Action::Log),
    ("pass", Action::Pass),
    ("react", Action::React),
    ("reject", Action::Reject),
    ("rewrite", Action::Rewrite),
];

/// Stands in the action's place of a rule that defines a file type.
const FILE_ID: &str = "file_id";

/// Actions of Snort 2 alone.
const OLD_ACTIONS: [&str; 3] = ["activate", "dynamic", "sdrop"];

/// What some editors put in front of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One file under the reader's eyes.
pub(super) struct RuleFile<'a, 'r> {
    reader: &'r mut RuleReader,
    name: &'r Arc<str>,
    around: &'r mut dyn Surroundings,
    lexer: Lexer<'a>,
}

impl<'a, 'r> RuleFile<'a, 'r> {
    pub(super) fn new(
        reader: &'r mut RuleReader,
        name: &'r Arc<str>,
        bytes: &'a [u8],
        around: &'r mut dyn Surroundings,
    ) -> RuleFile<'a, 'r> {
        // Snort 3 takes a byte order mark for a part of the first action.
        let marked = reader.dialect != Dialect::Snort3;
        let text = bytes.strip_prefix(BYTE_ORDER_MARK).filter(|_| marked);
        RuleFile {
            lexer: Lexer::new(text.unwrap_or(bytes)),
            reader,
            name,
            around,
        }
    }

    /// Reads all rules of the file.
    pub(super) fn read(&mut self) {
        loop {
            for comment in self.lexer.comments() {
                self.around.between(comment);
            }
            if self.lexer.peek().is_none() {
                break;
            }
            self.entry();
        }
    }

    /// A rule or a directive.
    fn entry(&mut self) {
        let start = self.lexer.clone();
        let word = start.clone().word();
        if word == b"include" {
            return self.include();
        }
        if self.reader.dialect != Dialect::Snort3 && directive::is_directive(word) {
            return self.directive();
        }
        let known = if self.is_action(word) {
            RawRule::read(&mut self.lexer)
        } else {
            Err(unknown_action(word))
        };
        match known {
            Ok(raw) => self.rule(&raw),
            Err(reason) => {
                self.error_here(reason.into());
                resume(&start, &mut self.lexer);
            }
        }
    }

    fn is_action(&self, word: &[u8]) -> bool {
        let old = self.reader.dialect != Dialect::Snort3;
        is_action(word) || (old && OLD_ACTIONS.iter().any(|name| name.as_bytes() == word))
    }

    fn rule(&mut self, raw: &RawRule<'_>) {
        let errors = match self.reader.dialect {
            Dialect::Snort3 => self.snort3(raw),
            Dialect::Snort2 => self.snort2(raw),
            Dialect::Auto if !snort2::is_snort2(raw) => self.snort3(raw),
            // What was taken for Snort 2 and is none may still be Snort 3.
            Dialect::Auto => self
                .snort2(raw)
                .or_else(|errors| self.snort3(raw).map_err(|_| errors)),
        };
        if let Err(errors) = errors {
            self.reader.errors.extend(errors);
        }
    }

    fn snort2(&mut self, raw: &RawRule<'_>) -> Result<(), Vec<RuleError>> {
        let translated = snort2::translate(raw);
        let translation = translated.raw_rule();
        let mut builder = self.builder(&translation)?;
        for (line, column, option, reason) in &translated.problems {
            builder.error(*line, Some(*column), Some(option), reason.clone());
        }
        let id = self.build(builder, &translation)?;
        for what in &translated.warnings {
            self.warn(raw.line, what.clone());
        }
        if let (Some(id), Some(filter)) = (id, translated.threshold) {
            // The option's reader has seen to it that there is a period.
            let _ = self
                .reader
                .filters
                .event_filter(RuleScope::Rule(id), filter);
        }
        Ok(())
    }

    fn snort3(&mut self, raw: &RawRule<'_>) -> Result<(), Vec<RuleError>> {
        let builder = self.builder(raw)?;
        self.build(builder, raw).map(|_| ())
    }

    fn builder(&self, raw: &RawRule<'_>) -> Result<RuleBuilder, Vec<RuleError>> {
        let is_file_id = raw.action == FILE_ID;
        let action = ACTIONS.iter().find(|(name, _)| *name == raw.action);
        let action = action.or_else(|| ACTIONS.first().filter(|_| is_file_id));
        let Some((_, action)) = action else {
            let reason = SyntaxError::OldAction {
                found: raw.action.into(),
            };
            return Err(vec![self.error(raw.line, Some(raw.column), reason.into())]);
        };
        let origin = Origin {
            file: Arc::clone(self.name),
            line: raw.line,
        };
        let mut builder = RuleBuilder::new(origin, *action);
        if is_file_id {
            builder.is_file_id();
        }
        Ok(builder)
    }

    /// Understands a rule and adds it; gives its id, if it is one.
    fn build(
        &mut self,
        mut builder: RuleBuilder,
        raw: &RawRule<'_>,
    ) -> Result<Option<RuleId>, Vec<RuleError>> {
        let header = RuleHeader::parse(&raw.header_words(), &self.reader.variables);
        let header = match header {
            Ok(header) => Some(header),
            Err((at, reason)) => {
                let word = raw.header.get(at);
                let (line, column) = word.map_or((raw.line, raw.column), |w| (w.line, w.column));
                builder.error(line, Some(column), None, Reason::Header(reason));
                None
            }
        };
        builder.read_options(header.as_ref(), &raw.options);
        let built = builder.finish(header);
        let valid = match &built {
            Ok(_) => true,
            Err(errors) => errors.iter().all(RuleError::is_inactive),
        };
        if valid {
            let (rule, sources) = match &built {
                Ok(Built { rule, sources }) => (rule.as_ref(), sources.as_slice()),
                Err(_) => (None, &[][..]),
            };
            self.around.rule(&RuleText {
                raw,
                file: self.name,
                rule,
                sources,
            });
        }
        let Built { rule, sources } = built?;
        if let Some(rule) = &rule {
            self.note_file_types(rule, &sources, raw);
        }
        let id = rule.as_ref().map(|rule| rule.id);
        self.reader.rules.extend(rule);
        Ok(id)
    }

    /// What the names of file types mean is known once all rules are read.
    fn note_file_types(&mut self, rule: &Rule, sources: &[usize], raw: &RawRule<'_>) {
        for (option, at) in rule.options.iter().zip(sources) {
            if let (IpsOption::FileType(_), Some(raw)) = (option, raw.options.get(*at)) {
                let namings = &mut self.reader.namings;
                namings.note(&rule.origin, raw.line, raw.column);
            }
        }
    }

    /// `include PATH`: the file's rules stand in the place of the line.
    fn include(&mut self) {
        let (line, column) = (self.lexer.line, self.lexer.column());
        let text = self.lexer.logical_line();
        let text = String::from_utf8_lossy(&text).into_owned();
        let path = text.strip_prefix("include").unwrap_or_default().trim();
        let path = self.reader.variables.expand_path(path);
        let found = if self.reader.open.len() > MAX_INCLUDES {
            Err(format!("files include files more than {MAX_INCLUDES} deep"))
        } else {
            self.around.include(self.name, &path)
        };
        match found {
            Ok((name, _)) if self.reader.open.iter().any(|open| **open == *name) => {
                let reason = "it includes itself".into();
                self.include_failed(line, column, &path, reason);
            }
            Ok((name, bytes)) => self.reader.read(&name, &bytes, self.around),
            Err(reason) => self.include_failed(line, column, &path, reason.into()),
        }
    }

    fn include_failed(&mut self, line: u32, column: u32, path: &str, reason: Box<str>) {
        let path = path.into();
        let error = SyntaxError::Include { path, reason };
        let error = self.error(line, Some(column), error.into());
        self.reader.errors.push(error);
    }

    /// A line of `snort.conf`.
    fn directive(&mut self) {
        let (line, column) = (self.lexer.line, self.lexer.column());
        let text = self.lexer.logical_line();
        let text = String::from_utf8_lossy(&text).into_owned();
        let RuleReader {
            variables, filters, ..
        } = &mut *self.reader;
        let read = directive::read(&text, variables, filters);
        if read.is_ok() {
            self.around.between(text.trim().as_bytes());
        }
        match read {
            Ok(None) => {}
            Ok(Some(word)) => self.warn(line, Warning::Directive { word }),
            Err(reason) => {
                let error = self.error(line, Some(column), reason);
                self.reader.errors.push(error);
            }
        }
    }

    fn warn(&mut self, line: u32, what: Warning) {
        self.reader.warnings.push(RuleWarning {
            file: Arc::clone(self.name),
            line,
            sid: None,
            what,
        });
    }

    fn error_here(&mut self, reason: Reason) {
        let (line, column) = (self.lexer.line, self.lexer.column());
        let error = self.error(line, Some(column), reason);
        self.reader.errors.push(error);
    }

    fn error(&self, line: u32, column: Option<u32>, reason: Reason) -> RuleError {
        RuleError {
            file: Arc::clone(self.name),
            line,
            column,
            sid: None,
            option: None,
            reason,
        }
    }
}

fn is_action(word: &[u8]) -> bool {
    word == FILE_ID.as_bytes() || ACTIONS.iter().any(|(name, _)| name.as_bytes() == word)
}

fn unknown_action(word: &[u8]) -> SyntaxError {
    let found = word.get(..word.len().min(40)).unwrap_or_default();
    SyntaxError::UnknownAction {
        found: String::from_utf8_lossy(found).into(),
    }
}

/// Goes on behind a rule that could not be read: at the next line that begins with an
/// action, or behind a closing parenthesis that an action follows.
fn resume<'a>(start: &Lexer<'a>, failed: &mut Lexer<'a>) {
    let failed_at = failed.pos;
    let mut lexer = start.clone();
    let mut line_begins = false;
    let mut closed = false;
    while let Some(byte) = lexer.peek() {
        if lexer.pos > start.pos && (line_begins || closed) && at_action(&lexer) {
            break;
        }
        match byte {
            b'\n' | b'\r' => line_begins = true,
            b')' => closed = lexer.pos >= failed_at,
            _ if byte.is_ascii_whitespace() => {}
            _ => {
                line_begins = false;
                closed = false;
            }
        }
        lexer.bump();
    }
    *failed = lexer;
}

fn at_action(lexer: &Lexer<'_>) -> bool {
    let mut ahead = lexer.clone();
    is_action(ahead.word()) && ahead.peek().is_some()
}
