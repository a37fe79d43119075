//! What is really on Channel: changes behind the tool's back are found, each and no other, in both
//! versions of the API.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use talkform::sandbox::SandboxSettings;

use crate::project::{Channel, Project};

/// Something that happens to a user on Channel, and what of it is drift.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    /// `None` deletes the user.
    pub(crate) edit: Option<fn(&mut Value)>,
    /// `standing`, then `kind path` for each field; empty for no drift.
    pub(crate) found: &'static [&'static str],
}

const fn way(name: &'static str, edit: fn(&mut Value), found: &'static [&'static str]) -> Way {
    Way {
        name,
        edit: Some(edit),
        found,
    }
}

pub(crate) const WAYS: &[Way] = &[
    way("nothing", |_| {}, &[]),
    way(
        "a text changed",
        |user| user["profile"]["plan"] = json!("free"),
        &["changed", "changed profile.plan"],
    ),
    way(
        "a sensitive text changed",
        |user| user["profile"]["name"] = json!("somebody"),
        &["changed", "changed profile.name"],
    ),
    way(
        "a number changed",
        |user| user["profile"]["seats"] = json!(-1),
        &["changed", "changed profile.seats"],
    ),
    way(
        "a number written another way",
        |user| user["profile"]["seats"] = json!(user["profile"]["seats"].as_f64()),
        &[],
    ),
    way(
        "a list in another order",
        |user| user["profile"]["list"] = json!(["b", "a"]),
        &["changed", "changed profile.list"],
    ),
    way(
        "a value became an object",
        |user| user["profile"]["sizes"] = json!({"one": 1}),
        &["changed", "changed profile.sizes"],
    ),
    way(
        "a key removed",
        |user| without(user, "trial"),
        &["changed", "missing profile.trial"],
    ),
    way(
        "a key is null",
        |user| user["profile"]["trial"] = Value::Null,
        &["changed", "missing profile.trial"],
    ),
    way(
        "a cleared key set again",
        |user| user["profile"]["betaUntil"] = json!("2027"),
        &["changed", "returned profile.betaUntil"],
    ),
    way(
        "tags changed",
        |user| user["tags"] = json!(["beta"]),
        &["changed", "changed tags"],
    ),
    way(
        "tags in other letters and another order",
        |user| user["tags"] = json!(["VIP/Gold", "BETA"]),
        &[],
    ),
    way(
        "a phone number with spaces",
        |user| user["profile"]["mobileNumber"] = json!("+82 10-1234-5678"),
        &[],
    ),
    way(
        "a phone number changed",
        |user| user["profile"]["mobileNumber"] = json!("+82 10-1234-5679"),
        &["changed", "changed profile.mobileNumber"],
    ),
    way(
        "an undeclared key",
        |user| user["profile"]["extra"] = json!("more"),
        &[],
    ),
    way(
        "what profileOnce filled in removed",
        |user| without(user, "utmSource"),
        &["changed", "missing profileOnce.utmSource"],
    ),
    way(
        "what profileOnce filled in changed",
        |user| user["profile"]["utmSource"] = json!("google"),
        &[],
    ),
    way(
        "the person opted out",
        |user| user["unsubscribeEmail"] = json!(true),
        &["consent", "consent unsubscribeEmail"],
    ),
    way(
        "the person opted out, and a text changed",
        |user| {
            user["unsubscribeEmail"] = json!(true);
            user["profile"]["plan"] = json!("free");
        },
        &[
            "changed",
            "changed profile.plan",
            "consent unsubscribeEmail",
        ],
    ),
    Way {
        name: "the user deleted",
        edit: None,
        found: &["gone"],
    },
];

fn without(user: &mut Value, key: &str) {
    let profile = user["profile"].as_object_mut().expect("a profile");
    profile.remove(key).expect("the key was there");
}

pub(crate) fn id(number: usize) -> String {
    format!("u-{number:05}")
}

/// A Channel and a project whose users were applied.
pub(crate) fn applied(api: &str, users: usize) -> (Channel, Project) {
    let channel = Channel::with(SandboxSettings::default());
    let project = Project::new(&format!(
        "channel: {{ api: {api}, baseUrl: \"{}\", rate: {{ perSecond: 1000000, burst: 1000000 }} }}\nlimits: {{ create: 100000, update: 100%, clear: 100%, optIn: 100000 }}\n",
        channel.running().base_url()
    ));
    project.write("users/a.yaml", &manifest(users));
    project.run(&["apply", "--auto-approve"]).expect(0);
    (channel, project)
}

fn manifest(users: usize) -> String {
    let mut text = "apiVersion: talkform/v1\nkind: UserList\ndefaults:\n  profile: { plan: pro, trial: true, sizes: [1, 2], list: [a, b], betaUntil: null, mobileNumber: \"+821012345678\" }\n  profileOnce: { utmSource: naver }\n  tags: [beta, vip/gold]\n  unsubscribeEmail: false\nusers:\n".to_owned();
    for number in 0..users {
        let id = id(number);
        let _ = writeln!(
            text,
            "  - {{ memberId: \"{id}\", profile: {{ name: \"n{number}\", seats: {number} }} }}"
        );
    }
    text
}

/// Does to every user what its number says.
pub(crate) fn meddle(channel: &Channel, users: usize) {
    for number in 0..users {
        let id = id(number);
        let known = match WAYS[number % WAYS.len()].edit {
            Some(edit) => channel.running().edit(&id, edit),
            None => channel.running().delete(&id),
        };
        assert!(known.expect("written"), "{id}");
    }
}

pub(crate) fn drift(project: &Project, arguments: &[&str]) -> Value {
    let mut all = vec!["drift", "--format", "json", "--parallelism", "32"];
    all.extend(arguments);
    let ran = project.run(&all).expect(0);
    serde_json::from_str(&ran.stdout).expect("JSON")
}

/// `standing`, then `kind path` for each field, by id.
pub(crate) fn found(drift: &Value) -> BTreeMap<String, Vec<String>> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let users = drift["drift"].as_array().expect("users");
    let of = |user: &Value| {
        let fields = user["fields"].as_array().expect("fields");
        let fields = fields
            .iter()
            .map(|field| format!("{} {}", text(&field["kind"]), text(&field["path"])));
        std::iter::once(text(&user["standing"]))
            .chain(fields)
            .collect()
    };
    users
        .iter()
        .map(|user| (text(&user["id"]), of(user)))
        .collect()
}

