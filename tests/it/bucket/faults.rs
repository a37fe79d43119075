//! Loses the answer to each request of an apply, cuts its connection or answers with an error, one request a run.

use std::sync::{Arc, Mutex};

use crate::bucket::fake_s3::{Asked, FakeS3, Fault};
use crate::bucket::world::{APPLY, KEY, Place, is_settled, lock_id, run};
use crate::project::{Channel, Project, many_users};

/// A project with an applied state and an edit of every user.
fn edited() -> (FakeS3, Channel, Project) {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = Place::fake(&bucket).project(&channel);
    project.write("users/a.yaml", &many_users(5, "free"));
    run(&project, APPLY).expect(0);
    project.write("users/a.yaml", &many_users(5, "pro"));
    (bucket, channel, project)
}

/// Does one thing to one request of an apply. The apply succeeds all the same, because the request is sent again or its
/// result is found out.
fn once(fault: Fault) {
    let (bucket, _channel, project) = edited();
    bucket.decide(|_, _| Fault::None);
    run(&project, APPLY).expect(0);
    let requests = bucket.log();
    assert!(requests.len() > 8, "{requests:?}");
    let touched = Arc::new(Mutex::new(Vec::<Asked>::new()));
    for number in 0..requests.len() {
        let (bucket, channel, project) = edited();
        let seen = Arc::clone(&touched);
        bucket.decide(move |place, asked| {
            if place == number {
                seen.lock().expect("a log").push(asked.clone());
                fault
            } else {
                Fault::None
            }
        });
        let ran = run(&project, APPLY);
        assert_eq!(
            ran.code,
            Some(0),
            "{fault:?} of request {number}, {:?}: {}",
            bucket.log().get(number),
            ran.all()
        );
        bucket.decide(|_, _| Fault::None);
        is_settled(&project, &channel, 5, "pro");
        assert_eq!(bucket.keys(), [KEY.to_owned(), format!("{KEY}.lock")]);
    }
    let touched = touched.lock().expect("a log");
    assert!(
        touched
            .iter()
            .any(|asked| asked.method == "PUT" && asked.key == KEY)
    );
    assert!(touched.iter().any(|asked| asked.key.contains(".journal/")));
}

#[test]
fn a_lost_answer_is_found_out() {
    once(Fault::LoseAnswer);
}

#[test]
fn half_an_answer_is_completed() {
    once(Fault::HalfAnswer);
}

#[test]
fn a_cut_connection_is_tried_again() {
    once(Fault::Cut);
}

#[test]
fn an_error_of_the_store_is_tried_again() {
    once(Fault::Broken);
}

/// The store fails for good from one request on. Whatever the run knew, the next one goes on.
#[test]
fn a_store_that_goes_away_loses_nothing() {
    for from in [9, 11] {
        let (bucket, channel, project) = edited();
        bucket.decide(move |place, _| {
            if place >= from {
                Fault::Cut
            } else {
                Fault::None
            }
        });
        let ran = run(&project, APPLY);
        bucket.decide(|_, _| Fault::None);
        if let Some(id) = lock_id(&bucket) {
            run(&project, &["state", "unlock", &id]).expect(0);
        }
        let ran_again = run(&project, APPLY).expect(0);
        is_settled(&project, &channel, 5, "pro");
        assert_ne!(ran.code, None, "{}{}", ran.all(), ran_again.all());
    }
}
