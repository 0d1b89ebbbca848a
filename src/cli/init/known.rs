//! Images that many use: what they run as, how they are asked, where they write. It is only ever proposed, with its source: nobody
//! knows what a tag is today.

use super::beside::{last_part, without_tag};

/// One image.
pub(super) struct Known {
    /// The end of its name, without registry and tag: whole parts.
    image: &'static str,
    /// Part of the tags that it is about; empty for all others.
    tag: &'static str,
    /// The user that it can run as.
    pub(super) uid: u32,
    /// A probe, as the handler of a `Probes` spec.
    pub(super) probe: &'static str,
    /// Where it writes, beside its data.
    pub(super) writes: &'static [&'static str],
    /// Where that is said.
    pub(super) source: &'static str,
}

/// A row that has a tag stands before the one for all tags.
const KNOWN: &[Known] = &[
    Known {
        image: "postgres",
        tag: "alpine",
        uid: 70,
        probe: "exec: {command: [pg_isready, -q, -U, USER]}",
        writes: &["/var/run/postgresql", "/tmp"],
        source: "docker-library/postgres, Dockerfile-alpine.template",
    },
    Known {
        image: "postgres",
        tag: "",
        uid: 999,
        probe: "exec: {command: [pg_isready, -q, -U, USER]}",
        writes: &["/var/run/postgresql", "/tmp"],
        source: "docker-library/postgres, Dockerfile-debian.template",
    },
    Known {
        image: "redis",
        tag: "",
        uid: 999,
        probe: "exec: {command: [redis-cli, ping]}",
        writes: &["/data"],
        source: "docker-library/redis, Dockerfile",
    },
    Known {
        image: "mysql",
        tag: "",
        uid: 999,
        probe: "tcp: {port: 3306}",
        writes: &["/var/run/mysqld", "/tmp"],
        source: "docker-library/mysql, Dockerfile.oracle",
    },
    Known {
        image: "mongo",
        tag: "",
        uid: 999,
        probe: "exec: {command: [mongosh, --quiet, --eval, \"db.adminCommand('ping')\"]}",
        writes: &["/data/configdb", "/tmp"],
        source: "docker-library/mongo, Dockerfile",
    },
    Known {
        image: "rabbitmq",
        tag: "",
        uid: 999,
        probe: "exec: {command: [rabbitmq-diagnostics, -q, ping]}",
        writes: &["/var/lib/rabbitmq", "/tmp"],
        source: "docker-library/rabbitmq, Dockerfile-ubuntu.template",
    },
    Known {
        image: "nginxinc/nginx-unprivileged",
        tag: "",
        uid: 101,
        probe: "tcp: {port: 8080}",
        writes: &["/tmp"],
        source: "nginxinc/docker-nginx-unprivileged, README.md",
    },
    Known {
        image: "nginx",
        tag: "",
        uid: 101,
        probe: "tcp: {port: 8080}",
        writes: &["/var/cache/nginx", "/run", "/tmp"],
        source: "nginxinc/docker-nginx, Dockerfile; as uid 101 it must listen on a port above 1023",
    },
    Known {
        image: "minio",
        tag: "",
        uid: 1000,
        probe: "http: {path: /minio/health/live, port: 9000}",
        writes: &["/tmp"],
        source: "minio/minio, docs/metrics/healthcheck; the image has no user, any uid will do that owns the data",
    },
    Known {
        image: "mlflow",
        tag: "",
        uid: 1000,
        probe: "http: {path: /health, port: 5000}",
        writes: &["/tmp"],
        source: "mlflow/mlflow, mlflow/server; the image has no user, any uid will do that owns the data",
    },
    Known {
        image: "grafana/grafana",
        tag: "",
        uid: 472,
        probe: "http: {path: /api/health, port: 3000}",
        writes: &["/var/lib/grafana"],
        source: "grafana/grafana, Dockerfile",
    },
    Known {
        image: "prom/prometheus",
        tag: "",
        uid: 65534,
        probe: "http: {path: /-/healthy, port: 9090}",
        writes: &["/prometheus"],
        source: "prometheus/prometheus, Dockerfile",
    },
];

/// What is known of an image.
pub(super) fn of(image: &str) -> Option<&'static Known> {
    let name = without_tag(image);
    let tag = image.strip_prefix(name).unwrap_or_default();
    let is_it = |one: &&Known| {
        let ends = name == one.image || name.strip_suffix(one.image).is_some_and(|before| before.ends_with('/'));
        ends && tag.contains(one.tag)
    };
    KNOWN.iter().find(is_it)
}

impl Known {
    /// How a comment calls it.
    pub(super) fn name(&self) -> String {
        let tag = if self.tag.is_empty() { String::new() } else { format!(" ({})", self.tag) };
        format!("{}{tag}", last_part(self.image))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_by_whole_parts_of_their_names() {
        let uid = |image: &str| of(image).map(|known| known.uid);
        assert_eq!(uid("docker.io/library/postgres:16-alpine"), Some(70));
        assert_eq!(uid("postgres@sha256:0000"), Some(999));
        assert_eq!(uid("localhost:5000/nginx"), Some(101));
        assert_eq!(uid("ghcr.io/example/not-nginx:1"), None);
        assert!(of("nginxinc/nginx-unprivileged:1").unwrap().name() == "nginx-unprivileged");
        assert!(KNOWN.iter().all(|known| known.uid > 0 && known.source.contains('/') && known.probe.contains('{')));
        // Every probe is one that a config can hold.
        for known in KNOWN {
            let config = format!(
                "apiVersion: krmor.dev/v1alpha1\nkind: Probes\nspec:\n  defaults:\n    {}\n  readiness: {{}}\n",
                known.probe
            );
            config.parse::<crate::Pipeline>().unwrap_or_else(|error| panic!("{}: {error}", known.image));
        }
    }
}
