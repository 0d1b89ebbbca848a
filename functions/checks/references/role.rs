//! `references/role`: roles that role bindings name must be there.

use super::super::findings::Findings;
use super::super::world::World;
use super::{To, missing};

pub(in super::super) fn check(world: &World<'_>, findings: &mut Findings<'_>) {
    missing(To::Role, world, findings);
}
