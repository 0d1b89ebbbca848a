//! What the NetworkPolicies of the stream allow, as `networking.k8s.io/v1` means it.
//!
//! A connection is allowed when both its ends allow it; an end that no policy isolates allows everything. It is shown when a
//! rule of one of its ends names the other: with every pair of ends that nobody restricts a topology would be a square.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::ports::{self, Ports, Wanted};
use super::topology::{Called, End, MOST, Peer, Sort, Topology, Verdict, place};
use crate::facts::Near;
use crate::facts::selections::By;
use crate::functions::network_policies::values::Span;
use crate::functions::network_policies::{Known, known};
use crate::labels::LabelSelector;
use crate::stream::{Object, ObjectId};
use crate::text;
use crate::validity;
use crate::yaml::{Kind, Node};

/// The label that the API server gives every Namespace: its name.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// A NetworkPolicy.
pub(super) struct Policy {
    pub(super) called: Called,
    /// Its rules for what may come in; none where it does not isolate.
    ingress: Option<Vec<Rule>>,
    egress: Option<Vec<Rule>>,
}

struct Rule {
    /// None for everybody.
    whom: Option<Vec<Whom>>,
    /// None for all.
    ports: Option<Vec<Wanted>>,
}

/// Who is named by an item of `from` or `to`.
enum Whom {
    /// Workloads of the stream, in order.
    These(Vec<usize>),
    /// Somebody else.
    Peer(usize),
    /// More than are named one by one.
    Group(usize, Selects),
}

/// Which pods are meant.
struct Selects {
    /// None for those of the namespace of the policy, which stands beside it.
    namespaces: Result<LabelSelector, String>,
    /// None for all.
    pods: Option<LabelSelector>,
}

/// What two ends say of each other, and what they say of everybody.
#[derive(Default)]
struct Half {
    is_isolated: bool,
    /// Policy and rule, by the workload that it names.
    named: BTreeMap<usize, Vec<(usize, usize)>>,
    /// Those that name everybody or groups.
    broad: Vec<(usize, usize)>,
}

/// What each workload's policies say.
pub(super) struct State {
    ingress: Vec<Half>,
    egress: Vec<Half>,
}

/// A selector in words: `app=api, tier in (a, b)`; empty for none.
pub(super) fn shown(selector: Option<Node<'_>>) -> String {
    let Some(selector) = selector else { return String::new() };
    let plain = |node: Node<'_>| node.as_str().map_or_else(|| node.json(), std::borrow::Cow::into_owned);
    let is_api = selector.get("matchLabels").is_some_and(|node| node.kind() == Kind::Map)
        || selector.get("matchExpressions").is_some();
    let labels = if is_api { selector.get("matchLabels") } else { Some(selector) };
    let mut parts: Vec<String> = labels
        .into_iter()
        .flat_map(Node::entries)
        .map(|(key, value)| format!("{}={}", key.rsplit('/').next().unwrap_or_default(), plain(value)))
        .collect();
    for demand in selector.get("matchExpressions").filter(|_| is_api).into_iter().flat_map(Node::items) {
        let part = |key: &str| demand.get(key).map(plain).unwrap_or_default();
        let key = part("key");
        let key = key.rsplit('/').next().unwrap_or_default().to_owned();
        let values =
            || demand.get("values").into_iter().flat_map(Node::items).map(plain).collect::<Vec<_>>().join(", ");
        parts.push(match part("operator").as_str() {
            "In" => format!("{key} in ({})", values()),
            "NotIn" => format!("{key} not in ({})", values()),
            "Exists" => format!("has {key}"),
            _ => format!("no {key}"),
        });
    }
    text::plain(&text::few(parts.len(), &mut parts.into_iter(), ", ")).replace(['\n', '\r'], " ")
}

impl State {
    /// Reads the policies, and adds what they allow.
    pub(super) fn of(topology: &mut Topology<'_>) -> Self {
        read(topology);
        let number = topology.workloads.len();
        let mut state = Self { ingress: Vec::new(), egress: Vec::new() };
        for at in 0..number {
            let halves = [true, false].map(|into| half(topology, at, into));
            let [ingress, egress] = halves;
            state.ingress.push(ingress);
            state.egress.push(egress);
        }
        state.connect(topology);
        state
    }

