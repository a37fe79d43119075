//! Tests that hostile and broken input ends in one clear error.

use std::fmt::Write as _;

use crate::manifest::tests::{codes, read, user};

/// The only code, with the rest of the reading checked for size.
fn refusal(name: &str, text: impl AsRef<[u8]>) -> &'static str {
    let reading = read(name, text);
    assert!(reading.desired.users.is_empty());
    assert_eq!(reading.diagnostics.len(), 1, "{:?}", codes(&reading));
    let diagnostic = &reading.diagnostics[0];
    assert!(diagnostic.is_error());
    let shown = diagnostic.excerpt.as_ref().map_or(0, |e| e.text.len());
    assert!(shown < 1000 && diagnostic.message.len() < 1000);
    diagnostic.code
}

#[test]
fn a_long_text_is_never_repeated() {
    let long = "x".repeat(1 << 16);
    let digits = "1".repeat(1 << 16);
    let list =
        |item: &str| format!("apiVersion: talkform/v1\nkind: UserList\nusers:\n  - {item}\n");
    let lines = [
        format!("memberId: {long}"),
        format!("memberId: \"{long}\""),
        format!("memberId: {digits}"),
        format!("memberId: a\n{long}: 1"),
        format!("memberId: a\nprofile: {{ {long}: 1, {long}: 2 }}"),
        format!("memberId: a\nprofile: {{ \"{long}.\": 1 }}"),
        format!("memberId: a\nprofile: {{ {digits}: 1 }}"),
        format!("memberId: a\nprofile: {{ a: {digits} }}"),
        format!("memberId: a\nprofile: {{ a: 0.{digits} }}"),
        format!("memberId: a\nprofile: {{ a: 1e{digits} }}"),
        format!("memberId: a\nprofile: {{ a: +{digits} }}"),
        format!("memberId: a\nprofile: {{ a: 0x{digits} }}"),
        format!("memberId: a\nprofile: {{ name: {digits} }}"),
        format!("memberId: a\nprofile: {{ email: {long} }}"),
        format!("memberId: a\nprofile: {{ mobileNumber: \"+{digits}\" }}"),
        format!("memberId: a\nprofile: {{ recentPurchaseCount: \"{digits}\" }}"),
        format!("memberId: a\nprofile: {{ recentPurchaseCount: {long} }}"),
        format!("memberId: a\nprofile: {{ a: [true, {digits}, b] }}"),
        format!("memberId: a\nprofile: {{ a: \"${{{long}}}\" }}"),
        format!("memberId: a\nprofile: {{ a: {{ {long}: 1 }} }}"),
        format!("memberId: a\ntags: [X{long}, X{long}, {digits}]"),
        format!("memberId: a\nunsubscribed: {long}"),
        format!("memberId: a\n? {long}\n: b"),
        format!("memberId: *{long}"),
        format!("memberId: !{long} a"),
        format!("memberId: \"{long}"),
        format!("memberId: a\n  {long}: b: c"),
        format!("&{long} a: *b"),
    ];
    let mut texts: Vec<(&str, String)> = lines.iter().map(|text| ("a.yaml", user(text))).collect();
    texts.extend([
        (
            "a.yaml",
            format!("apiVersion: {long}\nkind: {long}\n{long}: 1\n"),
        ),
        ("a.yaml", format!("%{long} a\n---\n")),
        ("a.yaml", long.clone()),
        ("a.yaml", list(&long)),
        ("a.yaml", list(&format!("{{ memberId: a, {long}: 1 }}"))),
        ("a.json", format!("{{\"memberId\": \"{long}\"}}")),
        ("a.json", format!("{{\"{long}\": 1, \"{long}\": 1}}")),
        ("a.json", format!("{{\"a\": {long}}}")),
        ("a.json", format!("[{long}")),
        ("a.jsonl", format!("{{\"memberId\": \"{long}\n")),
        ("a.jsonl", format!("{{\"memberId\": {digits}}}\n")),
    ]);
    for (name, text) in texts {
        let reading = read(name, &text);
        let start: String = text.chars().take(80).collect();
        assert!(!reading.diagnostics.is_empty(), "{start}");
        for diagnostic in &reading.diagnostics {
            let mut parts = vec![&diagnostic.message, &diagnostic.path];
            parts.extend(&diagnostic.hint);
            parts.extend(diagnostic.excerpt.as_ref().map(|excerpt| &excerpt.text));
            parts.extend(diagnostic.related.iter().map(|(_, label)| label));
            for part in parts {
                assert!(
                    part.len() < 1000,
                    "{start}: {} bytes: {}",
                    part.len(),
                    &part[..200]
                );
            }
        }
    }
}

