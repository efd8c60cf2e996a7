//! The value of Content-Type (RFC 2045 §5.1).

/// The media type, without its parameters.
pub(in crate::service_inspectors) fn media_type(value: &[u8]) -> &[u8] {
    let mut fields = value.split(|byte| *byte == b';');
    fields.next().unwrap_or_default().trim_ascii()
}

/// A parameter, without quotes.
pub(in crate::service_inspectors) fn parameter<'a>(
    value: &'a [u8],
    name: &[u8],
) -> Option<&'a [u8]> {
    for parameter in value.split(|byte| *byte == b';').skip(1) {
        let parameter = parameter.trim_ascii();
        let Some(equals) = parameter.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (own, value) = parameter.split_at_checked(equals)?;
        if own.trim_ascii_end().eq_ignore_ascii_case(name) {
            let value = value.get(1..)?.trim_ascii_start();
            let quoted = value
                .strip_prefix(b"\"")
                .and_then(|rest| rest.split(|b| *b == b'"').next());
            return Some(quoted.unwrap_or(value));
        }
    }
    None
}
