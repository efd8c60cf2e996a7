//! Whether a program can run in an image of itself alone.

/// Type of the program header that names the dynamic loader (System V ABI, `elf.h`).
const PT_INTERP: u32 = 3;

/// Whether this ELF file, 64 bits and little endian, names no loader and so needs no
/// library. What is no such file is not static.
pub fn is_static(program: &[u8]) -> bool {
    let number = |at: usize, bytes: usize| -> Option<usize> {
        let bytes = program.get(at..at.checked_add(bytes)?)?;
        let digits = bytes.iter().rev();
        Some(digits.fold(0, |number, byte| number << 8 | usize::from(*byte)))
    };
    let headers = || {
        let (start, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
        (0..count)
            .map(|index| number(start.checked_add(index * size)?, 4))
            .collect::<Option<Vec<usize>>>()
    };
    // Magic number, 64 bits, little endian.
    program.starts_with(b"\x7fELF\x02\x01")
        && headers().is_some_and(|kinds| kinds.iter().all(|kind| *kind != PT_INTERP as usize))
}

#[cfg(test)]
mod tests {
    use super::is_static;

    fn elf(kinds: &[u32]) -> Vec<u8> {
        let mut file = vec![0; 64];
        file[..6].copy_from_slice(b"\x7fELF\x02\x01");
        file[32] = 64;
        file[54] = 56;
        file[56] = u8::try_from(kinds.len()).unwrap();
        for kind in kinds {
            let mut header = vec![0; 56];
            header[..4].copy_from_slice(&kind.to_le_bytes());
            file.extend(header);
        }
        file
    }

    #[test]
    fn a_loader_is_seen() {
        assert!(is_static(&elf(&[1, 1, 2])));
        assert!(!is_static(&elf(&[6, 3, 1])));
    }

    #[test]
    fn what_is_no_program_is_not_static() {
        let whole = elf(&[1, 2]);
        for length in 0..whole.len() - 56 {
            assert!(!is_static(&whole[..length]), "{length}");
        }
        assert!(!is_static(b"#!/bin/sh\n"));
    }
}
