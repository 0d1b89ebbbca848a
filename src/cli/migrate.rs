//! `krmor migrate`: manifests in files become others that mean the same, all of them or none.

mod ingress;
mod secrets;

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
    /// From argocd-vault-plugin's placeholders to references that an operator resolves.
    Avp(secrets::Options),
    /// From Bitnami's SealedSecrets to references into Vault.
    SealedSecrets(secrets::Options),
    /// From Secrets and secretGenerators with their values to references into Vault.
    Secrets(secrets::Options),
}

pub(super) fn run(options: &Options) -> Result<u8> {
    match &options.what {
        What::Ingress(options) => ingress::run(options),
        What::Avp(options) => secrets::run(secrets::Origin::Avp, options),
        What::SealedSecrets(options) => secrets::run(secrets::Origin::SealedSecrets, options),
        What::Secrets(options) => secrets::run(secrets::Origin::Secrets, options),
    }
}
