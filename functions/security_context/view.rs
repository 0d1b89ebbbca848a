//! One pod as the checks see it: the parts that matter, found once, and what has been decided about them.

use krmor_core::values::integer;
use std::borrow::Cow;

use serde_json::Value;

use super::fields::{Field, FieldSet};
use super::spec::Spec;
use krmor_core::exceptions::Grant;
use krmor_core::pods::Pod;
use krmor_core::stream::{Action, Object};
use krmor_core::target::Selected;
use krmor_core::workload::Trait;
use krmor_yaml::Node;

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// In the pod spec.
    Pod,
    /// In the container of this number, all lists of containers counted through.
    Container(usize),
}

/// The entries of a mapping, read once because every check asks for some of them.
#[derive(Default)]
pub(super) struct Entries<'a>(Vec<(Cow<'a, str>, Node<'a>)>);

impl<'a> Entries<'a> {
    fn of(node: Option<Node<'a>>) -> Self {
        Self(node.map_or_else(Vec::new, |node| node.entries().collect()))
    }

    /// As [`value`].
    pub(super) fn get(&self, key: &str) -> Option<Node<'a>> {
        let (_, node) = self.0.iter().find(|(other, _)| other == key)?;
        (!node.is_null()).then_some(*node)
    }
}

/// A container of the pod.
pub(super) struct ContainerView<'a> {
    pub(super) name: String,
    pub(super) pointer: String,
    pub(super) fields: Entries<'a>,
    pub(super) security: Entries<'a>,
    pub(super) in_scope: bool,
    /// Fields that exceptions for this container allow.
    granted: FieldSet,
    decided: Decided,
}

/// What became of explicit values at one place.
#[derive(Clone, Copy, Default)]
struct Decided {
    /// Forbidden values that are still there.
    stands: FieldSet,
    /// Those of them that someone wants there: by an exception, or `conflicts: keep`.
    chosen: FieldSet,
}

/// A pod, or a template of one.
#[allow(clippy::struct_excessive_bools)] // each is a question of its own
pub(super) struct View<'a> {
    pub(super) object: Object<'a>,
    pub(super) pod: &'a Pod,
    pub(super) annotations: Option<Node<'a>>,
    pub(super) spec: Entries<'a>,
    pub(super) security: Entries<'a>,
    pub(super) windows: bool,
    /// Whether the pod's own fields are in scope; else only those of containers in scope are.
    pub(super) whole: bool,
    /// Whether the carrier takes security contexts of containers only.
    pub(super) container_level_only: bool,
    /// Whether the pod has users of its own, or gets them.
    pub(super) own_users: bool,
    pub(super) containers: Vec<ContainerView<'a>>,
    decided: Decided,
}

/// A value of a security context.
pub(super) struct Setting<'a> {
    /// Where it takes effect.
    pub(super) place: Holder,
    /// Where it is written.
    pub(super) source: Holder,
    pub(super) node: Node<'a>,
    /// Whether it can be taken away where it takes effect, and uncovers nothing that stays.
    pub(super) removable: bool,
}

/// A forbidden value.
pub(super) struct Violation {
    pub(super) field: Field,
    /// Whose value it is in effect: a container in scope may inherit it from a pod that is not.
    pub(super) place: Holder,
    pub(super) inherited: bool,
    /// Where it is written, from the object's root.
    pub(super) pointer: String,
    /// How it is written: `privileged: true`.
    pub(super) says: String,
    /// The edits that make it allowed; none where no field edit can.
    pub(super) edits: Vec<(String, Action)>,
}

/// The value under `key`, unless it is null, which Kubernetes reads as absent.
pub(super) fn value<'a>(node: Option<Node<'a>>, key: &str) -> Option<Node<'a>> {
    node?.get(key).filter(|value| !value.is_null())
}

/// A key and its value as a report shows them, cut where they are long.
pub(super) fn show(key: &str, value: Node<'_>) -> String {
    let mut json = value.json();
    if json.len() > 80 {
        let end = (0..=77).rev().find(|&at| json.is_char_boundary(at)).unwrap_or(0);
        json.truncate(end);
        json.push('…');
    }
    format!("{key}: {json}")
}

