//! Plans in which the API version changes, or a user is deleted.

use insta::assert_snapshot;

use crate::stories::check::{check_list, deleting, on_v5};

#[test]
fn another_api_version() {
    let text = check_list(
        &on_v5(),
        "users: [{ memberId: u-1, profile: { plan: free }, unsubscribed: true }, { memberId: u-2 }]",
        "users: [{ memberId: u-1, profile: { plan: free } }, { memberId: u-2 }]",
    );
    assert_snapshot!(text, @"
    Destination: channel 6263 at https://api.channel.io, API v5

      ~ update   . forget

      # API v4 -> v5: no users are sent because of it; the state will record v5
      # API v5 has no `unsubscribed`: its record is released for 1 user

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
    Destination: channel 6263 at https://api.channel.io, API v5

      # API v4 -> v5: no users are sent because of it; the state will record v5

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
    Destination: channel 6263 at https://api.channel.io, API v4

      ~ update   - clear   x delete

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          - profile.plan   (no longer declared)

      # u-2 is no longer declared: deleted on Channel, for good
      x u-2

    Plan: 1 to update, 1 to delete. 0 unchanged.
    1 user will be deleted on Channel. That cannot be undone.
    2 requests, all within the burst of 1,000.
    Plan digest: sha256:…

    This plan exceeds the project's limits: apply refuses it.

      limit      allowed                planned
      create     500                          0
      update     30%, not counted yet         1
      clear      10% = 1                      1
      forget     10% = 1                      0
      delete     0                            1   <- too many
      optIn      0                            0
      recreate   0                            0
      minUsers   at least 1                   1

    If these changes are intended, approve exactly this plan:
      talkform apply --approve-limits sha256:…
    ");
}
