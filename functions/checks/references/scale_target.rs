//! `references/scale-target`: what an autoscaler scales must be there.

use super::super::final_stream::FinalStream;
use super::super::findings::Findings;
use super::{To, missing};

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    missing(To::ScaleTarget, world, findings);
}
