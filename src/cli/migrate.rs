//! `krmor migrate`: a road from one way of doing things to another, in a person's own files, with a proof.

mod secrets;

use super::Result;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// From argocd-vault-plugin's placeholders to references that an operator resolves.
    Avp(secrets::Options),
    /// From Bitnami's SealedSecrets to references into Vault.
    SealedSecrets(secrets::Options),
    /// From Secrets and secretGenerators with their values to references into Vault.
    Secrets(secrets::Options),
}

pub(super) fn run(options: &Options) -> Result<u8> {
    match &options.what {
        What::Avp(options) => secrets::run(secrets::Origin::Avp, options),
        What::SealedSecrets(options) => secrets::run(secrets::Origin::SealedSecrets, options),
        What::Secrets(options) => secrets::run(secrets::Origin::Secrets, options),
    }
}
