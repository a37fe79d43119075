//! Writes manifests with a canary in every kind of place.

use std::fmt::Write as _;

use crate::canary::canaries::Canaries;
use crate::canary::forms::IN_VALUES;

/// What the project says of its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Nothing, so that no text is shown but tags.
    Silent,
    /// Two fields are public and one is sensitive.
    Usual,
    /// Every field is public that is not personal or sensitive. Ids and tags are.
    HiddenIds,
}

/// Keys that look personal, in three languages.
const PERSONAL: [&str; 14] = [
    "name",
    "Nickname",
    "work_phone",
    "homeAddress",
    "kakaoId",
    "이름",
    "비상연락처",
    "배송주소",
    "카카오톡",
    "氏名",
    "ふりがな",
    "電話番号2",
    "住所",
    "メールアドレス",
];
/// Keys that do not, and that no project here calls public.
const UNDECIDED: [&str; 5] = ["note", "상담메모", "備考", "lastOrder", "dept"];
/// Keys with numbers that look personal.
const PERSONAL_NUMBERS: [&str; 3] = ["주민등록번호", "birthDate", "携帯番号"];
/// What a public field and the tags say otherwise.
const PLANS: [&str; 3] = ["free", "pro", "team"];

impl Setting {
    /// The lines of the project file.
    pub(crate) fn lines(self) -> &'static str {
        match self {
            Self::Silent => "",
            Self::Usual => {
                "public: [profile.plan, profile.greeting]\nsensitive: [\"profile.SCORE_*\"]\n"
            }
            Self::HiddenIds => {
                "public: [\"profile.*\"]\nsensitive: [memberId, tags, \"profile.score-*\", profile.note, profile.상담메모, profile.備考, profile.lastOrder, profile.dept, profile.memo, profile.utmSource, \"profile.recentPurchase*\"]\n"
            }
        }
    }
}

/// Draws the ids of `count` users. Where ids are hidden, each is a canary.
pub(crate) fn ids(setting: Setting, canaries: &mut Canaries, count: usize) -> Vec<String> {
    (0..count)
        .map(|number| match setting {
            // A code of Channel is ASCII.
            Setting::HiddenIds if number % 2 == 1 => canaries.latin("id"),
            Setting::HiddenIds => canaries.text("id").replace(' ', "-"),
            Setting::Silent | Setting::Usual => format!("u-{number}"),
        })
        .collect()
}

/// A manifest of these users. Two of them draw other values each time.
pub(crate) fn manifest(setting: Setting, canaries: &mut Canaries, ids: &[String]) -> String {
    let memo = canaries.text("default");
    let mut text = format!(
        "apiVersion: talkform/v1\nkind: UserList\n# {}\ndefaults:\n  profile: {{ memo: {} }}\nusers:\n",
        canaries.text("comment"),
        quoted(&memo),
    );
    for id in ids {
        user(setting, canaries, id, &memo, &mut text);
    }
    text
}

fn user(setting: Setting, canaries: &mut Canaries, id: &str, memo: &str, out: &mut String) {
    let comment = canaries.text("comment after an id");
    let mut line = |text: String| writeln!(out, "{text}").expect("a text");
    line(format!("  - memberId: {} # {comment}", quoted(id)));
    line("    profile:".to_owned());
    let key = canaries.random().pick(&PERSONAL);
    let name = canaries.text("personal key");
    line(format!("      {}: {}", quoted(key), quoted(&name)));
    let undecided = canaries.random().pick(&UNDECIDED);
    let note = note(canaries);
    let anchor = match canaries.random().below(2) {
        0 => "note".to_owned(),
        _ => canaries.text("anchor").replace(' ', "-"),
    };
    line(format!("      {undecided}: &{anchor} {}", quoted(&note)));
    let number = canaries.number("number of a personal key");
    let key = canaries.random().pick(&PERSONAL_NUMBERS);
    line(format!("      {key}: {number}"));
    let [one, other] = [0, 1].map(|_| quoted(&canaries.text("list")));
    line(format!("      interests이름: [{one}, {other}]"));
    if setting != Setting::Silent {
        let score = quoted(&canaries.text("sensitive key"));
        line(format!("      scoreCard: {score}"));
    }
    // A public field, where there are any: an alias, a value with a hidden one, or one that looks personal.
    let form = canaries.random().pick(&IN_VALUES);
    let hidden = match setting {
        Setting::HiddenIds => canaries.random().pick(&[&*name, &note, memo, id]),
        Setting::Silent | Setting::Usual => canaries.random().pick(&[&*name, &note, memo]),
    };
    let greeting = match canaries.random().below(4) {
        0 => format!("*{anchor}"),
        1 => quoted(&form(hidden)),
        2 => quoted(&canaries.looking_personal("text that looks personal")),
        _ => quoted("hello"),
    };
    line(format!("      greeting: {greeting}"));
    if canaries.random().one_in(2) {
        let number = canaries.phone("number that looks personal");
        line(format!("      counter: {number}"));
        let number = canaries.phone("list of numbers");
        line(format!("      counters: [12, {number}]"));
    }
    let plan = canaries.random().pick(&PLANS);
    let anchor = canaries.latin("anchor of a public value");
    line(format!("      plan: &{anchor} {plan}"));
    let source = quoted(&canaries.text("profileOnce"));
    line(format!("    profileOnce: {{ utmSource: {source} }}"));
    let tag = match canaries.random().below(4) {
        0 => quoted(&format!("vip/{}", name.to_lowercase())),
        1 => quoted(&format!("vip/{}", memo.to_lowercase())),
        2 => quoted(&canaries.looking_personal("tag that looks personal")),
        _ if setting == Setting::HiddenIds => quoted(&canaries.text("tag").to_lowercase()),
        _ => "beta".to_owned(),
    };
    let other = if setting == Setting::HiddenIds {
        "other"
    } else {
        plan
    };
    line(format!("    tags: [{tag}, {other}]"));
    line("    unsubscribeEmail: true".to_owned());
    line("    unsubscribeTexting: false".to_owned());
}

/// A text of one line or of several, with or without quotes.
fn note(canaries: &mut Canaries) -> String {
    let place = "undecided key";
    let [one, other] = [0, 1].map(|_| canaries.text(place));
    match canaries.random().below(5) {
        0 => format!("{one}\n{other}"),
        1 => format!("{one} \"{other}\""),
        _ => one,
    }
}

/// A text in double quotes, as YAML reads it.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text")
}
