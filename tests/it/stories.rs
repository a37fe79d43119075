//! Planner stories: declare, freeze as applied, edit, and read the plan as a person would.

use std::sync::Arc;

use talkform::manifest::{ReadSettings, read_texts};
use talkform::model::{
    ApiVersion, Desired, DigestKey, Entry, Limits, Project, RemovedPolicy, RemovedUsers, Selection,
    State,
};
use talkform::plan::{Context, plan};
use talkform::render::{PlanView, TextOptions, plan as plan_renderer};

struct Story {
    state: State,
}

fn users(text: &str) -> Desired {
    let reading = read_texts(
        vec![(Arc::from("users/story.yaml"), text.as_bytes().to_vec())],
        &ReadSettings {
            patterns: vec!["users/*.yaml".into()],
            api: ApiVersion::V4,
            sensitive: Project::default().sensitive,
            show_sensitive: false,
            rules: None,
        },
    );
    assert!(!reading.has_errors(), "{:#?}", reading.diagnostics);
    reading.desired
}

fn key() -> DigestKey {
    DigestKey::new(b"salt", None)
}

impl Story {
    fn applied(text: &str) -> Self {
        let mut state = State::new("lineage".into(), b"salt".to_vec(), None, ApiVersion::V4);
        for (id, user) in users(text).users {
            let entry = Entry::new(&key().user(&user.attributes), jiff::Timestamp::UNIX_EPOCH);
            state.users.insert(id, entry);
        }
        Self { state }
    }

    fn then(&self, text: &str) -> String {
        self.then_with(text, ApiVersion::V4, RemovedPolicy::default())
    }

    fn then_with(&self, text: &str, api: ApiVersion, removed: RemovedPolicy) -> String {
        let plan = plan(
            &users(text),
            &self.state,
            &Context {
                key: &key(),
                api,
                removed,
                limits: &Limits::default(),
                selection: &Selection::default(),
                base: None,
                observed: None,
            },
        );
        let project = Project::default();
        let view = PlanView::new(&plan, &project.sensitive, false);
        let mut out = String::new();
        plan_renderer::text::write(&mut out, &view, &TextOptions::default()).expect("a text");
        out
    }
}

const HEAD: &str = "apiVersion: talkform/v1\nkind: User\nmemberId: u-1\n";

macro_rules! story {
    ($name:ident, $before:expr, $after:expr, @$snapshot:literal) => {
        #[test]
        fn $name() {
            let before = format!("{HEAD}{}", $before);
            let after = format!("{HEAD}{}", $after);
            let text = Story::applied(&before).then(&after);
            insta::with_settings!({filters => vec![("sha256:[0-9a-f]{64}", "sha256:…")]}, {
                insta::assert_snapshot!(text, @$snapshot);
            });
        }
    };
}

