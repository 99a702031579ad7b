//! Requests by hand: signed as a test wants them, right or wrong, and sent byte for byte.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::{digest, hmac};
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{ACCESS_KEY, REGION, SECRET_KEY};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request before it is sent. `path` is as it stands on the wire.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) addr: SocketAddr,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) signer: Signer,
}

/// Who signs, for where, when, and what.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) time: SystemTime,
    pub(crate) expires: String,
    /// Headers that are sent but left out of the signature.
    pub(crate) leave_out: Vec<&'static str>,
    /// Names that are listed as signed but not sent.
    pub(crate) claim: Vec<&'static str>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The code of an error, or the status in words.
    pub(crate) fn code(&self) -> String {
        let code = self.body.split("<Code>").nth(1).and_then(|rest| rest.split("</Code>").next());
        code.map_or_else(|| self.status.to_string(), str::to_owned)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

impl Wire {
    pub(crate) fn new(addr: SocketAddr, method: &'static str, path: &str) -> Self {
        Self {
            addr,
            method,
            path: path.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
            signer: Signer {
                access_key: ACCESS_KEY.to_owned(),
                secret_key: SECRET_KEY.to_owned(),
                region: REGION.to_owned(),
                service: "s3".to_owned(),
                time: SystemTime::now(),
                expires: "60".to_owned(),
                leave_out: Vec::new(),
                claim: Vec::new(),
            },
        }
    }

    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    pub(crate) fn signer(mut self, change: impl FnOnce(&mut Signer)) -> Self {
        change(&mut self.signer);
        self
    }

    /// Signs in the `Authorization` header.
    pub(crate) fn signed(mut self) -> Self {
        let date = amz_date(self.signer.time);
        let hash = hex(digest::digest(&digest::SHA256, &self.body).as_ref());
        if !self.headers.iter().any(|(name, _)| name == "x-amz-date") {
            self.headers.push(("x-amz-date".to_owned(), date.clone()));
        }
        if !self.headers.iter().any(|(name, _)| name == "x-amz-content-sha256") {
            self.headers.push(("x-amz-content-sha256".to_owned(), hash));
        }
        let payload = self.find("x-amz-content-sha256");
        let (signed, signature) = self.signature(&date, &payload);
        let credential = self.credential(&date);
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, \
             Signature={signature}"
        );
        self.header("authorization", &value)
    }

    /// Signs in the query string: a link.
    pub(crate) fn presigned(self) -> Self {
        let date = amz_date(self.signer.time);
        let (credential, expires) = (self.credential(&date), self.signer.expires.clone());
        let signed = self.signed_names().join(";");
        let wire = self
            .query("X-Amz-Algorithm", "AWS4-HMAC-SHA256")
            .query("X-Amz-Credential", &credential)
            .query("X-Amz-Date", &date)
            .query("X-Amz-Expires", &expires)
            .query("X-Amz-SignedHeaders", &signed);
        let (_, signature) = wire.signature(&date, "UNSIGNED-PAYLOAD");
        wire.query("X-Amz-Signature", &signature)
    }

    /// The link, after [`Wire::presigned`].
    pub(crate) fn target(&self) -> String {
        let pairs: Vec<String> = self
            .query
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        if pairs.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, pairs.join("&"))
        }
    }

    pub(crate) async fn send(&self) -> Answer {
        self.send_with_length(self.body.len()).await
    }

    /// Sends with a `Content-Length` that may be more than the body; then nothing follows.
    pub(crate) async fn send_with_length(&self, length: usize) -> Answer {
        let mut text = self.head();
        if length > 0 || matches!(self.method, "PUT" | "POST") {
            text.push_str(&format!("content-length: {length}\r\n"));
        }
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(format!("{text}\r\n").as_bytes()).await.unwrap();
        stream.write_all(&self.body).await.unwrap();
        if length > self.body.len() {
            stream.shutdown().await.unwrap();
        }
        answer(stream).await
    }

    /// Sends without a `Content-Length` of its own; with no body, that is the head alone.
    pub(crate) async fn send_unmeasured(&self) -> Answer {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(format!("{}\r\n", self.head()).as_bytes()).await.unwrap();
        stream.write_all(&self.body).await.unwrap();
        answer(stream).await
    }

    fn head(&self) -> String {
        let (method, target, addr) = (self.method, self.target(), self.addr);
        let mut text =
            format!("{method} {target} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n");
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text
    }

    fn find(&self, name: &str) -> String {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    fn credential(&self, date: &str) -> String {
        let signer = &self.signer;
        let (day, region, service) = (&date[..8], &signer.region, &signer.service);
        format!("{}/{day}/{region}/{service}/aws4_request", signer.access_key)
    }

    fn signed_names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.push("host".to_owned());
        names.retain(|name| !self.signer.leave_out.contains(&name.as_str()));
        names.extend(self.signer.claim.iter().map(|name| (*name).to_owned()));
        names.sort();
        names.dedup();
        names
    }

    fn signature(&self, date: &str, payload: &str) -> (String, String) {
        let mut query: Vec<String> = self
            .query
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        query.sort();
        let names = self.signed_names();
        let headers: String = names
            .iter()
            .filter(|name| !self.signer.claim.contains(&name.as_str()))
            .map(|name| match name.as_str() {
                "host" => format!("host:{}\n", self.addr),
                name => format!("{name}:{}\n", self.find(name).trim()),
            })
            .collect();
        let signed = names.join(";");
        let canonical = format!(
            "{}\n{}\n{}\n{headers}\n{signed}\n{payload}",
            self.method,
            self.path,
            query.join("&")
        );
        let signer = &self.signer;
        let scope = format!("{}/{}/{}/aws4_request", &date[..8], signer.region, signer.service);
        let hash = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hash}");
        let mut key = format!("AWS4{}", signer.secret_key).into_bytes();
        for piece in [&date[..8], &signer.region, &signer.service, "aws4_request", &text] {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, &key);
            key = hmac::sign(&secret, piece.as_bytes()).as_ref().to_vec();
        }
        (signed, hex(&key))
    }
}

async fn answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    tokio::time::timeout(Duration::from_secs(20), read).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Answer { status: status.unwrap_or(0), head: head.to_owned(), body: body.to_owned() }
}

pub(crate) fn amz_date(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let date = DateTime::from_secs(i64::try_from(seconds).unwrap());
    date.fmt(DateTimeFormat::DateTime).unwrap().replace(['-', ':'], "")
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
