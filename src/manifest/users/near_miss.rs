//! Finds the documented key that a misspelt key probably stands for: `mobilenumber`, `e-mail`, `phone`.

use crate::manifest::field_names::DOCUMENTED_KEYS;
use crate::model::visibility::patterns::folded;

/// Other words for what Channel documents, in the form of [`folded`].
const OTHER_WORDS: [(&str, &str); 21] = [
    ("mail", "email"),
    ("emailaddress", "email"),
    ("mailaddress", "email"),
    ("phone", "mobileNumber"),
    ("phoneno", "mobileNumber"),
    ("phonenumber", "mobileNumber"),
    ("mobile", "mobileNumber"),
    ("mobileno", "mobileNumber"),
    ("mobilephone", "mobileNumber"),
    ("mobilephonenumber", "mobileNumber"),
    ("cellphone", "mobileNumber"),
    ("handphone", "mobileNumber"),
    ("landline", "landlineNumber"),
    ("telephone", "landlineNumber"),
    ("tel", "landlineNumber"),
    ("fullname", "name"),
    ("givenname", "firstName"),
    ("familyname", "lastName"),
    ("surname", "lastName"),
    ("avatar", "avatarUrl"),
    ("profileimage", "avatarUrl"),
];

/// Shorter keys differ in one letter from too many words.
const SHORTEST_MISSPELT: usize = 5;

/// The documented key that another key resembles; `None` for a documented key and for one that resembles none.
pub(crate) fn documented_key(key: &str) -> Option<&'static str> {
    if DOCUMENTED_KEYS.contains(&key) {
        return None;
    }
    let folded_key = folded(key);
    let same = DOCUMENTED_KEYS
        .iter()
        .find(|documented| folded(documented) == folded_key);
    let other = || OTHER_WORDS.iter().find(|(word, _)| *word == folded_key);
    same.copied()
        .or_else(|| other().map(|(_, documented)| *documented))
        .or_else(|| misspelt(&folded_key))
}

/// One letter is wrong, is missing, or has changed places with the next. A letter more is another key:
/// `email2`, `emails`.
fn misspelt(key: &str) -> Option<&'static str> {
    if key.len() < SHORTEST_MISSPELT || !key.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    let is_near = |documented: &&&str| {
        key.len() <= documented.len()
            && documented.len() > SHORTEST_MISSPELT - 1
            && strsim::damerau_levenshtein(key, &folded(documented)) == 1
    };
    DOCUMENTED_KEYS.iter().find(is_near).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses() {
        for (key, documented) in [
            ("mobilenumber", "mobileNumber"),
            ("Email", "email"),
            ("e-mail", "email"),
            ("E_MAIL", "email"),
            ("emial", "email"),
            ("phone", "mobileNumber"),
            ("phone_number", "mobileNumber"),
            ("moblieNumber", "mobileNumber"),
            ("firstname", "firstName"),
            ("Name", "name"),
            ("avatarURL", "avatarUrl"),
            ("recentPurchaseCont", "recentPurchaseCount"),
        ] {
            assert_eq!(documented_key(key), Some(documented), "{key}");
        }
        for key in [
            "email",
            "email2",
            "emails",
            "workEmail",
            "names",
            "nickname",
            "phoneModel",
            "plan",
            "game",
            "이메일",
            "homePhone",
            "recentPurchaseCount2",
        ] {
            assert_eq!(documented_key(key), None, "{key}");
        }
    }
}
