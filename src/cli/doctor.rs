#[derive(Debug, clap::Args)]
pub(super) struct Options {}
pub(super) fn run(_: &Options) -> super::Result<u8> {
    Ok(0)
}
