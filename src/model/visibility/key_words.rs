//! Recognises profile keys that look personal by their words, in English, Korean and Japanese.
//!
//! A key that looks personal is hidden whatever a project calls public. So a word is listed only where it
//! nearly always means personal data, and each has its exceptions: keys of things, such as `planName`, are
//! not personal by themselves. They are still hidden until the project calls them public.

use crate::model::visibility::patterns::folded;

/// Where in a key a word counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Anywhere.
    Anywhere,
    /// At the beginning, at the end, or as one of the words of `camelCase`, `snake_case` or `kebab-case`.
    Edge,
    /// As the whole key or as one of its words.
    Word,
    /// As the whole key.
    Whole,
}

#[derive(Clone, Copy)]
struct KeyWord {
    word: &'static str,
    place: Place,
    /// Longer words that hold this one and are not personal. They are taken out of the key first.
    harmless: &'static [&'static str],
}

const fn anywhere(word: &'static str) -> KeyWord {
    KeyWord {
        word,
        place: Place::Anywhere,
        harmless: &[],
    }
}

const fn at_edge(word: &'static str) -> KeyWord {
    KeyWord {
        word,
        place: Place::Edge,
        harmless: &[],
    }
}

const fn as_word(word: &'static str) -> KeyWord {
    KeyWord {
        word,
        place: Place::Word,
        harmless: &[],
    }
}

const fn whole(word: &'static str) -> KeyWord {
    KeyWord {
        word,
        place: Place::Whole,
        harmless: &[],
    }
}

const fn except(word: KeyWord, harmless: &'static [&'static str]) -> KeyWord {
    KeyWord { harmless, ..word }
}

/// Things that have a name and are no person, and words that only hold the letters.
const NAMES_OF_THINGS: &[&str] = &[
    "appname",
    "brandname",
    "branchname",
    "campaignname",
    "categoryname",
    "classname",
    "companyname",
    "couponname",
    "coursename",
    "devicename",
    "domainname",
    "enamel",
    "eventname",
    "featurename",
    "filename",
    "gradename",
    "groupname",
    "hostname",
    "itemname",
    "levelname",
    "membershipname",
    "modelname",
    "namespace",
    "ornament",
    "planname",
    "productname",
    "programname",
    "projectname",
    "rankname",
    "segmentname",
    "servicename",
    "shopname",
    "storename",
    "tagname",
    "teamname",
    "themename",
    "tiername",
    "tournament",
    "typename",
    "workspacename",
];

const PHONES_OF_THINGS: &[&str] = &[
    "earphone",
    "headphone",
    "iphone",
    "microphone",
    "phonemodel",
    "phoneos",
    "saxophone",
    "smartphone",
];

