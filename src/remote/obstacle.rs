//! Recognises what keeps a connection from being made until somebody changes something: a certificate, a proxy, a name.

use std::error::Error;
use std::fmt;
use std::io;

use rustls::CertificateError;

/// Why no connection can be made. Trying again does not help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    kind: ObstacleKind,
    /// The host of Channel.
    host: String,
    /// The proxy on the way, without its credentials.
    proxy: Option<String>,
}

/// What keeps a connection from being made.
#[derive(Clone, Debug, PartialEq, Eq)]
enum ObstacleKind {
    /// The certificate is not accepted.
    Certificate {
        fault: CertificateFault,
        /// Whether it is the proxy's own.
        is_of_proxy: bool,
    },
    /// The other end does not speak TLS.
    NoTls,
    /// The proxy asks for credentials, or does not accept them.
    ProxyAuthorization,
    /// A name has no address.
    UnknownName {
        /// Whether it is the name of the proxy.
        is_of_proxy: bool,
        cause: String,
    },
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
enum CertificateFault {
    UnknownIssuer,
    OtherName,
    Expired,
    NotYetValid,
    Other(String),
}

impl Obstacle {
    /// Recognises an obstacle in the error of a connection to this host. `None` if the error may pass by itself.
    pub(crate) fn of(
        error: &(dyn Error + 'static),
        host: &str,
        proxy: Option<&str>,
    ) -> Option<Self> {
        let chain: Vec<_> = causes(error).collect();
        let kind = chain.iter().enumerate().find_map(|(place, error)| {
            // The way to the proxy itself fails inside of the error of the tunnel.
            let is_of_proxy = chain[..place].iter().any(|outer| is_of_tunnel(*outer));
            kind_of(*error, is_of_proxy, proxy)
        })?;
        Some(Self {
            kind,
            host: host.to_owned(),
            proxy: proxy.map(ToOwned::to_owned),
        })
    }

    /// What to do, with the variables to set.
    pub fn hint(&self) -> String {
        let authority = if cfg!(any(target_os = "macos", windows)) {
            "add the certificate authority of your network to the system's trusted ones"
        } else {
            "name the certificate authority of your network in SSL_CERT_FILE (a PEM file, with the public authorities if they are still needed)"
        };
        match &self.kind {
            ObstacleKind::Certificate { fault, .. } => match fault {
                CertificateFault::UnknownIssuer | CertificateFault::Other(_) => {
                    format!("if your network opens TLS connections, {authority}")
                }
                CertificateFault::OtherName => format!(
                    "another server answers: check channel.baseUrl, HTTPS_PROXY and NO_PROXY; if your network opens TLS connections, {authority}"
                ),
                CertificateFault::Expired | CertificateFault::NotYetValid => {
                    "check the clock of this machine, HTTPS_PROXY and NO_PROXY".to_owned()
                }
            },
            ObstacleKind::NoTls => {
                "check channel.baseUrl; an HTTPS_PROXY that starts with https:// speaks TLS itself, and most proxies are http://".to_owned()
            }
            ObstacleKind::ProxyAuthorization => {
                "write its credentials into the variable, such as HTTPS_PROXY=http://user:password@host:port with special characters percent-encoded, or name this host in NO_PROXY".to_owned()
            }
            ObstacleKind::UnknownName {
                is_of_proxy: true, ..
            } => "check HTTPS_PROXY and ALL_PROXY".to_owned(),
            ObstacleKind::UnknownName {
                is_of_proxy: false, ..
            } => {
                "check channel.baseUrl; where only a proxy knows names of the internet, set HTTPS_PROXY".to_owned()
            }
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, host, .. } = self;
        let (proxy, through) = match &self.proxy {
            Some(proxy) => (
                format!("the proxy {proxy}"),
                format!(" through the proxy {proxy}"),
            ),
            None => ("the proxy".to_owned(), String::new()),
        };
        match kind {
            ObstacleKind::Certificate { fault, is_of_proxy } => {
                let whose = if *is_of_proxy {
                    proxy
                } else {
                    format!("{host}{through}")
                };
                write!(f, "the certificate of {whose} {fault}")
            }
            ObstacleKind::NoTls => write!(f, "what answers for {host}{through} does not speak TLS"),
            ObstacleKind::ProxyAuthorization => write!(
                f,
                "{proxy} asks for credentials before it connects to {host}, or does not accept them (407)"
            ),
            ObstacleKind::UnknownName { is_of_proxy, cause } => {
                if *is_of_proxy {
                    write!(f, "the name of {proxy} does not resolve: {cause}")
                } else {
                    write!(f, "the name {host} does not resolve: {cause}")
                }
            }
        }
    }
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIssuer => f.write_str("is signed by nobody whom this machine trusts"),
            Self::OtherName => f.write_str("is for another name"),
            Self::Expired => f.write_str("has expired"),
            Self::NotYetValid => f.write_str("is not valid yet"),
            Self::Other(cause) => write!(f, "is not accepted: {cause}"),
        }
    }
}

/// The error and its causes, the outermost first.
pub(crate) fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |outer| {
        let outer: &'e (dyn Error + 'static) = *outer;
        outer.source()
    })
}

