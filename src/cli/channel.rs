//! The way to Channel: the real one, or a sandbox of this project's own.

use std::sync::Arc;

use secrecy::SecretString;

use crate::cli::args::RequestOptions;
use crate::cli::clock::now;
use crate::cli::failure::Failure;
use crate::cli::files;
use crate::cli::project;
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use talkform::remote::{
    Channel, ChannelInfo, Decision, HttpSettings, Policy, RateHeaders, Request, Verdict, decide,
    judge_channel, request,
};
use talkform::render::common::escape;
use talkform::sandbox;
use talkform::sandbox::{Fault, Running, SandboxSettings};

/// A way to Channel that is known to be there, as far as that can be known without a request.
pub(crate) enum Way {
    /// The real one, with its credentials.
    Real(SecretString, SecretString),
    /// A sandbox with these faults.
    Sandbox(Vec<Fault>),
}

/// An open way.
pub(crate) struct Open {
    /// The client.
    pub channel: Arc<Channel>,
    sandbox: Option<Running>,
}

impl Way {
    /// Looks whether everything that is needed is there.
    pub(crate) fn find(
        settings: &LoadedProject,
        traffic: &RequestOptions,
    ) -> Result<Self, Failure> {
        if settings.sandbox {
            Ok(Self::Sandbox(faults(&traffic.fault)?))
        } else {
            let (key, secret) = project::credentials()?;
            Ok(Self::Real(key, secret))
        }
    }

    /// Its name, for the question.
    pub(crate) fn name(settings: &LoadedProject) -> String {
        if settings.sandbox {
            return "the sandbox".to_owned();
        }
        let base_url = &settings.project.channel.base_url;
        match &settings.project.channel.id {
            Some(id) => format!("channel {id} at {base_url}"),
            None => format!("the channel at {base_url}"),
        }
    }

    /// Makes the client, and starts the sandbox where it is one.
    pub(crate) async fn open(self, settings: &LoadedProject) -> Result<Open, Failure> {
        let (base_url, key, secret, sandbox) = match self {
            Self::Real(key, secret) => {
                (settings.project.channel.base_url.clone(), key, secret, None)
            }
            Self::Sandbox(faults) => {
                let users = settings.sandbox_users();
                let running = sandbox::start(SandboxSettings {
                    users: Some(users.clone()),
                    faults,
                    burst: settings.project.channel.rate.burst,
                    per_second: settings.project.channel.rate.per_second,
                    ..SandboxSettings::default()
                })
                .await
                .map_err(|error| {
                    Failure::refused(format!(
                        "cannot start the sandbox on {}: {error}",
                        users.display()
                    ))
                })?;
                let (key, secret) = ("sandbox".to_owned(), "sandbox".to_owned());
                (running.base_url(), key.into(), secret.into(), Some(running))
            }
        };
        let channel = Channel::new(&HttpSettings::new(base_url, key, secret))
            .map_err(|error| Failure::refused(error.to_string()))?;
        Ok(Open {
            channel: Arc::new(channel),
            sandbox,
        })
    }
}

impl Open {
    /// Asks which channel it is, before anything is written: with the keys of another one, nothing
    /// is. Returns its id, and what the answer says of the budget.
    pub(crate) async fn check(
        &self,
        settings: &LoadedProject,
        recorded: Option<&str>,
        policy: &Policy,
        terminal: Terminal,
    ) -> Result<(String, RateHeaders), Failure> {
        let asked = request::get_channel(settings.project.channel.api);
        let (verdict, rate) = self.ask(&asked, policy, terminal).await;
        let base_url = &settings.project.channel.base_url;
        let id = match verdict {
            Verdict::Accepted(ChannelInfo { id, name: _ }) => id,
            Verdict::Denied { status } => {
                return Err(Failure::with_hint(
                    format!("Channel does not accept the credentials ({status}); nothing was sent"),
                    "check TALKFORM_ACCESS_KEY and TALKFORM_ACCESS_SECRET, and that they belong together",
                ));
            }
            Verdict::Blocked { status } => {
                return Err(Failure::with_hint(
                    format!(
                        "{base_url} answers {status} without an error of Channel's own; nothing was sent"
                    ),
                    "a proxy or a firewall may have answered; check it, channel.baseUrl and the credentials",
                ));
            }
            other => {
                return Err(Failure::with_hint(
                    format!(
                        "cannot ask {base_url} which channel this is: {other}; nothing was sent"
                    ),
                    "check channel.baseUrl, or run it again later",
                ));
            }
        };
        let named = [
            (settings.project.channel.id.as_deref(), "the project names"),
            (recorded, "the state describes"),
        ];
        for (expected, who) in named {
            if let Some(expected) = expected
                && expected != id
            {
                return Err(Failure::with_hint(
                    format!(
                        "the credentials belong to channel {id}, {who} channel {expected}; nothing was sent"
                    ),
                    "use the keys of that channel, or another environment (--env)",
                ));
            }
        }
        Ok((id, rate))
    }

    /// Sends as often as the policy allows. Returns also the rate limit in the last response.
    async fn ask(
        &self,
        asked: &Request,
        policy: &Policy,
        terminal: Terminal,
    ) -> (Verdict<ChannelInfo>, RateHeaders) {
        let mut attempt = 1;
        loop {
            let answered = self.channel.send(asked).await;
            let rate = answered
                .as_ref()
                .map_or_else(|_| RateHeaders::default(), |answer| answer.rate);
            let verdict = judge_channel(answered);
            let Decision::Retry { after } =
                decide(policy, attempt, &verdict, now(), fastrand::f64())
            else {
                return (verdict, rate);
            };
            terminal.talk(&format!(
                "Cannot ask Channel which channel this is ({}); trying again ({attempt} of {}).",
                escape::terminal(&verdict.to_string()),
                policy.most_attempts - 1
            ));
            tokio::time::sleep(after).await;
            attempt += 1;
        }
    }

    /// Ends the sandbox, where it is one.
    pub(crate) fn close(self) {
        if let Some(running) = self.sandbox {
            running.stop();
        }
    }
}

/// Reads faults.
pub(crate) fn faults(texts: &[String]) -> Result<Vec<Fault>, Failure> {
    texts
        .iter()
        .map(|text| {
            text.parse()
                .map_err(|error: sandbox::NotAFault| Failure::Usage(error.to_string()))
        })
        .collect()
}

/// Makes the folder of the state.
pub(crate) fn make_state_folder(settings: &LoadedProject) -> Result<(), Failure> {
    match settings.store.path().parent() {
        Some(folder) if !folder.as_os_str().is_empty() => files::make_folder(folder),
        _ => Ok(()),
    }
}
