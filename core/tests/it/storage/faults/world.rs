//! A store that an operation runs on, what was in it before, and what has to be in it then.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{MultipartUpload, Tag, Tagging};
use bytes::Bytes;
use casier::ErrorKind;
use casier::access::Policy;
use casier::storage::{
    BeginUploadOptions, OnBegin, Scope, Storage, UploadContents, UploadOptions, UserStorage,
};
use casier_local::{S3Config, S3Server};
use futures_util::stream::{self, StreamExt as _};

use super::operations::Operation;
use super::{DEADLINE, HANGS, LONG_DEADLINE};
use crate::storage::bench::{config, metadata, raw_client};
use crate::support::Folder;

/// The prefix of the user whose files these are.
pub(super) const SCOPE: &str = "user_1/";

/// Where what is to replace their files waits.
const INCOMING: &str = ".casier/incoming/user_1/";

const BUCKET: &str = "faults";

/// The size of an upload's parts but the last.
const PART_BYTES: usize = 8 << 20;

/// What is larger is copied in parts.
pub(super) const COPY_PART_BYTES: u64 = 5 << 20;

/// Bytes, and what is stored beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Content {
    /// Some kilobytes, of this colour.
    Small(&'static str),
    /// So many bytes, blue.
    Large(usize),
}

impl Content {
    pub(super) fn bytes(self) -> &'static [u8] {
        static MADE: Mutex<BTreeMap<Content, &[u8]>> = Mutex::new(BTreeMap::new());
        MADE.lock().unwrap().entry(self).or_insert_with(|| {
            let (length, seed) = match self {
                Self::Small(color) => (5000, color.len()),
                Self::Large(length) => (length, 251),
            };
            let bytes: Vec<u8> = (0..length).map(|at| (at * 31 + at / 251 + seed) as u8).collect();
            bytes.leak()
        })
    }

    pub(super) fn color(self) -> &'static str {
        match self {
            Self::Small(color) => color,
            Self::Large(_) => "blue",
        }
    }
}

/// Files of a scope, by what follows its prefix in their keys.
pub(super) type Files = &'static [(&'static str, Content)];

pub(super) struct World {
    pub(super) server: S3Server,
    pub(super) files: UserStorage,
    /// The same files, for what is done before anything fails.
    unhurried: UserStorage,
    pub(super) folder: Folder,
    raw: Client,
    /// Of an upload that has broken off, or that a client has sent.
    handle: Arc<Mutex<String>>,
    operation: &'static Operation,
    is_patient: AtomicBool,
}

impl World {
    pub(super) async fn new(operation: &'static Operation) -> Self {
        let server = S3Server::start(S3Config::new(BUCKET, "AKIATEST", "secret")).await.unwrap();
        let mut config = config(BUCKET, server.endpoint(), "AKIATEST", "secret", None);
        config.deadline = DEADLINE;
        config.copy_part_bytes = COPY_PART_BYTES;
        let raw = raw_client(&config);
        let files_with = |config| {
            let policy = Arc::new(Policy::builtin());
            Storage::new(config).unwrap().scoped(Scope::new("1").unwrap(), None, policy)
        };
        let files = files_with(config.clone());
        config.deadline = HANGS;
        let unhurried = files_with(config);
        let world = Self {
            server,
            files,
            unhurried,
            folder: Folder::new(),
            raw,
            handle: Arc::default(),
            operation,
            is_patient: AtomicBool::new(false),
        };
        for (name, content) in operation.given {
            world.put(name, *content).await;
        }
        for (name, content) in operation.given_locally {
            world.folder.write(name, content.bytes());
        }
        (operation.prepare)(&world).await;
        world.server.faults().clear();
        world
    }

    /// The deadline of a transfer.
    pub(super) fn deadline(&self) -> Duration {
        if self.is_patient.load(Ordering::Relaxed) { HANGS } else { LONG_DEADLINE }
    }

    pub(super) fn key(name: &str) -> String {
        format!("{SCOPE}{name}")
    }

    async fn put(&self, name: &str, content: Content) {
        self.raw
            .put_object()
            .bucket(BUCKET)
            .key(Self::key(name))
            .content_type("application/octet-stream")
            .metadata("color", content.color())
            .body(ByteStream::from_static(content.bytes()))
            .send()
            .await
            .unwrap();
    }

    /// What the store holds of the user: bytes, and the colour that is stored beside them.
    async fn stored(&self) -> BTreeMap<String, (Vec<u8>, Option<String>)> {
        loop {
            if let Some(stored) = self.read_listed().await {
                return stored;
            }
        }
    }

