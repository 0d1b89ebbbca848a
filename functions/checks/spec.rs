//! What a person may write in the spec.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::values::{Number, Pattern};
use crate::security_context::spec::Level;
use crate::security_context::values::Version;
use krmor_core::config::Problem;
use krmor_core::exceptions::Exception;
use krmor_core::function_spec;
use krmor_core::kube::EnvName;
use krmor_core::severities::{Setting, Severities};
use krmor_core::target::{Matcher, Selector};
use krmor_yaml::escape_token;

/// Looks at the final stream, after all other functions, and reports what is wrong with it. It changes nothing.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// The Pod Security level that every pod must pass. Default: `restricted`, version `v1.35`.
    pub pod_security: PodSecurity,
    /// What counts as a secret in plain text, beside what krmor knows. Default: nothing more, nothing less.
    pub secrets: Secrets,
    /// What references may lead to that is not in the stream. Default: what every cluster has.
    pub references: References,
    /// Databases, by a name of your choice so that an overlay can patch one, and who opens connections to each.
    /// Default: none.
    pub pools: BTreeMap<String, Pool>,
    /// Severity of single rules (`references/secret: error`) or of families (`secrets/*: warning`), or `off`; a single
    /// rule overrides its family. Default: the severities of the README.
    #[schemars(with = "BTreeMap<String, Setting>")]
    pub severities: Severities,
    /// Findings that are meant, each with its reason. Default: none.
    pub exceptions: Vec<Exception>,
    /// Objects or containers to look at; each entry must match something unless `optional: true`. Default: all. What
    /// they refer to is looked for in the whole stream.
    pub targets: Vec<Selector>,
    /// Objects or containers to leave alone. Default: none.
    pub exclude: Vec<Selector>,
}

/// What Pod Security admission will be asked to enforce.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct PodSecurity {
    /// Level of the Pod Security Standards: `restricted` (the default), `baseline`, or `privileged`, which allows
    /// everything.
    pub level: Standard,
    /// Version of the standard: `v1.0` to `v1.37`, or `latest`. Default `v1.35`, as for `SecurityContext`.
    pub version: Version,
}

/// A level of the Pod Security Standards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Standard {
    /// Unrestricted.
    Privileged,
    /// Prevents known privilege escalations.
    Baseline,
    /// Hardening best practice.
    #[default]
    Restricted,
}

impl Standard {
    /// The level with checks; none where everything is allowed.
    #[must_use]
    pub fn level(self) -> Option<Level> {
        match self {
            Standard::Privileged => None,
            Standard::Baseline => Some(Level::Baseline),
            Standard::Restricted => Some(Level::Restricted),
        }
    }
}

/// What counts as a secret in plain text.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Secrets {
    /// More names that hold secrets, as regular expressions that must match the whole name of an environment variable,
    /// flag or key. Default: none.
    pub names: Vec<Pattern>,
    /// Names that hold none although they sound so, as regular expressions for the whole name. Default: none.
    pub allow_names: Vec<Pattern>,
    /// Values that are none, such as what your tool puts in later, as regular expressions for the whole value. Default:
    /// none; placeholders such as `<…>`, `${…}` and `{{…}}` are known.
    pub allow_values: Vec<Pattern>,
}

/// What references may lead to.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct References {
    /// Objects that others bring: an operator, another repository, a person. Default: none.
    pub external: Vec<External>,
}

/// Objects that are not in the stream and still there.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct External {
    /// Their kind, such as `Secret`.
    pub kind: String,
    /// Their name, as a regular expression for the whole name. Default: any.
    pub name: Option<Pattern>,
    /// Their namespace, as a regular expression for the whole of it. Default: any.
    pub namespace: Option<Pattern>,
}

/// One database and the connections that pods may open to it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pool {
    /// The most connections that the database takes, as a whole number. Exactly one of this and `server` is given.
    pub max_connections: Option<u32>,
    /// The database's own workload in the stream, whose settings say how many connections it takes.
    pub server: Option<Server>,
    /// Connections kept for others: administrators, backups, migrations. Default 0.
    #[serde(default)]
    pub reserve: u32,
    /// Who opens connections, by a name of your choice.
    pub clients: BTreeMap<String, Client>,
}

/// A database in the stream.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Server {
    /// Its workload; must match exactly one.
    pub target: Selector,
    /// Name of the environment variable that holds the number of connections. Default: the setting `max_connections` of
    /// its command line (`-c max_connections=200`, `--max-connections=200`).
    pub env: Option<EnvName>,
}

/// Workloads that open connections to a database, each pod as many.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Client {
    /// The workloads; must match at least one.
    pub target: Selector,
    /// Connections that a process keeps open: a whole number, or `{env: KEY}` to read it from the workload.
    pub pool_size: Number,
    /// Connections that a process opens beyond its pool under load: a whole number, or `{env: KEY}`. Default 0.
    #[serde(default = "none")]
    pub overflow: Number,
    /// Processes of a pod that have a pool each (workers): a whole number, or `{env: KEY}`. Default 1.
    #[serde(default = "one")]
    pub processes: Number,
    /// The most pods there will be, as a whole number. Default: what its autoscaler says, else `spec.replicas`, else 1.
    pub max_replicas: Option<u32>,
}

fn none() -> Number {
    Number::Literal(0)
}

fn one() -> Number {
    Number::Literal(1)
}

function_spec!(Spec, find_problems);

impl Spec {
    /// What cannot be right although each field can be read.
    fn find_problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        for (name, pool) in &self.pools {
            let both = match (pool.max_connections, &pool.server) {
                (Some(_), Some(_)) => Some("it has both `maxConnections` and `server`"),
                (None, None) => Some("it has neither `maxConnections` nor `server`"),
                _ => None,
            };
            let pointer = format!("/pools/{}", escape_token(name));
            found.extend(both.map(|both| Problem::new(&pointer, both, "give exactly one of them")));
            if pool.clients.is_empty() {
                found.push(Problem::new(&format!("{pointer}/clients"), "there are none", "name who opens connections"));
            }
            let server = pool.server.iter().map(|server| (format!("{pointer}/server/target"), &server.target));
            let clients = pool.clients.iter();
            let clients = clients
                .map(|(name, client)| (format!("{pointer}/clients/{}/target", escape_token(name)), &client.target));
            for (at, target) in server.chain(clients) {
                found.extend(Matcher::new(target, &at).err().unwrap_or_default());
            }
        }
        found
    }
}