/// The words, in the form of [`folded`].
const WORDS: &[KeyWord] = &[
    // Names.
    except(anywhere("name"), NAMES_OF_THINGS),
    // `whatsAppName` ends like the name of an app.
    anywhere("whatsapp"),
    as_word("nick"),
    // Ways to reach a person.
    anywhere("mail"),
    except(anywhere("phone"), PHONES_OF_THINGS),
    except(
        anywhere("mobile"),
        &[
            "automobile",
            "ismobile",
            "mobileapp",
            "mobileos",
            "mobileweb",
        ],
    ),
    except(
        at_edge("tel"),
        &[
            "cartel",
            "hotel",
            "intel",
            "motel",
            "pastel",
            "telemetry",
            "television",
        ],
    ),
    at_edge("fax"),
    whole("hp"),
    whole("hpno"),
    whole("hpnumber"),
    whole("cell"),
    anywhere("cellno"),
    anywhere("cellnumber"),
    whole("contact"),
    whole("contacts"),
    anywhere("contactinfo"),
    anywhere("contactno"),
    anywhere("contactnumber"),
    anywhere("emergencycontact"),
    // Places.
    anywhere("addr"),
    except(anywhere("street"), &["streetwear"]),
    as_word("zip"),
    anywhere("zipcode"),
    anywhere("postal"),
    anywhere("postcode"),
    anywhere("latitude"),
    anywhere("longitude"),
    as_word("ip"),
    // Birth.
    anywhere("birth"),
    anywhere("bday"),
    as_word("dob"),
    // Official numbers.
    at_edge("rrn"),
    as_word("ssn"),
    anywhere("socialsecurity"),
    anywhere("resident"),
    anywhere("jumin"),
    anywhere("nationalid"),
    anywhere("passport"),
    anywhere("driverlicen"),
    anywhere("driverslicen"),
    anywhere("drivinglicen"),
    anywhere("idcard"),
    anywhere("mynumber"),
    // Money.
    anywhere("bankaccount"),
    anywhere("accountno"),
    anywhere("accountnumber"),
    as_word("iban"),
    anywhere("cardno"),
    anywhere("cardnumber"),
    anywhere("creditcard"),
    as_word("cvc"),
    as_word("cvv"),
    // Accounts elsewhere.
    anywhere("kakao"),
    anywhere("lineid"),
    anywhere("naverid"),
    anywhere("loginid"),
    anywhere("snsid"),
    anywhere("wechat"),
    anywhere("instagram"),
    anywhere("facebook"),
    anywhere("twitter"),
    anywhere("linkedin"),
    // Pictures.
    anywhere("avatar"),
    except(anywhere("photo"), &["photoshop"]),
    anywhere("picture"),
    anywhere("profileimage"),
    anywhere("selfie"),
    // Secrets.
    anywhere("passwd"),
    anywhere("password"),
    anywhere("secret"),
    as_word("token"),
    // Korean.
    except(
        anywhere("이름"),
        &[
            "상품이름",
            "플랜이름",
            "요금제이름",
            "회사이름",
            "매장이름",
            "지점이름",
            "팀이름",
            "브랜드이름",
            "등급이름",
        ],
    ),
    anywhere("성명"),
    anywhere("성함"),
    anywhere("실명"),
    anywhere("닉네임"),
    anywhere("별명"),
    anywhere("메일"),
    anywhere("전화"),
    anywhere("휴대"),
    anywhere("핸드폰"),
    anywhere("폰번호"),
    anywhere("연락처"),
    anywhere("팩스"),
    anywhere("주소"),
    anywhere("거주지"),
    anywhere("우편번호"),
    anywhere("생일"),
    anywhere("생년"),
    anywhere("출생"),
    anywhere("주민"),
    anywhere("외국인등록"),
    anywhere("여권"),
    anywhere("운전면허"),
    anywhere("계좌"),
    anywhere("카드번호"),
    anywhere("카카오"),
    anywhere("카톡"),
    anywhere("인스타"),
    anywhere("사진"),
    anywhere("비밀번호"),
    anywhere("보호자"),
    anywhere("배우자"),
    // Japanese.
    anywhere("名前"),
    anywhere("なまえ"),
    anywhere("氏名"),
    anywhere("姓名"),
    anywhere("本名"),
    anywhere("名字"),
    anywhere("苗字"),
    whole("姓"),
    whole("名"),
    whole("セイ"),
    whole("メイ"),
    anywhere("フリガナ"),
    anywhere("ふりがな"),
    anywhere("よみがな"),
    anywhere("ニックネーム"),
    anywhere("メール"),
    anywhere("電話"),
    anywhere("携帯"),
    anywhere("連絡先"),
    anywhere("ファックス"),
    anywhere("住所"),
    anywhere("番地"),
    anywhere("郵便番号"),
    anywhere("生年"),
    anywhere("誕生"),
    anywhere("生まれ"),
    anywhere("マイナンバー"),
    anywhere("個人番号"),
    anywhere("旅券"),
    anywhere("パスポート"),
    anywhere("免許"),
    anywhere("口座"),
    anywhere("カード番号"),
    anywhere("写真"),
    anywhere("パスワード"),
];

