//! What operators of databases, queues and searches make for their users: Services and Secrets, by the names that they give
//! them unless a field says otherwise. A `*` in a name stands for the object's own.

use super::kinds::text;
use super::{Made, Name, SECRET, SERVICE};
use crate::stream::Object;
use krmor_yaml::Node;

/// A kind: its group and its name, or `*` for every kind of the group; the Services and the Secrets.
struct Row {
    group: &'static str,
    kind: &'static str,
    services: &'static [&'static str],
    secrets: &'static [&'static str],
}

const fn row(
    group: &'static str,
    kind: &'static str,
    services: &'static [&'static str],
    secrets: &'static [&'static str],
) -> Row {
    Row { group, kind, services, secrets }
}

const OF_CNPG: (&[&str], &[&str]) =
    (&["*-rw", "*-ro", "*-r"], &["*-app", "*-superuser", "*-ca", "*-server", "*-replication"]);
const OF_CRUNCHY: &[&str] = &["*-primary", "*-replicas", "*-ha", "*-pgbouncer", "*-pods"];

/// Each with its source: a repository and the file in it that gives the names.
#[rustfmt::skip] // a table reads best with one row on one line
const ROWS: &[Row] = &[
    // Altinity/clickhouse-operator pkg/model/chi/namer/patterns.go (`clickhouse-{chi}`)
    row("clickhouse.altinity.com", "ClickHouseInstallation", &["clickhouse-*"], &[]),
    // cockroachdb/cockroach-operator pkg/resource/cluster.go
    row("crdb.cockroachlabs.com", "CrdbCluster", &["*", "*-public"], &[]),
    // elastic/cloud-on-k8s pkg/apis/elasticsearch/v1/name.go, pkg/apis/kibana/v1/name.go, pkg/controller/apmserver/name.go,
    // pkg/controller/common/certificates/secret.go
    row("apm.k8s.elastic.co", "ApmServer", &["*-apm-http"], &["*-apm-token"]),
    row("elasticsearch.k8s.elastic.co", "Elasticsearch", &["*-es-http", "*-es-internal-http", "*-es-transport"],
        &["*-es-elastic-user", "*-es-http-certs-public"]),
    row("kibana.k8s.elastic.co", "Kibana", &["*-kb-http"], &[]),
    // strimzi/strimzi-kafka-operator api/…/KafkaResources.java (ZooKeeper's up to 0.45), KafkaConnectResources.java,
    // KafkaBridgeResources.java; listeners: see `given`
    row("kafka.strimzi.io", "Kafka", &["*-kafka-bootstrap", "*-kafka-brokers", "*-zookeeper-client"],
        &["*-cluster-ca-cert", "*-clients-ca-cert"]),
    row("kafka.strimzi.io", "KafkaBridge", &["*-bridge-service"], &[]),
    row("kafka.strimzi.io", "KafkaConnect", &["*-connect-api"], &[]),
    // mariadb-operator/mariadb-operator api/v1alpha1/mariadb_keys.go, maxscale_keys.go, internal/controller (the bare names)
    row("k8s.mariadb.com", "MariaDB", &["*", "*-primary", "*-secondary", "*-internal"], &[]),
    row("k8s.mariadb.com", "MaxScale", &["*", "*-internal"], &[]),
    // minio/operator pkg/apis/minio.min.io/v2/names.go, constants.go (`minio` in the tenant's namespace)
    row("minio.min.io", "Tenant", &["minio", "*-hl", "*-console"], &[]),
    // mongodb/mongodb-kubernetes-operator api/v1/mongodbcommunity_types.go
    row("mongodbcommunity.mongodb.com", "MongoDBCommunity", &["*-svc"], &[]),
    // mongodb/mongodb-kubernetes api/mongodb/v1/mdb/mongodb_types.go, pkg/dns/dns.go
    row("mongodb.com", "MongoDB", &["*-svc"], &[]),
    // bitpoke/mysql-operator pkg/internal/mysqlcluster/mysqlcluster.go (`mysql` is the namespace's headless one)
    row("mysql.presslabs.org", "MysqlCluster", &["*-mysql", "*-mysql-master", "*-mysql-replicas", "mysql"], &["*-mysql-operated"]),
    // mysql/mysql-operator mysqloperator/controller/innodbcluster/router_objects.py, cluster_objects.py
    row("mysql.oracle.com", "InnoDBCluster", &["*", "*-instances"], &[]),
    // zalando/postgres-operator pkg/cluster/k8sres.go, connection_pooler.go; Secrets: see `given`
    row("acid.zalan.do", "postgresql", &["*", "*-repl", "*-config", "*-pooler", "*-pooler-repl"], &[]),
    // cloudnative-pg/cloudnative-pg api/v1/cluster_types.go, pkg/specs/pgbouncer/services.go
    row("postgresql.cnpg.io", "Cluster", OF_CNPG.0, OF_CNPG.1),
    row("postgresql.cnpg.io", "Pooler", &["*"], &[]),
    // EnterpriseDB/docs product_docs/docs/postgres_for_kubernetes/1/service_management.mdx, applications.mdx, cnp-plugin.mdx;
    // Pooler: cloudnative-pg/cloudnative-pg before it was renamed, pkg/specs/pgbouncer/services.go at 57c763650
    row("postgresql.k8s.enterprisedb.io", "Cluster", OF_CNPG.0, OF_CNPG.1),
    row("postgresql.k8s.enterprisedb.io", "Pooler", &["*"], &[]),
    // CrunchyData/postgres-operator internal/naming/names.go, and the same in percona/percona-postgresql-operator, which is
    // made of it; Secrets of users: see `given`
    row("postgres-operator.crunchydata.com", "PostgresCluster", OF_CRUNCHY, &["*-cluster-cert"]),
    row("pgv2.percona.com", "PerconaPGCluster", OF_CRUNCHY, &["*-cluster-cert"]),
    // reactive-tech/kubegres internal/controller/ctx/KubegresContext.go
    row("kubegres.reactive-tech.io", "Kubegres", &["*", "*-replica"], &[]),
    // ongres/stackgres stackgres-k8s/src/common/…/PatroniUtil.java, src/operator/…/PatroniServices.java, PatroniSecret.java
    row("stackgres.io", "SGCluster", &["*", "*-primary", "*-replicas"], &["*"]),
    // percona/percona-xtradb-cluster-operator pkg/pxc/service.go, pkg/apis/pxc/v1/pxc_types.go
    row("pxc.percona.com", "PerconaXtraDBCluster", &["*-pxc", "*-haproxy", "*-haproxy-replicas", "*-proxysql"], &[]),
    // percona/percona-server-mysql-operator pkg/mysql/mysql.go, pkg/haproxy/haproxy.go, pkg/router/router.go
    row("ps.percona.com", "PerconaServerMySQL", &["*-mysql", "*-mysql-primary", "*-mysql-proxy", "*-haproxy", "*-router"], &[]),
    // percona/percona-server-mongodb-operator pkg/naming/service.go; other replica sets: see `given`
    row("psmdb.percona.com", "PerconaServerMongoDB", &["*-mongos", "*-cfg"], &[]),
    // pingcap/tidb-operator pkg/controller/controller_utils.go of its branch release-1.6; 2.x has other kinds
    row("pingcap.com", "TidbCluster", &["*-tidb", "*-pd"], &[]),
    // rabbitmq/cluster-operator internal/resource/service.go, headless_service.go, default_user_secret.go
    row("rabbitmq.com", "RabbitmqCluster", &["*", "*-nodes"], &["*-default-user"]),
    // OT-CONTAINER-KIT/redis-operator internal/k8sutils/redis-standalone.go, redis-cluster.go, redis-replication.go,
    // redis-sentinel.go
    row("redis.redis.opstreelabs.in", "Redis", &["*", "*-headless", "*-additional"], &[]),
    row("redis.redis.opstreelabs.in", "RedisCluster", &["*-leader", "*-follower", "*-master"], &[]),
    row("redis.redis.opstreelabs.in", "RedisReplication", &["*", "*-headless", "*-additional", "*-master", "*-replica"], &[]),
    row("redis.redis.opstreelabs.in", "RedisSentinel", &["*-sentinel"], &[]),
    // spotahome/redis-operator operator/redisfailover/service/names.go, constants.go, generator.go
    row("databases.spotahome.com", "RedisFailover", &["rfs-*", "rfrm-*", "rfrs-*"], &[]),
    // dragonflydb/dragonfly-operator internal/resources/resources.go
    row("dragonflydb.io", "Dragonfly", &["*"], &[]),
    // scylladb/scylla-operator pkg/naming/names.go
    row("scylla.scylladb.com", "ScyllaCluster", &["*-client"], &[]),
    // kubedb/apimachinery apis/kubedb/v1, v1alpha2, *_helpers.go: `ServiceName`, `GoverningServiceName`, `GetAuthSecretName`;
    // RedisSentinel's Service: kubedb/docs docs/guides/redis/sentinel/redis-sentinel.md; standbys: see `given`
    row("kubedb.com", "Milvus", &["*"], &["*-auth"]),
    row("kubedb.com", "*", &["*", "*-pods"], &["*-auth"]),
];

