//! Lets applies race on one state in a bucket, and kills some of them. `TALKFORM_RACES` is the number of rounds,
//! `TALKFORM_RACES_STORE` a store of S3 on this machine whose list anybody may read, such as
//! `http://127.0.0.1:8333 s3://states/users.json`; without it the store is the fake of this process.

use std::thread;
use std::time::Duration;

use crate::bucket::fake_s3::FakeS3;
use crate::bucket::world::{APPLY, Place, is_settled, refusing_lock, run, start};
use crate::command::finish;
use crate::project::{Channel, Project, many_users};

const RUNS: usize = 8;
const USERS: usize = 12;

/// Releases the lock that a killed run left behind, as a person does, or whatever lock there is: the lock is no more
/// than a courtesy.
fn unlock(project: &Project) {
    if let Some(id) = refusing_lock(project) {
        run(project, &["state", "unlock", &id]);
    }
}

#[test]
fn applies_race_and_nothing_is_lost() {
    let rounds = std::env::var("TALKFORM_RACES").ok();
    let rounds: u64 = rounds.and_then(|rounds| rounds.parse().ok()).unwrap_or(3);
    let channel = Channel::faulty(&["slow=3ms"]);
    let place = match std::env::var("TALKFORM_RACES_STORE") {
        Ok(store) => {
            let (endpoint, state) = store.split_once(' ').expect("an address and a state");
            Place {
                endpoint: endpoint.to_owned(),
                state: state.to_owned(),
            }
        }
        Err(_) => Place::fake(&FakeS3::start()),
    };
    let projects: Vec<Project> = (0..RUNS).map(|_| place.project(&channel)).collect();
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let mut roll = move |most: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % most
    };
    let (mut killed, mut conflicts) = (0, 0);
    for round in 0..rounds {
        let plan = format!("p{round}");
        for project in &projects {
            project.write("users/a.yaml", &many_users(USERS, &plan));
        }
        let mut children: Vec<_> = projects
            .iter()
            .map(|project| Some(start(project, APPLY)))
            .collect();
        for _ in 0..4 {
            thread::sleep(Duration::from_millis(20 + roll(80)));
            if roll(2) == 0
                && let Some(child) = &mut children[usize::try_from(roll(8)).expect("small")]
            {
                killed += u32::from(child.try_wait().expect("a status").is_none());
                child.kill().expect("killed");
            }
            if roll(3) == 0 {
                unlock(&projects[0]);
            }
        }
        for child in children.iter_mut().filter_map(Option::take) {
            let ran = finish(child);
            conflicts += u64::from(ran.code == Some(4));
        }
        unlock(&projects[0]);
        let last = run(&projects[0], APPLY);
        assert_eq!(last.code, Some(0), "round {round}: {}", last.all());
        is_settled(&projects[0], &channel, USERS, &plan);
        assert_eq!(place.parts(), 0, "round {round}");
    }
    eprintln!("{rounds} rounds, {killed} killed, {conflicts} stopped early");
}
