//! Where a module is: a file, or, by digest, an OCI layout or a registry. What has a digest is compared with it before
//! anything else looks at it.

use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::super::{Failure, Result};
use super::cache::Cache;
use super::registry::Registry;

/// Longest module.
const MAX_MODULE: u64 = 256 << 20;
/// Longest manifest or index of an image.
const MAX_MANIFEST: u64 = 4 << 20;

/// `sha256:` and the digest of bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    let mut out = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Whether a text is `sha256:` and 64 hexadecimal digits, in lower case.
pub(super) fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:");
    hex.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
}

/// A module's place.
#[derive(Debug)]
pub(super) enum Reference {
    File(PathBuf),
    /// A folder in the OCI image layout, and the digest of a manifest or an index.
    Layout(PathBuf, String),
    /// A registry, a repository in it, and a digest as before.
    Registry(String, String, String),
}

impl Reference {
    /// Reads a reference.
    ///
    /// # Errors
    /// When an OCI layout or a registry comes without a digest, or is not written as one.
    pub(super) fn read(text: &str) -> Result<Self> {
        let wrong = |why: &str| Failure::usage(format!("{text}: {why}"));
        let layout = text.starts_with("oci:");
        // What is written as a reference is one, whatever files there are: a file would not be compared with the digest.
        let Some((place, digest)) = text.rsplit_once('@').filter(|(_, digest)| layout || digest.starts_with("sha256:"))
        else {
            if layout || !Path::new(text).exists() && text.contains('/') && text.contains(':') {
                return Err(wrong("a reference must end in a digest, @sha256:…: what a tag means can change"));
            }
            return Ok(Self::File(text.into()));
        };
        if !is_digest(digest) {
            return Err(wrong("a digest is `sha256:` and 64 hexadecimal digits"));
        }
        let digest = digest.to_owned();
        if let Some(place) = place.strip_prefix("oci:") {
            return Ok(Self::Layout(place.into(), digest));
        }
        let Some((host, name)) =
            place.split_once('/').filter(|(host, _)| host.contains(['.', ':']) || *host == "localhost")
        else {
            return Err(wrong("a reference begins with the host of its registry: registry.example.com/name@sha256:…"));
        };
        // What is behind a tag and a digest is what the digest says.
        let name = name.rsplit_once(':').map_or(name, |(name, _)| name);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        if name.is_empty() || !name.bytes().all(plain) || name.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(wrong("that is no name of a repository"));
        }
        Ok(Self::Registry(host.to_owned(), name.to_owned(), digest))
    }

    /// The digest that the reference itself has.
    pub(super) fn pinned(&self) -> Option<&str> {
        match self {
            Self::File(_) => None,
            Self::Layout(_, digest) | Self::Registry(_, _, digest) => Some(digest),
        }
    }

    /// Gets the module. What comes by digest is kept in the cache, and compared with its digest each time.
    ///
    /// # Errors
    /// When it cannot be had, or is not what its digest says.
    pub(super) fn get(&self, cache: Option<&Cache>) -> Result<Vec<u8>> {
        match self {
            Self::File(path) => file(path, MAX_MODULE),
            Self::Layout(folder, digest) => image(digest, &mut |digest, limit, _| {
                let path = folder.join("blobs").join(digest.replacen(':', "/", 1));
                file(&path, limit)
            }),
            Self::Registry(host, name, digest) => {
                let mut registry = Registry::new(host, name);
                image(digest, &mut |digest, limit, manifest| {
                    let known = cache.and_then(|cache| cache.blob(digest));
                    if let Some(bytes) = known.filter(|bytes| self::digest(bytes) == digest) {
                        return Ok(bytes);
                    }
                    let bytes = registry.get(digest, limit, manifest)?;
                    if let Some(cache) = cache {
                        cache.keep(digest, &bytes);
                    }
                    Ok(bytes)
                })
            }
        }
    }
}

pub(super) fn file(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|error| Failure::io(&name, &error))?;
    all(file, limit, &name)
}

/// All that can be read, up to a limit.
pub(super) fn all(from: impl Read, limit: u64, name: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes).map_err(|error| Failure::io(name, &error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) {
        return Ok(bytes);
    }
    Err(Failure::usage(format!("{name}: larger than {} MiB", limit >> 20)))
}