/// What the operator of an object makes of it.
pub(super) fn made(object: &Object<'_>, group: &str, kind: &str) -> Vec<Made> {
    let Some(row) = ROWS.iter().find(|row| row.group == group && (row.kind == kind || row.kind == "*")) else {
        return given(object, group, kind);
    };
    let all = row.services.iter().map(|name| (SERVICE, *name)).chain(row.secrets.iter().map(|name| (SECRET, *name)));
    let mut out: Vec<Made> = all.map(|(made, name)| Made::open(made, Name::Own(name))).collect();
    out.extend(given(object, group, kind));
    out
}

/// What its fields name, and what only some kinds of a group have.
fn given(object: &Object<'_>, group: &str, kind: &str) -> Vec<Made> {
    let root = object.root();
    let items = |path: &[&str]| root.find(path).into_iter().flat_map(Node::items);
    let service = |name: String| Made::open(SERVICE, Name::Given(name));
    let secret = |name: String| Made::open(SECRET, Name::Given(name));
    let own = object.name();
    match (group, kind) {
        ("postgresql.cnpg.io" | "postgresql.k8s.enterprisedb.io", "Cluster") => {
            let more = items(&["spec", "managed", "services", "additional"]);
            more.filter_map(|one| text(one.find(&["serviceTemplate", "metadata", "name"]))).map(service).collect()
        }
        ("psmdb.percona.com", "PerconaServerMongoDB") => items(&["spec", "replsets"])
            .filter_map(|one| text(one.get("name")))
            .map(|set| service(format!("{own}-{set}")))
            .collect(),
        // k8ssandra/cass-operator apis/cassandra/v1beta1/cassandradatacenter_types.go: `{cluster}-{datacenter}-service`, of
        // the cluster's name without what no name of a Service may have
        ("cassandra.datastax.com", "CassandraDatacenter") => {
            let cluster = text(root.find(&["spec", "clusterName"]));
            let cluster = cluster.map(|name| name.to_ascii_lowercase().replace('_', "-").replace(' ', ""));
            cluster.into_iter().map(|cluster| service(format!("{cluster}-{own}-service"))).collect()
        }
        // strimzi/strimzi-kafka-operator cluster-operator/…/ListenersUtils.java
        ("kafka.strimzi.io", "Kafka") => items(&["spec", "kafka", "listeners"])
            .filter(|one| text(one.get("type")).as_deref() != Some("internal"))
            .filter_map(|one| text(one.get("name")))
            .map(|name| service(format!("{own}-kafka-{name}-bootstrap")))
            .collect(),
        // kubedb/apimachinery apis/kubedb/v1, v1alpha2, *_helpers.go: `StandbyServiceName`
        ("kubedb.com", "DocumentDB" | "Kafka" | "MariaDB" | "MySQL" | "Oracle" | "Postgres" | "Redis") => {
            vec![service(format!("{own}-standby"))]
        }
        // zalando/postgres-operator pkg/cluster/util.go, pkg/util/config/config.go (`secret_name_template`)
        ("acid.zalan.do", "postgresql") => {
            let users =
                root.find(&["spec", "users"]).into_iter().flat_map(Node::entries).map(|(user, _)| user.into_owned());
            let end = "credentials.postgresql.acid.zalan.do";
            users.map(|user| secret(format!("{}.{own}.{end}", user.replace('_', "-")))).collect()
        }
        ("postgres-operator.crunchydata.com", "PostgresCluster") | ("pgv2.percona.com", "PerconaPGCluster") => {
            // A user of the cluster's name, unless there is a list of them; `secretName` is Percona's.
            let of_user = |user: &str| format!("{own}-pguser-{user}");
            let Some(users) = root.find(&["spec", "users"]).filter(|users| !users.is_null()) else {
                return vec![secret(of_user(&own))];
            };
            let by_name = |user: Node<'_>| text(user.get("name")).map(|name| of_user(&name));
            let name = |user: Node<'_>| text(user.get("secretName")).or_else(|| by_name(user));
            users.items().filter_map(name).map(secret).collect()
        }
        _ => Vec::new(),
    }
}
