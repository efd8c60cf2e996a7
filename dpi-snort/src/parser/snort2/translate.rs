//! The walk over the options of a rule.

use super::{
    buffer,
    content::{Content, is_content, is_modifier},
    gone, options,
};
use crate::{
    filters::EventFilter,
    ips_options::OptionError,
    parser::{
        Reason, Warning, filter_line,
        lexer::{Arg, Lexer, RawOption},
        print,
        raw_rule::{HeaderWord, RawRule},
    },
};

/// A rule of Snort 2 in the words of Snort 3.
pub(in crate::parser) struct Translated<'a> {
    action: &'a str,
    header: Vec<HeaderWord<'a>>,
    pieces: Vec<Piece>,
    line: u32,
    column: u32,
    /// What cannot be said in Snort 3: line, column, option, reason.
    pub(in crate::parser) problems: Vec<(u32, u32, Box<str>, Reason)>,
    /// What means something else now.
    pub(in crate::parser) warnings: Vec<Warning>,
    /// What its `threshold` asks for.
    pub(in crate::parser) threshold: Option<EventFilter>,
}

/// An option's text, and the place of what it was made of.
struct Piece {
    text: Vec<u8>,
    line: u32,
    column: u32,
}

/// Translates a rule.
pub(in crate::parser) fn translate<'a>(rule: &RawRule<'a>) -> Translated<'a> {
    let mut walk = Walk {
        out: Translated {
            action: action(rule.action),
            header: rule.header.clone(),
            pieces: Vec::with_capacity(rule.options.len()),
            line: rule.line,
            column: rule.column,
            problems: Vec::new(),
            warnings: Vec::new(),
            threshold: None,
        },
        late: Vec::new(),
        buffer: "pkt_data",
        sticky: "pkt_data",
    };
    let contents = walk.gather(&rule.options);
    for (option, content) in rule.options.iter().zip(contents) {
        if let Err((at, reason)) = walk.option(option, content.as_ref()) {
            walk.problem(at, reason);
        }
    }
    walk.finish()
}

/// What each action is called today.
fn action(word: &str) -> &str {
    match word {
        // Both ended the session when inline.
        "drop" | "sdrop" => "block",
        other => other,
    }
}

struct Walk<'a> {
    out: Translated<'a>,
    /// Tests of a URI's length: they depend on nothing, and would move the cursor.
    late: Vec<Piece>,
    /// The buffer that the text so far has chosen.
    buffer: &'static str,
    /// The buffer of contents that name none.
    sticky: &'static str,
}

type Failed<'r, 'a> = (&'r RawOption<'a>, Reason);

impl<'a> Walk<'a> {
    /// Gives each content the modifiers behind it: those up to the next content.
    fn gather<'r>(&mut self, options: &'r [RawOption<'a>]) -> Vec<Option<Content<'a, 'r>>> {
        let mut contents: Vec<Option<Content<'a, 'r>>> = Vec::with_capacity(options.len());
        for option in options {
            if is_content(option.name) {
                contents.push(Some(Content::new(option)));
                continue;
            }
            if is_modifier(option.name) {
                match contents.iter_mut().rev().flatten().next() {
                    Some(content) => content.add(option),
                    None => self.problem(option, OptionError::NoContent.into()),
                }
            }
            contents.push(None);
        }
        contents
    }