fn expected(users: usize) -> BTreeMap<String, Vec<String>> {
    (0..users)
        .map(|number| (id(number), WAYS[number % WAYS.len()].found))
        .filter(|(_, found)| !found.is_empty())
        .map(|(id, found)| (id, found.iter().map(ToString::to_string).collect()))
        .collect()
}

pub(crate) fn gets(channel: &Channel) -> usize {
    let about_users = channel.about_users();
    about_users
        .iter()
        .filter(|request| request.method == "GET")
        .count()
}

#[expect(clippy::print_stdout, reason = "the table is for whoever runs it")]
fn names_exactly_what_happened(api: &str) {
    const USERS: usize = 5000;
    let (channel, project) = applied(api, USERS);
    assert_eq!(drift(&project, &[])["counts"]["asApplied"], USERS);
    meddle(&channel, USERS);
    let before = gets(&channel);
    let answer = drift(&project, &[]);
    assert_eq!(gets(&channel) - before, USERS, "one question a user");

    let (found, expected) = (found(&answer), expected(USERS));
    println!("{api}: what happened                            users  found  as expected");
    for (at, way) in WAYS.iter().enumerate() {
        let ids: Vec<String> = (at..USERS).step_by(WAYS.len()).map(id).collect();
        let drifted = ids.iter().filter(|id| found.contains_key(*id)).count();
        let right = ids.iter().filter(|id| found.get(*id) == expected.get(*id));
        let (name, right) = (way.name, right.count());
        println!(
            "{name:44} {:6} {drifted:6} {right:12}   {}",
            ids.len(),
            way.found.join(", ")
        );
    }
    let wrong: Vec<&String> = found
        .keys()
        .chain(expected.keys())
        .filter(|id| found.get(*id) != expected.get(*id))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");

    let users = |kind: &str| {
        let of = |found: &Vec<String>| {
            found
                .iter()
                .any(|word| word.split(' ').next() == Some(kind))
        };
        expected.values().filter(|found| of(found)).count()
    };
    let counts = &answer["counts"];
    assert_eq!(counts["gone"], users("gone"));
    assert_eq!(counts["consent"], users("consent"));
    assert_eq!(counts["asApplied"], USERS - expected.len());
    let gone_or_changed = expected.values().filter(|found| found[0] == "changed");
    assert_eq!(counts["changed"], gone_or_changed.count());
    project
        .run(&["drift", "--detailed-exitcode", "--parallelism", "32"])
        .expect(2);
}

