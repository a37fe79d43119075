//! Tests ids and keys that people confuse, in files that are skipped because they are as recorded, and in tables.

use crate::project::Project;

fn list(users: &str) -> String {
    format!("apiVersion: talkform/v1\nkind: UserList\nusers:\n{users}")
}

#[test]
fn a_key_like_one_in_a_skipped_file_is_reported_with_both_places() {
    let project = Project::new("");
    project.write(
        "users/a.yaml",
        &list("  - memberId: u-1\n    profile: { plan: x, planName: spring }\n"),
    );
    project
        .run(&["apply", "--sandbox", "--auto-approve"])
        .expect(0);
    project.write(
        "users/b.yaml",
        &list("  - memberId: u-2\n    profile: { planname: summer }\n"),
    );
    for _ in 0..2 {
        let told = project.run(&["plan", "--sandbox"]).expect(0).stderr;
        assert!(
            told.contains("the keys `planName` and `planname` differ only in case"),
            "{told}"
        );
        assert!(
            told.contains("users/b.yaml:5:16") && told.contains("users/a.yaml:5:25"),
            "{told}"
        );
        project
            .run(&["apply", "--sandbox", "--auto-approve"])
            .expect(0);
    }
    // The old spelling of one user is no twin of the new one.
    project.edit("users/b.yaml", "planname", "planName");
    let told = project.run(&["plan", "--sandbox"]).expect(0).stderr;
    assert_eq!(told, "");
}

#[test]
fn an_id_like_one_in_a_skipped_file_is_reported_with_both_places() {
    let project = Project::new("");
    project.write("users/a.yaml", &list("  - memberId: paypal\n"));
    project
        .run(&["apply", "--sandbox", "--auto-approve"])
        .expect(0);
    project.write("users/b.yaml", &list("  - memberId: p\u{430}ypal\n"));
    let told = project.run(&["plan", "--sandbox"]).expect(0).stderr;
    assert!(told.contains("U+0061 and U+0430"), "{told}");
    assert!(
        told.contains("users/b.yaml:4:15") && told.contains("users/a.yaml:4:15"),
        "{told}"
    );
}

#[test]
fn an_invisible_character_in_a_table_is_no_part_of_an_id() {
    let project = Project::new("");
    project.write(
        "a.csv",
        "\u{feff}memberId,name\nu-1,Kim\nu\u{feff}-3,Choi\nu\u{2800}4,Lee\n",
    );
    let table = [
        "import",
        "--csv",
        "a.csv",
        "--values-from-csv",
        "--column",
        "name=profile.name",
    ];
    let ran = project.run(&table).expect(3);
    let told = ran.all();
    assert!(
        told.contains("a.csv:3: a member id has no invisible characters, this one has U+FEFF"),
        "{told}"
    );
    assert!(
        told.contains("a.csv:4: a member id has no invisible characters, this one has U+2800"),
        "{told}"
    );
    assert!(!told.contains("Choi") && !told.contains("Lee"), "{told}");
}
