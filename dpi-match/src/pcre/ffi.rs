//! Ownership of PCRE2's objects.
#![allow(
    unsafe_code,
    reason = "calls of a C library; each block states its guarantee"
)]

use std::{
    ffi::c_int,
    ptr::{self, NonNull},
};

use pcre2_sys as sys;

use super::{CompileError, Limits, Match, MatchError, Options};

/// An owned `pcre2_code`.
#[derive(Debug)]
pub(super) struct Code(NonNull<sys::pcre2_code_8>);

// SAFETY: a compiled pattern is plain heap memory without thread affinity, and PCRE2
// (pcre2api, "Multithreading") promises that it is only read by matching. The one call that
// writes to it, `pcre2_jit_compile`, is made by `into_jit`, which owns the value.
unsafe impl Send for Code {}
// SAFETY: as above: through a shared reference it is only read.
unsafe impl Sync for Code {}

impl Code {
    pub(super) fn compile(pattern: &[u8], options: Options) -> Result<Code, CompileError> {
        let mut error: c_int = 0;
        let mut offset = 0usize;
        // SAFETY: pointer and length describe one live slice, which PCRE2 copies; the two
        // out-pointers live until the call returns; a null context means the defaults.
        let code = unsafe {
            sys::pcre2_compile_8(
                pattern.as_ptr(),
                pattern.len(),
                option_bits(options),
                &raw mut error,
                &raw mut offset,
                ptr::null_mut(),
            )
        };
        NonNull::new(code).map(Code).ok_or_else(|| CompileError {
            message: message(error),
            offset,
            code: error,
        })
    }

    /// Adds machine code where the platform allows it; else the pattern is interpreted.
    pub(super) fn into_jit(self) -> Code {
        // SAFETY: the pointer is a live pattern that nobody else can see: `self` is owned.
        // A failure leaves the pattern as it was, usable without machine code.
        unsafe { sys::pcre2_jit_compile_8(self.0.as_ptr(), sys::PCRE2_JIT_COMPLETE) };
        self
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        // SAFETY: made by `pcre2_compile_8`, freed once, here.
        unsafe { sys::pcre2_code_free_8(self.0.as_ptr()) }
    }
}

/// An owned match block and match context; `None` where memory ran out.
#[derive(Debug)]
pub(super) struct MatchData(Option<Parts>);

#[derive(Debug)]
struct Parts {
    data: NonNull<sys::pcre2_match_data_8>,
    context: NonNull<sys::pcre2_match_context_8>,
}

// SAFETY: both objects are plain heap memory without thread affinity; every use of them
// takes `&mut`.
unsafe impl Send for Parts {}

impl MatchData {
    pub(super) fn new(limits: Limits) -> MatchData {
        // SAFETY: null general contexts select malloc and free. One pair of offsets is
        // enough, since only the whole match is asked for.
        let (data, context) = unsafe {
            (
                NonNull::new(sys::pcre2_match_data_create_8(1, ptr::null_mut())),
                NonNull::new(sys::pcre2_match_context_create_8(ptr::null_mut())),
            )
        };
        if let Some(context) = context {
            // SAFETY: a live context; the setters only store the number.
            unsafe {
                sys::pcre2_set_match_limit_8(context.as_ptr(), limits.matches);
                sys::pcre2_set_depth_limit_8(context.as_ptr(), limits.depth);
                sys::pcre2_set_heap_limit_8(context.as_ptr(), limits.heap_kib);
            }
        }
        match (data, context) {
            (Some(data), Some(context)) => MatchData(Some(Parts { data, context })),
            (data, context) => {
                // SAFETY: each was made above and is freed once; both functions take null.
                unsafe {
                    sys::pcre2_match_data_free_8(data.map_or(ptr::null_mut(), NonNull::as_ptr));
                    sys::pcre2_match_context_free_8(
                        context.map_or(ptr::null_mut(), NonNull::as_ptr),
                    );
                }
                MatchData(None)
            }
        }
    }

    /// `start` must not be behind the subject's end; PCRE2 refuses it otherwise.
    pub(super) fn find(
        &mut self,
        code: &Code,
        subject: &[u8],
        start: usize,
    ) -> Result<Option<Match>, MatchError> {
        let Some(parts) = &mut self.0 else {
            return Err(MatchError::NoMemory);
        };
        // SAFETY: code, match data and context are live and of their types; pointer and
        // length describe one live slice; match data and context are borrowed mutably, so
        // no other match uses them.
        let rc = unsafe {
            sys::pcre2_match_8(
                code.0.as_ptr(),
                subject.as_ptr(),
                subject.len(),
                start,
                0,
                parts.data.as_ptr(),
                parts.context.as_ptr(),
            )
        };
        if rc < 0 {
            return match_error(rc);
        }
        // SAFETY: after a match (rc ≥ 0) the first pair of the vector is set, and the
        // vector has one pair, as created in `new`.
        let (start, end) = unsafe {
            let vector = sys::pcre2_get_ovector_pointer_8(parts.data.as_ptr());
            (*vector, *vector.add(1))
        };
        Ok(Some(Match { start, end }))
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        // SAFETY: made in `MatchData::new`, freed once, here.
        unsafe {
            sys::pcre2_match_data_free_8(self.data.as_ptr());
            sys::pcre2_match_context_free_8(self.context.as_ptr());
        }
    }
}

fn match_error(rc: c_int) -> Result<Option<Match>, MatchError> {
    Err(match rc {
        sys::PCRE2_ERROR_NOMATCH => return Ok(None),
        sys::PCRE2_ERROR_MATCHLIMIT => MatchError::MatchLimit,
        sys::PCRE2_ERROR_DEPTHLIMIT => MatchError::DepthLimit,
        sys::PCRE2_ERROR_HEAPLIMIT => MatchError::HeapLimit,
        sys::PCRE2_ERROR_JIT_STACKLIMIT => MatchError::JitStack,
        sys::PCRE2_ERROR_NOMEMORY => MatchError::NoMemory,
        other => MatchError::Other(other),
    })
}

fn option_bits(options: Options) -> u32 {
    [
        (options.caseless, sys::PCRE2_CASELESS),
        (options.dotall, sys::PCRE2_DOTALL),
        (options.multiline, sys::PCRE2_MULTILINE),
        (options.extended, sys::PCRE2_EXTENDED),
        (options.anchored, sys::PCRE2_ANCHORED),
        (options.dollar_endonly, sys::PCRE2_DOLLAR_ENDONLY),
        (options.ungreedy, sys::PCRE2_UNGREEDY),
    ]
    .into_iter()
    .filter(|(set, _)| *set)
    .fold(0, |bits, (_, bit)| bits | bit)
}

fn message(error: c_int) -> Box<str> {
    let mut buffer = [0u8; 256];
    // SAFETY: pointer and length describe the buffer; PCRE2 writes at most that many bytes.
    let len = unsafe { sys::pcre2_get_error_message_8(error, buffer.as_mut_ptr(), buffer.len()) };
    let text = usize::try_from(len).ok().and_then(|n| buffer.get(..n));
    String::from_utf8_lossy(text.unwrap_or(b"unknown error")).into()
}
