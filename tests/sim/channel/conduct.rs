//! Checks what one process sends against its plan, request by request.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use talkform::model::{Change, LimitKind, Plan};
use talkform::remote::{Method, Policy, Request};

use crate::channel::users::FLAGS;

/// What one process may send, what it has sent, and what it was answered.
#[derive(Debug, Default)]
pub(crate) struct Conduct {
    /// The body that is planned for each user.
    puts: BTreeMap<String, Json>,
    /// The opt-outs that may be sent once more: those of a person whom Channel created anew.
    opt_outs: BTreeMap<String, BTreeSet<&'static str>>,
    deletions: BTreeSet<String>,
    /// How often each request was tried, without the tries that Channel refused for their number.
    tries: BTreeMap<Asked, u32>,
    /// How many tries there were in all.
    tried: u64,
    /// Requests with an answer after which there is nothing to try.
    settled: BTreeSet<Asked>,
    /// How many requests that change something have left.
    pub(crate) sent: usize,
    /// Users for whom Channel's own good answer to a PUT or a DELETE was delivered.
    pub(crate) answered: BTreeSet<String>,
    /// Whether the process has ended.
    pub(crate) is_over: bool,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    method: &'static str,
    id: String,
    body: Option<Vec<u8>>,
}

impl Asked {
    fn of(request: &Request) -> Option<Self> {
        let id = request.user.as_ref()?.as_str().to_owned();
        (request.method != Method::Get).then(|| Self {
            method: request.method.as_str(),
            id,
            body: request.body.clone(),
        })
    }
}

impl Conduct {
    /// The process has decided what to do. Returns what is wrong with the plan's own numbers.
    pub(crate) fn plans(&mut self, plan: &Plan) -> Result<(), String> {
        for planned in &plan.changes {
            let id = planned.id.as_str().to_owned();
            match &planned.change {
                Change::Delete { .. } => {
                    self.deletions.insert(id.clone());
                }
                Change::Move {
                    from,
                    delete_old: true,
                    ..
                } => {
                    self.deletions.insert(from.as_str().to_owned());
                }
                _ => {}
            }
            if let Some(write) = planned.change.write() {
                let declared = [
                    (FLAGS[0], write.declared.unsubscribed),
                    (FLAGS[1], write.declared.unsubscribe_email),
                    (FLAGS[2], write.declared.unsubscribe_texting),
                ];
                let opt_outs = declared.into_iter().filter(|(_, flag)| *flag == Some(true));
                let opt_outs = opt_outs.map(|(flag, _)| flag).collect();
                self.opt_outs.insert(id.clone(), opt_outs);
            }
            if let Some(upsert) = planned.change.upsert() {
                let body = serde_json::to_value(upsert).expect("a body is JSON");
                self.puts.insert(id, body);
            }
        }
        let planned = self.puts.len() + self.deletions.len();
        if planned != plan.requests() {
            return Err(format!(
                "{} requests are said, {planned} planned",
                plan.requests()
            ));
        }
        self.check_opt_ins(plan)
    }

    /// Every user to whom `false` is sent counts for the limit of opt-ins.
    fn check_opt_ins(&self, plan: &Plan) -> Result<(), String> {
        let turns_off = |body: &&Json| FLAGS.iter().any(|flag| body[*flag] == Json::Bool(false));
        let sent = self.puts.values().filter(turns_off).count();
        let check = plan
            .limits
            .iter()
            .find(|check| check.kind == LimitKind::OptIn);
        let counted = check.map_or(0, |check| check.planned);
        if sent > counted {
            return Err(format!(
                "{sent} users get an opt-out turned off, {counted} are counted"
            ));
        }
        Ok(())
    }

    /// A request is tried. It may never leave.
    pub(crate) fn tries(&mut self, request: &Request) -> Result<(), String> {
        let Some(asked) = Asked::of(request) else {
            return Ok(());
        };
        if !self.is_planned(&asked) {
            return Err(format!("{request:?} is not in the plan: {asked:?}"));
        }
        if self.settled.contains(&asked) {
            return Err(format!("{request:?} is sent again after its answer"));
        }
        self.tried += 1;
        let tries = self.tries.entry(asked).or_default();
        *tries += 1;
        if *tries > Policy::default().most_attempts {
            return Err(format!("{request:?} is tried {tries} times"));
        }
        Ok(())
    }

    /// How many requests were tried that change something, retries included.
    pub(crate) fn tried(&self) -> u64 {
        self.tried
    }

    fn is_planned(&self, asked: &Asked) -> bool {
        let Some(body) = &asked.body else {
            return self.deletions.contains(&asked.id);
        };
        let body: Json = serde_json::from_slice(body).expect("the body of a request is JSON");
        if self.puts.get(&asked.id) == Some(&body) {
            return true;
        }
        let opt_outs = self.opt_outs.get(&asked.id);
        let (Some(opt_outs), Some(fields)) = (opt_outs, body.as_object()) else {
            return false;
        };
        let mut fields = fields.iter();
        fields.all(|(name, value)| opt_outs.contains(name.as_str()) && *value == Json::Bool(true))
    }

    /// Channel refuses a request because there are too many.
    pub(crate) fn is_limited(&mut self, request: &Request) {
        if let Some(tries) = Asked::of(request).and_then(|asked| self.tries.get_mut(&asked)) {
            *tries = tries.saturating_sub(1);
        }
    }

    /// Channel's own answer is delivered.
    pub(crate) fn is_answered(&mut self, request: &Request, is_good: bool) {
        let Some(asked) = Asked::of(request) else {
            return;
        };
        if is_good {
            self.answered.insert(asked.id.clone());
        }
        self.settled.insert(asked);
    }
}
