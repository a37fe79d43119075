//! Moves a state between a file and a bucket: migrate, pull and push. The same story is told over both places.

use crate::bucket::fake_s3::FakeS3;
use crate::bucket::world::{APPLY, KEY, Place, STATE, command, is_settled, run};
use crate::command::finish;
use crate::project::{Channel, Project, many_users};

/// What happens to a state in every place.
fn story(project: &Project, channel: &Channel) {
    project.write("users/a.yaml", &many_users(20, "free"));
    run(project, &["state", "init"]).expect(0);
    run(project, &["state", "init"]).expect(1);
    run(project, APPLY).expect(0);
    is_settled(project, channel, 20, "free");
    project.write("users/a.yaml", &many_users(20, "pro"));
    run(project, &["plan", "--detailed-exitcode"]).expect(2);
    run(project, APPLY).expect(0);
    is_settled(project, channel, 20, "pro");
    let shown = run(project, &["state", "show", "u-00003"]).expect(0);
    assert!(shown.stdout.contains("profile.plan"), "{}", shown.stdout);
    run(project, &["state", "forget", "u-00003"]).expect(0);
    run(project, &["plan", "--detailed-exitcode"]).expect(2);
    run(project, APPLY).expect(0);
    is_settled(project, channel, 20, "pro");

    let pulled = run(project, &["state", "pull"]).expect(0).stdout;
    project.write("pulled.json", &pulled);
    let ran = run(project, &["state", "push", "pulled.json"]).expect(0);
    assert!(ran.stdout.contains("the same already"), "{}", ran.stdout);
    run(project, &["state", "forget", "u-00004"]).expect(0);
    let ran = run(project, &["state", "push", "pulled.json"]).expect(1);
    assert!(
        ran.stderr.contains("is older with serial"),
        "{}",
        ran.stderr
    );
    let ran = run(
        project,
        &["--state", "pulled.json", "plan", "--detailed-exitcode"],
    );
    ran.expect(0);
    run(project, APPLY).expect(0);
    is_settled(project, channel, 20, "pro");
}

#[test]
fn the_same_in_a_file_and_in_a_bucket() {
    let channel = Channel::start();
    story(&channel.project(), &channel);
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    story(&Place::fake(&bucket).project(&channel), &channel);
    assert_eq!(bucket.keys(), [KEY.to_owned(), format!("{KEY}.lock")]);
}

/// No server that can be started here keeps to the conditions of Google, so this one is a fake of our own.
#[test]
fn the_same_in_a_bucket_of_google() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    story(&Place::fake_google(&bucket).project(&channel), &channel);
    assert_eq!(bucket.keys(), [KEY.to_owned(), format!("{KEY}.lock")]);
}

#[test]
fn a_state_moves_to_a_bucket_and_back() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = Place::fake(&bucket).project(&channel);
    project.edit("talkform.yaml", STATE, "talkform.state.json");
    project.write("users/a.yaml", &many_users(20, "free"));
    run(&project, APPLY).expect(0);
    let ran = run(&project, &["state", "migrate", "--to", STATE]).expect(0);
    assert!(
        ran.stdout.contains(&format!("`state: {STATE}`")),
        "{}",
        ran.stdout
    );
    let there = run(&project, &["--state", STATE, "state", "pull"]).expect(0);
    assert_eq!(there.stdout, project.read("talkform.state.json"));
    let ran = run(&project, &["state", "migrate", "--to", STATE]).expect(1);
    assert!(
        ran.stderr.contains("holds a state already"),
        "{}",
        ran.stderr
    );

    project.edit(
        "talkform.yaml",
        "state: talkform.state.json",
        &format!("state: {STATE}"),
    );
    is_settled(&project, &channel, 20, "free");
    project.write("users/a.yaml", &many_users(20, "pro"));
    run(&project, APPLY).expect(0);
    let back = project.at("back.json").display().to_string();
    run(
        &project,
        &["state", "migrate", "--to", &format!("file://{back}")],
    )
    .expect(0);
    let there = run(&project, &["state", "pull"]).expect(0).stdout;
    assert_eq!(there, project.read("back.json"));
}

