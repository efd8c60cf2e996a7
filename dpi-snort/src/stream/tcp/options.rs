//! The TCP options that decide whether the receiver uses a segment.

const END: u8 = 0;
const NOP: u8 = 1;
const WINDOW_SCALE: u8 = 3;
const TIMESTAMPS: u8 = 8;
/// RFC 7323 (2.3): larger shifts are read as this one.
const MAX_SCALE: u8 = 14;

/// `TSval` of the timestamps option (RFC 7323), if there is a well-formed one.
pub(super) fn timestamp(options: &[u8]) -> Option<u32> {
    let body: &[u8; 8] = find(options, TIMESTAMPS)?;
    body.first_chunk().copied().map(u32::from_be_bytes)
}

/// Shift of the window scale option, 0 to 14, if there is a well-formed one.
pub(super) fn window_scale(options: &[u8]) -> Option<u8> {
    let [shift]: &[u8; 1] = find(options, WINDOW_SCALE)?;
    Some((*shift).min(MAX_SCALE))
}

/// The same shift as it was sent, however large.
pub(crate) fn window_shift(options: &[u8]) -> Option<u8> {
    let [shift]: &[u8; 1] = find(options, WINDOW_SCALE)?;
    Some(*shift)
}

/// The body of the first option of a kind if it has the length `N`.
fn find<const N: usize>(mut options: &[u8], wanted: u8) -> Option<&[u8; N]> {
    loop {
        let (kind, rest) = options.split_first()?;
        match *kind {
            END => return None,
            NOP => options = rest,
            kind => {
                let len = usize::from(*rest.first()?);
                let body = options.get(2..len)?;
                if kind == wanted
                    && let Ok(body) = body.try_into()
                {
                    return Some(body);
                }
                options = options.get(len..)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_and_broken_ones_are_not() {
        let cases: [(&[u8], Option<u32>, Option<u8>); 8] = [
            (&[], None, None),
            (&[1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 1], Some(9), None),
            (
                &[3, 3, 7, 8, 10, 0, 0, 1, 0, 0, 0, 0, 0],
                Some(256),
                Some(7),
            ),
            (&[3, 3, 200], None, Some(14)),
            (&[0, 3, 3, 7], None, None),
            (&[8, 10, 0, 0], None, None),
            (&[2, 0, 3, 3, 7], None, None),
            (&[3, 4, 1, 1, 3, 3, 5], None, Some(5)),
        ];
        for (options, tsval, scale) in cases {
            assert_eq!(timestamp(options), tsval, "{options:?}");
            assert_eq!(window_scale(options), scale, "{options:?}");
        }
    }
}