#[test]
fn nesting() {
    let levels = 100_000;
    assert_eq!(refusal("a.yaml", "[".repeat(levels)), "too-deep");
    assert_eq!(refusal("a.yaml", "{a: ".repeat(levels)), "too-deep");
    assert_eq!(refusal("a.yaml", "- ".repeat(levels)), "too-deep");
    assert_eq!(refusal("a.yaml", "? ".repeat(levels)), "complex-key");
    assert_eq!(refusal("a.json", "[".repeat(levels)), "too-deep");
    assert_eq!(refusal("a.json", "{\"a\":".repeat(levels)), "too-deep");
    assert_eq!(refusal("a.jsonl", "{\"a\":".repeat(levels)), "too-deep");
    let mut block = String::new();
    for level in 0..1000 {
        let _ = writeln!(block, "{}a:", " ".repeat(level));
    }
    assert_eq!(refusal("a.yaml", block), "too-deep");
}

#[test]
fn aliases() {
    let mut bomb = user("memberId: a\nprofile:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..40 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(bomb, "  a{level}: &a{level} [{below}]");
    }
    assert_eq!(refusal("a.yaml", bomb), "alias-limit");

    let mut long = user("memberId: a\nprofile:\n");
    let _ = writeln!(long, "  a: &a {}", "x".repeat(1_000_000));
    for copy in 0..1000 {
        let _ = writeln!(long, "  b{copy}: *a");
    }
    assert_eq!(refusal("a.yaml", long), "alias-limit");

    let mut deep = user("memberId: a\nprofile: &a0 {}\n");
    for level in 1..200 {
        let _ = writeln!(deep, "a{level}: &a{level} [*a{}]", level - 1);
    }
    assert_eq!(refusal("a.yaml", deep), "too-deep");
}

#[test]
fn aliases_within_bounds() {
    let reading = read(
        "a.yaml",
        "apiVersion: talkform/v1\nkind: UserList\nusers:\n  - memberId: a\n    tags: &t [x, z]\n  \
         - memberId: b\n    tags: *t\n",
    );
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    assert_eq!(reading.desired.users.len(), 2);
    let elsewhere = format!(
        "{}---\n{}",
        user("memberId: a\ntags: &t [x]\n"),
        user("memberId: b\ntags: *t\n")
    );
    assert!(read("a.yaml", elsewhere).has_errors());
}

#[test]
fn long_lines() {
    let long = "x".repeat(50_000_000);
    let text = user(&format!(
        "memberId: a\nprofile: {{ note: {long}, bad: yes }}\n"
    ));
    assert_eq!(refusal("a.yaml", text), "unquoted-boolean");
    let text = format!("{{\"memberId\":\"a\",\"profile\":{{\"note\":\"{long}\",\"bad\":[null]}}}}");
    assert_eq!(refusal("a.jsonl", text), "wrong-list-item");
}

#[test]
fn encodings() {
    let reading = read("a.yaml", b"memberId: \xEC\x95\x88 \xFF\n");
    assert_eq!(codes(&reading), ["not-utf-8"]);
    assert_eq!(reading.diagnostics[0].origin.to_string(), "a.yaml:1:13");
    let utf_16: Vec<u8> = user("memberId: a\n")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(refusal("a.yaml", &utf_16), "not-utf-8");
    assert_eq!(
        refusal("a.yaml", [&[0xFF, 0xFE], &*utf_16].concat()),
        "not-utf-8"
    );
    for (text, place) in [
        ("a: \0", "a.yaml:1:4"),
        ("a\n\u{1b}[31m", "a.yaml:2:1"),
        ("é\u{85}", "a.yaml:1:2"),
        ("a\rb", "a.yaml:1:2"),
        ("\u{7f}", "a.yaml:1:1"),
    ] {
        let reading = read("a.yaml", text);
        assert_eq!(codes(&reading), ["control-character"], "{text:?}");
        assert_eq!(reading.diagnostics[0].origin.to_string(), place);
        let shown = format!("{:?}", reading.diagnostics[0].excerpt);
        assert!(!shown.contains(['\0', '\u{1b}', '\u{7f}', '\u{85}']));
    }
}

#[test]
fn marks_and_line_ends() {
    let plain = user("memberId: a\nprofile:\n  note: |\n    x\n    y\n  plan: yes\n");
    let marked = format!("\u{feff}{plain}").replace('\n', "\r\n");
    let (plain, marked) = (read("a.yaml", plain), read("a.yaml", marked));
    assert_eq!(plain.diagnostics, marked.diagnostics);
    assert_eq!(plain.diagnostics[0].origin.to_string(), "a.yaml:8:9");
    let json = "\u{feff}{\"memberId\":\"a\"}\r\n\r\n{\"memberId\":\"b\"}\r\n";
    assert_eq!(read("a.jsonl", json).desired.users.len(), 2);
}

#[test]
fn nothing_in_a_file() {
    for (name, text) in [
        ("a.yaml", ""),
        ("a.yaml", "\u{feff}"),
        ("a.yaml", "# gone\n"),
        ("a.yaml", "---\n...\n"),
        ("a.yaml", "---\n---\n"),
        ("a.json", " \n"),
        ("a.jsonl", "\n\n"),
    ] {
        assert_eq!(refusal(name, text), "empty-file", "{text:?}");
    }
    let trailing = read("a.yaml", user("memberId: a\n---\n"));
    assert_eq!(codes(&trailing), ["empty-document"]);
    assert_eq!(trailing.desired.users.len(), 1);
}

