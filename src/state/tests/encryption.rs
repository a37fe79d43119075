//! Tests that an encrypted object is read back as it was, or not at all.

use std::io::Read;

use crate::state::encryption::chunks::{CHUNK, Decrypted, encrypt};
use crate::state::encryption::encryption_error::EncryptionError;
use crate::state::encryption::encryption_key::EncryptionKey;
use crate::state::encryption::form::Holds;
use crate::state::encryption::policy::Encryption;

const SECRET: &str = "a-key-of-at-least-sixteen-bytes";

/// The bytes that encryption adds to a chunk.
const TAG: usize = 16;

fn text(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

fn encrypted(plain: &[u8]) -> Vec<u8> {
    encrypt(&EncryptionKey::new(SECRET), Holds::State, plain).expect("encrypted")
}

fn read_as(holds: Holds, secret: &str, bytes: &[u8]) -> Result<Vec<u8>, EncryptionError> {
    let read = Encryption::new(Some(secret)).decrypt(holds, bytes);
    read.map_err(|error| EncryptionError::of(&error).expect("an error of encryption"))
}

fn read(bytes: &[u8]) -> Result<Vec<u8>, EncryptionError> {
    read_as(Holds::State, SECRET, bytes)
}

/// Where the first line ends.
fn head(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .expect("a line")
        + 1
}

#[test]
fn an_object_is_read_back_and_never_looks_the_same_twice() {
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5] {
        let plain = text(length);
        let (one, other) = (encrypted(&plain), encrypted(&plain));
        assert!(one != other, "{length}");
        assert!(read(&one) == Ok(plain), "{length}");
    }
}

/// The form is read by later versions as well.
#[test]
fn the_form_is_pinned() {
    let bytes = include_bytes!("encrypted.state");
    assert_eq!(read(bytes), Ok(b"what a state holds\n".to_vec()));
}

#[test]
fn a_cut_object_is_damaged() {
    let bytes = encrypted(&text(3 * CHUNK));
    let head = head(&bytes);
    let ends = (0..=3).map(|chunk| head + chunk * (CHUNK + TAG));
    let around = ends.flat_map(|end| [end.saturating_sub(1), end, end + 1]);
    for end in around.filter(|end| *end < bytes.len()).chain(22..head) {
        assert_eq!(read(&bytes[..end]), Err(EncryptionError::Damaged), "{end}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(read(&longer), Err(EncryptionError::Damaged));
    let doubled = [&bytes[..], &bytes[head + 2 * (CHUNK + TAG)..]].concat();
    assert_eq!(read(&doubled), Err(EncryptionError::Damaged));
}

#[test]
fn a_changed_byte_is_damage() {
    let bytes = encrypted(&text(CHUNK + 40));
    let head = head(&bytes);
    // Behind the version and what the object holds, which have errors of their own.
    let places = (42..head).chain([head, head + CHUNK, head + CHUNK + TAG, bytes.len() - 1]);
    for place in places {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let error = read(&changed).expect_err("an error");
        let expected = [EncryptionError::Damaged, EncryptionError::OtherKey];
        assert!(expected.contains(&error), "{place}: {error}");
    }
}

#[test]
fn exchanged_chunks_are_damage() {
    let (bytes, other) = (encrypted(&text(3 * CHUNK)), encrypted(&text(3 * CHUNK)));
    let head = head(&bytes);
    let chunk = |number: usize| head + number * (CHUNK + TAG)..head + (number + 1) * (CHUNK + TAG);
    let mut swapped = bytes.clone();
    swapped[chunk(0)].copy_from_slice(&bytes[chunk(1)]);
    swapped[chunk(1)].copy_from_slice(&bytes[chunk(0)]);
    assert_eq!(read(&swapped), Err(EncryptionError::Damaged));
    let mut mixed = bytes.clone();
    mixed[chunk(1)].copy_from_slice(&other[chunk(1)]);
    assert_eq!(read(&mixed), Err(EncryptionError::Damaged));
    let without = [&bytes[..chunk(0).end], &bytes[chunk(2)]].concat();
    assert_eq!(read(&without), Err(EncryptionError::Damaged));
}

#[test]
fn a_key_a_place_and_a_version_are_told_apart() {
    let bytes = encrypted(b"text");
    assert_eq!(
        read_as(Holds::State, "another-key-of-that-length", &bytes),
        Err(EncryptionError::OtherKey)
    );
    let moved = EncryptionError::OtherContent {
        found: Holds::State,
        expected: Holds::Journal,
    };
    assert_eq!(read_as(Holds::Journal, SECRET, &bytes), Err(moved));
    let renamed = |from: &str, to: &str| {
        let line = String::from_utf8(bytes[..head(&bytes)].to_vec()).expect("UTF-8");
        assert!(line.contains(from), "{line}");
        let line = line.replace(from, to);
        [line.as_bytes(), &bytes[head(&bytes)..]].concat()
    };
    // The line says what it holds, and the chunks cover that.
    let pretended = renamed("\"state\"", "\"journal\"");
    assert_eq!(
        read_as(Holds::Journal, SECRET, &pretended),
        Err(EncryptionError::Damaged)
    );
    let newer = renamed("Encrypted\":1", "Encrypted\":2");
    assert_eq!(read(&newer), Err(EncryptionError::Newer { found: 2 }));
    let spaced = renamed(",\"salt\"", ", \"salt\"");
    assert_eq!(read(&spaced), Err(EncryptionError::Damaged));
}

#[test]
fn what_is_not_encrypted_is_read_only_without_a_key() {
    for plain in [&b""[..], b"{", b"{\"version\":3,"] {
        assert_eq!(read(plain), Err(EncryptionError::Plain));
        let without = Encryption::new(None).decrypt(Holds::State, plain);
        assert_eq!(without.expect("read"), plain);
    }
    let error = Encryption::new(None).decrypt(Holds::State, &encrypted(b"text"));
    let error = error.expect_err("an error");
    assert_eq!(EncryptionError::of(&error), Some(EncryptionError::NoKey));
}

/// A reader that goes on after an error gets neither an end nor what did not decrypt.
#[test]
fn an_error_is_final() {
    let mut bytes = encrypted(&text(2 * CHUNK));
    let end = head(&bytes) + CHUNK + TAG;
    bytes[end] ^= 1;
    let key = EncryptionKey::new(SECRET);
    let mut reader = Decrypted::new(&key, Holds::State, &bytes[..]).expect("a reader");
    let mut plain = vec![0; CHUNK];
    reader.read_exact(&mut plain).expect("the first chunk");
    for _ in 0..5 {
        reader.read(&mut plain).expect_err("an error");
    }
}
