//! Types of files by their first bytes, under the names that Snort's own definitions give them.

/// A set of types: what a file may be, or what a rule asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FileTypes(u64);

/// A name, and what its files have at an offset: one of these.
type Definition = (&'static str, &'static [(usize, &'static [u8])]);

/// At most 64.
const DEFINITIONS: &[Definition] = &[
    ("7Z", &[(0, b"7z\xbc\xaf\x27\x1c")]),
    (
        "BINHEX",
        &[(0, b"(This file must be converted with BinHex")],
    ),
    ("BMP", &[(0, b"BM")]),
    ("BZ", &[(0, b"BZh")]),
    ("EICAR", &[(0, b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR")]),
    ("ELF", &[(0, b"\x7fELF")]),
    ("EPS", &[(0, b"%!PS-Adobe"), (0, b"\xc5\xd0\xd3\xc6")]),
    ("FLV", &[(0, b"FLV\x01")]),
    ("GIF", &[(0, b"GIF87a"), (0, b"GIF89a")]),
    ("GZ", &[(0, b"\x1f\x8b")]),
    ("ICO", &[(0, b"\0\0\x01\0")]),
    ("JARPACK", &[(0, b"\xca\xfe\xd0\x0d")]),
    ("JPEG", &[(0, b"\xff\xd8\xff")]),
    (
        "MACHO",
        &[
            (0, b"\xfe\xed\xfa\xce"),
            (0, b"\xce\xfa\xed\xfe"),
            (0, b"\xfe\xed\xfa\xcf"),
            (0, b"\xcf\xfa\xed\xfe"),
        ],
    ),
    ("MIDI", &[(0, b"MThd")]),
    ("MP3", &[(0, b"ID3"), (0, b"\xff\xfb")]),
    ("MP4", &[(4, b"ftyp")]),
    ("MSCAB", &[(0, b"MSCF")]),
    ("MSCHM", &[(0, b"ITSF")]),
    ("MSEXE", &[(0, b"MZ")]),
    ("MSOLE2", &[(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")]),
    // A ZIP archive with the first entry as Office writes it.
    ("NEW_OFFICE", &[(0, b"PK\x03\x04\x14\0\x06\0")]),
    ("OLD_TAR", &[(257, b"ustar ")]),
    ("PDF", &[(0, b"%PDF-")]),
    ("PNG", &[(0, b"\x89PNG\r\n\x1a\n")]),
    ("POSIX_TAR", &[(257, b"ustar\0")]),
    ("RAR", &[(0, b"Rar!\x1a\x07")]),
    ("RIFF", &[(0, b"RIFF")]),
    ("RTF", &[(0, b"{\\rt")]),
    ("SWF", &[(0, b"FWS"), (0, b"CWS"), (0, b"ZWS")]),
    ("TIFF", &[(0, b"II*\0"), (0, b"MM\0*")]),
    ("WAV", &[(8, b"WAVEfmt ")]),
    ("WMF", &[(0, b"\xd7\xcd\xc6\x9a")]),
    ("ZIP", &[(0, b"PK\x03\x04"), (0, b"PK\x05\x06")]),
];

const _: () = assert!(DEFINITIONS.len() <= 64, "a bit for each");

impl FileTypes {
    /// What a file that begins with these bytes may be: one type, several, or none that is
    /// known.
    pub fn of(beginning: &[u8]) -> FileTypes {
        FileTypes::which(|(_, signatures)| {
            signatures.iter().any(|(offset, bytes)| {
                let rest = beginning.get(*offset..);
                rest.is_some_and(|rest| rest.starts_with(bytes))
            })
        })
    }

    /// The type of a name; `None` if it has no definition here.
    pub fn named(name: &str) -> Option<FileTypes> {
        let types = FileTypes::which(|(known, _)| *known == name);
        (types != FileTypes::default()).then_some(types)
    }

    /// The types of both.
    #[must_use]
    pub fn and(self, more: FileTypes) -> FileTypes {
        FileTypes(self.0 | more.0)
    }

    /// Whether one type is in both.
    pub fn intersects(self, other: FileTypes) -> bool {
        self.0 & other.0 != 0
    }

    fn which(is_in: impl Fn(&Definition) -> bool) -> FileTypes {
        let all = (0..).zip(DEFINITIONS);
        FileTypes(all.fold(0, |bits, (bit, definition)| {
            bits | u64::from(is_in(definition)) << bit
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_first_bytes() {
        let tar = [&[b'a'; 257][..], b"ustar\x0000"].concat();
        let old_tar = [&[0; 257][..], b"ustar  \0"].concat();
        for (beginning, names) in [
            (&b"%PDF-1.7\n"[..], &["PDF"][..]),
            (b"MZ\x90\0", &["MSEXE"]),
            (b"\x7fELF\x02\x01", &["ELF"]),
            (b"PK\x03\x04\x14\0\0\0", &["ZIP"]),
            (b"PK\x03\x04\x14\0\x06\0", &["ZIP", "NEW_OFFICE"]),
            (b"RIFF\x24\0\0\0WAVEfmt \x10", &["RIFF", "WAV"]),
            (b"GIF89a", &["GIF"]),
            (b"\0\0\0\x18ftypmp42", &["MP4"]),
            (&tar, &["POSIX_TAR"]),
            (&old_tar, &["OLD_TAR"]),
            (b"GIF88a", &[]),
            (b" %PDF-1.7", &[]),
            (b"%PDF", &[]),
            (b"", &[]),
        ] {
            let named = names.iter().map(|name| FileTypes::named(name).unwrap());
            let expected = named.fold(FileTypes::default(), FileTypes::and);
            assert_eq!(FileTypes::of(beginning), expected, "{names:?}");
        }
    }

    #[test]
    fn each_name_is_one_type() {
        for (name, signatures) in DEFINITIONS {
            let types = FileTypes::named(name).unwrap();
            assert_eq!(types.0.count_ones(), 1, "{name}");
            for (offset, bytes) in *signatures {
                let file = [&vec![0; *offset][..], bytes].concat();
                assert!(FileTypes::of(&file).intersects(types), "{name}");
            }
        }
        for name in ["", "pdf", "PDF ", "NOTHING"] {
            assert_eq!(FileTypes::named(name), None, "{name:?}");
        }
    }
}
