//! Hosts other than the command line. Each hands its bytes to [`crate::transport`] and back: one core, the same bytes.

#[cfg(all(feature = "kpt", target_arch = "wasm32"))]
mod go_abi;
#[cfg(not(feature = "cli"))]
pub mod stdio;
#[cfg(all(feature = "web", target_arch = "wasm32"))]
pub mod web;
