//! What holds between the parts of a pod: `ValidatePodSpec`.

use super::hooks::repeated;
use super::walk::shown;
use super::{Judge, below, format, get, is_filled, is_true, items, number, rules, text};
use krmor_yaml::Node;

/// The lists of containers, in the order in which the API server takes their names.
const LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// A pod or the template of one, with what the checks of its containers ask of it.
pub(super) struct Pod<'a> {
    pub(super) spec: Node<'a>,
    /// Pointer of the spec.
    pub(super) at: String,
    /// It is a pod, and no template.
    pub(super) is_whole: bool,
    pub(super) annotations: Option<Node<'a>>,
    /// The names of its volumes, sorted, each with whether a container can have it as a block device, and whether it is an
    /// emptyDir.
    volumes: Vec<(String, bool, bool)>,
    pub(super) containers: Vec<Container<'a>>,
}

/// A container of a pod.
pub(super) struct Container<'a> {
    pub(super) node: Node<'a>,
    pub(super) at: String,
    pub(super) name: String,
    pub(super) list: &'static str,
}

impl Container<'_> {
    pub(super) fn is_sidecar(&self) -> bool {
        self.list == "initContainers" && text(self.node, "restartPolicy") == "Always"
    }
}

impl<'a> Pod<'a> {
    fn of(holder: Node<'a>, at: &str, is_pod: bool, claims: &[String]) -> Option<Self> {
        let spec = get(holder, "spec")?;
        let at = below(at, "spec");
        let mut volumes: Vec<(String, bool, bool)> = items(spec, &at, "volumes")
            .map(|(_, volume)| {
                let is_device = ["persistentVolumeClaim", "ephemeral"].iter().any(|kind| get(volume, kind).is_some());
                let is_empty = get(volume, "emptyDir").is_some() || volume.entries().count() == 1;
                (text(volume, "name"), is_device, is_empty)
            })
            .filter(|(name, ..)| !claims.contains(name))
            .collect();
        volumes.extend(claims.iter().map(|claim| (claim.clone(), true, false)));
        volumes.sort();
        let mut containers = Vec::new();
        for list in LISTS {
            containers.extend(items(spec, &at, list).map(|(at, node)| Container {
                node,
                at,
                name: text(node, "name"),
                list,
            }));
        }
        let annotations = holder.find(&["metadata", "annotations"]);
        Some(Self { spec, at, is_whole: is_pod, annotations, volumes, containers })
    }

    fn volume(&self, name: &str) -> Option<&(String, bool, bool)> {
        let at = self.volumes.partition_point(|(other, ..)| other.as_str() < name);
        self.volumes.get(at).filter(|(other, ..)| other == name)
    }

    pub(super) fn os(&self) -> String {
        get(self.spec, "os").map(|os| text(os, "name")).unwrap_or_default()
    }

    pub(super) fn annotation(&self, key: &str) -> Option<String> {
        self.annotations?.get(key)?.as_str().map(std::borrow::Cow::into_owned)
    }

    /// Whether the pod has user namespaces of its own.
    pub(super) fn has_own_users(&self) -> bool {
        get(self.spec, "hostUsers").and_then(Node::as_bool) == Some(false)
    }
}

