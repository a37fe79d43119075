//! Plans in which the id of a user changes.

use insta::assert_snapshot;

use crate::planning::Planning;
use crate::stories::check::{check_list, deleting};

#[test]
fn an_id_changes() {
    let text = check_list(
        &Planning::default(),
        "users: [{ memberId: u-1, profile: { plan: free, seats: 3, name: Coco }, tags: [vip], unsubscribeEmail: false }]",
        "moved: [{ from: u-1, to: u-2 }]\nusers: [{ memberId: u-2, profile: { plan: pro, seats: 3, name: Coco }, unsubscribeEmail: false }]",
    );
    assert_snapshot!(text, @r#"
    Destination: channel 6263 at https://api.channel.io, API v4

      > move   - clear

      # u-1 moves to u-2                                  users/story.yaml:4
      # u-1 stays on Channel unchanged and is not linked to u-2
      > u-1 -> u-2
          ~ profile.plan   (as applied) -> "pro"
          - tags           (no longer declared)
            # 3 unchanged fields hidden

    Plan: 1 to move. 0 unchanged.
    1 user moves to another id. Data that exists only on Channel, such as an unsubscription, does not move.
    1 request, within the burst of 1,000.
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
    Destination: channel 6263 at https://api.channel.io, API v4

      > move

      # u-1 moves to u-2                                  users/story.yaml:4
      # u-1 is deleted on Channel, for good, after Channel accepts u-2
      > u-1 -> u-2
            # 1 unchanged field hidden

    Plan: 1 to move. 0 unchanged.
    1 user moves to another id. Data that exists only on Channel, such as an unsubscription, does not move.
    1 user will be deleted on Channel. That cannot be undone.
    2 requests, all within the burst of 1,000.
    Plan digest: sha256:…

    This plan exceeds the project's limits: apply refuses it.

      limit      allowed                planned
      create     500                          0
      update     30%, not counted yet         1
      clear      10% = 1                      0
      forget     10% = 1                      0
      delete     0                            1   <- too many
      optIn      0                            0
      recreate   0                            0
      minUsers   at least 1                   1

    If these changes are intended, approve exactly this plan:
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
    Destination: channel 6263 at https://api.channel.io, API v4

      > move   . forget

      # u-1 moves to u-2                                  users/story.yaml:4
      # u-1 stays on Channel unchanged and is not linked to u-2
      > u-1 -> u-2
          . profileOnce.source   not carried over to the new id
          . unsubscribeEmail     not carried over to the new id   # may message someone who opted out
          . unsubscribeTexting   not carried over to the new id

    Plan: 1 to move. 0 unchanged.
    1 user moves to another id. Data that exists only on Channel, such as an unsubscription, does not move.
    1 user may be messaged again after opting out.
    1 request, within the burst of 1,000.
    Plan digest: sha256:…

    This plan exceeds the project's limits: apply refuses it.

      limit      allowed                planned
      create     500                          0
      update     30%, not counted yet         1
      clear      10% = 1                      0
      forget     10% = 1                      0
      delete     0                            0
      optIn      0                            1   <- too many
      recreate   0                            0
      minUsers   at least 1                   1

    If these changes are intended, approve exactly this plan:
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
    assert_snapshot!(text, @"
    Destination: channel 6263 at https://api.channel.io, API v4

    No changes. Your channel matches the manifests. (1 user)
    ");
}

#[test]
fn both_ids_are_recorded() {
    let text = check_list(
        &Planning::default(),
        "users: [{ memberId: u-1, profile: { plan: free } }, { memberId: u-2, profile: { plan: free } }]",
        "moved: [{ from: u-1, to: u-2 }]\nusers: [{ memberId: u-2, profile: { plan: pro } }]",
    );
    assert_snapshot!(text, @r#"
    Destination: channel 6263 at https://api.channel.io, API v4

      ~ update   . forget

      # u-1 is no longer declared: forgotten here, left as it is on Channel
      . u-1

      # u-2 will be updated                               users/story.yaml:4
      ~ u-2
          ~ profile.plan   (as applied) -> "pro"

    Plan: 1 to update, 1 to forget. 0 unchanged.
    1 request, within the burst of 1,000.
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
    Destination: channel 6263 at https://api.channel.io, API v4

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

      # u-1 is removed and u-2 is new with identical attributes; if the id changed, declare moved: [{ from: "u-1", to: "u-2" }]

    Plan: 2 to create, 2 to forget. 0 unchanged.
    2 requests, all within the burst of 1,000.
    Plan digest: sha256:…

    This plan exceeds the project's limits: apply refuses it.

      limit      allowed                planned
      create     500                          2
      update     30%, not counted yet         0
      clear      10% = 1                      0
      forget     10% = 1                      2   <- too many
      delete     0                            0
      optIn      0                            0
      recreate   0                            0
      minUsers   at least 1                   2

    If these changes are intended, approve exactly this plan:
      talkform apply --approve-limits sha256:…
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
    Destination: channel 6263 at https://api.channel.io, API v4

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
    2 requests, all within the burst of 1,000.
    Plan digest: sha256:…

    This plan exceeds the project's limits: apply refuses it.

      limit      allowed                planned
      create     500                          2
      update     30%, not counted yet         0
      clear      10% = 1                      0
      forget     10% = 1                      2   <- too many
      delete     0                            0
      optIn      0                            0
      recreate   0                            0
      minUsers   at least 1                   2

    If these changes are intended, approve exactly this plan:
      talkform apply --approve-limits sha256:…
    "#);
}
