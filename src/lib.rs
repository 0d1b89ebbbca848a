//! krmor: KRM functions that harden Kubernetes manifests while kustomize, kpt, Argo CD and Helm render them.
//!
//! A run in one page:
//!
//! 1. A host (the command line in [`cli`], WASM in [`hosts`]) takes what the caller hands over: files, or, by [`call`], a
//!    ResourceList ([`krm`]) or a bare stream. [`yaml`] parses it with the place of every byte and reads it as kustomize does.
//! 2. [`config`] reads the function config, strictly, into a [`functions::Pipeline`].
//! 3. [`stream::Stream`] is the list of objects. [`workload`] knows where pod templates live and visits pods and
//!    containers; [`target`] selects among them, [`exceptions`] says what is meant to be so.
//! 4. Each function of the registry ([`functions::FUNCTIONS`]) is a pure `apply(&Spec, &mut Stream, &mut Report)`. It
//!    never edits text: the stream's setters record a JSON Patch operation with its rule and reason in the
//!    [`report::Report`]. When all have been applied, `finish` of those that have one brings up to date what they made
//!    from things that later ones changed, then `judge` looks at the final stream.
//! 5. [`yaml::render`] splices what changed into the text; all other bytes are the user's. Results, text and JSON are
//!    views of the report. Nothing is written when a finding is an error.
//!
//! [`schema`] makes what editors and `krmor explain` know of the configs from the types that read them.
//!
//! The laws that every function keeps are in `tests/laws.rs`; a new function joins them by its registry entry.

pub mod call;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod hosts;
pub mod pipeline;
#[cfg(feature = "cli")]
pub mod schema;
mod show;
pub mod views;

pub use krmor_core::{
    exceptions, krm, labels, lookup, manifest, mask, quantity, report, service, stream, supply, target,
};
pub use krmor_core::{text, values, workload};
pub use krmor_functions as functions;
pub use krmor_yaml as yaml;
