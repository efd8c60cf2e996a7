//! Options whose form changed: one in, one out.

use crate::{
    ips_options::OptionError,
    parser::lexer::{Arg, RawOption},
};

/// The option as Snort 3 writes it; `None` where nothing changed.
pub(super) fn rewrite(option: &RawOption<'_>) -> Result<Option<String>, OptionError> {
    Ok(match option.name {
        "dsize" => inclusive(option),
        "ttl" => ttl(option),
        "tag" => tag(option)?,
        "stream_size" => stream_size(option)?,
        "stream_reassemble" => stream_reassemble(option)?,
        "flowbits" => return flowbits(option).map(|()| None),
        "dce_iface" => dce_iface(option),
        "dce_opnum" | "gtp_type" | "dnp3_ind" => quoted_list(option),
        "appid" => Some(format!("appids:\"{}\"", joined(&option.args, ", "))),
        "sd_pattern" => sd_pattern(option),
        _ => None,
    })
}

/// Words of arguments, joined.
fn joined(args: &[Arg<'_>], separator: &str) -> String {
    let words: Vec<String> = args.iter().map(whole).collect();
    words.join(separator)
}

/// An argument whose blanks mean nothing, such as `> 5`.
fn whole(arg: &Arg<'_>) -> String {
    let value = arg.value.map_or("", |value| value.text());
    format!("{}{value}", arg.name())
}

/// `a<>b` took both ends in, which is `a<=>b` today.
pub(super) fn inclusive_range(text: &str) -> String {
    if text.contains("<=>") {
        return text.to_owned();
    }
    text.replace("<>", "<=>")
}

fn inclusive(option: &RawOption<'_>) -> Option<String> {
    let text = joined(&option.args, ",");
    (!text.is_empty()).then(|| format!("{}:{}", option.name, inclusive_range(&text)))
}

/// `a-b`, `-b`, `a-` are ranges that take both ends in.
fn ttl(option: &RawOption<'_>) -> Option<String> {
    let text = joined(&option.args, ",");
    let range = match text.split_once('-') {
        None => return None,
        Some(("", high)) => format!("<={high}"),
        Some((low, "")) => format!(">={low}"),
        Some((low, high)) => format!("{low}<=>{high}"),
    };
    Some(format!("{}:{range}", option.name))
}

/// `session,10,packets` and `host,60,seconds,src`.
fn tag(option: &RawOption<'_>) -> Result<Option<String>, OptionError> {
    let Some((kind, rest)) = option.args.split_first() else {
        return Ok(None);
    };
    if rest.is_empty() || rest.iter().any(|arg| arg.value.is_some()) {
        return Ok(None);
    }
    let (rest, side) = match rest.split_last() {
        Some((side, rest)) if matches!(side.name(), "src" | "dst") => (rest, Some(side.name())),
        _ => (rest, None),
    };
    let kind = match (kind.name(), side) {
        ("host", Some("dst")) => "host_dst".to_owned(),
        ("host", _) => "host_src".to_owned(),
        (other, _) => other.to_owned(),
    };
    let mut text = format!("tag:{kind}");
    for pair in rest.chunks(2) {
        let [count, metric] = pair else {
            return Err(OptionError::MissingValue { argument: "tag" });
        };
        // 0 meant "no bound by this".
        if count.name() != "0" {
            text.extend([",", metric.name(), " ", count.name()]);
        }
    }
    Ok(Some(text))
}

/// `client,>,5`: what a side sent goes to the other one.
fn stream_size(option: &RawOption<'_>) -> Result<Option<String>, OptionError> {
    let [side, operator, number] = option.args.as_slice() else {
        return Ok(None);
    };
    let to = match side.name() {
        "client" => "to_server",
        "server" => "to_client",
        "both" => "both",
        "either" => "either",
        _ => return Err(side.unknown()),
    };
    let range = format!("{}{}", operator.name(), number.name());
    Ok(Some(format!("stream_size:{range},{to}")))
}

/// `disable,client,noalert`.
fn stream_reassemble(option: &RawOption<'_>) -> Result<Option<String>, OptionError> {
    let [action, direction, rest @ ..] = option.args.as_slice() else {
        return Ok(None);
    };
    if !matches!(action.name(), "enable" | "disable") {
        return Ok(None);
    }
    let mut text = format!(
        "stream_reassemble:action {},direction {}",
        action.name(),
        direction.name()
    );
    for arg in rest {
        arg.no_value()?;
        text.extend([",", arg.name()]);
    }
    Ok(Some(text))
}

/// Groups, and what only makes sense with them, are gone.
fn flowbits(option: &RawOption<'_>) -> Result<(), OptionError> {
    let word = option.args.first().map_or("", |arg| arg.name());
    let gone = |instead| Err(OptionError::NoMeaning { instead });
    match word {
        "toggle" => gone("write two rules: isset with unset, isnotset with set"),
        "setx" => gone("Snort 3 has no groups: unset the others and set this one"),
        "reset" => gone("write unset for each bit"),
        _ if option.args.len() > 2 => gone("Snort 3 has no groups of flowbits: name the bits"),
        _ => Ok(()),
    }
}

/// `UUID,<2,any_frag`.
fn dce_iface(option: &RawOption<'_>) -> Option<String> {
    let (uuid, rest) = option.args.split_first()?;
    if uuid.value.is_some() {
        return None;
    }
    let mut text = format!("dce_iface:uuid {}", uuid.name());
    for arg in rest {
        let word = whole(arg);
        if word.starts_with(['<', '>', '=', '!']) {
            text.extend([",version ", &word]);
        } else {
            text.extend([",", &word]);
        }
    }
    Some(text)
}

/// Lists of words are one text today.
fn quoted_list(option: &RawOption<'_>) -> Option<String> {
    let quoted = option.args.first()?.word.quoted;
    (!quoted).then(|| format!("{}:\"{}\"", option.name, joined(&option.args, ",")))
}

/// `5,credit_card`: the count came first.
fn sd_pattern(option: &RawOption<'_>) -> Option<String> {
    let [count, pattern] = option.args.as_slice() else {
        return None;
    };
    let is_count = !count.word.quoted && count.name().bytes().all(|b| b.is_ascii_digit());
    let (count, pattern) = (count.name(), pattern.name());
    is_count.then(|| format!("sd_pattern:\"{pattern}\",threshold {count}"))
}
