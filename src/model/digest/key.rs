//! Derives keys, and takes the keyed digests of users and files.
//!
//! The state's key is its random salt, or, if `TALKFORM_STATE_KEY` is set, HMAC-SHA-256 of the salt under
//! that secret. Each user has a key of its own: HMAC-SHA-256 under the state's key over `user`, a zero byte
//! and the member id. Two users with the same attributes therefore share no digest.
//!
//! A field's digest is HMAC-SHA-256 under the user's key over the RFC 8785 form of `[path, value]` (`null`
//! for a clear). A user's digest is HMAC-SHA-256 under the same key over `user`, a zero byte, and for each
//! field in the order of the written paths: the path, a zero byte, and the field's whole digest. A path has
//! no zero byte and a digest has a fixed length, so no two declarations share an input.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::model::digest::canonical;
use crate::model::digest::digests::{
    ContentDigest, FieldDigest, FileDigest, RemoteIdDigest, UserDigest,
};
use crate::model::digest::hex::to_hex;
use crate::model::field::FieldPath;
use crate::model::ids::member_id::MemberId;
use crate::model::user::attributes::{Attributes, FieldValue};

/// The number of the canonical form and key derivation described in this module. A state names the one that
/// its digests were made with.
pub const CANONICAL_FORM: u32 = 2;

/// All digests of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// The digest over all fields.
    pub user: UserDigest,
    /// The digest of each declared field, in the order of [`FieldPath`].
    pub fields: Vec<(FieldPath, FieldDigest)>,
}

impl Digests {
    /// Zeros in place of the digests of these attributes, to measure what is written with them.
    pub fn blank(attributes: &Attributes) -> Self {
        let fields = attributes.fields();
        Self {
            user: UserDigest::from([0; 32]),
            fields: fields
                .map(|(path, _)| (path, FieldDigest::from([0; 12])))
                .collect(),
        }
    }
}

/// The key of a state, from which the keys of its users are derived. `Debug` does not show it.
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

fn first<const N: usize>(mac: Hmac<Sha256>) -> [u8; N] {
    let whole = mac.finalize().into_bytes();
    let mut first = [0; N];
    first.copy_from_slice(&whole[..N]);
    first
}

impl DigestKey {
    /// Derives the key from the state's salt and the secret of `TALKFORM_STATE_KEY`, if there is one.
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
            first(mac)
        };
        let id = derive("talkform key id\0");
        Self {
            mac: keyed(&derive("talkform digest key\0")),
            key_id: Some(to_hex(&id[..6])),
        }
    }

    /// Identifies the secret of this key: 12 hexadecimal digits that reveal nothing about it; `None` without a
    /// secret.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// How many bytes of digest stand for an id: enough that two of a million users rarely share one.
    pub(crate) const SHORT_ID: usize = 6;

    /// The hexadecimal digits that stand for an id where ids are hidden.
    pub(crate) fn short_id(&self, id: &MemberId) -> String {
        let mut mac = self.mac.clone();
        mac.update(b"shown id\0");
        mac.update(id.as_str().as_bytes());
        to_hex(&first::<{ Self::SHORT_ID }>(mac))
    }

    /// The key of one user.
    pub fn for_user(&self, id: &MemberId) -> UserKey {
        let mut mac = self.mac.clone();
        mac.update(b"user\0");
        mac.update(id.as_str().as_bytes());
        UserKey {
            mac: keyed(&first::<32>(mac)),
        }
    }

    /// The digest of a file's content that is stored.
    pub fn file(&self, content: &ContentDigest) -> FileDigest {
        let mut mac = self.mac.clone();
        mac.update(b"file\0");
        mac.update(content.as_bytes());
        FileDigest::from(first::<16>(mac))
    }
}

/// The key of one user's digests. It keeps the state of HMAC after the key, so that each digest costs no more
/// than its input. `Debug` does not show it.
#[derive(Clone)]
pub struct UserKey {
    mac: Hmac<Sha256>,
}

impl fmt::Debug for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserKey").finish_non_exhaustive()
    }
}

impl UserKey {
    /// The digest of one field with this value.
    pub fn field(&self, path: &FieldPath, value: FieldValue<'_>) -> FieldDigest {
        shorten(&self.field_whole(path, value, &mut Vec::new()))
    }

    /// The digest of the user, as in [`UserKey::digests`], without those of the fields.
    pub fn user_digest(&self, attributes: &Attributes) -> UserDigest {
        self.over(attributes, |_, _| {})
    }

