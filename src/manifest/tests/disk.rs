//! Tests finding files: patterns, links and refused files.

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::manifest::files::assemble::{Keep, read_all};
use crate::manifest::{ReadSettings, Reading, check, load};

use crate::model::{Diagnostic, MemberId, Origin};

use crate::manifest::tests::{codes, settings, user};

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn load_with(root: &Path, patterns: &[&str]) -> Reading {
    let settings = ReadSettings {
        patterns: patterns.iter().map(ToString::to_string).collect(),
        ..settings()
    };
    load(root, &settings, None)
}

#[test]
fn patterns() {
    let one = |id: &str| user(&format!("memberId: {id}\n"));
    let folder = project(&[
        ("users/b.yaml", &one("b")),
        ("users/deep/er/a.yml", &one("a")),
        ("users/.hidden.yaml", "not even YAML: ["),
        ("users/.talkform/x.yaml", "not even YAML: ["),
        (
            "users/c.json",
            "{\"apiVersion\":\"talkform/v1\",\"kind\":\"User\",\"memberId\":\"c\"}",
        ),
        ("other/d.yaml", &one("d")),
        ("talkform.yaml", ""),
    ]);
    for (patterns, ids) in [
        (&["users/**/*.yaml"][..], "b"),
        (&["users/**/*.y*ml", "users/*.json"], "a b c"),
        (&["./users/*.yaml", "users/b.yaml"], "b"),
        (&["*/*.yaml"], "b d"),
        (&["{users,other}/**/*.{yaml,yml}"], "a b d"),
        (&["users/?.yaml"], "b"),
        (&["users/[a-c].json"], "c"),
    ] {
        let reading = load_with(folder.path(), patterns);
        let found: Vec<&str> = reading.desired.users.keys().map(MemberId::as_str).collect();
        assert_eq!(
            found.join(" "),
            ids,
            "{patterns:?} {:?}",
            reading.diagnostics
        );
        assert_eq!(reading.files, found.len());
    }
    let idle = |patterns: &[&str]| {
        let mut reading = load_with(folder.path(), patterns);
        reading
            .diagnostics
            .retain(|found| found.code == "pattern-matches-nothing");
        (
            reading.diagnostics.len(),
            reading.has_errors(),
            reading.desired.users.len(),
        )
    };
    // A pattern may find nothing if others find something.
    assert_eq!(
        idle(&["users/**/*.yaml", "none/*.yaml", "users/z*"]),
        (2, false, 1)
    );
    assert_eq!(idle(&["none/*.yaml", "users/z*"]), (2, true, 0));
    assert_eq!(
        codes(&load_with(folder.path(), &["users/[x"])),
        ["invalid-pattern"]
    );
    let missing = load_with(&folder.path().join("nowhere"), &["**/*.yaml"]);
    assert_eq!(codes(&missing), ["pattern-matches-nothing"]);
}

#[test]
fn files_that_differ_in_their_ending_are_reported() {
    let one = |id: &str| user(&format!("memberId: {id}\n"));
    let folder = project(&[
        ("users/a.yaml", &one("a")),
        ("users/b.yml", &one("b")),
        ("users/C.YAML", &one("c")),
        ("users/d.jsonl", "{\"memberId\":\"d\"}\n"),
        ("users/notes.md", "-"),
        ("users/.hidden.yml", "-"),
        ("users/draft/e.yml", &one("e")),
        ("other/f.yml", &one("f")),
        ("g.yml", "-"),
    ]);
    let unread = |patterns: &[&str]| {
        let reading = load_with(folder.path(), patterns);
        let found = reading
            .diagnostics
            .iter()
            .filter(|found| found.code == "unread-file");
        let names: Vec<&str> = found.map(|found| &*found.origin.file).collect();
        names.join(" ")
    };
    for (patterns, names) in [
        (
            &["users/*.yaml"][..],
            "users/C.YAML users/b.yml users/d.jsonl",
        ),
        (
            &["users/**/*.yaml"],
            "users/C.YAML users/b.yml users/d.jsonl users/draft/e.yml",
        ),
        (
            &["users/*.yaml", "users/*.yml"],
            "users/C.YAML users/d.jsonl",
        ),
        (&["users/**/*.{yaml,yml,json,jsonl,ndjson}"], "users/C.YAML"),
        (&["users/a*.yaml"], ""),
        (&["*.yaml", "users/a.yaml"], ""),
    ] {
        assert_eq!(unread(patterns), names, "{patterns:?}");
    }
    for number in 0..30 {
        fs::write(
            folder.path().join(format!("users/x{number:02}.yml")),
            one("x"),
        )
        .expect("written");
    }
    assert_eq!(unread(&["users/*.yaml"]).split(' ').count(), 21);
}

