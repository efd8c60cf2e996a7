//! The fast pattern of each Snort 3 rule, for measuring: not a parser of rules.

/// The literal that Snort would search for first.
#[derive(Clone, Debug)]
pub(crate) struct FastPattern {
    pub(crate) bytes: Vec<u8>,
    pub(crate) nocase: bool,
    pub(crate) buffer: String,
    pub(crate) protocol: String,
    pub(crate) any_port: bool,
    pub(crate) http: bool,
    pub(crate) has_service: bool,
    pub(crate) to_server: bool,
}

/// Bytes of a pattern that are searched for.
const MAX_LEN: usize = 64;

/// One for each rule that has one.
pub(crate) fn fast_patterns(text: &str) -> Vec<FastPattern> {
    text.lines().filter_map(of_rule).collect()
}

fn of_rule(line: &str) -> Option<FastPattern> {
    let (header, body) = line.strip_prefix("alert ")?.split_once('(')?;
    let mut words = header.split_whitespace();
    let protocol = words.next()?.to_owned();
    let any_port = words.next_back() == Some("any");
    let mut buffer = "pkt_data".to_owned();
    let mut best: Option<(bool, usize, FastPattern)> = None;
    let (mut services, mut to_server) = (String::new(), false);
    for option in options(body) {
        let (name, value) = option.split_once(':').unwrap_or((&option, ""));
        match name.trim() {
            "service" => value.clone_into(&mut services),
            "flow" => to_server |= value.contains("to_server"),
            "content" => {
                let Some((bytes, modifiers)) = content(value.trim()) else {
                    continue;
                };
                let stated = modifiers.contains("fast_pattern");
                let rank = (stated, bytes.len());
                if best.as_ref().is_none_or(|(s, l, _)| rank > (*s, *l)) {
                    let pattern = FastPattern {
                        bytes: bytes.into_iter().take(MAX_LEN).collect(),
                        nocase: modifiers.contains("nocase"),
                        buffer: buffer.clone(),
                        protocol: protocol.clone(),
                        any_port,
                        http: false,
                        has_service: false,
                        to_server: false,
                    };
                    best = Some((stated, rank.1, pattern));
                }
            }
            name if is_buffer(name) => name.clone_into(&mut buffer),
            _ => {}
        }
    }
    let (_, _, mut pattern) = best?;
    pattern.has_service = !services.is_empty();
    pattern.http = services.contains("http") || protocol == "http";
    pattern.to_server = to_server;
    Some(pattern)
}

fn is_buffer(name: &str) -> bool {
    name.starts_with("http_")
        || matches!(
            name,
            "pkt_data" | "file_data" | "raw_data" | "js_data" | "sip_header"
        )
}

/// Splits at semicolons outside quotes.
fn options(body: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in body.chars() {
        match c {
            '"' if !escaped => quoted = !quoted,
            ';' if !quoted => {
                all.push(String::new());
                continue;
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        if let Some(last) = all.last_mut() {
            last.push(c);
        }
    }
    all.iter().map(|option| option.trim().to_owned()).collect()
}

/// Bytes and modifiers of a content that is not negated.
fn content(value: &str) -> Option<(Vec<u8>, &str)> {
    let text = value.strip_prefix('"')?;
    let mut bytes = Vec::new();
    let mut hex: Option<String> = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (c, &mut hex) {
            ('"', None) => {
                return (!bytes.is_empty()).then(|| (bytes, text.get(at + 1..).unwrap_or("")));
            }
            ('|', None) => hex = Some(String::new()),
            ('|', Some(digits)) => {
                let digits = std::mem::take(digits);
                hex = None;
                for pair in digits.as_bytes().chunks(2) {
                    let pair = std::str::from_utf8(pair).ok()?;
                    bytes.push(u8::from_str_radix(pair, 16).ok()?);
                }
            }
            (c, Some(digits)) => {
                if !c.is_whitespace() {
                    digits.push(c);
                }
            }
            ('\\', None) => bytes.extend(chars.next().map(|(_, c)| c as u8)),
            (c, None) => bytes.extend(c.to_string().bytes()),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stated_else_the_longest_content_counts() {
        let found = fast_patterns(
            r#"alert tcp any any -> $HOME_NET 80 ( msg:"a; b"; flow:to_server,established; http_uri; content:"/x|2e 2E|y",nocase; content:"zz",fast_pattern; content:!"longest of all"; service:http; sid:1; )
# alert tcp any any -> any any ( content:"off"; sid:2; )
alert udp any any -> any any ( content:"ab"; content:"a\"bc",nocase; sid:3; )"#,
        );
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].bytes, b"zz");
        assert_eq!(found[0].buffer, "http_uri");
        assert!(found[0].http && found[0].to_server && !found[0].any_port);
        assert_eq!(found[1].bytes, b"a\"bc");
        assert!(found[1].nocase && found[1].any_port);
    }
}
