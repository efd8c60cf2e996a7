//! What fuzz targets share: the starter rules.

use std::{
    fs, io,
    path::Path,
    sync::{Arc, LazyLock},
};

use dpi_snort::{
    Config,
    detection::Detection,
    parser::{ClassificationConfig, Variables, parse_files},
};

/// The starter rules of `rules/`, compiled once.
pub static STARTER_RULES: LazyLock<Arc<Detection>> = LazyLock::new(|| {
    let files = texts().expect("the folder rules/ of this repository");
    let ruleset = parse_files(
        files.iter().map(|text| ("starter.rules", text.as_slice())),
        &Variables::stock(),
        &ClassificationConfig::default(),
        Arc::default(),
    );
    assert!(ruleset.errors.is_empty(), "{}", ruleset.errors[0]);
    let (detection, left_out) =
        Detection::compile(ruleset, &Config::default()).expect("rules that compile");
    assert!(left_out.is_empty());
    Arc::new(detection)
});

fn texts() -> io::Result<Vec<Vec<u8>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "rules")
        {
            texts.push(fs::read(path)?);
        }
    }
    Ok(texts)
}
