//! Plans an edit of applied manifests, and snapshots the text of the plan.

use insta::assert_snapshot;
use talkform::model::{ApiVersion, Project, RemovedPolicy, RemovedUsers};
use talkform::render::{PlanView, TextOptions, plan as plan_renderer};

use crate::planning::{Planning, users};

/// The text of the plan that leads from applied manifests to edited ones; digests are cut.
fn check_with(planning: &Planning, before: &str, after: &str) -> String {
    let state = planning.recorded(&users(before));
    let plan = planning.plan(&users(after), &state);
    let view = PlanView::new(&plan, &Project::default().sensitive, false);
    let mut text = String::new();
    plan_renderer::text::write(&mut text, &view, &TextOptions::default()).expect("a text");
    let mut parts = text.split("sha256:");
    let mut cut = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digest, rest) = part.split_at(64);
        assert!(digest.bytes().all(|byte| byte.is_ascii_hexdigit()));
        cut.push_str("sha256:…");
        cut.push_str(rest);
    }
    cut
}

/// One user's fields, before and after.
fn check(before: &str, after: &str) -> String {
    let user =
        |fields: &str| format!("apiVersion: talkform/v1\nkind: User\nmemberId: u-1\n{fields}");
    check_with(&Planning::default(), &user(before), &user(after))
}

/// The content of a list, before and after.
fn check_list(planning: &Planning, before: &str, after: &str) -> String {
    let list = |content: &str| format!("apiVersion: talkform/v1\nkind: UserList\n{content}");
    check_with(planning, &list(before), &list(after))
}

fn deleting() -> Planning {
    Planning {
        removed: RemovedPolicy {
            users: RemovedUsers::Delete,
            ..RemovedPolicy::default()
        },
        ..Planning::default()
    }
}

fn on_v5() -> Planning {
    Planning {
        api: ApiVersion::V5,
        ..Planning::default()
    }
}