    /// Adds what is allowed.
    fn connect(&self, topology: &mut Topology<'_>) {
        let mut pairs = BTreeSet::new();
        let mut found: BTreeMap<(End, End), (Ports, BTreeSet<usize>)> = BTreeMap::new();
        for (at, _) in topology.workloads.iter().enumerate() {
            for (halves, into) in [(&self.ingress, true), (&self.egress, false)] {
                let Some(half) = halves.get(at).filter(|half| half.is_isolated) else { continue };
                pairs.extend(half.named.keys().map(|other| if into { (*other, at) } else { (at, *other) }));
            }
            let Some(one) = topology.workloads.get(at) else { continue };
            for &policy in &one.policies {
                let Some(rules) = topology.policies.get(policy) else { continue };
                for (into, rules) in [(true, &rules.ingress), (false, &rules.egress)] {
                    for rule in rules.iter().flatten() {
                        let ends = match &rule.whom {
                            None => vec![usize::MAX],
                            Some(whom) => whom.iter().filter_map(Whom::peer).collect(),
                        };
                        let ports = match into {
                            true => ports::at_pods(rule.ports.as_deref(), &one.ports),
                            false => ports::outside(rule.ports.as_deref()),
                        };
                        for peer in ends {
                            let (own, other) = (End::Workload(at), End::Peer(peer));
                            let key = if into { (other, own) } else { (own, other) };
                            let entry = found.entry(key).or_default();
                            entry.0.or(&ports);
                            entry.1.insert(policy);
                        }
                    }
                }
            }
        }
        let anyone = found.keys().any(|(from, to)| [from, to].contains(&&End::Peer(usize::MAX)));
        let anyone = anyone.then(|| {
            let lines = vec!["in and out of the cluster".to_owned()];
            topology.peer("anyone".to_owned(), || Peer {
                sort: Sort::Anyone,
                name: "everyone".to_owned(),
                lines,
                members: 0,
            })
        });
        let named = |end: End| if end == End::Peer(usize::MAX) { anyone.map_or(end, End::Peer) } else { end };
        for ((from, to), (ports, policies)) in found {
            let allowed = topology.allowed.entry((named(from), named(to))).or_default();
            allowed.ports.or(&ports);
            allowed.policies.extend(policies);
        }
        topology.allowed.retain(|_, allowed| !allowed.ports.is_empty());
        let mut one_sided = Vec::new();
        for (from, to) in pairs {
            let (ports, policies) = self.between(topology, from, to);
            let (from, to) = (End::Workload(from), End::Workload(to));
            if ports.is_empty() {
                one_sided.push(format!("{} to {}", topology.title(from), topology.title(to)));
                continue;
            }
            let allowed = topology.allowed.entry((from, to)).or_default();
            allowed.ports.or(&ports);
            allowed.policies.extend(policies);
        }
        if !one_sided.is_empty() {
            let shown = text::few(one_sided.len(), &mut one_sided.into_iter(), "; ");
            topology.notes.push(format!("the policies of one end allow what those of the other do not: {shown}"));
        }
    }

    /// What is allowed from one workload to another, and by which policies.
    fn between(&self, topology: &Topology<'_>, from: usize, to: usize) -> (Ports, BTreeSet<usize>) {
        let mut policies = BTreeSet::new();
        let mut side = |halves: &[Half], own: usize, other: usize, into: bool| {
            let Some(half) = halves.get(own).filter(|half| half.is_isolated) else { return Ports::all() };
            let mut allowed = Ports::default();
            for &(policy, rule) in half.named.get(&other).into_iter().flatten().chain(&half.broad) {
                let Some((of, rule)) = topology.policies.get(policy).and_then(|of| Some((of, of.rule(into, rule)?)))
                else {
                    continue;
                };
                if rule.is_for(topology, of, other) {
                    let own = topology.workloads.get(to).map_or(&[][..], |one| &one.ports);
                    allowed.or(&ports::at_pods(rule.ports.as_deref(), own));
                    policies.insert(policy);
                }
            }
            allowed
        };
        let (out, into) = (side(&self.egress, from, to, false), side(&self.ingress, to, from, true));
        (out.and(&into), policies)
    }

    /// What the policies say of a connection.
    pub(super) fn verdict(&self, topology: &Topology<'_>, from: usize, to: usize, port: Span) -> Verdict {
        let is_isolated = |halves: &[Half], at: usize| halves.get(at).is_some_and(|half| half.is_isolated);
        // A pod reaches itself, and no policy holds for pods with the addresses of their nodes.
        let is_free = |at: usize| topology.workloads.get(at).is_some_and(|one| one.uses_host_network);
        if is_free(from) || is_free(to) || !(is_isolated(&self.egress, from) || is_isolated(&self.ingress, to)) {
            return Verdict::Open;
        }
        if self.between(topology, from, to).0.has(port) { Verdict::Allowed } else { Verdict::Denied }
    }
}

