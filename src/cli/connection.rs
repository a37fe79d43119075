//! Connects to Channel or to the sandbox of the project, checks which channel answers, and reads
//! users.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cli::args::{RequestOptions, faults};
use crate::cli::clock::now;
use crate::cli::environment::secret;
use crate::cli::failure::Failure;
use crate::cli::network::{open_files, variables};
use crate::cli::progress::Progress;
use crate::cli::project::LoadedProject;
use crate::cli::signals;
use crate::cli::terminal::Terminal;
use crate::cli::{destination, files};
use talkform::apply;
use talkform::apply::{Pace, ReadOptions, ReadReport};
use talkform::model::{ChannelId, MemberId, RemoteUser, ShownIds, StopCause, Unread};
use talkform::remote::{
    Channel, ChannelInfo, Decision, HttpSettings, Policy, Request, Throttled, Verdict, decide,
    judge_channel, request,
};
use talkform::render::common::escape;
use talkform::render::common::rate::allowed_rate;
use talkform::sandbox;
use talkform::sandbox::{Fault, Running, SandboxSettings};

const KEY: &str = "TALKFORM_ACCESS_KEY";
const SECRET: &str = "TALKFORM_ACCESS_SECRET";

/// The credentials of a connection, found without a request.
pub(crate) enum Credentials {
    /// The credentials of the real Channel.
    Real {
        /// The access key.
        key: SecretString,
        /// The access secret.
        secret: SecretString,
    },
    /// A sandbox that simulates these faults.
    Sandbox(Vec<Fault>),
}

impl Credentials {
    /// Reads the credentials from the environment, or the faults of a sandbox from the arguments. Fails if
    /// the host of the project is not allowed to get credentials.
    pub(crate) fn require(
        project: &LoadedProject,
        requests: &RequestOptions,
    ) -> Result<Self, Failure> {
        if project.sandbox {
            return Ok(Self::Sandbox(faults(&requests.fault)?));
        }
        destination::check_host(&project.project.channel.base_url)?;
        let missing = match (secret(KEY), secret(SECRET)) {
            (Some(key), Some(secret)) => {
                return Ok(Self::Real {
                    key: key.into(),
                    secret: secret.into(),
                });
            }
            (Some(_), None) => SECRET.to_owned(),
            (None, Some(_)) => KEY.to_owned(),
            (None, None) => format!("{KEY} and {SECRET}"),
        };
        let hint = if project.has_sandbox_state() {
            "this project was applied to its sandbox before: add --sandbox; for the real channel, create an access key in Channel's settings and set both variables"
        } else {
            "create an access key in Channel's settings and set both variables, or try without an account: --sandbox"
        };
        Err(Failure::with_hint(
            format!("no credentials: {missing} not set"),
            hint,
        ))
    }
}

/// An open connection to the right channel.
pub(crate) struct Connection<'p> {
    project: &'p LoadedProject,
    requests: &'p RequestOptions,
    terminal: Terminal,
    /// Runs signals, and the sandbox if there is one. They go on while this thread computes.
    runtime: Runtime,
    /// Runs all requests on the thread that takes their results. Between threads each result would wait for a
    /// thread to wake up, which takes longer than its processing.
    requesting: Runtime,
    client: Client,
    /// The channel that answers.
    pub answering: ChannelInfo,
    /// The rate limiter of all requests of this run.
    pub pace: Arc<Pace>,
    /// How ids are shown.
    ids: ShownIds,
    /// How much of `--max-duration` was spent on reading.
    spent: Duration,
    /// Ends the process on a signal while no request is in flight.
    idle: Option<JoinHandle<()>>,
}

