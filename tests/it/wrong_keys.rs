//! Checks that exactly one request is sent if Channel rejects the keys.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::project::{Project, many_users};

/// Answers every request in the same way and remembers the request lines.
fn answering(status: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let Some(first) = lines.next() else { continue };
            log.lock().expect("a log").push(first);
            lines
                .by_ref()
                .take_while(|line| !line.is_empty())
                .for_each(drop);
            let body = r#"{"type":"unauthorizedException","status":401}"#;
            let _ = write!(
                &stream,
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    (format!("http://{address}"), heard)
}

#[test]
fn two_thousand_users_and_one_request() {
    for status in ["401 Unauthorized", "403 Forbidden"] {
        let (url, heard) = answering(status);
        let project = Project::new(&format!(
            "channel: {{ baseUrl: \"{url}\" }}\nlimits: {{ create: 100000 }}\n"
        ));
        project.write("users/a.yaml", &many_users(2000, "pro"));
        let ran = project.run(&["apply", "--auto-approve"]).expect(1);
        assert!(ran.stderr.contains("TALKFORM_ACCESS_KEY"), "{}", ran.stderr);
        assert!(!ran.all().contains("secret-for-tests"));
        let heard = heard.lock().expect("a log").clone();
        assert_eq!(heard, ["GET /open/v4/channel HTTP/1.1"], "{status}");
        assert!(!project.at("talkform.state.json").exists());
    }
}
