//! The agent under the name `tar`: it packs files, so that `kubectl exec … -- tar -cf - PATH`
//! and `kubectl cp` read what is in the agent's container, which has no other program.
//!
//! Options are those of GNU tar for this purpose: `-c`, `-f FILE` (`-` is standard output),
//! `-C DIR`, together in one word or apart. Nothing is unpacked: the agent's files are not
//! changed from outside.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write},
    path::{Component, Path, PathBuf},
    process::ExitCode,
};

use tar::Builder;

/// Whether the program was called by that name.
pub fn is_called(name: Option<&OsString>) -> bool {
    let name = name.and_then(|name| Path::new(name).file_name());
    name.is_some_and(|name| name == "tar")
}

/// Packs what the arguments say. Exit status 2 as GNU tar has it: something could not be
/// read, or is not understood; everything else is packed.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let outcome = Request::read(arguments).and_then(|request| request.pack());
    match outcome {
        Ok(problems) if problems.is_empty() => ExitCode::SUCCESS,
        Ok(problems) => {
            for problem in problems {
                tell(&problem);
            }
            ExitCode::from(2)
        }
        Err(problem) => {
            tell(&problem);
            ExitCode::from(2)
        }
    }
}

fn tell(problem: &TarError) {
    // Without standard error nobody is left to be told.
    let _ = writeln!(io::stderr(), "tar: {problem}");
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
enum TarError {
    #[error("{0}: this tar only packs: tar -cf - PATH…")]
    Unknown(String),
    #[error("-{0} needs a value: tar -cf - PATH…")]
    NoValue(char),
    #[error("nothing to pack is named: tar -cf - PATH…")]
    Nothing,
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Request {
    /// `None`: standard output.
    file: Option<PathBuf>,
    directory: PathBuf,
    paths: Vec<PathBuf>,
}

impl Request {
    fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, TarError> {
        let mut request = Self::default();
        let mut create = false;
        let mut arguments = arguments.into_iter();
        let mut first = true;
        let mut options = true;
        while let Some(argument) = arguments.next() {
            let text = argument.to_string_lossy().into_owned();
            // The first word may lack its dash: `tar cf - PATH`.
            let letters = match text.strip_prefix('-') {
                Some("-") => {
                    options = false;
                    continue;
                }
                Some(letters) if options && !letters.is_empty() => Some(letters),
                None if first => Some(text.as_str()),
                _ => None,
            };
            first = false;
            let Some(letters) = letters else {
                request.paths.push(argument.into());
                continue;
            };
            for letter in letters.chars() {
                let mut value = || arguments.next().ok_or(TarError::NoValue(letter));
                match letter {
                    'c' => create = true,
                    // Permissions and times are always packed.
                    'p' | 'm' => {}
                    'f' => request.file = Some(value()?.into()).filter(|f| f != Path::new("-")),
                    'C' => request.directory = value()?.into(),
                    _ => return Err(TarError::Unknown(text.clone())),
                }
            }
        }
        if !create {
            return Err(TarError::Unknown("no -c".to_owned()));
        }
        if request.paths.is_empty() {
            return Err(TarError::Nothing);
        }
        Ok(request)
    }

    /// Packs; what could not be read is returned.
    fn pack(&self) -> Result<Vec<TarError>, TarError> {
        let out: Box<dyn Write> = match &self.file {
            None => Box::new(io::stdout().lock()),
            Some(path) => Box::new(File::create(path).map_err(failed(path))?),
        };
        self.pack_to(out)
    }

    fn pack_to(&self, out: impl Write) -> Result<Vec<TarError>, TarError> {
        let mut tar = Builder::new(out);
        tar.follow_symlinks(false);
        let mut problems = Vec::new();
        for path in &self.paths {
            let from = self.directory.join(path);
            let name = member(path);
            let added = match fs::symlink_metadata(&from) {
                Ok(file) if file.is_dir() => {
                    let name = if name.as_os_str().is_empty() {
                        Path::new(".")
                    } else {
                        &name
                    };
                    tar.append_dir_all(name, &from)
                }
                Ok(_) => tar.append_path_with_name(&from, &name),
                Err(error) => Err(error),
            };
            problems.extend(added.map_err(failed(path)).err());
        }
        let finished = tar.into_inner().and_then(|mut out| out.flush());
        finished.map_err(failed(self.file.as_deref().unwrap_or("-".as_ref())))?;
        Ok(problems)
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> TarError {
    let path = path.to_owned();
    move |source| TarError::File {
        path: path.clone(),
        source,
    }
}

/// The name within the archive: never absolute, never above where it is unpacked.
fn member(path: &Path) -> PathBuf {
    let parts = path.components();
    parts
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn the_name_it_is_called_by_counts() {
        for (name, expected) in [
            ("tar", true),
            ("/usr/bin/tar", true),
            ("/usr/bin/dpi-agent", false),
            ("/tar/dpi-agent", false),
        ] {
            assert_eq!(is_called(Some(&name.into())), expected, "{name}");
        }
        assert!(!is_called(None));
    }

    #[test]
    fn options_are_those_of_gnu_tar() {
        for (line, file, directory, paths) in [
            ("-cf - /a/b", None, "", &["/a/b"][..]),
            ("cf - /a", None, "", &["/a"]),
            ("-c -f - a b", None, "", &["a", "b"]),
            ("-cf x.tar -C /d -- -a", Some("x.tar"), "/d", &["-a"]),
            ("-cpf - .", None, "", &["."]),
            ("-C /d -c a", None, "/d", &["a"]),
        ] {
            let request = Request::read(words(line)).unwrap();
            let expected = Request {
                file: file.map(PathBuf::from),
                directory: directory.into(),
                paths: paths.iter().map(PathBuf::from).collect(),
            };
            assert_eq!(request, expected, "{line}");
        }
    }

    #[test]
    fn what_it_does_not_do_is_refused() {
        for line in [
            "",
            "-xf -",
            "-xmf - -C /",
            "-cf",
            "-cf -",
            "--help",
            "-czf - a",
        ] {
            assert!(Request::read(words(line)).is_err(), "{line}");
        }
    }

    #[test]
    fn a_folder_is_packed_whole_and_what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("etc/rules/deep")).unwrap();
        fs::write(folder.path().join("etc/rules/a.rules"), "a").unwrap();
        fs::write(folder.path().join("etc/rules/deep/b.rules"), "b").unwrap();
        let request = Request {
            directory: folder.path().into(),
            paths: vec!["gone".into(), "etc/rules".into()],
            file: None,
        };
        let mut packed = Vec::new();
        let problems = request.pack_to(&mut packed).unwrap();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].to_string().starts_with("gone: "));
        let mut archive = tar::Archive::new(&packed[..]);
        let mut names: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .map(|name| name.trim_end_matches('/').to_owned())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "etc/rules",
                "etc/rules/a.rules",
                "etc/rules/deep",
                "etc/rules/deep/b.rules"
            ]
        );
    }

    #[test]
    fn members_are_never_above() {
        for (path, name) in [
            ("/usr/etc", "usr/etc"),
            ("../a", "a"),
            ("./a/./b", "a/b"),
            ("/", ""),
        ] {
            assert_eq!(member(Path::new(path)), Path::new(name), "{path}");
        }
    }
}
