//! The core's log records, handed to Python's `logging`.
//!
//! They are only collected where they arise, on whatever thread, and handed over by the next call
//! that holds the GIL anyway: taking the GIL for a record could wait for a caller that waits for us.

use std::fmt::{self, Write};
use std::sync::{Mutex, MutexGuard, TryLockError};

use pyo3::prelude::*;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Records kept until a call hands them over; later ones are lost.
const MAX_RECORDS: usize = 256;
/// Nobody holds the lock for longer than a push; but a fork may have copied it locked.
const LOCK_TRIES: usize = 1000;

static RECORDS: Mutex<Vec<LogRecord>> = Mutex::new(Vec::new());

struct LogRecord {
    /// The number that `logging` gives the level.
    level: u8,
    logger: String,
    message: String,
}

/// Begins to collect. The extension module has its own copy of `tracing`, so no other library
/// notices.
pub(crate) fn collect() {
    // Fails only when it is called a second time, as by a sub-interpreter.
    let _ = tracing::subscriber::set_global_default(Collector);
}

/// Hands the records to the loggers `casier.…`. What a handler raises is reported as unraisable.
pub(crate) fn forward(py: Python<'_>) {
    let Some(mut records) = lock() else { return };
    let taken = std::mem::take(&mut *records);
    drop(records);
    for record in taken {
        if let Err(error) = hand_over(py, &record) {
            error.write_unraisable(py, None);
        }
    }
}

fn hand_over(py: Python<'_>, record: &LogRecord) -> PyResult<()> {
    let logger = py.import("logging")?.call_method1("getLogger", (&record.logger,))?;
    logger.call_method1("log", (record.level, "%s", &record.message))?;
    Ok(())
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
        let level = match *event.metadata().level() {
            Level::ERROR => 40,
            Level::WARN => 30,
            _ => 20,
        };
        let logger = event.metadata().target().replace("::", ".");
        let record = LogRecord { level, logger, message: text.message + &text.fields };
        if let Some(mut records) = lock()
            && records.len() < MAX_RECORDS
        {
            records.push(record);
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