impl<'p> Connection<'p> {
    /// Opens a connection and asks which channel answers. Fails if that is not the channel of the
    /// project, or not the one that `recorded` names, the channel of the state.
    pub(crate) fn open(
        credentials: Credentials,
        project: &'p LoadedProject,
        requests: &'p RequestOptions,
        recorded: Option<&ChannelId>,
        terminal: Terminal,
    ) -> Result<Self, Failure> {
        let parallelism = usize::from(requests.parallelism);
        open_files::require(match credentials {
            Credentials::Real { .. } => parallelism,
            // The sandbox has the other ends of the connections.
            Credentials::Sandbox(_) => 2 * parallelism,
        })?;
        let failed = |error| Failure::refused(format!("cannot start the async runtime: {error}"));
        let runtime = Runtime::new().map_err(failed)?;
        let requesting = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let ids = project.ids()?;
        let policy = Policy::pausing(requests.retry_pause);
        let pace = Arc::new(Pace::new(project.rate(requests.rate)));
        let (client, answering) = runtime.block_on(async {
            let client = Client::start(credentials, project).await?;
            let asking = Asking {
                client: &client,
                pace: &pace,
                policy: &policy,
                terminal,
            };
            let answering = asking.check(project, recorded).await?;
            Ok::<_, Failure>((client, answering))
        })?;
        Ok(Self {
            project,
            requests,
            terminal,
            runtime,
            requesting,
            client,
            answering,
            pace,
            ids,
            spent: Duration::ZERO,
            idle: None,
        })
    }

    /// How ids are shown.
    pub(crate) fn ids(&self) -> &ShownIds {
        &self.ids
    }

    /// The HTTP client.
    pub(crate) fn channel(&self) -> Arc<Channel> {
        Arc::clone(&self.client.channel)
    }

    /// Runs a future that sends requests to its end.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.requesting.block_on(future)
    }

    /// Watches for signals and for the end of `time_left`, also while this thread computes or writes.
    pub(crate) fn watch(
        &self,
        time_left: Option<Duration>,
    ) -> (watch::Sender<Option<StopCause>>, JoinHandle<()>) {
        let _inside = self.runtime.enter();
        signals::watch(time_left)
    }

    /// Reads users, with a progress bar. Calls `on_user` for each, in the order of responses. A signal
    /// or the end of `--max-duration` stops the reading early.
    pub(crate) fn read_users(
        &mut self,
        ids: &[MemberId],
        on_user: &mut dyn FnMut(&MemberId, Result<RemoteUser, Unread>),
    ) -> ReadReport {
        let time_left = self.begin_sending();
        let options = ReadOptions {
            api: self.project.project.channel.api,
            parallelism: self.requests.parallelism.into(),
            pace: Arc::clone(&self.pace),
            policy: Policy::pausing(self.requests.retry_pause),
            ids: self.ids.clone(),
            channel_id: Some(self.answering.id.to_string()),
        };
        let mut progress = Progress::new(self.terminal, self.ids.clone());
        let (stop, watching) = self.watch(time_left);
        let report = self.block_on(apply::read_users(
            ids,
            self.channel(),
            &options,
            &stop,
            now,
            &mut |event| progress.on_event(event),
            on_user,
        ));
        watching.abort();
        progress.finish();
        self.spent += report.elapsed;
        report
    }

    /// Ends the process at the next signal, until [`Connection::begin_sending`] is called. After
    /// signals were watched once, the system no longer does that by itself.
    pub(crate) fn exit_on_signal(&mut self) {
        if self.idle.is_none() {
            let _inside = self.runtime.enter();
            let waiting = signals::exit_on_signal(self.terminal);
            self.idle = Some(self.runtime.spawn(waiting));
        }
    }

    /// Leaves signals to the caller from here on. Returns what is left of `--max-duration`.
    pub(crate) fn begin_sending(&mut self) -> Option<Duration> {
        if let Some(idle) = self.idle.take() {
            idle.abort();
        }
        let whole = self.requests.max_duration?;
        Some(whole.saturating_sub(self.spent))
    }

    /// Says which rate Channel allows, if it refused requests, and stops the sandbox, if this is a connection to one.
    pub(crate) fn close(self) {
        if let Some(allowed) = self.pace.measured() {
            let asked = self.project.rate(self.requests.rate).per_second;
            self.terminal.talk(&allowed_rate(allowed, asked));
        }
        if let Some(running) = self.client.sandbox {
            running.stop();
        }
    }
}

