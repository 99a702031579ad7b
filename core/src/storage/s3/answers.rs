//! What the store may answer: never more than is needed, and never half of it.
//!
//! The SDK reads the body of every answer but a file's into memory, however long it is, and takes a
//! document that breaks off for one that ends. So the bodies pass through here first.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use bytes::{Buf as _, Bytes};
use http_body::{Body, Frame, SizeHint};

/// The longest document that is read. A page of 1,000 names takes 4.5 MB if each has 1,024 bytes
/// and is escaped to four times that.
const MAX_DOCUMENT: u64 = 8 * 1024 * 1024;

/// What is read of an error; the rest is not waited for.
const MAX_ERROR: u64 = 64 * 1024;

/// What success looks like in these is a whole document.
const WITH_DOCUMENT: [&str; 12] = [
    "AssumeRole",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateMultipartUpload",
    "DeleteObjects",
    "GetBucketVersioning",
    "GetObjectTagging",
    "ListMultipartUploads",
    "ListObjectVersions",
    "ListObjectsV2",
    "ListParts",
    "UploadPartCopy",
];

/// Where the name of a document's root has to stand.
const HEAD: usize = 1024;

/// Where its end has to stand, with what space may follow it.
const TAIL: usize = 128;

/// Puts every answer's body but a file's into bounds.
#[derive(Debug)]
pub(super) struct Bounds;

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Bounds {
    fn name(&self) -> &'static str {
        "Bounds"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = settings.load::<Metadata>().map_or("", Metadata::name);
        let response = context.response_mut();
        let bound = match response.status().is_success() {
            false => Bound::Cut,
            true if operation == "GetObject" => return Ok(()),
            true if WITH_DOCUMENT.contains(&operation) => Bound::Document(Ends::default()),
            true if response.body().is_end_stream() => return Ok(()),
            true => Bound::Refuse,
        };
        let body = response.take_body();
        *response.body_mut() = SdkBody::from_body_1_x(Bounded { body, read: 0, bound });
        Ok(())
    }
}

/// What becomes of a body that is longer than it may be, or shorter.
enum Bound {
    /// It ends there.
    Cut,
    /// It is an error.
    Refuse,
    /// It is an error, and so is a document that is not whole.
    Document(Ends),
}

struct Bounded {
    body: SdkBody,
    read: u64,
    bound: Bound,
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if matches!(this.bound, Bound::Cut) && this.read >= MAX_ERROR {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut this.body).poll_frame(context)).transpose()?;
        let Some(data) = frame.as_ref().and_then(Frame::data_ref) else {
            return Poll::Ready(match (&this.bound, frame) {
                (Bound::Document(ends), None) if !ends.are_of_one() => {
                    Some(Err("the document is not whole".into()))
                }
                (_, frame) => frame.map(Ok),
            });
        };
        this.read += data.remaining() as u64;
        if !matches!(this.bound, Bound::Cut) && this.read > MAX_DOCUMENT {
            return Poll::Ready(Some(Err("the document is too long".into())));
        }
        if let Bound::Document(ends) = &mut this.bound {
            ends.add(data);
        }
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        // Only `poll_frame` can say that a document is not whole.
        !matches!(self.bound, Bound::Document(_)) && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // What is announced is not to be made room for.
        SizeHint::default()
    }
}

/// The beginning and the end of a document of XML, as it passes.
#[derive(Default)]
struct Ends {
    head: Vec<u8>,
    tail: Vec<u8>,
    read: usize,
}

impl Ends {
    fn add(&mut self, data: &[u8]) {
        self.read += data.len();
        let room = HEAD - self.head.len();
        self.head.extend_from_slice(&data[..data.len().min(room)]);
        self.tail.extend_from_slice(&data[data.len().saturating_sub(TAIL)..]);
        self.tail.drain(..self.tail.len().saturating_sub(TAIL));
    }

    /// Whether what begins here is what ends there. A document that declares anything of its own
    /// (`<!DOCTYPE`) is none of S3's.
    fn are_of_one(&self) -> bool {
        let Some(root) = after_declaration(&self.head).strip_prefix(b"<") else { return false };
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b":_-.".contains(byte);
        let name = &root[..root.iter().take_while(|byte| is_name(byte)).count()];
        if name.is_empty() {
            return false;
        }
        let closed = |end: &[u8]| {
            let end = end.strip_suffix(b">")?.trim_ascii_end().strip_suffix(name)?;
            end.strip_suffix(b"</").map(drop)
        };
        if closed(self.tail.trim_ascii_end()).is_some() {
            return true;
        }
        // `<Tagging/>` is a whole document, too.
        let alone = root.trim_ascii_end();
        self.read <= HEAD
            && alone.ends_with(b"/>")
            && alone.iter().position(|byte| *byte == b'>') == Some(alone.len() - 1)
    }
}

/// What follows `<?xml …?>`, where there is one.
fn after_declaration(head: &[u8]) -> &[u8] {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let Some(declaration) = head.strip_prefix(b"<?xml") else { return head };
    let end = memchr::memmem::find(declaration, b"?>").map_or(declaration.len(), |at| at + 2);
    declaration[end..].trim_ascii_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack 110.
    #[test]
    fn only_whole_documents_are_taken() {
        let whole = |document: &[u8], step: usize| {
            let mut ends = Ends::default();
            document.chunks(step).for_each(|piece| ends.add(piece));
            ends.are_of_one()
        };
        let page = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"x\">{}\
             </ListBucketResult>\n",
            "<Contents><Key>a</Key></Contents>".repeat(100)
        );
        for step in [1, 100, 1000, 10_000] {
            for document in [
                page.as_str(),
                "<a></a>",
                "<Tagging/>",
                "<Tagging xmlns=\"x\" />\n",
                "\u{feff}<?xml version=\"1.0\"?>  <s3:Error>x</s3:Error >\r\n",
            ] {
                assert!(whole(document.as_bytes(), step), "{document}");
            }
            for end in [0, 5, 39, 50, page.len() / 2, page.len() - 3] {
                assert!(!whole(&page.as_bytes()[..end], step), "{end}");
            }
            let broken_off = format!("<a>{}", "<b/>".repeat(1000));
            for document in [
                " ",
                "{}",
                "<a",
                "<a>",
                "<a><b/>",
                "<a></b>",
                "</a>",
                "<></>",
                "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
                "<?xml version=\"1.0\"",
                &broken_off,
            ] {
                assert!(!whole(document.as_bytes(), step), "{document}");
            }
        }
    }
}
