//! `references/config-map-key`: keys that variables and volumes name must be in the ConfigMap, when it is in the stream.

use super::super::findings::Findings;
use super::super::world::World;
use super::{To, missing_keys};

pub(in super::super) fn check(world: &World<'_>, findings: &mut Findings<'_>) {
    missing_keys(To::ConfigMap, world, findings);
}
