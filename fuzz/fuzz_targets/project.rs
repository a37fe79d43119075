//! Parses any text as a project file, into a project or diagnostics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talkform::manifest::project;

fuzz_target!(|text: &str| {
    if let Ok(file) = project::file::parse(text, "talkform.yaml") {
        let names: Vec<String> = file.environments().map(ToOwned::to_owned).collect();
        for name in std::iter::once(None).chain(names.iter().map(|name| Some(name.as_str()))) {
            let _ = file.resolve(name);
        }
    }
});
