//! An image as an OCI layout (image-spec 1.0): a directory of blobs and an index.

use std::{fs, io::Write as _, path::Path};

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use crate::{Digest, Image, ImageError, image::config};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

impl Image {
    /// Writes an OCI layout into a directory, which is made; returns the digest of the
    /// manifest, by which registries know an image.
    pub fn write_layout(&self, directory: &Path) -> Result<Digest, ImageError> {
        let blobs = directory.join("blobs/sha256");
        fs::create_dir_all(&blobs).map_err(|source| ImageError::Write {
            path: blobs.clone(),
            source,
        })?;
        let mut diff_ids = Vec::new();
        let mut layers = Vec::new();
        for layer in &self.layers {
            let bytes = layer.to_tar()?;
            diff_ids.push(Digest::of(&bytes));
            layers.push(descriptor(&blobs, LAYER, &compressed(&bytes)?)?);
        }
        let config = descriptor(&blobs, CONFIG, &config(self, &diff_ids)?)?;
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config,
            "layers": layers,
        });
        let manifest = serde_json::to_vec(&manifest)?;
        let mut entry = descriptor(&blobs, MANIFEST, &manifest)?;
        let tag = self.name.rsplit_once(':').map_or("latest", |(_, tag)| tag);
        entry["annotations"] = json!({
            "org.opencontainers.image.ref.name": tag,
            // By which containerd names it.
            "io.containerd.image.name": self.name,
        });
        let index = json!({"schemaVersion": 2, "manifests": [entry]});
        write(&directory.join("index.json"), &serde_json::to_vec(&index)?)?;
        write(
            &directory.join("oci-layout"),
            br#"{"imageLayoutVersion":"1.0.0"}"#,
        )?;
        Ok(Digest::of(&manifest))
    }
}

/// Writes a blob; returns what points to it.
fn descriptor(blobs: &Path, kind: &str, bytes: &[u8]) -> Result<Value, ImageError> {
    let digest = Digest::of(bytes);
    write(&blobs.join(digest.hex()), bytes)?;
    Ok(json!({"mediaType": kind, "digest": digest.to_string(), "size": bytes.len()}))
}

/// Without a time or a name in its header.
fn compressed(bytes: &[u8]) -> Result<Vec<u8>, ImageError> {
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::default());
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), ImageError> {
    fs::write(path, bytes).map_err(|source| ImageError::Write {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;
    use crate::Layer;

    fn read(path: &Path) -> Value {
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn every_blob_is_what_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let layer = Layer::new().file("a", 0o644, vec![7; 5000]);
        let image = Image {
            name: "docker.io/library/b:dev".to_owned(),
            layers: vec![layer.clone()],
            command: vec!["b".to_owned()],
            ..Image::default()
        };
        let digest = image.write_layout(folder.path()).unwrap();
        assert_eq!(image.write_layout(folder.path()).unwrap(), digest);
        let blobs = folder.path().join("blobs/sha256");
        for blob in fs::read_dir(&blobs).unwrap() {
            let blob = blob.unwrap();
            let digest = Digest::of(&fs::read(blob.path()).unwrap());
            assert_eq!(blob.file_name().to_str().unwrap(), digest.hex());
        }
        let index = read(&folder.path().join("index.json"));
        let entry = &index["manifests"][0];
        assert_eq!(entry["digest"], digest.to_string());
        assert_eq!(
            entry["annotations"]["org.opencontainers.image.ref.name"],
            "dev"
        );
        let manifest = read(&blobs.join(digest.hex()));
        let name = manifest["layers"][0]["digest"].as_str().unwrap();
        let blob = fs::read(blobs.join(name.trim_start_matches("sha256:"))).unwrap();
        let mut plain = Vec::new();
        GzDecoder::new(&blob[..]).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, layer.to_tar().unwrap());
        let name = manifest["config"]["digest"].as_str().unwrap();
        let config = read(&blobs.join(name.trim_start_matches("sha256:")));
        assert_eq!(
            config["rootfs"]["diff_ids"][0],
            Digest::of(&plain).to_string()
        );
    }
}
