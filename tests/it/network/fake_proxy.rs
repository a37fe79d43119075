//! Runs proxies on loopback: one that understands `CONNECT`, and one that speaks SOCKS5.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// What a proxy does with a request for a connection.
#[derive(Clone, Copy)]
pub(crate) enum Does {
    /// Connects to this port of this machine, whatever host is asked for.
    Connects(u16),
    /// Answers with this status.
    Answers(u16),
    /// Connects to the port, if this user and this password were given.
    Asks(u16, &'static str, &'static str),
}

/// A proxy. It runs until the test ends.
pub(crate) struct FakeProxy {
    /// `127.0.0.1:` and the port.
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl FakeProxy {
    /// One that understands `CONNECT`.
    pub(crate) fn http(does: Does) -> Self {
        Self::start(move |client, asked| connect(client, does, asked))
    }

    /// One that speaks SOCKS5.
    pub(crate) fn socks5(does: Does) -> Self {
        Self::start(move |client, asked| socks5(client, does, asked))
    }

    fn start(
        serve: impl Fn(TcpStream, &mut dyn FnMut(String)) -> std::io::Result<()> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // The client may be gone; that is its affair.
                let _ = serve(client, &mut |target| {
                    log.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(target);
                });
            }
        });
        Self { address, asked }
    }

    /// The targets that were asked for, such as `channel.test:443`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }
}

fn connect(
    mut client: TcpStream,
    does: Does,
    asked: &mut dyn FnMut(String),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    asked(first.split(' ').nth(1).unwrap_or_default().to_owned());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            break;
        }
    }
    match does {
        Does::Connects(port) | Does::Asks(port, ..) => {
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
            join(&client, &TcpStream::connect(("127.0.0.1", port))?);
        }
        Does::Answers(status) => {
            write!(client, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n")?;
        }
    }
    Ok(())
}

/// RFC 1928, and RFC 1929 for users and passwords.
fn socks5(mut client: TcpStream, does: Does, asked: &mut dyn FnMut(String)) -> std::io::Result<()> {
    let take = |length: usize| -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        (&client).read_exact(&mut bytes)?;
        Ok(bytes)
    };
    let methods = take(2)?[1];
    let methods = take(methods.into())?;
    if let Does::Asks(_, name, password) = does {
        if !methods.contains(&2) {
            return (&client).write_all(&[5, 0xff]);
        }
        (&client).write_all(&[5, 2])?;
        let length = take(2)?[1];
        let given_name = take(length.into())?;
        let length = take(1)?[0];
        let given_password = take(length.into())?;
        let is_right = (given_name, given_password) == (name.into(), password.into());
        (&client).write_all(&[1, u8::from(!is_right)])?;
        if !is_right {
            return Ok(());
        }
    } else {
        (&client).write_all(&[5, 0])?;
    }
    let kind = take(4)?[3];
    let host = if kind == 3 {
        let length = take(1)?[0];
        String::from_utf8_lossy(&take(length.into())?).into_owned()
    } else {
        let octets = take(4)?;
        let octets: Vec<String> = octets.iter().map(u8::to_string).collect();
        octets.join(".")
    };
    let port = take(2)?;
    asked(format!("{host}:{}", u16::from_be_bytes([port[0], port[1]])));
    match does {
        Does::Connects(port) | Does::Asks(port, ..) => {
            client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0])?;
            join(&client, &TcpStream::connect(("127.0.0.1", port))?);
        }
        // "General failure".
        Does::Answers(_) => client.write_all(&[5, 1, 0, 1, 0, 0, 0, 0, 0, 0])?,
    }
    Ok(())
}

/// Copies both ways until both ends are closed.
fn join(one: &TcpStream, other: &TcpStream) {
    let copy = |from: &TcpStream, to: &TcpStream| {
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Write);
        });
        std::io::Result::Ok(())
    };
    let _ = copy(one, other).and_then(|()| copy(other, one));
}