impl<'a> View<'a> {
    /// Looks at a selected pod.
    pub(super) fn of(selected: &'a Selected, object: Object<'a>) -> Option<Self> {
        let pod = &selected.pod;
        let node = object.root().at_pointer(&pod.spec)?;
        let spec = Entries::of(pod.spec_node(&object));
        let containers = pod.containers(&object).into_iter().filter_map(|container| {
            let fields = Entries::of(node.at_pointer(container.pointer.strip_prefix(&pod.spec)?));
            Some(ContainerView {
                in_scope: selected.includes(&container.name),
                name: container.name,
                pointer: container.pointer,
                security: Entries::of(fields.get("securityContext")),
                fields,
                granted: FieldSet::default(),
                decided: Decided::default(),
            })
        });
        Some(Self {
            containers: containers.collect(),
            annotations: value(pod.metadata_node(&object), "annotations"),
            security: Entries::of(spec.get("securityContext")),
            windows: value(spec.get("os"), "name").and_then(Node::as_str).as_deref() == Some("windows"),
            object,
            pod,
            whole: selected.whole_pod,
            own_users: spec.get("hostUsers").and_then(Node::as_bool) == Some(false),
            container_level_only: pod.has(Trait::ContainerLevelOnly) || !pod.takes("/securityContext"),
            spec,
            decided: Decided::default(),
        })
    }

    /// Notes what exceptions for single containers allow: a value that such a container inherits stays in the pod.
    pub(super) fn shield(&mut self, spec: &Spec, grants: &[Grant]) {
        for grant in grants {
            let Some(exception) = spec.exceptions.get(grant.exception) else { continue };
            for &at in grant.containers.iter().flatten() {
                if let Some(container) = self.containers.get_mut(at) {
                    let named = Field::ALL
                        .iter()
                        .filter(|known| exception.fields.iter().any(|field| field.matches(known.name())));
                    named.for_each(|&field| container.granted.insert(field));
                }
            }
        }
    }

    /// The containers in scope, with their places.
    pub(super) fn in_scope(&self) -> impl Iterator<Item = (Holder, &ContainerView<'a>)> {
        let containers = self.containers.iter().enumerate();
        containers.filter(|(_, container)| container.in_scope).map(|(at, container)| (Holder::Container(at), container))
    }

