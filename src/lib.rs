//! krmor: KRM functions that harden Kubernetes manifests while kustomize, kpt, Argo CD and Helm render them.
//!
//! The library hardens a stream in five lines:
//!
//! ```
//! # let config = "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nspec: {runAsUser: 10001}\n";
//! # let manifests = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'web:1'}]}\n";
//! use krmor::{Outcome, Pipeline, Report, parse};
//!
//! let pipeline: Pipeline = config.parse()?;
//! let mut stream = parse(manifests)?;
//! let mut report = Report::default();
//! assert_eq!(pipeline.run(&mut stream, &mut report), Outcome::Ok);
//! let hardened = stream.render();
//! # assert!(hardened.contains("runAsNonRoot: true") && hardened.starts_with("apiVersion: v1\nkind: Pod\n"));
//! # assert!(report.changes.iter().all(|change| !change.why.reason.is_empty()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A run in one page:
//!
//! 1. A host takes what the caller hands over: the command line ([`cli`]), or the function alone ([`hosts`]). [`transport`] tells
//!    a ResourceList ([`krm`]) from a bare stream. [`yaml`] parses it with the place of every byte.
//! 2. [`config`] reads the function config, strictly, into a [`Pipeline`], or says all that is wrong with it.
//! 3. A [`stream::Stream`] is the list of objects. [`workload`] knows where pod templates live, [`target`] selects among
//!    them. The policy of a spec says what is meant to be so ([`exceptions`]) and how bad a finding is.
//! 4. Each function of the registry ([`functions::FUNCTIONS`]) is a pure `apply(&Spec, &mut Stream, &mut Report)`. It never
//!    edits text: the stream's setters record a JSON Patch operation with its rule and reason in the [`Report`]. When all
//!    have been applied, `finish` brings up to date what was made from things that later functions changed, then `judge`
//!    looks at the final stream.
//! 5. [`yaml::render`] splices what changed into the text; all other bytes are the user's. KRM results, text, SARIF and
//!    JUnit ([`views`]) are views of the report. Nothing is written when a finding is an error.
//!
//! Four packages keep the layers apart: `krmor-yaml` knows nothing of Kubernetes; `krmor-core` has the stream, the report
//! and what functions share; `krmor-functions` has the functions; this one runs them. `tests/tools/modules` draws who uses
//! whom, and fails on a circle.
//!
//! The laws that every function keeps are in `tests/laws.rs`; a new function joins them by its registry entry.

#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
mod excerpt;
pub mod failure;
pub mod hosts;
pub mod judged;
pub mod pipeline;
#[cfg(feature = "cli")]
pub mod schema;
pub mod transport;
pub mod views;

use std::sync::Arc;

pub use krmor_core::{
    exceptions, facts, krm, labels, manifest, mask, quantity, references, report, rules, stream, strictness, target,
};
pub use krmor_core::{pods, text, validity, values, workload};
pub use krmor_functions as functions;
pub use krmor_yaml as yaml;

pub use pipeline::{Outcome, Pipeline};
pub use report::Report;
pub use stream::Stream;

/// Parses manifests: YAML documents between `---` lines, or JSON.
///
/// # Errors
/// When the text is not YAML that kustomize would read; the error has the byte.
pub fn parse(manifests: impl Into<String>) -> Result<Stream, yaml::Error> {
    Stream::parse(&Arc::new(manifests.into()))
}
