//! Why frames cannot be read on.

/// Why a direction cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    #[error("no preface")]
    Preface,
    #[error("the first frame is no SETTINGS")]
    Settings,
    #[error("a header block interrupted by another frame")]
    Interrupted,
    #[error("a header block continued without a beginning")]
    Continuation,
    #[error("padding longer than its frame")]
    Padding,
    #[error("fixed fields, or the padding of a header block, longer than their frame")]
    Length,
    #[error("a header block longer than http_max_headers")]
    BlockLength,
}

impl FrameError {
    /// The counter's label.
    pub(super) fn reason(self) -> &'static str {
        match self {
            FrameError::Preface => "http2_no_preface",
            FrameError::Settings => "http2_no_settings",
            FrameError::Interrupted => "http2_continuation_missing",
            FrameError::Continuation => "http2_continuation",
            FrameError::Padding => "http2_padding",
            FrameError::Length => "http2_frame_length",
            FrameError::BlockLength => "http_max_headers",
        }
    }
}
