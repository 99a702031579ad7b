//! What Casier has to say, collected for languages that have a log of their own.
//!
//! Records are only collected where they arise, on whatever thread, and handed over when the
//! language asks: calling it from here could wait for a caller that waits for us. Rust programs
//! need nothing of this; they set a subscriber of `tracing`.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Records kept until somebody takes them; later ones are lost.
const MAX_RECORDS: usize = 256;
/// Nobody holds the lock for longer than a push; but a fork may have copied it locked.
const LOCK_TRIES: usize = 1000;

static RECORDS: Mutex<Vec<LogRecord>> = Mutex::new(Vec::new());
/// Written with the lock, read without: most calls have nothing to say, and some are very quick.
static HAS_RECORDS: AtomicBool = AtomicBool::new(false);

/// Something that Casier has to say. It never holds a token, a secret or a signed link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogRecord {
    /// `ERROR`, `WARN` or `INFO`.
    pub level: &'static str,
    /// Where it was said: `casier.token.verifier`.
    pub logger: String,
    /// What was said.
    pub message: String,
}

/// Begins to collect, for the whole process. For bindings alone, which have a copy of `tracing` to
/// themselves, so that no other library notices.
pub fn collect() {
    // Fails only when it is called a second time.
    let _ = tracing::subscriber::set_global_default(Collector);
}

/// Takes what was collected, oldest first.
pub fn take() -> Vec<LogRecord> {
    if !HAS_RECORDS.load(Ordering::Acquire) {
        return Vec::new();
    }
    let Some(mut records) = lock() else { return Vec::new() };
    HAS_RECORDS.store(false, Ordering::Release);
    std::mem::take(&mut *records)
}

fn lock() -> Option<MutexGuard<'static, Vec<LogRecord>>> {
    for _ in 0..LOCK_TRIES {
        match RECORDS.try_lock() {
            Ok(records) => return Some(records),
            Err(TryLockError::Poisoned(records)) => return Some(records.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
    None
}

/// Collects records of level INFO and above that are Casier's own: those of the HTTP stack below it
/// may show what nobody should see.
struct Collector;

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        *metadata.level() <= Level::INFO && (target == "casier" || target.starts_with("casier::"))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let record = LogRecord {
            level: event.metadata().level().as_str(),
            logger: event.metadata().target().replace("::", "."),
            message: text.message + &text.fields,
        };
        if let Some(mut records) = lock()
            && records.len() < MAX_RECORDS
        {
            records.push(record);
            HAS_RECORDS.store(true, Ordering::Release);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_casier_says_is_collected_and_nothing_else() {
        tracing::subscriber::with_default(Collector, || {
            tracing::warn!(target: "casier::token", status = 503, "the keys cannot be fetched");
            tracing::debug!(target: "casier::token", "a detail");
            tracing::error!(target: "casierx", "of another library");
        });
        let said = take();
        assert!(said.contains(&LogRecord {
            level: "WARN",
            logger: "casier.token".to_owned(),
            message: "the keys cannot be fetched status=503".to_owned(),
        }));
        assert!(said.iter().all(|record| record.logger.starts_with("casier.")));
        assert!(said.iter().all(|record| record.message != "a detail"));
    }
}
