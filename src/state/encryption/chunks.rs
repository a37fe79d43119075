//! Encrypts and decrypts the chunks of an object: the STREAM construction over AES-256-GCM, as in the format of age.
//!
//! The nonce of a chunk is its number and whether it is the last one, so that an object that was cut, or whose chunks
//! were exchanged, does not decrypt. Each chunk covers the first line as well.

use std::io::{self, Read};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce};

use crate::state::encryption::encryption_error::EncryptionError;
use crate::state::encryption::encryption_key::EncryptionKey;
use crate::state::encryption::form::Holds;
use crate::state::encryption::header::{Header, MOST, SALT};

/// The bytes of a whole chunk before encryption.
pub(crate) const CHUNK: usize = 64 << 10;

/// The bytes that encryption adds to a chunk.
const TAG: usize = 16;

/// The nonce of a chunk: eleven bytes of its number, and one that marks the last chunk.
fn nonce(number: u64, is_last: bool) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[3..11].copy_from_slice(&number.to_be_bytes());
    bytes[11] = u8::from(is_last);
    Nonce::assume_unique_for_key(bytes)
}

/// Encrypts an object.
pub(crate) fn encrypt(key: &EncryptionKey, holds: Holds, plain: &[u8]) -> io::Result<Vec<u8>> {
    debug_assert_eq!(TAG, AES_256_GCM.tag_len());
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(io::Error::other)?;
    let (key, key_check) = key.of_object(&salt);
    let line = Header {
        holds,
        salt,
        key_check,
    }
    .line();
    let chunks = plain.len().div_ceil(CHUNK).max(1);
    let mut out = Vec::with_capacity(line.len() + plain.len() + chunks * TAG);
    out.extend_from_slice(&line);
    for number in 0..chunks {
        let begin = number * CHUNK;
        let end = plain.len().min(begin + CHUNK);
        let start = out.len();
        out.extend_from_slice(&plain[begin..end]);
        let nonce = nonce(number as u64, number + 1 == chunks);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::from(&line), &mut out[start..]);
        // A chunk is far shorter than the most that the cipher takes.
        out.extend_from_slice(tag.map_err(io::Error::other)?.as_ref());
    }
    Ok(out)
}

/// Reads an encrypted object. What it returns is what was written; what comes after is not known to be whole until the
/// end is reached without an error.
pub(crate) struct Decrypted<R> {
    source: R,
    key: LessSafeKey,
    line: Vec<u8>,
    number: u64,
    /// The next chunk, still encrypted.
    next: Vec<u8>,
    /// The chunk that is being returned, and how much of it was.
    chunk: Vec<u8>,
    returned: usize,
    is_ended: bool,
}

impl<R: Read> Decrypted<R> {
    /// Reads the first line.
    pub(crate) fn new(key: &EncryptionKey, expected: Holds, mut source: R) -> io::Result<Self> {
        let line = first_line(&mut source)?;
        let Some(text) = line.strip_suffix(b"\n") else {
            let error = Header::parse(&line).err();
            return Err(error.unwrap_or(EncryptionError::Damaged).into());
        };
        let header = Header::parse(text)?;
        let (key, key_check) = key.of_object(&header.salt);
        if key_check != header.key_check {
            return Err(EncryptionError::OtherKey.into());
        }
        if header.holds != expected {
            let found = header.holds;
            return Err(EncryptionError::OtherContent { found, expected }.into());
        }
        let mut decrypted = Self {
            source,
            key,
            line,
            number: 0,
            next: Vec::new(),
            chunk: Vec::new(),
            returned: 0,
            is_ended: false,
        };
        decrypted.next = decrypted.encrypted_chunk()?;
        Ok(decrypted)
    }

    fn encrypted_chunk(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = std::mem::take(&mut self.chunk);
        bytes.clear();
        let most = (CHUNK + TAG) as u64;
        self.source.by_ref().take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn advance(&mut self) -> io::Result<()> {
        let after = self.encrypted_chunk()?;
        self.chunk = std::mem::replace(&mut self.next, after);
        self.is_ended = self.next.is_empty();
        let nonce = nonce(self.number, self.is_ended);
        self.number += 1;
        self.returned = 0;
        let plain = self
            .key
            .open_in_place(nonce, Aad::from(&self.line), &mut self.chunk);
        let length = plain.ok().map(|plain| plain.len());
        // Nothing of a chunk that does not decrypt is returned, also if the caller reads on.
        self.chunk.truncate(length.unwrap_or(0));
        if length.is_none() {
            self.is_ended = false;
            return Err(EncryptionError::Damaged.into());
        }
        Ok(())
    }
}

impl<R: Read> Read for Decrypted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.returned == self.chunk.len() && !self.is_ended {
            self.advance()?;
        }
        let length = (&self.chunk[self.returned..]).read(buffer)?;
        self.returned += length;
        Ok(length)
    }
}

/// Reads up to the end of the first line, or as much as a first line may have.
fn first_line(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(MOST);
    while line.len() < MOST && !line.ends_with(b"\n") {
        if source.by_ref().take(1).read_to_end(&mut line)? == 0 {
            break;
        }
    }
    Ok(line)
}
