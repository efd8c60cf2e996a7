//! `cargo xtask image`: the agent as a container image, without Docker.
//!
//! `program` builds the one static program, `contents` says what lies beside it, `sbom` what
//! it is made of. The archive itself is written by the crate `dpi-image`.
//!
//! The program is linked with `-C target-feature=+crt-static` for the GNU target: that
//! concerns the last step alone, so that tests link it from what they have compiled already,
//! and it needs no more than the C compiler that PCRE2 is built with. The result is a
//! static PIE; names are resolved without libraries since glibc 2.34.

mod contents;
mod program;
mod sbom;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use dpi_image::Image;

use crate::{build::Profile, workspace};

/// Name of an image that nobody has published.
pub(crate) const NAME: &str = "docker.io/library/dpi-agent:dev";

/// Options of `image`.
#[derive(Args)]
pub(crate) struct Options {
    /// The docker-archive to write; the SBOM lies beside it as FILE with .cdx.json at its end
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Write an OCI layout here, too
    #[arg(long, value_name = "DIR")]
    oci: Option<PathBuf>,
    /// Name and tag of the image
    #[arg(long, default_value = NAME)]
    name: String,
    /// How much to optimise
    #[arg(long, value_enum, default_value_t = Profile::Release)]
    profile: Profile,
}

/// Writes the image and says what it is.
pub(crate) fn run(options: &Options) -> Result<()> {
    let program = program::build(options.profile)?;
    let (image, rules) = contents::image(&options.name, program)?;
    let id = image.write_archive(&options.output)?;
    println!("image    {}", options.name);
    println!("archive  {}", options.output.display());
    println!("id       {id}");
    println!("size     {}", size(fs::metadata(&options.output)?.len()));
    println!("rules    {rules}");
    if let Some(directory) = &options.oci {
        let digest = image.write_layout(directory)?;
        println!("layout   {}", directory.display());
        println!("digest   {digest}");
    }
    let mut beside = options.output.clone().into_os_string();
    beside.push(".cdx.json");
    let beside = PathBuf::from(beside);
    fs::write(&beside, sbom::of(&options.name, &id)?)
        .with_context(|| format!("writing {}", beside.display()))?;
    println!("sbom     {}", beside.display());
    Ok(())
}

/// The image that tests use: as it is shipped, but for the optimisation.
pub(crate) fn for_tests() -> Result<PathBuf> {
    let program = program::build(Profile::Quick)?;
    let (image, _): (Image, _) = contents::image(NAME, program)?;
    let path = workspace::target_dir().join("image/dpi-agent.tar");
    image.write_archive(&path)?;
    Ok(path)
}

fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a tenth of a MiB is told")]
    let mib = bytes as f64 / f64::from(1 << 20);
    format!("{mib:.1} MiB ({bytes} bytes)")
}
