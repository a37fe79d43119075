//! Finds the place of a project's state: a file, or an object in a bucket.

use std::path::Path;

use crate::cli::failure::Failure;
use crate::cli::network::{open_files, variables};
use crate::cli::{destination, files};
use talkform::manifest;
use talkform::model::{Project, is_state_address, state_address};
use talkform::state::Store;

/// The store of a state. `named` is that of `--state`, which may be outside of the project. `secret` is the key of the
/// state.
pub(crate) fn store(
    named: Option<&Path>,
    root: &Path,
    project: &Project,
    secret: Option<&str>,
) -> Result<Store, Failure> {
    let address = match named {
        Some(path) => path.to_str().unwrap_or_default(),
        None => &project.state,
    };
    if let Some(path) = address.strip_prefix("file://").filter(|_| named.is_some()) {
        if !path.starts_with('/') {
            return Err(Failure::Usage(format!(
                "{address} has no path; write file:///folder/talkform.state.json"
            )));
        }
        return Ok(Store::in_file(Path::new(path), secret));
    }
    if !is_state_address(address) {
        let path = if let Some(path) = named {
            path.to_owned()
        } else {
            check_inside(root, &project.state, "the state")?;
            root.join(&project.state)
        };
        return Ok(Store::in_file(&path, secret));
    }
    state_address(address).map_err(|error| {
        Failure::with_hint(
            format!("cannot use the state {address}: {error}"),
            "write it like `s3://bucket/talkform.state.json`",
        )
    })?;
    if let Some(endpoint) = &project.state_store.endpoint {
        destination::check_store_host(endpoint)?;
    }
    open_files::require(1)?;
    let endpoint = project.state_store.endpoint.as_deref();
    if !endpoint.is_some_and(|endpoint| endpoint.starts_with("http:")) {
        variables::check()?;
    }
    Store::in_bucket(address, &project.state_store, secret).map_err(|error| {
        let hint = if cfg!(feature = "buckets") {
            "credentials come from the usual variables of the cloud, and region and endpoint from `stateStore` in the project file"
        } else {
            "build it with its default features"
        };
        Failure::with_hint(error.to_string(), hint)
    })
}

/// The store of a state that comes from standard input.
pub(super) fn given_store(secret: Option<&str>) -> Result<Store, Failure> {
    let bytes = files::read_stdin()
        .map_err(|error| Failure::refused(format!("cannot read the state from stdin: {error}")))?;
    Ok(Store::given(Path::new("<stdin>"), bytes, secret))
}

/// Fails if a file of the project leads out of the project's folder. `what` is the file's part in the project.
pub(super) fn check_inside(root: &Path, name: &str, what: &str) -> Result<(), Failure> {
    if manifest::is_inside(root, &root.join(name)) {
        return Ok(());
    }
    let what = if what == name {
        what.to_owned()
    } else {
        format!("{what} {name}")
    };
    Err(Failure::with_hint(
        format!("{what} leads out of the project's folder, or into .git; it was not read"),
        "keep the files of a project in its folder, where they are reviewed; only --state or TALKFORM_STATE names a state elsewhere",
    ))
}
