//! The core's log records, handed to Python's `logging`.

use casier::log::{self, LogRecord};
use pyo3::prelude::*;

/// Hands over what was collected, to the loggers `casier.…`. What a handler raises is reported as
/// unraisable.
pub(crate) fn forward(py: Python<'_>) {
    for record in log::take() {
        if let Err(error) = hand_over(py, &record) {
            error.write_unraisable(py, None);
        }
    }
}

fn hand_over(py: Python<'_>, record: &LogRecord) -> PyResult<()> {
    let level = match record.level {
        "ERROR" => 40,
        "WARN" => 30,
        _ => 20,
    };
    let logger = py.import("logging")?.call_method1("getLogger", (&record.logger,))?;
    logger.call_method1("log", (level, "%s", &record.message))?;
    Ok(())
}
