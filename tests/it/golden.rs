//! Applies `before` of each folder below `tests/cases/runs`, and snapshots the plan of `after` in every format.

use std::fs;
use std::path::Path;

use crate::project::Project;

fn copy(from: &Path, project: &Project) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let text = fs::read_to_string(entry.path()).expect("a file");
        project.write(
            &format!("users/{}", entry.file_name().to_string_lossy()),
            &text,
        );
    }
}

#[test]
fn every_case() {
    let settings = "limits: { create: 1000, update: 100%, clear: 100%, optIn: 1 }\n";
    insta::with_settings!({
        filters => vec![("sha256:[0-9a-f]{64}", "sha256:…"), ("\"lineage\": \"[0-9a-f]{16}\"", "\"lineage\": \"…\"")],
        prepend_module_to_snapshot => false,
    }, {
        insta::glob!("../cases/runs", "*/after", |after| {
            let project = Project::new(settings);
            copy(&after.with_file_name("before"), &project);
            project.run(&["apply", "--sandbox", "--auto-approve"]).expect(0);
            fs::remove_dir_all(project.at("users")).expect("removed");
            copy(after, &project);
            let mut all = String::new();
            for format in ["text", "markdown", "json"] {
                let ran = project.run(&["plan", "--sandbox", "--format", format]).expect(0);
                for part in ["────── ", format, "\n", &ran.stdout] {
                    all.push_str(part);
                }
            }
            insta::assert_snapshot!(all);
        });
    });
}
