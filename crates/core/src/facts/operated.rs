//! Pods that operators make from fields of their own, without a template of pods in the object.

use super::Facts;
use super::counts::{Most, number};
use crate::references::walk;
use crate::stream::Object;
use crate::values::integer;
use krmor_yaml::{Kind, Node};

/// What an operator makes of an object.
#[derive(Clone, Debug)]
pub enum Operated {
    /// So many pods, each with these resources, and with each of them these claims.
    Counted {
        /// How many pods there are at most.
        most: Most,
        /// Pointer of the resources of its container, from the object's root.
        resources: &'static str,
        /// Its claims.
        claims: Vec<OperatedClaim>,
    },
    /// Pods that krmor does not count.
    Uncounted,
}

/// A claim that is made for each pod.
#[derive(Clone, Debug)]
pub struct OperatedClaim {
    /// What is claimed; none where a template says it in another way.
    pub size: Option<String>,
    /// Its storage class; none for the cluster's default.
    pub class: Option<String>,
}

/// Kinds whose operators make pods even where no field says how many.
#[rustfmt::skip] // a table reads best with one row on one line
const KNOWN: &[(&str, &[&str])] = &[
    ("acid.zalan.do", &["postgresql"]),
    ("actions.github.com", &["AutoscalingListener", "AutoscalingRunnerSet", "EphemeralRunner", "EphemeralRunnerSet"]),
    ("actions.summerwind.dev", &["Runner", "RunnerDeployment", "RunnerReplicaSet", "RunnerSet"]),
    ("apps.emqx.io", &["EMQX", "EmqxBroker", "EmqxEnterprise"]),
    ("argoproj.io", &["AnalysisRun", "ArgoCD", "CronWorkflow", "Workflow"]),
    ("asdb.aerospike.com", &["AerospikeCluster"]),
    ("camel.apache.org", &["Integration", "KameletBinding", "Pipe"]),
    ("cassandra.datastax.com", &["CassandraDatacenter"]),
    ("clickhouse.altinity.com", &["ClickHouseInstallation", "ClickHouseKeeperInstallation"]),
    ("cloudwatch.aws.amazon.com", &["AmazonCloudWatchAgent"]),
    ("databases.spotahome.com", &["RedisFailover"]),
    ("datadoghq.com", &["DatadogAgent"]),
    ("dragonflydb.io", &["Dragonfly"]),
    ("druid.apache.org", &["Druid"]),
    ("flink.apache.org", &["FlinkBlueGreenDeployment", "FlinkDeployment"]),
    ("fluentbit.fluent.io", &["Collector", "FluentBit"]),
    ("fluentd.fluent.io", &["Fluentd"]),
    ("grafana.integreatly.org", &["Grafana"]),
    ("installation.mattermost.com", &["Mattermost"]),
    ("jaegertracing.io", &["Jaeger"]),
    ("jenkins.io", &["Jenkins"]),
    ("k6.io", &["K6", "PrivateLoadZone", "TestRun"]),
    ("k8s.mariadb.com", &["Backup", "MariaDB", "MaxScale", "PhysicalBackup", "Restore", "SqlJob"]),
    ("k8ssandra.io", &["K8ssandraCluster"]),
    ("kafka.banzaicloud.io", &["KafkaCluster"]),
    ("kafka.strimzi.io", &["Kafka", "KafkaNodePool", "KafkaConnect", "KafkaMirrorMaker", "KafkaMirrorMaker2", "KafkaBridge"]),
    ("keycloak.org", &["Keycloak"]),
    ("k8s.keycloak.org", &["Keycloak"]),
    ("kubeflow.org", &["Notebook", "PVCViewer"]),
    ("kuma.io", &["MeshGatewayInstance"]),
    ("logging-extensions.banzaicloud.io", &["HostTailer"]),
    ("minio.min.io", &["Tenant"]),
    ("mlops.seldon.io", &["SeldonRuntime", "Server"]),
    ("mongodbcommunity.mongodb.com", &["MongoDBCommunity"]),
    ("monitoring.coreos.com", &["Alertmanager", "Prometheus", "PrometheusAgent", "ThanosRuler"]),
    ("mysql.oracle.com", &["InnoDBCluster"]),
    ("opensearch.opster.io", &["OpenSearchCluster"]),
    ("opentelemetry.io", &["OpAMPBridge", "OpenTelemetryCollector", "TargetAllocator"]),
    ("operator.karmada.io", &["Karmada"]),
    ("operator.victoriametrics.com", &["VMAgent", "VMAlert", "VMAlertmanager", "VMAuth", "VMCluster", "VMDistributed", "VMSingle"]),
    ("org.eclipse.che", &["CheCluster"]),
    ("pgv2.percona.com", &["PerconaPGCluster", "PerconaPGUpgrade"]),
    ("postgres-operator.crunchydata.com", &["PostgresCluster"]),
    ("postgresql.cnpg.io", &["Pooler"]),
    ("ps.percona.com", &["PerconaServerMySQL"]),
    ("psmdb.percona.com", &["PerconaServerMongoDB"]),
    ("pxc.percona.com", &["PerconaXtraDBCluster"]),
    ("quay.redhat.com", &["QuayRegistry"]),
    ("rabbitmq.com", &["RabbitmqCluster"]),
    ("ray.io", &["RayCluster", "RayJob", "RayService"]),
    ("reaper.k8ssandra.io", &["Reaper"]),
    ("redis.redis.opstreelabs.in", &["Redis", "RedisCluster", "RedisReplication", "RedisSentinel"]),
    ("scylla.scylladb.com", &["ScyllaCluster"]),
    ("serving.kserve.io", &["InferenceService", "LLMInferenceService"]),
    ("serving.kubeflow.org", &["InferenceService"]),
    ("solr.apache.org", &["SolrCloud", "SolrPrometheusExporter"]),
    ("sparkoperator.k8s.io", &["ScheduledSparkApplication", "SparkApplication"]),
    ("tekton.dev", &["PipelineRun", "TaskRun"]),
    ("vault.banzaicloud.com", &["Vault"]),
    ("wildfly.org", &["WildFlyServer"]),
    ("zookeeper.pravega.io", &["ZookeeperCluster"]),
];
/// Elastic has a group for each of its kinds, and all make pods.
const ELASTIC: &str = ".k8s.elastic.co";

