//! The types that are known without any definition of a rule, under the names that Snort's own
//! definitions give them.

/// A name, and what its files have at an offset: one of these.
pub(super) type Signature = (&'static str, &'static [(usize, &'static [u8])]);

/// Which bit of a set a type has is its place here.
pub(super) const STOCK: &[Signature] = &[
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
