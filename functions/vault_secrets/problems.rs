//! What cannot be right in a spec although each field is.

use super::auth::{Auth, Method};
use super::spec::{Provider, Secret, Spec, Wiring};
use krmor_core::config::Problem;
use krmor_core::kube::DataKey;
use krmor_yaml::escape_token;

/// Collects problems.
#[derive(Default)]
struct Found(Vec<Problem>);

impl Found {
    fn add(&mut self, field: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Problem::new(&field.into(), problem, remedy));
    }
}

impl Spec {
    /// What is contradictory, or cannot be served by the provider.
    pub(super) fn find_problems(&self) -> Vec<Problem> {
        let mut found = Found::default();
        self.auth_problems(&mut found);
        self.connection_problems(&mut found);
        for (at, secret) in self.secrets.iter().enumerate() {
            secret.problems(self, &format!("/secrets/{at}"), &mut found);
            if let Some(first) = self.secrets.iter().take(at).position(|other| other.name == secret.name) {
                let problem = format!("`{}` is the name of secrets[{first}] too", secret.name.as_str());
                found.add(format!("/secrets/{at}/name"), problem, "give each entry a name of its own");
            }
        }
        if self.secrets.is_empty() && self.convert.is_none() {
            found.add("", "there is nothing to do", "list `secrets`, or write `convert: {}`");
        }
        if self.provider == Provider::AgentInjector && self.convert.is_some() {
            let problem = "the agent makes files, and what is converted is a Kubernetes Secret";
            found.add("/convert", problem, "list the secrets under `secrets`, or take another provider");
        }
        for (field, is_set, provider) in [
            ("store", self.store.is_some(), Provider::ExternalSecrets),
            ("restart", self.restart.is_some(), Provider::Vso),
            ("initFirst", self.init_first.is_some(), Provider::AgentInjector),
        ] {
            if is_set && self.provider != provider {
                found.add(
                    format!("/{field}"),
                    format!("is read with `provider: {}` only", provider.name()),
                    "remove it",
                );
            }
        }
        if self.refresh_after.is_some() && matches!(self.provider, Provider::AgentInjector | Provider::Csi) {
            found.add("/refreshAfter", "an operator reads it; this provider has a setting of its own", "remove it");
        }
        found.0
    }

    fn auth_problems(&self, found: &mut Found) {
        let provider = self.provider;
        let Some(auth) = &self.auth else {
            match provider {
                Provider::ExternalSecrets if self.store.is_none() => found.add(
                    "",
                    "nothing says which store has the secrets",
                    "name a `store` that is there, or write `connection` and `auth`",
                ),
                Provider::AgentInjector | Provider::Csi => {
                    let problem = format!("`{}` logs in with a role, and there is none", provider.name());
                    found.add("/auth", problem, "write `auth: {kubernetes: {role: …}}`");
                }
                _ => {}
            }
            return;
        };
        let methods: Vec<String> = auth.methods().iter().map(|method| format!("`{}`", method.names().0)).collect();
        if methods.len() > 1 {
            found.add("/auth", format!("{} are methods, and one is used", methods.join(" and ")), "keep one");
        }
        let elsewhere = auth.existing.is_some() || auth.global.is_some();
        if methods.is_empty() && !elsewhere {
            let remedy = "write one of `kubernetes`, `jwt`, `appRole`, `aws`, `gcp`";
            found.add("/auth", "it has no method", remedy);
        }
        if elsewhere && provider != Provider::Vso {
            let field = if auth.existing.is_some() { "existing" } else { "global" };
            let remedy = "remove it, or write `provider: vso`";
            found.add(format!("/auth/{field}"), "is an object of the Vault Secrets Operator", remedy);
        }
        if auth.existing.is_some() && (!methods.is_empty() || auth.global.is_some() || auth.mount.is_some()) {
            let problem = "that VaultAuth says how to log in";
            found.add("/auth/existing", problem, "remove the other fields of `auth`, or this one");
        }
        if self.store.is_some() {
            found.add("/auth", "the `store` that is there says how to log in", "remove one of the two");
        }
        self.method_problems(auth, found);
    }