/// Whether a profile key looks personal. Case, `-` and `_` make no difference to most words; the short ones
/// count only where a word of the key begins or ends.
pub fn looks_personal(key: &str) -> bool {
    let whole = folded(key);
    let parts: Vec<String> = parts(key).iter().map(|part| folded(part)).collect();
    WORDS.iter().any(|word| word.is_in(&whole, &parts))
}

/// Whether a key is one of the words itself.
pub fn is_a_word(key: &str) -> bool {
    let key = folded(key);
    WORDS.iter().any(|word| word.word == key)
}

impl KeyWord {
    fn is_in(&self, key: &str, parts: &[String]) -> bool {
        if !key.contains(self.word) {
            return false;
        }
        let mut rest = key.to_owned();
        for harmless in self.harmless {
            rest = rest.replace(harmless, " ");
        }
        let is_whole = rest == self.word;
        let is_part = || parts.iter().any(|part| part == self.word);
        match self.place {
            Place::Anywhere => rest.contains(self.word),
            Place::Edge => rest.starts_with(self.word) || rest.ends_with(self.word) || is_part(),
            Place::Word => is_whole || is_part(),
            Place::Whole => is_whole,
        }
    }
}

/// The words of a key, cut at `-`, `_`, digits and where a capital follows a small letter.
fn parts(key: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut before_is_small = false;
    for letter in key.chars() {
        let is_cut = matches!(letter, '-' | '_') || letter.is_numeric();
        if is_cut || (letter.is_uppercase() && before_is_small) {
            parts.push(String::new());
        }
        if let (false, Some(last)) = (is_cut, parts.last_mut()) {
            last.push(letter);
        }
        before_is_small = letter.is_lowercase();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_keys() {
        for key in [
            "email",
            "Email",
            "e-mail",
            "E_MAIL",
            "workEmail",
            "mailAddress",
            "phone",
            "homePhone2",
            "MOBILENUMBER",
            "mobile_number",
            "tel",
            "homeTel",
            "tel1",
            "fax",
            "HP",
            "name",
            "userName",
            "username",
            "USER_NAME",
            "nameKana",
            "contactnamekana",
            "nickName",
            "surname",
            "whatsAppName",
            "addr",
            "address1",
            "shipping-address",
            "zip",
            "zipCode",
            "birthday",
            "birth_year",
            "dob",
            "rrn",
            "userRRN",
            "ssn",
            "residentNumber",
            "passportNo",
            "kakaoId",
            "kakao",
            "avatarUrl",
            "photoUrl",
            "lastIp",
            "bankAccount",
            "password",
            "이름",
            "고객이름",
            "성명",
            "전화번호",
            "휴대폰",
            "핸드폰",
            "이메일",
            "집주소",
            "생년월일",
            "주민등록번호",
            "카톡",
            "\u{110b}\u{1175}\u{1105}\u{1173}\u{11b7}",
            "名前",
            "氏名",
            "姓",
            "フリガナ",
            "ﾌﾘｶﾞﾅ",
            "電話番号",
            "携帯",
            "メールアドレス",
            "住所",
            "生年月日",
            "誕生日",
        ] {
            assert!(looks_personal(key), "{key}");
        }
    }

    #[test]
    fn keys_of_things() {
        for key in [
            "plan",
            "planName",
            "PLAN_NAME",
            "companyName",
            "productName",
            "tournament",
            "namespace",
            "company",
            "tier",
            "hotel",
            "hotelCount",
            "telemetry",
            "headphoneModel",
            "iphone",
            "automobile",
            "vip",
            "membership",
            "zipper",
            "classification",
            "seats",
            "utmSource",
            "language",
            "favoriteBrands",
            "note",
            "birdCount",
            "등급",
            "상품이름",
            "요금제",
            "회사",
            "会社",
            "商品",
            "等級",
            "currency",
            "store",
        ] {
            assert!(!looks_personal(key), "{key}");
        }
    }
}
