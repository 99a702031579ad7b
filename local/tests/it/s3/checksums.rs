//! Content-MD5 and `x-amz-checksum-*`, in headers and in trailers.

use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};

use super::wire::Wire;
use super::{BUCKET, code, limited, put, start};

const HELLO: [(&str, &str); 5] = [
    ("x-amz-checksum-crc32", "NhCmhg=="),
    ("x-amz-checksum-crc32c", "mnG7TA=="),
    ("x-amz-checksum-crc64nvme", "M3eFcAZSQlc="),
    ("x-amz-checksum-sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00="),
    ("x-amz-checksum-sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="),
];

#[tokio::test]
async fn the_client_sends_each_algorithm_in_a_trailer_and_reads_it_back() {
    limited(async {
        let (_server, client) = start().await;
        for (algorithm, (header, value)) in [
            ChecksumAlgorithm::Crc32,
            ChecksumAlgorithm::Crc32C,
            ChecksumAlgorithm::Crc64Nvme,
            ChecksumAlgorithm::Sha1,
            ChecksumAlgorithm::Sha256,
        ]
        .into_iter()
        .zip(HELLO)
        {
            let request = client.put_object().bucket(BUCKET).key(header);
            let request = request.checksum_algorithm(algorithm);
            request.body(ByteStream::from_static(b"hello")).send().await.unwrap();
            let head = client.head_object().bucket(BUCKET).key(header);
            let head = head.checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
            let found = [
                head.checksum_crc32(),
                head.checksum_crc32_c(),
                head.checksum_crc64_nvme(),
                head.checksum_sha1(),
                head.checksum_sha256(),
            ];
            assert_eq!(found.iter().flatten().collect::<Vec<_>>(), [&value], "{header}");
            let got = client.get_object().bucket(BUCKET).key(header).send().await.unwrap();
            assert_eq!(got.body.collect().await.unwrap().to_vec(), b"hello");
        }
    })
    .await;
}

#[tokio::test]
async fn without_one_the_server_adds_its_own() {
    limited(async {
        let (server, _) = start().await;
        let path = format!("/{BUCKET}/k");
        let answer = Wire::new(server.addr(), "PUT", &path).body(b"hello").signed().send().await;
        assert_eq!(answer.header("x-amz-checksum-crc64nvme"), Some("M3eFcAZSQlc="));
        assert_eq!(answer.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
        assert_eq!(answer.header("etag"), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    })
    .await;
}

#[tokio::test]
async fn right_ones_pass_and_wrong_ones_leave_nothing() {
    limited(async {
        let (server, _) = start().await;
        let path = format!("/{BUCKET}/k");
        let put = |body: &[u8]| Wire::new(server.addr(), "PUT", &path).body(body);
        let get = || Wire::new(server.addr(), "GET", &path).signed();
        for (header, value) in HELLO {
            let wrong = put(b"hellO").header(header, value).signed().send().await;
            assert_eq!(wrong.code(), "BadDigest", "{header}");
            let short = put(b"hello").header(header, "AAA=").signed().send().await;
            assert_eq!(short.code(), "InvalidRequest", "{header}");
        }
        let md5 = "XUFAKrxLKna5cZ2REBfFkg==";
        let wrong = put(b"hellO").header("content-md5", md5).signed().send().await;
        assert_eq!(wrong.code(), "BadDigest");
        let invalid = put(b"hello").header("content-md5", "AAAA").signed().send().await;
        assert_eq!(invalid.code(), "InvalidDigest");
        assert_eq!(get().send().await.code(), "NoSuchKey");
        for (header, value) in HELLO {
            let right = put(b"hello").header(header, value).signed().send().await;
            assert_eq!((right.status, right.header(header)), (200, Some(value)));
        }
        let right = put(b"hello").header("content-md5", md5).presigned().send().await;
        assert_eq!(right.code(), "200");
        let two =
            HELLO.iter().take(2).fold(put(b"hello"), |put, (name, value)| put.header(name, value));
        assert_eq!(two.signed().send().await.code(), "InvalidRequest");
    })
    .await;
}

#[tokio::test]
async fn trailers_are_checked() {
    limited(async {
        let (server, _) = start().await;
        let send = |trailer: &str| {
            let body = format!("5\r\nhello\r\n0\r\n{trailer}\r\n\r\n");
            Wire::new(server.addr(), "PUT", &format!("/{BUCKET}/k"))
                .header("content-encoding", "aws-chunked")
                .header("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
                .header("x-amz-decoded-content-length", "5")
                .header("x-amz-trailer", "x-amz-checksum-crc32")
                .body(body.as_bytes())
                .signed()
        };
        let good = send("x-amz-checksum-crc32:NhCmhg==").send().await;
        assert_eq!(good.code(), "200", "{}", good.body);
        assert_eq!(send("x-amz-checksum-crc32:AAAAAA==").send().await.code(), "BadDigest");
        assert_eq!(send("x-amz-checksum-sha1:AAAA").send().await.code(), "MalformedTrailerError");
        let kept = Wire::new(server.addr(), "GET", &format!("/{BUCKET}/k")).signed().send().await;
        assert_eq!(kept.body, "hello");
        assert_eq!(kept.header("content-encoding"), None);
    })
    .await;
}

#[tokio::test]
async fn a_client_that_sends_none_is_fine() {
    limited(async {
        let (server, _) = start().await;
        let config = super::client(&server).config().to_builder();
        let config =
            config.request_checksum_calculation(RequestChecksumCalculation::WhenRequired).build();
        let client = aws_sdk_s3::Client::from_conf(config);
        put(&client, "k", b"hello").await;
        let missing = client.get_object().bucket(BUCKET).key("x").send().await;
        assert_eq!(code!(missing), "NoSuchKey");
    })
    .await;
}
