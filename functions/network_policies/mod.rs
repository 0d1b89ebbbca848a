//! `NetworkPolicies`: lets workloads connect as declared, and not otherwise.
//!
//! The ends of the declared edges and their ports are found (`topology`, `ports`), edges that other objects imply are
//! added (`implied`), and the other ends of peers that select workloads of the stream (`members`). What they allow is
//! written into a policy of each workload (`policy`). In the final stream, no policy may reach further (`judge`).

mod ends;
mod implied;
mod judge;
mod members;
mod monitors;
mod peers;
mod policy;
mod ports;
pub mod rules;
pub mod spec;
mod topology;
mod unread;
pub mod values;

pub use self::judge::judge;
pub use self::peers::{Known, known};
pub use self::spec::Spec;
use self::topology::World;
use krmor_core::report::Report;
use krmor_core::stream::Stream;

/// Gives what the spec targets its policies.
pub fn apply(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    let world = World::of(spec, stream, report);
    let mut links = world.declared(report);
    unread::unread(spec, stream, report);
    let implied = implied::links(&world, &links, report);
    links.extend(implied);
    links.extend(world.other_ends(&links, report));
    let plans = policy::plans(&world, &links, report);
    for plan in plans {
        plan.apply(stream, report);
    }
}
