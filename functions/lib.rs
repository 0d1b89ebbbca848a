//! The registry of functions.
//!
//! To add a function: its folder `<name>/` (`mod.rs`, `README.md`, the generated `definition.yaml`), its `mod` line here
//! and one entry in [`FUNCTIONS`]. Nothing else names it.

use std::fmt;

#[cfg(feature = "schema")]
use krmor_core::config::{API_VERSION, GROUP};
use krmor_core::config::{Problem, read_spec};
use krmor_core::policy::{FunctionSpec, Policy};
use krmor_core::report::{Report, Rule};
use krmor_core::stream::Stream;
#[cfg(feature = "schema")]
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::Value;
#[cfg(feature = "schema")]
use serde_json::json;

pub mod availability;
pub mod checks;
pub mod environment;
pub mod exposure;
pub mod migration;
pub mod monitoring;
pub mod namespace_guardrails;
pub mod network_policies;
pub mod probes;
pub mod resources;
pub mod security_context;
pub mod vault_secrets;

/// When a function runs within a pipeline, so that what it looks at has been decided before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// What the programs are told: variables and secrets.
    Settings,
    /// What must have run before them.
    Migration,
    /// What single containers need.
    Containers,
    /// Hardens what the earlier phases have put in.
    Security,
    /// How many pods there are, and where.
    Availability,
    /// Who reaches them, and what surrounds them.
    Surroundings,
    /// Findings about what the other phases made.
    Checks,
}

impl Phase {
    /// Its name in lists.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Phase::Settings => "settings",
            Phase::Migration => "migration",
            Phase::Containers => "containers",
            Phase::Security => "security",
            Phase::Availability => "availability",
            Phase::Surroundings => "surroundings",
            Phase::Checks => "checks",
        }
    }
}

/// One entry of the registry.
pub struct Function {
    /// The kind of its config: `SecurityContext`.
    pub kind: &'static str,
    /// Its folder below `functions/`.
    pub folder: &'static str,
    /// One line for lists and schemas.
    pub summary: &'static str,
    /// When it runs.
    pub phase: Phase,
    /// Every rule that its findings and changes can have, beside those that all functions share.
    pub rules: &'static [&'static Rule],
    /// Its folder's README: prose and runnable cases.
    #[cfg(feature = "schema")]
    pub readme: &'static str,
    read: Read,
    #[cfg(feature = "schema")]
    schema: fn(&mut SchemaGenerator) -> Schema,
}

/// Reads a spec for a function with these rules.
type Read = fn(&Value, &[&Rule]) -> Result<Box<dyn Run>, Vec<Problem>>;

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Function {
    /// Reads the function's spec.
    ///
    /// # Errors
    /// All that cannot be right: fields that are unknown, missing, of the wrong type, or contradict each other.
    pub fn configure(&self, spec: &Value) -> Result<Box<dyn Run>, Vec<Problem>> {
        (self.read)(spec, self.rules)
    }
}

/// What it tells of itself: no host but the command line asks.
#[cfg(feature = "schema")]
impl Function {
    /// The OpenAPI v3 schema of its spec.
    #[must_use]
    pub fn schema(&self) -> Schema {
        self.schema_by(&mut openapi())
    }

    /// The schema of its spec in another dialect.
    #[must_use]
    pub fn schema_by(&self, generator: &mut SchemaGenerator) -> Schema {
        (self.schema)(generator)
    }

    /// Its KRMFunctionDefinition (KEP-2906): what `functions/<folder>/definition.yaml` holds.
    #[must_use]
    pub fn definition(&self) -> Value {
        let mut spec = self.schema().to_value();
        if let Some(map) = spec.as_object_mut() {
            map.shift_remove("$schema");
            map.shift_remove("title");
        }
        let text = |description: &str| json!({"type": "string", "description": description});
        json!({
            "apiVersion": "config.kubernetes.io/v1alpha1",
            "kind": "KRMFunctionDefinition",
            "metadata": {"name": format!("{}.{GROUP}", self.folder.replace('_', "-"))},
            "spec": {
                "group": GROUP,
                "names": {"kind": self.kind},
                "description": self.summary,
                "publisher": GROUP,
                "versions": [{
                    "name": "v1alpha1",
                    "idempotent": true,
                    "schema": {"openAPIV3Schema": {
                        "type": "object",
                        "required": ["apiVersion", "kind"],
                        "additionalProperties": false,
                        "properties": {
                            "apiVersion": text(API_VERSION),
                            "kind": text(self.kind),
                            "metadata": {"type": "object", "description": "The config's own metadata; `name` shows in messages."},
                            "spec": spec,
                        },
                    }},
                }],
            },
        })
    }
}

#[cfg(feature = "schema")]
fn openapi() -> SchemaGenerator {
    SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true).into_generator()
}

/// A function with its spec.
pub trait Run {
    /// The fields that its spec shares with those of all functions.
    fn policy(&self) -> Policy<'_>;

    /// Changes the stream and reports.
    fn run(&self, stream: &mut Stream, report: &mut Report);

    /// Brings up to date what the function made from things that later functions of the pipeline have changed since.
    fn finish(&self, stream: &mut Stream, report: &mut Report);

    /// Reports what does not hold in the final stream, which every function of the pipeline has been over.
    fn judge(&self, stream: &Stream, report: &mut Report);
}

struct Configured<S> {
    spec: S,
    apply: Apply<S>,
    finish: Option<Apply<S>>,
    judge: Option<Judge<S>>,
}