impl Whom {
    fn peer(&self) -> Option<usize> {
        match self {
            Whom::These(_) => None,
            Whom::Peer(peer) | Whom::Group(peer, _) => Some(*peer),
        }
    }
}

impl Policy {
    fn rule(&self, into: bool, at: usize) -> Option<&Rule> {
        let rules = if into { &self.ingress } else { &self.egress };
        rules.as_ref()?.get(at)
    }

    /// Whether it isolates in a direction.
    pub(super) fn isolates(&self, into: bool) -> bool {
        if into { self.ingress.is_some() } else { self.egress.is_some() }
    }
}

impl Rule {
    /// Whether it names a workload.
    fn is_for(&self, topology: &Topology<'_>, policy: &Policy, workload: usize) -> bool {
        let Some(whom) = &self.whom else { return true };
        whom.iter().any(|whom| match whom {
            Whom::These(list) => list.binary_search(&workload).is_ok(),
            Whom::Peer(_) => false,
            Whom::Group(_, selects) => selects.has(topology, &policy.called.namespace, workload),
        })
    }
}

impl Selects {
    fn has(&self, topology: &Topology<'_>, own: &str, workload: usize) -> bool {
        let Some(one) = topology.workloads.get(workload) else { return false };
        let Some(object) = topology.stream().object(one.object) else { return false };
        let is_there = match &self.namespaces {
            Ok(selector) => is_selected(topology, selector, &one.called.namespace),
            Err(_) => place(own) == place(&one.called.namespace),
        };
        let mut pods = topology.facts.pods_of(one.object).filter_map(|number| topology.facts.pods().get(number));
        is_there && pods.any(|pod| self.pods.as_ref().is_none_or(|selector| selector.selects(&pod.all_labels(&object))))
    }
}

/// Whether a selector selects a namespace, by the labels that the stream has of it and by its name.
fn is_selected(topology: &Topology<'_>, selector: &LabelSelector, namespace: &str) -> bool {
    let object = topology.stream().named("", "Namespace", namespace).next().filter(|_| !namespace.is_empty());
    let labels = object.as_ref().and_then(|one| one.root().find(&["metadata", "labels"]));
    selector.matches_by(|key| match key {
        NAMESPACE_NAME => Some(namespace).filter(|name| !name.is_empty()).map(std::borrow::Cow::Borrowed),
        key => labels.and_then(|labels| labels.get(key)?.as_str()),
    })
}

/// What a workload's policies say in a direction.
fn half(topology: &Topology<'_>, at: usize, into: bool) -> Half {
    let mut half = Half::default();
    let Some(one) = topology.workloads.get(at) else { return half };
    for &number in &one.policies {
        let Some(policy) = topology.policies.get(number) else { continue };
        let Some(rules) = (if into { &policy.ingress } else { &policy.egress }) else { continue };
        half.is_isolated = true;
        for (rule_at, rule) in rules.iter().enumerate() {
            let Some(whom) = &rule.whom else {
                half.broad.push((number, rule_at));
                continue;
            };
            let mut is_broad = false;
            for whom in whom {
                match whom {
                    Whom::These(list) => {
                        for other in list {
                            half.named.entry(*other).or_default().push((number, rule_at));
                        }
                    }
                    Whom::Group(..) => is_broad = true,
                    Whom::Peer(_) => {}
                }
            }
            if is_broad {
                half.broad.push((number, rule_at));
            }
        }
    }
    half
}

