//! Reads the JSON of a refreshed plan.

use serde_json::Value;

use crate::project::Project;

pub(crate) fn plan(project: &Project) -> Value {
    let ran = project
        .run(&["plan", "--refresh", "--format", "json"])
        .expect(0);
    serde_json::from_str(&ran.stdout).expect("JSON")
}

pub(crate) fn change<'p>(plan: &'p Value, id: &str) -> &'p Value {
    let changes = plan["changes"].as_array().expect("changes");
    changes
        .iter()
        .find(|change| change["id"] == id)
        .unwrap_or(&Value::Null)
}

pub(crate) fn field<'p>(change: &'p Value, path: &str) -> &'p Value {
    let fields = change["fields"].as_array().expect("fields");
    fields
        .iter()
        .find(|field| field["path"] == path)
        .unwrap_or(&Value::Null)
}
