//! The canonical form and the digests over it.
//!
//! A field's digest is HMAC-SHA-256 over the RFC 8785 form of `[path, value]` (`null` for a clear). A
//! user's digest is HMAC-SHA-256 over `user`, a zero byte, and for each field in the order of the
//! written paths: the path, a zero byte, and the field's whole digest. A path holds no zero byte
//! and a digest has a fixed length, so no two users share an input. The key is the state's random
//! salt, or, where `TALKFORM_STATE_KEY` is set, HMAC-SHA-256 of the salt under that secret.
//!
//! The member id is not part of it: two users with the same attributes have the same digest, which
//! is how a changed id can be told from a new user.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Attributes, FieldPath, FieldValue};

/// The number of the canonical form described in this module; a state names the one it was made
/// with.
pub const CANONICAL_FORM: u32 = 1;

/// A text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("«{0}» is not a digest of {1} hexadecimal digits")]
pub struct NotADigest(String, usize);

fn hex<const N: usize>(bytes: &[u8; N], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn unhex<const N: usize>(text: &str) -> Result<[u8; N], NotADigest> {
    let wrong = || NotADigest(text.chars().take(80).collect(), N * 2);
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return Err(wrong());
    }
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(wrong()),
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Ok(bytes)
}

macro_rules! digest_type {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// The bytes themselves.
            pub fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                hex(&self.0, f)
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

        impl From<$name> for String {
            fn from(digest: $name) -> Self {
                digest.to_string()
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
digest_type!(
    /// Names a plan: SHA-256 over its decisions, written `sha256:` and 64 hexadecimal digits.
    PlanDigest, 32, "sha256:"
);

impl PlanDigest {
    /// SHA-256 over the given parts, each preceded by its length in bytes as eight little-endian
    /// bytes, so that no two lists of parts share an input.
    pub fn over<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

/// The first `N` bytes of SHA-256: a checksum against torn and altered lines, not against people.
pub fn checksum<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let whole = Sha256::digest(bytes);
    let mut first = [0; N];
    first.copy_from_slice(&whole[..N]);
    first
}

/// All digests of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// Over all fields.
    pub user: UserDigest,
    /// Of each declared field, in the order of [`FieldPath`].
    pub fields: Vec<(FieldPath, FieldDigest)>,
}

/// The key under which a state's digests are made. It does not print itself.
#[derive(Clone)]
pub struct DigestKey {
    mac: Hmac<Sha256>,
    key_id: Option<String>,
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestKey")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

impl DigestKey {
    /// From the state's salt and, where there is one, the secret of `TALKFORM_STATE_KEY`.
    pub fn new(salt: &[u8], secret: Option<&str>) -> Self {
        let Some(secret) = secret else {
            return Self {
                mac: keyed(salt),
                key_id: None,
            };
        };
        let derive = |label: &str| -> [u8; 32] {
            let mut mac = keyed(secret.as_bytes());
            mac.update(label.as_bytes());
            mac.update(salt);
            mac.finalize().into_bytes().into()
        };
        let id = derive("talkform key id\0");
        Self {
            mac: keyed(&derive("talkform digest key\0")),
            key_id: Some(id[..6].iter().map(|byte| format!("{byte:02x}")).collect()),
        }
    }

    /// Which secret this key was made with: 12 hexadecimal digits that say nothing of the secret,
    /// `None` where there was none.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    fn field_whole(&self, path: &FieldPath, value: FieldValue<'_>) -> [u8; 32] {
        let canonical = serde_json_canonicalizer::to_vec(&(path, value))
            .expect("a path and a finite value always have a canonical form");
        let mut mac = self.mac.clone();
        mac.update(&canonical);
        mac.finalize().into_bytes().into()
    }

    /// The digest of one field with one content.
    pub fn field(&self, path: &FieldPath, value: FieldValue<'_>) -> FieldDigest {
        shorten(&self.field_whole(path, value))
    }

    /// The digests of a user and all its fields.
    pub fn user(&self, attributes: &Attributes) -> Digests {
        let mut mac = self.mac.clone();
        mac.update(b"user\0");
        let mut fields = Vec::new();
        for (path, value) in attributes.fields() {
            let digest = self.field_whole(&path, value);
            mac.update(path.to_string().as_bytes());
            mac.update(&[0]);
            mac.update(&digest);
            fields.push((path, shorten(&digest)));
        }
        Digests {
            user: UserDigest(mac.finalize().into_bytes().into()),
            fields,
        }
    }
}

fn shorten(whole: &[u8; 32]) -> FieldDigest {
    let mut short = [0; 12];
    short.copy_from_slice(&whole[..12]);
    FieldDigest(short)
}
