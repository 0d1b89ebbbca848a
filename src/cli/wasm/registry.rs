//! What `krmor wasm run` needs of a registry: blobs and manifests by digest (OCI distribution specification, "Pull").

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docker_credential::{CredentialRetrievalError, DockerCredential};
use serde_json::Value;
use ureq::http::{Response, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::super::{Failure, Result};
use super::reference::all;

const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                         application/vnd.docker.distribution.manifest.v2+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json";

/// Whether a host, with a port or without, is this machine: only there a registry has no TLS.
fn is_local(host: &str) -> bool {
    matches!(host.split(':').next(), Some("localhost" | "127.0.0.1"))
}

/// A repository of a registry.
pub(super) struct Registry {
    host: String,
    name: String,
    agent: Agent,
    /// The `Authorization` header, once the registry has asked for one.
    authorization: Option<String>,
}

impl Registry {
    pub(super) fn new(host: &str, name: &str) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .https_only(!is_local(host))
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_global(Some(Duration::from_secs(60)))
            .http_status_as_error(false)
            .build()
            .new_agent();
        Self { host: host.to_owned(), name: name.to_owned(), agent, authorization: None }
    }

    /// A blob by its digest; what comes is not compared with it here.
    ///
    /// # Errors
    /// When the registry does not give it.
    pub(super) fn get(&mut self, digest: &str, limit: u64, manifest: bool) -> Result<Vec<u8>> {
        let scheme = if is_local(&self.host) { "http" } else { "https" };
        let path = if manifest { "manifests" } else { "blobs" };
        let url = format!("{scheme}://{}/v2/{}/{path}/{digest}", self.host, self.name);
        let mut response = self.ask(&url)?;
        if response.status() == StatusCode::UNAUTHORIZED && self.authorization.is_none() {
            self.authorization = Some(self.authorize(&response)?);
            response = self.ask(&url)?;
        }
        if response.status() != StatusCode::OK {
            return Err(self.failed(&format!("{} for {digest}", response.status())));
        }
        all(response.into_body().into_reader(), limit, &format!("{}/{}", self.host, self.name))
    }

    fn failed(&self, why: &str) -> Failure {
        Failure::internal(format!("{}/{}: {why}", self.host, self.name))
    }

    fn ask(&self, url: &str) -> Result<Response<Body>> {
        let mut request = self.agent.get(url).header(header::ACCEPT, MANIFESTS);
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        request.call().map_err(|error| self.failed(&error.to_string()))
    }

    /// What the registry wants to be told, by what its refusal says of it.
    fn authorize(&self, refusal: &Response<Body>) -> Result<String> {
        let asked = refusal.headers().get(header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
        let (scheme, parameters) = asked.and_then(|asked| asked.split_once(' ')).unwrap_or_default();
        let login = self.login()?;
        if scheme.eq_ignore_ascii_case("basic") {
            return login.ok_or_else(|| self.failed("it wants a login: docker login"));
        }
        let parameter = |name: &str| {
            let (_, rest) = parameters.split_once(&format!("{name}=\""))?;
            rest.split('"').next()
        };
        let Some(realm) = parameter("realm").filter(|_| scheme.eq_ignore_ascii_case("bearer")) else {
            return Err(self.failed("it refuses, and does not say what it wants to be told"));
        };
        // Credentials do not travel in the open.
        let plain = realm.strip_prefix("http://").map(|rest| rest.split('/').next().unwrap_or_default());
        if !(realm.starts_with("https://") || plain.is_some_and(|host| is_local(host) && is_local(&self.host))) {
            return Err(self.failed("its tokens come from a place without TLS"));
        }
        let mut request = self.agent.get(realm);
        for name in ["service", "scope"] {
            if let Some(value) = parameter(name) {
                request = request.query(name, value);
            }
        }
        if let Some(login) = login {
            request = request.header(header::AUTHORIZATION, login);
        }
        let response = request.call().map_err(|error| self.failed(&error.to_string()))?;
        if response.status() != StatusCode::OK {
            return Err(self.failed(&format!("{} for a token; docker login", response.status())));
        }
        let mut text = String::new();
        let read = response.into_body().into_reader().take(1 << 20).read_to_string(&mut text);
        read.map_err(|error| self.failed(&error.to_string()))?;
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        let token = ["token", "access_token"].iter().find_map(|key| answer.get(key).and_then(Value::as_str));
        token.map(|token| format!("Bearer {token}")).ok_or_else(|| self.failed("it gives no token"))
    }

    /// What `docker login` has kept for this registry, as a header.
    fn login(&self) -> Result<Option<String>> {
        match docker_credential::get_credential(&self.host) {
            Ok(DockerCredential::UsernamePassword(user, password)) => {
                Ok(Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))))
            }
            Ok(DockerCredential::IdentityToken(_)) => {
                Err(self.failed("its login is an identity token, which is not known here"))
            }
            Err(
                CredentialRetrievalError::ConfigNotFound
                | CredentialRetrievalError::ConfigReadError
                | CredentialRetrievalError::NoCredentialConfigured,
            ) => Ok(None),
            // How helpers say that they have none, for which there is no code.
            Err(CredentialRetrievalError::HelperFailure { stdout, stderr, .. })
                if [&stdout, &stderr].iter().any(|told| told.contains("credentials not found")) =>
            {
                Ok(None)
            }
            Err(_) => Err(self.failed("the login that docker keeps for it cannot be read")),
        }
    }
}
