//! Measures the bare work: the same files through serde into plain structs, and the same requests in a plain
//! loop, without checks, places, digests or records.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::Problem;
use super::generate::files;

/// The threads that talkform uses on a usual CI machine, which has two cores.
const THREADS: usize = 2;

#[derive(Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "reading them is the point")]
enum Plain {
    Flag(bool),
    Number(f64),
    Text(String),
    Texts(Vec<String>),
    Numbers(Vec<f64>),
    Null,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PlainUser {
    member_id: Option<String>,
    profile: HashMap<String, Plain>,
    profile_once: HashMap<String, Plain>,
    tags: Vec<String>,
    unsubscribed: Option<bool>,
    unsubscribe_email: Option<bool>,
    unsubscribe_texting: Option<bool>,
}

/// A list of users, or a single one.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PlainFile {
    api_version: String,
    kind: String,
    defaults: PlainUser,
    users: Vec<PlainUser>,
    member_id: Option<String>,
    profile: HashMap<String, Plain>,
    profile_once: HashMap<String, Plain>,
    tags: Vec<String>,
    unsubscribed: Option<bool>,
    unsubscribe_email: Option<bool>,
    unsubscribe_texting: Option<bool>,
}

/// Reads all files on two threads and keeps the users until all files are read, as any reader of a whole
/// project has to. Returns the number of users.
fn over_all<T: Send>(
    folder: &Path,
    read: impl Fn(&[u8]) -> Result<(T, usize), Problem> + Sync,
) -> Result<usize, Problem> {
    let files = files(folder)?;
    let next = AtomicU32::new(0);
    let work = || -> Result<(Vec<T>, usize), Problem> {
        let (mut kept, mut all) = (Vec::new(), 0);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed) as usize;
            let Some(path): Option<&PathBuf> = files.get(number) else {
                return Ok((kept, all));
            };
            let (file, users) = read(&fs::read(path)?)?;
            kept.push(file);
            all += users;
        }
    };
    let parts = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
        joined
            .map(|part| part.expect("no panic"))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let count = parts.iter().map(|(_, users)| users).sum();
    // The process ends here, and freeing a million maps one by one is not part of the floor.
    std::mem::forget(parts);
    Ok(count)
}

/// `serde_yaml` into plain structs.
pub fn yaml(folder: &Path) -> Result<usize, Problem> {
    over_all(folder, |bytes| {
        let file: PlainFile = serde_yaml::from_slice(bytes)?;
        let users = file.users.len() + usize::from(file.member_id.is_some());
        Ok((file, users))
    })
}

/// `serde_json` into plain structs, line by line.
pub fn json(folder: &Path) -> Result<usize, Problem> {
    over_all(folder, |bytes| {
        let mut users = Vec::new();
        for line in bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            users.push(serde_json::from_slice::<PlainUser>(line)?);
        }
        let count = users.len();
        Ok((users, count))
    })
}

/// A request body of about the usual size.
const BODY: &str = r#"{"profile":{"bio":"Runs the small team in Busan and answers most of the evening chats. 주로 모바일로 접속하고 주말에는 답장이 늦습니다.","city":"Seoul","email":"seoyeon.kim4021@example.com","interests":["inbox","bots"],"joinedOn":"2023-04-17","mobileNumber":"+821012345678","name":"김서연","plan":"pro","recentPurchaseAmount":120000,"seats":12},"profileOnce":{"utmSource":"naver"},"tags":["beta","vip/gold"]}"#;

/// Sends `count` upserts, `concurrency` at once, over kept connections. Returns the time from the first to the
/// last.
pub fn requests(url: &str, count: u32, concurrency: usize) -> Result<Duration, Problem> {
    // A second client in one process finds it installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(concurrency)
        .tcp_nodelay(true)
        .tls_certs_only([])
        .no_proxy()
        .build()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let next = Arc::new(AtomicU32::new(0));
        let begin = Instant::now();
        let loops: Vec<_> = (0..concurrency)
            .map(|_| {
                let (client, next, url) = (client.clone(), Arc::clone(&next), url.to_owned());
                tokio::spawn(async move {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= count {
                            return Ok(());
                        }
                        let answer = client
                            .put(format!("{url}/open/v4/users/@floor-{number:07}"))
                            .header("content-type", "application/json")
                            .header("x-access-key", "floor")
                            .header("x-access-secret", "floor")
                            .body(BODY)
                            .send()
                            .await?;
                        answer.error_for_status()?.bytes().await?;
                    }
                })
            })
            .collect();
        for one in loops {
            one.await?.map_err(|problem: reqwest::Error| problem)?;
        }
        Ok(begin.elapsed())
    })
}
