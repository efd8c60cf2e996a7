//! Embeds the eBPF object where it has been built.
//!
//! `cargo xtask build` makes the object before it builds the agent, by running in
//! `dpi-ebpf/`
//!
//! ```text
//! PATH=DIR-OF-BPF-LINKER:$PATH RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
//! RUSTFLAGS="-C debuginfo=2 -C link-arg=--btf" \
//! cargo build --release --target bpfel-unknown-none --target-dir ../target/ebpf
//! ```
//!
//! where `/usr/bin/rustc` is Debian's, which brings a `core` for that target;
//! with rustup it is nightly and `-Z build-std=core` instead. `RUSTC_BOOTSTRAP` is for
//! aya-ebpf's use of `asm_experimental_arch`.
//!
//! `DPI_EBPF_OBJECT` names another object. Without any, `cfg(has_ebpf_object)` is not set
//! and the agent says at start what is missing.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

const OBJECT: &str = "ebpf/bpfel-unknown-none/release/dpi-ebpf";

fn main() -> io::Result<()> {
    println!("cargo::rustc-check-cfg=cfg(has_ebpf_object)");
    println!("cargo::rerun-if-env-changed=DPI_EBPF_OBJECT");
    let object = match env::var_os("DPI_EBPF_OBJECT") {
        Some(path) => PathBuf::from(path),
        None => Path::new("../target").join(OBJECT),
    };
    if object.is_file() {
        println!("cargo::rerun-if-changed={}", object.display());
        let out = env::var_os("OUT_DIR")
            .map(PathBuf::from)
            .unwrap_or_default();
        fs::copy(&object, out.join("dpi-ebpf"))?;
        println!("cargo::rustc-cfg=has_ebpf_object");
    } else if let Some(parent) = object.parent() {
        // A path that does not exist counts as changed in every build; its folder, made
        // here, changes when the object comes.
        fs::create_dir_all(parent)?;
        println!("cargo::rerun-if-changed={}", parent.display());
    }
    Ok(())
}