/// The names under which other operators take a number of pods.
const NUMBERS: [&str; 5] = ["replicas", "instances", "numberOfInstances", "replicaCount", "nodeCount"];
/// So deep in a spec such a name stands.
const DEEP: usize = 3;
/// Groups and kinds which mean another number by them: machines, copies of data, other objects.
const OTHER: [(&str, &str); 6] = [
    ("kafka.strimzi.io", "KafkaTopic"),
    ("machine.openshift.io", "*"),
    ("karpenter.sh", "*"),
    ("keda.sh", "*"),
    ("argoproj.io", "*"),
    ("work.karmada.io", "*"),
];

impl Facts<'_> {
    /// The pods that an operator makes of an object which has no template of them; `None` where it is none of an operator's.
    #[must_use]
    pub fn operated(self, object: &Object<'_>) -> Option<Operated> {
        let (group, kind) = (object.group(), object.kind());
        let kind = kind.as_ref();
        if group == "postgresql.cnpg.io" && kind == "Cluster" {
            return Some(cluster(object));
        }
        if !self.pods_of(object.id()).is_empty() {
            return None;
        }
        if is_known(&group, kind) {
            return Some(Operated::Uncounted);
        }
        // Kubernetes' own kinds, and those of its projects, are known one by one.
        let is_custom = group.contains('.') && !group.ends_with("k8s.io");
        let is_other = OTHER.iter().any(|(own, other)| *own == group && (*other == "*" || *other == kind));
        let is_ignored = || self.stream.workloads().row(&group, kind).is_some_and(|row| row.ignored.is_some());
        if !is_custom || is_other || is_ignored() {
            return None;
        }
        object.root().get("spec").filter(|spec| has_number(*spec, DEEP)).map(|_| Operated::Uncounted)
    }
}

fn is_known(group: &str, kind: &str) -> bool {
    group.ends_with(ELASTIC) || KNOWN.iter().any(|(own, kinds)| *own == group && kinds.contains(&kind))
}