/// Reads every NetworkPolicy, and which workloads it is for.
fn read(topology: &mut Topology<'_>) {
    let facts = topology.facts;
    let mut objects: Vec<Object<'_>> = facts.stream().of_kind(By::Policy.group(), By::Policy.kind()).collect();
    objects.retain(|object| !object.is_embedded());
    objects.sort_by_cached_key(|object| (Called::of(object), object.id()));
    let mut named: HashMap<ObjectId, usize> = HashMap::new();
    let (mut idle, mut broken) = (Vec::new(), Vec::new());
    for object in objects {
        let called = Called::of(&object);
        let selection = facts.selections().of_object(object.id());
        let pods = selection.map_or(&[][..], |one| facts.selections().pods(facts, one, Near::Certain));
        let of = |pod: &usize| topology.by_object.get(&facts.pods().get(*pod)?.object).copied();
        let numbers: BTreeSet<usize> = pods.iter().filter_map(of).collect();
        let is_for_all = object.root().find(&["spec", "podSelector"]).is_none_or(|node| shown(Some(node)).is_empty());
        // The same that `krmor check` says of it.
        let refused = validity::of_object(&object).into_iter().next().map(|finding| finding.message);
        let read = refused.map_or_else(|| policy(topology, &object, called.clone()), Err);
        let policy = match read {
            Ok(policy) => policy,
            Err(what) => {
                let what = text::plain(&what).replace(['\n', '\r'], " ");
                broken.push(format!("{} ({what})", called.title()));
                continue;
            }
        };
        let (denies_ingress, denies_egress) =
            (policy.isolates(true) && is_for_all, policy.isolates(false) && is_for_all);
        let namespace = topology.namespace(&called.namespace);
        namespace.has_policies = true;
        namespace.denies_ingress |= denies_ingress;
        namespace.denies_egress |= denies_egress;
        let number = topology.policies.len();
        for &at in &numbers {
            topology.workloads.get_mut(at).into_iter().for_each(|one| one.policies.push(number));
        }
        if numbers.is_empty() && !is_for_all {
            idle.push(called.title());
        }
        named.insert(object.id(), number);
        topology.policies.push(policy);
    }
    for (names, what) in [(idle, "selects no pods of the stream"), (broken, "not read: the API server refuses it")] {
        if !names.is_empty() {
            let shown = text::few(names.len(), &mut names.into_iter(), ", ");
            topology.notes.push(format!("{shown}: {what}"));
        }
    }
}

fn policy(topology: &mut Topology<'_>, object: &Object<'_>, called: Called) -> Result<Policy, String> {
    let spec = object.root().get("spec");
    let list = |key: &str| spec.and_then(|spec| spec.get(key)).into_iter().flat_map(Node::items).collect::<Vec<_>>();
    if let Some(selector) = spec.and_then(|spec| spec.get("podSelector")).filter(|node| !node.is_null()) {
        LabelSelector::of(selector).ok_or("its `podSelector`")?;
    }
    let types: Vec<String> =
        list("policyTypes").into_iter().filter_map(|node| Some(node.as_str()?.into_owned())).collect();
    let has = |name: &str| types.iter().any(|own| own == name);
    // Without `policyTypes` every policy isolates what comes in, and one with rules for it what goes out.
    let isolates_in = types.is_empty() || has("Ingress");
    let isolates_out = if types.is_empty() { !list("egress").is_empty() } else { has("Egress") };
    let mut rules = |list: Vec<Node<'_>>, whom: &str| -> Result<Vec<Rule>, String> {
        list.into_iter()
            .map(|rule| {
                let items: Vec<Node<'_>> = rule.get(whom).into_iter().flat_map(Node::items).collect();
                let ports = ports::wanted(rule)?;
                let is_dns = ports::outside(ports.as_deref()).is_dns();
                let all = items.into_iter().map(|item| self::whom(topology, &called.namespace, item, is_dns));
                let all: Vec<Whom> = all.collect::<Result<_, _>>()?;
                Ok(Rule { whom: Some(all).filter(|all| !all.is_empty()), ports })
            })
            .collect()
    };
    let ingress = if isolates_in { Some(rules(list("ingress"), "from")?) } else { None };
    let egress = if isolates_out { Some(rules(list("egress"), "to")?) } else { None };
    Ok(Policy { called, ingress, egress })
}

