//! `krmor migrate`: manifests in files become others that mean the same, all of them or none.

mod ingress;

pub use ingress::table as ingress_table;

use super::{Failure, Form, Result};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Ingresses of ingress-nginx become routes, Gateways and policies of the Gateway API.
    Ingress(ingress::Options),
}

pub(super) fn run(options: &Options) -> Result<u8> {
    match &options.what {
        What::Ingress(options) => ingress::run(options),
    }
}