/// A cluster of CloudNativePG: its instances, and one Job at a time that makes an instance, which asks for the same.
fn cluster(object: &Object<'_>) -> Operated {
    let Some(pods) = number(object, "/spec/instances", 1) else { return Operated::Uncounted };
    let claim = |pattern: &str| {
        walk(object.root(), pattern)
            .into_iter()
            .map(|(_, storage)| {
                let text = |path: &[&str]| {
                    storage.find(path).map(|node| node.as_str().map_or_else(|| node.json(), Into::into))
                };
                let template = |path: &[&str]| text(&[&["pvcTemplate"], path].concat());
                OperatedClaim {
                    size: text(&["size"]).or_else(|| template(&["resources", "requests", "storage"])),
                    class: text(&["storageClass"]).or_else(|| template(&["storageClassName"])),
                }
            })
            .collect::<Vec<_>>()
    };
    let claims = ["/spec/storage", "/spec/walStorage", "/spec/tablespaces/*/storage"].into_iter().flat_map(claim);
    Operated::Counted {
        most: Most { pods, surge: 1, overlaps: false },
        resources: "/spec/resources",
        claims: claims.collect(),
    }
}

fn has_number(node: Node<'_>, deep: usize) -> bool {
    let inside = |child: Node<'_>| deep > 1 && has_number(child, deep - 1);
    match node.kind() {
        Kind::Map => {
            node.entries().any(|(key, child)| NUMBERS.contains(&&*key) && integer(child).is_some() || inside(child))
        }
        Kind::Seq => node.items().any(inside),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Workloads;

    /// Kinds with a row that make no pods of their own accord: templates for other objects, Issuers, whose solvers come and go,
    /// kinds whose pods run in a namespace of their operator, and kinds that have no pods but by the template of their row.
    #[rustfmt::skip] // a table reads best with one row on one line
    const NONE: &[(&str, &[&str])] = &[
        ("acme.cert-manager.io", &["Challenge"]),
        ("argoproj.io", &["AnalysisTemplate", "ClusterAnalysisTemplate", "ClusterWorkflowTemplate", "Experiment", "Rollout", "WorkflowTaskSet", "WorkflowTemplate"]),
        ("batch.volcano.sh", &["CronJob", "Job"]),
        ("cert-manager.io", &["ClusterIssuer", "Issuer"]),
        ("chaos-mesh.org", &["Schedule", "Workflow", "WorkflowNode"]),
        ("disaggregatedset.x-k8s.io", &["DisaggregatedSet"]),
        ("flow.volcano.sh", &["JobFlow", "JobTemplate"]),
        ("gateway.envoyproxy.io", &["EnvoyProxy"]),
        ("jobset.x-k8s.io", &["JobSet"]),
        ("k8up.io", &["PreBackupPod"]),
        ("keda.sh", &["ScaledJob"]),
        ("kubeflow.org", &["MPIJob", "MXJob", "PaddleJob", "PyTorchJob", "TFJob", "XGBoostJob"]),
        ("kueue.x-k8s.io", &["Workload"]),
        ("kuma.io", &["MeshGatewayConfig"]),
        ("leaderworkerset.x-k8s.io", &["LeaderWorkerSet"]),
        ("logging-extensions.banzaicloud.io", &["EventTailer"]),
        ("logging.banzaicloud.io", &["FluentdConfig", "Logging", "NodeAgent", "SyslogNGConfig"]),
        ("mlops.seldon.io", &["SeldonConfig", "ServerConfig"]),
        ("opentelemetry.io", &["Instrumentation"]),
        ("pkg.crossplane.io", &["ControllerConfig", "DeploymentRuntimeConfig"]),
        ("postgresql.cnpg.io", &["Cluster"]),
        ("serving.knative.dev", &["Configuration", "Revision", "Service"]),
        ("serving.kserve.io", &["ClusterServingRuntime", "ClusterStorageContainer", "LLMInferenceServiceConfig", "ServingRuntime"]),
        ("shipwright.io", &["BuildStrategy", "ClusterBuildStrategy"]),
        ("tekton.dev", &["Pipeline", "StepAction", "Task"]),
        ("trainer.kubeflow.org", &["ClusterTrainingRuntime", "TrainingRuntime"]),
        ("troubleshoot.sh", &["Collector", "Preflight", "SupportBundle"]),
        ("upgrade.cattle.io", &["Plan"]),
    ];

    #[test]
    fn every_kind_with_a_row_makes_pods_or_is_known_to_make_none() {
        for row in Workloads::operators() {
            let is_none = NONE.iter().any(|(own, kinds)| *own == row.group && kinds.contains(&&*row.kind));
            assert!(is_known(&row.group, &row.kind) != is_none, "{} {}", row.group, row.kind);
        }
    }
}
