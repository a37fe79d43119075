//! Makes users like those of a customer: Korean and Latin names, addresses, plans, dates, a text about each.

use std::borrow::Cow;

use fastrand::Rng;

const FAMILY: [(&str, &str); 10] = [
    ("김", "kim"),
    ("이", "lee"),
    ("박", "park"),
    ("최", "choi"),
    ("정", "jung"),
    ("강", "kang"),
    ("조", "cho"),
    ("윤", "yoon"),
    ("장", "jang"),
    ("한", "han"),
];
const GIVEN: [(&str, &str); 10] = [
    ("서연", "seoyeon"),
    ("민준", "minjun"),
    ("지우", "jiwoo"),
    ("하은", "haeun"),
    ("도윤", "doyun"),
    ("수아", "sua"),
    ("예준", "yejun"),
    ("지민", "jimin"),
    ("현우", "hyunwoo"),
    ("유나", "yuna"),
];
const FIRST: [&str; 10] = [
    "Gabrielle",
    "Étienne",
    "Ana",
    "Søren",
    "Grace",
    "Mateo",
    "Ingrid",
    "Noah",
    "Zoë",
    "Liam",
];
const LAST: [&str; 10] = [
    "Martin", "García", "O'Neill", "Hansen", "Novak", "Silva", "Müller", "Rossi", "Dubois",
    "van Dijk",
];
const PLANS: [&str; 4] = ["free", "starter", "pro", "enterprise"];
const CITIES: [&str; 8] = [
    "Seoul",
    "Busan",
    "서울",
    "부산",
    "Tokyo",
    "São Paulo",
    "Berlin",
    "Incheon",
];
const INTERESTS: [&str; 8] = [
    "analytics",
    "inbox",
    "campaigns",
    "bots",
    "meetings",
    "전화 상담",
    "documents",
    "team chat",
];
const TAGS: [&str; 8] = [
    "beta",
    "vip/gold",
    "vip/silver",
    "newsletter",
    "at-risk",
    "partner",
    "한국",
    "onboarding",
];
const SOURCES: [&str; 4] = ["google", "naver", "referral", "kakao"];
const SENTENCES: [&str; 10] = [
    "Runs the small team in Busan and answers most of the evening chats.",
    "작은 온라인 가게를 운영하며 상담 채널을 처음 도입했습니다.",
    "Moved from another tool last spring, and still has its exports around.",
    "Prefers e-mail; doesn't pick up the phone before noon.",
    "주로 모바일로 접속하고 주말에는 답장이 늦습니다.",
    "Asked twice about invoices for the whole group 🙂 and got them.",
    "Wants the monthly report as a spreadsheet, with one row a seat.",
    "신제품 출시 때마다 캠페인을 예약하고 결과를 직접 확인합니다.",
    "Knows the product well enough to train the newcomers (three so far).",
    "해외 지사와 함께 쓰는 계정이라 영어와 한국어를 모두 씁니다.",
];

/// How the text about a user is written in YAML.
#[derive(Clone, Copy)]
pub enum Style {
    Plain,
    Quoted,
    Folded,
}

/// A value of a profile, with its notation.
pub enum Value {
    Plain(Cow<'static, str>),
    Quoted(String),
    Sentences(Vec<&'static str>, Style),
    Number(u32),
    Tenths(u32),
    Flag(bool),
    Null,
    Texts(Vec<&'static str>, bool),
}

/// A user, independent of the format.
pub struct User {
    pub id: String,
    pub profile: Vec<(&'static str, Value)>,
    pub source: Option<&'static str>,
    pub tags: Option<Vec<&'static str>>,
    pub texting: Option<bool>,
    /// Whether each map is written on one line.
    pub flow: bool,
}

fn pick<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())]
}

/// Up to `most` different items, in their order.
fn some(rng: &mut Rng, of: &[&'static str], most: usize) -> Vec<&'static str> {
    let count = rng.usize(1..=most);
    let start = rng.usize(..of.len());
    (0..count).map(|n| of[(start + n) % of.len()]).collect()
}

/// The user with a number. Ids are not in order, as in most real exports. The factor is odd, so no two numbers
/// give the same id.
pub fn user(number: u32, rng: &mut Rng) -> User {
    let (name, latin) = if rng.u8(..10) < 7 {
        let (family, given) = (pick(rng, &FAMILY), pick(rng, &GIVEN));
        (
            format!("{}{}", family.0, given.0),
            format!("{}.{}", given.1, family.1),
        )
    } else {
        let (first, last) = (rng.usize(..FIRST.len()), rng.usize(..LAST.len()));
        (
            format!("{} {}", FIRST[first], LAST[last]),
            format!("guest{first}.{last}"),
        )
    };
    let date = |rng: &mut Rng| {
        let (year, month, day) = (rng.u16(2019..=2025), rng.u8(1..=12), rng.u8(1..=28));
        Value::Quoted(format!("{year}-{month:02}-{day:02}"))
    };
    let mut profile = vec![
        ("name", Value::Plain(name.into())),
        (
            "email",
            Value::Plain(format!("{latin}{number}@example.com").into()),
        ),
        (
            "mobileNumber",
            Value::Quoted(format!("+8210{:08}", rng.u32(..100_000_000))),
        ),
        ("plan", Value::Plain(pick(rng, &PLANS).into())),
        ("seats", Value::Number(rng.u32(1..200))),
        ("city", Value::Plain(pick(rng, &CITIES).into())),
        (
            "interests",
            Value::Texts(some(rng, &INTERESTS, 4), rng.u8(..3) == 0),
        ),
        ("joinedOn", date(rng)),
        ("recentPurchaseAmount", Value::Number(rng.u32(..900_000))),
    ];
    if rng.bool() {
        profile.push(("score", Value::Tenths(rng.u32(..1000))));
    }
    if rng.u8(..4) == 0 {
        profile.push(("isDecisionMaker", Value::Flag(rng.bool())));
    }
    if rng.u8(..16) == 0 {
        profile.push(("betaUntil", Value::Null));
    }
    let style = match rng.u8(..10) {
        0 => Style::Folded,
        1..=3 => Style::Quoted,
        _ => Style::Plain,
    };
    let sentences = some(rng, &SENTENCES, 3);
    profile.push(("bio", Value::Sentences(sentences, style)));
    User {
        id: format!("u-{:08x}", number.wrapping_mul(2_654_435_761)),
        profile,
        source: (rng.u8(..4) == 0).then(|| pick(rng, &SOURCES)),
        tags: (rng.u8(..3) > 0).then(|| some(rng, &TAGS, 3)),
        texting: (rng.u8(..8) == 0).then(|| rng.bool()),
        flow: rng.u8(..8) == 0,
    }
}
