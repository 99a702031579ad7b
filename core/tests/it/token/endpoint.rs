//! An HTTP endpoint that answers as a test tells it to, badly if need be.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// What the endpoint does with each connection.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Status 200 with this body.
    Body(String),
    /// This body, after a while.
    Late(Duration, String),
    /// This body, once for each permit that the test gives.
    Held(Arc<Semaphore>, String),
    /// Status 200 with these header lines and this body.
    With(&'static str, Vec<u8>),
    /// This status, with more header lines.
    Status(&'static str, String),
    /// A body that never ends.
    Endless,
    /// A byte now and then, without end.
    Drip,
    /// Nothing at all.
    Silence,
}

/// Listens on loopback until it is dropped.
pub(crate) struct Endpoint {
    url: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    reply: Mutex<Reply>,
    requests: Mutex<Vec<String>>,
    bytes_sent: AtomicUsize,
}

impl Endpoint {
    pub(crate) async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            reply: Mutex::new(reply),
            requests: Mutex::default(),
            bytes_sent: AtomicUsize::new(0),
        });
        let served = shared.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = served.clone();
                // A client that hangs up is what some of these replies are for.
                tokio::spawn(async move { shared.answer(stream).await.ok() });
            }
        });
        Self { url, shared, accepting }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) fn set(&self, reply: Reply) {
        *self.shared.reply.lock().unwrap() = reply;
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Waits until so many requests have come.
    pub(crate) async fn has_had(&self, count: usize) {
        while self.requests().len() < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn bytes_sent(&self) -> usize {
        self.shared.bytes_sent.load(Ordering::SeqCst)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    async fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        self.requests.lock().unwrap().push(String::from_utf8(head).unwrap());
        let reply = self.reply.lock().unwrap().clone();
        match reply {
            Reply::Body(body) => send_body(&mut stream, "", body.as_bytes()).await,
            Reply::Late(wait, body) => {
                tokio::time::sleep(wait).await;
                send_body(&mut stream, "", body.as_bytes()).await
            }
            Reply::Held(permits, body) => {
                permits.acquire().await.unwrap().forget();
                send_body(&mut stream, "", body.as_bytes()).await
            }
            Reply::With(headers, body) => send_body(&mut stream, headers, &body).await,
            Reply::Status(status, headers) => {
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: 0\r\n{headers}connection: close\r\n\r\n"
                );
                stream.write_all(head.as_bytes()).await
            }
            Reply::Endless => {
                self.send_for_ever(&mut stream, &[b' '; 65_536], Duration::ZERO).await
            }
            Reply::Drip => self.send_for_ever(&mut stream, b" ", Duration::from_millis(100)).await,
            Reply::Silence => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                Ok(())
            }
        }
    }

    async fn send_for_ever(
        &self,
        stream: &mut TcpStream,
        chunk: &[u8],
        pause: Duration,
    ) -> std::io::Result<()> {
        stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await?;
        loop {
            stream.write_all(chunk).await?;
            self.bytes_sent.fetch_add(chunk.len(), Ordering::SeqCst);
            tokio::time::sleep(pause).await;
        }
    }
}

async fn send_body(stream: &mut TcpStream, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n{headers}connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await
}
