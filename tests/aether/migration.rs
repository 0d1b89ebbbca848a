//! AE-12: the migration under an advisory lock, before the programs, whoever starts it.

use serde_json::{Value, json};

use super::{Copy, LIKE_PRODUCTION, REQUIRED, container, overlay, pod};
use crate::common::apps::{build, named, the};

/// The text of the migration, wherever it runs: the lock is taken before, and let go after.
fn is_the_migration(container: &Value, program: &Value) {
    assert_eq!(container["command"], json!(["python", "-c"]));
    let text = container["args"][0].as_str().unwrap();
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part} in {text}"));
    assert!(at("pg_advisory_lock") < at(r#"["alembic", "upgrade", "head"]"#));
    assert!(at(r#"["alembic", "upgrade", "head"]"#) < at("lock.close()"));
    for field in ["image", "env", "envFrom"] {
        assert_eq!(container[field], program[field], "{field}");
    }
}

fn wave(object: &Value) -> i64 {
    let wave = object["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"].as_str();
    wave.map_or(0, |wave| wave.parse().unwrap())
}

#[test]
fn ae_12_the_schema_comes_before_the_programs_and_behind_the_database() {
    for name in LIKE_PRODUCTION {
        let objects = overlay(name);
        let job = the(&objects, "Job");
        let notes = &job["metadata"]["annotations"];
        assert_eq!(notes["argocd.argoproj.io/hook"], "Sync", "{name}: PreSync would wait for the database for ever");
        assert_eq!(notes["argocd.argoproj.io/hook-delete-policy"], "BeforeHookCreation", "{name}");
        is_the_migration(&job["spec"]["template"]["spec"]["containers"][0], container(&objects, "Deployment", "api"));
        for needed in objects.iter().filter(|one| {
            ["StatefulSet", "ConfigMap", "ExternalSecret", "SecretStore", "NetworkPolicy"]
                .contains(&one["kind"].as_str().unwrap())
        }) {
            assert!(wave(needed) < wave(job), "{name}: {} {}", needed["kind"], needed["metadata"]["name"]);
        }
        for program in ["api", "scheduler"] {
            assert!(wave(named(&objects, "Deployment", program)) > wave(job), "{name}: {program}");
        }
    }
    let objects = overlay("dev");
    for program in ["api", "scheduler"] {
        let init = pod(&objects, "Deployment", program)["initContainers"].as_array().unwrap();
        is_the_migration(init.last().unwrap(), container(&objects, "Deployment", program));
    }
}

#[test]
fn ae_12_a_hook_before_the_stream_is_refused_while_the_database_is_in_it() {
    let database = json!({"name": "postgres", "kind": "StatefulSet"});
    for job in [
        json!({"hook": "argocd-presync", "database": database}),
        json!({"hook": "helm", "helm": 4, "database": database}),
    ] {
        let copy = Copy::new().functions("production", |all| all["migration"]["spec"]["job"] = job.clone());
        let said = copy.refused("production");
        assert!(
            said.contains("StatefulSet aether/postgres is of this stream") && said.contains("same-stream"),
            "{job}: {said}"
        );
    }
}

/// With a database elsewhere, and the settings in a release of their own (docs/aether.md), both hooks are right.
#[test]
fn ae_12_with_an_external_database_the_hooks_run_before() {
    let helm = ("helm.sh/hook", "pre-install,pre-upgrade");
    for (job, note) in [
        (json!({"hook": "argocd-presync"}), ("argocd.argoproj.io/hook", "PreSync")),
        (json!({"hook": "helm", "helm": 4}), helm),
    ] {
        let objects = build(&external_database(&job).path("production"));
        let found = the(&objects, "Job");
        assert_eq!(found["metadata"]["annotations"][note.0], note.1);
        is_the_migration(&found["spec"]["template"]["spec"]["containers"][0], container(&objects, "Deployment", "api"));
        assert!(!objects.iter().any(|one| {
            ["StatefulSet", "Namespace", "Secret", "ExternalSecret"].contains(&one["kind"].as_str().unwrap())
        }));
        let policies = named(&objects, "NetworkPolicy", "api-migrate")["spec"]["egress"].to_string();
        assert!(policies.contains("10.20.0.5/32"), "{policies}");
    }
    // Helm 3 takes hooks out before it calls a post-renderer: one that is made there would be no hook.
    let said = external_database(&json!({"hook": "helm", "helm": 3})).refused("production");
    assert!(said.contains("Helm 3"), "{said}");
}

/// The edits of docs/aether.md, "With a database elsewhere".
fn external_database(job: &Value) -> Copy {
    let mut copy = Copy::new()
        .edit("base/kustomization.yaml", "  - namespace.yaml\n  - postgres.yaml\n", "")
        .edit("base/kustomization.yaml", "  - name: aether\n    envs:\n      - aether.env\n", "")
        .edit("overlays/production/kustomization.yaml", "  - serviceaccount.yaml\n", "");
    let path = "overlays/production/kustomization.yaml";
    let own = std::fs::read_to_string(copy.0.0.join(path)).unwrap();
    let (start, end) = (own.find("configMapGenerator:").unwrap(), own.find("# Hardening").unwrap());
    copy = copy.edit(path, &own[start..end], "");
    copy.functions("production", |all| {
        let functions = all.as_object_mut().unwrap();
        for name in ["vault", "vault-postgres", "probes-postgres", "security-context-postgres", "guardrails"] {
            functions.remove(name);
        }
        let settings = ["ENVIRONMENT", "HA_URL", "DATABASE_POOL_SIZE", "DATABASE_MAX_OVERFLOW"];
        all["environment"]["spec"]["external"] = json!([
            {"configMap": "aether", "keys": settings}, {"secret": "aether", "keys": REQUIRED}, {"secret": "aether-optional"},
        ]);
        all["migration"]["spec"]["job"] = job.clone();
        all["migration"]["spec"]["job"]["externalDatabase"] = json!(true);
        all["migration"]["spec"].as_object_mut().unwrap().remove("followers");
        let containers = all["resources"]["spec"]["containers"].as_array_mut().unwrap();
        containers.retain(|one| one["name"] != "postgres");
        all["availability-storage"]["spec"]["targets"].as_array_mut().unwrap().remove(0);
        all["network-policies"]["spec"]["peers"]["postgres"] = json!({"ipBlocks": [{"cidr": "10.20.0.5/32"}], "ports": [5432]});
        let pool = &mut all["checks"]["spec"]["pools"]["postgres"];
        pool.as_object_mut().unwrap().remove("server");
        pool["maxConnections"] = json!(200);
        for client in ["api", "scheduler"] {
            pool["clients"][client]["poolSize"] = json!(5);
            pool["clients"][client]["overflow"] = json!(10);
        }
    })
}
