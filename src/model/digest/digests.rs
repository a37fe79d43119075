//! Defines the types of digests, and computes hashes that need no key.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

pub use crate::model::digest::hex::{from_hex, to_hex};
use crate::model::digest::hex::{from_hex_into, hex_digits};
use crate::model::ids::member_id::MemberId;
use crate::parallel::in_parallel;

/// A text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a digest of {1} hexadecimal digits")]
pub struct NotADigest(String, usize);

fn unhex<const N: usize>(text: &str) -> Result<[u8; N], NotADigest> {
    let mut bytes = [0; N];
    if from_hex_into(text, &mut bytes) {
        Ok(bytes)
    } else {
        Err(NotADigest(text.chars().take(80).collect(), N * 2))
    }
}

macro_rules! digest_type {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// The bytes themselves.
            pub fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl From<[u8; $bytes]> for $name {
            fn from(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(hex_digits(&self.0, &mut [0; 2 * $bytes]))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if $prefix.is_empty() {
                    serializer.serialize_str(hex_digits(&self.0, &mut [0; 2 * $bytes]))
                } else {
                    serializer.collect_str(self)
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotADigest;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                unhex(text.strip_prefix($prefix).unwrap_or(text)).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotADigest;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    };
}

digest_type!(
    /// Explains a change: the first 96 bits of a field's HMAC, 24 hexadecimal digits.
    FieldDigest, 12, ""
);
digest_type!(
    /// Decides a change: 256 bits over all fields of a user, 64 hexadecimal digits.
    UserDigest, 32, ""
);

impl UserDigest {
    /// Stands for a user of which no digest is known. No declaration has it.
    pub const UNKNOWN: Self = Self([0; 32]);
}
digest_type!(
    /// Distinguishes one person on Channel from another: the first 32 bits of an HMAC over Channel's own user id, 8
    /// hexadecimal digits.
    RemoteIdDigest, 4, ""
);
digest_type!(
    /// Identifies a plan: SHA-256 over its decisions, written `sha256:` and 64 hexadecimal digits.
    PlanDigest, 32, "sha256:"
);

digest_type!(
    /// Identifies the content of a manifest file: 128 bits, 32 hexadecimal digits.
    FileDigest, 16, ""
);
digest_type!(
    /// A sum over users and their digests in any order: 128 bits, 32 hexadecimal digits. It shows whether the
    /// record of a file still fits the recorded users. It does not protect against deliberate changes.
    UsersSum, 16, ""
);

impl UsersSum {
    /// The sum over no users.
    pub const EMPTY: Self = Self([0; 16]);

    /// Adds a user.
    #[must_use]
    pub fn with(self, id: &MemberId, digest: &UserDigest) -> Self {
        let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
        hasher.update(&digest.0);
        hasher.update(id.as_str().as_bytes());
        self.and(Self(hasher.digest128().to_le_bytes()))
    }

    /// Adds the users of another sum.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let sum = u128::from_le_bytes(self.0).wrapping_add(u128::from_le_bytes(other.0));
        Self(sum.to_le_bytes())
    }
}

/// SHA-256 over the bytes of a file and everything else that affects how they are read. A small file can be
/// guessed from it, so it is not printed and not stored; `DigestKey::file` makes the digest that is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ContentDigest([u8; 32]);

impl ContentDigest {
    /// The number of bytes that one thread hashes.
    const CHUNK: usize = 1 << 22;

    /// Hashes a file. `fingerprint` is everything besides the bytes that affects how they are read. Several
    /// threads hash a long file in chunks.
    pub fn of(bytes: &[u8], fingerprint: &[u8]) -> Self {
        let mut whole = PartsHasher::default();
        whole.add(fingerprint);
        if bytes.len() <= Self::CHUNK {
            whole.add(bytes);
        } else {
            let chunks: Vec<&[u8]> = bytes.chunks(Self::CHUNK).collect();
            for chunk in in_parallel(&chunks, |chunk| Sha256::digest(chunk)) {
                whole.add(&chunk);
            }
        }
        Self(whole.0.finalize().into())
    }
}

impl ContentDigest {
    /// The bytes, as the input of a keyed digest.
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentDigest").finish_non_exhaustive()
    }
}

impl PlanDigest {
    /// SHA-256 over the given parts, each preceded by its length in bytes as eight little-endian
    /// bytes, so that no two lists of parts share an input.
    pub fn over<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = PartsHasher::default();
        for part in parts {
            hasher.add(part);
        }
        hasher.finish()
    }
}

/// Computes [`PlanDigest::over`] one part at a time.
#[derive(Clone, Debug, Default)]
pub struct PartsHasher(Sha256);

impl PartsHasher {
    /// Adds a part.
    pub fn add(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// The digest of all parts.
    pub fn finish(self) -> PlanDigest {
        PlanDigest(self.0.finalize().into())
    }
}

/// The first `N` bytes of SHA-256, as a short name for a text.
pub(crate) fn checksum<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let whole = Sha256::digest(bytes);
    let mut first = [0; N];
    first.copy_from_slice(&whole[..N]);
    first
}
