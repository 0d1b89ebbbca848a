//! The examples' pods under the kubelet's rules, where a cluster of stand-in nodes shows nothing: probes that are really
//! asked and answered, restarts, init containers. `stand_in.rs` is the program, run as a process of its own; `pod.rs` the
//! kubelet, with `worker.rs` (one probe, pure) and `slot.rs` (one container); `cluster.rs` what a pod finds around it;
//! `rows` the tests, one for each overlay that is found, named `EXAMPLE/OVERLAY probes: WHAT (IDS)`; `rules.rs` tests
//! the kubelet itself. The pods' time is counted, not waited for: ten minutes of probes pass in less than a second, and
//! nothing depends on the speed of the machine.
//!
//! Rows and rules of pods that *start* run in containers, as far as the kernel makes them: `sandbox.rs` and `container.rs`
//! give each its user, root filesystem, volumes, capabilities and ports. These need root, and fail without it.
//!
//! Needs no cluster. Every rule is from the kubelet's source, v1.36.3; comments name the place.

#![allow(unreachable_pub)] // its modules are nobody else's

mod ask;
mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod container;
mod http;
mod pod;
mod process;
mod rows;
mod rules;
mod sandbox;
mod slot;
mod stand_in;
mod worker;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|first| first == "stand-in") {
        std::process::exit(stand_in::run(&arguments[2..]));
    }
    if arguments.get(1).is_some_and(|first| first == "stand-in-client") {
        std::process::exit(stand_in::client(&arguments[2..]));
    }
    if sandbox::inside() {
        let wanted = arguments.get(2).expect("the name of a row");
        let row = all().into_iter().find(|row| row.name == *wanted).unwrap_or_else(|| panic!("no row {wanted}"));
        return (row.check)();
    }
    let mut arguments = Arguments::from_args();
    // Most of them wait for programs that hang.
    arguments.test_threads.get_or_insert(8);
    let trial = |row: rows::Row| {
        let name = row.name.clone();
        Trial::test(row.name, move || {
            if row.contained {
                sandbox::run(&name)
            } else {
                (row.check)()
            }
            Ok(())
        })
    };
    libtest_mimic::run(&arguments, all().into_iter().map(trial).collect()).exit();
}

/// The examples' rows, then the kubelet's rules.
fn all() -> Vec<rows::Row> {
    let rule = |(name, contained, check): &(&str, bool, fn())| {
        let check = *check;
        rows::Row { name: format!("kubelet: {name}"), contained: *contained, check: Box::new(check) }
    };
    let plain = rules::ALL.iter().map(|(name, check)| (*name, false, *check));
    let contained = rules::CONTAINED.iter().map(|(name, check)| (*name, true, *check));
    rows::all().into_iter().chain(plain.chain(contained).map(|one| rule(&one))).collect()
}
