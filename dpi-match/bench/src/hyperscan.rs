//! Hyperscan's C interface, which Vectorscan has too: block mode, as Snort and Suricata use
//! it. Written after the library's header `hs/hs.h`.

use std::{
    ffi::{CStr, CString, c_char, c_int, c_uint, c_ulonglong, c_void},
    ptr,
};

use anyhow::{Context, Result, bail};

use crate::{
    engines::{Built, Search},
    measure::{since, thread_time},
    sets::Set,
};

#[repr(C)]
struct CompileError {
    message: *mut c_char,
    expression: c_int,
}

type OnMatch = unsafe extern "C" fn(c_uint, c_ulonglong, c_ulonglong, c_uint, *mut c_void) -> c_int;

#[link(name = "hs")]
unsafe extern "C" {
    fn hs_compile_multi(
        expressions: *const *const c_char,
        flags: *const c_uint,
        ids: *const c_uint,
        elements: c_uint,
        mode: c_uint,
        platform: *const c_void,
        database: *mut *mut c_void,
        error: *mut *mut CompileError,
    ) -> c_int;
    fn hs_free_compile_error(error: *mut CompileError) -> c_int;
    fn hs_alloc_scratch(database: *const c_void, scratch: *mut *mut c_void) -> c_int;
    fn hs_scan(
        database: *const c_void,
        data: *const c_char,
        length: c_uint,
        flags: c_uint,
        scratch: *mut c_void,
        on_match: OnMatch,
        context: *mut c_void,
    ) -> c_int;
    fn hs_database_size(database: *const c_void, size: *mut usize) -> c_int;
    fn hs_database_info(database: *const c_void, info: *mut *mut c_char) -> c_int;
    fn hs_free_database(database: *mut c_void) -> c_int;
    fn hs_free_scratch(scratch: *mut c_void) -> c_int;
}

const CASELESS: c_uint = 1;
const DOTALL: c_uint = 2;
const MODE_BLOCK: c_uint = 1;

struct Database {
    database: *mut c_void,
    scratch: *mut c_void,
}

/// Compiles the set.
pub(crate) fn built(set: &Set) -> Result<Built> {
    let start = thread_time();
    let mut database = Database {
        database: compile(set)?,
        scratch: ptr::null_mut(),
    };
    // SAFETY: a database that `hs_compile_multi` made; the scratch pointer is null as asked.
    if unsafe { hs_alloc_scratch(database.database, &raw mut database.scratch) } != 0 {
        bail!("no scratch");
    }
    let build = since(start);
    let mut memory = 0;
    let mut info = ptr::null_mut();
    // SAFETY: a live database and two places to write to.
    unsafe {
        hs_database_size(database.database, &raw mut memory);
        hs_database_info(database.database, &raw mut info);
    }
    let plan = if info.is_null() {
        String::new()
    } else {
        // SAFETY: the library wrote a string; it is not freed, for a few bytes a set.
        unsafe { CStr::from_ptr(info) }
            .to_string_lossy()
            .into_owned()
    };
    Ok(Built {
        name: "hyperscan",
        plan,
        search: Box::new(database),
        build,
        memory,
    })
}

fn compile(set: &Set) -> Result<*mut c_void> {
    let hex = |bytes: &[u8]| {
        let digits = bytes
            .iter()
            .flat_map(|byte| format!("\\x{byte:02x}").into_bytes());
        digits.collect::<Vec<u8>>()
    };
    let expressions: Vec<CString> = set
        .patterns
        .iter()
        .map(|(bytes, _)| CString::new(hex(bytes)))
        .collect::<Result<_, _>>()?;
    let pointers: Vec<*const c_char> = expressions.iter().map(|text| text.as_ptr()).collect();
    let flags: Vec<c_uint> = set
        .patterns
        .iter()
        .map(|(_, nocase)| DOTALL | if *nocase { CASELESS } else { 0 })
        .collect();
    let ids: Vec<c_uint> = (0..).take(pointers.len()).collect();
    let mut database = ptr::null_mut();
    let mut error = ptr::null_mut();
    // SAFETY: three arrays of the given length, of which the first has strings that end in
    // NUL; a null platform means this machine.
    let result = unsafe {
        hs_compile_multi(
            pointers.as_ptr(),
            flags.as_ptr(),
            ids.as_ptr(),
            c_uint::try_from(pointers.len()).context("too many patterns")?,
            MODE_BLOCK,
            ptr::null(),
            &raw mut database,
            &raw mut error,
        )
    };
    if result == 0 {
        return Ok(database);
    }
    // SAFETY: on failure the library made an error, which is freed once, here.
    let (message, expression) = unsafe {
        let text = CStr::from_ptr((*error).message)
            .to_string_lossy()
            .into_owned();
        let expression = (*error).expression;
        hs_free_compile_error(error);
        (text, expression)
    };
    bail!("{message} (pattern {expression})")
}

unsafe extern "C" fn on_match(
    id: c_uint,
    _from: c_ulonglong,
    to: c_ulonglong,
    _flags: c_uint,
    context: *mut c_void,
) -> c_int {
    // SAFETY: `search` passes a pointer to its closure reference, which outlives the scan.
    let on_match = unsafe { &mut *context.cast::<&mut dyn FnMut(u32, usize)>() };
    on_match(id, to as usize);
    0
}

impl Search for Database {
    fn search(&mut self, buffer: &[u8], mut callback: &mut dyn FnMut(u32, usize)) {
        // SAFETY: a live database with its scratch, one slice, and a context that `on_match`
        // casts back to what it is.
        unsafe {
            hs_scan(
                self.database,
                buffer.as_ptr().cast(),
                buffer.len() as c_uint,
                0,
                self.scratch,
                on_match,
                (&raw mut callback).cast(),
            );
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: both were made by the library and are freed once.
        unsafe {
            hs_free_scratch(self.scratch);
            hs_free_database(self.database);
        }
    }
}
