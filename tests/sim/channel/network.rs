//! Carries requests to the model Channel and answers back, as the weather allows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;
use talkform::model::Plan;
use talkform::remote::{
    Method, RateHeaders, Request, Response, Sending, Transport, TransportError, rate::RetryAfter,
};

use crate::channel::answer::{instead, of_channel, passes_for_deletion, refusal};
use crate::channel::conduct::Conduct;
use crate::channel::ledger::Ledger;
use crate::channel::people;
use crate::channel::users::{Done, Users};
use crate::channel::weather::{Fate, Weather};
use crate::dice::Dice;
use crate::sabotage::Sabotage;
use crate::steps::{Step, Steps};
use crate::trace::Trace;

/// How long the program waits for an answer, as its HTTP client does.
const PATIENCE: Duration = Duration::from_secs(40);

/// Channel and everything between it and the program.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) users: Users,
    pub(crate) ledger: Ledger,
    /// The processes of the run that is under way, or that ended last.
    pub(crate) processes: [Conduct; 2],
    weather: Weather,
    /// Requests that have left and have not arrived.
    on_the_way: Vec<(u64, Request)>,
    next: u64,
    dice: Dice,
    sabotage: Sabotage,
    trace: Trace,
}

impl Remote {
    pub(crate) fn new(users: Users, dice: Dice, sabotage: Sabotage, trace: Trace) -> Self {
        Self {
            users,
            ledger: Ledger::default(),
            processes: <[Conduct; 2]>::default(),
            weather: Weather::calm(),
            on_the_way: Vec::new(),
            next: 0,
            dice,
            sabotage,
            trace,
        }
    }

    /// Begins another run.
    pub(crate) fn run_begins(&mut self, weather: Weather) {
        self.weather = weather;
        self.processes = <[Conduct; 2]>::default();
    }

    /// The run has ended: each request that is still on its way arrives now or never.
    pub(crate) fn settle(&mut self) {
        for (number, request) in std::mem::take(&mut self.on_the_way) {
            if self.dice.percent(50) {
                self.trace
                    .note(|| format!("request {number} arrives after the run"));
                self.carry_out(&request);
            }
        }
    }

    pub(crate) fn people_act(&mut self) {
        let dice = self.dice.clone();
        people::act(&mut self.users, &mut self.ledger, &dice, &self.trace);
    }

    /// The process has decided what to do.
    pub(crate) fn plans(&mut self, process: usize, plan: &Plan) {
        let checked = self.processes[process].plans(plan);
        self.ledger.violations.extend(checked.err());
    }

    fn tries(&mut self, process: usize, request: &Request) {
        let checked = self.processes[process].tries(request);
        self.ledger.violations.extend(checked.err());
    }

    fn leaves(&mut self, process: usize, request: &Request) -> u64 {
        self.next += 1;
        let body = body(request);
        if let (Some(id), true) = (&request.user, request.method != Method::Get) {
            self.ledger.leaves(id.as_str(), body.as_ref());
            self.processes[process].sent += 1;
            let other = &self.processes[1 - process];
            if other.sent > 0 && !other.is_over {
                let both = "two processes write the same state".to_owned();
                self.ledger.violations.push(both);
            }
        }
        self.on_the_way.push((self.next, request.clone()));
        self.next
    }

    fn arrives(&mut self, number: u64, request: &Request) -> Done {
        self.on_the_way.retain(|(other, _)| *other != number);
        self.carry_out(request)
    }

    fn is_lost(&mut self, number: u64) {
        self.on_the_way.retain(|(other, _)| *other != number);
    }

    /// What Channel makes of a request.
    fn carry_out(&mut self, request: &Request) -> Done {
        let id = request.user.as_ref().expect("it is about a user").as_str();
        if self.sabotage == Sabotage::ChannelForgets
            && request.method == Method::Put
            && self.dice.percent(20)
            && self.users.get(id).is_some()
        {
            return self.users.show(id);
        }
        match request.method {
            Method::Get => self.users.show(id),
            Method::Put => {
                let body = body(request).unwrap_or_default();
                let ignored = self.weather.ignored;
                let done = self.users.put(id, &body, ignored);
                if done.status == 200 {
                    self.ledger.put(id, &body, ignored);
                }
                done
            }
            Method::Delete => {
                let done = self.users.delete(id);
                self.ledger.deleted(id);
                done
            }
        }
    }
}

fn body(request: &Request) -> Option<Json> {
    let body = request.body.as_ref()?;
    Some(serde_json::from_slice(body).expect("the body of a request is JSON"))
}

/// The connection of one run.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    remote: Arc<Mutex<Remote>>,
    steps: Arc<Steps>,
    dice: Dice,
    trace: Trace,
    /// Whose connection it is.
    process: usize,
}

