//! What makes a file one of a type: the stock definitions, and those of `file_id` rules.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::{AtomicU64, Ordering},
};

use super::{
    set::{FileTypes, OWN_BITS},
    stock::STOCK,
};
use crate::{
    detection::{FileSignature, FileTrial},
    ips_options::IpsOption,
    parser::FileMeta,
};

/// Bytes of a file that own definitions are tried on, as in Snort (`type_depth` of its
/// `file_id`).
pub const TYPE_DEPTH: usize = 1460;
/// Names that own definitions can have beside the stock ones.
pub const MAX_OWN_TYPES: usize = OWN_BITS;

/// Everything that makes a file one of a type.
#[derive(Debug, Default)]
pub struct FileDefinitions {
    /// Names of own types, in the order of their bits behind those of the stock ones.
    names: Vec<Box<str>>,
    own: Vec<Own>,
    /// Hash of the own definitions; 0 without any.
    generation: u64,
    given_up: AtomicU64,
}

/// The definition of a rule.
#[derive(Debug)]
struct Own {
    bit: usize,
    signature: FileSignature,
}

impl FileDefinitions {
    /// Adds a definition: a file whose first bytes fulfil the options is of the type. A name may
    /// have several. Says whether there was room.
    pub(crate) fn add(&mut self, meta: &FileMeta, options: &[IpsOption]) -> bool {
        let name = &*meta.name;
        let Some(bit) = self.bit(name).or_else(|| self.new_bit(name)) else {
            return false;
        };
        let mut hasher = DefaultHasher::new();
        (self.generation, name, meta.text).hash(&mut hasher);
        self.generation = hasher.finish().max(1);
        self.own.push(Own {
            bit,
            signature: FileSignature::new(options),
        });
        true
    }

    /// What a file that begins with these bytes may be: one type, several, or none that is
    /// known.
    pub fn of(&self, beginning: &[u8]) -> FileTypes {
        let stock = (0..).zip(STOCK).filter(|(_, (_, signatures))| {
            signatures.iter().any(|(offset, bytes)| {
                let rest = beginning.get(*offset..);
                rest.is_some_and(|rest| rest.starts_with(bytes))
            })
        });
        let stock = stock.fold(FileTypes::default(), |types, (bit, _)| {
            types.and(self.of_bit(bit))
        });
        if self.own.is_empty() || beginning.is_empty() {
            return stock;
        }
        let beginning = beginning.get(..TYPE_DEPTH).unwrap_or(beginning);
        let mut trial = FileTrial::on(beginning);
        let own = self.own.iter().filter(|own| trial.holds(&own.signature));
        let types = own.fold(stock, |types, own| types.and(self.of_bit(own.bit)));
        if trial.given_up > 0 {
            self.given_up.fetch_add(trial.given_up, Ordering::Relaxed);
        }
        types
    }

    /// How many definitions were given up at a limit of steps since the last call, whoever asked
    /// for a file.
    pub(crate) fn take_given_up(&self) -> u64 {
        self.given_up.swap(0, Ordering::Relaxed)
    }

    /// The type of a name; `None` if it has no definition.
    pub fn named(&self, name: &str) -> Option<FileTypes> {
        self.bit(name).map(|bit| self.of_bit(bit))
    }

    fn of_bit(&self, bit: usize) -> FileTypes {
        FileTypes::of_bit(bit, self.generation)
    }

    fn bit(&self, name: &str) -> Option<usize> {
        let stock = STOCK.iter().map(|(known, _)| *known);
        let own = self.names.iter().map(|known| &**known);
        stock.chain(own).position(|known| known == name)
    }

    fn new_bit(&mut self, name: &str) -> Option<usize> {
        let at = self.names.len();
        if at >= MAX_OWN_TYPES {
            return None;
        }
        self.names.push(name.into());
        Some(STOCK.len().saturating_add(at))
    }
}