    fn option<'r>(
        &mut self,
        option: &'r RawOption<'a>,
        content: Option<&Content<'a, 'r>>,
    ) -> Result<(), Failed<'r, 'a>> {
        let name = option.name;
        if let Some(content) = content {
            let failed = |(at, error): (&'r RawOption<'a>, OptionError)| (at, error.into());
            let buffer = content.buffer().map_err(failed)?;
            let text = content.text().map_err(failed)?;
            self.choose(buffer.unwrap_or(self.sticky), option);
            self.piece(text, option);
            return Ok(());
        }
        if is_modifier(name) {
            return Ok(());
        }
        if let Some(instead) = gone::remedy(name) {
            return Err((option, OptionError::NoMeaning { instead }.into()));
        }
        if let Some(buffer) = buffer::of_sticky(name) {
            self.set_sticky(buffer, option);
            return Ok(());
        }
        match name {
            "pcre" => self.pcre(option),
            "isdataat" => {
                self.isdataat(option);
                Ok(())
            }
            "urilen" => self.urilen(option),
            "metadata" => self.metadata(option),
            "threshold" => {
                let text = String::from_utf8_lossy(option.raw.unwrap_or_default());
                let filter = filter_line::threshold_option(&text);
                self.out.threshold = Some(filter.map_err(|error| (option, error.into()))?);
                self.out.warnings.push(Warning::Threshold);
                Ok(())
            }
            _ => self.other(option),
        }
    }

    /// An option that stands for itself.
    fn other<'r>(&mut self, option: &'r RawOption<'a>) -> Result<(), Failed<'r, 'a>> {
        match options::rewrite(option) {
            Ok(Some(text)) => self.piece(text.into_bytes(), option),
            Ok(None) => self.piece(print::option(option), option),
            Err(error) => return Err((option, error.into())),
        }
        Ok(())
    }

    /// `file_data:mime` is what `file_data` does today.
    fn set_sticky(&mut self, buffer: &'static str, option: &RawOption<'a>) {
        let mime = option.args.first().is_some_and(|arg| arg.name() == "mime");
        if mime || option.args.is_empty() {
            self.piece(buffer.as_bytes().to_vec(), option);
        } else {
            self.piece(print::option(option), option);
        }
        self.buffer = buffer;
        self.sticky = buffer;
    }

    fn pcre<'r>(&mut self, option: &'r RawOption<'a>) -> Result<(), Failed<'r, 'a>> {
        let (expression, buffers) = buffer::of_pcre(option);
        let buffer = match buffers.as_slice() {
            [] => self.sticky,
            [buffer] => buffer,
            [a, b, ..] => return Err((option, OptionError::Conflict { a, b }.into())),
        };
        self.choose(buffer, option);
        let mut text = b"pcre:".to_vec();
        text.extend_from_slice(&expression);
        self.piece(text, option);
        Ok(())
    }

    fn isdataat(&mut self, option: &RawOption<'a>) {
        let mut args = option.args.clone();
        args.retain(|arg| arg.name() != "rawbytes");
        if args.len() < option.args.len() {
            self.choose("raw_data", option);
        }
        let mut text = b"isdataat:".to_vec();
        print::args(&args, &mut text);
        self.piece(text, option);
    }

    fn urilen<'r>(&mut self, option: &'r RawOption<'a>) -> Result<(), Failed<'r, 'a>> {
        let missing = OptionError::Missing { argument: "length" };
        let (length, rest) = option.args.split_first().ok_or((option, missing.into()))?;
        let buffer = match rest.first().map(Arg::name) {
            None | Some("raw") => "http_raw_uri",
            Some("norm") => "http_uri",
            Some(_) => {
                let error = rest.first().map_or(OptionError::Unknown, Arg::unknown);
                return Err((option, error.into()));
            }
        };
        let value = length.value.map_or("", |value| value.text());
        let range = options::inclusive_range(&format!("{}{value}", length.name()));
        self.late.push(piece(buffer.into(), option));
        let test = format!("bufferlen:{range}");
        self.late.push(piece(test.into_bytes(), option));
        Ok(())
    }

    /// Services leave the metadata; what concerns shared objects has no meaning.
    fn metadata<'r>(&mut self, option: &'r RawOption<'a>) -> Result<(), Failed<'r, 'a>> {
        let text = String::from_utf8_lossy(option.raw.unwrap_or_default());
        let (mut kept, mut services) = (Vec::new(), Vec::new());
        for entry in text.split(',').map(str::trim) {
            match entry.split_once(char::is_whitespace) {
                Some(("service", name)) => services.push(name.trim()),
                Some(("engine" | "soid", _)) => {
                    return Err((option, OptionError::SharedObject.into()));
                }
                _ => kept.push(entry),
            }
        }
        if !kept.is_empty() {
            self.piece(format!("metadata:{}", kept.join(",")).into_bytes(), option);
        }
        if !services.is_empty() {
            self.piece(
                format!("service:{}", services.join(",")).into_bytes(),
                option,
            );
        }
        Ok(())
    }

    /// Goes to a buffer unless the text is there already.
    fn choose(&mut self, buffer: &'static str, option: &RawOption<'a>) {
        if self.buffer != buffer {
            self.buffer = buffer;
            self.piece(buffer.into(), option);
        }
    }

    fn piece(&mut self, text: Vec<u8>, option: &RawOption<'a>) {
        self.out.pieces.push(piece(text, option));
    }

    fn problem(&mut self, option: &RawOption<'a>, reason: Reason) {
        let name = option.name.into();
        self.out
            .problems
            .push((option.line, option.column, name, reason));
    }

    fn finish(mut self) -> Translated<'a> {
        self.out.pieces.append(&mut self.late);
        self.out
    }
}

fn piece(mut text: Vec<u8>, option: &RawOption<'_>) -> Piece {
    text.push(b';');
    Piece {
        text,
        line: option.line,
        column: option.column,
    }
}

impl Translated<'_> {
    /// The rule as Snort 3 would read it, at the places of the original.
    pub(in crate::parser) fn raw_rule(&self) -> RawRule<'_> {
        let mut options = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            let mut lexer = Lexer::new(&piece.text);
            // A piece is made of what a lexer has read once, so it can be read again.
            while let Ok(Some(mut option)) = lexer.option() {
                (option.line, option.column) = (piece.line, piece.column);
                options.push(option);
            }
        }
        RawRule {
            action: self.action,
            header: self.header.clone(),
            options,
            line: self.line,
            column: self.column,
        }
    }
}
