//! A folder that survives a restart and a kill, and a server that stops.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{Credentials, Region};
use casier_local::{Error, S3Server};
use tokio::task::JoinSet;

use super::{BUCKET, TempDir, client, config, limited, put, start};
use crate::program;

async fn start_in(folder: &Path) -> Result<S3Server, Error> {
    let mut config = config();
    config.data_dir = Some(folder.to_owned());
    S3Server::start(config).await
}

/// A client for a program's environment that does not try again.
fn client_of(env: &HashMap<String, String>) -> Client {
    let key = Credentials::new(
        &env["AWS_ACCESS_KEY_ID"],
        &env["AWS_SECRET_ACCESS_KEY"],
        None,
        None,
        "test",
    );
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .credentials_provider(key)
        .region(Region::new(env["AWS_REGION"].clone()))
        .endpoint_url(&env["S3_ENDPOINT_URL"])
        .force_path_style(true)
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

async fn read(server: &S3Server, key: &str) -> Vec<u8> {
    let got = client(server).get_object().bucket(BUCKET).key(key).send().await.unwrap();
    assert_eq!(got.metadata().unwrap()["note"], "kept");
    got.body.collect().await.unwrap().to_vec()
}

#[tokio::test]
async fn a_restart_finds_everything_again() {
    limited(async {
        let folder = TempDir::new();
        let server = start_in(folder.path()).await.unwrap();
        let first = client(&server);
        let request = first.put_object().bucket(BUCKET).key("été/файл").metadata("note", "kept");
        request.body(vec![9; 100_000].into()).send().await.unwrap();
        let upload = first.create_multipart_upload().bucket(BUCKET).key("big");
        let id = upload.send().await.unwrap().upload_id.unwrap();
        let part = first.upload_part().bucket(BUCKET).key("big").upload_id(&id).part_number(1);
        part.body(vec![1; 10].into()).send().await.unwrap();
        server.shutdown().await;
        let server = start_in(folder.path()).await.unwrap();
        assert_eq!(read(&server, "été/файл").await, vec![9; 100_000]);
        let parts = client(&server).list_parts().bucket(BUCKET).key("big").upload_id(&id);
        assert_eq!(parts.send().await.unwrap().parts().len(), 1);
        server.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_answered() {
    limited(async {
        let (folder, copy) = (TempDir::new(), TempDir::new());
        let server = start_in(folder.path()).await.unwrap();
        let first = client(&server);
        for index in 0..20 {
            let request = first.put_object().bucket(BUCKET).key(format!("k{index}"));
            let request = request.metadata("note", "kept").body(vec![index; 1000].into());
            request.send().await.unwrap();
        }
        // What the files hold now is what a kill would leave.
        std::fs::create_dir_all(copy.path().join("blobs")).unwrap();
        for entry in std::fs::read_dir(folder.path().join("blobs")).unwrap() {
            let entry = entry.unwrap();
            let to = copy.path().join("blobs").join(entry.file_name());
            std::fs::copy(entry.path(), to).unwrap();
        }
        let orphan = copy.path().join("blobs").join("0".repeat(32));
        std::fs::write(&orphan, b"half an upload").unwrap();
        let index = "index.redb";
        std::fs::copy(folder.path().join(index), copy.path().join(index)).unwrap();
        let second = start_in(copy.path()).await.unwrap();
        for index in 0..20 {
            assert_eq!(read(&second, &format!("k{index}")).await, vec![index; 1000]);
        }
        assert!(!orphan.exists());
        put(&client(&second), "more", b"x").await;
        second.shutdown().await;
        server.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn a_program_killed_while_it_writes_keeps_whole_objects() {
    limited(async {
        let folder = TempDir::new();
        let args = ["--data-dir", folder.path().to_str().unwrap()];
        for round in 0..3_usize {
            let running = program::start(&args).await;
            let client = client_of(&running.env);
            let mut writers = JoinSet::new();
            for writer in 0..4_usize {
                let (client, bucket) = (client.clone(), running.env["S3_BUCKET_NAME"].clone());
                writers.spawn(async move {
                    let mut answered = Vec::new();
                    for index in 0.. {
                        let key = format!("{round}/{writer}/{index:04}");
                        let body = key.repeat(5000).into_bytes().into();
                        let put = client.put_object().bucket(&bucket).key(&key).body(body);
                        match put.send().await {
                            Ok(_) => answered.push(key),
                            Err(_) => break,
                        }
                    }
                    answered
                });
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            running.kill().await;
            let answered: Vec<String> = writers.join_all().await.into_iter().flatten().collect();
            assert!(!answered.is_empty());
            let running = program::start(&args).await;
            let (client, bucket) = (client_of(&running.env), &running.env["S3_BUCKET_NAME"]);
            let mut found = HashSet::new();
            let list = client.list_objects_v2().bucket(bucket).prefix(format!("{round}/"));
            let mut pages = list.into_paginator().send();
            while let Some(page) = pages.next().await {
                for object in page.unwrap().contents() {
                    let key = object.key().unwrap().to_owned();
                    let got = client.get_object().bucket(bucket).key(&key).send().await.unwrap();
                    let bytes = got.body.collect().await.unwrap().to_vec();
                    assert!(bytes == key.repeat(5000).into_bytes(), "{key}");
                    found.insert(key);
                }
            }
            assert!(answered.iter().all(|key| found.contains(key)));
            running.kill().await;
        }
    })
    .await;
}

#[tokio::test]
async fn one_folder_has_one_server() {
    limited(async {
        let folder = TempDir::new();
        let server = start_in(folder.path()).await.unwrap();
        assert!(matches!(start_in(folder.path()).await, Err(Error::Data(_))));
        server.shutdown().await;
        start_in(folder.path()).await.unwrap().shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused() {
    limited(async {
        let (server, _) = start().await;
        let mut taken = config();
        taken.addr = server.addr();
        assert!(matches!(S3Server::start(taken).await, Err(Error::Listen { .. })));
        let mut open = config();
        open.addr = "0.0.0.0:0".parse().unwrap();
        assert!(matches!(S3Server::start(open).await, Err(Error::Setting(_))));
        let mut bucket = config();
        bucket.bucket = "Not A Bucket".to_owned();
        assert!(matches!(S3Server::start(bucket).await, Err(Error::Setting(_))));
        let debug = format!("{:?}", config());
        assert!(!debug.contains(super::SECRET_KEY), "{debug}");
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_gone_answers_nobody() {
    limited(async {
        let (server, _) = start().await;
        let addr = server.addr();
        server.shutdown().await;
        assert!(tokio::net::TcpStream::connect(addr).await.is_err());
        let (server, client) = start().await;
        put(&client, "k", b"x").await;
        let addr = server.addr();
        drop(server);
        for _ in 0..100 {
            if tokio::net::TcpStream::connect(addr).await.is_err() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("still listening");
    })
    .await;
}
