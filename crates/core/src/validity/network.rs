//! Services, Ingresses and autoscalers.

use std::net::IpAddr;

use super::hooks::repeated;
use super::walk::shown;
use super::{Judge, below, format, get, is_filled, items, number, rules, text};
use krmor_yaml::Node;

impl Judge<'_> {
    /// `ValidateServiceCreate`
    pub(super) fn service(&mut self, root: Node<'_>) {
        self.object_name(root, "label", 63);
        let Some(spec) = root.get("spec") else { return };
        let kind = text(spec, "type");
        let kind = if kind.is_empty() { "ClusterIP" } else { kind.as_str() };
        let is_headless = text(spec, "clusterIP") == "None";
        let at = "/spec";
        if !is_filled(spec, "ports") && !is_headless && kind != "ExternalName" {
            let message = "a Service needs `ports`, unless it has `clusterIP: None`";
            self.say(&rules::REQUIRED, at, message, "name the port that it serves");
        }
        if is_headless && matches!(kind, "LoadBalancer" | "NodePort") {
            let message = format!("`clusterIP: None` stands beside `type: {kind}`");
            self.say(&rules::CONFLICT, "/spec/clusterIP", message, "remove one of them");
        }
        if kind == "ExternalName" {
            self.external_name(spec);
        } else {
            self.cluster_ips(spec);
        }
        self.service_ports(spec, kind);
        let is_balanced = kind == "LoadBalancer";
        for key in ["allocateLoadBalancerNodePorts", "loadBalancerClass", "loadBalancerSourceRanges"] {
            let is_there = get(spec, key).is_some_and(|node| node.as_str().is_some() || node.as_bool().is_some());
            if !is_balanced && (is_there || is_filled(spec, key)) {
                let message = format!("`{key}` needs `type: LoadBalancer`");
                self.say(&rules::CONFLICT, &format!("/spec/{key}"), message, "remove it");
            }
        }
        if let Some(class) = get(spec, "loadBalancerClass").and_then(Node::as_str).filter(|_| is_balanced)
            && let Some(fault) = format::fault("key", &class)
        {
            let message = format!("`loadBalancerClass: {}` {fault}", shown(&class));
            self.say(&rules::VALUE, "/spec/loadBalancerClass", message, "correct it");
        }
        for (place, range) in items(spec, at, "loadBalancerSourceRanges") {
            if range.as_str().is_some_and(|range| !is_range(range.trim())) {
                let message = "a source range must be addresses such as `10.0.0.0/8`";
                self.say(&rules::VALUE, &place, message, "correct it");
            }
        }
        let is_outside =
            matches!(kind, "LoadBalancer" | "NodePort") || kind == "ClusterIP" && is_filled(spec, "externalIPs");
        let policy = text(spec, "externalTrafficPolicy");
        if !policy.is_empty() && !is_outside {
            let message = "`externalTrafficPolicy` needs `type: NodePort` or `LoadBalancer`, or `externalIPs`";
            self.say(&rules::CONFLICT, "/spec/externalTrafficPolicy", message, "remove it");
        } else if !matches!(policy.as_str(), "" | "Cluster" | "Local") {
            let message = format!("`externalTrafficPolicy: {}` is not one of `Cluster`, `Local`", shown(&policy));
            self.say(&rules::VALUE, "/spec/externalTrafficPolicy", message, "write one of them");
        }
        if number(spec, "healthCheckNodePort").is_some_and(|port| port != 0) && !(is_balanced && policy == "Local") {
            let message = "`healthCheckNodePort` needs `type: LoadBalancer` and `externalTrafficPolicy: Local`";
            self.say(&rules::CONFLICT, "/spec/healthCheckNodePort", message, "remove it");
        }
        let timeout =
            spec.find(&["sessionAffinityConfig", "clientIP"]).and_then(|client| number(client, "timeoutSeconds"));
        if text(spec, "sessionAffinity") == "ClientIP" && timeout.is_some_and(|time| !(1..=86_400).contains(&time)) {
            let message = "`timeoutSeconds` is not from 1 to 86400";
            self.say(
                &rules::VALUE,
                "/spec/sessionAffinityConfig/clientIP/timeoutSeconds",
                message,
                "write such a number",
            );
        }
    }

    fn external_name(&mut self, spec: Node<'_>) {
        for key in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if !text(spec, key).is_empty() || is_filled(spec, key) {
                let message = format!("`{key}` stands beside `type: ExternalName`");
                self.say(&rules::CONFLICT, &format!("/spec/{key}"), message, "remove it");
            }
        }
        let name = text(spec, "externalName");
        match name.strip_suffix('.').unwrap_or(&name) {
            "" => {
                let message = "`type: ExternalName` needs `externalName`";
                self.say(&rules::REQUIRED, "/spec", message, "set it");
            }
            name => {
                if let Some(fault) = format::fault("name", name) {
                    let message = format!("`externalName: {}` {fault}", shown(name));
                    self.say(&rules::VALUE, "/spec/externalName", message, "correct it");
                }
            }
        }
    }

    /// `ValidateServiceClusterIPsRelatedFields`
    fn cluster_ips(&mut self, spec: Node<'_>) {
        let one = text(spec, "clusterIP");
        let mut all: Vec<String> =
            items(spec, "", "clusterIPs").map(|(_, ip)| ip.as_str().unwrap_or_default().into_owned()).collect();
        let place = if all.is_empty() { "/spec/clusterIP" } else { "/spec/clusterIPs" };
        let families: Vec<String> =
            items(spec, "", "ipFamilies").map(|(_, family)| family.as_str().unwrap_or_default().into_owned()).collect();
        for (number, family) in families.iter().enumerate() {
            if !matches!(family.as_str(), "IPv4" | "IPv6") || families.iter().take(number).any(|other| other == family)
            {
                let message = "`ipFamilies` are `IPv4` and `IPv6`, each at most once";
                self.say(&rules::VALUE, &format!("/spec/ipFamilies/{number}"), message, "correct them");
            }
        }
        if let Some(policy) = get(spec, "ipFamilyPolicy").and_then(Node::as_str)
            && !matches!(&*policy, "SingleStack" | "PreferDualStack" | "RequireDualStack")
        {
            let message = "`ipFamilyPolicy` is not one of `SingleStack`, `PreferDualStack`, `RequireDualStack`";
            self.say(&rules::VALUE, "/spec/ipFamilyPolicy", message, "write one of them");
        }
        if !all.is_empty() && all.first() != Some(&one) {
            let message = "`clusterIP` must be the first of `clusterIPs`";
            self.say(&rules::CONFLICT, place, message, "remove one of the two");
        }
        if all.is_empty() && !one.is_empty() {
            all.push(one);
        }
        let is_none = all.first().is_some_and(|ip| ip == "None");
        let is_bad = all.iter().skip(usize::from(is_none)).any(|ip| !format::is_ip(ip));
        let six = |ip: &str| ip.contains(':');
        let message = if is_bad || is_none && all.len() > 1 {
            "the cluster IP is neither an address nor `None` alone"
        } else if all.len() > 2 || matches!(all.as_slice(), [first, second] if six(first) == six(second)) {
            "`clusterIPs` hold at most one address of each family"
        } else if !is_none && all.iter().zip(&families).any(|(ip, family)| six(ip) != (family == "IPv6")) {
            "the addresses are not of the families that `ipFamilies` names"
        } else {
            return;
        };
        self.say(&rules::VALUE, place, message, "correct the addresses");
    }

    fn service_ports(&mut self, spec: Node<'_>, kind: &str) {
        let ports: Vec<(String, Node<'_>)> = items(spec, "/spec", "ports").collect();
        let (mut seen, mut outside) = (Vec::new(), Vec::new());
        for (place, port) in &ports {
            if ports.len() > 1 && text(*port, "name").is_empty() {
                let message = "a Service of more than one port needs a `name` for each";
                self.say(&rules::REQUIRED, place, message, "set `name`");
            }
            let protocol = text(*port, "protocol");
            let protocol = if protocol.is_empty() { "TCP".to_owned() } else { protocol };
            let outer = number(*port, "nodePort").filter(|port| *port != 0);
            if outer.is_some() && kind == "ClusterIP" {
                let message = "`nodePort` needs `type: NodePort` or `LoadBalancer`";
                self.say(&rules::CONFLICT, &below(place, "nodePort"), message, "remove it, or set the type");
            }
            outside.extend(outer.map(|outer| (format!("{protocol}/{outer}"), below(place, "nodePort"))));
            seen.push((format!("{protocol}/{}", number(*port, "port").unwrap_or(0)), below(place, "port")));
        }
        for place in repeated(&mut seen).into_iter().chain(repeated(&mut outside)) {
            let message = "two ports of the Service have the same number and protocol";
            self.say(&rules::DUPLICATE, &place, message, "change one of them");
        }
    }

    /// `ValidateIngressCreate`
    pub(super) fn ingress(&mut self, root: Node<'_>) {
        self.object_name(root, "name", 253);
        let class = root.find(&["spec", "ingressClassName"]).and_then(Node::as_str);
        let old = root.find(&["metadata", "annotations", "kubernetes.io/ingress.class"]).and_then(Node::as_str);
        if class.zip(old).is_some_and(|(class, old)| class != old) {
            let message = "`ingressClassName` and the annotation `kubernetes.io/ingress.class` differ";
            self.say(&rules::CONFLICT, "/spec/ingressClassName", message, "remove the annotation");
        }
    }

    /// `validateHTTPIngressPath`
    pub(super) fn ingress_path(&mut self, node: Node<'_>, at: &str) {
        let path = text(node, "path");
        let is_exact = matches!(text(node, "pathType").as_str(), "Exact" | "Prefix");
        let fault = if !path.starts_with('/') && (is_exact || !path.is_empty()) {
            "must start with `/`"
        } else if is_exact
            && (["//", "/./", "/../", "%2f", "%2F"].iter().any(|part| path.contains(part))
                || path.ends_with("/..")
                || path.ends_with("/."))
        {
            "must not contain `//`, `/./`, `/../` or `%2f`, or end with `/.` or `/..`"
        } else {
            return;
        };
        let message = format!("`path: {}` {fault}", shown(&path));
        self.say(&rules::VALUE, &below(at, "path"), message, "correct the path");
    }

    /// `validateHorizontalPodAutoscalerSpec`
    pub(super) fn autoscaler(&mut self, spec: Node<'_>, at: &str) {
        self.object_name(self.object.root(), "name", 253);
        let (least, most) = (number(spec, "minReplicas").unwrap_or(1), number(spec, "maxReplicas").unwrap_or(0));
        if most > 0 && least > most {
            let message = format!("`minReplicas: {least}` is above `maxReplicas: {most}`");
            self.say(
                &rules::CONFLICT,
                &below(at, "maxReplicas"),
                message,
                "raise `maxReplicas`, or lower `minReplicas`",
            );
        }
    }

    /// `ValidateAPIVersion`; an object that a metric is of may be of the core group.
    pub(super) fn target(&mut self, node: Node<'_>, at: &str) {
        let version = text(node, "apiVersion");
        let slashes = version.matches('/').count();
        if slashes > 1 || at.ends_with("/scaleTargetRef") && (slashes == 0 || version.starts_with('/')) {
            let message = format!("`apiVersion: {}` must have a group, such as `apps/v1`", shown(&version));
            self.say(&rules::VALUE, at, message, "set `apiVersion` of what is scaled");
        }
    }

    /// `validateMetricSpec`
    pub(super) fn metric(&mut self, node: Node<'_>, at: &str) {
        let kind = text(node, "type");
        let key = match kind.as_str() {
            "Object" => "object",
            "Pods" => "pods",
            "Resource" => "resource",
            "ContainerResource" => "containerResource",
            "External" => "external",
            _ => return,
        };
        let at = format!("{at}/{key}");
        let Some(source) = get(node, key) else {
            let message = format!("`type: {kind}` needs `{key}`");
            return self.say(&rules::ONE_OF, at.strip_suffix(&format!("/{key}")).unwrap_or(&at), message, "set it");
        };
        let Some(target) = get(source, "target") else { return };
        let has = |name: &str| get(target, name).is_some();
        let (first, second) = match key {
            "resource" | "containerResource" => ("averageUtilization", "averageValue"),
            _ => ("value", "averageValue"),
        };
        let is_missing = !has(second) && (key == "pods" || !has(first));
        if is_missing {
            let message = match key {
                "pods" => format!("the target needs `{second}`"),
                _ => format!("the target needs `{first}` or `{second}`"),
            };
            self.say(&rules::ONE_OF, &below(&at, "target"), message, "set it");
        } else if has(first) && has(second) && !matches!(key, "pods" | "object") {
            let message = format!("`{first}` and `{second}` stand together, and the API takes one of them");
            self.say(&rules::ONE_OF, &format!("{at}/target/{second}"), message, "keep one of them");
        }
    }
}

/// `IsValidCIDRForLegacyField`
pub(super) fn is_range(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = if address.contains(':') { 128 } else { 32 };
    let is_four = address.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4()) || !address.contains(':');
    format::is_ip(address)
        && !bits.is_empty()
        && bits.bytes().all(|b| b.is_ascii_digit())
        && bits.parse::<u32>().is_ok_and(|bits| bits <= most)
        && (is_four || most == 128)
}