    /// None when a file went after it was listed: a request that was given up may still arrive.
    async fn read_listed(&self) -> Option<BTreeMap<String, (Vec<u8>, Option<String>)>> {
        let mut stored = BTreeMap::new();
        let listed = self.raw.list_objects_v2().bucket(BUCKET).prefix(SCOPE).send().await.unwrap();
        for object in listed.contents() {
            let key = object.key().unwrap();
            let file = match self.raw.get_object().bucket(BUCKET).key(key).send().await {
                Err(error)
                    if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) =>
                {
                    return None;
                }
                file => file.unwrap(),
            };
            let color = file.metadata().and_then(|metadata| metadata.get("color").cloned());
            let bytes = file.body.collect().await.unwrap().to_vec();
            stored.insert(key[SCOPE.len()..].to_owned(), (bytes, color));
        }
        Some(stored)
    }

    /// Everything is as it is to be once the operation has succeeded.
    pub(super) async fn assert_done(&self) {
        let operation = self.operation;
        let stored = self.stored().await;
        let names: Vec<_> = stored.keys().map(String::as_str).collect();
        let expected: BTreeMap<_, _> = operation.then.iter().copied().collect();
        assert_eq!(names, expected.keys().copied().collect::<Vec<_>>(), "{operation:?}");
        for (name, content) in expected {
            assert!(is(&stored[name], content), "{operation:?}: {name} is another");
        }
        for (name, content) in operation.then_locally {
            let bytes = std::fs::read(self.folder.path().join(name)).unwrap();
            assert!(bytes == content.bytes(), "{operation:?}: {name} is another");
        }
    }

    /// Each file is as it was or as it was to be, and none has been lost on its way.
    pub(super) async fn assert_sound(&self, shown: &str) {
        let operation = self.operation;
        let stored = self.stored().await;
        let find = |files: Files, name: &str| {
            files.iter().find(|(known, _)| *known == name).map(|(_, content)| *content)
        };
        for (name, found) in &stored {
            let known = [find(operation.given, name), find(operation.then, name)];
            let sound = known.into_iter().flatten().any(|content| is(found, content));
            assert!(sound, "{name} is neither old nor new: {shown}");
        }
        for (name, content) in operation.given {
            // What has gone was to go, and what was to come in its place is there.
            if !stored.contains_key(*name) {
                assert!(find(operation.then, name).is_none(), "{name} is lost: {shown}");
                let elsewhere = operation.then.iter().filter(|(_, then)| then == content);
                for (new, _) in elsewhere {
                    assert!(stored.contains_key(*new), "{name} is lost on its way: {shown}");
                }
            }
        }
        for (name, content) in operation.given_locally {
            let bytes = std::fs::read(self.folder.path().join(name)).unwrap();
            let new = find(operation.then_locally, name);
            let sound = [Some(*content), new].into_iter().flatten().any(|it| it.bytes() == bytes);
            assert!(sound, "{name} is neither old nor new: {shown}");
        }
    }

    /// No file that nobody has named, in the store or in the folder, and no upload that was begun;
    /// what is tidied up in the background has a while for it.
    pub(super) async fn assert_nothing_else(&self, request: &str, done: bool, shown: &str) {
        let known = |name: &String, files: [Files; 2]| {
            files.iter().any(|files| files.iter().any(|(known, _)| known == name))
        };
        let mut left = Vec::new();
        for _ in 0..100 {
            let [before, after] = self.operation.open_uploads;
            left = self
                .uploads()
                .await
                .into_iter()
                .skip(if done { after } else { before })
                .collect::<Vec<_>>();
            // Nobody can know of an upload whose beginning was not answered: the sweep ends it.
            if request == "CreateMultipartUpload" {
                left.clear();
            }
            let local = self.folder.names();
            let ours = [self.operation.given_locally, self.operation.then_locally];
            left.extend(local.into_iter().filter(|name| !known(name, ours)));
            if left.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(left.is_empty(), "{left:?} is left: {shown}");
        let ours = [self.operation.given, self.operation.then];
        for name in self.stored().await.keys() {
            assert!(known(name, ours), "{name} is left: {shown}");
        }
    }

    /// The uploads that have not come to their end: in parts, or waiting to replace a file.
    async fn uploads(&self) -> Vec<String> {
        let mut keys = Vec::new();
        // What a probe of the store has left is in nobody's scope, and the bucket's sweep ends it.
        for prefix in [SCOPE, INCOMING] {
            let open = self.raw.list_multipart_uploads().bucket(BUCKET).prefix(prefix);
            let open = open.send().await.unwrap();
            keys.extend(open.uploads().iter().map(|upload| upload.key().unwrap().to_owned()));
        }
        let waiting = self.raw.list_objects_v2().bucket(BUCKET).prefix(INCOMING);
        let waiting = waiting.send().await.unwrap();
        keys.extend(waiting.contents().iter().map(|object| object.key().unwrap().to_owned()));
        keys
    }

    /// Begins an upload and sends its one part, if it has one, as a client does.
    pub(super) async fn send_as_client(&self, name: &str, content: Content) {
        let bytes = content.bytes();
        self.ask_for_conditions(bytes.len() as u64).await;
        let mut options = BeginUploadOptions::default();
        options.metadata = metadata(&[("color", content.color())]);
        let upload = self.unhurried.begin_upload(name, "file", bytes.len() as u64, options).await;
        let upload = upload.unwrap().upload_id;
        if !bytes.is_empty() {
            let part = self.files.part_urls(&upload, &[1]).await.unwrap().remove(0);
            let sent = reqwest::Client::new().put(part.url).body(bytes).send().await.unwrap();
            assert!(sent.status().is_success());
        }
        *self.handle.lock().unwrap() = upload;
    }

    /// Begins an upload that nobody goes on with.
    pub(super) async fn begin_upload(&self, name: &str) {
        let key = Self::key(name);
        self.raw.create_multipart_upload().bucket(BUCKET).key(key).send().await.unwrap();
    }

    /// Begins an upload in parts that breaks off for want of bytes, with its last part at the store.
    pub(super) async fn break_off(&self, name: &str, content: Content, mut options: UploadOptions) {
        let bytes = content.bytes();
        let told = Arc::clone(&self.handle);
        options.on_begin = Some(OnBegin::new(move |id| *told.lock().unwrap() = id.to_owned()));
        // One that is not begun in time is aborted.
        for deadline in (1..).map(|tenths| Duration::from_millis(100 * tenths)) {
            options.deadline = Some(deadline);
            let first = stream::iter([Ok(Bytes::from_static(&bytes[..64 * 1024]))]);
            let contents = first.chain(stream::pending());
            let contents = UploadContents::stream(contents, Some(bytes.len() as u64));
            let files = &self.files;
            let broken = files.upload_file_object(contents, name, "file", options.clone()).await;
            assert_eq!(broken.unwrap_err().kind(), ErrorKind::Timeout);
            if !self.handle().is_empty() {
                break;
            }
        }
        let upload = self.only_upload().await;
        let parts = bytes.chunks(PART_BYTES);
        let (number, last) = (1..).zip(parts).last().unwrap();
        let part = self.raw.upload_part().bucket(BUCKET).key(upload.key().unwrap());
        let part = part.set_upload_id(upload.upload_id).part_number(number);
        part.body(ByteStream::from_static(last)).send().await.unwrap();
    }

    /// The upload that is open once those that were given up are aborted.
    async fn only_upload(&self) -> MultipartUpload {
        loop {
            let open = self.raw.list_multipart_uploads().bucket(BUCKET).prefix(SCOPE);
            let mut uploads = open.send().await.unwrap().uploads.unwrap_or_default();
            if uploads.len() == 1 {
                return uploads.remove(0);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Lets the client ask the store whether it keeps conditions, which uploads from here meet the
    /// faults of.
    async fn ask_for_conditions(&self, size: u64) {
        let mut options = BeginUploadOptions::default();
        options.overwrite = false;
        let upload = loop {
            match self.files.begin_upload("asked", "file", size, options.clone()).await {
                Err(error) if error.kind() == ErrorKind::Timeout => {}
                begun => break begun.unwrap().upload_id,
            }
        };
        self.unhurried.abort_upload(&upload).await.unwrap();
    }

    pub(super) fn handle(&self) -> String {
        self.handle.lock().unwrap().clone()
    }

    pub(super) async fn tag(&self, name: &str, tag: &str, value: &str) {
        let tag = Tag::builder().key(tag).value(value).build().unwrap();
        let tagging = Tagging::builder().tag_set(tag).build().unwrap();
        let tagged = self.raw.put_object_tagging().bucket(BUCKET).key(Self::key(name));
        tagged.tagging(tagging).send().await.unwrap();
    }

    /// The same client does it, now that nothing fails.
    pub(super) async fn assert_recovers(&self, operation: &Operation, shown: &str) {
        self.is_patient.store(true, Ordering::Relaxed);
        for _ in 0..200 {
            let again = tokio::time::timeout(HANGS, (operation.call)(self)).await;
            match again.unwrap_or_else(|_| panic!("it hangs again: {shown}")) {
                Ok(()) => return self.assert_done().await,
                // The machine has other things to do.
                Err(error) if error.kind() == ErrorKind::Timeout => {}
                Err(error) => panic!("it does not recover: {error}: {shown}"),
            }
        }
        panic!("it does not recover in time: {shown}");
    }

    pub(super) async fn close(self) {
        self.server.shutdown().await;
    }
}

fn is((bytes, color): &(Vec<u8>, Option<String>), content: Content) -> bool {
    color.as_deref() == Some(content.color()) && *bytes == content.bytes()
}
