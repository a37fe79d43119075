//! Checks the destination of a run against the state, the allowed hosts and the channel that answers.

use std::path::Path;

use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use talkform::manifest::project::base_url::foreign_host;
use talkform::model::{
    BASE_URL, Destination, DestinationDifference, DestinationPart, SANDBOX_URL, State,
};
use talkform::remote::ChannelInfo;
use talkform::render::common::escape;

/// The hosts that may get the credentials besides Channel's own and this machine, separated by commas. No
/// setting of the project does this, because a pull request can change those.
const ALLOW_HOST: &str = "TALKFORM_ALLOW_HOST";

/// Fails if the state describes another destination than the project's. Another API version is not another
/// destination, because the plan makes that step. `retarget` is the command that records another destination.
pub(crate) fn check_state(
    wanted: &Destination,
    state: &State,
    path: &Path,
    retarget: &str,
) -> Result<(), Failure> {
    let differences = differences(wanted, state);
    // A state without users describes no place yet. The next apply writes its own into it.
    if differences.is_empty() || state.records_nobody() {
        return Ok(());
    }
    let path = path.display();
    let is_environment =
        |difference: &DestinationDifference| difference.part == DestinationPart::Environment;
    let is_channel =
        |difference: &DestinationDifference| difference.part == DestinationPart::Channel;
    let hint = if differences.iter().any(is_environment) {
        match &state.destination.environment {
            Some(name) => format!(
                "run it with --env {name}, or give this environment a `state:` of its own in talkform.yaml"
            ),
            None => "run it without --env, or give this environment a `state:` of its own in talkform.yaml".to_owned(),
        }
    } else {
        "correct `channel` in talkform.yaml, or name another `state:` there".to_owned()
    };
    let hint = if differences.iter().any(is_channel) {
        hint
    } else {
        format!("{hint}; if it is the same channel under another name, `{retarget}` records that")
    };
    Err(Failure::with_details(
        format!("{path} describes another destination than the project; nothing was sent"),
        differences
            .iter()
            .map(|difference| line(difference, "the state", "the project"))
            .collect(),
        hint,
    ))
}

/// The parts in which a state and a project contradict each other.
pub(crate) fn differences(wanted: &Destination, state: &State) -> Vec<DestinationDifference> {
    let mut differences = state.destination.differences(wanted);
    differences.retain(|DestinationDifference { part, one, other }| match part {
        DestinationPart::Api => false,
        // The project need not name its channel.
        DestinationPart::Channel => one.is_some() && other.is_some(),
        DestinationPart::BaseUrl | DestinationPart::Environment => true,
    });
    differences
}

/// `base URL: the state has https://api.channel.io, the project has http://127.0.0.1:9`
pub(crate) fn line(difference: &DestinationDifference, one: &str, other: &str) -> String {
    let DestinationDifference {
        part,
        one: has,
        other: wants,
    } = difference;
    let named = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    format!(
        "{part}: {one} has {}, {other} has {}",
        named(has),
        named(wants)
    )
}

/// The host of an address, if it is not allowed to get credentials.
fn disagreed_host(base_url: &str) -> Option<String> {
    let host = foreign_host(base_url)?;
    let agreed = std::env::var(ALLOW_HOST).unwrap_or_default();
    let is_agreed = agreed
        .split(',')
        .any(|agreed| agreed.trim().eq_ignore_ascii_case(&host));
    (!is_agreed).then_some(host)
}

/// Fails if the base URL names a host that is not allowed to get credentials.
pub(crate) fn check_host(base_url: &str) -> Result<(), Failure> {
    let Some(host) = disagreed_host(base_url) else {
        return Ok(());
    };
    Err(Failure::with_hint(
        format!(
            "channel.baseUrl names {host}, which is not Channel: the credentials stay here, and nothing was sent"
        ),
        format!(
            "if {host} may get the credentials and the data of your users, set {ALLOW_HOST}={host} where this runs; a setting of the project cannot agree to it"
        ),
    ))
}

/// Fails if the address of the store of a state names a host that is not allowed to get the cloud's credentials.
pub(crate) fn check_store_host(endpoint: &str) -> Result<(), Failure> {
    let Some(host) = disagreed_host(endpoint) else {
        return Ok(());
    };
    Err(Failure::with_hint(
        format!(
            "stateStore.endpoint names {host}: the credentials of the cloud stay here, and nothing was sent"
        ),
        format!(
            "if {host} may get them and the state, set {ALLOW_HOST}={host} where this runs; a setting of the project cannot agree to it"
        ),
    ))
}

/// Warns that an apply will be refused for its host.
pub(crate) fn warn_of_host(terminal: Terminal, base_url: &str) {
    if let Some(host) = disagreed_host(base_url) {
        terminal.talk(&format!(
            "warning: channel.baseUrl names {host}, which is not Channel; apply sends nothing there unless {ALLOW_HOST}={host} is set where it runs"
        ));
    }
}

/// The channel that answers, for a question: `channel 6263 "Acme"`, with the base URL and the environment if
/// they are not the default ones.
pub(crate) fn in_words(destination: &Destination, channel: &ChannelInfo) -> String {
    let base_url = &destination.base_url;
    let mut words = if base_url == SANDBOX_URL {
        "the sandbox".to_owned()
    } else {
        named(channel)
    };
    if base_url != SANDBOX_URL && base_url != BASE_URL {
        words = format!("{words} at {base_url}");
    }
    match &destination.environment {
        Some(name) => format!("{words}, environment {name}"),
        None => words,
    }
}

/// `channel 6263 "Acme"`. The name is quoted, so that it cannot be taken for more of the sentence.
fn named(channel: &ChannelInfo) -> String {
    let ChannelInfo { id, name } = channel;
    match name {
        Some(name) => format!("channel {id} {}", escape::quoted(name)),
        None => format!("channel {id}"),
    }
}

/// Fails if the project does not name its channel. A run that asks no person needs it, because the credentials
/// alone would decide which channel it changes.
pub(crate) fn require_channel_id(
    destination: &Destination,
    channel: &ChannelInfo,
) -> Result<(), Failure> {
    if destination.channel_id.is_some() {
        return Ok(());
    }
    let setting = format!("id: \"{}\"", channel.id);
    let lines = match &destination.environment {
        None => vec!["channel:".to_owned(), format!("  {setting}")],
        Some(name) => vec![
            "environments:".to_owned(),
            format!("  {name}:"),
            "    channel:".to_owned(),
            format!("      {setting}"),
        ],
    };
    Err(Failure::with_details(
        format!(
            "the project does not name its channel, and nobody is asked about it; nothing was sent. The credentials belong to {}",
            named(channel)
        ),
        lines,
        "if that is the right one, add these lines to talkform.yaml",
    ))
}
