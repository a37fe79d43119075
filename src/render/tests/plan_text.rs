//! Tests the text form of a plan.

use std::collections::BTreeSet;

use insta::assert_snapshot;

use super::build::*;
use crate::model::{Plan, Previous, Reason};
use crate::render::common::style::Style;
use crate::render::plan::text::TextOptions;

fn story() -> Plan {
    plan(
        vec![
            update(
                "u-1001",
                vec![
                    clear("profile.betaUntil", Previous::DigestOnly, false),
                    change("profile.email", "g@example.com"),
                    change("profile.plan", "pro"),
                    add("profile.seats", 12),
                    known(
                        "tags",
                        texts(&["beta", "trial"]),
                        texts(&["beta", "vip/gold"]),
                    ),
                ],
                5,
            ),
            create(
                "u-2001",
                vec![
                    add("profile.email", "c@example.com"),
                    add("profile.plan", "free"),
                    once("profileOnce.utmSource", "google"),
                    add("tags", texts(&["beta", "vip/gold"])),
                    add("unsubscribeEmail", false),
                    add("unsubscribeTexting", true),
                ],
            ),
            forget("u-0093"),
        ],
        147,
    )
}

#[test]
fn create_update_and_forget() {
    assert_snapshot!(text(&story()), @r#"
    Destination: channel 6263 at https://api.channel.io, API v4

      + create   ~ update   - clear   . forget

      # u-0093 is no longer declared: forgotten here, left as it is on Channel
      . u-0093

      # u-1001 will be updated                            users/vip.yaml:14
      ~ u-1001
          - profile.betaUntil   (no longer declared)
          ~ profile.email       (sensitive)
          ~ profile.plan        (as applied) -> "pro"
          + profile.seats       12
          ~ tags                [beta, - trial, + vip/gold]
            # 5 unchanged fields hidden

      # u-2001 will be created                            users/vip.yaml:20
      + u-2001
          + profile.email           (sensitive)
          + profile.plan            "free"
          + profileOnce.utmSource   "google"   (kept if already present)
          + tags                    [beta, vip/gold]
          + unsubscribeEmail        false   # may message someone who opted out
          + unsubscribeTexting      true

    Plan: 1 to create, 1 to update, 1 to forget. 147 unchanged.
    1 user may be messaged again after opting out.
    2 requests, all within the burst of 1,000.
    Plan digest: sha256:33332f69194182e1cc82ebdb835126570db392aff3a5f345b8211f812b627b1d
    "#);
}

#[test]
fn sensitive_values_are_shown_when_asked_for() {
    let text = text_with(&story(), true, &TextOptions::default());
    assert!(
        text.contains(r#"~ profile.email       (as applied) -> "g@example.com""#),
        "{text}"
    );
    assert!(text.contains(r#""c@example.com""#), "{text}");
}

#[test]
fn colours_only_add_to_the_text() {
    let options = TextOptions {
        style: Style::coloured(),
        ..TextOptions::default()
    };
    let coloured = text_with(&story(), false, &options);
    assert!(coloured.contains("\u{1b}[32m+\u{1b}[0m"));
    assert_eq!(
        anstream::adapter::strip_str(&coloured).to_string(),
        text(&story())
    );
}

#[test]
fn what_is_cleared_left_alone_and_deleted() {
    let plan = plan(
        vec![
            update(
                "u-1",
                vec![
                    clear(
                        "profile.betaUntil",
                        Previous::Value("2026-01-01".into()),
                        true,
                    ),
                    clear("profile.plan", Previous::DigestOnly, false),
                    clear(
                        "profile.email",
                        Previous::Value("g@example.com".into()),
                        false,
                    ),
                    known("profile.seats", "1", 1),
                    release("profileOnce.utmSource"),
                    set("profile.zone", Previous::Cleared, "eu"),
                ],
                1,
            ),
            update("u-2", vec![release("unsubscribeEmail")], 0),
            delete("u-3"),
        ],
        0,
    );
    assert_snapshot!(text(&plan), @r#"
    Destination: channel 6263 at https://api.channel.io, API v4

      + create   ~ update   - clear   x delete   . forget

      # u-1 will be updated                               users/vip.yaml:14
      ~ u-1
          - profile.betaUntil       "2026-01-01"   (declared null)
          - profile.plan            (no longer declared)
          - profile.email           (no longer declared)
          ~ profile.seats           "1" -> 1
          . profileOnce.utmSource   left as it is on Channel
          + profile.zone            "eu"
            # 1 unchanged field hidden

      # u-2 will be updated in the state only             users/vip.yaml:14
      ~ u-2
          . unsubscribeEmail   left as it is on Channel

      # u-3 is no longer declared: deleted on Channel, for good
      x u-3

    Plan: 2 to update, 1 to delete. 0 unchanged.
    1 user will be deleted on Channel. That cannot be undone.
    2 requests, all within the burst of 1,000.
    Plan digest: sha256:bca63ce8d6eca88c2f3ba7c149519f1641e4c71d254d26e28d7e5f91d61eabfc
    "#);
}

#[test]
fn opting_in_stands_out() {
    let plan = plan(
        vec![
            update(
                "u-1",
                vec![
                    known("unsubscribeEmail", true, false),
                    change("unsubscribeTexting", false),
                ],
                3,
            ),
            update("u-2", vec![known("unsubscribed", false, true)], 3),
        ],
        0,
    );
    assert_snapshot!(text(&plan), @"
    Destination: channel 6263 at https://api.channel.io, API v4

      ~ update

      # u-1 will be updated                               users/vip.yaml:14
      ~ u-1
          ~ unsubscribeEmail     true -> false   # may message someone who opted out
          ~ unsubscribeTexting   (as applied) -> false   # may message someone who opted out
            # 3 unchanged fields hidden

      # u-2 will be updated                               users/vip.yaml:14
      ~ u-2
          ~ unsubscribed   false -> true
            # 3 unchanged fields hidden

    Plan: 2 to update. 0 unchanged.
    1 user may be messaged again after opting out.
    2 requests, all within the burst of 1,000.
    Plan digest: sha256:b4bd4f07074a0d32097922d7f8dd12a891a1746737eb2e58c6f4ccb4f8db1989
    ");
}

#[test]
fn rejected_before_and_another_api_version() {
    let mut again = create("u-3", vec![add("profile.plan", "pro")]);
    again.rejected = Some(Box::new(rejection(Some("validationError"))));
    let mut codeless = create("u-4", vec![]);
    codeless.rejected = Some(Box::new(rejection(None)));
    let mut moved = update("u-5", vec![], 4);
    moved.reason = Reason::ApiChanged;
    assert_snapshot!(text(&plan(vec![again, codeless, moved], 1)), @r#"
    Destination: channel 6263 at https://api.channel.io, API v4

      + create   ~ update

      # u-3 will be created                               users/vip.yaml:20
      # rejected last time: 422 validationError (attempt 2 since 2026-11-20)
      + u-3
          + profile.plan   "pro"

      # u-4 will be created                               users/vip.yaml:20
      # rejected last time: 422 (attempt 2 since 2026-11-20)
      + u-4

      # u-5 will be updated in the state only: the new API version has no such field  users/vip.yaml:14
      ~ u-5
            # 4 unchanged fields hidden

    Plan: 2 to create, 1 to update. 1 unchanged.
    3 requests, all within the burst of 1,000.
    Plan digest: sha256:a3aa6d5bb66cc7e96d4a733198412f6e7acd83cb9c8f8367fcd015ad6072807b
    "#);
}

#[test]
fn changes_that_are_alike_are_grouped() {
    let mut changes: Vec<_> = (0..412)
        .map(|number| {
            let name = format!("u-{number:04}");
            update(
                &name,
                vec![known("profile.plan", "free", "pro")],
                number % 3,
            )
        })
        .collect();
    changes.extend((0..30).map(|number| forget(&format!("old-{number:02}"))));
    changes.extend((0..8).map(|number| {
        let fields = vec![
            change("profile.plan", "team"),
            change("unsubscribeEmail", false),
        ];
        update(&format!("v-{number}"), fields, 0)
    }));
    changes.push(update(
        "u-0002x",
        vec![known("profile.plan", "free", "team")],
        2,
    ));
    assert_snapshot!(text(&plan(changes, 9)), @r#"
    Destination: channel 6263 at https://api.channel.io, API v4

      ~ update   . forget

      # 30 users are no longer declared: forgotten here, left as they are on Channel
      . 30 users (5 shown)
            old-00
            old-01
            old-02
            old-03
            old-04
            … and 25 more

      # 412 users will be updated in the same way
      ~ profile.plan: "free" -> "pro" for 412 users (5 shown)
            u-0000                                        users/vip.yaml:14
            u-0001                                        users/vip.yaml:14
            u-0002                                        users/vip.yaml:14
            u-0003                                        users/vip.yaml:14
            u-0004                                        users/vip.yaml:14
            … and 407 more

      # u-0002x will be updated                           users/vip.yaml:14
      ~ u-0002x
          ~ profile.plan   "free" -> "team"
            # 2 unchanged fields hidden

      # 8 users will be updated in the same way
      ~ 8 users (5 shown)
          ~ profile.plan       (as applied) -> "team"
          ~ unsubscribeEmail   (as applied) -> false   # may message someone who opted out
            v-0                                           users/vip.yaml:14
            v-1                                           users/vip.yaml:14
            v-2                                           users/vip.yaml:14
            v-3                                           users/vip.yaml:14
            v-4                                           users/vip.yaml:14
            … and 3 more

    Changes that are alike are shown together; --full shows every user.

    Plan: 421 to update, 30 to forget. 9 unchanged.
    8 users may be messaged again after opting out.
    421 requests, all within the burst of 1,000.
    Plan digest: sha256:c1ad4eb5197f23997c7be6782427bed8754c163ac82a6f7c72f45ca62035183b
    "#);
}

#[test]
fn different_sensitive_values_look_alike() {
    let mut changes: Vec<_> = (0..21)
        .map(|number| {
            let email = format!("person{number}@example.com");
            update(
                &format!("u-{number:02}"),
                vec![change("profile.email", &*email)],
                2,
            )
        })
        .collect();
    changes.sort_by(|one, other| other.id.cmp(&one.id));
    let masked = text(&plan(changes, 0));
    assert!(
        masked.contains("~ profile.email: (sensitive) for 21 users (5 shown)"),
        "{masked}"
    );
}

#[test]
fn many_creates_are_counted() {
    let changes = (0..10_000)
        .map(|number| {
            create(
                &format!("u-{number:05}"),
                vec![add("profile.number", number)],
            )
        })
        .collect();
    let plan = plan(changes, 0);
    let shown = text(&plan);
    assert!(shown.lines().count() < 100);
    let end = shown.find("  # u-00019").expect("the twentieth");
    assert_snapshot!(&shown[end..], @"
      # u-00019 will be created                           users/vip.yaml:20
      + u-00019
          + profile.number   19

      + … and 9980 more users to create

    Changes that are alike are shown together; --full shows every user.

    Plan: 10000 to create. 0 unchanged.
    10,000 requests, about 15 minutes at 10 a second after the first 1,000.
    Plan digest: sha256:3bf50f7e301ecf0dd4a31ebe38a42dbaf04f6d617545d889beae9ea0bdb6b811
    ");

    let options = TextOptions {
        full: true,
        ..TextOptions::default()
    };
    let full = text_with(&plan, false, &options);
    let lines: BTreeSet<&str> = full.lines().collect();
    assert!((0..10_000).all(|number| lines.contains(&*format!("  + u-{number:05}"))));
}

#[test]
fn nothing_to_do() {
    assert_snapshot!(text(&plan(vec![], 150)), @"
    Destination: channel 6263 at https://api.channel.io, API v4

    No changes. Your channel matches the manifests. (150 users)
    ");
    assert_snapshot!(text(&plan(vec![], 1)), @"
    Destination: channel 6263 at https://api.channel.io, API v4

    No changes. Your channel matches the manifests. (1 user)
    ");
}

#[test]
fn what_is_not_certain_is_said_with_changes_and_without() {
    assert_snapshot!(text(&uncertain(plan(vec![], 150))), @"
    Destination: channel 6263 at https://api.channel.io, API v4

    No changes. It is not certain that your channel matches the manifests. (150 users)
    1 user was being sent when the last run ended; Channel may have either.
    Channel's last response about 7 users did not show these fields as declared (`talkform plan --refresh` compares them with what Channel has):
    - profile.a`b: 1 user (u-`1)
    - unsubscribeEmail: 7 users (u-1, u-2, u-3, u-4, u-5, … and 2 more)
    ");
    let mut refreshed = uncertain(plan(vec![], 150));
    refreshed.refreshed = true;
    assert!(!text(&refreshed).contains("--refresh"));
    let changed = text(&uncertain(plan(vec![forget("u-1")], 61)));
    let end = changed.find("Plan:").expect("the totals");
    assert_snapshot!(&changed[end..], @"
    Plan: 1 to forget. 61 unchanged.
    No requests: only the state changes.
    1 user was being sent when the last run ended; Channel may have either.
    Channel's last response about 7 users did not show these fields as declared (`talkform plan --refresh` compares them with what Channel has):
    - profile.a`b: 1 user (u-`1)
    - unsubscribeEmail: 7 users (u-1, u-2, u-3, u-4, u-5, … and 2 more)
    Plan digest: sha256:84d72046677b77bde606ab02a14bd157f61bbc5c0f4af39a2c6f9e4b70a9b616
    ");
}

#[test]
fn limits_that_trip() {
    assert_snapshot!(text(&tripped(plan(vec![forget("u-1")], 61), 162)), @"
    Destination: channel 6263 at https://api.channel.io, API v4

      . forget

      # u-1 is no longer declared: forgotten here, left as it is on Channel
      . u-1

    Plan: 1 to forget. 61 unchanged.
    No requests: only the state changes.
    Plan digest: sha256:84d72046677b77bde606ab02a14bd157f61bbc5c0f4af39a2c6f9e4b70a9b616

    This plan exceeds the project's limits: apply refuses it.

      limit      allowed                planned
      create     500                          1
      update     30% = 45                    60   <- too many
      clear      10%, not counted yet         1
      forget     12.5% = 18                   0
      delete     0                            0
      optIn      0                            1   <- too many
      recreate   0                            0
      minUsers   at least 100               162

    If these changes are intended, approve exactly this plan:
      talkform apply --approve-limits sha256:84d72046677b77bde606ab02a14bd157f61bbc5c0f4af39a2c6f9e4b70a9b616
    ");
}

#[test]
fn too_few_users_cannot_be_approved() {
    let text = text(&tripped(plan(vec![forget("u-1")], 61), 62));
    let end = text.find("  minUsers").expect("the limit");
    assert_snapshot!(&text[end..], @"
      minUsers   at least 100                62   <- too few

    A plan with fewer users than minUsers cannot be approved. Check that all manifests are found.
    If they are, lower limits.minUsers in talkform.yaml.
    ");
}

#[test]
fn long_ids_and_korean_ids_keep_their_place() {
    let long = "x".repeat(64);
    let plan = plan(
        vec![
            update(
                "회원-한글",
                vec![change("profile.등급", "골드"), change("profile.seats", 2)],
                0,
            ),
            update(&long, vec![change("profile.plan", "pro")], 0),
        ],
        0,
    );
    assert_snapshot!(text(&plan), @r#"
    Destination: channel 6263 at https://api.channel.io, API v4

      ~ update

      # xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx will be updated  users/vip.yaml:14
      ~ xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
          ~ profile.plan   (as applied) -> "pro"

      # 회원-한글 will be updated                         users/vip.yaml:14
      ~ 회원-한글
          ~ profile.등급    (as applied) -> "골드"
          ~ profile.seats   (as applied) -> 2

    Plan: 2 to update. 0 unchanged.
    2 requests, all within the burst of 1,000.
    Plan digest: sha256:df9f4c238a74c9739a26ad2636a513d173550d9d2632fc807c740151f3c6bbd5
    "#);
}
