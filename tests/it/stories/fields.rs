//! Plans in which fields of one user change.

use insta::assert_snapshot;

use crate::stories::check::check;

#[test]
fn a_value_changes() {
    let text = check(
        "profile: { plan: free, seats: 3 }",
        "profile: { plan: pro, seats: 3 }",
    );
    assert_snapshot!(text, @r#"
    Destination: channel 6263 at https://api.channel.io, API v4

      ~ update

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          ~ profile.plan   (as applied) -> "pro"
            # 1 unchanged field hidden

    Plan: 1 to update. 0 unchanged.
    1 request, within the burst of 1,000.
    Plan digest: sha256:…
    "#);
}

#[test]
fn a_key_goes_and_another_comes() {
    let text = check("profile: { plan: free }", "profile: { seats: 3 }");
    assert_snapshot!(text, @"
    Destination: channel 6263 at https://api.channel.io, API v4

      + create   ~ update   - clear

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          - profile.plan    (no longer declared)
          + profile.seats   3

    Plan: 1 to update. 0 unchanged.
    1 request, within the burst of 1,000.
    Plan digest: sha256:…
    ");
}

#[test]
fn a_key_is_declared_gone() {
    let text = check("profile: { beta: true }", "profile: { beta: null }");
    assert_snapshot!(text, @"
    Destination: channel 6263 at https://api.channel.io, API v4

      ~ update   - clear

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          - profile.beta   true   (declared null)

    Plan: 1 to update. 0 unchanged.
    1 request, within the burst of 1,000.
    Plan digest: sha256:…
    ");
}

#[test]
fn only_the_kind_of_a_value_changes() {
    let text = check("profile: { code: \"1\" }", "profile: { code: 1 }");
    assert_snapshot!(text, @"
    Destination: channel 6263 at https://api.channel.io, API v4

      ~ update

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          ~ profile.code   (as applied) -> 1

    Plan: 1 to update. 0 unchanged.
    1 request, within the burst of 1,000.
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
    Destination: channel 6263 at https://api.channel.io, API v4

      ~ update   - clear

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          - tags   (no longer declared)
            # 1 unchanged field hidden

    Plan: 1 to update. 0 unchanged.
    1 request, within the burst of 1,000.
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
    Destination: channel 6263 at https://api.channel.io, API v4

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
    Destination: channel 6263 at https://api.channel.io, API v4

      ~ update

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          ~ unsubscribeEmail   true -> false   # may message someone who opted out

    Plan: 1 to update. 0 unchanged.
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
fn a_key_moves_to_once() {
    let text = check(
        "profile: { source: naver }",
        "profileOnce: { source: naver }",
    );
    assert_snapshot!(text, @r#"
    Destination: channel 6263 at https://api.channel.io, API v4

      + create   ~ update   . forget

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          . profile.source       left as it is on Channel
          + profileOnce.source   "naver"   (kept if already present)

    Plan: 1 to update. 0 unchanged.
    1 request, within the burst of 1,000.
    Plan digest: sha256:…
    "#);
}

#[test]
fn a_name_changes() {
    let text = check("profile: { name: Coco }", "profile: { name: Gabrielle }");
    assert_snapshot!(text, @"
    Destination: channel 6263 at https://api.channel.io, API v4

      ~ update

      # u-1 will be updated                               users/story.yaml:3
      ~ u-1
          ~ profile.name   (sensitive)

    Plan: 1 to update. 0 unchanged.
    1 request, within the burst of 1,000.
    Plan digest: sha256:…
    ");
}

#[test]
fn nothing_changes() {
    let text = check(
        "profile: { name: Coco }",
        "profile: { name: Coco } # the same",
    );
    assert_snapshot!(text, @"
    Destination: channel 6263 at https://api.channel.io, API v4

    No changes. Your channel matches the manifests. (1 user)
    ");
}
