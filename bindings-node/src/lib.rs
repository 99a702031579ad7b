//! The addon of the npm package `casier`: converts, calls the core, maps its errors. Behaviour
//! lives in the core.