    /// The digests of the user and all its fields.
    pub fn digests(&self, attributes: &Attributes) -> Digests {
        let mut fields = Vec::new();
        let user = self.over(attributes, |path, digest| {
            fields.push((path, shorten(digest)));
        });
        Digests { user, fields }
    }

    /// The digest of the id that Channel itself gave the user.
    pub fn remote_id(&self, id: &str) -> RemoteIdDigest {
        let mut mac = self.mac.clone();
        mac.update(b"remote id\0");
        mac.update(id.as_bytes());
        RemoteIdDigest::from(first::<4>(mac))
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
        first(mac)
    }

    fn over(
        &self,
        attributes: &Attributes,
        mut field: impl FnMut(FieldPath, &[u8; 32]),
    ) -> UserDigest {
        let mut mac = self.mac.clone();
        mac.update(b"user\0");
        let mut bytes = Vec::with_capacity(256);
        // A loop would ask each part of the chain for each field.
        attributes.fields().for_each(|(path, value)| {
            let digest = self.field_whole(&path, value, &mut bytes);
            let (map, key) = path.parts();
            mac.update(map.as_bytes());
            mac.update(key.as_bytes());
            mac.update(&[0]);
            mac.update(&digest);
            field(path, &digest);
        });
        UserDigest::from(first::<32>(mac))
    }
}

fn shorten(whole: &[u8; 32]) -> FieldDigest {
    let mut short = [0; 12];
    short.copy_from_slice(&whole[..12]);
    FieldDigest::from(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::user::attributes::Declared;
    use crate::model::value::{Number, Value};

    fn id(text: &str) -> MemberId {
        MemberId::new(text).expect("an id")
    }

    fn fixed() -> Attributes {
        let number = |n| Value::Number(Number::new(n).expect("finite"));
        Attributes {
            language: None,
            profile: [
                ("name".into(), Declared::Set("Gabrielle Chanel".into())),
                ("seats".into(), Declared::Set(number(12.0))),
                ("score".into(), Declared::Set(number(1e21))),
                ("betaUntil".into(), Declared::Clear),
                (
                    "sizes".into(),
                    Declared::Set(Value::Numbers(vec![1.into(), 2.into()].into())),
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

    /// States contain these digests. They never change without a new [`CANONICAL_FORM`].
    #[test]
    fn the_digests_of_a_fixed_user_are_pinned() {
        let digests = DigestKey::new(b"0123456789abcdef", None)
            .for_user(&id("u-1001"))
            .digests(&fixed());
        insta::assert_snapshot!(digests.user, @"d7fc7db631e38b357e65556acda1a009403e7ceaef1fd71d3a543a9350861d72");
        let fields: Vec<String> = digests
            .fields
            .iter()
            .map(|(path, digest)| format!("{path} {digest}"))
            .collect();
        insta::assert_snapshot!(fields.join("\n"), @"
        profile.betaUntil 5961a19189f0e79fcf22ae4d
        profile.name 332e04a7cff1fe83a957467b
        profile.score f4971f1b1bc2a69be90d7d3b
        profile.seats 0d61a339e4a8c1b880d75f9b
        profile.sizes a68693a7d0fc775fc1316cc6
        profileOnce.utmSource e282f4d62cf106541e765541
        tags 18754c50bfd774235c6418ed
        unsubscribeEmail d233bc6c8e0e85b033cf4bb5
        unsubscribeTexting 5747e538ea520c3ca560b4ac
        ");
        let keyed = DigestKey::new(b"0123456789abcdef", Some("a secret"));
        insta::assert_snapshot!(keyed.for_user(&id("u-1001")).user_digest(&fixed()), @"527c2bf78fd471b35ae2a31350bc7a50367a9ca315a100345a45e9db541033d8");
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
        let key = DigestKey::new(b"salt", None).for_user(&id("u"));
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

    /// Equal attributes of two users have unequal digests, field by field.
    #[test]
    fn no_two_users_share_a_digest() {
        let key = DigestKey::new(b"salt", None);
        let (one, other) = (key.for_user(&id("u-1")), key.for_user(&id("u-2")));
        let digests = one.digests(&fixed());
        let others = other.digests(&fixed());
        assert_ne!(digests.user, others.user);
        for (path, digest) in &digests.fields {
            assert!(
                others.fields.iter().all(|(_, of_other)| of_other != digest),
                "{path}"
            );
        }
        assert_ne!(one.remote_id("64f"), other.remote_id("64f"));
        assert_ne!(one.remote_id("64f"), one.remote_id("650"));
        let empty = Attributes::default();
        assert_ne!(one.user_digest(&empty), other.user_digest(&empty));
    }
}