#[cfg(unix)]
#[test]
fn links() {
    use std::os::unix::fs::symlink;

    let outside = project(&[("x.yaml", &user("memberId: x\n"))]);
    let folder = project(&[("users/a.yaml", &user("memberId: a\n"))]);
    let users = folder.path().join("users");
    let all = ["users/**/*.yaml"];

    symlink("a.yaml", users.join("unrelated.txt")).expect("a link");
    fs::create_dir(folder.path().join("more")).expect("a folder");
    fs::write(folder.path().join("more/b.yaml"), user("memberId: b\n")).expect("a file");
    symlink("../more", users.join("more")).expect("a link");
    assert_eq!(load_with(folder.path(), &all).desired.users.len(), 2);

    symlink(outside.path().join("x.yaml"), users.join("x.yaml")).expect("a link");
    assert_eq!(
        codes(&load_with(folder.path(), &all)),
        ["link-leaves-project"]
    );
    fs::remove_file(users.join("x.yaml")).expect("removed");

    symlink(outside.path(), users.join("outside")).expect("a link");
    assert_eq!(
        codes(&load_with(folder.path(), &all)),
        ["link-leaves-project"]
    );
    assert!(!load_with(folder.path(), &["users/*.yaml"]).has_errors());
    fs::remove_file(users.join("outside")).expect("removed");

    symlink(outside.path(), folder.path().join("linked")).expect("a link");
    assert_eq!(
        codes(&load_with(folder.path(), &["linked/*.yaml"])),
        ["link-leaves-project"]
    );

    symlink(".", users.join("loop")).expect("a link");
    assert_eq!(codes(&load_with(folder.path(), &all)), ["link-loop"]);
    fs::remove_file(users.join("loop")).expect("removed");

    symlink("nowhere", users.join("broken.yaml")).expect("a link");
    assert_eq!(codes(&load_with(folder.path(), &all)), ["unreadable"]);
    fs::remove_file(users.join("broken.yaml")).expect("removed");
    symlink("self.yaml", users.join("self.yaml")).expect("a link");
    assert_eq!(codes(&load_with(folder.path(), &all)), ["unreadable"]);
}

#[cfg(unix)]
#[test]
fn special_files_and_names() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = project(&[("users/a.yaml", &user("memberId: a\n"))]);
    let users = folder.path().join("users");
    let made = std::process::Command::new("mkfifo")
        .arg(users.join("pipe.yaml"))
        .status();
    if made.is_ok_and(|status| status.success()) {
        let reading = load_with(folder.path(), &["users/*.yaml"]);
        assert_eq!(codes(&reading), ["not-a-file"]);
        fs::remove_file(users.join("pipe.yaml")).expect("removed");
    }
    fs::create_dir(users.join("folder.yaml")).expect("a folder");
    assert!(!load_with(folder.path(), &["users/*.yaml"]).has_errors());
    let name = OsStr::from_bytes(b"\xFF.yaml");
    if fs::write(users.join(name), "x").is_ok() {
        let reading = load_with(folder.path(), &["users/*.yaml"]);
        assert_eq!(codes(&reading), ["name-not-utf-8"]);
    }
}