    /// The container at a place.
    pub(super) fn container(&self, place: Holder) -> Option<&ContainerView<'a>> {
        match place {
            Holder::Pod => None,
            Holder::Container(at) => self.containers.get(at),
        }
    }

    /// The place of the container of that name; the pod's where there is none.
    pub(super) fn place_of(&self, name: &str) -> Holder {
        self.containers.iter().position(|container| container.name == name).map_or(Holder::Pod, Holder::Container)
    }

    /// Pointer of a place, or of what is at `path` below it.
    pub(super) fn pointer(&self, place: Holder, path: &str) -> String {
        let base = self.container(place).map_or(self.pod.spec.as_str(), |container| container.pointer.as_str());
        [base, path].concat()
    }

    /// The place as a sentence's subject.
    pub(super) fn subject(&self, place: Holder) -> String {
        self.container(place)
            .map_or_else(|| "the pod".to_owned(), |container| format!("container `{}`", container.name))
    }

    /// Every value of the field `key` of security contexts in scope. Where the pod's own value must stay, since it is
    /// not in scope or reaches containers that are not, the containers in scope answer for what they inherit.
    pub(super) fn settings(&self, key: &str, field: Field) -> Vec<Setting<'a>> {
        let of_pod = self.security.get(key);
        let needs = |(at, container): (usize, &ContainerView<'_>)| {
            let is_root = || field == Field::RunAsNonRoot && self.stays_root(Holder::Container(at), true);
            let must_stay = !container.in_scope || container.granted.has(field) || is_root();
            container.security.get(key).is_none() && must_stay
        };
        let stays = of_pod.is_some() && (!self.whole || self.containers.iter().enumerate().any(needs));
        let mut found = Vec::new();
        if let Some(node) = of_pod.filter(|_| !stays) {
            found.push(Setting { place: Holder::Pod, source: Holder::Pod, node, removable: true });
        }
        for (place, container) in self.in_scope() {
            match (container.security.get(key), of_pod) {
                // Without its own value the container would have the pod's.
                (Some(node), _) => {
                    found.push(Setting { place, source: place, node, removable: !stays });
                }
                (None, Some(node)) if stays => {
                    found.push(Setting { place, source: Holder::Pod, node, removable: false });
                }
                _ => {}
            }
        }
        found
    }

    /// A violation at `path` below `place`.
    pub(super) fn violation(&self, field: Field, place: Holder, path: &str, says: String) -> Violation {
        Violation { field, place, inherited: false, pointer: self.pointer(place, path), says, edits: Vec::new() }
    }

    /// A violation by a setting whose path in its place is `path`.
    pub(super) fn violation_of(&self, setting: &Setting<'_>, field: Field, path: &str, says: String) -> Violation {
        let Setting { place, source, .. } = *setting;
        Violation {
            inherited: source != place,
            pointer: self.pointer(source, path),
            ..self.violation(field, place, path, says)
        }
    }

    /// Remembers that a forbidden value stays, and whether someone wants it to.
    pub(super) fn stays(&mut self, place: Holder, field: Field, chosen: bool) {
        let decided = match place {
            Holder::Pod => Some(&mut self.decided),
            Holder::Container(at) => self.containers.get_mut(at).map(|container| &mut container.decided),
        };
        if let Some(decided) = decided {
            decided.stands.insert(field);
            if chosen {
                decided.chosen.insert(field);
            }
        }
    }

    fn decided(&self, place: Holder) -> Decided {
        self.container(place).map_or(self.decided, |container| container.decided)
    }

    /// Whether a forbidden value of the field stays at the place.
    pub(super) fn stands(&self, place: Holder, field: Field) -> bool {
        self.decided(place).stands.has(field)
    }

    /// Whether someone wants a forbidden value of the field there.
    pub(super) fn chosen(&self, place: Holder, field: Field) -> bool {
        self.decided(place).chosen.has(field)
    }

    /// Whether any of the field's forbidden values is wanted, in the pod or a container.
    pub(super) fn chosen_anywhere(&self, field: Field) -> bool {
        self.decided.chosen.has(field) || self.containers.iter().any(|container| container.decided.chosen.has(field))
    }

    /// Whether the pod has users of its own, which relaxes some checks from v1.35 on.
    pub(super) fn has_own_users(&self) -> bool {
        self.own_users
    }

    /// Whether a container runs as uid 0 because its value or the pod's stays so; `chosen`: because someone wants it.
    pub(super) fn stays_root(&self, place: Holder, chosen: bool) -> bool {
        let Some(container) = self.container(place) else { return false };
        let own = container.security.get("runAsUser");
        let Some(uid) = own.or_else(|| self.security.get("runAsUser")) else { return false };
        let has = |decided: Decided| if chosen { decided.chosen } else { decided.stands }.has(Field::RunAsUser);
        integer(uid) == Some(0) && (has(container.decided) || own.is_none() && has(self.decided))
    }

    /// Whether a container keeps the capability `CAP_SYS_ADMIN`: the API refuses `allowPrivilegeEscalation: false` beside it, and
    /// beside no other spelling, `SYS_ADMIN` and `ALL` included.
    pub(super) fn stays_sys_admin(&self, place: Holder, chosen: bool) -> bool {
        let decided = self.decided(place);
        let stays = if chosen { decided.chosen } else { decided.stands }.has(Field::CapabilitiesAdd);
        stays
            && self.container(place).is_some_and(|container| {
                let added = value(container.security.get("capabilities"), "add");
                added.into_iter().flat_map(Node::items).any(|item| item.as_str().as_deref() == Some("CAP_SYS_ADMIN"))
            })
    }
}

impl Violation {
    /// With the edit that puts `value` at `pointer`.
    pub(super) fn set(mut self, pointer: String, value: Value) -> Self {
        self.edits.push((pointer, Action::Set(value)));
        self
    }

    /// With the edit that removes what is at `pointer`.
    pub(super) fn remove(mut self, pointer: String) -> Self {
        self.edits.push((pointer, Action::Remove));
        self
    }
}
