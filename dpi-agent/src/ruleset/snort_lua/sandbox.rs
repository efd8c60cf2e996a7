//! Lua within bounds.

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use mlua::{
    HookTriggers, Lua, LuaOptions, StdLib, Table as LuaTable, VmState,
    chunk::ChunkMode,
    debug::{Debug, DebugEvent},
};

use super::{
    library,
    place::{self, Step},
    problem::{At, Fault},
    value::Value,
};

/// Instructions of Lua; a configuration of a thousand filters takes some ten thousand.
pub(super) const MAX_INSTRUCTIONS: u32 = 5_000_000;
/// For the few instructions that take longer the more memory they look at.
pub(super) const MAX_TIME: Duration = Duration::from_secs(5);
/// Bytes that Lua may hold.
pub(super) const MAX_MEMORY: usize = 32 << 20;
/// Bytes of a file.
pub(super) const MAX_FILE: u64 = 1 << 20;
/// Files, those included with them, counted as often as they are read.
pub(super) const MAX_FILES: usize = 32;
/// Places that are looked for in the text; of more, the line of the whole assignment must do.
const MAX_PLACES: u32 = 256;
/// Instructions between two looks at the bounds.
const LOOK: u32 = 1_000;

/// What a program has left behind.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) globals: BTreeMap<String, Value>,
    files: Vec<File>,
    marks: BTreeMap<String, Mark>,
    looked: Cell<u32>,
}

#[derive(Debug)]
struct File {
    name: Arc<str>,
    text: String,
    /// Split when something is first looked for in it.
    tokens: OnceCell<place::Text>,
}

/// A line of one of the files.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    file: usize,
    line: u32,
}

/// What the program and its bounds have in common.
pub(super) struct Run {
    /// Folder of the first file: nothing outside of it is included.
    root: PathBuf,
    files: RefCell<Vec<File>>,
    /// Where each global was set last.
    marks: RefCell<BTreeMap<String, Mark>>,
    /// Files being run, each included by the one before it.
    open: RefCell<Vec<usize>>,
    at: Cell<Mark>,
    spent: Cell<u32>,
    begun: Instant,
    stopped: Cell<bool>,
}

/// Runs a file, and copies what it has set.
pub(super) fn run(path: &Path) -> Result<Outcome, At<Fault>> {
    let whole = |what: Fault| At {
        file: path.to_string_lossy().into(),
        line: 0,
        what,
    };
    let bytes = read(path).map_err(&whole)?;
    let run = Rc::new(Run::new(path.parent().unwrap_or(Path::new(""))));
    let lua = bounded(&run).map_err(|error| whole(Fault::Lua(error.to_string())))?;
    let globals = execute(&lua, &run, path, &bytes).map_err(|error| run.fault(&error))?;
    let globals = run.copy(&globals)?;
    // The closures that hold it go with Lua.
    drop(lua);
    Ok(Outcome {
        globals,
        files: run.files.take(),
        marks: run.marks.take(),
        looked: Cell::new(0),
    })
}

/// A file's bytes. What is no file is not opened: a pipe would be waited for.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    let file = fs::metadata(path).map_err(|error| Fault::of(&error))?;
    if !file.is_file() {
        return Err(Fault::Unreadable("not a file".to_owned()));
    }
    if file.len() > MAX_FILE {
        return Err(Fault::too_long(file.len()));
    }
    fs::read(path).map_err(|error| Fault::of(&error))
}

/// Lua that stops by itself.
fn bounded(run: &Rc<Run>) -> mlua::Result<Lua> {
    let libraries = StdLib::STRING | StdLib::TABLE | StdLib::MATH;
    let lua = Lua::new_with(libraries, LuaOptions::new())?;
    lua.set_memory_limit(MAX_MEMORY)?;
    let triggers = HookTriggers::new().every_line().every_nth_instruction(LOOK);
    let run = Rc::clone(run);
    lua.set_hook(triggers, move |_, debug| run.look(debug))?;
    Ok(lua)
}

/// The globals that the program has set.
fn execute(lua: &Lua, run: &Rc<Run>, path: &Path, bytes: &[u8]) -> mlua::Result<LuaTable> {
    let globals = lua.create_table()?;
    let environment = library::environment(lua, run, &globals)?;
    run.enter(lua, &environment, path, bytes)?;
    Ok(globals)
}

