//! Options of Snort 2 that have no meaning in Snort 3.

/// Option and remedy.
const GONE: [(&str, &str); 17] = [
    ("activated_by", "tag later packets with flowbits instead"),
    ("activates", "tag later packets with flowbits instead"),
    ("asn1", "look for the bytes with byte_test or ber_data"),
    ("count", "it belonged to dynamic rules, which do not exist"),
    ("file_group", "name the type with file_type"),
    ("ftpbounce", "the FTP inspector tells of it by itself"),
    ("hash", "write md5, sha256 or sha512 as Snort 3 has them"),
    ("http_encode", "http_uri is already decoded"),
    ("length", "write it inside the digest: md5:\"…\",length n"),
    ("logto", "alerts have one output"),
    ("protected_content", "write md5, sha256 or sha512"),
    ("react", "use the action react"),
    ("resp", "use the action reject"),
    ("sameip", "no option compares the two addresses"),
    ("session", "the payload is in the alert's evidence"),
    ("so", "shared objects are not loaded"),
    ("soid", "shared objects are not loaded"),
];

/// What to do instead of an option that is gone.
pub(super) fn remedy(name: &str) -> Option<&'static str> {
    let row = GONE.iter().find(|(known, _)| *known == name);
    row.map(|(_, remedy)| *remedy)
}
