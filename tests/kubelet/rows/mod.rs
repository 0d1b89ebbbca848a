//! What the examples' pods must do, by the ids of the requirements; and that their bases, without our functions, do not.

mod aether;
mod antwort;
mod argusai;
mod base;
mod reactbin;
mod starts;

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::common::apps::{build, named};
use crate::http;
use crate::pod::{Event, Pod};
use crate::worker::Kind;

/// One line of the table.
pub struct Row {
    pub name: String,
    /// Whether its pods run in containers.
    pub contained: bool,
    pub check: Box<dyn FnOnce() + Send>,
}

impl Row {
    fn contained(self) -> Self {
        Self { contained: true, ..self }
    }
}

pub fn all() -> Vec<Row> {
    let each = [aether::rows(), antwort::rows(), argusai::rows(), reactbin::rows(), base::rows(), starts::rows()];
    each.into_iter().flatten().collect()
}

/// A kustomization of an example: its base, or one of its overlays.
#[derive(Clone)]
struct Place {
    example: &'static str,
    name: String,
}

impl Place {
    fn base(example: &'static str) -> Self {
        Self { example, name: "base".to_owned() }
    }

    /// Every overlay that there is.
    fn overlays(example: &'static str) -> Vec<Self> {
        let found = std::fs::read_dir(format!("examples/{example}/overlays")).unwrap();
        let names: BTreeSet<String> = found.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.into_iter().map(|name| Self { example, name }).collect()
    }

    /// A test of this place.
    fn row(&self, what: &str, ids: &str, check: impl FnOnce(&Self) + Send + 'static) -> Row {
        let place = self.clone();
        let name = format!("{}/{} probes: {what} ({ids})", self.example, self.name);
        Row { name, contained: false, check: Box::new(move || check(&place)) }
    }

    /// What stock kustomize makes of it; once for all tests.
    fn objects(&self) -> Arc<Vec<Value>> {
        static RENDERED: LazyLock<Mutex<BTreeMap<String, Arc<Vec<Value>>>>> = LazyLock::new(Mutex::default);
        let folder = if self.name == "base" { "base".to_owned() } else { format!("overlays/{}", self.name) };
        let path = format!("examples/{}/{folder}", self.example);
        let mut rendered = RENDERED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(rendered.entry(path.clone()).or_insert_with(|| Arc::new(build(&path))))
    }

    /// A workload, and the cluster with what is beside it.
    fn workload(&self, name: &str) -> (Cluster, Value) {
        let objects = self.objects();
        (Cluster::of(&objects), named(&objects, "Deployment", name).clone())
    }
}

/// Makes the Secrets that operators make from what is in a vault: each that an object of the stream asks for.
fn deliver(cluster: &mut Cluster, objects: &[Value], vault: &[(&str, &str)]) {
    for object in objects {
        let name = match object["kind"].as_str().unwrap() {
            "VaultStaticSecret" => &object["spec"]["destination"]["name"],
            "ExternalSecret" => &object["spec"]["target"]["name"],
            _ => continue,
        };
        let data = vault.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        cluster.secrets.insert(name.as_str().unwrap().to_owned(), data);
    }
}

/// A server that answers everything with a status, or never (0); its port.
fn server(status: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _ = http::head(&mut stream, None); // whoever asked may be gone
                if status == 0 {
                    std::thread::sleep(Duration::from_secs(600));
                }
                let _ = http::answer(&mut stream, status, "");
            });
        }
    });
    port
}

/// A program that hangs is first taken out of its Service, if that is asked more often, then killed; the next is well.
fn restarts_what_hangs(cluster: &Cluster, mut pod: Pod, container: &str) -> Pod {
    pod.fault(container, 1, "hangs-after=90");
    pod.run_until(cluster, 90, Pod::ready);
    pod.run_until(cluster, 300, |pod| !pod.ready());
    pod.run_until(cluster, 300, |pod| !pod.times(container, &Event::Killed(Kind::Liveness)).is_empty());
    pod.run_until(cluster, 120, Pod::ready);
    pod.run(cluster, 300);
    assert!(pod.ready());
    assert_eq!(pod.restarts(), 1, "the next one is well: {pod}");
    pod
}

/// Without probes nobody sees that a program hangs.
fn hangs_unseen(cluster: &Cluster, mut pod: Pod, container: &str, port: u16, path: &str) {
    pod.fault(container, 1, "hangs-after=30");
    pod.run(cluster, 20);
    assert_eq!(pod.get(container, port, path), Some(200));
    pod.run(cluster, 600);
    assert_eq!(pod.get(container, port, path), None, "it hangs");
    assert!(pod.ready(), "and is given requests");
    assert_eq!(pod.restarts(), 0);
}
