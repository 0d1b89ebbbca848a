//! `Exposure`, where nothing leads to a Service from outside: only proposed, since most programs are for others of the cluster.

use super::Scene;
use crate::cli::init::page::{Body, Entry, quoted};
use crate::cli::init::seen::Workload;
use crate::facts::selections::By;

pub(super) fn entry(scene: &Scene<'_>) -> Option<Entry> {
    let stream = &scene.sources.stream;
    let mut services = scene.facts.selections().all(By::Service).filter_map(|one| stream.object(one.object));
    let first = services.next()?;
    if !scene.facts.routes().routes().is_empty() {
        return None;
    }
    let mut body = Body::default();
    let mut about =
        vec!["Nothing leads here from outside. For what people or other systems reach, take off the marks:".to_owned()];
    let published = scene.workloads.iter().flat_map(Workload::main).flat_map(|one| &one.beside.published);
    about.extend(published.map(|at| format!("{at}: compose opens a port of it.")));
    body.put(1, format!("provider: {}", if scene.openshift.is_some() { "route" } else { "httpRoute" }));
    body.put(1, "host: TODO # such as app.example.com");
    if scene.openshift.is_none() {
        body.put(1, "gateway: {name: TODO, namespace: TODO}");
    }
    body.put(1, format!("paths: [{{path: /, service: {}}}] # {}", quoted(&first.name()), scene.sources.at(&first, "")));
    Some(Entry { name: "exposure".to_owned(), kind: "Exposure", about, body, is_proposal: true })
}