/// Whether an error wraps those of the way to the proxy. The types are private to the HTTP library.
fn is_of_tunnel(error: &(dyn Error + 'static)) -> bool {
    error.to_string() == "tunnel error: failed to create underlying connection"
}

fn kind_of(
    error: &(dyn Error + 'static),
    is_of_proxy: bool,
    proxy: Option<&str>,
) -> Option<ObstacleKind> {
    let inner = error
        .downcast_ref::<io::Error>()
        .and_then(|error| error.get_ref()?.downcast_ref::<rustls::Error>());
    if let Some(error) = inner.or_else(|| error.downcast_ref::<rustls::Error>()) {
        return match error {
            rustls::Error::InvalidCertificate(cause) => Some(ObstacleKind::Certificate {
                fault: fault_of(cause),
                is_of_proxy,
            }),
            rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType) => {
                Some(ObstacleKind::NoTls)
            }
            _ => None,
        };
    }
    let text = error.to_string();
    match text.as_str() {
        "tunnel error: proxy authorization required"
        | "SOCKS error: credentials not accepted"
        | "SOCKS error: server does not support user/pass authentication"
        | "SOCKS error: server implements authentication incorrectly" => {
            return Some(ObstacleKind::ProxyAuthorization);
        }
        _ => {}
    }
    let cause = resolution_failure(error, &text)?;
    // A SOCKS proxy may leave the name of the host to this machine. Any other name is the proxy's.
    let is_of_host = proxy.is_none() || text == "error resolving for socks proxy";
    Some(ObstacleKind::UnknownName {
        is_of_proxy: !is_of_host,
        cause,
    })
}

/// Why a name has no address, unless a later try may find one.
fn resolution_failure(error: &(dyn Error + 'static), text: &str) -> Option<String> {
    const OF_SYSTEM: &str = "failed to lookup address information: ";
    let cause = match text {
        "dns error" | "error resolving for socks proxy" => {
            causes(error.source()?).last()?.to_string()
        }
        // The cause is no source of this error, only a part of its debug form.
        "SOCKS error: failed to create underlying connection" => {
            let debug = format!("{error:?}");
            let (_, cause) = debug.split_once("dns error")?.1.split_once(OF_SYSTEM)?;
            cause.split('"').next()?.to_owned()
        }
        _ => return None,
    };
    let cause = cause.strip_prefix(OF_SYSTEM).unwrap_or(&cause);
    // glibc, musl: the server of names did not answer.
    let may_pass = cause.contains("Temporary failure") || cause.contains("Try again");
    (!may_pass).then(|| cause.to_owned())
}

fn fault_of(cause: &CertificateError) -> CertificateFault {
    match cause {
        CertificateError::UnknownIssuer => CertificateFault::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::OtherName
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateFault::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::NotYetValid
        }
        other => CertificateFault::Other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error with a source.
    #[derive(Debug)]
    struct Outer(&'static str, Option<Box<dyn Error>>);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref()
        }
    }

    fn outer(text: &'static str, source: impl Into<Box<dyn Error>>) -> Outer {
        Outer(text, Some(source.into()))
    }

    fn said(error: &(dyn Error + 'static), proxy: Option<&str>) -> Option<String> {
        Obstacle::of(error, "h.example", proxy).map(|obstacle| obstacle.to_string())
    }

    fn lookup(cause: &str) -> io::Error {
        io::Error::other(format!("failed to lookup address information: {cause}"))
    }

    #[test]
    fn names_without_an_address_are_obstacles_unless_the_server_of_names_is_away() {
        let unknown = outer("dns error", lookup("Name or service not known"));
        assert_eq!(
            said(&unknown, None).as_deref(),
            Some("the name h.example does not resolve: Name or service not known")
        );
        assert_eq!(
            said(&unknown, Some("http://p:1")).as_deref(),
            Some("the name of the proxy http://p:1 does not resolve: Name or service not known")
        );
        for away in ["Temporary failure in name resolution", "Try again"] {
            assert_eq!(said(&outer("dns error", lookup(away)), None), None);
        }
        let socks = outer("error resolving for socks proxy", lookup("nodename"));
        assert_eq!(
            said(&socks, Some("socks5://p:1")).as_deref(),
            Some("the name h.example does not resolve: nodename")
        );
    }

    #[test]
    fn the_certificate_of_a_proxy_is_told_from_that_of_the_host() {
        let bad = || {
            let cause = rustls::Error::InvalidCertificate(CertificateError::Revoked);
            io::Error::other(cause)
        };
        assert_eq!(
            said(&outer("client error (Connect)", bad()), Some("https://p")).as_deref(),
            Some(
                "the certificate of h.example through the proxy https://p is not accepted: Revoked"
            )
        );
        let tunnel = outer(
            "tunnel error: failed to create underlying connection",
            bad(),
        );
        assert_eq!(
            said(&tunnel, Some("https://p")).as_deref(),
            Some("the certificate of the proxy https://p is not accepted: Revoked")
        );
    }

    #[test]
    fn what_may_pass_is_no_obstacle() {
        for text in [
            "tunnel error: unsuccessful",
            "tunnel error: unexpected end of file",
            "SOCKS error: Connection refused",
        ] {
            assert_eq!(said(&Outer(text, None), Some("http://p")), None, "{text}");
        }
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(said(&outer("tcp connect error", refused), None), None);
    }
}
