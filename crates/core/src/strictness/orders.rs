//! Compares two values of a security field, where null is an absent one.

use serde_json::Value;

use super::Order;
use super::standards::{SE_LINUX_TYPES, SYSCTLS, VOLUMES};
use crate::values::integer_of;

fn is(value: &Value, default: bool) -> bool {
    value.as_bool().unwrap_or(default)
}

fn rank(strict: bool) -> u8 {
    u8::from(strict)
}

pub(super) fn false_is_strict(old: &Value, new: &Value) -> Order {
    Order::of_ranks(rank(!is(old, false)), rank(!is(new, false)))
}

pub(super) fn true_is_strict(old: &Value, new: &Value) -> Order {
    Order::of_ranks(rank(is(old, false)), rank(is(new, false)))
}

pub(super) fn escalation(old: &Value, new: &Value) -> Order {
    Order::of_ranks(rank(!is(old, true)), rank(!is(new, true)))
}

pub(super) fn host_users(old: &Value, new: &Value) -> Order {
    escalation(old, new)
}

/// Absent is between the two: a ServiceAccount may say false.
pub(super) fn token(old: &Value, new: &Value) -> Order {
    let rank = |value: &Value| value.as_bool().map_or(1, |mounted| if mounted { 0 } else { 2 });
    Order::of_ranks(rank(old), rank(new))
}

/// 0 is root; the image's user, which an absent field means, may be; two others have different rights.
pub(super) fn user(old: &Value, new: &Value) -> Order {
    let rank = |value: &Value| match integer_of(value) {
        Some(0) => 0,
        None => 1,
        Some(_) => 2,
    };
    match Order::of_ranks(rank(old), rank(new)) {
        Order::Same if old != new => Order::Incomparable,
        order => order,
    }
}

/// 0 is root's; any other group gives rights to volumes that none gives not, and none leaves them to others.
pub(super) fn group(old: &Value, new: &Value) -> Order {
    let is_root = |value: &Value| integer_of(value) == Some(0);
    match Order::of_ranks(rank(!is_root(old)), rank(!is_root(new))) {
        Order::Same if old != new => Order::Incomparable,
        order => order,
    }
}

fn items(value: &Value) -> Vec<&Value> {
    value.as_array().into_iter().flatten().collect()
}

pub(super) fn groups(old: &Value, new: &Value) -> Order {
    Order::of_allowed(&items(old), &items(new))
}

pub(super) fn groups_policy(old: &Value, new: &Value) -> Order {
    Order::of_ranks(rank(old == "Strict"), rank(new == "Strict"))
}

/// Names of capabilities, with and without `CAP_`.
fn capabilities(value: &Value) -> Vec<&str> {
    items(value).into_iter().filter_map(Value::as_str).map(|name| name.strip_prefix("CAP_").unwrap_or(name)).collect()
}

pub(super) fn added(old: &Value, new: &Value) -> Order {
    let (old, new) = (capabilities(old), capabilities(new));
    match (old.contains(&"ALL"), new.contains(&"ALL")) {
        (false, false) => Order::of_allowed(&old, &new),
        (old, new) => Order::of_ranks(rank(!old), rank(!new)),
    }
}

pub(super) fn dropped(old: &Value, new: &Value) -> Order {
    added(new, old)
}

/// What a profile's type is worth, with `absent` for none; two of the same worth and other content are different.
fn profile(old: &Value, new: &Value, rank: impl Fn(&str) -> u8) -> Order {
    let kind = |value: &Value| value.get("type").and_then(Value::as_str).unwrap_or("absent").to_owned();
    let (before, now) = (kind(old), kind(new));
    match Order::of_ranks(rank(&before), rank(&now)) {
        // Nobody knows what a profile of the node's allows; that it is one is better than none.
        _ if before != now && (before == "Localhost" || now == "Localhost") && rank(&before) > 0 && rank(&now) > 0 => {
            Order::Incomparable
        }
        Order::Same if old != new && before == now => Order::Incomparable,
        order => order,
    }
}

pub(super) fn seccomp(old: &Value, new: &Value) -> Order {
    let rank = |kind: &str| u8::from(matches!(kind, "RuntimeDefault" | "Localhost"));
    match profile(old, new, rank) {
        // Where the kubelet has a default, `Unconfined` still has none.
        Order::Same if old.is_null() && !new.is_null() => Order::Weaker,
        Order::Same if !old.is_null() && new.is_null() => Order::Stricter,
        order => order,
    }
}

/// Absent, the runtime's profile holds on nodes that have AppArmor; `RuntimeDefault` refuses the others.
pub(super) fn app_armor(old: &Value, new: &Value) -> Order {
    profile(old, new, |kind| match kind {
        "Localhost" | "RuntimeDefault" => 2,
        "absent" => 1,
        _ => 0,
    })
}

pub(super) fn se_linux(old: &Value, new: &Value) -> Order {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let types: Vec<&str> = SE_LINUX_TYPES.iter().map(|(name, _)| *name).collect();
    let part = |key: &str, allowed: &[&str]| {
        let (before, now) = (text(old, key), text(new, key));
        let is_allowed = |value: &String| rank(allowed.is_empty() || allowed.contains(&value.as_str()));
        match Order::of_ranks(is_allowed(&before), is_allowed(&now)) {
            Order::Same if before != now => Order::Incomparable,
            order => order,
        }
    };
    part("type", &types).and(part("user", &[""])).and(part("role", &[""])).and(part("level", &[]))
}

pub(super) fn proc_mount(old: &Value, new: &Value) -> Order {
    Order::of_ranks(rank(old != "Unmasked"), rank(new != "Unmasked"))
}

pub(super) fn sysctls(old: &Value, new: &Value) -> Order {
    let is_safe = |one: &&Value| {
        one.get("name").and_then(Value::as_str).is_some_and(|name| SYSCTLS.iter().any(|(safe, _)| *safe == name))
    };
    let parted = |value| items(value).into_iter().partition::<Vec<&Value>, _>(is_safe);
    let ((safe_before, before), (safe_now, now)) = (parted(old), parted(new));
    let safe = match Order::of_allowed(&safe_before, &safe_now) {
        Order::Same => Order::Same,
        _ => Order::Incomparable,
    };
    Order::of_allowed(&before, &now).and(safe)
}

/// The volumes of types that `restricted` refuses; all others are harmless.
pub(super) fn volumes(old: &Value, new: &Value) -> Order {
    let risky = |value: &Value| -> Vec<(String, Value)> {
        let sources = items(value).into_iter().filter_map(Value::as_object).flatten();
        let risky =
            sources.filter(|(key, source)| *key != "name" && !source.is_null() && !VOLUMES.contains(&key.as_str()));
        risky.map(|(key, source)| (key.clone(), source.clone())).collect()
    };
    Order::of_allowed(&risky(old), &risky(new))
}

pub(super) fn host_ports(old: &Value, new: &Value) -> Order {
    let taken = |value: &Value| -> Vec<[Value; 3]> {
        let ports = items(value).into_iter().filter(|port| port.get("hostPort").and_then(integer_of).unwrap_or(0) != 0);
        ports
            .map(|port| ["hostPort", "hostIP", "protocol"].map(|key| port.get(key).cloned().unwrap_or_default()))
            .collect()
    };
    Order::of_allowed(&taken(old), &taken(new))
}

pub(super) fn host(old: &Value, new: &Value) -> Order {
    let name = |value: &Value| value.as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    match (name(old), name(new)) {
        (old, new) if old == new => Order::Same,
        (Some(_), None) => Order::Stricter,
        (None, Some(_)) => Order::Weaker,
        _ => Order::Incomparable,
    }
}
