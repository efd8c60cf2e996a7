//! The agent's command line: one subcommand a role.
fn main() {}
