//! What a probe asks a process, and which answer is a success (`pkg/kubelet/prober/prober.go`, `pkg/probe`).

use std::io;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Container, HTTPGetAction, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::http;
use crate::process::Process;

/// How long an answer may really take. A process that is well answers in far less, on a busy machine too; one that hangs
/// costs its probe this much of the tests' time, and `timeoutSeconds` of the pod's.
const PATIENCE: Duration = Duration::from_secs(1);
/// And how long when the same process let the last one wait in vain: it most likely hangs still.
const LITTLE_PATIENCE: Duration = Duration::from_millis(100);

/// A success or a failure.
pub struct Answer {
    pub success: bool,
    pub timed_out: bool,
    /// How long it really took.
    pub took: Duration,
}

/// Asks once; an error is the kubelet's own, of which no result is made. `exec` runs a command in the container.
pub fn ask(
    probe: &Probe,
    container: &Container,
    process: &Process,
    exec: impl FnOnce(&[String]) -> bool,
) -> Result<Answer, String> {
    let begun = Instant::now();
    let within = if process.silent.get() { LITTLE_PATIENCE } else { PATIENCE };
    let done = if let Some(get) = &probe.http_get {
        assert!(get.scheme.as_deref().is_none_or(|scheme| scheme == "HTTP"), "the stand-in programs have no TLS");
        assert!(get.host.is_none(), "a probe of another host than the pod");
        let port = number(&get.port, container)?;
        process
            .ports
            .get(&port)
            .map_or_else(|| Err(io::ErrorKind::ConnectionRefused.into()), |port| fetch(get, *port, within))
    } else if let Some(tcp) = &probe.tcp_socket {
        assert!(tcp.host.is_none(), "a probe of another host than the pod");
        let port = number(&tcp.port, container)?;
        let refused = || Err(io::ErrorKind::ConnectionRefused.into());
        process.ports.get(&port).map_or_else(refused, |port| http::connect(*port, within).map(|_| true))
    } else if let Some(command) = &probe.exec {
        Ok(exec(command.command.as_deref().unwrap_or_default()))
    } else {
        panic!("this runner does not know the handler of {probe:?}: httpGet, tcpSocket and exec are built, grpc is not")
    };
    let slow = [io::ErrorKind::TimedOut, io::ErrorKind::WouldBlock];
    let success = *done.as_ref().unwrap_or(&false);
    let timed_out = done.is_err_and(|error| slow.contains(&error.kind()));
    process.silent.set(timed_out);
    Ok(Answer { success, timed_out, took: begun.elapsed() })
}

/// The number of a port that is said by number or by name (`ResolveContainerPort`).
pub fn number(port: &IntOrString, container: &Container) -> Result<u16, String> {
    let number = match port {
        IntOrString::Int(number) => *number,
        IntOrString::String(name) => {
            let named = container.ports.iter().flatten().find(|port| port.name.as_ref() == Some(name));
            match named {
                Some(port) => port.container_port,
                None => name.parse().map_err(|_| format!("port {name} not found"))?,
            }
        }
    };
    u16::try_from(number).ok().filter(|port| *port > 0).ok_or_else(|| format!("invalid port number: {number}"))
}

/// 200 to 399 is a success. A redirect within the pod is followed, up to ten; one to another host counts as an answer
/// (`RedirectChecker`).
pub fn fetch(get: &HTTPGetAction, mut port: u16, within: Duration) -> io::Result<bool> {
    let headers: Vec<(String, String)> =
        get.http_headers.iter().flatten().map(|header| (header.name.clone(), header.value.clone())).collect();
    let mut path = get.path.clone().unwrap_or_default();
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    let until = Instant::now() + within;
    for _ in 0..10 {
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let response = http::get(port, &path, &headers, left)?;
        let Some(to) = response.location.filter(|_| [301, 302, 303, 307, 308].contains(&response.status)) else {
            return Ok((200..400).contains(&response.status));
        };
        if to.starts_with('/') {
            path = to;
            continue;
        }
        let Some(rest) = to.strip_prefix("http://127.0.0.1:") else { return Ok(true) };
        let (at, rest) = rest.split_once('/').unwrap_or((rest, ""));
        (port, path) = (at.parse().unwrap(), format!("/{rest}"));
    }
    Err(io::Error::other("stopped after 10 redirects"))
}
