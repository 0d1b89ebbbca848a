//! Security settings that contradict each other, or the system that the pod is for.

use super::pod::{Container, Pod};
use super::walk::shown;
use super::{Judge, below, get, is_true, items, rules, text};
use krmor_yaml::Node;

/// What only Linux has (`validateWindows`), in a pod's spec, its security context, and that of a container.
const LINUX: [&str; 3] = [
    "hostUsers|shareProcessNamespace",
    "appArmorProfile|fsGroup|fsGroupChangePolicy|runAsGroup|runAsUser|seLinuxChangePolicy|seLinuxOptions|seccompProfile|\
     supplementalGroups|supplementalGroupsPolicy",
    "allowPrivilegeEscalation|appArmorProfile|capabilities|privileged|procMount|readOnlyRootFilesystem|runAsGroup|runAsUser|\
     seLinuxOptions|seccompProfile",
];

/// Prefixes of kernel settings by the namespace that they belong to.
const NET: &str = "net.";
const IPC: [&str; 3] = ["kernel.shm", "kernel.msg", "fs.mqueue."];

impl Judge<'_> {
    /// `ValidateSecurityContext`
    pub(super) fn container_security(&mut self, pod: &Pod<'_>, container: &Container<'_>) {
        let Some(security) = get(container.node, "securityContext") else { return };
        let at = format!("{}/securityContext", container.at);
        if get(security, "allowPrivilegeEscalation").and_then(Node::as_bool) == Some(false) {
            let adds = security.find(&["capabilities", "add"]).into_iter().flat_map(Node::items);
            let is_admin = adds.into_iter().any(|one| one.as_str().as_deref() == Some("CAP_SYS_ADMIN"));
            let other = if is_true(security, "privileged") { "privileged: true" } else { "CAP_SYS_ADMIN" };
            if is_true(security, "privileged") || is_admin {
                let message = format!(
                    "container `{}`: the API refuses `allowPrivilegeEscalation: false` beside `{other}`",
                    container.name
                );
                let place = below(&at, "allowPrivilegeEscalation");
                self.say(&rules::SECURITY_CONTEXT, &place, message, "remove one of the two");
            }
        }
        if text(security, "procMount") == "Unmasked" && !pod.has_own_users() {
            let message = format!(
                "container `{}`: the API refuses `procMount: Unmasked` without `hostUsers: false`",
                container.name
            );
            let remedy = "set `hostUsers: false` in the pod spec";
            self.say(&rules::SECURITY_CONTEXT, &below(&at, "procMount"), message, remedy);
        }
    }

    pub(super) fn pod_security(&mut self, pod: &Pod<'_>) {
        let Pod { spec, at, .. } = pod;
        let security = get(*spec, "securityContext");
        let place = below(at, "securityContext");
        let [of_spec, of_pod, of_container] = LINUX;
        match pod.os().as_str() {
            "windows" => {
                self.only_linux(*spec, at, of_spec);
                for key in ["hostPID", "hostIPC"] {
                    if is_true(*spec, key) {
                        self.only_linux(*spec, at, key);
                    }
                }
                if let Some(security) = security {
                    self.only_linux(security, &place, of_pod);
                    if super::is_filled(security, "sysctls") {
                        self.only_linux(security, &place, "sysctls");
                    }
                }
                for (at, security) in contexts(pod) {
                    self.only_linux(security, &at, of_container);
                }
            }
            "linux" => {
                let own = security.map(|security| (place.clone(), security));
                for (at, security) in own.into_iter().chain(contexts(pod)) {
                    if get(security, "windowsOptions").is_some() {
                        let message = "a pod for Linux takes no `windowsOptions`";
                        self.say(&rules::SECURITY_CONTEXT, &below(&at, "windowsOptions"), message, "remove them");
                    }
                }
            }
            _ => {}
        }
        self.host_process(pod);
        for (place, sysctl) in security.into_iter().flat_map(|security| items(security, &place, "sysctls")) {
            let name = text(sysctl, "name").replace('/', ".");
            let of_net = name.starts_with(NET) && is_true(*spec, "hostNetwork");
            if of_net || IPC.iter().any(|prefix| name.starts_with(prefix)) && is_true(*spec, "hostIPC") {
                let message = format!("`{}` is a setting of the node where the pod shares its namespace", shown(&name));
                let remedy = "remove it, or `hostNetwork` or `hostIPC`";
                self.say(&rules::SECURITY_CONTEXT, &below(&place, "name"), message, remedy);
            }
        }
    }

    fn only_linux(&mut self, node: Node<'_>, at: &str, names: &str) {
        for name in names.split('|').filter(|name| get(node, name).is_some()) {
            let message = format!("`{name}` is for Linux, and the API refuses it for Windows pods");
            self.say(&rules::SECURITY_CONTEXT, &format!("{at}/{name}"), message, "remove it");
        }
    }

    /// `validateWindowsHostProcessPod`
    fn host_process(&mut self, pod: &Pod<'_>) {
        let of = |node: Option<Node<'_>>| node?.find(&["windowsOptions", "hostProcess"])?.as_bool();
        let whole = of(get(pod.spec, "securityContext"));
        let first = pod.containers.iter().find(|one| of(get(one.node, "securityContext")).is_some());
        let place = first.filter(|_| whole != Some(true)).map_or_else(|| pod.at.clone(), |one| one.at.clone());
        let own: Vec<Option<bool>> =
            pod.containers.iter().map(|container| of(get(container.node, "securityContext"))).collect();
        let count = own.iter().filter(|one| one.or(whole) == Some(true)).count();
        let differs = own.iter().any(|one| whole.is_some() && one.is_some() && *one != whole);
        let message = if differs || count > 0 && count < own.len() {
            "the API takes `hostProcess: true` for all containers of a pod or none"
        } else if count > 0 && !is_true(pod.spec, "hostNetwork") {
            "the API takes `hostProcess: true` only with `hostNetwork: true`"
        } else {
            return;
        };
        let place = below(&place, "securityContext/windowsOptions/hostProcess");
        self.say(&rules::SECURITY_CONTEXT, &place, message, "make all containers of the pod the same");
    }

    /// `validateWindowsSecurityContextOptions`, without the grammar of domains.
    pub(super) fn windows_options(&mut self, node: Node<'_>, at: &str) {
        if get(node, "gmsaCredentialSpec")
            .and_then(Node::as_str)
            .is_some_and(|text| text.is_empty() || text.len() > 65_536)
        {
            let message = "`gmsaCredentialSpec` must have 1 to 65536 characters";
            self.say(&rules::VALUE, &below(at, "gmsaCredentialSpec"), message, "correct it");
        }
        let Some(name) = get(node, "runAsUserName").and_then(Node::as_str) else { return };
        let mut parts = name.rsplit('\\');
        let user = parts.next().unwrap_or_default();
        let is_bad = user.is_empty()
            || user.len() > 104
            || parts.count() > 1
            || name.contains(|c: char| c.is_control())
            || user.trim_matches(['.', ' ']).is_empty()
            || user.contains(['"', '/', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']']);
        if is_bad {
            let message = "`runAsUserName` must be `USER` or `DOMAIN\\USER`, as Windows has it";
            self.say(&rules::VALUE, &below(at, "runAsUserName"), message, "correct the name");
        }
    }

    /// Annotations that older versions had for what are fields now.
    pub(super) fn profiles(&mut self, pod: &Pod<'_>) {
        let place = format!("{}/metadata/annotations", pod.at.strip_suffix("/spec").unwrap_or(&pod.at));
        for (key, value) in pod.annotations.into_iter().flat_map(Node::entries) {
            let Some(value) = value.as_str() else { continue };
            let below = format!("{place}/{}", krmor_yaml::escape_token(&key));
            if key == SECCOMP_POD || key.starts_with(SECCOMP_CONTAINER) {
                let is_good = matches!(&*value, "runtime/default" | "docker/default" | "unconfined")
                    || value
                        .strip_prefix("localhost/")
                        .is_some_and(|path| !path.starts_with('/') && !super::format::goes_up(path));
                if !is_good {
                    let message = format!("the annotation `{}` names no profile", shown(&key));
                    self.say(&rules::VALUE, &below, message, "remove it, and set `seccompProfile`");
                }
            }
            let Some(name) = key.strip_prefix(APP_ARMOR) else { continue };
            let is_good = matches!(&*value, "" | "runtime/default" | "unconfined") || value.starts_with("localhost/");
            if !is_good || !pod.containers.iter().any(|container| container.name == name) {
                let message = format!("the annotation `{}` names no profile, or no container of the pod", shown(&key));
                self.say(&rules::VALUE, &below, message, "remove it, and set `appArmorProfile`");
            }
        }
        let security = get(pod.spec, "securityContext");
        let of = |node: Option<Node<'_>>, key: &str| {
            node.and_then(|node| get(node, key)).map(|one| (text(one, "type"), text(one, "localhostProfile")))
        };
        let mut pairs = vec![(
            SECCOMP_POD.to_owned(),
            of(security, "seccompProfile"),
            format!("{}/securityContext/seccompProfile", pod.at),
        )];
        for container in &pod.containers {
            let own = get(container.node, "securityContext");
            let at = format!("{}/securityContext", container.at);
            pairs.push((
                format!("{SECCOMP_CONTAINER}{}", container.name),
                of(own, "seccompProfile"),
                below(&at, "seccompProfile"),
            ));
            if pod.os() != "windows" {
                let profile = of(own, "appArmorProfile").or_else(|| of(security, "appArmorProfile"));
                pairs.push((format!("{APP_ARMOR}{}", container.name), profile, at));
            }
        }
        for (key, profile, at) in pairs {
            let Some((profile, annotation)) = profile.zip(pod.annotation(&key)) else { continue };
            let fits = match profile.0.as_str() {
                "Unconfined" => annotation == "unconfined",
                "RuntimeDefault" => {
                    annotation == "runtime/default" || annotation == "docker/default" && !key.starts_with(APP_ARMOR)
                }
                "Localhost" => annotation.strip_prefix("localhost/") == Some(profile.1.as_str()),
                _ => true,
            };
            if !fits {
                let message = format!("the annotation `{}` and the field name different profiles", shown(&key));
                self.say(&rules::SECURITY_CONTEXT, &at, message, "remove the annotation");
            }
        }
    }
}

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// The security contexts of the containers.
fn contexts<'a>(pod: &Pod<'a>) -> Vec<(String, Node<'a>)> {
    let all = pod.containers.iter();
    all.filter_map(|one| Some((format!("{}/securityContext", one.at), get(one.node, "securityContext")?))).collect()
}
