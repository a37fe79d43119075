//! Converts bytes to and from lower-case hexadecimal digits.

/// Writes bytes as lower-case hexadecimal digits, two a byte.
pub fn to_hex(bytes: &[u8]) -> String {
    hex_digits(bytes, &mut vec![0; bytes.len() * 2]).to_owned()
}

/// Fills `digits`, which has two places a byte, with lower-case hexadecimal digits.
pub(crate) fn hex_digits<'d>(bytes: &[u8], digits: &'d mut [u8]) -> &'d str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    std::str::from_utf8(digits).expect("digits are ASCII")
}

/// Reads bytes from lower-case hexadecimal digits, two a byte; `None` for any other text.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![0; text.len() / 2];
    from_hex_into(text, &mut bytes).then_some(bytes)
}

pub(crate) fn from_hex_into(text: &str, bytes: &mut [u8]) -> bool {
    const NONE: u8 = 0x80;
    const NIBBLES: [u8; 256] = {
        let mut table = [NONE; 256];
        let mut value = 0;
        while value < 16 {
            table[b"0123456789abcdef"[value as usize] as usize] = value;
            value += 1;
        }
        table
    };
    let digits = text.as_bytes();
    if digits.len() != bytes.len() * 2 {
        return false;
    }
    let mut wrong = 0;
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let (high, low) = (NIBBLES[pair[0] as usize], NIBBLES[pair[1] as usize]);
        wrong |= high | low;
        *byte = (high << 4) | low;
    }
    wrong & NONE == 0
}