impl Run {
    fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            files: RefCell::default(),
            marks: RefCell::default(),
            open: RefCell::default(),
            at: Cell::default(),
            spent: Cell::new(0),
            begun: Instant::now(),
            stopped: Cell::new(false),
        }
    }

    /// Runs one file. After an error it stays the one that is open.
    pub(super) fn enter(
        &self,
        lua: &Lua,
        environment: &LuaTable,
        path: &Path,
        bytes: &[u8],
    ) -> mlua::Result<()> {
        let index = self.files.borrow().len();
        if index >= MAX_FILES {
            return Err(mlua::Error::runtime(Fault::too_many_files()));
        }
        self.files.borrow_mut().push(File {
            name: path.to_string_lossy().into(),
            text: String::from_utf8_lossy(bytes).into_owned(),
            tokens: OnceCell::new(),
        });
        self.open.borrow_mut().push(index);
        let back = self.at.replace(Mark {
            file: index,
            line: 0,
        });
        // Lua's messages begin with the name, which it cuts short if it is long: a number.
        let chunk = lua.load(bytes).set_name(format!("@{index}"));
        let chunk = chunk.set_mode(ChunkMode::Text);
        chunk.set_environment(environment.clone()).exec()?;
        self.open.borrow_mut().pop();
        self.at.set(back);
        Ok(())
    }

    /// The path that a file which is running means by `name`: beside it, and below the root.
    pub(super) fn included(&self, name: &str) -> io::Result<PathBuf> {
        let open = self.open.borrow().last().copied().unwrap_or_default();
        let from = self
            .files
            .borrow()
            .get(open)
            .map(|file| Arc::clone(&file.name));
        let from = from.map(|name| PathBuf::from(&*name)).unwrap_or_default();
        let path = from.with_file_name(name);
        let inside = |path: &Path| -> io::Result<bool> {
            Ok(fs::canonicalize(path)?.starts_with(fs::canonicalize(&self.root)?))
        };
        if !inside(&path)? {
            return Err(io::Error::other("it is not in the folder of snort.lua"));
        }
        Ok(path)
    }

    /// Notes where a global is set.
    pub(super) fn mark(&self, name: &str) {
        self.marks
            .borrow_mut()
            .insert(name.to_owned(), self.at.get());
    }

    /// Is called at each line and now and then.
    fn look(&self, debug: &Debug<'_>) -> mlua::Result<VmState> {
        let line = debug
            .current_line()
            .and_then(|line| u32::try_from(line).ok());
        let file = debug.source().short_src.and_then(|name| name.parse().ok());
        if let (Some(file), Some(line)) = (file, line) {
            self.at.set(Mark { file, line });
        }
        if debug.event() == DebugEvent::Count {
            self.spent.set(self.spent.get().saturating_add(LOOK));
            if self.spent.get() > MAX_INSTRUCTIONS || self.begun.elapsed() > MAX_TIME {
                self.stopped.set(true);
                return Err(mlua::Error::runtime("stopped"));
            }
        }
        Ok(VmState::Continue)
    }

    /// What an error of Lua means, and where it is.
    fn fault(&self, error: &mlua::Error) -> At<Fault> {
        let mut words = words(error);
        let mut mark = self.at.get();
        if let Some((found, rest)) = place_of(&words) {
            mark = found;
            words = rest;
        }
        let what = match root(error) {
            _ if self.stopped.get() => Fault::Endless,
            mlua::Error::MemoryError(_) => Fault::Memory,
            _ => Fault::Lua(words),
        };
        self.here(mark).with(what)
    }

    fn here(&self, mark: Mark) -> At<()> {
        let files = self.files.borrow();
        let file = files.get(mark.file).map(|file| Arc::clone(&file.name));
        At {
            file: file.unwrap_or_else(|| "".into()),
            line: mark.line,
            what: (),
        }
    }

    fn copy(&self, globals: &LuaTable) -> Result<BTreeMap<String, Value>, At<Fault>> {
        let mut copied = BTreeMap::new();
        for pair in globals.pairs::<mlua::LuaString, mlua::Value>() {
            let (name, value) = pair.map_err(|error| self.fault(&error))?;
            let name = name.to_string_lossy();
            let mark = self.marks.borrow().get(&name).copied().unwrap_or_default();
            let value = Value::copy(&name, &value).map_err(|fault| self.here(mark).with(fault))?;
            copied.insert(name, value);
        }
        Ok(copied)
    }
}

impl Outcome {
    /// Where a global, or something in its table, is written.
    pub(super) fn place(&self, name: &str, steps: &[Step<'_>]) -> At<()> {
        let mark = self.marks.get(name).copied().unwrap_or_default();
        let Some(file) = self.files.get(mark.file) else {
            let file = "".into();
            return At {
                file,
                line: 0,
                what: (),
            };
        };
        let looked = self.looked.replace(self.looked.get().saturating_add(1));
        let found = (looked < MAX_PLACES).then(|| {
            let text = file.tokens.get_or_init(|| place::Text::new(&file.text));
            place::line(text, name, mark.line, steps)
        });
        At {
            file: Arc::clone(&file.name),
            line: found.flatten().unwrap_or(mark.line),
            what: (),
        }
    }
}

/// What went wrong beneath the calls that led there.
fn root(error: &mlua::Error) -> &mlua::Error {
    match error {
        mlua::Error::CallbackError { cause, .. } => root(cause),
        error => error,
    }
}

/// The first line of it: the rest is a traceback.
fn words(error: &mlua::Error) -> String {
    let words = match root(error) {
        mlua::Error::SyntaxError { message, .. } | mlua::Error::RuntimeError(message) => {
            message.clone()
        }
        other => other.to_string(),
    };
    words.lines().next().unwrap_or_default().to_owned()
}

/// `0:12: words`: file, line and words.
fn place_of(words: &str) -> Option<(Mark, String)> {
    let (file, rest) = words.split_once(':')?;
    let (line, rest) = rest.split_once(':')?;
    let mark = Mark {
        file: file.parse().ok()?,
        line: line.parse().ok()?,
    };
    Some((mark, rest.trim_start().to_owned()))
}
