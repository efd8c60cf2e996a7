//! Developer tasks: `cargo xtask setup|build|load|demo|test|bench|fuzz|tidy|fetch-rules`.
fn main() {}
