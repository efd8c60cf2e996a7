//! What a person sees.

use dpi_tests::lab::{Alert, Status};

/// The heading of a step.
pub(crate) fn step(text: &str) {
    println!("\n\u{25b8} {text}");
}

/// Something that was checked and holds.
pub(crate) fn holds(text: &str) {
    println!("  ok  {text}");
}

/// The heading of a table of alerts.
pub(crate) fn heading() {
    println!(
        "      {:<12} {:<6}    {:<14} {:<10} MESSAGE",
        "TIME", "POD", "PEER", "RULE"
    );
}

/// An alert.
pub(crate) fn alert(alert: &Alert) {
    let time = alert.timestamp.get(11..23).unwrap_or(&alert.timestamp);
    let arrow = if alert.to_pod { "<-" } else { "->" };
    println!(
        "      {time:<12} {:<6} {arrow} {:<14} {:<10} {}",
        alert.pod, alert.peer, alert.sid, alert.message
    );
}

/// Where the packets went.
pub(crate) fn counters(status: &Status) {
    println!("      {}", status.balance());
    println!(
        "      programs: handed over {}, bypassed without a rule {}; ring full {}; alerts found {}, written {}",
        status.number("/account/kernel/handed_over"),
        status.number("/packets/bypassed/no_rule"),
        status.number("/packets/dropped/ring_full"),
        status.number("/alerts/found"),
        status.number("/alerts/written"),
    );
}