    fn method_problems(&self, auth: &Auth, found: &mut Found) {
        let Some(method) = auth.method() else { return };
        let field = format!("/auth/{}", method.names().0);
        if method.role().is_empty() && !matches!(method, Method::AppRole(_)) && auth.global.is_none() {
            found.add(format!("{field}/role"), "is empty", "name the role of the auth method");
        }
        match (self.provider, method) {
            (Provider::Csi, Method::AppRole(_) | Method::Aws(_) | Method::Gcp(_)) => {
                let problem = "Vault's CSI provider logs in by the pod's ServiceAccount only";
                found.add(field, problem, "write `kubernetes` or `jwt`, or take another provider");
            }
            (Provider::Csi | Provider::AgentInjector, Method::Kubernetes(_) | Method::Jwt(_))
                if method.service_account().0.is_some() =>
            {
                let problem = "the login is by the pod's own ServiceAccount";
                found.add(format!("{field}/serviceAccount"), problem, "remove it");
            }
            (Provider::Csi | Provider::AgentInjector, Method::Jwt(jwt)) if jwt.secret.is_some() => {
                found.add(format!("{field}/secret"), "the login is by the pod's own ServiceAccount", "remove it");
            }
            (Provider::Vso, Method::Gcp(gcp)) if gcp.service_account.is_none() => {
                let remedy = "name a ServiceAccount with a workload identity";
                found.add(format!("{field}/serviceAccount"), "is missing, and the operator needs it", remedy);
            }
            _ => {}
        }
    }

    fn connection_problems(&self, found: &mut Found) {
        let Some(connection) = &self.connection else {
            if self.provider == Provider::ExternalSecrets && self.auth.is_some() && self.store.is_none() {
                let problem = "a SecretStore needs the address of Vault";
                found.add("/connection", problem, "write `connection: {address: …}`, or name a `store`");
            }
            return;
        };
        let provider = self.provider;
        let mut only = |field: &str, is_set: bool, providers: &[Provider]| {
            if is_set && !providers.contains(&provider) {
                let names: Vec<String> = providers.iter().map(|one| format!("`{}`", one.name())).collect();
                found.add(
                    format!("/connection/{field}"),
                    format!("is read with {} only", names.join(" and ")),
                    "remove it",
                );
            }
        };
        only("name", connection.name.is_some(), &[Provider::Vso]);
        only(
            "tlsServerName",
            connection.tls_server_name.is_some(),
            &[Provider::Vso, Provider::AgentInjector, Provider::Csi],
        );
        let with_ca = [Provider::Vso, Provider::ExternalSecrets, Provider::AgentInjector];
        only("caSecret", connection.ca_secret.is_some(), &with_ca);
        only("skipTlsVerify", connection.skip_tls_verify, &[Provider::Vso, Provider::AgentInjector, Provider::Csi]);
        if provider == Provider::ExternalSecrets && self.store.is_some() {
            found.add("/connection", "the `store` that is there says where Vault is", "remove one of the two");
        } else if provider == Provider::ExternalSecrets && connection.address.is_none() {
            found.add("/connection/address", "is missing, and a SecretStore needs it", "write the URL of Vault");
        }
        let foreign = connection.name.as_ref().is_some_and(|name| name.as_str().contains('/'));
        if foreign && connection.address.is_some() {
            let problem = "with an `address` a VaultConnection is made beside the workload, in its namespace";
            found.add("/connection/name", problem, "take out the namespace, or the address");
        }
        let has_object = connection.address.is_some() || connection.name.is_some();
        if provider == Provider::Vso && has_object && self.auth.as_ref().is_none_or(|auth| auth.existing.is_some()) {
            let problem = "a VaultConnection is named by a VaultAuth, and none is made";
            found.add("/connection", problem, "write a method under `auth`, or remove it");
        }
        let details =
            connection.ca_secret.is_some() || connection.tls_server_name.is_some() || connection.skip_tls_verify;
        if provider == Provider::Vso && details && connection.address.is_none() {
            found.add("/connection/address", "is missing: TLS is a matter of the VaultConnection", "write it");
        }
    }
}

impl Secret {
    /// How containers get it.
    pub(super) fn wiring(&self) -> Wiring {
        self.wiring.unwrap_or(if self.pki.is_some() { Wiring::Files } else { Wiring::EnvFrom })
    }

    pub(super) fn is_files(&self) -> bool {
        self.wiring() == Wiring::Files
    }

    pub(super) fn secret_type(&self) -> Option<String> {
        self.secret_type.clone().or_else(|| self.pki.as_ref().map(|_| "kubernetes.io/tls".to_owned()))
    }

