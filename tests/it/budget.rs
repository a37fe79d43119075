//! Checks that an apply, a drift and a refreshed apply never exceed the rate limit of a channel that only they use.

use serde_json::json;
use talkform::sandbox::{SandboxSettings, start};

use crate::project::{Project, many_users};

#[test]
fn one_run_after_the_other_keeps_to_one_budget() {
    const USERS: usize = 400;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sandbox = runtime
        .block_on(start(SandboxSettings {
            burst: 150,
            per_second: 400.0,
            log: true,
            ..SandboxSettings::default()
        }))
        .expect("a sandbox");
    let project = Project::new(&format!(
        "channel: {{ id: sandbox, baseUrl: \"{}\", rate: {{ perSecond: 400, burst: 150 }} }}\nlimits: {{ update: 100% }}\n",
        sandbox.base_url()
    ));
    project.write("users/a.yaml", &many_users(USERS, "pro"));
    let refused = || {
        let log = sandbox.log();
        log.iter().filter(|l| l.status == Some(429)).count()
    };
    project.run(&["apply", "--auto-approve"]).expect(0);
    project.run(&["drift"]).expect(0);
    assert_eq!(refused(), 0);
    for number in 0..USERS {
        let edit = |user: &mut serde_json::Value| user["profile"]["plan"] = json!("free");
        let known = sandbox.edit(&format!("u-{number:05}"), edit);
        assert!(known.expect("written"));
    }
    project
        .run(&["apply", "--refresh", "--auto-approve"])
        .expect(0);
    assert_eq!(refused(), 0);
    // An apply, a drift, a reading and another apply, each with its question for the channel.
    assert_eq!(sandbox.log().len(), 4 * USERS + 3);
    sandbox.stop();
}
