//! Gets the access token of Google for a workload that a CI vouches for, from servers on loopback.

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use serde_json::json;

use crate::bucket::fake_s3::{FakeS3, Request, answer, read};
use crate::bucket::world::{APPLY, Place, command};
use crate::command::{Ran, finish};
use crate::project::{Channel, Project, many_users};

/// A server that has the token of the CI, exchanges it, and acts as a service account. Its address.
fn identities() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(&stream));
        }
    });
    format!("http://{address}")
}

fn serve(stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let (status, said) = if let Some(said) = said(&request) {
            (200, said)
        } else {
            let body = String::from_utf8_lossy(&request.body);
            let token = body.rsplit("subject_token=").next().unwrap_or_default();
            let said = format!("not this one: {token}");
            (403, json!({ "error_description": said }))
        };
        let answer = answer(status, &[], said.to_string().as_bytes());
        if (&*stream).write_all(&answer).is_err() {
            return;
        }
    }
}

/// What the server says to a request as it should be.
fn said(request: &Request) -> Option<serde_json::Value> {
    let body = String::from_utf8_lossy(&request.body);
    let authorization = request.headers.get("authorization").map(String::as_str);
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/ci") if authorization == Some("Bearer of-the-job") => {
            Some(json!({ "value": "vouched" }))
        }
        ("POST", "/token")
            if body.contains("subject_token=vouched") && body.contains("audience=%2F%2Fiam") =>
        {
            Some(json!({ "access_token": "federated", "expires_in": 3600 }))
        }
        ("POST", "/account")
            if authorization == Some("Bearer federated") && body.contains("devstorage") =>
        {
            Some(json!({ "accessToken": "of-the-account", "expireTime": "2999-01-01T00:00:00Z" }))
        }
        _ => None,
    }
}

fn project(bucket: &FakeS3, channel: &Channel, file: &serde_json::Value) -> Project {
    let project = Place::fake_google(bucket).project(channel);
    project.write("users/a.yaml", &many_users(3, "free"));
    project.write("federated.json", &file.to_string());
    project
}

fn federated(project: &Project, arguments: &[&str]) -> Ran {
    let child = command(project, arguments)
        .env(
            "GOOGLE_APPLICATION_CREDENTIALS",
            project.at("federated.json"),
        )
        .env_remove("GOOGLE_BEARER_TOKEN")
        .spawn();
    finish(child.expect("talkform runs"))
}

fn credentials(server: &str, source: &serde_json::Value) -> serde_json::Value {
    json!({
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/ci",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{server}/token"),
        "credential_source": source,
    })
}

#[test]
fn a_job_acts_as_a_service_account() {
    let (bucket, channel, server) = (FakeS3::start(), Channel::start(), identities());
    let mut file = credentials(
        &server,
        &json!({
            "url": format!("{server}/ci"),
            "headers": { "Authorization": "Bearer of-the-job" },
            "format": { "type": "json", "subject_token_field_name": "value" },
        }),
    );
    file["service_account_impersonation_url"] = format!("{server}/account").into();
    let project = project(&bucket, &channel, &file);
    federated(&project, APPLY).expect(0);
    assert_eq!(bucket.authorizations(), ["Bearer of-the-account"]);
}

#[test]
fn a_job_acts_for_itself_with_a_token_in_a_file() {
    let (bucket, channel, server) = (FakeS3::start(), Channel::start(), identities());
    let file = credentials(&server, &json!({ "file": "token.jwt" }));
    let project = project(&bucket, &channel, &file);
    project.write("token.jwt", "vouched\n");
    federated(&project, APPLY).expect(0);
    assert_eq!(bucket.authorizations(), ["Bearer federated"]);
    project.write("token.jwt", "of-another-job");
    let ran = federated(&project, &["plan"]).expect(1);
    assert!(ran.stderr.contains("answered 403"), "{}", ran.stderr);
    assert!(ran.stderr.contains("not this one"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("of-another-job"), "{}", ran.stderr);
}

#[test]
fn a_token_goes_out_in_no_clear_text_and_comes_from_no_program() {
    let (bucket, channel, server) = (FakeS3::start(), Channel::start(), identities());
    let mut file = credentials(&server, &json!({ "file": "token.jwt" }));
    file["token_url"] = "http://sts.example/token".into();
    let in_clear = project(&bucket, &channel, &file);
    let ran = federated(&in_clear, &["plan"]).expect(1);
    assert!(ran.stderr.contains("a secret in clear"), "{}", ran.stderr);
    let program = credentials(
        &server,
        &json!({ "executable": { "command": "touch ran" } }),
    );
    let program = project(&bucket, &channel, &program);
    let ran = federated(&program, &["plan"]).expect(1);
    assert!(
        ran.stderr.contains("set GOOGLE_BEARER_TOKEN"),
        "{}",
        ran.stderr
    );
    assert!(bucket.log().is_empty());
}
