//! Tests the Markdown form of a plan.

use insta::assert_snapshot;

use super::build::*;
use crate::model::{Plan, Previous};
use crate::render::common::comment::CommentName;
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
    ### talkform plan

    Destination: `channel 6263 at https://api.channel.io, API v4`

    > [!CAUTION]
    > **This plan exceeds the project's limits: apply refuses it.**

    | limit | allowed | planned | |
    |---|---|---:|---|
    | create | 500 | 1 |  |
    | update | 30% = 45 | 60 | **too many** |
    | clear | 10%, not counted yet | 1 |  |
    | forget | 12.5% = 18 | 0 |  |
    | delete | 0 | 0 |  |
    | optIn | 0 | 1 | **too many** |
    | recreate | 0 | 0 |  |
    | minUsers | at least 100 | 182 |  |

    If these changes are intended, approve exactly this plan:
    `talkform apply --approve-limits sha256:f21916a29c971ca44421ca57d9552190c69f9df611030702200737186c00b357`

    **Plan: 1 to create, 3 to update, 30 to forget, 1 to delete. 147 unchanged.**
    **1 user will be deleted on Channel. That cannot be undone.**
    **1 user may be messaged again after opting out.**
    About 5 requests, under a second at 10 a second.

    <details open><summary><b>May message someone who opted out</b> (1 user)</summary>

    ```diff
    # u-2 will be updated   users/vip.yaml:14
    ! u-2
    !     unsubscribeEmail   (as applied) -> false   # may message someone who opted out
          # 2 unchanged fields hidden
    ```

    </details>

    <details open><summary><b>Deleted on Channel, for good</b> (1 user)</summary>

    ```diff
    # u-4 is no longer declared: deleted on Channel, for good
    - x u-4
    ```

    </details>

    <details open><summary><b>Removed from Channel</b> (1 user)</summary>

    ```diff
    # u-3 will be updated   users/vip.yaml:14
    ! u-3
    -     profile.seats   (no longer declared)
          # 2 unchanged fields hidden
    ```

    </details>

    <details><summary><b>Forgotten here, left as they are on Channel</b> (30 users)</summary>

    ```diff
    # 30 users are no longer declared: forgotten here, left as they are on Channel
    . 30 users (5 shown)
          old-00
          old-01
          old-02
          old-03
          old-04
          … and 25 more
    ```

    </details>

    <details><summary><b>All other changes</b> (2 users)</summary>

    ```diff
    # u-1 will be updated   users/vip.yaml:14
    ! u-1
    !     profile.plan   (as applied) -> "pro"
          # 2 unchanged fields hidden

    # u-5 will be created   users/vip.yaml:20
    + u-5
    +     profile.email   (sensitive)
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
    ### talkform plan for `staging`

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
    ### talkform plan

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
    ### talkform plan for <code>--&#62; &#96;&#64;everyone&#96; &#60;&#47;details&#62;</code>

    Destination: `channel 6263 at https://api.channel.io, API v4`

    **Plan: 1 to update. 0 unchanged.**
    About 1 request, under a second at 10 a second.

    <details><summary><b>All other changes</b> (1 user)</summary>

    ``````diff
    # </details>`@x` will be updated   users/vip.yaml:14
    ! </details>`@x`
    !     profile.a   (as applied) -> "```\n</details>\n@everyone [x](http://evil) ![y](z) | #12"
    !     profile.b   (as applied) -> "````` <script>alert(1)</script> \u{202e}\u{1b}[2J"
    !     profile.c
              one
    -         two
    +         ```
    +         </details>
    +         \u{3a}:error::x
    +         > [!NOTE]
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
    ### talkform plan

    Destination: `channel 6263 at https://api.channel.io, API v4`

    > [!WARNING]
    > **This comment is shortened: 1997 of 2001 changed users are not shown.** The whole plan: <https://github.com/acme/users/actions/runs/1>.

    **Plan: 2001 to update. 0 unchanged.**
    **1 user may be messaged again after opting out.**
    About 2001 requests, about 2 minutes at 10 a second after the first 1000.

    <details open><summary><b>May message someone who opted out</b> (1 user)</summary>

    ```diff
    # z-1 will be updated   users/vip.yaml:14
    ! z-1
    !     unsubscribeEmail   (as applied) -> false   # may message someone who opted out
    ```

    </details>

    <details><summary><b>All other changes</b> (3 users)</summary>

    ```diff
    # u-0000 will be updated   users/vip.yaml:14
    ! u-0000
    !     profile.number   (as applied) -> 0
          # 1 unchanged field hidden

    # u-0001 will be updated   users/vip.yaml:14
    ! u-0001
    !     profile.number   (as applied) -> 1
          # 1 unchanged field hidden

    # u-0002 will be updated   users/vip.yaml:14
    ! u-0002
    !     profile.number   (as applied) -> 2
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
