//! Decides what is encrypted, and what is accepted that is not.

use std::io::{self, Chain, Cursor, Read};

use crate::state::encryption::chunks::{self, Decrypted};
use crate::state::encryption::encryption_error::EncryptionError;
use crate::state::encryption::encryption_key::EncryptionKey;
use crate::state::encryption::form::Holds;
use crate::state::encryption::header::{TELLING, is_encrypted};

/// How the objects of a place that others can read are written and read. With a key every object is encrypted, and one
/// that is not is refused: whoever may write there could otherwise put an object of their own in the place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Encryption {
    key: Option<EncryptionKey>,
}

impl Encryption {
    /// With the secret of `TALKFORM_STATE_KEY`, if there is one.
    pub(crate) fn new(secret: Option<&str>) -> Self {
        Self {
            key: secret.map(EncryptionKey::new),
        }
    }

    /// The bytes as they are written.
    #[cfg_attr(
        not(feature = "buckets"),
        expect(dead_code, reason = "only objects of a bucket are encrypted")
    )]
    pub(crate) fn encrypt(&self, holds: Holds, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        match &self.key {
            Some(key) => chunks::encrypt(key, holds, &bytes),
            None => Ok(bytes),
        }
    }

    /// Reads an object that this program wrote.
    pub(crate) fn reader<R: Read>(&self, holds: Holds, source: R) -> io::Result<Readable<R>> {
        let readable = self.lenient_reader(holds, source)?;
        if self.key.is_some() && matches!(readable, Readable::Plain(_)) {
            return Err(EncryptionError::Plain.into());
        }
        Ok(readable)
    }

    /// Reads a whole object that this program wrote.
    pub(crate) fn decrypt(&self, holds: Holds, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::with_capacity(bytes.len());
        self.reader(holds, bytes)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    /// A copy of a state in clear. One that is not encrypted is accepted with a key as well, because a person chose the
    /// file.
    pub(crate) fn copy_in_clear(&self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        if is_encrypted(&bytes) {
            self.decrypt(Holds::State, &bytes)
        } else {
            Ok(bytes)
        }
    }

    /// Reads an object that may be encrypted or not.
    fn lenient_reader<R: Read>(&self, holds: Holds, mut source: R) -> io::Result<Readable<R>> {
        let mut begin = Vec::with_capacity(TELLING);
        let most = TELLING as u64;
        source.by_ref().take(most).read_to_end(&mut begin)?;
        let is_encrypted = is_encrypted(&begin);
        let source = Cursor::new(begin).chain(source);
        match &self.key {
            _ if !is_encrypted => Ok(Readable::Plain(source)),
            None => Err(EncryptionError::NoKey.into()),
            Some(key) => Ok(Readable::Encrypted(Box::new(Decrypted::new(
                key, holds, source,
            )?))),
        }
    }
}

/// A copy of a state in clear. A copy that is not encrypted is returned as it is.
///
/// # Errors
///
/// The copy is encrypted and there is no key, or it was made with another one, or it is damaged.
pub fn copy_in_clear(bytes: Vec<u8>, secret: Option<&str>) -> io::Result<Vec<u8>> {
    Encryption::new(secret).copy_in_clear(bytes)
}

type Source<R> = Chain<Cursor<Vec<u8>>, R>;

/// An object that is being read.
pub(crate) enum Readable<R> {
    /// It is not encrypted.
    Plain(Source<R>),
    /// It is.
    Encrypted(Box<Decrypted<Source<R>>>),
}

impl<R: Read> Read for Readable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(source) => source.read(buffer),
            Self::Encrypted(decrypted) => decrypted.read(buffer),
        }
    }
}