impl Judge<'_> {
    /// Looks at what holds a pod's `metadata` and `spec`.
    pub(super) fn pod(&mut self, holder: Node<'_>, at: &str, is_pod: bool) {
        if is_pod {
            self.object_name(holder, "name", 253);
        }
        let Some(pod) = Pod::of(holder, at, is_pod, &self.claims) else { return };
        self.names(&pod);
        for container in &pod.containers {
            self.container(&pod, container);
        }
        self.pod_fields(&pod);
        self.host_ports(&pod);
        self.spreads(pod.spec, &pod.at);
        self.pod_resources(&pod);
        self.pod_security(&pod);
        self.profiles(&pod);
    }

    fn names(&mut self, pod: &Pod<'_>) {
        let mut named: Vec<(String, String)> = pod
            .containers
            .iter()
            .filter(|container| !container.name.is_empty())
            .map(|container| (container.name.clone(), container.at.clone()))
            .collect();
        for place in repeated(&mut named) {
            let message = "two containers of the pod have the same name";
            self.say(&rules::DUPLICATE, &below(&place, "name"), message, "rename one of them");
        }
    }

    fn container(&mut self, pod: &Pod<'_>, container: &Container<'_>) {
        self.mounts(pod, container);
        self.devices(pod, container);
        self.container_resources(pod, container);
        self.container_security(pod, container);
        let Container { node, at, list, .. } = container;
        let is_helper = *list == "initContainers" && !container.is_sidecar();
        if is_helper {
            for key in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
                // A signal is behind a feature gate, and gone before the rest is looked at.
                let is_gone = |node: Node<'_>| {
                    node.entries().all(|(key, _)| key == "stopSignal") && node.entries().next().is_some()
                };
                if get(*node, key).is_some_and(|node| key != "lifecycle" || !is_gone(node)) {
                    let message = format!("an init container that ends takes no `{key}`");
                    self.say(
                        &rules::CONFLICT,
                        &format!("{at}/{key}"),
                        message,
                        "remove it, or set `restartPolicy: Always`",
                    );
                }
            }
        }
        if is_filled(*node, "restartPolicyRules") && get(*node, "restartPolicy").is_none() {
            let message = "`restartPolicyRules` need `restartPolicy`";
            self.say(&rules::REQUIRED, at, message, "set `restartPolicy`");
        }
        for (place, policy) in items(*node, at, "resizePolicy") {
            if text(policy, "restartPolicy") != "RestartContainer" {
                continue;
            }
            if text(pod.spec, "restartPolicy") == "Never" || is_helper {
                let message = "a container that is never restarted must have `restartPolicy: NotRequired` here";
                self.say(&rules::CONFLICT, &below(&place, "restartPolicy"), message, "write `NotRequired`");
            }
        }
        if let Some(lifecycle) = get(*node, "lifecycle").filter(|_| !is_helper) {
            self.lifecycle(pod, lifecycle, &below(at, "lifecycle"));
        }
        for (place, variable) in items(*node, at, "env") {
            let Some(file) = variable.find(&["valueFrom", "fileKeyRef"]) else { continue };
            let volume = text(file, "volumeName");
            if !volume.is_empty() && !pod.volume(&volume).is_some_and(|(.., is_empty)| *is_empty) {
                let message =
                    format!("the pod has no emptyDir `{}`, from which the variable is to be read", shown(&volume));
                self.say(
                    &rules::REFERENCE,
                    &below(&place, "valueFrom/fileKeyRef/volumeName"),
                    message,
                    "correct the name",
                );
            }
        }
        let image = text(*node, "image");
        if pod.is_whole && image.trim() != image {
            self.say(&rules::VALUE, &below(at, "image"), "`image` has space around it", "remove the space");
        }
        let target = text(*node, "targetContainerName");
        let is_target = |other: &Container<'_>| other.list != "ephemeralContainers" && other.name == target;
        if !target.is_empty() && !pod.containers.iter().any(is_target) {
            let message = format!("the pod has no container `{}`", shown(&target));
            self.say(&rules::REFERENCE, &below(at, "targetContainerName"), message, "correct the name");
        }
    }

    fn lifecycle(&mut self, pod: &Pod<'_>, lifecycle: Node<'_>, at: &str) {
        let grace = number(pod.spec, "terminationGracePeriodSeconds").unwrap_or(30);
        for key in ["postStart", "preStop"] {
            let Some(sleep) = lifecycle.find(&[key, "sleep"]) else { continue };
            let seconds = number(sleep, "seconds").unwrap_or(0);
            if seconds < 0 || seconds > grace {
                let message = format!(
                    "`sleep` takes {seconds} seconds, and must take none less than 0 and none more than \
                     `terminationGracePeriodSeconds`, {grace}"
                );
                let remedy = "shorten the sleep, or raise `terminationGracePeriodSeconds` of the pod";
                self.say(&rules::CONFLICT, &format!("{at}/{key}/sleep"), message, remedy);
            }
        }
    }

    /// `ValidateVolumeMounts`
    fn mounts(&mut self, pod: &Pod<'_>, container: &Container<'_>) {
        let Container { node, at, .. } = container;
        let devices: Vec<(String, String)> = items(*node, at, "volumeDevices")
            .map(|(_, device)| (text(device, "name"), text(device, "devicePath")))
            .collect();
        let is_privileged = get(*node, "securityContext").is_some_and(|security| is_true(security, "privileged"));
        let mut paths = Vec::new();
        for (place, mount) in items(*node, at, "volumeMounts") {
            let (name, path) = (text(mount, "name"), text(mount, "mountPath"));
            if !name.is_empty() && pod.volume(&name).is_none() {
                let message = format!(
                    "container `{}` mounts volume `{}`, and the pod has none of that name",
                    container.name,
                    shown(&name)
                );
                self.say(&rules::REFERENCE, &below(&place, "name"), message, "add the volume, or correct the name");
            }
            if devices.iter().any(|(other, device)| *other == name || *device == path) {
                let message = "the same volume or path is in `volumeDevices`";
                self.say(&rules::DUPLICATE, &place, message, "keep one of the two");
            }
            if text(mount, "mountPropagation") == "Bidirectional" && !is_privileged {
                let message = "`mountPropagation: Bidirectional` needs `privileged: true`";
                self.say(&rules::CONFLICT, &below(&place, "mountPropagation"), message, "remove it");
            }
            paths.push((path, place));
        }
        for place in repeated(&mut paths) {
            let message = format!("container `{}` mounts two volumes at the same path", container.name);
            self.say(&rules::DUPLICATE, &below(&place, "mountPath"), message, "give one of them another path");
        }
    }

    /// `ValidateVolumeDevices`
    fn devices(&mut self, pod: &Pod<'_>, container: &Container<'_>) {
        let (mut names, mut paths) = (Vec::new(), Vec::new());
        for (place, device) in items(container.node, &container.at, "volumeDevices") {
            let name = text(device, "name");
            if !name.is_empty() {
                let message = match pod.volume(&name) {
                    None => Some("the pod has no volume of that name"),
                    Some((_, false, _)) => Some("only a volume of a claim can be a block device"),
                    Some(_) => None,
                };
                if let Some(message) = message {
                    self.say(&rules::REFERENCE, &below(&place, "name"), message, "correct the name");
                }
                names.push((name, place.clone()));
            }
            paths.push((text(device, "devicePath"), place));
        }
        for place in repeated(&mut names).into_iter().chain(repeated(&mut paths)) {
            self.say(&rules::DUPLICATE, &place, "two block devices have the same name or path", "remove one of them");
        }
    }

    fn pod_fields(&mut self, pod: &Pod<'_>) {
        let Pod { spec, at, .. } = pod;
        let conflict = |judge: &mut Self, key: &str, message: &str, remedy: &str| {
            judge.say(&rules::CONFLICT, &format!("{at}/{key}"), message, remedy);
        };
        let alias = text(*spec, "serviceAccount");
        if text(*spec, "serviceAccountName").is_empty()
            && !alias.is_empty()
            && let Some(fault) = format::fault("name", &alias)
        {
            let message = format!("`serviceAccount: {}` {fault}", shown(&alias));
            self.say(&rules::VALUE, &below(at, "serviceAccount"), message, "correct the name");
        }
        let has_servers = spec.find(&["dnsConfig", "nameservers"]).is_some_and(|list| list.items().next().is_some());
        if text(*spec, "dnsPolicy") == "None" && !has_servers {
            let message = "`dnsPolicy: None` needs `dnsConfig.nameservers`";
            self.say(&rules::REQUIRED, at, message, "name a server in `dnsConfig.nameservers`");
        }
        if let Some(config) = get(*spec, "dnsConfig") {
            let length: usize =
                items(config, at, "searches").map(|(_, search)| search.as_str().map_or(1, |text| text.len() + 1)).sum();
            if length > 2049 {
                conflict(
                    self,
                    "dnsConfig/searches",
                    "`searches` have more than 2048 characters together",
                    "shorten them",
                );
            }
        }
        if get(*spec, "hostnameOverride").is_some() {
            if is_true(*spec, "setHostnameAsFQDN") || is_true(*spec, "hostNetwork") {
                let message = "`hostnameOverride` stands beside `setHostnameAsFQDN` or `hostNetwork`";
                conflict(self, "hostnameOverride", message, "remove it");
            }
            if text(*spec, "hostnameOverride").len() > 64 {
                self.say(
                    &rules::VALUE,
                    &below(at, "hostnameOverride"),
                    "`hostnameOverride` has more than 64 characters",
                    "shorten it",
                );
            }
        }
        if is_true(*spec, "shareProcessNamespace") && is_true(*spec, "hostPID") {
            conflict(
                self,
                "shareProcessNamespace",
                "`shareProcessNamespace` stands beside `hostPID`",
                "remove one of them",
            );
        }
        if pod.has_own_users() {
            for key in ["hostNetwork", "hostPID", "hostIPC"] {
                if is_true(*spec, key) {
                    conflict(
                        self,
                        key,
                        &format!("`{key}: true` stands beside `hostUsers: false`"),
                        "remove one of them",
                    );
                }
            }
            for container in &pod.containers {
                if is_filled(container.node, "volumeDevices") {
                    let message = "`volumeDevices` stand beside `hostUsers: false` of the pod";
                    self.say(
                        &rules::CONFLICT,
                        &format!("{}/volumeDevices", container.at),
                        message,
                        "remove one of them",
                    );
                }
            }
        }
        if pod.is_whole {
            if !text(*spec, "nodeName").is_empty() && is_filled(*spec, "schedulingGates") {
                conflict(self, "nodeName", "`nodeName` stands beside `schedulingGates`", "remove one of them");
            }
            for (place, volume) in items(*spec, at, "volumes") {
                if get(volume, "image").is_some_and(|image| text(image, "reference").is_empty()) {
                    self.say(
                        &rules::REQUIRED,
                        &below(&place, "image"),
                        "`reference` is missing, and the API requires it",
                        "name the image",
                    );
                }
            }
        } else if is_filled(*spec, "ephemeralContainers") {
            let message = "a pod template takes no `ephemeralContainers`: they are for pods that run";
            conflict(self, "ephemeralContainers", message, "remove them");
        }
        let cost = pod.annotation("controller.kubernetes.io/pod-deletion-cost");
        if cost.is_some_and(|cost| !is_cost(&cost)) {
            let message =
                "the annotation `controller.kubernetes.io/pod-deletion-cost` must be a whole number of 32 bits";
            let place = format!("{}/metadata/annotations", at.strip_suffix("/spec").unwrap_or(at));
            self.say(&rules::VALUE, &place, message, "write a number, in quotes");
        }
    }

    /// `checkHostPortConflicts`, `validatePodHostNetworkDeps`
    fn host_ports(&mut self, pod: &Pod<'_>) {
        let on_host = is_true(pod.spec, "hostNetwork");
        let mut seen = Vec::new();
        for container in pod.containers.iter().filter(|container| container.list != "ephemeralContainers") {
            let mut own = Vec::new();
            for (place, port) in items(container.node, &container.at, "ports") {
                let inner = number(port, "containerPort").unwrap_or(0);
                let outer = number(port, "hostPort").filter(|port| *port != 0);
                if on_host && container.list == "containers" && outer.is_some_and(|outer| outer != inner) {
                    let message = "with `hostNetwork: true`, `hostPort` must be the same as `containerPort`";
                    self.say(&rules::CONFLICT, &below(&place, "hostPort"), message, "remove `hostPort`");
                }
                // In pods, not in templates, the API server itself sets the port on the host.
                let Some(outer) = outer.or_else(|| (on_host && pod.is_whole && inner != 0).then_some(inner)) else {
                    continue;
                };
                let protocol = text(port, "protocol");
                let protocol = if protocol.is_empty() { "TCP".to_owned() } else { protocol };
                own.push((format!("{protocol}/{}/{outer}", text(port, "hostIP")), place));
            }
            // An init container may use what others use: it runs before them.
            let all = if container.list == "containers" { &mut seen } else { &mut Vec::new() };
            all.append(&mut own);
            if container.list != "containers" {
                self.repeated_ports(all);
            }
        }
        self.repeated_ports(&mut seen);
    }

    fn repeated_ports(&mut self, ports: &mut [(String, String)]) {
        for place in repeated(ports) {
            let message = "the same port of the host is taken twice";
            self.say(&rules::DUPLICATE, &place, message, "change `hostPort`, or remove it");
        }
    }
}

/// `GetDeletionCostFromPodAnnotations`
fn is_cost(text: &str) -> bool {
    let is_plain = text == "0" || !text.starts_with(['+', '0']) && !text.starts_with("-0");
    is_plain && text.parse::<i32>().is_ok()
}
