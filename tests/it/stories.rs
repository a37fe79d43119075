//! Planner stories: declare, freeze as applied, edit, and read the plan as a person would.

use std::sync::Arc;

use talkform::manifest::{ReadSettings, read_texts};
use talkform::model::{
    ApiVersion, Desired, DigestKey, Entry, Limits, Project, RemovedPolicy, Selection, State,
};
use talkform::plan::{Context, plan};
use talkform::render::{PlanView, TextOptions, plan_text};

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
        let plan = plan(
            &users(text),
            &self.state,
            &Context {
                key: &key(),
                removed: RemovedPolicy::default(),
                limits: &Limits::default(),
                selection: &Selection::default(),
                base: None,
                observed: None,
            },
        );
        let project = Project::default();
        let view = PlanView::new(&plan, &project.sensitive, false);
        let mut out = String::new();
        plan_text::write(&mut out, &view, &TextOptions::default()).expect("a text");
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