#[test]
fn names_exactly_what_happened_on_v4() {
    names_exactly_what_happened("v4");
}

#[test]
fn names_exactly_what_happened_on_v5() {
    names_exactly_what_happened("v5");
}

#[test]
fn reads_as_a_person_would_tell_it() {
    let (channel, project) = applied("v4", 4);
    let edit = |number, edit: fn(&mut Value)| channel.running().edit(&id(number), edit);
    edit(0, |user| {
        user["profile"]["plan"] = json!("free\u{1b}[31m");
        user["profile"]["name"] = json!("somebody");
        user["profile"]["sizes"] = json!({"one": 1});
        user["profile"]["betaUntil"] = json!("2027");
        user["unsubscribeEmail"] = json!(true);
        without(user, "trial");
    })
    .expect("edited");
    channel.running().delete(&id(1)).expect("deleted");
    edit(2, |user| user["unsubscribeEmail"] = json!(true)).expect("edited");
    // Declared anew and there already: neither is drift.
    project.edit("users/a.yaml", "seats: 3", "seats: 33");
    edit(3, |user| user["profile"]["seats"] = json!(33)).expect("edited");

    let ran = project.run(&["drift"]).expect(0);
    insta::assert_snapshot!(ran.stdout, @r#"
      ~ changed   - gone or missing   + there again   * the person's choice

      # u-00000 is on Channel otherwise than applied      users/a.yaml:9
      ~ u-00000
          + profile.betaUntil   "2027"   (cleared, and there again)
          ~ profile.name        (sensitive)
          ~ profile.plan        "pro" -> "free\u{1b}[31m"
          ~ profile.sizes       [1, 2] -> (a value that no manifest can declare)
          - profile.trial       true   (not on Channel)
          * unsubscribeEmail    false -> true   (the person's choice)
            # 5 fields as applied hidden

      # u-00001 is gone from Channel                      users/a.yaml:10
      - u-00001

      # u-00002 chose about messages since                users/a.yaml:11
      * u-00002
          * unsubscribeEmail   false -> true   (the person's choice)
            # 10 fields as applied hidden

    Drift: 1 changed, 1 gone, 2 with a choice of the person's own. 1 as applied.
    "#);
    let markdown = project
        .run(&["drift", "--format", "markdown"])
        .expect(0)
        .stdout;
    insta::assert_snapshot!(markdown, @r#"
    <!-- talkform drift -->
    ### talkform drift

    **Drift: 1 changed, 1 gone, 2 with a choice of the person's own. 1 as applied.**

    <details open><summary><b>On Channel otherwise than applied</b> (1 user)</summary>

    ```diff
    # u-00000 is on Channel otherwise than applied   users/a.yaml:9
    ! u-00000
    +     profile.betaUntil   "2027"   (cleared, and there again)
    !     profile.name        (sensitive)
    !     profile.plan        "pro" -> "free\u{1b}[31m"
    !     profile.sizes       [1, 2] -> (a value that no manifest can declare)
    -     profile.trial       true   (not on Channel)
    *     unsubscribeEmail    false -> true   (the person's choice)
          # 5 fields as applied hidden
    ```

    </details>

    <details open><summary><b>Gone from Channel</b> (1 user)</summary>

    ```diff
    # u-00001 is gone from Channel   users/a.yaml:10
    - u-00001
    ```

    </details>

    <details><summary><b>The person's own choice</b> (1 user)</summary>

    ```diff
    # u-00002 chose about messages since   users/a.yaml:11
    * u-00002
    *     unsubscribeEmail   false -> true   (the person's choice)
          # 10 fields as applied hidden
    ```

    </details>
    "#);
    let open = project.run(&["drift", "--show-sensitive"]).expect(0).stdout;
    assert!(open.contains("\"n0\" -> \"somebody\""), "{open}");
}

#[test]
fn a_comment_is_never_longer_than_asked() {
    const USERS: usize = 300;
    let (channel, project) = applied("v4", USERS);
    for number in 0..USERS {
        let edit = |user: &mut Value| user["profile"]["plan"] = json!(format!("`````{number}"));
        channel.running().edit(&id(number), edit).expect("edited");
    }
    for most in [0, 300, 1000, 5000, 60_000] {
        let most_text = most.to_string();
        let arguments = ["drift", "--format", "markdown", "--max-bytes", &most_text];
        let text = project.run(&arguments).expect(0).stdout;
        assert!(text.len() <= most, "{most}: {}", text.len());
        assert!(most < 300 || text.contains("300 changed"), "{text}");
        assert_eq!(
            most < 60_000 && most > 0,
            text.contains("is shortened"),
            "{most}"
        );
    }
    let text = project.run(&["drift"]).expect(0).stdout;
    assert_eq!(text.matches("will").count(), 0);
    assert!(
        text.ends_with("Drift: 300 changed. 0 as applied.\n"),
        "{text}"
    );
}

#[test]
fn what_was_never_confirmed_is_said() {
    let channel = Channel::faulty(&["ignore-tags"]);
    let project = channel.project();
    project.write(
        "users/a.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: \"u-1\"\ntags: [vip]\n",
    );
    project.run(&["apply", "--auto-approve"]).expect(0);
    let text = project.run(&["drift"]).expect(0).stdout;
    assert!(
        text.contains("~ tags   [- vip]   (Channel never confirmed it)"),
        "{text}"
    );
    assert_eq!(
        drift(&project, &[])["drift"][0]["fields"][0]["neverConfirmed"],
        true
    );
}

#[test]
fn a_sample_can_be_repeated() {
    let (channel, project) = applied("v4", 50);
    let read = |arguments: &[&str]| {
        let before = channel.about_users().len();
        let answer = drift(&project, arguments);
        let log = channel.about_users();
        let mut paths: Vec<String> = log[before..].iter().map(|l| l.path.clone()).collect();
        paths.sort();
        (paths, answer)
    };
    let (first, answer) = read(&["--sample", "7"]);
    assert_eq!(first.len(), 7);
    assert_eq!(answer["sample"]["of"], 50);
    let seed = answer["sample"]["seed"].to_string();
    let (again, _) = read(&["--sample", "7", "--seed", &seed]);
    assert_eq!(first, again);
    let (other, _) = read(&["--sample", "7", "--seed", "1"]);
    let (another, _) = read(&["--sample", "7", "--seed", "2"]);
    assert_ne!(other, another);
    let (all, answer) = read(&["--sample", "99"]);
    assert_eq!((all.len(), &answer["users"]), (50, &json!(50)));
    let (selected, _) = read(&["--select", "u-0000*"]);
    assert_eq!(selected.len(), 10);
    project.run(&["drift", "--seed", "1"]).expect(64);
}

#[test]
fn trouble_has_its_exit_code() {
    let (channel, project) = applied("v4", 30);
    let faults = |texts: &[&str]| {
        let parsed = texts.iter().map(|text| text.parse().expect("a fault"));
        channel.running().set_faults(parsed.collect());
    };
    let quick = ["drift", "--detailed-exitcode", "--retry-pause", "1ms"];
    faults(&["500@u-00003"]);
    let ran = project.run(&quick).expect(3);
    assert!(
        ran.stdout
            .contains("1 user could not be read:\n  u-00003   500 from Channel"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .contains("No drift among 29 users that could be read."),
        "{}",
        ran.stdout
    );
    faults(&["401#1+"]);
    let ran = project.run(&quick).expect(4);
    assert!(ran.stdout.contains("does not accept the credentials"));
    faults(&["501#1+"]);
    let ran = project.run(&quick).expect(4);
    assert!(ran.stdout.contains("too many failures in a row"));
    faults(&["wrong-channel"]);
    let before = gets(&channel);
    let ran = project.run(&quick).expect(1);
    assert!(ran.stderr.contains("another-channel"), "{}", ran.stderr);
    assert_eq!(gets(&channel), before, "nobody was read");
    faults(&[]);
    project.run(&quick).expect(0);

    let fresh = channel.project();
    let ran = project_without_state(&fresh);
    assert!(ran.contains("there is no state"), "{ran}");
}

fn project_without_state(project: &Project) -> String {
    project.write(
        "users/a.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: \"u-1\"\n",
    );
    project.run(&["drift"]).expect(1).stderr
}