#[test]
fn tabs() {
    for text in [
        "profile:\n\tname: x\n",
        "profile:\n  a: 1\n\t b: 2\n",
        "tags:\n\t- x\n",
    ] {
        let text = user(&format!("memberId: a\n{text}"));
        let reading = read("a.yaml", &text);
        assert_eq!(codes(&reading), ["tab-indentation"], "{text:?} {reading:?}");
    }
}

#[test]
fn a_million_mistakes() {
    let mut text = String::new();
    for line in 0..20_000 {
        let _ = writeln!(
            text,
            "{{\"memberId\":{line},\"profile\":{{\"Key{line}\":1}}}}"
        );
    }
    let reading = read("a.jsonl", text);
    assert_eq!(reading.diagnostics.len(), 2002);
    let last = &reading.diagnostics[2000..];
    assert_eq!(last[0].message, "and 19000 more errors in this file");
    assert_eq!(last[1].message, "and 19000 more warnings in this file");
    assert!(
        last.iter()
            .all(|diagnostic| diagnostic.code == "more-problems")
    );
}

#[test]
fn many_keys() {
    let mut text = user("memberId: a\nprofile:\n");
    for key in 0..50_000 {
        let _ = writeln!(text, "  k{key}: 1");
    }
    text += "profileOnce:\n";
    for key in 0..50_000 {
        let _ = writeln!(text, "  o{key}: 1");
    }
    assert_eq!(read("a.yaml", &text).desired.users.len(), 1);
    text += "  o7: 2\n";
    assert_eq!(refusal("a.yaml", text), "duplicate-key");
}

#[test]
fn files_of_other_kinds_are_named_at_their_line() {
    let conflict = "apiVersion: talkform/v1\nkind: UserList\nusers:\n<<<<<<< HEAD\n  - memberId: \"u-1\"\n=======\n  - memberId: \"u-2\"\n>>>>>>> x\n";
    let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    let sops = user("memberId: ENC[AES256_GCM,data:x]\nsops:\n  version: 3.9.0\n");
    let surrogates = user("memberId: a\nprofile: { name: \"\\ud83d\\ude00\" }\n");
    let cases: [(&str, &[u8], &str, u32); 15] = [
        ("a.yaml", conflict.as_bytes(), "conflict-marker", 4),
        (
            "a.jsonl",
            b"{\"memberId\":\"a\"}\n<<<<<<< HEAD\n",
            "conflict-marker",
            2,
        ),
        ("a.yaml", lfs.as_bytes(), "git-lfs-pointer", 1),
        ("a.json", lfs.as_bytes(), "git-lfs-pointer", 1),
        ("a.yaml", b"\x1f\x8b\x08\x00", "not-text", 1),
        ("a.jsonl", b"PK\x03\x04\x14", "not-text", 1),
        ("a.yaml", sops.as_bytes(), "encrypted-file", 4),
        (
            "a.yaml",
            b"$ANSIBLE_VAULT;1.1;AES256\n6138\n",
            "encrypted-file",
            1,
        ),
        ("a.json", b"<!DOCTYPE html><html>", "not-a-manifest", 1),
        ("a.json", b"[{\"memberId\":\"u-1\"}]\n", "top-level-list", 1),
        ("a.yaml", b"- memberId: a\n", "top-level-list", 1),
        (
            "a.jsonl",
            b"\n[{\"memberId\":\"u-1\"},\n{\"memberId\":\"u-2\"}]\n",
            "json-array",
            2,
        ),
        (
            "a.jsonl",
            b"{\"memberId\":\"u-1\"},\n{\"memberId\":\"u-2\"}\n",
            "text-after-value",
            1,
        ),
        (
            "a.jsonl",
            b"{\"memberId\":\"u-1\"}\n{\"memberId\":\n{\"memberId\":\"u-3\"}\n",
            "syntax",
            2,
        ),
        ("a.yaml", surrogates.as_bytes(), "surrogate-escape", 4),
    ];
    for (name, bytes, code, line) in cases {
        let reading = read(name, bytes);
        let found: Vec<_> = reading
            .diagnostics
            .iter()
            .map(|found| (found.code, found.origin.line.max(1)))
            .collect();
        assert_eq!(found, [(code, line)], "{name} {:?}", reading.diagnostics);
        assert!(
            reading.diagnostics[0].hint.is_some() && reading.has_errors(),
            "{code}"
        );
    }
    // Not a conflict: text of a block.
    let text = user("memberId: a\nprofile:\n  bio: |\n    <<<<<<< HEAD\n");
    assert!(!read("a.yaml", text).has_errors());
}
