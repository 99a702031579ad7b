//! A relay between a client and a store, at which a test stops the world: before a request reaches
//! the store, or after the store has answered and before the client hears of it.

use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// A step of an upload in parts, or of its completion. What the store is asked by a probe is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Begun,
    PartAsked,
    PartAnswered,
    CompleteAsked,
    CompleteAnswered,
    /// The first bytes are asked for.
    CheckAsked,
    CopyAsked,
    CopyAnswered,
    /// What has been copied is to be deleted.
    DeleteAsked,
    DeleteAnswered,
}

pub(crate) struct Relay {
    pub(crate) endpoint: String,
    stop: Arc<Mutex<Option<Stop>>>,
    tasks: Arc<Mutex<JoinSet<()>>>,
}

struct Stop {
    at: Step,
    /// How many such steps may pass.
    passing: usize,
    reached: Option<oneshot::Sender<()>>,
}

impl Relay {
    /// Relays to the store at `http://host:port`.
    pub(crate) async fn to(store: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let store = store.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
        let stop: Arc<Mutex<Option<Stop>>> = Arc::default();
        let tasks: Arc<Mutex<JoinSet<()>>> = Arc::default();
        let accepting = {
            let (stop, tasks) = (Arc::clone(&stop), Arc::clone(&tasks));
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let (stop, store) = (Arc::clone(&stop), store.clone());
                    tasks.lock().unwrap().spawn(async move {
                        let _ = relay(client, &store, &stop).await;
                    });
                }
            }
        };
        // It ends with the test's runtime.
        tokio::spawn(accepting);
        Self { endpoint, stop, tasks }
    }

    /// Stops at such a step once `passing` of them have passed. What is given is told of it.
    pub(crate) fn stop_at(&self, at: Step, passing: usize) -> oneshot::Receiver<()> {
        let (reached, told) = oneshot::channel();
        *self.stop.lock().unwrap() = Some(Stop { at, passing, reached: Some(reached) });
        told
    }

    /// Cuts every connection, on both sides, and lets everything pass from now on.
    pub(crate) async fn cut(&self) {
        *self.stop.lock().unwrap() = None;
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap());
        tasks.shutdown().await;
    }
}

async fn relay(client: TcpStream, store: &str, stop: &Mutex<Option<Stop>>) -> io::Result<()> {
    let mut client = Side::new(client);
    let mut store = Side::new(TcpStream::connect(store).await?);
    while let Some(request) = client.head().await? {
        let (asked, answered) = steps(&request);
        pass(stop, asked).await;
        store.stream.write_all(request.as_bytes()).await?;
        let mut answer = None;
        if header(&request, "expect").is_some() {
            let early = store.head().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if early.starts_with("HTTP/1.1 100") {
                client.stream.write_all(early.as_bytes()).await?;
            } else {
                answer = Some(early);
            }
        }
        if answer.is_none() {
            client.body(&request, &mut store.stream).await?;
            answer = store.head().await?;
        }
        let answer = answer.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut body = Vec::new();
        if !request.starts_with("HEAD ") {
            store.body(&answer, &mut body).await?;
        }
        pass(stop, answered).await;
        client.stream.write_all(answer.as_bytes()).await?;
        client.stream.write_all(&body).await?;
    }
    Ok(())
}

/// Goes on, or never again.
async fn pass(stop: &Mutex<Option<Stop>>, step: Option<Step>) {
    let is_the_end = {
        let mut stop = stop.lock().unwrap();
        match stop.as_mut() {
            // Once the step is reached, nothing moves on.
            Some(Stop { reached: None, .. }) => true,
            Some(stop) if Some(stop.at) == step && stop.passing == 0 => {
                let _ = stop.reached.take().unwrap().send(());
                true
            }
            Some(stop) if Some(stop.at) == step => {
                stop.passing -= 1;
                false
            }
            _ => false,
        }
    };
    if is_the_end {
        std::future::pending::<()>().await;
    }
}

/// What a request is when it is asked, and when it is answered.
fn steps(request: &str) -> (Option<Step>, Option<Step>) {
    let line = request.lines().next().unwrap_or_default();
    let query = line.split(' ').nth(1).and_then(|target| target.split_once('?'));
    let has = |name: &str| {
        query.is_some_and(|(_, query)| query.split('&').any(|pair| pair.starts_with(name)))
    };
    let method = line.split(' ').next();
    match method {
        _ if line.contains("/.casier/probe-") => (None, None),
        Some("PUT") if header(request, "x-amz-copy-source").is_some() => {
            (Some(Step::CopyAsked), Some(Step::CopyAnswered))
        }
        Some("GET") if header(request, "range").is_some() => (Some(Step::CheckAsked), None),
        Some("DELETE") if query.is_none_or(|(_, query)| !query.contains("uploadId=")) => {
            (Some(Step::DeleteAsked), Some(Step::DeleteAnswered))
        }
        Some("POST") if has("uploads") => (None, Some(Step::Begun)),
        Some("PUT") if has("partNumber") => (Some(Step::PartAsked), Some(Step::PartAnswered)),
        Some("POST") if has("uploadId") => {
            (Some(Step::CompleteAsked), Some(Step::CompleteAnswered))
        }
        _ => (None, None),
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// One side of a connection, and what has come from it and not been taken.
struct Side {
    stream: TcpStream,
    come: Vec<u8>,
}

impl Side {
    fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { stream, come: Vec::new() }
    }

    /// The next head, its empty line included; none at the end of the connection.
    async fn head(&mut self) -> io::Result<Option<String>> {
        match self.up_to(b"\r\n\r\n").await {
            Ok(head) => Ok(Some(String::from_utf8_lossy(&head).into_owned())),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Passes on the body that belongs to the head, in the form in which it comes.
    async fn body(&mut self, head: &str, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        if header(head, "transfer-encoding").is_some_and(|it| it.eq_ignore_ascii_case("chunked")) {
            loop {
                let line = self.up_to(b"\r\n").await?;
                to.write_all(&line).await?;
                let digits = String::from_utf8_lossy(&line);
                let length = u64::from_str_radix(digits.trim(), 16).map_err(io::Error::other)?;
                self.pass(length + 2, to).await?;
                if length == 0 {
                    return Ok(());
                }
            }
        }
        let length = header(head, "content-length").map_or(Ok(0), str::parse);
        self.pass(length.map_err(io::Error::other)?, to).await
    }

    async fn up_to(&mut self, mark: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.come.windows(mark.len()).position(|here| here == mark) {
                let rest = self.come.split_off(at + mark.len());
                return Ok(std::mem::replace(&mut self.come, rest));
            }
            self.more().await?;
        }
    }

    async fn pass(
        &mut self,
        mut length: u64,
        to: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        while length > 0 {
            if self.come.is_empty() {
                self.more().await?;
            }
            let taken = self.come.len().min(usize::try_from(length).unwrap_or(usize::MAX));
            to.write_all(&self.come[..taken]).await?;
            self.come.drain(..taken);
            length -= taken as u64;
        }
        Ok(())
    }

    async fn more(&mut self) -> io::Result<()> {
        self.come.reserve(64 * 1024);
        match self.stream.read_buf(&mut self.come).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
