//! `Environment`: gives containers their variables, and proves that those they need are there.
//!
//! `fill` adds what is absent in a container's `env` and `envFrom`. What must hold is judged on the final stream, when
//! other functions have said what makes the Secrets: `required` looks single variables up as the kubelet would.

mod expand;
mod fill;
mod judge;
mod required;
pub mod rules;
mod services;
pub mod spec;
pub mod values;
mod view;
mod wiring;

use self::fill::Filler;
use self::judge::Judge;
use self::services::Services;
pub use self::spec::Spec;
use self::view::View;
use krmor_core::facts::Facts;
use krmor_core::facts::provided::Providers;
use krmor_core::pods::{Container, Role};
use krmor_core::report::Report;
use krmor_core::stream::Stream;
use krmor_core::target::{self, Selected};

/// Gives the containers in scope what the spec says.
pub fn apply(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    let wirings = spec.wirings().unwrap_or_default();
    let (selected, problems) = target::pods(&spec.targets, &spec.exclude, stream);
    report.record_once(problems);
    let providers = providers(spec, stream);
    let mut edits = Vec::new();
    for selected in &selected {
        let Some(object) = stream.object(selected.pod.object) else { continue };
        for container in selected.containers(&object).into_iter().filter(|one| is_meant(selected, one)) {
            let view = View::of(&providers, object, &selected.pod, container);
            let mut filler = Filler { spec, providers: &providers, view: &view, report, edits: Vec::new() };
            filler.fill(&wirings);
            edits.extend(filler.edits.into_iter().map(|edit| (selected.pod.object, edit)));
        }
    }
    for (object, edit) in edits {
        stream.apply(report, object, edit);
    }
}

/// Reports what the containers in scope lack, or get twice.
pub fn judge(spec: &Spec, stream: &Stream, report: &mut Report) {
    let (providers, services) = (providers(spec, stream), Services::of(stream));
    // What is wrong with targets and pods was said when the function ran.
    for selected in target::pods(&spec.targets, &spec.exclude, stream).0 {
        let Some(object) = stream.object(selected.pod.object) else { continue };
        for container in selected.containers(&object) {
            let meant = is_meant(&selected, &container);
            let view = View::of(&providers, object, &selected.pod, container);
            let (providers, services, view) = (&providers, &services, &view);
            let mut judge = Judge { spec, stream, providers, services, view, report };
            judge.precedence();
            judge.references();
            judge.names();
            if meant {
                judge.demands();
            }
        }
    }
}

/// Main containers, and those that a target names.
fn is_meant(selected: &Selected, container: &Container) -> bool {
    container.role == Role::Main || selected.names(&container.name)
}

fn providers<'a>(spec: &Spec, stream: &'a Stream) -> Providers<'a> {
    let mut providers = Providers::of(Facts::of(stream));
    for entry in &spec.external {
        if let Some((store, name)) = entry.store() {
            let keys = entry.keys.as_ref().map(|keys| keys.iter().map(|key| key.as_str().to_owned()));
            providers.declare(store, name, keys);
        }
    }
    providers
}
