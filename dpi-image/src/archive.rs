//! An image as `docker save` writes it: layers, configuration and manifest in one archive.

use std::{fs::File, io::BufWriter, path::Path};

use serde_json::json;
use tar::Builder;

use crate::{Digest, Image, ImageError, image::config, layer::file};

impl Image {
    /// Writes a docker-archive; returns the image's id, which is the digest of its
    /// configuration.
    pub fn write_archive(&self, path: &Path) -> Result<Digest, ImageError> {
        let failed = |source| ImageError::Write {
            path: path.to_owned(),
            source,
        };
        let out = BufWriter::new(File::create(path).map_err(failed)?);
        let mut tar = Builder::new(out);
        let mut digests = Vec::new();
        let mut names = Vec::new();
        for layer in &self.layers {
            let bytes = layer.to_tar()?;
            let digest = Digest::of(&bytes);
            let name = format!("{}/layer.tar", digest.hex());
            // Two layers may be the same.
            if !names.contains(&name) {
                file(&mut tar, &name, 0o644, &bytes)?;
            }
            digests.push(digest);
            names.push(name);
        }
        let config = config(self, &digests)?;
        let id = Digest::of(&config);
        let config_name = format!("{}.json", id.hex());
        file(&mut tar, &config_name, 0o644, &config)?;
        let manifest = json!([{
            "Config": config_name,
            "RepoTags": [self.name],
            "Layers": names,
        }]);
        file(
            &mut tar,
            "manifest.json",
            0o644,
            &serde_json::to_vec(&manifest)?,
        )?;
        let out = tar.into_inner()?;
        out.into_inner()
            .map_err(|error| failed(error.into_error()))?;
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs, io::Read as _};

    use super::*;
    use crate::Layer;

    fn entries(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
        let mut entries = BTreeMap::new();
        for entry in tar::Archive::new(archive).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            entries.insert(entry.path().unwrap().display().to_string(), bytes);
        }
        entries
    }

    #[test]
    fn an_archive_names_its_layers_by_what_is_in_them() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("image.tar");
        let layer = Layer::new().file("a", 0o644, b"a".to_vec());
        let image = Image {
            name: "a.example/b:1".to_owned(),
            layers: vec![layer.clone(), Layer::new(), layer.clone()],
            entrypoint: vec!["/b".to_owned()],
            ..Image::default()
        };
        let id = image.write_archive(&path).unwrap();
        let first = fs::read(&path).unwrap();
        let entries = entries(&first);
        let manifest: serde_json::Value =
            serde_json::from_slice(&entries["manifest.json"]).unwrap();
        assert_eq!(manifest[0]["RepoTags"][0], "a.example/b:1");
        let layers = manifest[0]["Layers"].as_array().unwrap();
        assert_eq!(layers.len(), 3);
        assert_eq!(
            entries[layers[0].as_str().unwrap()],
            layer.to_tar().unwrap()
        );
        let name = manifest[0]["Config"].as_str().unwrap();
        assert_eq!(name, format!("{}.json", id.hex()));
        let config: serde_json::Value = serde_json::from_slice(&entries[name]).unwrap();
        let diff_ids = config["rootfs"]["diff_ids"].as_array().unwrap();
        assert_eq!(diff_ids.len(), 3);
        assert_eq!(
            diff_ids[0],
            Digest::of(&layer.to_tar().unwrap()).to_string()
        );
        assert_eq!(config["config"]["Entrypoint"][0], "/b");
        assert!(config["config"].get("Cmd").is_none());
        image.write_archive(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), first, "not reproducible");
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let error = Image::default().write_archive("/nowhere/at/all.tar".as_ref());
        let text = error.unwrap_err().to_string();
        assert!(text.contains("/nowhere/at/all.tar"), "{text}");
    }
}