#[test]
fn a_value_changes() {
    let text = check(
        "profile: { plan: free, seats: 3 }",
        "profile: { plan: pro, seats: 3 }",
    );
    assert_snapshot!(text, @r#"
      ~ update

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          ~ profile.plan   (as applied) -> "pro"
            # 1 unchanged field hidden

    Plan: 1 to update. 0 unchanged.
    About 1 request, under a second at 10 a second.
    Plan digest: sha256:…
    "#);
}

#[test]
fn a_key_goes_and_another_comes() {
    let text = check("profile: { plan: free }", "profile: { seats: 3 }");
    assert_snapshot!(text, @"
      + create   ~ update   - clear

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          - profile.plan    (no longer declared)
          + profile.seats   3

    Plan: 1 to update. 0 unchanged.
    About 1 request, under a second at 10 a second.
    Plan digest: sha256:…
    ");
}

#[test]
fn a_key_is_declared_gone() {
    let text = check("profile: { beta: true }", "profile: { beta: null }");
    assert_snapshot!(text, @"
      ~ update   - clear

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          - profile.beta   true   (declared null)

    Plan: 1 to update. 0 unchanged.
    About 1 request, under a second at 10 a second.
    Plan digest: sha256:…
    ");
}

#[test]
fn only_the_kind_of_a_value_changes() {
    let text = check("profile: { code: \"1\" }", "profile: { code: 1 }");
    assert_snapshot!(text, @"
      ~ update

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          ~ profile.code   (as applied) -> 1

    Plan: 1 to update. 0 unchanged.
    About 1 request, under a second at 10 a second.
    Plan digest: sha256:…
    ");
}

#[test]
fn tags_go() {
    let text = check(
        "tags: [vip]\nprofile: { plan: pro }",
        "profile: { plan: pro }",
    );
    assert_snapshot!(text, @"
      ~ update   - clear

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          - tags   (no longer declared)
            # 1 unchanged field hidden

    Plan: 1 to update. 0 unchanged.
    About 1 request, under a second at 10 a second.
    Plan digest: sha256:…
    ");
}

#[test]
fn a_flag_is_released() {
    let text = check(
        "unsubscribeEmail: true\nprofile: { plan: pro }",
        "profile: { plan: pro }",
    );
    assert_snapshot!(text, @"
      ~ update   . forget

      # u-1 will be updated in the state only             users/story.yaml:3
      ~ u-1
          . unsubscribeEmail   left as it is on Channel
            # 1 unchanged field hidden

    Plan: 1 to update. 0 unchanged.
    No requests: only the state changes.
    Plan digest: sha256:…
    ");
}

#[test]
fn somebody_is_opted_in() {
    let text = check("unsubscribeEmail: true", "unsubscribeEmail: false");
    assert_snapshot!(text, @"
      ~ update

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          ~ unsubscribeEmail   true -> false   # may message someone who opted out

    Plan: 1 to update. 0 unchanged.
    1 user may be messaged again after opting out.
    About 1 request, under a second at 10 a second.
    Plan digest: sha256:…

    This plan exceeds the project's limits: apply refuses it.

      limit      allowed                planned
      create     500                          0
      update     30%, not counted yet         1
      clear      10%, not counted yet         0
      forget     10%, not counted yet         0
      delete     0                            0
      optIn      0                            1   <- too many
      minUsers   at least 1                   1

    If all of this is meant, approve this plan and no other:
      talkform apply --approve-limits sha256:…
    ");
}

#[test]
fn a_key_moves_to_once() {
    let text = check(
        "profile: { source: naver }",
        "profileOnce: { source: naver }",
    );
    assert_snapshot!(text, @r#"
      + create   ~ update   . forget

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          . profile.source       left as it is on Channel
          + profileOnce.source   "naver"   (kept if already present)

    Plan: 1 to update. 0 unchanged.
    About 1 request, under a second at 10 a second.
    Plan digest: sha256:…
    "#);
}

#[test]
fn a_name_changes() {
    let text = check("profile: { name: Coco }", "profile: { name: Gabrielle }");
    assert_snapshot!(text, @"
      ~ update

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          ~ profile.name   (sensitive)

    Plan: 1 to update. 0 unchanged.
    About 1 request, under a second at 10 a second.
    Plan digest: sha256:…
    ");
}

#[test]
fn nothing_changes() {
    let text = check(
        "profile: { name: Coco }",
        "profile: { name: Coco } # the same",
    );
    assert_snapshot!(text, @"No changes. Your channel matches the manifests. (1 user)");
}

#[test]
fn another_api_version() {
    let text = check_list(
        &on_v5(),
        "users: [{ memberId: u-1, profile: { plan: free }, unsubscribed: true }, { memberId: u-2 }]",
        "users: [{ memberId: u-1, profile: { plan: free } }, { memberId: u-2 }]",
    );
    assert_snapshot!(text, @"
      ~ update   . forget

      # API v4 -> v5: no user has to be sent for it; the state will name v5 from then on
      # API v5 has no `unsubscribed`: what is recorded of it is released for 1 user

      # u-1 will be updated in the state only: the new API version has no such field  users/story.yaml:3
      ~ u-1
          . unsubscribed   left as it is on Channel
            # 1 unchanged field hidden

    Plan: API v4 -> v5, 1 to update. 1 unchanged.
    No requests: only the state changes.
    Plan digest: sha256:…
    ");
}

#[test]
fn another_api_version_and_nothing_else() {
    let text = check_list(
        &on_v5(),
        "users: [{ memberId: u-1, profile: { plan: free } }]",
        "users: [{ memberId: u-1, profile: { plan: free } }]",
    );
    assert_snapshot!(text, @"
      # API v4 -> v5: no user has to be sent for it; the state will name v5 from then on

    Plan: API v4 -> v5. 1 unchanged.
    No requests: only the state changes.
    Plan digest: sha256:…
    ");
}

#[test]
fn somebody_is_deleted_and_somebody_loses_a_field() {
    let text = check_list(
        &deleting(),
        "users: [{ memberId: u-1, profile: { plan: free } }, { memberId: u-2, profile: { plan: pro } }]",
        "users: [{ memberId: u-1 }]",
    );
    assert_snapshot!(text, @"
      ~ update   - clear   x delete

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          - profile.plan   (no longer declared)

      # u-2 is no longer declared: deleted on Channel, for good
      x u-2

    Plan: 1 to update, 1 to delete. 0 unchanged.
    1 user will be deleted on Channel. That cannot be undone.
    About 2 requests, under a second at 10 a second.
    Plan digest: sha256:…

    This plan exceeds the project's limits: apply refuses it.

      limit      allowed                planned
      create     500                          0
      update     30%, not counted yet         1
      clear      10%, not counted yet         1
      forget     10%, not counted yet         0
      delete     0                            1   <- too many
      optIn      0                            0
      minUsers   at least 1                   1

    If all of this is meant, approve this plan and no other:
      talkform apply --approve-limits sha256:…
    ");
}

#[test]
fn an_id_changes() {
    let text = check_list(
        &Planning::default(),
        "users: [{ memberId: u-1, profile: { plan: free, seats: 3, name: Coco }, tags: [vip], unsubscribeEmail: false }]",
        "moved: [{ from: u-1, to: u-2 }]\nusers: [{ memberId: u-2, profile: { plan: pro, seats: 3, name: Coco }, unsubscribeEmail: false }]",
    );
    assert_snapshot!(text, @r#"
      > move   - clear

      # u-1 moves to u-2                                  users/story.yaml:4
      # u-1 stays on Channel as it is; nothing ties it to u-2
      > u-1 -> u-2
          ~ profile.plan   (as applied) -> "pro"
          - tags           (no longer declared)
            # 3 unchanged fields hidden

    Plan: 1 to move. 0 unchanged.
    1 user moves to another id. What only Channel knows of the old one, such as an unsubscription, does not move.
    About 1 request, under a second at 10 a second.
    Plan digest: sha256:…
    "#);
}

#[test]
fn an_id_changes_and_the_old_one_is_deleted() {
    let text = check_list(
        &deleting(),
        "users: [{ memberId: u-1, profile: { plan: free } }]",
        "moved: [{ from: u-1, to: u-2 }]\nusers: [{ memberId: u-2, profile: { plan: free } }]",
    );
    assert_snapshot!(text, @"
      > move

      # u-1 moves to u-2                                  users/story.yaml:4
      # u-1 is deleted on Channel, for good, once Channel has u-2
      > u-1 -> u-2
            # 1 unchanged field hidden

    Plan: 1 to move. 0 unchanged.
    1 user moves to another id. What only Channel knows of the old one, such as an unsubscription, does not move.
    1 user will be deleted on Channel. That cannot be undone.
    About 2 requests, under a second at 10 a second.
    Plan digest: sha256:…

    This plan exceeds the project's limits: apply refuses it.

      limit      allowed                planned
      create     500                          0
      update     30%, not counted yet         1
      clear      10%, not counted yet         0
      forget     10%, not counted yet         0
      delete     0                            1   <- too many
      optIn      0                            0
      minUsers   at least 1                   1

    If all of this is meant, approve this plan and no other:
      talkform apply --approve-limits sha256:…
    ");
}

#[test]
fn an_opt_out_does_not_move() {
    let text = check_list(
        &Planning::default(),
        "users: [{ memberId: u-1, unsubscribeEmail: true, unsubscribeTexting: false, profileOnce: { source: naver } }]",
        "moved: [{ from: u-1, to: u-2 }]\nusers: [{ memberId: u-2 }]",
    );
    assert_snapshot!(text, @"
      > move   . forget

      # u-1 moves to u-2                                  users/story.yaml:4
      # u-1 stays on Channel as it is; nothing ties it to u-2
      > u-1 -> u-2
          . profileOnce.source   not carried over to the new id
          . unsubscribeEmail     not carried over to the new id   # may message someone who opted out
          . unsubscribeTexting   not carried over to the new id

    Plan: 1 to move. 0 unchanged.
    1 user moves to another id. What only Channel knows of the old one, such as an unsubscription, does not move.
    1 user may be messaged again after opting out.
    About 1 request, under a second at 10 a second.
    Plan digest: sha256:…

    This plan exceeds the project's limits: apply refuses it.

      limit      allowed                planned
      create     500                          0
      update     30%, not counted yet         1
      clear      10%, not counted yet         0
      forget     10%, not counted yet         0
      delete     0                            0
      optIn      0                            1   <- too many
      minUsers   at least 1                   1

    If all of this is meant, approve this plan and no other:
      talkform apply --approve-limits sha256:…
    ");
}

#[test]
fn a_move_that_was_made() {
    let text = check_list(
        &Planning::default(),
        "users: [{ memberId: u-2, profile: { plan: free } }]",
        "moved: [{ from: u-1, to: u-2 }]\nusers: [{ memberId: u-2, profile: { plan: free } }]",
    );
    assert_snapshot!(text, @"No changes. Your channel matches the manifests. (1 user)");
}

#[test]
fn both_ids_are_recorded() {
    let text = check_list(
        &Planning::default(),
        "users: [{ memberId: u-1, profile: { plan: free } }, { memberId: u-2, profile: { plan: free } }]",
        "moved: [{ from: u-1, to: u-2 }]\nusers: [{ memberId: u-2, profile: { plan: pro } }]",
    );
    assert_snapshot!(text, @r#"
      ~ update   . forget

      # u-1 is no longer declared: forgotten here, left as it is on Channel
      . u-1

      # u-2 will be updated                               users/story.yaml:4
      ~ u-2
          ~ profile.plan   (as applied) -> "pro"

    Plan: 1 to update, 1 to forget. 0 unchanged.
    About 1 request, under a second at 10 a second.
    Plan digest: sha256:…
    "#);
}

#[test]
fn an_id_probably_changed() {
    let text = check_list(
        &Planning::default(),
        "users: [{ memberId: u-1, profile: { plan: free } }, { memberId: u-3 }]",
        "users: [{ memberId: u-2, profile: { plan: free } }, { memberId: u-4 }]",
    );
    assert_snapshot!(text, @r#"
      + create   . forget

      # u-1 is no longer declared: forgotten here, left as it is on Channel
      . u-1

      # u-2 will be created                               users/story.yaml:3
      + u-2
          + profile.plan   "free"

      # u-3 is no longer declared: forgotten here, left as it is on Channel
      . u-3

      # u-4 will be created                               users/story.yaml:3
      + u-4

      # u-1 is gone and u-2 is new with the same attributes; if the id changed, declare moved: [{ from: "u-1", to: "u-2" }]

    Plan: 2 to create, 2 to forget. 0 unchanged.
    About 2 requests, under a second at 10 a second.
    Plan digest: sha256:…
    "#);
}

#[test]
fn two_with_the_same_attributes_are_no_likely_move() {
    let text = check_list(
        &Planning::default(),
        "users: [{ memberId: u-1, profile: { plan: free } }, { memberId: u-3, profile: { plan: free } }]",
        "users: [{ memberId: u-2, profile: { plan: free } }, { memberId: u-4 }]",
    );
    assert_snapshot!(text, @r#"
      + create   . forget

      # u-1 is no longer declared: forgotten here, left as it is on Channel
      . u-1

      # u-2 will be created                               users/story.yaml:3
      + u-2
          + profile.plan   "free"

      # u-3 is no longer declared: forgotten here, left as it is on Channel
      . u-3

      # u-4 will be created                               users/story.yaml:3
      + u-4

    Plan: 2 to create, 2 to forget. 0 unchanged.
    About 2 requests, under a second at 10 a second.
    Plan digest: sha256:…
    "#);
}