/// Who an item of `from` or `to` is.
fn whom(topology: &mut Topology<'_>, own: &str, item: Node<'_>, is_dns: bool) -> Result<Whom, String> {
    let part = |key: &str| item.get(key).filter(|node| !node.is_null());
    if let Some(block) = part("ipBlock") {
        let text = |node: Node<'_>| node.as_str().map(|text| text::plain(&text).replace(['\n', '\r'], " "));
        let cidr = block.get("cidr").and_then(text).ok_or("an `ipBlock` without a `cidr`")?;
        let except: Vec<String> = block.get("except").into_iter().flat_map(Node::items).filter_map(text).collect();
        let key = format!("block {cidr} {}", except.join(" "));
        let lines = match except.is_empty() {
            true => Vec::new(),
            false => vec![format!("but {}", text::few(except.len(), &mut except.into_iter(), ", "))],
        };
        let sort = sort(item, is_dns, Sort::Addresses);
        return Ok(Whom::Peer(topology.peer(key, || Peer { sort, name: cidr, lines, members: 0 })));
    }
    let (spaces, pods) = (part("namespaceSelector"), part("podSelector"));
    if spaces.is_none() && pods.is_none() {
        return Err("a peer that names nobody".to_owned());
    }
    let selector = |node: Node<'_>| LabelSelector::of(node).ok_or_else(|| "the selector of a peer".to_owned());
    let namespaces = spaces.map(selector).transpose()?.ok_or_else(|| own.to_owned());
    let pods_selector = pods.map(selector).transpose()?.and_then(LabelSelector::filled);
    let selects = Selects { namespaces, pods: pods_selector };
    let value = item.to_value().unwrap_or_default();
    let key = format!("pods {} {value}", if spaces.is_none() { place(own) } else { String::new() });
    let (number, members) = members(topology, own, &selects, &key);
    if selects.pods.is_some() && (1..=MOST).contains(&number) {
        return Ok(Whom::These(members));
    }
    let (where_from, lines) = described(own, spaces, pods);
    let is_group = selects.pods.is_none() || number > 0;
    let known = sort(item, is_dns, if is_group { Sort::Group } else { Sort::Pods });
    let name = match (self::known(&value), pods.map(|pods| shown(Some(pods)))) {
        (Some(Known::Controller(controller)), _) => controller.name().to_owned(),
        (Some(Known::Dns(_)), _) => "DNS".to_owned(),
        (None, Some(labels)) if !labels.is_empty() => labels,
        _ => where_from.clone(),
    };
    // What is known by its name is told by its place alone.
    let is_known = matches!(known, Sort::Controller | Sort::Dns);
    let lines = lines.into_iter().take(if is_known { 1 } else { 2 }).filter(|line| *line != name).collect();
    let peer = topology.peer(key, || Peer { sort: known, name, lines, members: number });
    Ok(if number > 0 { Whom::Group(peer, selects) } else { Whom::Peer(peer) })
}

/// How many workloads are selected, and which, where these are few. Many policies name the same.
fn members(topology: &mut Topology<'_>, own: &str, selects: &Selects, key: &str) -> (usize, Vec<usize>) {
    if let Some(known) = topology.selected.get(key) {
        return known.clone();
    }
    let all = LabelSelector::of_labels(None);
    let pods = selects.pods.as_ref().unwrap_or(&all);
    let places: Vec<String> = match &selects.namespaces {
        Err(own) => vec![place(own)],
        Ok(selector) => {
            let names = topology.namespaces.keys().filter(|name| is_selected(topology, selector, name));
            names.map(|name| place(name)).collect()
        }
    };
    let mut found = topology.labelled.near(pods, Some(&places));
    found.retain(|at| selects.has(topology, own, *at));
    let number = found.len();
    found.truncate(MOST + 1);
    topology.selected.insert(key.to_owned(), (number, found.clone()));
    (number, found)
}

fn sort(item: Node<'_>, is_dns: bool, otherwise: Sort) -> Sort {
    match known(&item.to_value().unwrap_or_default()) {
        Some(Known::Dns(_)) => Sort::Dns,
        Some(Known::Controller(_)) => Sort::Controller,
        None if is_dns => Sort::Dns,
        None => otherwise,
    }
}

/// Where the pods of a peer are, in words, and what tells them from others.
fn described(own: &str, spaces: Option<Node<'_>>, pods: Option<Node<'_>>) -> (String, Vec<String>) {
    let here = || if own.is_empty() { "this namespace".to_owned() } else { format!("namespace {own}") };
    let name = spaces.and_then(|spaces| {
        let labels = spaces.get("matchLabels").filter(|labels| labels.entries().count() == 1)?;
        labels.get(NAMESPACE_NAME).filter(|_| spaces.get("matchExpressions").is_none())?.as_str()
    });
    let labels = shown(spaces);
    let place = match (spaces, name) {
        (None, _) => here(),
        (Some(_), Some(name)) => format!("namespace {}", text::plain(&name)),
        (Some(_), None) if labels.is_empty() => "every namespace".to_owned(),
        (Some(_), None) => format!("namespaces with {labels}"),
    };
    let which = shown(pods);
    let lines = [place.clone(), which].into_iter().filter(|line| !line.is_empty()).collect();
    (place, lines)
}
