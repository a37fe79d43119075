//! Derives the key of one object from the key of the state.
//!
//! Each object has a random salt. HKDF-SHA-256 over the secret of `TALKFORM_STATE_KEY` and that salt gives a key for this
//! object alone, so that a counter may serve as its nonces, and a check that tells another secret from a damaged object.

use std::fmt;

use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};

use crate::state::encryption::header::{CHECK, SALT};

/// The labels keep these keys apart from those of digests, which are derived from the same secret.
const KEY_LABEL: &[u8] = b"talkform encryption key 1";
const CHECK_LABEL: &[u8] = b"talkform encryption check 1";

/// The secret from which the keys of objects are derived. `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct EncryptionKey(Vec<u8>);

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey").finish_non_exhaustive()
    }
}

/// The length of a check, as HKDF asks for it.
struct Check;

impl KeyType for Check {
    fn len(&self) -> usize {
        CHECK
    }
}

impl EncryptionKey {
    pub(crate) fn new(secret: &str) -> Self {
        Self(secret.as_bytes().to_vec())
    }

    /// The key and the check of the object with this salt.
    pub(crate) fn of_object(&self, salt: &[u8; SALT]) -> (LessSafeKey, [u8; CHECK]) {
        let derived = Salt::new(HKDF_SHA256, salt).extract(&self.0);
        let key = derived.expand(&[KEY_LABEL], &AES_256_GCM);
        let key = UnboundKey::from(key.expect("HKDF gives as much as a key takes"));
        let mut check = [0; CHECK];
        derived
            .expand(&[CHECK_LABEL], Check)
            .and_then(|filled| filled.fill(&mut check))
            .expect("HKDF gives as much as a check takes");
        (LessSafeKey::new(key), check)
    }
}