/// Gets a blob by its digest: up to so many bytes, a manifest or not.
type Get<'a> = &'a mut dyn FnMut(&str, u64, bool) -> Result<Vec<u8>>;

fn checked(get: Get<'_>, digest: &str, limit: u64, manifest: bool) -> Result<Vec<u8>> {
    if !is_digest(digest) {
        return Err(Failure::usage(format!("{digest}: only digests by SHA-256 are known")));
    }
    let bytes = get(digest, limit, manifest)?;
    let found = self::digest(&bytes);
    if found != digest {
        return Err(Failure::usage(format!("{digest}: what is there has the digest {found}; nothing was run")));
    }
    Ok(bytes)
}

/// The module of an image: of an index, the one for WASI; of a manifest, its only layer that holds one.
fn image(digest: &str, get: Get<'_>) -> Result<Vec<u8>> {
    let wrong = |why: &str| Failure::usage(format!("{digest}: {why}"));
    let bytes = checked(get, digest, MAX_MANIFEST, true)?;
    let manifest: Value =
        serde_json::from_slice(&bytes).map_err(|_| wrong("neither a manifest nor an index of images"))?;
    if let Some(manifests) = manifest.get("manifests").and_then(Value::as_array) {
        let platform =
            |of: &Value, key: &str| of.pointer(&format!("/platform/{key}")).and_then(Value::as_str).map(str::to_owned);
        let wasm = |of: &&Value| {
            platform(of, "architecture").as_deref() == Some("wasm")
                && platform(of, "os").is_some_and(|os| os.starts_with("wasi"))
        };
        let found: Vec<&Value> = manifests.iter().filter(wasm).collect();
        let [one] = found.as_slice() else {
            return Err(wrong(&format!(
                "{} images of this index are for the platform wasip1/wasm, not one",
                found.len()
            )));
        };
        let inner = one.get("digest").and_then(Value::as_str).unwrap_or_default();
        let inner_bytes = checked(get, inner, MAX_MANIFEST, true)?;
        let manifest = serde_json::from_slice(&inner_bytes).map_err(|_| wrong("no manifest of an image"))?;
        return layer(&manifest, digest, get);
    }
    layer(&manifest, digest, get)
}

fn layer(manifest: &Value, digest: &str, get: Get<'_>) -> Result<Vec<u8>> {
    let wrong = |why: &str| Failure::usage(format!("{digest}: {why}"));
    let layers = manifest.get("layers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let [layer] = layers else {
        return Err(wrong(&format!("a module's image has one layer, not {}", layers.len())));
    };
    let text = |key: &str| layer.get(key).and_then(Value::as_str).unwrap_or_default();
    let bytes = checked(get, text("digest"), MAX_MODULE, false)?;
    let kind = text("mediaType");
    if kind.ends_with("tar+gzip") || kind.ends_with("tar.gzip") {
        return unpack(flate2::read::GzDecoder::new(bytes.as_slice())).map_err(|why| wrong(&why));
    }
    if kind.ends_with("tar") {
        return unpack(bytes.as_slice()).map_err(|why| wrong(&why));
    }
    if kind.contains("wasm") {
        return Ok(bytes);
    }
    Err(wrong(&format!("its layer is `{kind}`, which is known neither as a module nor as an archive")))
}

/// The only `.wasm` file of an archive.
fn unpack(archive: impl Read) -> std::result::Result<Vec<u8>, String> {
    let mut archive = tar::Archive::new(archive.take(2 * MAX_MODULE));
    let mut found = None;
    for entry in archive.entries().map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        let wasm = entry.path().is_ok_and(|path| path.extension().is_some_and(|extension| extension == "wasm"));
        if !(wasm && entry.header().entry_type().is_file()) {
            continue;
        }
        if found.is_some() {
            return Err("its layer holds more than one .wasm file".to_owned());
        }
        found = Some(
            all(entry, MAX_MODULE, "the layer")
                .map_err(|failure| failure.message.trim().trim_start_matches("error: ").to_owned())?,
        );
    }
    found.ok_or_else(|| "its layer holds no .wasm file".to_owned())
}
