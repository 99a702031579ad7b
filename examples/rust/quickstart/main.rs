//! From a token to a file: two users, two tiers, three files, and everybody else refused.
//!
//! `cargo run --example quickstart` starts a local S3 and token issuer by itself. With the
//! environment of a running `casier-local` (as `make demo` gives it), or of any other S3, the same
//! story runs there.

mod files;
mod stage;

use std::fmt::Display;
use std::time::Duration;

use casier::storage::{LinkOptions, ListOptions, UploadOptions};
use casier::{ErrorKind, Session};
use serde_json::json;
use stage::Stage;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let stage = Stage::set().await?;
    let run = std::process::id();
    let (ada, ben) = (format!("user_ada{run}"), format!("user_ben{run}"));

    println!("\nWho is this?");
    let token = stage.mint(&ada, json!({"version": 2, "tier": "pro", "role": "manager"})).await?;
    let ada = stage.casier.authenticate(&token).await?;
    expect("Ada's token, Clerk version 2", who(&ada), "tier pro, role manager")?;
    let token = stage.mint(&ben, json!({"version": 1, "tier": "free"})).await?;
    let ben = stage.casier.authenticate(&token).await?;
    expect("Ben's token, Clerk version 1", who(&ben), "tier free, role user")?;

    println!("\nAda's files go in and come back");
    let folder = std::env::temp_dir().join(format!("casier-quickstart-{run}"));
    std::fs::create_dir_all(&folder)?;
    let played = play(&stage, &ada, &ben, &folder).await;
    std::fs::remove_dir_all(&folder)?;
    played?;

    println!("\nTokens that must not pass");
    for (fault, code) in [
        ("expired", ErrorKind::TokenExpired),
        ("tampered-signature", ErrorKind::TokenInvalidSignature),
        ("tampered-payload", ErrorKind::TokenInvalidSignature),
        ("other-issuer", ErrorKind::TokenInvalidIssuer),
        ("alg-none", ErrorKind::TokenInvalidAlgorithm),
    ] {
        let token = stage.mint("user_eve", json!({"tier": "enterprise", "fault": fault})).await?;
        refused(
            &format!("a token that is {fault}"),
            stage.casier.authenticate(&token).await,
            code,
        )?;
    }
    println!("\nThe story ended as it should.");
    Ok(())
}

async fn play(
    stage: &Stage,
    ada: &Session,
    ben: &Session,
    folder: &std::path::Path,
) -> Outcome<()> {
    let (files, bens) = (ada.files()?, ben.files()?);
    let (png, pdf, text) = (files::png(), files::pdf("Rapport"), files::markdown());
    let on_disk = folder.join("Été à Paris.png");
    std::fs::write(&on_disk, &png)?;

    let mut options = UploadOptions::default();
    options.metadata.insert("place".into(), "Paris, été 2025".into());
    let picture = files.upload_file(&on_disk, "image", options).await?;
    let in_scope = picture.key.starts_with(&format!("user_{}/images/", ada.user().user_id));
    expect("a PNG from disk, name with accents and spaces", &picture.filename, "Été à Paris.png")?;
    expect("its key is in Ada's own scope", in_scope, "true")?;
    for (name, kind, bytes) in
        [("rapport d'août.pdf", "document", &pdf), ("mes notes.md", "blog", &text)]
    {
        let bytes = bytes.clone().into();
        let stored = files.upload_file_object(bytes, name, kind, UploadOptions::default()).await?;
        expect(&format!("`{name}` from memory"), &stored.filename, name)?;
    }
    let page = files.list(ListOptions::default()).await?;
    expect("Ada lists her files", page.items.len(), "3")?;
    let page = bens.list(ListOptions::default()).await?;
    expect("Ben lists his", page.items.len(), "0")?;

    let link = files.presigned_url(&picture.key, LinkOptions::default()).await?;
    let answer = stage.http.get(&link.url).send().await?;
    let content_type = answer.headers()["content-type"].to_str()?.to_owned();
    let same = answer.bytes().await? == png;
    expect("a plain HTTP client follows the link: type", content_type, "image/png")?;
    expect("the same bytes as on disk", same, "true")?;
    let stored = files.metadata(&picture.key).await?;
    expect("metadata: size", stored.size, &png.len().to_string())?;
    expect("metadata: what Ada wrote", &stored.metadata["place"], "Paris, été 2025")?;
    let copy = folder.join("copy.png");
    files.download(&picture.key, &copy).await?;
    expect("downloaded to disk, the same bytes", std::fs::read(&copy)? == png, "true")?;

    println!("\nEverybody else is refused");
    refused("Ben asks for Ada's picture", bens.read(&picture.key).await, ErrorKind::NotOwner)?;
    let link = bens.presigned_url(&picture.key, LinkOptions::default()).await;
    refused("Ben asks for a link to it", link, ErrorKind::NotOwner)?;
    refused("Ben deletes it", bens.delete(&picture.key).await, ErrorKind::NotOwner)?;
    let around = format!("{}../{}", bens.scope().prefix(), picture.key);
    refused("Ben goes around by `..`", bens.read(&around).await, ErrorKind::InvalidKey)?;
    let tier = ben.require_subscription("pro");
    refused("Ben, free, wants what needs pro", tier, ErrorKind::SubscriptionRequired)?;
    let feature = ben.require_feature("books");
    refused("Ben wants the feature `books`", feature, ErrorKind::FeatureRequired)?;
    expect("Ada, pro, has `books`", ada.has_feature("books"), "true")?;

    let mut short = LinkOptions::default();
    short.expires_in = Some(1);
    let link = files.presigned_url(&picture.key, short).await?;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let status = stage.http.get(&link.url).send().await?.status().as_u16();
    expect("a link of one second, two and a half later: S3 answers", status, "403")?;

    println!("\nDeleted is gone");
    for file in files.list(ListOptions::default()).await?.items {
        files.delete(&file.key).await?;
    }
    refused("the picture again", files.metadata(&picture.key).await, ErrorKind::FileNotFound)?;
    let left = files.list(ListOptions::default()).await?.items.len();
    expect("Ada lists her files", left, "0")
}

fn who(session: &Session) -> String {
    format!("tier {}, role {}", session.user().subscription, session.user().role)
}

/// Says what was asked and what came back; anything but `wanted` ends the story.
fn expect(asked: &str, got: impl Display, wanted: &str) -> Outcome<()> {
    let got = got.to_string();
    if got != wanted {
        return Err(format!("{asked}: expected {wanted}, got {got}").into());
    }
    println!("  ok  {asked}: {got}");
    Ok(())
}

/// Says how the call was refused and why; success, or another code, ends the story.
fn refused<T>(asked: &str, result: casier::Result<T>, code: ErrorKind) -> Outcome<()> {
    match result {
        Err(error) if error.kind() == code => {
            println!("  ok  {asked}: refused, {error}");
            Ok(())
        }
        Err(error) => Err(format!("{asked}: expected {}, got {error}", code.code()).into()),
        Ok(_) => Err(format!("{asked}: expected {}, but it was allowed", code.code()).into()),
    }
}
