//! The examples' pods under the kubelet's rules, where a cluster of stand-in nodes shows nothing: probes that are really
//! asked and answered, restarts, init containers. `stand_in.rs` is the program, run as a process of its own; `pod.rs` the
//! kubelet, with `worker.rs` (one probe, pure) and `slot.rs` (one container); `cluster.rs` what a pod finds around it;
//! `rows` the tests, one for each overlay that is found, named `EXAMPLE/OVERLAY probes: WHAT (IDS)`; `rules.rs` tests
//! the kubelet itself. The pods' time is counted, not waited for: ten minutes of probes pass in less than a second, and
//! nothing depends on the speed of the machine.
//!
//! Needs no cluster. Every rule is from the kubelet's source, v1.36.3; comments name the place.

#![allow(unreachable_pub)] // its modules are nobody else's

mod ask;
mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod http;
mod pod;
mod process;
mod rows;
mod rules;
mod slot;
mod stand_in;
mod worker;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|first| first == "stand-in") {
        std::process::exit(stand_in::run(&arguments[2..]));
    }
    let mut arguments = Arguments::from_args();
    // Most of them wait for programs that hang.
    arguments.test_threads.get_or_insert(8);
    let rows = rows::all().into_iter().map(|row| {
        let check = row.check;
        Trial::test(row.name, move || {
            check();
            Ok(())
        })
    });
    let rules = rules::ALL.iter().map(|(name, check)| {
        Trial::test(format!("kubelet: {name}"), || {
            check();
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, rows.chain(rules).collect()).exit();
}
