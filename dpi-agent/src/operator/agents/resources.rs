//! Requests and limits, judged before the API server or a kubelet refuses them.

use std::{collections::BTreeMap, num::NonZeroU32};

use dpi_capture::ring_budget;
use k8s_openapi::{
    api::core::v1::ResourceRequirements, apimachinery::pkg::api::resource::Quantity,
};

use super::problem::Problem;

/// Quantities are reckoned in billionths.
const NANO: i128 = 1_000_000_000;
/// More than any machine has: a slip of the pen, for which no node would be found.
const MOST: [(&str, i128, &str); 2] = [
    ("cpu", 4096 * NANO, "is more than the 4096 CPUs of any node"),
    (
        "memory",
        (64 << 40) * NANO,
        "is more than the 64Ti of any node",
    ),
];
/// Exponents of ten beyond these are no quantity of anything here.
const MAX_EXPONENT: u32 = 18;

/// What the agents get without a word about it: the figures of Calico's page.
pub(super) fn usual() -> ResourceRequirements {
    let quantities = |cpu: &str, memory: &str| {
        let pairs = [("cpu", cpu), ("memory", memory)];
        Some(BTreeMap::from(pairs.map(|(name, quantity)| {
            (name.to_owned(), Quantity(quantity.to_owned()))
        })))
    };
    ResourceRequirements {
        requests: quantities("100m", "100Mi"),
        limits: quantities("1", "1Gi"),
        claims: None,
    }
}

/// What is wrong with these; `agent`: they are for the agent, which needs some memory.
pub(super) fn judge(field: &str, resources: &ResourceRequirements, agent: bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    if resources.claims.as_ref().is_some_and(|c| !c.is_empty()) {
        problems.push(Problem::Claims {
            field: format!("{field}.claims"),
        });
    }
    let read = |part: &str, quantities: Option<&BTreeMap<String, Quantity>>| {
        let mut good = BTreeMap::new();
        let mut bad = Vec::new();
        for (name, quantity) in quantities.into_iter().flatten() {
            match judge_one(name, &quantity.0) {
                Ok(amount) => {
                    good.insert(name.clone(), (amount, quantity.0.clone()));
                }
                Err(fault) => bad.push(Problem::Quantity {
                    field: format!("{field}.{part}.{name}"),
                    value: quantity.0.clone(),
                    fault,
                }),
            }
        }
        (good, bad)
    };
    let (limits, bad) = read("limits", resources.limits.as_ref());
    problems.extend(bad);
    let (requests, bad) = read("requests", resources.requests.as_ref());
    problems.extend(bad);
    for (name, (amount, request)) in &requests {
        if let Some((most, limit)) = limits.get(name)
            && amount > most
        {
            problems.push(Problem::OverLimit {
                field: format!("{field}.requests.{name}"),
                request: request.clone(),
                limit: limit.clone(),
            });
        }
    }
    if let Some((amount, text)) = limits.get("memory").filter(|_| agent) {
        problems.extend(too_little(field, *amount, text));
    }
    problems
}

/// The agent would not start.
fn too_little(field: &str, amount: i128, text: &str) -> Option<Problem> {
    let bytes = u64::try_from(amount / NANO).unwrap_or(u64::MAX);
    let error = ring_budget(bytes, NonZeroU32::MIN).err()?;
    Some(Problem::Quantity {
        field: format!("{field}.limits.memory"),
        value: text.to_owned(),
        fault: format!("does not do: {error}"),
    })
}

/// The amount in billionths, or what is wrong with it.
fn judge_one(name: &str, quantity: &str) -> Result<i128, String> {
    let amount = amount(quantity).ok_or_else(|| {
        "is no quantity; write one such as 500m or 2 (cpu), 512Mi or 1Gi (memory)".to_owned()
    })?;
    if amount < 0 {
        return Err("is less than nothing".to_owned());
    }
    for (which, most, fault) in MOST {
        if which == name && amount > most {
            return Err(fault.to_owned());
        }
    }
    Ok(amount)
}

/// A quantity of the Kubernetes API in billionths, rounded up; `None` if it is none, or
/// beyond all measure (apimachinery, `resource.Quantity`).
fn amount(text: &str) -> Option<i128> {
    let (negative, text) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let (numerator, denominator) = factor(suffix)?;
    // Digits behind the ninth are below what is reckoned in.
    let fraction: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let whole: i128 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let number = whole
        .checked_mul(NANO)?
        .checked_add(fraction.parse().ok()?)?;
    let product = number.checked_mul(numerator)?;
    // i128::div_ceil is not stable.
    let amount = product.checked_add(denominator - 1)? / denominator;
    Some(if negative { -amount } else { amount })
}

/// What a suffix multiplies by, as a fraction.
fn factor(suffix: &str) -> Option<(i128, i128)> {
    let ten = |power: u32| 10_i128.pow(power);
    Some(match suffix {
        "" => (1, 1),
        "n" => (1, ten(9)),
        "u" => (1, ten(6)),
        "m" => (1, ten(3)),
        "k" => (ten(3), 1),
        "M" => (ten(6), 1),
        "G" => (ten(9), 1),
        "T" => (ten(12), 1),
        "P" => (ten(15), 1),
        "E" => (ten(18), 1),
        "Ki" => (1 << 10, 1),
        "Mi" => (1 << 20, 1),
        "Gi" => (1 << 30, 1),
        "Ti" => (1 << 40, 1),
        "Pi" => (1 << 50, 1),
        "Ei" => (1 << 60, 1),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            let (negative, digits) = match exponent.strip_prefix('-') {
                Some(digits) => (true, digits),
                None => (false, exponent.strip_prefix('+').unwrap_or(exponent)),
            };
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let power: u32 = digits.parse().ok().filter(|power| *power <= MAX_EXPONENT)?;
            if negative {
                (1, ten(power))
            } else {
                (ten(power), 1)
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_those_of_kubernetes() {
        for (text, expected) in [
            ("1", Some(NANO)),
            ("100m", Some(NANO / 10)),
            ("0.5", Some(NANO / 2)),
            (".5", Some(NANO / 2)),
            ("5.", Some(5 * NANO)),
            ("1Gi", Some((1 << 30) * NANO)),
            ("1.5Gi", Some((3 << 29) * NANO)),
            ("100M", Some(100_000_000 * NANO)),
            ("1e3", Some(1000 * NANO)),
            ("1E3", Some(1000 * NANO)),
            ("2e-3", Some(2_000_000)),
            ("1E", Some(10_i128.pow(18) * NANO)),
            ("+3", Some(3 * NANO)),
            ("-1", Some(-NANO)),
            ("1n", Some(1)),
            ("0.1n", Some(1)),
            ("", None),
            (".", None),
            ("-", None),
            ("one", None),
            ("1GB", None),
            ("1 Gi", None),
            ("1.2.3", None),
            ("1e", None),
            ("1e1000000", None),
            ("0x10", None),
            ("Mi", None),
            ("99999999999999999999999999999999999999999999999", None),
        ] {
            assert_eq!(amount(text), expected, "{text}");
        }
    }
}
