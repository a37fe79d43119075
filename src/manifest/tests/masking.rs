//! No sensitive value of a bad manifest is in any diagnostic.

use crate::manifest::{Reading, read_texts};

use crate::manifest::tests::{read, settings, user};

const SECRETS: [&str; 5] = [
    "Xaviera",
    "xa@q.example",
    "q.example",
    "82109998877",
    "9998877",
];

fn assert_masked(reading: &Reading) {
    assert!(!reading.diagnostics.is_empty());
    let said = format!("{:?}", reading.diagnostics);
    for secret in SECRETS {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
}

#[test]
fn values_of_sensitive_fields() {
    for lines in [
        "profile: { name: Xaviera, email: xa@q.example, mobileNumber: +821099988770, x: yes }",
        "profile: { mobileNumber: \"+82 10 9998877\", landlineNumber: 82109998877 }",
        "profile: { name: [Xaviera], email: { a: xa@q.example }, x: }",
        "profile: { name: \"Xaviera\\e\", name: Xaviera }",
        "profile: { <<: { name: Xaviera }, email: !!str xa@q.example }",
        "profileOnce: { name: Xaviera, email: null }",
        "profil: { name: Xaviera, email: xa@q.example }",
        "name: Xaviera\nemail: xa@q.example",
        "profile: Xaviera",
        "profile: [Xaviera, xa@q.example]",
        "tags: { name: Xaviera }",
        "profile:\n  name: &n Xaviera # or xa@q.example\n  x: yes # Xaviera\n  lastName: [*n]",
        "profile:\n  name: |\n    Xaviera\n    Xaviera\n  email: >-\n    xa@q.example\n  x: no\n  firstName: 12",
        "profile:\n  name: Xaviera: x\n  email: xa@q.example",
        "profile: { name: Xaviera, email: xa@q.example",
        "profile:\n\tname: Xaviera",
        "profile:\n  name:Xaviera\n  email:xa@q.example",
        "profile:\n  name: 'Xaviera\n  email: xa@q.example",
        "profile:\n  name: \"Xaviera\" xa@q.example",
        "profile:\n  Xaviera\n  email: xa@q.example",
        "profile: { name: Xaviera }\nmemberId: again",
        "users: [{ memberId: x, profile: { name: Xaviera } }]",
        "profile:\n  name: Xaviera\u{1b}",
        "profile: { email: \"Xaviera xa@q.example\" }",
        "? { name: Xaviera }\n: xa@q.example",
        "- Xaviera",
        "profile: { x: yes, note: ok, name: Xaviera Xaviera",
    ] {
        assert_masked(&read("a.yaml", user(&format!("memberId: a\n{lines}\n"))));
    }
}

#[test]
fn values_in_json() {
    for fields in [
        "\"profile\":{\"name\":[\"Xaviera\"],\"email\":1,\"x\":[null]}",
        "\"profile\":{\"mobileNumber\":82109998877}",
        "\"profile\":{\"name\":\"Xaviera\",\"name\":\"Xaviera\"}",
        "\"profile\":{\"name\":\"Xaviera\",}",
        "\"profile\":{\"name\":\"Xaviera",
        "\"profile\":{\"name\":\"Xaviera\" \"xa@q.example\"}",
        "\"profile\":{\"name\":Xaviera}",
        "\"name\":\"Xaviera\"",
        "\"x\":{\"name\":\"Xaviera\",\"xa@q.example\":1}",
    ] {
        let text = format!("{{\"memberId\":\"a\",{fields}}}\n");
        assert_masked(&read("a.jsonl", &text));
        assert_masked(&read("a.json", &text));
    }
}

#[test]
fn long_lines_are_masked_before_they_are_cut() {
    for pad in (0..400).step_by(7) {
        let note = "n".repeat(pad);
        let name = "Xaviera".repeat(40);
        let line = format!("profile: {{ note: {note}, name: \"{name}\", x: yes, z: {note} }}\n");
        assert_masked(&read("a.yaml", user(&format!("memberId: a\n{line}"))));
    }
}

#[test]
fn duplicates_between_files() {
    let text = user("{ memberId: a, profile: { name: Xaviera } }").replace(
        "kind: User\n{",
        "kind: User\n#\nprofile: { name: Xaviera }\n#{",
    );
    let text = text.replace("#{", "memberId: a # Xaviera\n#{");
    let files = vec![
        ("a.yaml".into(), text.clone().into_bytes()),
        ("b.yaml".into(), text.into_bytes()),
    ];
    assert_masked(&read_texts(files, &settings()));
}

#[test]
fn shown_on_demand() {
    let mut settings = settings();
    settings.visibility = settings.visibility.revealing(true);
    let text = user("memberId: a\nprofile: { name: [Xaviera] }\n");
    let reading = read_texts(vec![("a.yaml".into(), text.into_bytes())], &settings);
    assert!(format!("{:?}", reading.diagnostics).contains("Xaviera"));
}
