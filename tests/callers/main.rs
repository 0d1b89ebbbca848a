//! Whoever calls krmor, as the stock tool: the same objects, a failure that stops it, a message that a person sees, and nothing
//! skipped in silence. `make test-callers` runs it and prints one table.

#![allow(unreachable_pub, dead_code)] // what its files share is seen by none but them

#[path = "../common/mod.rs"]
mod common;

mod app;
mod argocd;
mod helm;
mod render;
mod stand;
mod table;
mod todo;
