//! Certificates, proxies and names of company networks: what cannot pass is named once, with what to do.

use std::io::{Read as _, Write as _};
use std::path::Path;

use crate::command::{Ran, finish};
use crate::network::fake_proxy::{Does, FakeProxy};
use crate::network::tls_channel::{TlsChannel, certificate};
use crate::project::{Project, many_users};

/// A project for a Channel at this address.
fn project(base_url: &str) -> Project {
    let project = Project::new(&format!(
        "channel: {{ id: \"7\", baseUrl: \"{base_url}\" }}\n"
    ));
    project.write("users/a.yaml", &many_users(1, "pro"));
    project
}

/// Asks Channel for the user, with these variables.
fn ask(project: &Project, variables: &[(&str, &str)]) -> Ran {
    let mut command = project.command(&["plan", "--refresh"]);
    command
        .env("TALKFORM_ALLOW_HOST", "channel.test,127.0.0.1")
        .env("SSL_CERT_FILE", certificate("authority"))
        .envs(variables.iter().copied());
    finish(command.spawn().expect("talkform runs"))
}

/// Fails unless the run ended at once with an error of this beginning and a hint that names these words.
#[track_caller]
fn stopped(ran: Ran, error: &str, hints: &[&str]) {
    let ran = ran.expect(1);
    let (message, hint) = ran.stderr.split_once("\n help: ").expect("a hint");
    assert!(
        message.starts_with(&format!("error: {error}")),
        "{}",
        ran.stderr
    );
    assert!(message.contains("nothing was sent"), "{}", ran.stderr);
    for word in hints {
        assert!(hint.contains(word), "{word}: {}", ran.stderr);
    }
}

/// What stands before the reason in a message about this host.
fn asking(host: &str, reason: &str) -> String {
    format!("cannot ask https://{host} which channel this is: {reason}; ")
}

const CHANNEL: &str = "https://channel.test";

#[test]
fn a_tunnel_through_a_proxy_works() {
    let channel = TlsChannel::start("channel");
    let proxy = FakeProxy::http(Does::Connects(channel.port));
    let project = project(CHANNEL);
    for value in [format!("http://{}", proxy.address), proxy.address.clone()] {
        ask(&project, &[("HTTPS_PROXY", &value)]).expect(0);
    }
    ask(&project, &[("ALL_PROXY", &proxy.address)]).expect(0);
    assert!(
        proxy
            .asked()
            .iter()
            .all(|asked| asked == "channel.test:443")
    );
    assert!(proxy.asked().len() >= 3);
}

#[test]
fn a_certificate_that_is_not_accepted_is_asked_for_once() {
    for (served, trusted, host, fault, hints) in [
        (
            "channel",
            "stranger",
            "channel.test",
            "is signed by nobody whom this machine trusts",
            &["SSL_CERT_FILE"][..],
        ),
        (
            "channel",
            "authority",
            "127.0.0.1",
            "is for another name",
            &["HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"],
        ),
        (
            "expired",
            "authority",
            "channel.test",
            "has expired",
            &["clock", "HTTPS_PROXY"],
        ),
    ] {
        let channel = TlsChannel::start(served);
        let proxy = FakeProxy::http(Does::Connects(channel.port));
        let through = format!("http://{}", proxy.address);
        let trusted = certificate(trusted);
        let variables = [
            ("HTTPS_PROXY", through.as_str()),
            ("SSL_CERT_FILE", trusted.to_str().expect("a path")),
        ];
        let ran = ask(&project(&format!("https://{host}")), &variables);
        let reason = format!("the certificate of {host} through the proxy {through} {fault}");
        stopped(ran, &asking(host, &reason), hints);
        assert_eq!(channel.connections(), 1);
    }
}

#[test]
fn a_proxy_that_asks_for_credentials_is_asked_once() {
    let proxy = FakeProxy::http(Does::Answers(407));
    let through = format!("http://somebody:hidden@{}", proxy.address);
    let ran = ask(&project(CHANNEL), &[("HTTPS_PROXY", &through)]);
    assert!(!ran.all().contains("hidden"), "{}", ran.all());
    let reason = format!(
        "the proxy http://{} asks for credentials before it connects to channel.test, or does not accept them (407)",
        proxy.address
    );
    let hints = &["HTTPS_PROXY=http://user:password@host:port", "NO_PROXY"];
    stopped(ran, &asking("channel.test", &reason), hints);
    assert_eq!(proxy.asked(), ["channel.test:443"]);
}

