//! krmor.
pub mod report;
pub mod stream;
pub mod workload;
pub mod yaml;