impl fmt::Debug for dyn Run {
    /// Without the spec: its shape would be in every WASM module, and nothing prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Run")
    }
}

type Apply<S> = fn(&S, &mut Stream, &mut Report);
type Judge<S> = fn(&S, &Stream, &mut Report);

impl<S: FunctionSpec> Run for Configured<S> {
    fn policy(&self) -> Policy<'_> {
        self.spec.policy()
    }

    fn run(&self, stream: &mut Stream, report: &mut Report) {
        (self.apply)(&self.spec, stream, report);
    }

    fn finish(&self, stream: &mut Stream, report: &mut Report) {
        if let Some(finish) = self.finish {
            finish(&self.spec, stream, report);
        }
    }

    fn judge(&self, stream: &Stream, report: &mut Report) {
        if let Some(judge) = self.judge {
            judge(&self.spec, stream, report);
        }
    }
}

fn configured<S>(
    spec: &Value,
    rules: &[&Rule],
    apply: Apply<S>,
    finish: Option<Apply<S>>,
    judge: Option<Judge<S>>,
) -> Result<Box<dyn Run>, Vec<Problem>>
where
    S: DeserializeOwned + FunctionSpec + 'static,
{
    let (spec, mut problems) = read_spec::<S>(spec);
    let Some(spec) = spec else { return Err(problems) };
    let is_whole = problems.is_empty();
    problems.extend(spec.policy().problems(rules));
    // Fields that contradict each other may do so because one of them could not be read.
    if is_whole {
        problems.extend(spec.problems());
    }
    match problems.is_empty() {
        true => Ok(Box::new(Configured { spec, apply, finish, judge })),
        false => Err(problems),
    }
}

#[cfg(feature = "schema")]
fn schema<S: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.root_schema_for::<S>()
}

/// An entry from the kind, the phase, the module and the folder of a function; `judge`, or `finish, judge`, when its
/// module has them.
macro_rules! function {
    ($kind:literal, $phase:expr, $module:ident, $folder:literal, $summary:literal) => {
        function!(@ $kind, $phase, $module, $folder, $summary, None, None)
    };
    ($kind:literal, $phase:expr, $module:ident, $folder:literal, $summary:literal, judge) => {
        function!(@ $kind, $phase, $module, $folder, $summary, None, Some($module::judge))
    };
    ($kind:literal, $phase:expr, $module:ident, $folder:literal, $summary:literal, finish, judge) => {
        function!(@ $kind, $phase, $module, $folder, $summary, Some($module::finish), Some($module::judge))
    };
    (@ $kind:literal, $phase:expr, $module:ident, $folder:literal, $summary:literal, $finish:expr, $judge:expr) => {
        Function {
            kind: $kind,
            folder: $folder,
            summary: $summary,
            phase: $phase,
            rules: $module::rules::RULES,
            #[cfg(feature = "schema")]
            readme: include_str!(concat!($folder, "/README.md")),
            read: |spec, rules| configured::<$module::Spec>(spec, rules, $module::apply, $finish, $judge),
            #[cfg(feature = "schema")]
            schema: schema::<$module::Spec>,
        }
    };
}

/// Every function, in the order of phases, then by name.
pub static FUNCTIONS: &[Function] = &[
    function!(
        "Environment",
        Phase::Settings,
        environment,
        "environment",
        "Gives containers their variables, and proves that those they need are there",
        judge
    ),
    function!(
        "VaultSecrets",
        Phase::Settings,
        vault_secrets,
        "vault_secrets",
        "Gives workloads their secrets from Vault by reference, and turns values in manifests into references",
        judge
    ),
    function!(
        "Migration",
        Phase::Migration,
        migration,
        "migration",
        "Lets a program's migration run before it, as an init container or a Job, with its own image and settings",
        finish,
        judge
    ),
    function!(
        "Probes",
        Phase::Containers,
        probes,
        "probes",
        "Gives containers the liveness, readiness and startup probes that are named, and guesses none",
        judge
    ),
    function!("Resources", Phase::Containers, resources, "resources", "Gives containers their requests and limits"),
    function!(
        "SecurityContext",
        Phase::Security,
        security_context,
        "security_context",
        "Hardens pods and containers to a level of the Pod Security Standards",
        judge
    ),
    function!(
        "Availability",
        Phase::Availability,
        availability,
        "availability",
        "Autoscalers, disruption budgets, spread and rollout of workloads",
        judge
    ),
    function!(
        "Exposure",
        Phase::Surroundings,
        exposure,
        "exposure",
        "Makes programs reachable from outside: Gateway API, Ingress, OpenShift Routes",
        judge
    ),
    function!(
        "Monitoring",
        Phase::Surroundings,
        monitoring,
        "monitoring",
        "Lets the Prometheus operator scrape workloads, by a ServiceMonitor or PodMonitor each"
    ),
    function!(
        "NamespaceGuardrails",
        Phase::Surroundings,
        namespace_guardrails,
        "namespace_guardrails",
        "Gives namespaces a Pod Security level, a quota and a LimitRange, and proves that the workloads fit",
        judge
    ),
    function!(
        "NetworkPolicies",
        Phase::Surroundings,
        network_policies,
        "network_policies",
        "Lets workloads connect as declared, and not otherwise, by a NetworkPolicy each",
        judge
    ),
    function!(
        "Checks",
        Phase::Checks,
        checks,
        "checks",
        "Finds refused pods, secrets in plain text, dangling references and pools that are too large",
        judge
    ),
];

/// The function whose config is of `kind`.
#[must_use]
pub fn by_kind(kind: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.kind == kind)
}