#[test]
fn a_proxy_that_refuses_is_named() {
    let proxy = FakeProxy::http(Does::Answers(503));
    let project = project(CHANNEL);
    let mut command = project.command(&["plan", "--refresh", "--retry-pause", "1ms"]);
    command
        .env("TALKFORM_ALLOW_HOST", "channel.test")
        .env("SSL_CERT_FILE", certificate("authority"))
        .env("HTTPS_PROXY", &proxy.address);
    let ran = finish(command.spawn().expect("talkform runs")).expect(1);
    let expected = format!("through the proxy http://{}", proxy.address);
    assert!(ran.stderr.contains(&expected), "{}", ran.stderr);
    assert_eq!(proxy.asked().len(), 6);
}

#[test]
fn socks_proxies_work() {
    let channel = TlsChannel::start("channel");
    let open = FakeProxy::socks5(Does::Connects(channel.port));
    let project = project(CHANNEL);
    let through = format!("socks5h://{}", open.address);
    ask(&project, &[("HTTPS_PROXY", &through)]).expect(0);
    assert_eq!(open.asked()[0], "channel.test:443");

    let closed = FakeProxy::socks5(Does::Asks(channel.port, "somebody", "a b"));
    let through = format!("socks5h://somebody:a%20b@{}", closed.address);
    ask(&project, &[("ALL_PROXY", &through)]).expect(0);
    for wrong in ["", "somebody:wrong@"] {
        let through = format!("socks5h://{wrong}{}", closed.address);
        let ran = ask(&project, &[("HTTPS_PROXY", &through)]);
        let reason = format!(
            "the proxy socks5h://{} asks for credentials before it connects to channel.test, or does not accept them",
            closed.address
        );
        let ran_error = asking("channel.test", &reason);
        stopped(ran, ran_error.trim_end_matches("; "), &["NO_PROXY"]);
    }
}

#[test]
fn a_server_without_tls_is_named() {
    let plain = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = plain.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut stream in plain.incoming().flatten() {
            let mut hello = [0; 1024];
            let _ = stream.read(&mut hello);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            // Closed before the client, the answer might be lost.
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    let proxy = FakeProxy::http(Does::Connects(port));
    let ran = ask(&project(CHANNEL), &[("HTTPS_PROXY", &proxy.address)]);
    let reason = format!(
        "what answers for channel.test through the proxy http://{} does not speak TLS",
        proxy.address
    );
    stopped(ran, &asking("channel.test", &reason), &["channel.baseUrl"]);
}

/// A label of a name has at most 63 characters, so no server is asked for this name.
#[test]
fn a_name_without_an_address_is_not_tried_again() {
    let name = format!("{}.test", "x".repeat(64));
    let project = project(CHANNEL);
    for scheme in ["http", "socks5h"] {
        let through = format!("{scheme}://{name}:3128");
        let ran = ask(&project, &[("HTTPS_PROXY", &through)]);
        let reason = format!("the name of the proxy {through} does not resolve: ");
        stopped(
            ran,
            asking("channel.test", &reason).trim_end_matches("; "),
            &["HTTPS_PROXY"],
        );
    }
}

#[test]
fn a_variable_that_cannot_be_used_is_an_error() {
    let project = project(CHANNEL);
    let folder = project.path().to_str().expect("a path");
    let text = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    for (variable, value, error) in [
        (
            "SSL_CERT_FILE",
            "/missing.pem",
            "cannot use /missing.pem of SSL_CERT_FILE: No such file",
        ),
        ("SSL_CERT_FILE", "", "SSL_CERT_FILE is set and empty; "),
        ("SSL_CERT_FILE", folder, "is a folder; "),
        (
            "SSL_CERT_FILE",
            "/dev/null",
            "it holds no certificate in the PEM format; ",
        ),
        (
            "SSL_CERT_FILE",
            text.to_str().expect("a path"),
            "it holds no certificate in the PEM format; ",
        ),
        (
            "SSL_CERT_DIR",
            "/missing:/gone",
            "no folder of SSL_CERT_DIR can be read; ",
        ),
        (
            "HTTPS_PROXY",
            "ftp://proxy.test:1",
            "HTTPS_PROXY names a proxy with the scheme `ftp`, which is not supported; ",
        ),
        (
            "https_proxy",
            "http://a b",
            "https_proxy is not the address of a proxy; ",
        ),
        (
            "ALL_PROXY",
            "http://user:12/3@proxy.test:1",
            "ALL_PROXY is not the address of a proxy; ",
        ),
    ] {
        let ran = ask(&project, &[(variable, value)]).expect(1);
        assert!(
            ran.stderr.contains(error),
            "{variable}={value}: {}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains("; nothing was sent\n help: "),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn plain_http_to_this_machine_needs_no_variables() {
    let channel = crate::project::Channel::start();
    let project = channel.project();
    let mut command = project.command(&["import", "u-1"]);
    command
        .env("SSL_CERT_FILE", "/missing")
        .env("HTTPS_PROXY", "nonsense://");
    let ran = finish(command.spawn().expect("talkform runs"));
    assert!(
        ran.stderr.contains("Channel does not know this user"),
        "{}",
        ran.all()
    );
}
