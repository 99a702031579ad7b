//! A server that keeps what it is sent and answers what a test wants: faults that no real store
//! shows when asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use casier::access::Policy;
use casier::storage::{Scope, Storage, StorageConfig, UserStorage};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct Fake {
    pub(crate) endpoint: String,
    requests: Arc<Mutex<Vec<Request>>>,
    /// How many bytes of endless answers went out.
    sent: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query, as they came over the wire.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    /// How many bytes of the body came.
    pub(crate) body: u64,
    /// The first of them.
    pub(crate) bytes: Vec<u8>,
}

/// How much of a body is kept.
const KEPT_BYTES: usize = 256 * 1024;

#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A whole answer: status, further header lines, body.
    Whole(u16, String, Vec<u8>),
    /// A whole answer with this body, and then the connection is closed, which was not announced.
    Last(Vec<u8>),
    /// A length, and fewer bytes than that.
    Short(u64, Vec<u8>),
    /// Status, further header lines, a length, and fewer bytes than that.
    Cut(u16, String, u64, Vec<u8>),
    /// The same, and then nothing comes on a connection that stays.
    Stalled(u16, String, u64, Vec<u8>),
    /// A body that never ends, as long as anybody reads it: status, and what is said again and again.
    Endless(u16, Vec<u8>),
    /// The connection is closed without a word.
    Hang,
    /// Nothing comes.
    Silence,
    /// An empty success, after so long.
    Late(Duration),
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = KEPT_BYTES - self.bytes.len();
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
    }
}

impl Answer {
    pub(crate) fn empty(status: u16) -> Self {
        Self::Whole(status, String::new(), Vec::new())
    }

    /// A file with these bytes.
    pub(crate) fn file(bytes: &[u8]) -> Self {
        Self::Whole(200, "ETag: \"e\"\r\n".to_owned(), bytes.to_vec())
    }

    pub(crate) fn error(status: u16, code: &str) -> Self {
        let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
        Self::Whole(status, String::from("Content-Type: application/xml\r\n"), body.into_bytes())
    }
}

impl Fake {
    pub(crate) async fn start(
        answer: impl Fn(&Request) -> Answer + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let seen = Arc::clone(&requests);
        let (sent, connections) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (sending, connected) = (Arc::clone(&sent), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connected.fetch_add(1, Ordering::Relaxed);
                let (answer, seen, sending) =
                    (answer.clone(), Arc::clone(&seen), Arc::clone(&sending));
                tokio::spawn(async move {
                    let _ = serve(stream, answer, seen, &sending).await;
                });
            }
        });
        Self { endpoint, requests, sent, connections }
    }

    pub(crate) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// How often anybody has connected.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn forget(&self) {
        self.requests.lock().unwrap().clear();
    }

    pub(crate) fn config(&self) -> StorageConfig {
        super::bench::config("bucket", self.endpoint.clone(), "AKIATEST", "hush-hush", None)
    }

    pub(crate) fn files(&self) -> UserStorage {
        files(self.config())
    }
}

/// The files of the user `1`.
pub(crate) fn files(config: StorageConfig) -> UserStorage {
    files_of("1", config)
}

pub(crate) fn files_of(user_id: &str, config: StorageConfig) -> UserStorage {
    let policy = Arc::new(Policy::builtin());
    Storage::new(config).unwrap().scoped(Scope::new(user_id).unwrap(), None, policy)
}

async fn serve(
    mut stream: TcpStream,
    answer: impl Fn(&Request) -> Answer,
    seen: Arc<Mutex<Vec<Request>>>,
    sent: &AtomicUsize,
) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let mut rest = buffer.split_off(end);
        buffer.clear();
        let mut lines = head.lines();
        let mut first = lines.next().unwrap_or_default().split(' ');
        let mut request = Request {
            method: first.next().unwrap_or_default().to_owned(),
            target: first.next().unwrap_or_default().to_owned(),
            headers: lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: 0,
            bytes: Vec::new(),
        };
        let length: u64 = request
            .headers
            .iter()
            .find(|(name, _)| name == "content-length")
            .map_or(0, |(_, value)| value.parse().unwrap());
        if request.headers.iter().any(|(name, _)| name == "expect") {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let mut whole = true;
        while (rest.len() as u64) < length - request.body {
            request.body += rest.len() as u64;
            request.keep(&rest);
            rest.clear();
            if stream.read_buf(&mut rest).await.unwrap_or(0) == 0 {
                whole = false;
                break;
            }
        }
        if whole {
            let after = rest.split_off(usize::try_from(length - request.body).unwrap());
            request.body = length;
            request.keep(&rest);
            buffer = after;
        }
        seen.lock().unwrap().push(request.clone());
        if !whole {
            return Ok(());
        }
        match answer(&request) {
            Answer::Whole(status, headers, body) => {
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{headers}\r\n");
                stream.write_all(head.as_bytes()).await?;
                if request.method != "HEAD" {
                    stream.write_all(&body).await?;
                }
            }
            Answer::Last(body) => {
                let head = format!(
                    "HTTP/1.1 200 X\r\nETag: \"e\"\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all(&[head.as_bytes(), &body].concat()).await?;
                return Ok(());
            }
            Answer::Short(length, body) => {
                let head = format!("HTTP/1.1 200 X\r\nContent-Length: {length}\r\n\r\n");
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(&body).await?;
                return Ok(());
            }
            Answer::Cut(status, headers, length, body) => {
                let head =
                    format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{headers}\r\n");
                stream.write_all(&[head.as_bytes(), &body].concat()).await?;
                return Ok(());
            }
            Answer::Stalled(status, headers, length, body) => {
                let head =
                    format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{headers}\r\n");
                stream.write_all(&[head.as_bytes(), &body].concat()).await?;
                tokio::time::sleep(Duration::from_secs(600)).await;
            }
            Answer::Endless(status, piece) => {
                let head = format!("HTTP/1.1 {status} X\r\nTransfer-Encoding: chunked\r\n\r\n");
                stream.write_all(head.as_bytes()).await?;
                let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat();
                loop {
                    stream.write_all(&chunk).await?;
                    sent.fetch_add(piece.len(), Ordering::Relaxed);
                }
            }
            Answer::Hang => return Ok(()),
            // Until the client gives up.
            Answer::Silence => {
                stream.read_buf(&mut buffer).await?;
                return Ok(());
            }
            Answer::Late(wait) => {
                tokio::time::sleep(wait).await;
                stream
                    .write_all(b"HTTP/1.1 200 X\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n")
                    .await?;
            }
        }
    }
}