story!(a_value_changes, "profile: { plan: free, seats: 3 }", "profile: { plan: pro, seats: 3 }", @r#"
  ~ update

  # u-1 will be updated                               users/story.yaml:3
  ~ u-1
      ~ profile.plan   (as applied) -> "pro"
        # 1 unchanged field hidden

Plan: 1 to update. 0 unchanged.
About 1 request, under a second at 10 a second.
Plan digest: sha256:…
"#);
story!(a_key_goes_and_another_comes, "profile: { plan: free }", "profile: { seats: 3 }", @"
  + create   ~ update   - clear

  # u-1 will be updated                               users/story.yaml:3
  ~ u-1
      - profile.plan    (no longer declared)
      + profile.seats   3

Plan: 1 to update. 0 unchanged.
About 1 request, under a second at 10 a second.
Plan digest: sha256:…
");
story!(a_key_is_declared_gone, "profile: { beta: true }", "profile: { beta: null }", @"
  ~ update   - clear

  # u-1 will be updated                               users/story.yaml:3
  ~ u-1
      - profile.beta   true   (declared null)

Plan: 1 to update. 0 unchanged.
About 1 request, under a second at 10 a second.
Plan digest: sha256:…
");
story!(only_the_kind_of_a_value_changes, "profile: { code: \"1\" }", "profile: { code: 1 }", @"
  ~ update

  # u-1 will be updated                               users/story.yaml:3
  ~ u-1
      ~ profile.code   (as applied) -> 1

Plan: 1 to update. 0 unchanged.
About 1 request, under a second at 10 a second.
Plan digest: sha256:…
");
story!(tags_go, "tags: [vip]\nprofile: { plan: pro }", "profile: { plan: pro }", @"
  ~ update   - clear

  # u-1 will be updated                               users/story.yaml:3
  ~ u-1
      - tags   (no longer declared)
        # 1 unchanged field hidden

Plan: 1 to update. 0 unchanged.
About 1 request, under a second at 10 a second.
Plan digest: sha256:…
");
story!(a_flag_is_released, "unsubscribeEmail: true\nprofile: { plan: pro }", "profile: { plan: pro }", @"
  ~ update   . forget

  # u-1 will be updated in the state only             users/story.yaml:3
  ~ u-1
      . unsubscribeEmail   left as it is on Channel
        # 1 unchanged field hidden

Plan: 1 to update. 0 unchanged.
No requests: only the state changes.
Plan digest: sha256:…
");
story!(somebody_is_opted_in, "unsubscribeEmail: true", "unsubscribeEmail: false", @"
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
story!(a_key_moves_to_once, "profile: { source: naver }", "profileOnce: { source: naver }", @r#"
  + create   ~ update   . forget

  # u-1 will be updated                               users/story.yaml:3
  ~ u-1
      . profile.source       left as it is on Channel
      + profileOnce.source   "naver"   (kept if already present)

Plan: 1 to update. 0 unchanged.
About 1 request, under a second at 10 a second.
Plan digest: sha256:…
"#);
story!(a_name_changes, "profile: { name: Coco }", "profile: { name: Gabrielle }", @"
  ~ update

  # u-1 will be updated                               users/story.yaml:3
  ~ u-1
      ~ profile.name   (sensitive)

Plan: 1 to update. 0 unchanged.
About 1 request, under a second at 10 a second.
Plan digest: sha256:…
");
story!(nothing_changes, "profile: { name: Coco }", "profile: { name: Coco } # the same", @"No changes. Your channel matches the manifests. (1 user)");

/// Many users, a policy and an API version of one's own.
macro_rules! list_story {
    ($name:ident, $before:expr, $after:expr, $api:ident, $removed:expr, @$snapshot:literal) => {
        #[test]
        fn $name() {
            let list = |rest: &str| format!("apiVersion: talkform/v1\nkind: UserList\n{rest}");
            let story = Story::applied(&list($before));
            let text = story.then_with(&list($after), ApiVersion::$api, $removed);
            insta::with_settings!({filters => vec![("sha256:[0-9a-f]{64}", "sha256:…")]}, {
                insta::assert_snapshot!(text, @$snapshot);
            });
        }
    };
}

list_story!(another_api_version,
    "users: [{ memberId: u-1, profile: { plan: free }, unsubscribed: true }, { memberId: u-2 }]",
    "users: [{ memberId: u-1, profile: { plan: free } }, { memberId: u-2 }]",
    V5, RemovedPolicy::default(), @"
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
list_story!(another_api_version_and_nothing_else,
    "users: [{ memberId: u-1, profile: { plan: free } }]",
    "users: [{ memberId: u-1, profile: { plan: free } }]",
    V5, RemovedPolicy::default(), @"
      # API v4 -> v5: no user has to be sent for it; the state will name v5 from then on

    Plan: API v4 -> v5. 1 unchanged.
    No requests: only the state changes.
    Plan digest: sha256:…
    ");
list_story!(somebody_is_deleted_and_somebody_loses_a_field,
    "users: [{ memberId: u-1, profile: { plan: free } }, { memberId: u-2, profile: { plan: pro } }]",
    "users: [{ memberId: u-1 }]",
    V4, RemovedPolicy { users: RemovedUsers::Delete, ..RemovedPolicy::default() }, @"
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
list_story!(an_id_changes,
    "users: [{ memberId: u-1, profile: { plan: free, seats: 3, name: Coco }, tags: [vip], unsubscribeEmail: false }]",
    "moved: [{ from: u-1, to: u-2 }]\nusers: [{ memberId: u-2, profile: { plan: pro, seats: 3, name: Coco }, unsubscribeEmail: false }]",
    V4, RemovedPolicy::default(), @r#"
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
list_story!(an_id_changes_and_the_old_one_is_deleted,
    "users: [{ memberId: u-1, profile: { plan: free } }]",
    "moved: [{ from: u-1, to: u-2 }]\nusers: [{ memberId: u-2, profile: { plan: free } }]",
    V4, RemovedPolicy { users: RemovedUsers::Delete, ..RemovedPolicy::default() }, @"
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
list_story!(an_opt_out_does_not_move,
    "users: [{ memberId: u-1, unsubscribeEmail: true, unsubscribeTexting: false, profileOnce: { source: naver } }]",
    "moved: [{ from: u-1, to: u-2 }]\nusers: [{ memberId: u-2 }]",
    V4, RemovedPolicy::default(), @"
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
list_story!(a_move_that_was_made,
    "users: [{ memberId: u-2, profile: { plan: free } }]",
    "moved: [{ from: u-1, to: u-2 }]\nusers: [{ memberId: u-2, profile: { plan: free } }]",
    V4, RemovedPolicy::default(), @"No changes. Your channel matches the manifests. (1 user)");
list_story!(both_ids_are_recorded,
    "users: [{ memberId: u-1, profile: { plan: free } }, { memberId: u-2, profile: { plan: free } }]",
    "moved: [{ from: u-1, to: u-2 }]\nusers: [{ memberId: u-2, profile: { plan: pro } }]",
    V4, RemovedPolicy::default(), @r#"
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
list_story!(an_id_probably_changed,
    "users: [{ memberId: u-1, profile: { plan: free } }, { memberId: u-3 }]",
    "users: [{ memberId: u-2, profile: { plan: free } }, { memberId: u-4 }]",
    V4, RemovedPolicy::default(), @r#"
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
list_story!(two_with_the_same_attributes_are_no_likely_move,
    "users: [{ memberId: u-1, profile: { plan: free } }, { memberId: u-3, profile: { plan: free } }]",
    "users: [{ memberId: u-2, profile: { plan: free } }, { memberId: u-4 }]",
    V4, RemovedPolicy::default(), @r#"
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
