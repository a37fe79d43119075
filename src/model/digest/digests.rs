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

use crate::model::digest::canonical;
use crate::model::digest::hex::from_hex_into;
pub use crate::model::digest::hex::{from_hex, to_hex};
use crate::model::field::FieldPath;
use crate::model::member_id::MemberId;
use crate::model::user::{Attributes, FieldValue};
use crate::parallel::in_parallel;

/// The number of the canonical form described in this module; a state names the one it was made
/// with.
pub const CANONICAL_FORM: u32 = 1;

/// A text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("«{0}» is not a digest of {1} hexadecimal digits")]
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
                f.write_str(&to_hex(&self.0))
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

digest_type!(
    /// Names the content of a manifest file: 128 bits, 32 hexadecimal digits.
    FileDigest, 16, ""
);
digest_type!(
    /// Names a set of users with their digests, whatever their order: 128 bits, 32 hexadecimal digits. It
    /// tells whether a record still belongs to the users beside it; it is no defence against people.
    UsersSum, 16, ""
);

impl UsersSum {
    /// Of no users.
    pub const EMPTY: Self = Self([0; 16]);

    /// Adds a user.
    #[must_use]
    pub fn with(self, id: &MemberId, digest: &UserDigest) -> Self {
        let hasher = Sha256::new_with_prefix(digest.0).chain_update(id.as_str());
        let mut one = [0; 16];
        one.copy_from_slice(&hasher.finalize()[..16]);
        self.and(Self(one))
    }

    /// Adds all of another set.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let sum = u128::from_le_bytes(self.0).wrapping_add(u128::from_le_bytes(other.0));
        Self(sum.to_le_bytes())
    }
}

/// SHA-256 over the bytes of a file and all that decides what they mean. Small files can be guessed from
/// it, so it does not print itself and is kept nowhere; [`DigestKey::file`] makes what may be kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ContentDigest([u8; 32]);

impl ContentDigest {
    /// Bytes that are hashed by one thread.
    const STRETCH: usize = 1 << 22;

    /// Of a file. Long ones are hashed in stretches, by several threads.
    pub fn of(bytes: &[u8], meaning: &[u8]) -> Self {
        let mut whole = PartsHasher::default();
        whole.add(meaning);
        if bytes.len() <= Self::STRETCH {
            whole.add(bytes);
        } else {
            let stretches: Vec<&[u8]> = bytes.chunks(Self::STRETCH).collect();
            for stretch in in_parallel(&stretches, |stretch| Sha256::digest(stretch)) {
                whole.add(&stretch);
            }
        }
        Self(whole.0.finalize().into())
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

/// [`PlanDigest::over`], a part at a time.
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
            key_id: Some(to_hex(&id[..6])),
        }
    }

    /// Which secret this key was made with: 12 hexadecimal digits that say nothing of the secret,
    /// `None` where there was none.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    fn field_whole(
        &self,
        path: &FieldPath,
        value: FieldValue<'_>,
        bytes: &mut Vec<u8>,
    ) -> [u8; 32] {
        bytes.clear();
        canonical::write_field(path, value, bytes);
        let mut mac = self.mac.clone();
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }

    /// The digest of one field with one content.
    pub fn field(&self, path: &FieldPath, value: FieldValue<'_>) -> FieldDigest {
        shorten(&self.field_whole(path, value, &mut Vec::new()))
    }

    /// What may be kept of a file's content.
    pub fn file(&self, content: &ContentDigest) -> FileDigest {
        let mut mac = self.mac.clone();
        mac.update(b"file\0");
        mac.update(&content.0);
        let whole = mac.finalize().into_bytes();
        let mut short = [0; 16];
        short.copy_from_slice(&whole[..16]);
        FileDigest(short)
    }

    /// The digest of a user alone: that of [`DigestKey::user`].
    pub fn user_digest(&self, attributes: &Attributes) -> UserDigest {
        self.digests(attributes, |_, _| {})
    }

    /// The digests of a user and all its fields.
    pub fn user(&self, attributes: &Attributes) -> Digests {
        let mut fields = Vec::new();
        let user = self.digests(attributes, |path, digest| {
            fields.push((path, shorten(digest)));
        });
        Digests { user, fields }
    }

    fn digests(
        &self,
        attributes: &Attributes,
        mut field: impl FnMut(FieldPath, &[u8; 32]),
    ) -> UserDigest {
        let mut mac = self.mac.clone();
        mac.update(b"user\0");
        let mut bytes = Vec::with_capacity(256);
        for (path, value) in attributes.fields() {
            let digest = self.field_whole(&path, value, &mut bytes);
            let (map, key) = path.parts();
            mac.update(map.as_bytes());
            mac.update(key.as_bytes());
            mac.update(&[0]);
            mac.update(&digest);
            field(path, &digest);
        }
        UserDigest(mac.finalize().into_bytes().into())
    }
}

