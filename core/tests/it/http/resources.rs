//! What a process has little of. Each test runs in a process of its own, since what is open and what
//! is held counts for the whole of it.

use std::process::{Command, Stdio};

use bytes::Bytes;
use casier::http::{Api, ApiOptions, Body, Contents, Form, FormFile, Routes};
use serde_json::json;

use super::bench::{ADAS, Bench, form, on_bench};
use crate::storage::bench::PNG;
use crate::support::Folder;

const CHILD: &str = "CASIER_TEST_CHILD";

/// Runs a test of this file in a process that may open 256 files.
fn alone(name: &str, test: impl AsyncFnOnce(&mut Bench)) {
    if std::env::var_os(CHILD).is_some() {
        return on_bench(test);
    }
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 256 && exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("http::resources::{name}"), "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let passed = output.status.success() && told.contains("1 passed");
    assert!(passed, "{told}{}", String::from_utf8_lossy(&output.stderr));
}

fn on_disk(folder: &Folder) -> Form {
    let file = FormFile::new("new.png", None, Contents::Disk(folder.path().join("upload")));
    Form::new(vec![("content_type".to_owned(), "image".to_owned())], Some(file))
}

/// Attack 122, for descriptors.
#[test]
fn without_a_descriptor_left_calls_fail_and_recover() {
    alone("without_a_descriptor_left_calls_fail_and_recover", async |bench| {
        let folder = Folder::new();
        folder.write("upload", PNG);
        let link = json!({"s3_key": ADAS});
        // The issuer's keys are known before.
        let reply = bench.json(Routes::S3, "POST", "/presigned-url", link.clone()).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let mut taken = Vec::new();
        let mut codes = Vec::new();
        for _ in 0..3 {
            // The store runs in this process as well, and gives a descriptor back now and then.
            while let Ok(file) = std::fs::File::open("/dev/null") {
                taken.push(file);
            }
            let reply = bench.upload(Routes::Files, on_disk(&folder)).await;
            codes.push(reply.code().to_owned());
            // What needs no descriptor goes on.
            let reply = bench.json(Routes::S3, "POST", "/presigned-url", link.clone()).await;
            assert_eq!(reply.status, 200, "{reply:?}");
        }
        let known = ["none", "io-failed", "storage-unavailable", "timeout"];
        assert!(codes.iter().all(|code| known.contains(&code.as_str())), "{codes:?}");
        assert!(codes.contains(&"io-failed".to_owned()), "{codes:?}");
        drop(taken);

        assert_eq!(bench.get(Routes::Files, "/list", "").await.status, 200);
        assert_eq!(bench.upload(Routes::Files, on_disk(&folder)).await.status, 201);
    });
}

/// Attack 123, for as long as a test may last: what each call left behind would add up.
#[test]
fn hundreds_of_calls_leave_no_descriptor_and_no_memory() {
    const ROUNDS: usize = 100;
    const BODY: usize = 1 << 20;

    alone("hundreds_of_calls_leave_no_descriptor_and_no_memory", async |bench| {
        let folder = Folder::new();
        folder.write("upload", PNG);
        let mut after_first = (0, 0);
        for round in 0..ROUNDS {
            one_of_each(bench, &folder, BODY).await;
            if round == ROUNDS / 4 {
                after_first = (descriptors(), resident_bytes());
            }
        }
        let (files, memory) = (descriptors(), resident_bytes());
        // Idle connections come and go by the few.
        assert!(files <= after_first.0 + 16, "{files} descriptors, {} before", after_first.0);
        // Half of what the bodies of the later rounds amount to would be more.
        let most = after_first.1 + 32 * BODY;
        assert!(memory <= most, "{memory} bytes, {} before", after_first.1);
    });
}

/// Calls that succeed, that are refused and that are given up.
async fn one_of_each(bench: &Bench, folder: &Folder, size: usize) {
    let large = |name: &str| {
        let mut bytes = PNG.to_vec();
        bytes.resize(size, 7);
        let file = FormFile::new(name, None, Contents::Memory(Bytes::from(bytes)));
        Form::new(vec![("content_type".to_owned(), "image".to_owned())], Some(file))
    };
    assert_eq!(bench.upload(Routes::Files, large("new.png")).await.status, 201);
    assert_eq!(bench.upload(Routes::Files, large("new.pdf")).await.status, 415);
    assert_eq!(bench.upload(Routes::Files, on_disk(folder)).await.status, 201);
    assert_eq!(bench.upload(Routes::Files, form(&[], "a.png", PNG)).await.status, 400);
    assert_eq!(bench.get(Routes::Files, "/list", "with_metadata=1").await.status, 200);
    assert_eq!(bench.get(Routes::Files, "/list", "cursor=x").await.status, 400);
    let key = json!({"s3_key": "user_ada/images/new.png"});
    assert_eq!(bench.json(Routes::Files, "DELETE", "/delete", key).await.status, 200);

    let api = Api::new(bench.casier.clone(), Routes::Files, ApiOptions::default());
    let call = api.begin(bench.ada("POST", "/upload")).await;
    let given_up = tokio::spawn(call.answer(Body::Form(large("given-up.png"))));
    tokio::task::yield_now().await;
    given_up.abort();
    let _ = given_up.await;
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}