/// The HTTP client, and the sandbox that it talks to, if there is one.
struct Client {
    channel: Arc<Channel>,
    sandbox: Option<Running>,
}

impl Client {
    async fn start(credentials: Credentials, project: &LoadedProject) -> Result<Self, Failure> {
        let (base_url, key, secret, sandbox) = match credentials {
            Credentials::Real { key, secret } => {
                (project.project.channel.base_url.clone(), key, secret, None)
            }
            Credentials::Sandbox(faults) => {
                let users = project.sandbox_users();
                files::make_folder_of(&users)?;
                let running = sandbox::start(SandboxSettings {
                    users: Some(users.clone()),
                    faults,
                    burst: project.project.channel.rate.burst,
                    per_second: project.project.channel.rate.per_second,
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
        if base_url.starts_with("https:") {
            variables::check()?;
        }
        let settings = HttpSettings {
            logs_ids: !project.ids()?.hides(),
            ..HttpSettings::new(base_url, key, secret)
        };
        let channel =
            Channel::new(&settings).map_err(|error| Failure::refused(error.to_string()))?;
        Ok(Self {
            channel: Arc::new(channel),
            sandbox,
        })
    }
}

/// Asks which channel answers.
struct Asking<'a> {
    client: &'a Client,
    pace: &'a Pace,
    policy: &'a Policy,
    terminal: Terminal,
}

impl Asking<'_> {
    /// Asks, and fails if that is not the channel of the project, or not the one that `recorded` names.
    async fn check(
        &self,
        project: &LoadedProject,
        recorded: Option<&ChannelId>,
    ) -> Result<ChannelInfo, Failure> {
        let asked = request::get_channel(project.project.channel.api);
        let verdict = self.send(&asked).await;
        let base_url = &project.project.channel.base_url;
        let answering = match verdict {
            Verdict::Accepted(answering) => answering,
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
            Verdict::Obstructed(obstacle) => {
                return Err(Failure::with_hint(
                    format!(
                        "cannot ask {base_url} which channel this is: {obstacle}; nothing was sent"
                    ),
                    obstacle.hint(),
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
            (project.project.channel.id.as_ref(), "the project names"),
            (recorded, "the state describes"),
        ];
        for (expected, who) in named {
            if let Some(expected) = expected
                && *expected != answering.id
            {
                return Err(Failure::with_hint(
                    format!(
                        "the credentials belong to channel {}, {who} channel {expected}; nothing was sent",
                        answering.id
                    ),
                    "use the keys of that channel, or another environment (--env)",
                ));
            }
        }
        Ok(answering)
    }

    /// Sends a request, with the retries that the policy allows. A refusal with 429 is none of them.
    async fn send(&self, asked: &Request) -> Verdict<ChannelInfo> {
        let mut attempt = 0;
        loop {
            let pass = self.pace.turn().await;
            let received = self.client.channel.send(asked).await;
            let now = now();
            let paced = self.pace.observe(pass, received.as_ref().ok(), now);
            let verdict = judge_channel(received).explained(self.policy, now);
            let wait = match (&verdict, paced) {
                (_, Err(Throttled)) => return verdict,
                (Verdict::RateLimited, Ok(wait)) => wait.unwrap_or_default(),
                _ => {
                    attempt += 1;
                    let decision = decide(self.policy, attempt, &verdict, now, fastrand::f64());
                    let Decision::Retry { after } = decision else {
                        return verdict;
                    };
                    after
                }
            };
            self.terminal.talk(&format!(
                "Cannot ask Channel which channel this is ({}); asking again in {:.1} s.",
                escape::terminal(&verdict.to_string()),
                wait.as_secs_f64()
            ));
            if verdict != Verdict::RateLimited {
                tokio::time::sleep(wait).await;
            }
        }
    }
}
