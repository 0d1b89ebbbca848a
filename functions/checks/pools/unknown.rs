//! `pools/unknown`: a number that the sum of a pool needs must be found.

use super::super::final_stream::FinalStream;
use super::super::findings::{Findings, Found};
use super::sums;
use krmor_core::report::Place;

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    for (name, pool) in &world.spec.pools {
        for gap in sums(world, name, pool).err().into_iter().flatten() {
            let Some(pod) = gap.pod else {
                findings.add_at(Place::Config(gap.pointer), gap.rule, gap.message, &gap.remedy);
                continue;
            };
            findings.add(Found {
                object: pod.object,
                container: None,
                pointer: pod.pod.spec.clone(),
                name: name.clone(),
                message: gap.message,
                remedy: gap.remedy,
            });
        }
    }
}
