//! Sessions of the server's role, asked for by the reference client.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, Region};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use aws_sdk_sts::config::BehaviorVersion;
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use aws_sdk_sts::types::Credentials as SessionKeys;
use casier_local::{Clock, S3Server};

use super::{ACCESS_KEY, BUCKET, REGION, SECRET_KEY, client, code, config, limited, put, start};

fn sts(server: &S3Server, keys: Credentials) -> aws_sdk_sts::Client {
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(keys)
        .region(Region::new(REGION))
        .endpoint_url(server.endpoint())
        .build();
    aws_sdk_sts::Client::from_conf(config)
}

fn asking(server: &S3Server) -> AssumeRoleFluentBuilder {
    let keys = Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test");
    sts(server, keys).assume_role().role_arn(server.role_arn()).role_session_name("user_1")
}

fn keys_of(session: &SessionKeys) -> Credentials {
    let token = Some(session.session_token().to_owned());
    Credentials::new(session.access_key_id(), session.secret_access_key(), token, None, "test")
}

async fn session(server: &S3Server, policy: Option<String>) -> Client {
    let answer = asking(server).set_policy(policy).send().await.unwrap();
    let keys = keys_of(answer.credentials().unwrap());
    let settings = client(server).config().to_builder().credentials_provider(keys);
    Client::from_conf(settings.build())
}

fn policy(statements: &[(&str, &str, &str)]) -> Option<String> {
    let statements: Vec<String> = statements
        .iter()
        .map(|(actions, resource, condition)| {
            format!(
                "{{\"Effect\":\"Allow\",\"Action\":[{actions}],\"Resource\":\"{resource}\"{condition}}}"
            )
        })
        .collect();
    Some(format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{}]}}", statements.join(",")))
}

#[tokio::test]
async fn a_session_without_a_policy_may_all_but_begin_another() {
    limited(async {
        let (server, _) = start().await;
        let answer = asking(&server).send().await.unwrap();
        let arn = answer.assumed_role_user().unwrap().arn();
        assert_eq!(arn, "arn:aws:sts::000000000000:assumed-role/casier-local/user_1");
        let keys = keys_of(answer.credentials().unwrap());
        let of_session = session(&server, None).await;
        put(&of_session, "a", b"x").await;
        of_session.list_buckets().send().await.unwrap();
        let again = sts(&server, keys).assume_role().role_arn(server.role_arn());
        assert_eq!(code!(again.role_session_name("more").send().await), "AccessDenied");
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_is_told_as_sts_tells_it() {
    limited(async {
        let (server, _) = start().await;
        let ask = || asking(&server);
        assert_eq!(code!(ask().duration_seconds(899).send().await), "ValidationError");
        assert_eq!(code!(ask().role_session_name("a b").send().await), "ValidationError");
        assert_eq!(code!(ask().external_id("external").send().await), "ValidationError");
        let other = ask().role_arn("arn:aws:iam::000000000000:role/other").send().await;
        assert_eq!(code!(other), "AccessDenied");
        let deny = policy(&[("\"s3:*\"", "*", "")]).unwrap().replace("Allow", "Deny");
        assert_eq!(code!(ask().policy(deny).send().await), "MalformedPolicyDocument");
        let with = |id: &str, secret: &str| {
            let keys = Credentials::new(id, secret, None, None, "test");
            sts(&server, keys).assume_role().role_arn(server.role_arn()).role_session_name("me")
        };
        let wrong = with(ACCESS_KEY, "another secret").send().await;
        assert_eq!(code!(wrong), "SignatureDoesNotMatch");
        let unknown = with("AKIAUNKNOWN", SECRET_KEY).send().await;
        assert_eq!(code!(unknown), "InvalidClientTokenId");
        let identity = Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test");
        let identity = sts(&server, identity).get_caller_identity().send().await;
        assert_eq!(code!(identity), "InvalidAction");
    })
    .await;
}

#[tokio::test]
async fn a_session_is_held_to_its_policy() {
    limited(async {
        let (server, raw) = start().await;
        for key in ["u/a", "v/a"] {
            put(&raw, key, b"x").await;
        }
        let objects = format!("arn:aws:s3:::{BUCKET}/u/?");
        let bucket = format!("arn:aws:s3:::{BUCKET}");
        let condition = ",\"Condition\":{\"StringEquals\":{\"s3:prefix\":[\"u/\"]}}";
        let policy = policy(&[
            ("\"s3:getobject\",\"s3:Delete*\"", &objects, ""),
            ("\"s3:ListBucket\"", &bucket, condition),
        ]);
        let client = session(&server, policy).await;
        let get = |key: &str| client.get_object().bucket(BUCKET).key(key).send();
        get("u/a").await.unwrap();
        assert_eq!(code!(get("u/ab").await), "AccessDenied");
        assert_eq!(code!(get("v/a").await), "AccessDenied");
        let list = |prefix: &str| client.list_objects_v2().bucket(BUCKET).prefix(prefix).send();
        assert_eq!(list("u/").await.unwrap().contents().len(), 1);
        assert_eq!(code!(list("u/a").await), "AccessDenied");
        assert_eq!(code!(list("").await), "AccessDenied");
        let put = client.put_object().bucket(BUCKET).key("u/a").body(b"y".to_vec().into());
        assert_eq!(code!(put.send().await), "AccessDenied");
        let keys = ["u/a", "v/a"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
        let delete = Delete::builder().set_objects(Some(keys.to_vec())).build().unwrap();
        let delete = client.delete_objects().bucket(BUCKET).delete(delete).send().await.unwrap();
        assert_eq!(delete.deleted()[0].key(), Some("u/a"));
        assert_eq!(delete.errors()[0].key(), Some("v/a"));
        assert_eq!(delete.errors()[0].code(), Some("AccessDenied"));
        assert_eq!(code!(client.list_buckets().send().await), "AccessDenied");
        assert_eq!(code!(client.get_bucket_cors().bucket(BUCKET).send().await), "AccessDenied");
    })
    .await;
}

#[tokio::test]
async fn what_headers_ask_for_needs_a_right_as_well() {
    limited(async {
        let (server, raw) = start().await;
        put(&raw, "v/a", b"x").await;
        let objects = format!("arn:aws:s3:::{BUCKET}/u/*");
        let client = session(&server, policy(&[("\"s3:PutObject\"", &objects, "")])).await;
        let put = || client.put_object().bucket(BUCKET).key("u/a").body(b"y".to_vec().into());
        put().send().await.unwrap();
        assert_eq!(code!(put().tagging("a=b").send().await), "AccessDenied");
        assert_eq!(code!(put().acl("public-read".into()).send().await), "AccessDenied");
        for source in [format!("{BUCKET}/v/a"), format!("{BUCKET}/u/a")] {
            let copy = client.copy_object().bucket(BUCKET).key("u/b").copy_source(source);
            assert_eq!(code!(copy.send().await), "AccessDenied");
        }
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_by_the_servers_clock() {
    limited(async {
        let clock = Clock::system();
        let mut settings = config();
        settings.clock = clock.clone();
        let server = S3Server::start(settings).await.unwrap();
        let client = session(&server, None).await;
        put(&client, "a", b"x").await;
        clock.advance(Duration::from_secs(3601));
        let mut codes = Vec::new();
        for _ in 0..2 {
            codes.push(code!(client.get_object().bucket(BUCKET).key("a").send().await));
        }
        assert_eq!(codes.last().unwrap(), "ExpiredToken");
    })
    .await;
}
