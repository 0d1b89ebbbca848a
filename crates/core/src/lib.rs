//! What krmor's functions share: they read and change a [`stream::Stream`] of objects, and say so in a [`report::Report`].

#[macro_use]
pub mod report;
pub mod addresses;
pub mod ambiguous;
pub mod config;
pub mod exceptions;
pub mod facts;
pub mod hash;
pub mod krm;
pub mod kube;
pub mod labels;
pub mod manifest;
pub mod mask;
pub mod pods;
pub mod policy;
pub mod quantity;
pub mod reconcile;
pub mod references;
pub mod rules;
pub mod secret_names;
pub mod severities;
pub mod stream;
pub mod strictness;
pub mod suggest;
pub mod target;
pub mod text;
pub mod texts;
pub mod validity;
pub mod values;
pub mod workload;
