//! Bytes of one datagram to a message and back.

use serde::{Serialize, de::DeserializeOwned};

/// Longest datagram in bytes, either way. A worker reads with `read`, which would
/// cut a longer one silently; so none is ever sent.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// Why a message cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// It does not fit one datagram.
    #[error("message is longer than {MAX_MESSAGE} bytes")]
    TooLong,
    /// The type cannot be written in this encoding.
    #[error("message cannot be encoded: {0}")]
    Unencodable(postcard::Error),
}

/// Why a datagram is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It ends before the message does.
    #[error("message of {len} bytes is cut short")]
    Truncated {
        /// Length received, in bytes.
        len: usize,
    },
    /// It goes on after the message.
    #[error("message of {len} bytes has {trailing} bytes too many")]
    Trailing {
        /// Length received, in bytes.
        len: usize,
        /// Bytes after the message.
        trailing: usize,
    },
    /// It is longer than any message.
    #[error("message of {len} bytes; at most {MAX_MESSAGE} are allowed")]
    TooLong {
        /// Length received, in bytes.
        len: usize,
    },
    /// An unknown kind, or a field out of its bounds.
    #[error("message of {len} bytes cannot be read: {reason}")]
    Malformed {
        /// Length received, in bytes.
        len: usize,
        /// What the decoder says.
        reason: postcard::Error,
    },
}

/// Writes `message` into `buffer`, whose former content is lost but whose memory is used again.
pub fn encode<T: Serialize>(message: &T, buffer: &mut Vec<u8>) -> Result<(), EncodeError> {
    buffer.resize(MAX_MESSAGE, 0);
    match postcard::to_slice(message, buffer) {
        Ok(written) => {
            let len = written.len();
            buffer.truncate(len);
            Ok(())
        }
        Err(postcard::Error::SerializeBufferFull) => {
            buffer.clear();
            Err(EncodeError::TooLong)
        }
        Err(reason) => {
            buffer.clear();
            Err(EncodeError::Unencodable(reason))
        }
    }
}

/// Reads one datagram.
pub fn decode<T: DeserializeOwned>(datagram: &[u8]) -> Result<T, DecodeError> {
    let len = datagram.len();
    if len > MAX_MESSAGE {
        return Err(DecodeError::TooLong { len });
    }
    match postcard::take_from_bytes(datagram) {
        Ok((message, [])) => Ok(message),
        Ok((_, rest)) => Err(DecodeError::Trailing {
            len,
            trailing: rest.len(),
        }),
        Err(postcard::Error::DeserializeUnexpectedEnd) => Err(DecodeError::Truncated { len }),
        Err(reason) => Err(DecodeError::Malformed { len, reason }),
    }
}