impl Network {
    pub(crate) fn new(remote: Remote, steps: Arc<Steps>) -> Self {
        Self {
            dice: remote.dice.clone(),
            trace: remote.trace.clone(),
            remote: Arc::new(Mutex::new(remote)),
            steps,
            process: 0,
        }
    }

    /// The connection of this process.
    pub(crate) fn of(&self, process: usize) -> Self {
        Self {
            process,
            ..self.clone()
        }
    }

    /// The process has decided what to do.
    pub(crate) fn plans(&self, plan: &Plan) {
        self.remote().plans(self.process, plan);
    }

    /// The process has ended.
    pub(crate) fn is_over(&self) {
        self.remote().processes[self.process].is_over = true;
    }

    pub(crate) fn remote(&self) -> MutexGuard<'_, Remote> {
        self.remote.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process may die here. Once it is dead, nothing comes back.
    async fn step(&self) {
        if self.steps.step() != Step::Taken {
            std::future::pending::<()>().await;
        }
    }

    async fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        self.step().await;
        let (fate, number, there, back) = {
            let mut remote = self.remote();
            remote.tries(self.process, request);
            let fate = remote.weather.fate(&self.dice);
            let (there, back) = (
                remote.weather.way(&self.dice),
                remote.weather.way(&self.dice),
            );
            if remote.weather.do_people_act(&self.dice) {
                remote.people_act();
            }
            if fate == Fate::NoConnection {
                self.trace.note(|| format!("{request:?}: no connection"));
                return Err(no_connection());
            }
            (fate, remote.leaves(self.process, request), there, back)
        };
        self.trace.note(|| {
            let body = request.body.as_deref().map(String::from_utf8_lossy);
            format!(
                "request {number}: {request:?} {} ({fate:?})",
                body.unwrap_or_default()
            )
        });
        wait(there).await;
        let answered = self.answer(fate, number, request);
        self.step().await;
        if answered == Err(TransportError::Timeout) {
            tokio::time::sleep(PATIENCE).await;
        } else {
            wait(back).await;
        }
        self.step().await;
        if let Ok(answer) = &answered {
            self.trace
                .note(|| format!("request {number} is answered with {}", answer.status));
            let mut remote = self.remote();
            let conduct = &mut remote.processes[self.process];
            match fate {
                Fate::TooMany => conduct.is_limited(request),
                Fate::Answered | Fate::Twice => {
                    conduct.is_answered(request, answer.status < 300 || answer.status == 404);
                }
                Fate::Rejected | Fate::Denied => conduct.is_answered(request, false),
                Fate::Lost(what) | Fate::AnswerLost(what) if passes_for_deletion(request, what) => {
                    conduct.is_answered(request, true);
                }
                _ => {}
            }
        }
        answered
    }

    fn answer(
        &self,
        fate: Fate,
        number: u64,
        request: &Request,
    ) -> Result<Response, TransportError> {
        let mut remote = self.remote();
        match fate {
            Fate::NoConnection => Err(no_connection()),
            Fate::Answered => Ok(of_channel(&remote.arrives(number, request))),
            Fate::Twice => {
                remote.arrives(number, request);
                Ok(of_channel(&remote.carry_out(request)))
            }
            Fate::Lost(what) => {
                if passes_for_deletion(request, what) {
                    // Nobody could tell it from Channel's own answer.
                    remote.arrives(number, request);
                }
                remote.is_lost(number);
                let shown = remote
                    .users
                    .show(request.user.as_ref().map_or("", |id| id.as_str()));
                instead(what, &shown)
            }
            Fate::AnswerLost(what) => {
                let done = remote.arrives(number, request);
                if remote.sabotage == Sabotage::LostAnswersCountAsUnsent {
                    return Err(no_connection());
                }
                instead(what, &done)
            }
            Fate::Late => Err(TransportError::Timeout),
            Fate::TooMany => {
                remote.is_lost(number);
                let retry_after = self.dice.percent(50);
                let retry_after = retry_after.then(|| RetryAfter::Seconds(self.dice.between(0, 5)));
                let rate = RateHeaders {
                    retry_after,
                    ..RateHeaders::default()
                };
                Ok(refusal(429, "tooManyRequests", rate))
            }
            Fate::Rejected => {
                remote.is_lost(number);
                Ok(refusal(422, "unprocessableEntity", RateHeaders::default()))
            }
            Fate::Denied => {
                remote.is_lost(number);
                Ok(refusal(401, "unauthorized", RateHeaders::default()))
            }
        }
    }
}

fn no_connection() -> TransportError {
    TransportError::Connect("refused".to_owned())
}

async fn wait(milliseconds: u64) {
    if milliseconds > 0 {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}

impl Transport for Network {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a> {
        Box::pin(self.exchange(request))
    }
}
