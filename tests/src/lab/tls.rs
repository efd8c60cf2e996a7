//! Real TLS between two pods: a certificate made for it, a handshake, data to and fro.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

use anyhow::Result;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, Stream,
    SupportedProtocolVersion,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
};

use super::{pod::Pod, traffic::joined};

const NAME: &str = "server.example";

/// One connection: `turns` times the client asks and the server answers, with this much each.
#[derive(Clone, Copy, Debug)]
pub struct TlsTalk {
    /// The version of TLS that both ends are held to.
    pub version: &'static SupportedProtocolVersion,
    /// How often each end speaks.
    pub turns: usize,
    /// Bytes that it says.
    pub bytes: usize,
    /// How long the client thinks after the first answer.
    pub pause: Duration,
}

impl TlsTalk {
    /// Plays it between two pods, and says how many bytes of data came through.
    pub fn play(self, from: &Pod, to: &Pod, port: u16) -> Result<usize> {
        let (server, client) = self.configurations()?;
        let listener = to
            .netns
            .run(|| Ok(TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?))?;
        let serving = to.thread(move || {
            let (mut socket, _) = listener.accept()?;
            let mut connection = ServerConnection::new(server)?;
            self.speak(&mut Stream::new(&mut connection, &mut socket), false)
        });
        let target = SocketAddr::from((to.ip, port));
        let asking = from.thread(move || {
            let mut socket = TcpStream::connect(target)?;
            let mut connection = ClientConnection::new(client, ServerName::try_from(NAME)?)?;
            self.speak(&mut Stream::new(&mut connection, &mut socket), true)
        });
        Ok(joined(asking)? + joined(serving)?)
    }

    fn speak(self, stream: &mut (impl Read + Write), begins: bool) -> Result<usize> {
        let said = vec![b'x'; self.bytes];
        let mut heard = vec![0; self.bytes];
        for turn in 0..self.turns {
            if begins {
                if turn == 1 {
                    std::thread::sleep(self.pause);
                }
                stream.write_all(&said)?;
                stream.flush()?;
            }
            stream.read_exact(&mut heard)?;
            if !begins {
                stream.write_all(&said)?;
                stream.flush()?;
            }
        }
        Ok(self.turns * self.bytes)
    }

    fn configurations(self) -> Result<(Arc<ServerConfig>, Arc<ClientConfig>)> {
        let made = rcgen::generate_simple_self_signed(vec![NAME.to_owned()])?;
        let certificate = CertificateDer::from(made.cert.der().to_vec());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone())?;
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[self.version])?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[self.version])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok((Arc::new(server), Arc::new(client)))
    }
}
