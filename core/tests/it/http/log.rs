//! What is logged on the thread of a test.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::sync::Once;
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::bench::Bench;

/// How the lines of the audit begin that are refusals or privileged.
pub(crate) const NOTABLE: &str = "casier::audit INFO";

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Runs a test on one thread, so that [`lines`] are its own.
pub(crate) fn logged(test: impl AsyncFnOnce(&mut Bench)) {
    // One subscriber for all threads: with one for each, a record can be lost where another thread
    // comes by its place first (tracing-core's cache of interest).
    static KEEPER: Once = Once::new();
    KEEPER.call_once(|| tracing::subscriber::set_global_default(Keeper).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let limited = tokio::time::timeout(Duration::from_secs(120), async {
            let mut bench = Bench::new().await;
            LINES.with_borrow_mut(Vec::clear);
            test(&mut bench).await;
            bench.stack.shutdown().await;
        });
        limited.await.expect("the test takes too long");
    });
}

/// What this thread has logged under targets that begin so, a line for each record.
pub(crate) fn lines(target: &str) -> Vec<String> {
    LINES.with_borrow(|lines| {
        lines.iter().filter(|line| line.starts_with(target)).cloned().collect()
    })
}

struct Keeper;

impl Subscriber for Keeper {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("casier::")
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut line = Line(format!("{} {}", metadata.target(), metadata.level()));
        event.record(&mut line);
        LINES.with_borrow_mut(|lines| lines.push(line.0));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}
