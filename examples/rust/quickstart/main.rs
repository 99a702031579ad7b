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
    let token = stage
        .mint(
            &ada,
            json!({"version": 2, "email": "ada@example.com", "tier": "pro", "role": "manager"}),
        )
        .await?;
    let ada = stage.casier.authenticate(&token).await?;
    let why = "signed by the issuer's key; the tier stands in public_metadata";
    expect("Ada's token, Clerk's version 2", who(&ada), "tier pro, role manager", why)?;
    let token = stage.mint(&ben, json!({"version": 1, "email": "ben@example.com"})).await?;
    let ben = stage.casier.authenticate(&token).await?;
    let why = "a token that names no tier and no role has the lowest";
    expect("Ben's token, Clerk's version 1", who(&ben), "tier free, role user", why)?;

    let folder = std::env::temp_dir().join(format!("casier-quickstart-{run}"));
    std::fs::create_dir_all(&folder)?;
    let played = play(&stage, &ada, &ben, &folder).await;
    std::fs::remove_dir_all(&folder)?;
    played?;

    println!("\nTokens that must not pass");
    for (fault, code) in [
        ("expired", ErrorKind::TokenExpired),
        ("tampered-payload", ErrorKind::TokenInvalidSignature),
        ("tampered-signature", ErrorKind::TokenInvalidSignature),
        ("other-issuer", ErrorKind::TokenInvalidIssuer),
        ("alg-none", ErrorKind::TokenInvalidAlgorithm),
    ] {
        let token = stage.mint("user_eve", json!({"tier": "enterprise", "fault": fault})).await?;
        refused(&format!("a token: {fault}"), stage.casier.authenticate(&token).await, code)?;
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
    let prefix = files.scope().prefix();

    println!("\nAda's files go in and come back");
    let mut options = UploadOptions::default();
    options.metadata.insert("place".into(), "Paris, été 2025".into());
    let picture = files.upload_file(&on_disk, "image", options).await?;
    let wanted = format!("{prefix}images/Été à Paris.png");
    expect("upload a PNG from disk", &picture.key, &wanted, "the key begins with her scope")?;
    for (name, kind, bytes) in
        [("rapport d'août.pdf", "document", &pdf), ("mes notes.md", "blog", &text)]
    {
        let bytes = bytes.clone();
        let stored = files.upload_file_object(bytes, name, kind, UploadOptions::default()).await?;
        let wanted = format!("{prefix}{kind}s/{name}");
        expect("upload from memory", &stored.key, &wanted, "accents and spaces stay")?;
    }
    let listed = files.list(ListOptions::default()).await?.items.len();
    expect("Ada lists her files", listed, "3", "what she uploaded")?;
    let listed = bens.list(ListOptions::default()).await?.items.len();
    expect("Ben lists his", listed, "0", "a scope shows its own files alone")?;

    let link = files.presigned_url(&picture.key, LinkOptions::default()).await?;
    let answer = stage.http.get(&link.url).send().await?;
    let content_type = answer.headers()["content-type"].to_str()?.to_owned();
    expect("a plain HTTP client follows her link", content_type, "image/png", "signed in")?;
    let same = answer.bytes().await? == png;
    expect("the bytes are those on disk", same, "true", "compared one by one")?;
    let stored = files.metadata(&picture.key).await?;
    let wanted = png.len().to_string();
    expect("metadata: the size", stored.size, &wanted, "as on disk")?;
    let place = &stored.metadata["place"];
    expect("metadata: the place", place, "Paris, été 2025", "as Ada wrote it")?;
    let copy = folder.join("copy.png");
    files.download(&picture.key, &copy, Default::default()).await?;
    let same = std::fs::read(&copy)? == png;
    expect("a download holds the same bytes", same, "true", "compared one by one")?;

    println!("\nEverybody else is refused");
    refused(
        "Ben reads Ada's picture",
        bens.read(&picture.key, Default::default()).await,
        ErrorKind::NotOwner,
    )?;
    let link = bens.presigned_url(&picture.key, LinkOptions::default()).await;
    refused("Ben asks for a link to it", link, ErrorKind::NotOwner)?;
    refused("Ben deletes it", bens.delete(&picture.key).await, ErrorKind::NotOwner)?;
    let around = format!("{}../{}", bens.scope().prefix(), picture.key);
    refused(
        "Ben goes around by `..`",
        bens.read(&around, Default::default()).await,
        ErrorKind::InvalidKey,
    )?;
    let tier = ben.require_subscription("pro");
    refused("Ben does what needs `pro`", tier, ErrorKind::SubscriptionRequired)?;
    let feature = ben.require_feature("books");
    refused("Ben uses the feature `books`", feature, ErrorKind::FeatureRequired)?;
    expect("Ada has `books`", ada.has_feature("books"), "true", "her tier includes it")?;

    let mut short = LinkOptions::default();
    short.expires_in = Some(1);
    let link = files.presigned_url(&picture.key, short).await?;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let status = stage.http.get(&link.url).send().await?.status().as_u16();
    // AWS and the local S3 say 403; Garage takes an expired link for a malformed request, 400.
    let answer = if matches!(status, 400 | 403) { "refused" } else { "let through" };
    let why = format!("it has expired, so S3 answers {status}");
    expect("a link of 1 s, followed after 2.5 s", answer, "refused", &why)?;

    println!("\nDeleted is gone");
    for file in files.list(ListOptions::default()).await?.items {
        files.delete(&file.key).await?;
    }
    refused("the picture again", files.metadata(&picture.key).await, ErrorKind::FileNotFound)?;
    let left = files.list(ListOptions::default()).await?.items.len();
    expect("Ada lists her files", left, "0", "all are deleted")
}

fn who(session: &Session) -> String {
    format!("tier {}, role {}", session.user().subscription, session.user().role)
}

/// Says what was asked, what came back and why; anything but `wanted` ends the story.
fn expect(asked: &str, got: impl Display, wanted: &str, why: &str) -> Outcome<()> {
    let got = got.to_string();
    if got != wanted {
        return Err(format!("{asked}: expected {wanted}, got {got}").into());
    }
    println!("  ok  {asked}: {got} ({why})");
    Ok(())
}

/// Says how the call was refused and why; success, or another code, ends the story.
fn refused<T>(asked: &str, result: casier::Result<T>, code: ErrorKind) -> Outcome<()> {
    match result {
        Err(error) if error.kind() == code => {
            println!("  ok  {asked}: {} ({})", error.code(), error.message());
            Ok(())
        }
        Err(error) => Err(format!("{asked}: expected {}, got {error}", code.code()).into()),
        Ok(_) => Err(format!("{asked}: expected {}, but it was allowed", code.code()).into()),
    }
}
