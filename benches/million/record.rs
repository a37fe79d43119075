//! Writes a state in which every user is applied already, without a request for each.

use std::fs;
use std::path::Path;

use talkform::manifest::{self, ReadSettings};
use talkform::model::{ChannelId, Destination, DigestKey, Entry, Project, State};
use talkform::plan::record_files;
use talkform::state::Store;

use super::Problem;
use super::planning::plan_for;

/// Reads a project's settings.
pub fn project(folder: &Path) -> Result<(Project, ReadSettings), Problem> {
    let text = fs::read_to_string(folder.join("talkform.yaml"))?;
    let project = manifest::project::file::parse(&text, "talkform.yaml")
        .and_then(|file| file.resolve(None))
        .map_err(|problems| format!("{problems:?}"))?;
    let settings = ReadSettings {
        patterns: project.manifests.clone(),
        api: project.channel.api,
        visibility: talkform::model::Visibility::default(),
        rules: None,
    };
    Ok((project, settings))
}

/// Writes the state that an apply to a fresh sandbox would leave. Returns the number of users.
pub fn record(folder: &Path) -> Result<usize, Problem> {
    let (project, settings) = project(folder)?;
    let reading = manifest::load(folder, &settings, None);
    if let Some(first) = reading.diagnostics.first() {
        return Err(format!("the manifests have a problem: {first:?}").into());
    }
    let desired = reading.desired;
    let mut state = State::new(
        "made-for-measuring".to_owned(),
        b"0123456789abcdef".to_vec(),
        None,
        Destination::of(&project.channel, None),
    );
    state.destination.channel_id = Some(ChannelId::new("sandbox")?);
    state.serial = 1;
    let key = DigestKey::new(&state.salt, None);
    let all = plan_for(&desired, &state, &key, &project);
    let at = "2026-01-01T00:00:00Z".parse()?;
    for (id, user) in &desired.users {
        let digests = key.for_user(id).digests(&user.attributes);
        state.record(id.clone(), Entry::new(&digests, at));
    }
    record_files(&mut state, &desired, &all, &key);
    Store::new(&folder.join(&project.state)).save(&state)?;
    Ok(state.users.len())
}
