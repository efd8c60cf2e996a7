//! `file_type:"PDF MSEXE"` — the file in the body of a message is of one of these types, by its
//! first bytes. A rule that names a type without a definition, stock or of a `file_id` rule, is
//! inactive.

use super::OptionError;
use crate::{
    file_types::{FileDefinitions, FileTypes},
    parser::{Needs, Reason, lexer::RawOption},
    unit::InspectionUnit,
};

/// The types.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileType {
    names: Box<[Box<str>]>,
    /// None until `resolve`.
    types: FileTypes,
}

impl FileType {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<FileType, Reason> {
        raw.at_most(1)?;
        let Some(arg) = raw.args.first() else {
            return Err(Reason::Inactive(Needs::FileType));
        };
        if arg.word.negated {
            return Err(OptionError::Negated.into());
        }
        arg.no_value()?;
        let names = arg.name().split([' ', ',']).filter(|name| !name.is_empty());
        let names: Box<[Box<str>]> = names.map(Into::into).collect();
        if names.is_empty() {
            return Err(Reason::Inactive(Needs::FileType));
        }
        Ok(FileType {
            names,
            types: FileTypes::default(),
        })
    }

    /// Gives the names their meaning; false if one has none.
    pub(crate) fn resolve(&mut self, definitions: &FileDefinitions) -> bool {
        let types = self
            .names
            .iter()
            .try_fold(FileTypes::default(), |types, name| {
                Some(types.and(definitions.named(name)?))
            });
        self.types = types.unwrap_or_default();
        types.is_some()
    }

    pub(super) fn evaluate(&self, unit: &InspectionUnit<'_>) -> bool {
        unit.buffers.file_types().intersects(self.types)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Message, holds, message_unit, packet, refused, unit};
    use crate::file_types::FileDefinitions;

    #[test]
    fn evaluated() {
        let packet = packet(b"%PDF-1.7");
        for (text, file, expected) in [
            ("\"PDF\"", &b"%PDF-1.7"[..], true),
            ("PDF", b"%PDF-1.7", true),
            ("\"MSEXE PDF\"", b"%PDF-1.7", true),
            ("\"MSEXE,PDF\"", b"MZ", true),
            ("\"MSEXE ELF\"", b"%PDF-1.7", false),
            ("\"PDF\"", b"", false),
        ] {
            let message = Message {
                file_types: FileDefinitions::default().of(file),
                ..Message::default()
            };
            let text = format!("file_type:{text}");
            let unit = message_unit(&packet, &message);
            assert_eq!(holds(&text, &unit), expected, "{text} on {file:?}");
        }
        assert!(!holds("file_type:PDF", &unit(&packet)), "no file");
    }

    #[test]
    fn refusals() {
        let inactive = "valid, but inactive: it needs a file type that is not defined here";
        refused(&[
            ("file_type", inactive),
            ("file_type:\"\"", inactive),
            ("file_type:\"PDF NOTHING\"", inactive),
            ("file_type:\"PDF\",bogus 1", "unknown argument \"bogus\""),
            ("file_type:!\"PDF\"", "this option cannot be negated"),
        ]);
    }
}
