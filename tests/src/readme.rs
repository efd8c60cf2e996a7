//! The README's own commands, so that what it says is what is tested.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// A fenced block of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What stands behind the fence.
    pub language: String,
    /// What stands between the fences.
    pub text: String,
}

/// A Markdown text.
#[derive(Clone, Debug)]
pub struct Readme {
    text: String,
}

impl Readme {
    /// This repository's.
    pub fn read() -> Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
        let text = fs::read_to_string(&path).context("README.md")?;
        Ok(Self { text })
    }

    /// The blocks below a heading of the third level, up to the next heading.
    pub fn blocks(&self, heading: &str) -> Result<Vec<Block>> {
        let mut lines = self.text.lines();
        let title = format!("### {heading}");
        lines
            .find(|line| *line == title)
            .with_context(|| format!("the README has no section {title:?}"))?;
        let mut blocks: Vec<Block> = Vec::new();
        let mut open = false;
        for line in lines {
            match (line.strip_prefix("```"), open) {
                (Some(language), false) => {
                    open = true;
                    blocks.push(Block {
                        language: language.to_owned(),
                        text: String::new(),
                    });
                }
                (Some(_), true) => open = false,
                (None, true) => {
                    if let Some(block) = blocks.last_mut() {
                        block.text.push_str(line);
                        block.text.push('\n');
                    }
                }
                (None, false) if line.starts_with('#') => break,
                (None, false) => {}
            }
        }
        Ok(blocks)
    }

    /// The block of a language below a heading, by number from 0, with each placeholder
    /// `<NAME>` filled in.
    pub fn block(
        &self,
        (heading, language, number): (&str, &str, usize),
        fill: &[(&str, &str)],
    ) -> Result<String> {
        let blocks = self.blocks(heading)?;
        let mut of_language = blocks.iter().filter(|block| block.language == language);
        let block = of_language
            .nth(number)
            .with_context(|| format!("section {heading:?} has no block {number} of {language}"))?;
        let mut text = block.text.clone();
        for (name, value) in fill {
            text = text.replace(&format!("<{name}>"), value);
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_those_below_their_heading() {
        let text = "# T\n### One\nwords\n```sh\n# a comment\na <x> <x>\n```\n```yaml\nb: 1\n```\n\
                    ### Two\n```sh\nc\n```\n## Three\n```sh\nd\n```\n";
        let readme = Readme {
            text: text.to_owned(),
        };
        let texts = |heading| -> Vec<String> {
            let blocks = readme.blocks(heading).unwrap();
            blocks.into_iter().map(|block| block.text).collect()
        };
        assert_eq!(texts("One"), ["# a comment\na <x> <x>\n", "b: 1\n"]);
        assert_eq!(texts("Two"), ["c\n"]);
        assert!(readme.blocks("Three").is_err());
        let filled = readme.block(("One", "sh", 0), &[("x", "y")]).unwrap();
        assert_eq!(filled, "# a comment\na y y\n");
        assert!(readme.block(("One", "sh", 1), &[]).is_err());
    }
}
