//! Tests the Markdown form of a plan.

use insta::assert_snapshot;

use super::build::*;
use crate::model::{Origin, Plan, Previous};
use crate::render::common::comment::CommentName;
use crate::render::plan::commands::Commands;
use crate::render::plan::known_users::KnownUsers;
use crate::render::plan::markdown::{MarkdownOptions, comment};
use crate::render::plan::view::PlanView;

fn in_environment(name: &str) -> CommentName<'_> {
    CommentName {
        environment: Some(name),
        ..CommentName::default()
    }
}

fn with(plan: &Plan, options: &MarkdownOptions<'_>) -> String {
    comment(
        &PlanView::new(plan, &open(), KnownUsers::default()),
        options,
    )
}

#[test]
fn dangers_first_and_open() {
    let mut changes = vec![
        update("u-1", vec![change("profile.plan", "pro")], 2),
        update("u-2", vec![change("unsubscribeEmail", false)], 2),
        update(
            "u-3",
            vec![clear("profile.seats", Previous::DigestOnly, false)],
            2,
        ),
        delete("u-4"),
        create("u-5", vec![add("profile.email", "c@example.com")]),
    ];
    changes.extend((0..30).map(|number| forget(&format!("old-{number:02}"))));
    assert_snapshot!(with(&tripped(plan(changes, 147), 182), &MarkdownOptions::default()), @r#"
    <!-- talkform plan -->
    ### talkform plan: channel `6263`

    Destination: `channel 6263 at https://api.channel.io, API v4`

    **Plan: 1 to create, 3 to update, 30 to forget, 1 to delete. 147 unchanged.**
    **1 user will be deleted on Channel. That cannot be undone.**
    **1 user may be messaged again after opting out.**
    5 requests, all within the burst of 1,000.

    > [!CAUTION]
    > **This plan exceeds the project's limits: apply refuses it.**

    | limit | allowed | planned | |
    |---|---|---:|---|
    | update | 30% = 45 | 60 | **too many** |
    | optIn | 0 | 1 | **too many** |

    <details><summary>If these changes are intended, approve exactly this plan</summary>

    ```sh
    talkform apply --approve-limits sha256:f21916a29c971ca44421ca57d9552190c69f9df611030702200737186c00b357
    ```

    </details>

    - may message someone who opted out: `u-2`
    - delete: `u-4`
    - forget: `old-00`, `old-01`, `old-02`, `old-03`, `old-04`, `old-05`, `old-06`, `old-07`, `old-08`, `old-09`, … and 20 more
    - update: `u-1`, `u-2`, `u-3`
    - create: `u-5`

    `+` set · `!` changed · `-` removed

    <details open><summary><b>May message someone who opted out</b> (1 user)</summary>

    `u-2` will be updated · `users/vip.yaml:14`

    ```diff
    ! unsubscribeEmail   (as applied) -> false   # may message someone who opted out
      # 2 unchanged fields hidden
    ```

    </details>

    <details open><summary><b>Deleted on Channel, for good</b> (1 user)</summary>

    `u-4` is no longer declared: deleted on Channel, for good

    </details>

    <details open><summary><b>Removed from Channel</b> (1 user)</summary>

    `u-3` will be updated · `users/vip.yaml:14`

    ```diff
    - profile.seats   (no longer declared)
      # 2 unchanged fields hidden
    ```

    </details>

    <details open><summary><b>Forgotten here, left as they are on Channel</b> (30 users)</summary>

    **30 users** are no longer declared: forgotten here, left as they are on Channel:

    - `old-00`
    - `old-01`
    - `old-02`
    - `old-03`
    - `old-04`
    - … and 25 more

    </details>

    <details open><summary><b>All other changes</b> (2 users)</summary>

    `u-1` will be updated · `users/vip.yaml:14`

    ```diff
    ! profile.plan   (as applied) -> "pro"
      # 2 unchanged fields hidden
    ```

    `u-5` will be created · `users/vip.yaml:20`

    ```diff
    + profile.email   (sensitive)
    ```

    </details>

    Plan digest: `sha256:f21916a29c971ca44421ca57d9552190c69f9df611030702200737186c00b357`
    "#);
}

#[test]
fn nothing_to_do() {
    let options = MarkdownOptions {
        name: in_environment("staging"),
        ..MarkdownOptions::default()
    };
    assert_snapshot!(with(&plan(vec![], 150), &options), @"
    <!-- talkform plan staging -->
    ### talkform plan for `staging`: channel `6263`

    Destination: `channel 6263 at https://api.channel.io, API v4`

    No changes. Your channel matches the manifests. (150 users)

    Plan digest: `sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`
    ");
}

#[test]
fn what_is_not_certain_is_a_list() {
    let shown = with(&uncertain(plan(vec![], 150)), &MarkdownOptions::default());
    assert_snapshot!(shown, @"
    <!-- talkform plan -->
    ### talkform plan: channel `6263`

    Destination: `channel 6263 at https://api.channel.io, API v4`

    No changes. It is not certain that your channel matches the manifests. (150 users)

    1 user was being sent when the last run ended; Channel may have either.
    Channel's last response about 7 users did not show these fields as declared (`talkform plan --refresh` compares them with what Channel has):
    - <code>profile.a&#96;b</code>: 1 user (<code>u-&#96;1</code>)
    - `unsubscribeEmail`: 7 users (`u-1`, `u-2`, `u-3`, `u-4`, `u-5`, … and 2 more)

    Plan digest: `sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`
    ");
}

#[test]
fn hostile_values_stay_text() {
    let hostile = vec![
        change(
            "profile.a",
            "```\n</details>\n@everyone [x](http://evil) ![y](z) | #12",
        ),
        change(
            "profile.b",
            "````` <script>alert(1)</script> \u{202e}\u{1b}[2J",
        ),
        known(
            "profile.c",
            "one\ntwo",
            "one\n```\n</details>\n::error::x\n> [!NOTE]",
        ),
    ];
    let options = MarkdownOptions {
        name: in_environment("--> `@everyone` </details>"),
        whole: "<b>@here</b>",
        max_bytes: 60_000,
        ..MarkdownOptions::default()
    };
    let plan = plan(vec![update("</details>`@x`", hostile, 0)], 0);
    assert_snapshot!(with(&plan, &options), @r#"
    <!-- talkform plan -_____everyone____details_ -->
    ### talkform plan for <code>--&#62; &#96;&#64;everyone&#96; &#60;&#47;details&#62;</code>: channel `6263`

    Destination: `channel 6263 at https://api.channel.io, API v4`

    **Plan: 1 to update. 0 unchanged.**
    1 request, within the burst of 1,000.

    `!` changed

    <details open><summary><b>Changes</b> (1 user)</summary>

    <code>&#60;&#47;details&#62;&#96;&#64;x&#96;</code> will be updated · `users/vip.yaml:14`

    ``````diff
    ! profile.a   (as applied) -> "```\n</details>\n@everyone [x](http://evil) ![y](z) | #12"
    ! profile.b   (as applied) -> "````` <script>alert(1)</script> \u{202e}\u{1b}[2J"
    ! profile.c
          one
    -     two
    +     ```
    +     </details>
    +     \u{3a}:error::x
    +     > [!NOTE]
    ``````

    </details>

    Plan digest: `sha256:bae8c646aa03adac240b171cdfd5e41f2b881a55046eb4070a12c4fd3a3f0160`
    "#);
}

#[test]
fn a_long_one_is_shortened_and_says_so() {
    let changes: Vec<_> = (0..2_000)
        .map(|number| {
            let fields = vec![change("profile.number", number)];
            update(&format!("u-{number:04}"), fields, 1)
        })
        .chain([update("z-1", vec![change("unsubscribeEmail", false)], 0)])
        .collect();
    let plan = plan(changes, 0);
    let address = "https://github.com/acme/users/actions/runs/1";
    let options = MarkdownOptions {
        max_bytes: 1_500,
        whole: address,
        ..MarkdownOptions::default()
    };
    assert_snapshot!(with(&plan, &options), @"
    <!-- talkform plan -->
    ### talkform plan: channel `6263`

    Destination: `channel 6263 at https://api.channel.io, API v4`

    > [!WARNING]
    > **This comment is shortened: 1998 of 2001 changed users are not shown.** The whole plan: <https://github.com/acme/users/actions/runs/1>.

    **Plan: 2001 to update. 0 unchanged.**
    **1 user may be messaged again after opting out.**
    2,001 requests, about 2 minutes at 10 a second after the first 1,000.

    - may message someone who opted out: `z-1`
    - update: `u-0000`, `u-0001`, `u-0002`, `u-0003`, `u-0004`, `u-0005`, `u-0006`, `u-0007`, `u-0008`, `u-0009`, … and 1991 more

    `!` changed

    <details open><summary><b>May message someone who opted out</b> (1 user)</summary>

    `z-1` will be updated · `users/vip.yaml:14`

    ```diff
    ! unsubscribeEmail   (as applied) -> false   # may message someone who opted out
    ```

    </details>

    <details><summary><b>All other changes</b> (2 users)</summary>

    `u-0000` will be updated · `users/vip.yaml:14`

    ```diff
    ! profile.number   (as applied) -> 0
      # 1 unchanged field hidden
    ```

    `u-0001` will be updated · `users/vip.yaml:14`

    ```diff
    ! profile.number   (as applied) -> 1
      # 1 unchanged field hidden
    ```

    </details>

    Plan digest: `sha256:d53239ea11770a41f5042807e7de9ee31be3822235c5063ed17df78fdd6a08fc`
    ");
    for max_bytes in [0, 10, 100, 500, 1_000, 1_500, 5_000, 60_000, 1_000_000] {
        let options = MarkdownOptions {
            max_bytes,
            ..options
        };
        let text = with(&plan, &options);
        assert!(text.len() <= max_bytes, "{max_bytes}: {}", text.len());
        assert_eq!(
            text.matches("<details").count(),
            text.matches("</details>").count()
        );
        assert_eq!(text.matches("```").count() % 2, 0);
        assert_eq!(
            text.contains("is shortened"),
            (100..500_000).contains(&max_bytes)
        );
    }
}

#[test]
fn the_marker_is_one_comment() {
    assert_eq!(
        CommentName::default().marker("plan"),
        "<!-- talkform plan -->"
    );
    assert_eq!(
        in_environment("eu-west.1").marker("plan"),
        "<!-- talkform plan eu-west.1 -->"
    );
    assert_eq!(
        in_environment("a--> b").marker("plan"),
        "<!-- talkform plan a-___b -->"
    );
}

#[test]
fn places_are_links_where_the_files_can_be_read() {
    let options = MarkdownOptions {
        files: "https://github.com/acme/users/blob/0123/crm/",
        ..MarkdownOptions::default()
    };
    let mut update = update("u-1", vec![change("profile.plan", "pro")], 0);
    update.origin = Some(Origin {
        file: "users/a b)[x](y)`\u{ac00}.yaml".into(),
        ..update.origin.expect("a place")
    });
    let text = with(&plan(vec![update, create("u-2", vec![])], 0), &options);
    assert_snapshot!(text, @r#"
    <!-- talkform plan -->
    ### talkform plan: channel `6263`

    Destination: `channel 6263 at https://api.channel.io, API v4`

    **Plan: 1 to create, 1 to update. 0 unchanged.**
    2 requests, all within the burst of 1,000.

    - update: `u-1`
    - create: `u-2`

    `!` changed

    <details open><summary><b>Changes</b> (2 users)</summary>

    `u-1` will be updated · [<code>users&#47;a b&#41;&#91;x&#93;&#40;y&#41;&#96;가.yaml&#58;14</code>](https://github.com/acme/users/blob/0123/crm/users/a%20b%29%5Bx%5D%28y%29%60%EA%B0%80.yaml#L14)

    ```diff
    ! profile.plan   (as applied) -> "pro"
    ```

    `u-2` will be created · [`users/vip.yaml:20`](https://github.com/acme/users/blob/0123/crm/users/vip.yaml#L20)

    </details>

    Plan digest: `sha256:b4bd4f07074a0d32097922d7f8dd12a891a1746737eb2e58c6f4ccb4f8db1989`
    "#);
}

#[test]
fn equal_changes_are_together_from_four_users_on() {
    let users = |count: usize| {
        let ids = (1..=count).map(|number| format!("u-{number}"));
        let changes = ids.map(|id| update(&id, vec![change("profile.plan", "pro")], 1));
        with(&plan(changes.collect(), 0), &MarkdownOptions::default())
    };
    let three = users(3);
    assert_eq!(three.matches("-> \"pro\"").count(), 3, "{three}");
    let four = users(4);
    assert_eq!(four.matches("-> \"pro\"").count(), 1, "{four}");
    assert!(
        four.contains(
            "**4 users** will be updated in the same way:\n\n- `u-1` · `users/vip.yaml:14`\n- `u-2`"
        ),
        "{four}"
    );
    assert!(!four.contains("more"), "{four}");
}

#[test]
fn nothing_is_collapsed_in_a_short_one() {
    let shown = |count: i32| {
        let one = |number| {
            let fields = vec![change("profile.number", number)];
            update(&format!("u-{number}"), fields, 0)
        };
        let changes = (0..count).map(one);
        with(&plan(changes.collect(), 0), &MarkdownOptions::default())
    };
    assert!(shown(8).contains("<details open><summary><b>Changes</b> (8 users)"));
    assert!(shown(9).contains("<details><summary><b>Changes</b> (9 users)"));
}

#[test]
fn a_suggested_command_stays_in_its_block() {
    let command = "talkform -C '```\n</details>' apply";
    let options = MarkdownOptions {
        commands: Commands {
            apply: command,
            ..Commands::default()
        },
        ..MarkdownOptions::default()
    };
    let plan = tripped(plan(vec![create("u-1", vec![])], 147), 182);
    let text = with(&plan, &options);
    assert!(text.contains("\n````sh\ntalkform -C '```"), "{text}");
    assert!(!text.contains("\n</details>' apply"), "{text}");
}
