//! The way to HubSpot: through a proxy or past it, and which certificates are trusted.
//!
//! HubSpot's address is `https`, the sandbox's is not. So a server of TLS stands before the sandbox here, with a certificate that only
//! a file of the test knows, and a proxy that notes what it is asked for.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use hubspot_sandbox::{Sandbox, tokens};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::NamedTempFile;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    task::JoinSet,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

use super::support::{Connector, people, sandbox, state};

/// A name that nobody can look up: whoever gets there went through the proxy.
const BEHIND_THE_PROXY: &str = "hubspot.invalid";

/// This machine under an address that does not count as loopback.
const THIS_MACHINE: &str = "0.0.0.0";

/// A sandbox behind TLS, and a proxy that leads to it whatever name is asked for.
struct Network {
    sandbox: Sandbox,
    secure: SocketAddr,
    proxy: SocketAddr,
    /// The head of each request to the proxy.
    asked: Arc<Mutex<Vec<String>>>,
    certificate: NamedTempFile,
    _runtime: Runtime,
}

impl Network {
    /// With a proxy that lets only those through whose head contains this.
    fn new(password: &'static str) -> Self {
        let sandbox = sandbox();
        let runtime = Runtime::new().unwrap();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([BEHIND_THE_PROXY, THIS_MACHINE].map(str::to_owned)).unwrap();
        let certificate = NamedTempFile::new().unwrap();
        std::fs::write(certificate.path(), cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let tls = ServerConfig::builder().with_no_client_auth();
        let acceptor =
            TlsAcceptor::from(Arc::new(tls.with_single_cert(vec![cert.der().clone()], key).unwrap()));

        let plain = sandbox.base_url().trim_start_matches("http://").to_owned();
        let (listener, secure) = listen(&runtime);
        runtime.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(serve(acceptor.clone(), client, plain.clone()));
            }
        });
        let (listener, proxy) = listen(&runtime);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        runtime.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(lead(client, secure, password, Arc::clone(&notes)));
            }
        });
        Self { sandbox, secure, proxy, asked, certificate, _runtime: runtime }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn certificate(&self) -> &str {
        self.certificate.path().to_str().unwrap()
    }

    /// A connector for which HubSpot has this host, and that trusts the certificate.
    fn connector(&self, host: &str) -> Connector {
        let url = format!("https://{host}:{}", self.secure.port());
        Connector::new(&self.sandbox)
            .variable("HUBSPOT_API_BASE_URL", &url)
            .variable("SSL_CERT_FILE", self.certificate())
    }

    fn proxy_url(&self) -> String {
        format!("http://{}", self.proxy)
    }
}

fn listen(runtime: &Runtime) -> (TcpListener, SocketAddr) {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// One connection to the server of TLS, until either side ends it.
async fn serve(acceptor: TlsAcceptor, client: TcpStream, plain: String) -> Option<()> {
    let mut client = acceptor.accept(client).await.ok()?;
    let mut sandbox = TcpStream::connect(plain).await.ok()?;
    copy_bidirectional(&mut client, &mut sandbox).await.ok()?;
    Some(())
}

/// One connection to the proxy: notes the request, then passes on what it cannot read.
async fn lead(
    mut client: TcpStream,
    secure: SocketAddr,
    password: &str,
    asked: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let allowed = head.contains(password);
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(head);
    if !allowed {
        let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
        client.write_all(refusal).await.ok()?;
        return None;
    }
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
    let mut server = TcpStream::connect(secure).await.ok()?;
    copy_bidirectional(&mut client, &mut server).await.ok()?;
    Some(())
}

#[test]
fn a_sync_goes_through_the_proxy_that_the_environment_names_and_shows_it_nothing() {
    let network = Network::new("");
    for name in ["HTTPS_PROXY", "https_proxy"] {
        let connector = network.connector(BEHIND_THE_PROXY).variable(name, &network.proxy_url());
        let before = network.asked().len();
        let outcome = connector.write(&(people(0..3) + &state(1)));
        outcome.assert_success();
        assert_eq!(outcome.state_ids(), [1]);
        assert!(network.asked().len() > before, "{name}");
    }
    assert_eq!(network.sandbox.contacts().len(), 3);
    let tunnel = format!("CONNECT {BEHIND_THE_PROXY}:{} HTTP/1.1\r\n", network.secure.port());
    for head in network.asked() {
        assert!(head.starts_with(&tunnel), "{head}");
        assert!(!head.contains(tokens::FULL) && !head.to_lowercase().contains("bearer"), "{head}");
    }
}

#[test]
fn a_proxy_that_wants_a_password_gets_it_and_no_log_does() {
    // `ada:open sesame` in Base64.
    let network = Network::new("Basic YWRhOm9wZW4gc2VzYW1l");
    let url = network.proxy_url().replace("http://", "http://ada:open%20sesame@");
    let connector = network.connector(BEHIND_THE_PROXY).variable("HTTPS_PROXY", &url);
    let outcome = connector.variable("LOG_LEVEL", "trace").check();
    outcome.assert_success();
    let (status, message) = outcome.connection_status();
    assert_eq!(status, "SUCCEEDED", "{message}");
    let said = outcome.lines.join("\n");
    assert!(!said.contains("sesame") && !said.contains("YWRhOm9wZW4"), "{said}");
}

#[test]
fn no_proxy_leads_past_the_proxy() {
    let network = Network::new("");
    let connector = || network.connector(THIS_MACHINE).variable("HTTPS_PROXY", &network.proxy_url());
    for (exceptions, asks) in [("hubspot.invalid", true), ("other.invalid,0.0.0.0", false)] {
        let before = network.asked().len();
        let (status, message) = connector().variable("NO_PROXY", exceptions).check().connection_status();
        assert_eq!(status, "SUCCEEDED", "{message}");
        assert_eq!(network.asked().len() > before, asks, "{exceptions}");
    }
}

#[test]
fn a_local_hubspot_is_never_asked_through_a_proxy() {
    let network = Network::new("");
    let connector = Connector::new(&network.sandbox)
        .variable("HTTP_PROXY", &network.proxy_url())
        .variable("ALL_PROXY", &network.proxy_url());
    assert_eq!(connector.check().connection_status().0, "SUCCEEDED");
    assert_eq!(network.asked(), Vec::<String>::new());
}

#[test]
fn a_certificate_that_the_system_does_not_know_is_refused_before_the_token_is_sent() {
    let network = Network::new("");
    let other = Network::new("");
    // Trusts another certificate than the one that is shown.
    let connector = network.connector(THIS_MACHINE).variable("SSL_CERT_FILE", other.certificate());
    let (status, message) = connector.check().connection_status();
    assert_eq!(status, "FAILED");
    assert!(message.contains("certificate") && message.contains("SSL_CERT_FILE"), "{message}");
    let message = connector.write(&people(0..1)).assert_failure("config_error");
    assert!(message.contains("certificate"), "{message}");
    assert!(network.sandbox.requests().is_empty());
}

#[test]
fn without_any_trusted_certificate_the_error_says_what_to_install() {
    let network = Network::new("");
    let empty = NamedTempFile::new().unwrap();
    let connector = network.connector(THIS_MACHINE).variable("SSL_CERT_FILE", empty.path().to_str().unwrap());
    let (status, message) = connector.check().connection_status();
    assert_eq!(status, "FAILED");
    assert!(message.contains("ca-certificates"), "{message}");
}
