//! The extension module `casier._casier`: converts, calls the core, maps its errors.

mod error;

use pyo3::prelude::*;

#[pymodule]
mod _casier {
    #[pymodule_export]
    use crate::error::catalogue;
}