fn shorten(whole: &[u8; 32]) -> FieldDigest {
    let mut short = [0; 12];
    short.copy_from_slice(&whole[..12]);
    FieldDigest(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::user::Declared;
    use crate::model::value::{Number, Value};

    fn fixed() -> Attributes {
        let number = |n| Value::Number(Number::new(n).expect("finite"));
        Attributes {
            profile: [
                ("name".into(), Declared::Set("Gabrielle Chanel".into())),
                ("seats".into(), Declared::Set(number(12.0))),
                ("score".into(), Declared::Set(number(1e21))),
                ("betaUntil".into(), Declared::Clear),
                (
                    "sizes".into(),
                    Declared::Set(Value::Numbers(vec![1.into(), 2.into()])),
                ),
            ]
            .into(),
            profile_once: [("utmSource".into(), "google".into())].into(),
            tags: Some(["beta".to_owned(), "vip/gold".to_owned()].into()),
            unsubscribed: None,
            unsubscribe_email: Some(false),
            unsubscribe_texting: Some(true),
        }
    }

    /// Digests of states that are out there: these lines never change without a new
    /// [`CANONICAL_FORM`].
    #[test]
    fn the_digests_of_a_fixed_user_are_pinned() {
        let digests = DigestKey::new(b"0123456789abcdef", None).user(&fixed());
        insta::assert_snapshot!(digests.user, @"9c524da71a9f274013da8e9ca9a17c1963ef7c8fb12e023b3aa64a9135ccf6bb");
        let fields: Vec<String> = digests
            .fields
            .iter()
            .map(|(path, digest)| format!("{path} {digest}"))
            .collect();
        insta::assert_snapshot!(fields.join("\n"), @"
        profile.betaUntil c5a4fd4a24d387fae66138c2
        profile.name 7458f520aa39a0c281177563
        profile.score 6ac4a89596e2499ab9662951
        profile.seats b7332973eb18fefb9584452d
        profile.sizes bf37a5a7bd619891887ee62e
        profileOnce.utmSource ecc3cdec96db1e88cfd970de
        tags 5e9e53f8a66fb9ad1686769d
        unsubscribeEmail 5e2dd8fdce8a93310d759881
        unsubscribeTexting c4196388a9ad6bac51216da5
        ");
        let keyed = DigestKey::new(b"0123456789abcdef", Some("a secret"));
        insta::assert_snapshot!(keyed.user(&fixed()).user, @"9e5d1bd857bf4a87f18518e8f01bff289348252222aec46acfe57cfa6cde4b0f");
        insta::assert_snapshot!(keyed.key_id().expect("keyed"), @"979bc4abeb98");
    }

    #[test]
    fn the_canonical_form_is_rfc_8785() {
        let text = serde_json_canonicalizer::to_string(&fixed()).expect("json");
        insta::assert_snapshot!(text, @r#"{"profile":{"betaUntil":null,"name":"Gabrielle Chanel","score":1e+21,"seats":12,"sizes":[1,2]},"profileOnce":{"utmSource":"google"},"tags":["beta","vip/gold"],"unsubscribeEmail":false,"unsubscribeTexting":true}"#);
    }

    /// The numbers of RFC 8785, appendix B.
    #[test]
    fn published_numbers() {
        for (bits, text) in [
            (0x0000_0000_0000_0000_u64, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            let number = Number::new(f64::from_bits(bits)).expect("finite");
            assert_eq!(number.to_string(), text, "{bits:016x}");
        }
    }

    /// The string example of RFC 8785, section 3.2.2, and its key order, section 3.2.3.
    #[test]
    fn published_strings_and_order() {
        let input: serde_json::Value = serde_json::from_str(
            r#"{"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#,
        )
        .expect("json");
        assert_eq!(
            serde_json_canonicalizer::to_string(&input).expect("json"),
            r#"{"literals":[null,true,false],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
        let input: serde_json::Value = serde_json::from_str(
            r#"{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}"#,
        )
        .expect("json");
        let text = serde_json_canonicalizer::to_string(&input).expect("json");
        let order: Vec<usize> = [
            "Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew",
        ]
        .iter()
        .map(|word| text.find(word).expect("a value"))
        .collect();
        assert!(order.is_sorted(), "{text}");
    }

    #[test]
    fn one_is_one() {
        let key = DigestKey::new(b"salt", None);
        let path: FieldPath = "profile.seats".parse().expect("a field");
        let one = Value::Number(Number::new(1.0).expect("finite"));
        assert_eq!(
            key.field(&path, FieldValue::Value(&one)),
            key.field(&path, FieldValue::Value(&1.into()))
        );
        assert_ne!(
            key.field(&path, FieldValue::Value(&"1".into())),
            key.field(&path, FieldValue::Value(&1.into()))
        );
    }
}
