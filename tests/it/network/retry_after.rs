//! `Retry-After` of any form is a bounded wait or a clear stop.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::project::many_users;
use crate::raw_channel::{RawChannel, user};

/// A response with these header lines.
fn refusal(status: u16, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n")
        .into_bytes()
}

/// Applies one user, whose first request gets this response, without a long pause of talkform's own.
fn after(status: u16, headers: &'static str) -> crate::command::Ran {
    let is_first = AtomicBool::new(true);
    let channel = RawChannel::start(move |arrived| {
        if is_first.swap(false, Ordering::Relaxed) {
            refusal(status, headers)
        } else {
            user(&arrived.id)
        }
    });
    let project = channel.project("");
    project.write("users/a.yaml", &many_users(1, "pro"));
    project.run(&["apply", "--auto-approve", "--retry-pause", "1ms"])
}

#[test]
fn what_names_no_wait_does_not_hold_a_run_up() {
    for headers in [
        "retry-after: 0\r\n",
        "retry-after: -1\r\n",
        "retry-after: 99999999999999999999\r\n",
        "retry-after: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
        "retry-after: a moment\r\n",
        "retry-after:\r\n",
        "retry-after: \u{1f552}\r\n",
        "retry-after: 0\r\nretry-after: 99999\r\n",
    ] {
        for status in [429, 503] {
            let ran = after(status, headers);
            assert!(
                ran.stdout.contains("2 requests, 1 retried"),
                "{status} {headers}: {}",
                ran.all()
            );
        }
    }
}

#[test]
fn a_wait_beyond_five_minutes_is_named() {
    for seconds in ["301", "1000000000000000000", "18446744073709551615"] {
        let headers: &'static str = format!("retry-after: {seconds}\r\n").leak();
        let ran = after(503, headers).expect(3);
        assert!(
            ran.all()
                .contains("503 from Channel, which asks for a wait of more than 300 s"),
            "{}",
            ran.all()
        );
    }
}
