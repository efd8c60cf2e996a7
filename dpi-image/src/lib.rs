//! Container images without Docker and without a registry.
//!
//! A [`Layer`] is files as they are to lie in a container; an [`Image`] is layers and what is
//! run in them. It is written as a `docker save` archive ([`Image::write_archive`]), which
//! Docker, containerd and Podman import, or as an OCI layout ([`Image::write_layout`]), which
//! goes to a registry as it is. The same files give the same bytes and so the same digest:
//! nothing of the machine, its users or its clock gets in.
#![forbid(unsafe_code)]

mod archive;
mod digest;
mod image;
mod layer;
mod layout;
mod program;

pub use digest::Digest;
pub use image::{Image, ImageError};
pub use layer::Layer;
pub use program::is_static;