    fn problems(&self, spec: &Spec, at: &str, found: &mut Found) {
        use Provider::{AgentInjector, Csi, Vso};
        let provider = spec.provider;
        let sources = [self.kv.is_some(), self.dynamic.is_some(), self.pki.is_some()];
        if sources.iter().filter(|is| **is).count() != 1 {
            let problem = "it needs exactly one of `kv`, `dynamic` and `pki`";
            found.add(at, problem, "say where in Vault the secret is");
        }
        let served = |is_set: bool, providers: &[Provider]| !is_set || providers.contains(&provider);
        let refuse = |found: &mut Found, field: &str, others: &str| {
            let problem = format!("`{}` does not serve it", provider.name());
            found.add(format!("{at}/{field}"), problem, format!("take {others} for it, in a config of its own"));
        };
        if !served(self.dynamic.is_some(), &[Vso, AgentInjector, Csi]) {
            refuse(found, "dynamic", "`vso`, `agent-injector` or `csi`");
        }
        if !served(self.pki.is_some(), &[Vso, AgentInjector]) {
            refuse(found, "pki", "`vso` or `agent-injector`");
        }
        if !served(!self.transformation_refs.is_empty(), &[Vso]) {
            refuse(found, "transformationRefs", "`vso`");
        }
        if !served(!self.templates.is_empty(), &[Vso, AgentInjector, Provider::ExternalSecrets]) {
            refuse(found, "templates", "`vso`, `external-secrets` or `agent-injector`");
        }
        for (name, template) in &self.templates {
            let field = format!("{at}/templates/{}", escape_token(name));
            if let Err(problem) = DataKey::check(name) {
                found.add(&field, problem, "give it another name");
            }
            if template.values().next().is_some()
                && self.keys.as_ref().is_some_and(|keys| keys.0.iter().any(|(key, _)| key == name))
            {
                found.add(field, "is one of `keys` too", "give it another name");
            }
        }
        if self.pki.is_some() && (self.keys.is_some() || !self.templates.is_empty()) {
            found.add(format!("{at}/pki"), "a certificate has keys of its own", "remove `keys` and `templates`");
        }
        let kv = self.kv.as_ref();
        if kv.is_some_and(|kv| kv.version.is_some() && kv.engine == Some(super::spec::EngineVersion::V1)) {
            found.add(format!("{at}/kv/version"), "engine version 1 keeps no versions", "remove it");
        }
        if self.dynamic.as_ref().and_then(|it| it.renewal_percent).is_some_and(|percent| !(1..=90).contains(&percent)) {
            found.add(format!("{at}/dynamic/renewalPercent"), "is no percentage from 1 to 90", "correct it");
        }
        self.wiring_problems(provider, at, found);
    }

    fn wiring_problems(&self, provider: Provider, at: &str, found: &mut Found) {
        let wiring = self.wiring();
        let no_keys = self.keys.is_none() && self.templates.is_empty();
        let needs = match (provider, wiring) {
            (_, Wiring::Env) => Some("each variable is a key that is named"),
            (Provider::Csi, _) => Some("the CSI driver fetches keys one by one"),
            (Provider::AgentInjector, Wiring::Files) => Some("the agent writes one file for each key"),
            _ => None,
        };
        if let Some(why) = needs.filter(|_| no_keys && self.pki.is_none()) {
            found.add(format!("{at}/keys"), format!("is missing: {why}"), "list the keys");
        }
        if self.pki.is_some() && matches!(wiring, Wiring::Env | Wiring::EnvFrom) {
            found.add(format!("{at}/as"), "programs read certificates from files", "write `as: files`");
        }
        if self.mount_path.is_some() && wiring != Wiring::Files {
            found.add(format!("{at}/mountPath"), "is read with `as: files` only", "remove it");
        }
        if matches!(wiring, Wiring::Env | Wiring::EnvFrom) {
            let digit = |name: &&str| name.starts_with(|c: char| c.is_ascii_digit());
            if let Some(name) = self.names().find(digit) {
                let problem = format!("`{name}` is no name of a variable: it starts with a digit");
                found.add(format!("{at}/keys"), problem, "give the key another name: `keys: {NAME: key}`");
            }
            let shell = |name: &&str| !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if let Some(name) = self.names().find(shell).filter(|_| provider == Provider::AgentInjector) {
                let problem = format!("`{name}` is no name of a variable that a shell can export");
                found.add(format!("{at}/keys"), problem, "give the key another name: `keys: {NAME: key}`");
            }
        }
        if provider == Provider::AgentInjector && wiring == Wiring::None {
            found.add(format!("{at}/as"), "the agent makes nothing that others could refer to", "write `as: files`");
        }
        if provider == Provider::AgentInjector {
            let unique = self.names().map(|name| format!("{}-{name}", self.name.as_str()));
            let long = unique.chain([self.name.as_str().to_owned()]).find(|unique| unique.len() > 63 - 22);
            if let Some(long) = long {
                let problem = format!("`{long}` is too long for a name in annotations of the injector (41 characters)");
                found.add(format!("{at}/name"), problem, "shorten it");
            }
        }
    }

    /// The keys that are named.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let keys = self.keys.iter().flat_map(|keys| keys.0.iter().map(|(name, _)| name.as_str()));
        keys.chain(self.templates.keys().map(String::as_str))
    }
}
