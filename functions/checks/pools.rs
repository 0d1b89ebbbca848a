//! `pools/*`: the connections that all pods together may open to a database, against those that it takes.

pub(super) mod connections;
mod numbers;
pub(super) mod unknown;
pub(super) mod unlisted;

use super::final_stream::{FinalStream, PodHere};
use super::spec::{Client, Pool};
use crate::checks::rules;
use krmor_core::krm::field_path;
use krmor_core::report::Rule;
use krmor_core::rules as common;
use krmor_core::target::{Matcher, Selector};
use krmor_yaml::escape_token;

/// One workload's part of the sum.
struct Part {
    /// `Deployment api`.
    who: String,
    replicas: u64,
    /// Connections of one pod, and how they come about.
    each: u64,
    how: String,
}

impl Part {
    fn sum(&self) -> u64 {
        self.replicas.saturating_mul(self.each)
    }
}

/// A place in the spec, as people write it.
fn path(pointer: &str) -> String {
    field_path(&format!("/spec{pointer}"))
}

/// What is known of a database.
struct Sums {
    limit: u64,
    parts: Vec<Part>,
}

/// Something that the sum needs and nobody says: what, and what to do.
struct Gap<'a> {
    rule: &'static Rule,
    message: String,
    remedy: String,
    /// The pod that has not said it; none where it is the config.
    pod: Option<&'a PodHere<'a>>,
    /// Where in the spec it is asked for: a JSON Pointer.
    pointer: String,
}

/// Adds up a pool, or says what is missing.
fn sums<'w>(world: &'w FinalStream<'w>, name: &str, pool: &Pool) -> Result<Sums, Vec<Gap<'w>>> {
    let mut gaps = Vec::new();
    let mut keep = |gap: Gap<'w>| gaps.push(gap);
    let limit = limit(world, &format!("/pools/{}", escape_token(name)), pool).map_err(&mut keep).ok();
    let mut parts = Vec::new();
    for (client, spec) in &pool.clients {
        let field = format!("/pools/{}/clients/{}", escape_token(name), escape_token(client));
        match matching(world, &field, &spec.target) {
            Ok(pods) => {
                for pod in pods {
                    parts.extend(part(world, &field, spec, pod).map_err(&mut keep).ok());
                }
            }
            Err(gap) => keep(gap),
        }
    }
    match limit {
        Some(limit) if gaps.is_empty() => Ok(Sums { limit, parts }),
        _ => Err(gaps),
    }
}

/// The pods of the workloads that a target selects; at least one, unless it is optional.
fn matching<'w>(world: &'w FinalStream<'w>, field: &str, target: &Selector) -> Result<Vec<&'w PodHere<'w>>, Gap<'w>> {
    let pointer = format!("{field}/target");
    let Ok(matcher) = Matcher::new(target, &pointer) else { return Ok(Vec::new()) };
    // More pods are more connections, so the target may match what they were called before.
    let matcher = matcher.with_previous();
    let pods: Vec<_> = world.pods.iter().filter(|pod| matcher.matches(&pod.object)).collect();
    match pods.is_empty() && !target.optional {
        true => {
            let hint = matcher.affix_hint(world.pods.iter().map(|pod| pod.object));
            let hint = hint.map_or_else(String::new, |hint| format!("{hint}; "));
            let remedy = format!("{hint}correct the target, or set `optional: true` if it need not match");
            let message = format!("`{target}` matches no pods");
            Err(Gap { rule: &common::UNMATCHED_TARGET, message, remedy, pod: None, pointer })
        }
        false => Ok(pods),
    }
}

fn limit<'w>(world: &'w FinalStream<'w>, field: &str, pool: &Pool) -> Result<u64, Gap<'w>> {
    if let Some(limit) = pool.max_connections {
        return Ok(u64::from(limit));
    }
    let Some(server) = &pool.server else { return Ok(0) };
    let field = format!("{field}/server");
    let pods = matching(world, &field, &server.target)?;
    let [pod] = pods.as_slice() else {
        let message = format!("`{}` matches {} pods, not exactly one", server.target, pods.len());
        let pointer = format!("{field}/target");
        return Err(Gap {
            rule: &rules::POOLS_UNKNOWN,
            message,
            remedy: "name one workload".to_owned(),
            pod: None,
            pointer,
        });
    };
    let (found, what) = match &server.env {
        Some(env) => {
            let env = env.as_str();
            (numbers::of_env(world, pod, env), format!("no number under the variable `{env}`"))
        }
        None => (numbers::of_setting(pod), "no `max_connections` on its command line".to_owned()),
    };
    found.ok_or_else(|| Gap {
        rule: &rules::POOLS_UNKNOWN,
        message: format!("{}: {} has {what}", path(&field), pod.object.reference()),
        remedy: "set it there, or give `maxConnections` instead of `server`".to_owned(),
        pod: Some(pod),
        pointer: field.clone(),
    })
}

fn part<'w>(world: &'w FinalStream<'w>, field: &str, client: &Client, pod: &'w PodHere<'w>) -> Result<Part, Gap<'w>> {
    let number = |key: &str, number| {
        numbers::number(world, pod, number).map_err(|env| Gap {
            rule: &rules::POOLS_UNKNOWN,
            message: format!(
                "{}.{key}: {} has no number under the variable `{env}`",
                path(field),
                pod.object.reference()
            ),
            remedy: "set it there, or give `default`".to_owned(),
            pod: Some(pod),
            pointer: field.to_owned(),
        })
    };
    let size = number("poolSize", &client.pool_size)?;
    let overflow = number("overflow", &client.overflow)?;
    let processes = number("processes", &client.processes)?;
    let replicas = match client.max_replicas {
        Some(replicas) => u64::from(replicas),
        None => numbers::replicas(world, pod).ok_or_else(|| Gap {
            rule: &rules::POOLS_UNKNOWN,
            message: format!(
                "{}: nothing says how many pods of {} there will be at most",
                path(field),
                pod.object.reference()
            ),
            remedy: "give `maxReplicas`".to_owned(),
            pod: Some(pod),
            pointer: field.to_owned(),
        })?,
    };
    let pool = if overflow > 0 { format!("({size} + {overflow})") } else { size.to_string() };
    let how = if processes == 1 { pool } else { format!("{processes} processes × {pool}") };
    let each = size.saturating_add(overflow).saturating_mul(processes);
    Ok(Part { who: pod.object.reference().to_string(), replicas, each, how })
}
