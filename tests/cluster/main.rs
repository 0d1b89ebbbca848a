//! A real cluster under every example: `make test-cluster`. Every overlay of every example is found by its folder; what is
//! tried follows from the kinds of its objects, so that a new example joins without a change here.
//!
//! - Tier 1 (`accepted`): the API server takes everything, without a warning, where the restricted standard is enforced.
//! - Tier 2 (`works`): applied for real, with kwok as kubelets.
//! - Tier 3 (`vault`, `external`): secrets from a real Vault-compatible server, through the real operators.
//! - The chart `examples/todo`, by Helm itself (`todo`).
//!
//! - Probes: what kwok cannot show, since it takes every pod for ready whatever its probes say, is what `tests/kubelet`
//!   shows; its rows join the table.
#![allow(unreachable_pub)] // modules of one program

#[path = "../common/mod.rs"]
mod common;

mod accepted;
mod converted;
mod external;
mod kube;
mod stand;
mod todo;
mod vault;
mod works;

use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock};

use kube::Cluster;
use libtest_mimic::{Arguments, Trial};
use stand::{Table, refused};

/// What one test tries and writes into the table.
type Try = Box<dyn FnOnce(&Table) -> Result<(), libtest_mimic::Failed> + Send>;

static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| Cluster::up(&[]));
/// The same one; from here on with a Vault and its operator.
static VAULT: LazyLock<Cluster> = LazyLock::new(|| Cluster::up(&["--vault"]));

fn main() {
    let mut arguments = Arguments::from_args();
    // They share nodes, and drain them.
    arguments.test_threads = Some(1);
    let table = Arc::new(Table::default());
    let mut trials = Vec::new();
    let mut trial = |name: String, run: Try| {
        let table = Arc::clone(&table);
        trials.push(Trial::test(name, move || run(&table)));
    };
    let examples = stand::examples();
    for example in &examples {
        for stand in &example.overlays {
            let stand = Arc::clone(stand);
            trial(
                format!("tier 1: {}", stand.title()),
                Box::new(move |table| {
                    let mut tier = table.tier(&stand, "1");
                    tier.check("accepted", "accepted in a restricted namespace, 0 warnings", || {
                        accepted::overlay(&CLUSTER, &stand)
                    });
                    tier.end()
                }),
            );
        }
        let base = Arc::clone(&example.base);
        trial(
            format!("tier 1: {}", base.title()),
            Box::new(move |table| {
                let mut tier = table.tier(&base, "1");
                tier.check("", "not hardened: refused in a restricted namespace", || {
                    refused(accepted::overlay(&CLUSTER, &base), "would violate PodSecurity")
                });
                tier.end()
            }),
        );
    }
    trial(
        "tier 1: README cases".to_owned(),
        Box::new(move |table| {
            let mut tier = table.other("README cases", "1");
            tier.check("", "accepted where their level is enforced, 0 warnings", || accepted::cases(&CLUSTER));
            tier.end()
        }),
    );
    for example in &examples {
        for stand in &example.overlays {
            let stand = Arc::clone(stand);
            let title = format!("tier 2: {}", stand.title());
            trial(title, Box::new(move |table| works::overlay(&CLUSTER, &stand, table)));
        }
        let (base, overlays) = (Arc::clone(&example.base), example.overlays.clone());
        let title = format!("tier 2: {}", base.title());
        trial(title, Box::new(move |table| works::base(&CLUSTER, &base, &overlays, table)));
    }
    for way in todo::WAYS {
        trial(format!("tier 2: {}", way.title()), Box::new(move |table| todo::release(&CLUSTER, &way, table)));
    }
    for stand in examples.iter().flat_map(|example| &example.overlays).filter(|stand| vault::concerns(stand)) {
        for method in vault::METHODS {
            let stand = Arc::clone(stand);
            let title = format!("tier 3: {} by {method}", stand.title());
            trial(title, Box::new(move |table| vault::overlay(&VAULT, &stand, table, method)));
        }
    }
    for stand in examples.iter().flat_map(|example| &example.overlays).filter(|stand| external::concerns(stand)) {
        let stand = Arc::clone(stand);
        let title = format!("tier 3: {} by external-secrets", stand.title());
        trial(title, Box::new(move |table| external::overlay(&VAULT, &stand, table)));
    }
    for provider in converted::PROVIDERS {
        let title = format!("tier 3: argocd-vault-plugin by {provider}");
        trial(title, Box::new(move |table| converted::provider(&VAULT, table, provider)));
    }
    trial("probes".to_owned(), Box::new(probes));
    // The table always comes last, whatever a filter selects.
    if let Some(filter) = arguments.filter.take() {
        trials.retain(|trial| trial.name().contains(&filter));
    }
    trials.push(Trial::test("the table", move || {
        table.print();
        Ok(())
    }));
    libtest_mimic::run(&arguments, trials).exit();
}

/// The tests of `tests/kubelet`, by their names `EXAMPLE/OVERLAY probes: WHAT (IDS)`.
fn probes(table: &Table) -> Result<(), libtest_mimic::Failed> {
    let mut command = Command::new(env!("CARGO"));
    let out = command.args(["test", "--locked", "--test", "kubelet"]).stderr(Stdio::inherit()).output().unwrap();
    let said = common::text(&out.stdout);
    let mut results: Vec<_> =
        said.lines().filter_map(|line| line.strip_prefix("test ")?.rsplit_once(" ... ")).collect();
    results.sort_unstable();
    for (name, result) in results {
        let Some((stand, check)) = name.trim_end().split_once(" probes: ") else { continue };
        let (what, ids) = check.rsplit_once(" (").ok_or_else(|| format!("{name} names no ids"))?;
        let outcome = if result == "ok" { Ok(String::new()) } else { Err(result.to_owned()) };
        table.add(stand, "probes", what, ids.trim_end_matches(')'), outcome);
    }
    if out.status.success() { Ok(()) } else { Err(said.into()) }
}
