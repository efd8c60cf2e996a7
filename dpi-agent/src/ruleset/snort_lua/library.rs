//! What a `snort.lua` may call.
//!
//! Every function here ends soon whatever it is given, since Lua's bounds do not reach into
//! functions that are not written in Lua: no patterns (their time grows without bound), nothing
//! that runs over the numbers up to a length that tables may feign, no metatables, no `pcall`,
//! by which a program could go on after it was stopped, no `load`, `os`, `io` and `require`.

use std::rc::Rc;

use mlua::{Error, Function, Lua, LuaString, MultiValue, Result, Table, Value};

use super::{
    sandbox::{self, Run},
    variables::DEFAULTS,
};

const BASE: [&str; 9] = [
    "assert", "error", "ipairs", "next", "pairs", "select", "tonumber", "tostring", "type",
];
/// Of Lua's own libraries.
const LIBRARIES: [(&str, &[&str]); 3] = [
    (
        "string",
        &[
            "byte", "char", "format", "len", "lower", "reverse", "sub", "upper",
        ],
    ),
    ("table", &["concat", "sort", "unpack"]),
    (
        "math",
        &[
            "abs",
            "ceil",
            "floor",
            "fmod",
            "huge",
            "max",
            "min",
            "tointeger",
        ],
    ),
];
/// Bytes that `string.rep` makes at most.
const MAX_REPEATED: usize = 1 << 20;
/// Entries of a table behind which `table.insert` puts something; what is moved for one in
/// front of others takes time.
const MAX_INSERTED: usize = 100_000;
/// The file that stock configurations include first.
const STOCK_DEFAULTS: &str = "snort_defaults.lua";

/// The table that the program takes for its globals. What it sets goes to `globals`.
pub(super) fn environment(lua: &Lua, run: &Rc<Run>, globals: &Table) -> Result<Table> {
    let library = library(lua)?;
    let environment = lua.create_table()?;
    let include = include(lua, run, &environment, globals)?;
    library.raw_set("include", &include)?;
    library.raw_set("dofile", include)?;
    let access = lua.create_table()?;
    access.raw_set("__index", lua.create_function(index(globals, &library))?)?;
    access.raw_set("__newindex", new_index(lua, run, globals)?)?;
    environment.set_metatable(Some(access))?;
    Ok(environment)
}

/// Lua's functions, as far as they are harmless.
fn library(lua: &Lua) -> Result<Table> {
    let all = lua.globals();
    let library = lua.create_table()?;
    for name in BASE {
        library.raw_set(name, all.raw_get::<Value>(name)?)?;
    }
    for (name, kept) in LIBRARIES {
        let whole: Table = all.raw_get(name)?;
        let part = lua.create_table()?;
        for name in kept {
            part.raw_set(*name, whole.raw_get::<Value>(*name)?)?;
        }
        library.raw_set(name, part)?;
    }
    let text: Table = library.raw_get("string")?;
    text.raw_set("rep", lua.create_function(repeat)?)?;
    // By way of this table, ("x"):rep(3) finds its functions.
    let own: Table = all.raw_get("string")?;
    for pair in own.clone().pairs::<Value, Value>() {
        let (name, _) = pair?;
        own.raw_set(&name, text.raw_get::<Value>(&name)?)?;
    }
    let table: Table = library.raw_get("table")?;
    table.raw_set("insert", lua.create_function(insert)?)?;
    // As it was called in the Lua that Snort has.
    library.raw_set("unpack", table.raw_get::<Value>("unpack")?)?;
    Ok(library)
}

fn index(
    globals: &Table,
    library: &Table,
) -> impl Fn(&Lua, (Table, Value)) -> Result<Value> + 'static {
    let (globals, library) = (globals.clone(), library.clone());
    move |_, (_, name)| match globals.raw_get(&name)? {
        Value::Nil => library.raw_get(name),
        value => Ok(value),
    }
}

fn new_index(lua: &Lua, run: &Rc<Run>, globals: &Table) -> Result<Function> {
    let (globals, run) = (globals.clone(), Rc::clone(run));
    lua.create_function(move |_, (_, name, value): (Table, LuaString, Value)| {
        run.mark(&name.to_string_lossy());
        globals.raw_set(name, value)
    })
}

/// `include 'file'`: another file in the folder, run as if it stood here.
fn include(lua: &Lua, run: &Rc<Run>, environment: &Table, globals: &Table) -> Result<Function> {
    let (run, environment, globals) = (Rc::clone(run), environment.clone(), globals.clone());
    lua.create_function(move |lua, name: String| {
        let refused = |words: &str| Error::runtime(format!("{name:?} cannot be included: {words}"));
        match run.included(&name) {
            Ok(path) => {
                let bytes = sandbox::read(&path).map_err(|fault| refused(&fault.to_string()))?;
                run.enter(lua, &environment, &path, &bytes)
            }
            Err(_) if name == STOCK_DEFAULTS => defaults(lua, &run, &globals),
            Err(error) => Err(refused(&error.to_string())),
        }
    })
}

/// What Snort's own file of defaults does for variables: those that were set before are in the
/// table that `ips.variables` is given.
fn defaults(lua: &Lua, run: &Run, globals: &Table) -> Result<()> {
    let (nets, ports) = (lua.create_table()?, lua.create_table()?);
    for pair in globals.clone().pairs::<LuaString, Value>() {
        let (name, value) = pair?;
        let shown = name.to_string_lossy();
        if shown.ends_with("_PORTS") {
            ports.raw_set(name, value)?;
        } else if shown.ends_with("_NET") || shown.ends_with("_SERVERS") {
            nets.raw_set(name, value)?;
        }
    }
    let variables = lua.create_table()?;
    variables.raw_set("nets", nets)?;
    variables.raw_set("ports", ports)?;
    run.mark(DEFAULTS);
    globals.raw_set(DEFAULTS, variables)
}

fn repeat(lua: &Lua, (text, times): (LuaString, i64)) -> Result<LuaString> {
    let times = usize::try_from(times).unwrap_or(0);
    let text = text.as_bytes();
    match text.len().checked_mul(times) {
        Some(0) => lua.create_string(""),
        Some(len) if len <= MAX_REPEATED => lua.create_string(text.repeat(times)),
        _ => Err(Error::runtime(format!(
            "string.rep makes at most {MAX_REPEATED} bytes"
        ))),
    }
}

/// `table.insert(table, value)` and `table.insert(table, place, value)`.
fn insert(_: &Lua, arguments: MultiValue) -> Result<()> {
    let arguments: Vec<Value> = arguments.into_iter().collect();
    let (Some(Value::Table(table)), [rest @ .., value]) = (arguments.first(), &*arguments) else {
        return Err(Error::runtime("table.insert takes a table and a value"));
    };
    let len = table.raw_len();
    if len > MAX_INSERTED {
        let words = format!("table.insert takes tables of up to {MAX_INSERTED} entries");
        return Err(Error::runtime(words));
    }
    match rest {
        [_] => table.raw_set(len + 1, value),
        [_, Value::Integer(at)] => table.raw_insert(*at, value),
        _ => Err(Error::runtime(
            "table.insert takes a table, a place and a value",
        )),
    }
}
