//! Which keys a store takes, and in which order it lists them.

use super::answer::{YES, taken, together};
use super::{Probe, Row, row};

pub(super) async fn find(probe: &Probe<'_>) -> Vec<Row> {
    vec![
        row("keys of 1,024 bytes", "filenames up to 255 bytes", longest(probe).await),
        row("a segment above 255 bytes", "– (Casier writes none)", segment(probe).await),
        row(
            "keys with empty or dot segments",
            "– (Casier neither writes nor reads them)",
            odd_segments(probe).await,
        ),
        row("`a` beside `a/b`", "– (Casier writes no key under another)", beside(probe).await),
        row("a listing in the order of UTF-8 bytes", "cursors", order(probe).await),
        row("a listing that starts after a key", "cursors", start_after(probe).await),
        row(
            "a page of one, below a prefix that is a key",
            "– (Casier asks for two at least)",
            page_of_one(probe).await,
        ),
    ]
}

async fn put(probe: &Probe<'_>, key: &str) -> String {
    let put = probe.client.put_object().bucket(probe.bucket).key(key).body(b"x".to_vec().into());
    taken(&put.send().await)
}

async fn longest(probe: &Probe<'_>) -> String {
    let mut key = probe.key(&format!("{}/", "k".repeat(200)).repeat(4));
    key += &"k".repeat(1024 - key.len());
    put(probe, &key).await
}

async fn segment(probe: &Probe<'_>) -> String {
    put(probe, &probe.key(&"k".repeat(256))).await
}

async fn odd_segments(probe: &Probe<'_>) -> String {
    let mut findings = Vec::new();
    for odd in ["odd//a", "odd/./a", "odd/../a", "odd/folder/"] {
        findings.push((odd, put(probe, &probe.key(odd)).await));
    }
    let findings = findings.iter().map(|(odd, it)| (format!("`{odd}`"), it.clone()));
    let findings: Vec<_> = findings.collect();
    let findings: Vec<_> = findings.iter().map(|(odd, it)| (odd.as_str(), it.clone())).collect();
    together(&findings)
}

async fn beside(probe: &Probe<'_>) -> String {
    let (outer, inner) = (probe.key("beside"), probe.key("beside/b"));
    probe.bench.put_raw(&outer, b"x").await;
    let finding = put(probe, &inner).await;
    let found = probe.bench.keys_under(&outer).await;
    if finding == YES && found != [outer, inner] {
        return format!("lists {} of 2", found.len());
    }
    finding
}

/// UTF-16 would put the last before the one before it, and a file system its own order on all.
const IN_ORDER: [&str; 7] = ["Z", "a", "a-b", "a0", "\u{e9}", "\u{ff5e}", "\u{1f600}"];

async fn order(probe: &Probe<'_>) -> String {
    for name in IN_ORDER {
        probe.put(&format!("order/{name}"), "x").await;
    }
    let prefix = probe.key("order/");
    let found = probe.bench.keys_under(&prefix).await;
    let found: Vec<_> = found.iter().map(|key| key.strip_prefix(&prefix).unwrap()).collect();
    if found == IN_ORDER { YES.to_owned() } else { format!("no: {}", found.join(" ")) }
}

async fn start_after(probe: &Probe<'_>) -> String {
    let prefix = probe.key("order/");
    let list = probe.client.list_objects_v2().bucket(probe.bucket).prefix(&prefix);
    let list = list.start_after(format!("{prefix}a-")).max_keys(2).send().await;
    match &list {
        Err(_) => taken(&list),
        Ok(page) => {
            let found: Vec<_> = page
                .contents()
                .iter()
                .map(|object| object.key().unwrap().strip_prefix(&prefix).unwrap())
                .collect();
            if found == ["a-b", "a0"] { YES.to_owned() } else { found.join(" ") }
        }
    }
}

async fn page_of_one(probe: &Probe<'_>) -> String {
    let prefix = probe.put("page/", "").await;
    probe.put("page/a", "x").await;
    let list = probe.client.list_objects_v2().bucket(probe.bucket).prefix(prefix).max_keys(1);
    let list = list.send().await;
    match &list {
        Err(_) => taken(&list),
        Ok(page) if page.is_truncated() == Some(true) => YES.to_owned(),
        Ok(_) => "says that there is no more".to_owned(),
    }
}