/// Whether a tag is hidden depends on values that a check does not keep.
#[test]
fn a_check_hides_the_tags_that_a_reading_hides() {
    let tagged = |id: &str, tag: &str, name: &str| {
        user(&format!(
            "memberId: {id}\ntags: [\"{tag}\"]\nprofile: {{ name: {name} }}\n"
        ))
    };
    let folder = project(&[
        ("a.yaml", &tagged("a", "seoul/na\u{ef}ve", "Anna")),
        ("b.yaml", &tagged("b", "seoul/nai\u{308}ve", "Berta")),
        ("c.yaml", &tagged("c", "vip/zo\u{eb}", "zo\u{eb}")),
        ("d.yaml", &tagged("d", "vip/zoe\u{308}", "Dora")),
    ]);
    let settings = settings();
    let reading = load(folder.path(), &settings, None);
    let checked = check(folder.path(), &settings);
    assert_eq!(checked.diagnostics, reading.diagnostics);
    let messages = reading.diagnostics.iter();
    let messages: Vec<&str> = messages.map(|found| &*found.message).collect();
    assert!(
        messages.iter().any(|text| text.contains("seoul")),
        "{messages:?}"
    );
    assert!(
        !messages.iter().any(|text| text.contains("vip")),
        "{messages:?}"
    );
}

/// A file that cannot be read for a moment may hold the user who hides a tag.
#[test]
fn a_check_shows_no_tag_of_a_file_that_it_cannot_read_again() {
    let tagged = |id: &str, tag: &str| user(&format!("memberId: {id}\ntags: [\"{tag}\"]\n"));
    let texts = [tagged("a", "na\u{ef}ve"), tagged("b", "nai\u{308}ve")];
    let names = ["a.yaml", "b.yaml"].map(Arc::from);
    let messages = |failing: usize| {
        let reads = texts.each_ref().map(|_| AtomicUsize::new(0));
        let source = |file: usize| {
            let text = Cow::Borrowed(texts[file].as_bytes());
            let number = reads[file].fetch_add(1, Ordering::Relaxed);
            let unreadable = || Diagnostic::error("unreadable", Origin::file("a.yaml"), "gone");
            (number != failing)
                .then_some(text)
                .ok_or_else(|| Box::new(unreadable()))
        };
        let reading = read_all(&names, &source, &settings(), None, Keep::Names, Vec::new());
        let diagnostics = reading.diagnostics.iter();
        diagnostics
            .map(|found| found.message.clone())
            .collect::<Vec<_>>()
    };
    // Each file is read, searched for the places of tags, and then for users who hide them.
    assert!(
        messages(usize::MAX)[0].contains("ve"),
        "{:?}",
        messages(usize::MAX)
    );
    assert_eq!(messages(2).len(), 1);
    assert!(!messages(2)[0].contains("ve"), "{:?}", messages(2));
}

#[cfg(unix)]
#[test]
fn folders_that_cannot_be_read() {
    use std::os::unix::fs::PermissionsExt;

    let folder = project(&[
        ("users/a.yaml", &user("memberId: a\n")),
        ("users/closed/b.yaml", &user("memberId: b\n")),
    ]);
    let closed = folder.path().join("users/closed");
    let set = |mode| fs::set_permissions(&closed, fs::Permissions::from_mode(mode));
    set(0o000).expect("permissions");
    let can_read = fs::read_dir(&closed).is_ok();
    let reading = load_with(folder.path(), &["users/**/*.yaml"]);
    set(0o755).expect("permissions");
    // Root reads everything.
    if !can_read {
        assert_eq!(codes(&reading), ["unreadable"]);
        assert!(reading.desired.users.is_empty());
    }
}

#[test]
fn files_that_are_too_large() {
    let folder = project(&[("users/a.yaml", "")]);
    let file = fs::File::options()
        .write(true)
        .open(folder.path().join("users/a.yaml"))
        .expect("the file");
    file.set_len(crate::manifest::files::find::LONGEST_FILE + 1)
        .expect("a hole");
    assert_eq!(
        codes(&load_with(folder.path(), &["users/*.yaml"])),
        ["file-too-large"]
    );
}