/// Refuses to push `file`, and says all of `words`.
#[track_caller]
fn is_refused(project: &Project, file: &str, words: &[&str]) {
    let before = run(project, &["state", "pull"]).stdout;
    let ran = run(project, &["state", "push", file]).expect(1);
    for word in words {
        assert!(ran.stderr.contains(word), "{}", ran.stderr);
    }
    assert_eq!(run(project, &["state", "pull"]).stdout, before);
}

#[test]
fn a_push_takes_a_copy_that_is_not_older_unless_it_is_forced() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = Place::fake(&bucket).project(&channel);
    project.write("users/a.yaml", &many_users(5, "free"));
    run(&project, APPLY).expect(0);
    project.write(
        "old.json",
        &run(&project, &["state", "pull"]).expect(0).stdout,
    );
    project.write("users/a.yaml", &many_users(5, "pro"));
    run(&project, APPLY).expect(0);
    let new = run(&project, &["state", "pull"]).expect(0).stdout;

    // An older serial is refused, also where the content is a newer one.
    is_refused(&project, "old.json", &["is older with serial", "--force"]);
    // No variable agrees to anything.
    let push = command(&project, &["state", "push", "old.json"])
        .env("TALKFORM_FORCE", "true")
        .spawn();
    finish(push.expect("talkform runs")).expect(1);
    run(&project, &["state", "push", "--force", "old.json"]).expect(0);
    let ran = run(&project, &["plan", "--detailed-exitcode"]).expect(2);
    assert!(ran.stdout.contains("5 to update"), "{}", ran.stdout);
    // The older state says what Channel no longer has.
    project.write("users/a.yaml", &many_users(5, "free"));
    let ran = run(&project, &["plan", "--detailed-exitcode"]).expect(2);
    assert!(ran.stdout.contains("5 to update"), "{}", ran.stdout);
    assert!(ran.stdout.contains("sent whole"), "{}", ran.stdout);
    project.write("users/a.yaml", &many_users(5, "pro"));
    run(&project, APPLY).expect(0);
    is_settled(&project, &channel, 5, "pro");

    // A higher serial needs no word.
    project.write("new.json", &new);
    let ahead = Place::fake(&bucket).project(&channel);
    ahead.edit("talkform.yaml", STATE, "ahead.json");
    ahead.write(
        "ahead.json",
        &run(&project, &["state", "pull"]).expect(0).stdout,
    );
    run(&ahead, &["state", "forget", "u-00001"]).expect(0);
    run(&ahead, &["state", "forget", "u-00002"]).expect(0);
    project.write("ahead.json", &ahead.read("ahead.json"));
    run(&project, &["state", "push", "ahead.json"]).expect(0);
    run(&project, APPLY).expect(0);
    is_settled(&project, &channel, 5, "pro");

    // A state of another lineage.
    let other = channel.project();
    other.write("users/a.yaml", &many_users(5, "pro"));
    run(&other, APPLY).expect(0);
    let other = other.read("talkform.state.json");
    project.write("other.json", &other);
    is_refused(
        &project,
        "other.json",
        &["their lineages differ", "--force"],
    );
    run(&project, &["state", "push", "--force", "other.json"]).expect(0);
    is_settled(&project, &channel, 5, "pro");
}

#[test]
fn a_push_takes_a_state_of_the_same_place_and_key() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = Place::fake(&bucket).project(&channel);
    project.write("users/a.yaml", &many_users(5, "free"));
    run(&project, APPLY).expect(0);

    let elsewhere = Channel::start();
    let other = elsewhere.project();
    other.write("users/a.yaml", &many_users(5, "free"));
    run(&other, APPLY).expect(0);
    project.write("other.json", &other.read("talkform.state.json"));
    is_refused(&project, "other.json", &["describes another destination"]);

    let plain = channel.project();
    plain.write("users/a.yaml", &many_users(5, "free"));
    plain.run(APPLY).expect(0);
    project.write("plain.json", &plain.read("talkform.state.json"));
    is_refused(
        &project,
        "plain.json",
        &["the digests of plain.json are not keyed"],
    );
    project.edit("talkform.yaml", STATE, "plain.json");
    let to = ["state", "migrate", "--to", "s3://b/team/copy.json"];
    let ran = run(&project, &to).expect(1);
    assert!(ran.stderr.contains("are not keyed"), "{}", ran.stderr);
}
