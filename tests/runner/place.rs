//! Where modules come from, and that none runs but the one that was meant: digests, lists of them, OCI layouts,
//! registries, the cache.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::common::registry::Registry;
use crate::common::{Folder, krmor_with_runner, pipe, text, tool, wasm_run};
use crate::{POD, fails, list, own, passes};

fn sum(bytes: &[u8]) -> String {
    let out = pipe(&mut Command::new("sha256sum"), bytes);
    format!("sha256:{}", &text(&out.stdout)[..64])
}

/// What every module of these tests answers.
const ANSWER: &str = "a: b\n";

fn module() -> Vec<u8> {
    let module = r#"(module
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 0) "\08\00\00\00\05\00\00\00a: b\0a")
        (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100)))))"#;
    wat::parse_str(module).unwrap()
}

fn run(flags: &[&str], module: &str) -> Output {
    let mut command = krmor_with_runner();
    command.args(["wasm", "run"]).args(flags).arg(module);
    pipe(&mut command, b"x: y\n")
}

#[test]
fn a_module_with_another_digest_does_not_run() {
    let folder = Folder::new("runner-digest");
    let file = folder.write("m.wasm", module());
    let path = file.to_str().unwrap();
    let digest = sum(&module());
    assert_eq!(passes(&run(&["--no-cache", "--digest", &digest], path)), ANSWER);
    let other = sum(b"another");
    let out = run(&["--no-cache", "--digest", &other], path);
    fails(&out, 2, &format!("its digest is {digest}, not {other}; nothing was run"));
    for wrong in ["sha256:abc", "", &digest.to_uppercase()] {
        fails(&run(&["--no-cache", "--digest", wrong], path), 2, "nothing was run");
    }
}

#[test]
fn only_modules_of_the_list_run() {
    let folder = Folder::new("runner-allow");
    let file = folder.write("m.wasm", module());
    // What people have: the output of sha256sum.
    let sums = Command::new("sha256sum").arg(&file).arg(own()).output().unwrap().stdout;
    let allow = |content: &[u8]| {
        let list = folder.write("allowed", content);
        run(&["--no-cache", "--allow", list.to_str().unwrap()], file.to_str().unwrap())
    };
    assert_eq!(passes(&allow(&sums)), ANSWER);
    assert_eq!(passes(&allow(format!("# ours\n\n{}\n", sum(&module())).as_bytes())), ANSWER);
    fails(&allow(b""), 2, "nothing was run");
    fails(&allow(sum(b"another").as_bytes()), 2, &format!("{} is not in", sum(&module())));
    fails(&allow(b"# one\nnonsense  m.wasm\n"), 2, "line 2 does not begin with a SHA-256 digest");
    fails(&run(&["--no-cache", "--allow", "no/such/list"], file.to_str().unwrap()), 3, "no/such/list");
}

/// An OCI layout, by hand.
struct Layout {
    folder: Folder,
}

impl Layout {
    fn new() -> Self {
        let folder = Folder::new("runner-layout");
        folder.write("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
        Self { folder }
    }

    fn blob(&self, bytes: &[u8]) -> String {
        let digest = sum(bytes);
        self.folder.write(&format!("blobs/{}", digest.replace(':', "/")), bytes);
        digest
    }

    fn image(&self, media: &str, layer: &[u8]) -> String {
        let config = self.blob(b"{}");
        let layer = json!({"mediaType": media, "digest": self.blob(layer), "size": layer.len()});
        let config = json!({"mediaType": "application/vnd.wasm.config.v0+json", "digest": config, "size": 2});
        self.blob(json!({"schemaVersion": 2, "config": config, "layers": [layer]}).to_string().as_bytes())
    }

    fn index(&self, manifests: &[(&str, &str, &str)]) -> String {
        let manifests: Vec<Value> = manifests
            .iter()
            .map(|(os, architecture, digest)| {
                json!({"digest": digest, "size": 1, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "platform": {"os": os, "architecture": architecture}})
            })
            .collect();
        self.blob(json!({"schemaVersion": 2, "manifests": manifests}).to_string().as_bytes())
    }

    fn run(&self, digest: &str) -> Output {
        run(&["--no-cache"], &format!("oci:{}@{digest}", self.folder.0.display()))
    }
}

fn archive(folder: &Folder, files: &[&str], flags: &str) -> Vec<u8> {
    for file in files {
        folder.write(file, module());
    }
    let out = Command::new("tar").arg("-C").arg(&folder.0).arg(flags).arg("-").args(files).output().unwrap();
    assert!(out.status.success());
    out.stdout
}

#[test]
fn modules_in_oci_layouts_run_by_digest() {
    let layout = Layout::new();
    let folder = Folder::new("runner-archive");
    let one = archive(&folder, &["fn.wasm"], "-cf");
    let packed = archive(&folder, &["fn.wasm"], "-czf");
    for (media, layer) in [
        ("application/wasm", module()),
        ("application/vnd.wasm.content.layer.v1+wasm", module()),
        ("application/vnd.oci.image.layer.v1.tar", one.clone()),
        ("application/vnd.oci.image.layer.v1.tar+gzip", packed.clone()),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", packed),
    ] {
        let image = layout.image(media, &layer);
        assert_eq!(passes(&layout.run(&image)), ANSWER, "{media}");
        // Beside other platforms.
        let index =
            layout.index(&[("linux", "amd64", &sum(b"x")), ("js", "wasm", &sum(b"y")), ("wasip1", "wasm", &image)]);
        assert_eq!(passes(&layout.run(&index)), ANSWER, "{media}");
    }

    let image = layout.image("application/wasm", &module());
    fails(&layout.run(&layout.index(&[("linux", "amd64", &image)])), 2, "0 images of this index are for");
    fails(&layout.run(&layout.index(&[("wasi", "wasm", &image), ("wasip1", "wasm", &image)])), 2, "2 images of this");
    fails(&layout.run(&layout.image("text/plain", b"x")), 2, "`text/plain`");
    let two = archive(&folder, &["a.wasm", "b.wasm"], "-cf");
    fails(&layout.run(&layout.image("application/vnd.oci.image.layer.v1.tar", &two)), 2, "more than one .wasm file");
    let none = archive(&folder, &["a.txt"], "-cf");
    fails(&layout.run(&layout.image("application/vnd.oci.image.layer.v1.tar", &none)), 2, "no .wasm file");
    fails(&layout.run(&layout.image("application/vnd.oci.image.layer.v1.tar+gzip", b"junk")), 2, "error: ");
    fails(&layout.run(&layout.blob(b"junk")), 2, "neither a manifest nor an index");
    fails(&layout.run(&layout.blob(b"{\"layers\": []}")), 2, "a module's image has one layer, not 0");
    fails(&layout.run(&sum(b"absent")), 3, "No such file");
    fails(&layout.run("sha256:../../x"), 2, "a digest is `sha256:` and 64 hexadecimal digits");
    let escapes = layout.blob(br#"{"layers": [{"mediaType": "application/wasm", "digest": "sha256:../../../fn"}]}"#);
    fails(&layout.run(&escapes), 2, "only digests by SHA-256 are known");

    // Whoever can write to the layout cannot make another module run.
    let layer = layout.folder.0.join("blobs").join(sum(&module()).replace(':', "/"));
    std::fs::write(&layer, b"another").unwrap();
    fails(&layout.run(&image), 2, "what is there has the digest");
    fails(&run(&["--no-cache"], &format!("oci:{}", layout.folder.0.display())), 2, "must end in a digest");
    fails(&run(&["--no-cache"], "registry.example.com/fn:v1"), 2, "must end in a digest");
}

/// A file whose name looks like a reference is not what the reference means.
#[test]
fn a_reference_is_no_file() {
    let folder = Folder::new("runner-name");
    let host = "127.0.0.1:9"; // where nobody listens
    let reference = format!("{host}/fn@{}", sum(b"another"));
    folder.write(&reference, module());
    let mut command = krmor_with_runner();
    command.args(["wasm", "run", "--no-cache", &reference]).current_dir(&folder.0);
    fails(&pipe(&mut command, b"x: y\n"), 3, host);
}

/// A real registry, and krmor's own module in it.
#[test]
fn modules_in_a_registry_run_by_digest() {
    let registry = Registry::start();
    let folder = Folder::new("runner-registry");
    std::fs::copy(own(), folder.0.join("krmor.wasm")).unwrap();
    let layer = folder.0.join("layer.tar.gz");
    let tar = Command::new("tar").arg("-C").arg(&folder.0).arg("-czf").arg(&layer).arg("krmor.wasm").status().unwrap();
    assert!(tar.success());
    let host = registry.address.clone();
    let pushed = Command::new(tool("crane"))
        .args(["append", "--platform", "wasip1/wasm", "--new_tag", &format!("{host}/krmor:0.1.0"), "--new_layer"])
        .arg(&layer)
        .output()
        .unwrap();
    assert!(pushed.status.success(), "{}", text(&pushed.stderr));
    let reference = text(&pushed.stdout).trim().to_owned();
    let (_, digest) = reference.split_once('@').unwrap();

    let cache = Folder::new("runner-registry-cache");
    let cached = cache.0.join("cache");
    let ask = |reference: &str, more: &[&str]| {
        let mut command = krmor_with_runner();
        command.args(["wasm", "run", "--cache"]).arg(&cached).args(more).arg(reference);
        pipe(command.args(["--function", "SecurityContext"]), list("level: restricted").as_bytes())
    };
    assert!(passes(&ask(&reference, &[])).contains("runAsNonRoot"));
    let by_tag_too = format!("{host}/krmor:0.1.0@{digest}");
    assert!(ask(&by_tag_too, &[]).status.success());
    fails(&ask(&format!("{host}/krmor@{}", sum(b"absent")), &[]), 3, "404 Not Found");
    fails(&ask(&format!("{host}/../krmor@{digest}"), &[]), 2, "no name of a repository");
    let allowed = folder.write("allowed", digest);
    assert!(ask(&reference, &["--allow", allowed.to_str().unwrap()]).status.success());
    drop(registry);
    // What was fetched is there without the registry, unless it is something else by now.
    assert!(passes(&ask(&reference, &[])).contains("runAsNonRoot"));
    let blobs = std::fs::read_dir(&cached).unwrap().map(|file| file.unwrap().path());
    let blobs: Vec<PathBuf> =
        blobs.filter(|file| file.extension().is_some_and(|extension| extension == "blob")).collect();
    assert_eq!(blobs.len(), 2, "{blobs:?}");
    for blob in blobs {
        let good = std::fs::read(&blob).unwrap();
        std::fs::write(&blob, b"{}").unwrap();
        fails(&ask(&reference, &[]), 3, &host);
        std::fs::write(&blob, good).unwrap();
    }
    assert!(ask(&reference, &[]).status.success());
    let mut command = krmor_with_runner();
    fails(&pipe(command.args(["wasm", "run", "--no-cache", &reference]), b"x"), 3, &host);
}

/// A registry that wants a token, and gives it for the login that docker keeps.
fn guarded(blobs: BTreeMap<String, Vec<u8>>, login: &'static str, realm: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let realm = realm.map_or_else(|| host.clone(), str::to_owned);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut head = String::new();
            let mut reader = BufReader::new(connection.try_clone().unwrap());
            while reader.read_line(&mut head).unwrap() > 2 {}
            let path = head.split(' ').nth(1).unwrap();
            let authorization = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("authorization").then_some(value.trim())
            });
            let (status, headers, body): (_, String, Vec<u8>) = if path.starts_with("/token?") {
                assert!(path.contains("service=here") && path.contains("scope=repository%3Afn%3Apull"), "{path}");
                match authorization == Some(login) {
                    true => ("200 OK", String::new(), br#"{"token": "secret-token"}"#.to_vec()),
                    false => ("401 Unauthorized", String::new(), Vec::new()),
                }
            } else if authorization == Some("Bearer secret-token") {
                let digest = path.rsplit('/').next().unwrap();
                blobs.get(digest).map_or(("404 Not Found", String::new(), Vec::new()), |blob| {
                    ("200 OK", String::new(), blob.clone())
                })
            } else {
                let asks = format!(
                    "WWW-Authenticate: Bearer realm=\"http://{realm}/token\",service=\"here\",scope=\"repository:fn:pull\"\r\n"
                );
                ("401 Unauthorized", asks, Vec::new())
            };
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n");
            let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(&body));
        }
    });
    host
}

#[test]
fn a_registry_that_wants_a_login_gets_that_of_docker_and_nothing_tells_it() {
    let layout = Layout::new();
    let image = layout.image("application/wasm", &module());
    let files = std::fs::read_dir(layout.folder.0.join("blobs/sha256")).unwrap();
    let blobs = files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).map(|blob| (sum(&blob), blob));
    // user:hunter2
    let host = guarded(blobs.collect(), "Basic dXNlcjpodW50ZXIy", None);
    let ask = |auths: Value| {
        let folder = Folder::new("runner-login");
        folder.write("config.json", json!({ "auths": auths }).to_string());
        let mut command = krmor_with_runner();
        command.args(["wasm", "run", "--no-cache"]).arg(format!("{host}/fn@{image}"));
        pipe(command.env("DOCKER_CONFIG", &folder.0), b"x: y\n")
    };
    assert_eq!(passes(&ask(json!({host.clone(): {"auth": "dXNlcjpodW50ZXIy"}}))), ANSWER);
    for auths in [json!({}), json!({host.clone(): {"auth": "dXNlcjp3cm9uZw=="}})] {
        let out = ask(auths);
        fails(&out, 3, "docker login");
        for secret in ["hunter2", "wrong", "dXNlcj", "secret-token"] {
            assert!(!text(&out.stderr).contains(secret), "{}", text(&out.stderr));
        }
    }
}

/// Logins do not travel in the open, whatever a registry asks for.
#[test]
fn a_login_is_not_sent_without_tls() {
    for realm in ["localhost.example.com", "127.0.0.1.example.com", "registry.example.com:80"] {
        let host = guarded(BTreeMap::new(), "", Some(realm));
        let out = run(&["--no-cache"], &format!("{host}/fn@{}", sum(b"x")));
        fails(&out, 3, "its tokens come from a place without TLS");
    }
}

/// A registry on TLS, whose certificate this machine does not know, then does.
#[test]
fn a_registry_must_have_a_certificate_that_this_machine_trusts() {
    let layout = Layout::new();
    let image = layout.image("application/wasm", &module());
    let folder = Folder::new("runner-tls");
    let files = folder.0.join("v2/fn");
    std::fs::create_dir_all(&files).unwrap();
    for name in ["manifests", "blobs"] {
        std::fs::create_dir(files.join(name)).unwrap();
        for blob in std::fs::read_dir(layout.folder.0.join("blobs/sha256")).unwrap().map(|file| file.unwrap()) {
            let name = files.join(name).join(format!("sha256:{}", blob.file_name().to_str().unwrap()));
            std::fs::copy(blob.path(), name).unwrap();
        }
    }
    folder.write("extensions", "subjectAltName=IP:127.0.0.2\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n");
    let script = "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority &&
        openssl req -newkey rsa:2048 -nodes -keyout key.pem -out request -subj /CN=registry &&
        openssl x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out cert.pem";
    passes(&Command::new("sh").args(["-c", script]).current_dir(&folder.0).output().unwrap());
    // Only 127.0.0.1 is asked without TLS.
    let server = "import ssl, http.server
server = http.server.ThreadingHTTPServer(('127.0.0.2', 0), http.server.SimpleHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('cert.pem', 'key.pem')
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()";
    let mut python = Command::new("python3");
    python.args(["-c", server]).current_dir(&folder.0).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut python = python.spawn().unwrap();
    let mut port = String::new();
    BufReader::new(python.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let reference = format!("127.0.0.2:{}/fn@{image}", port.trim());
    let ask = |trusted: &Path| {
        let mut command = krmor_with_runner();
        pipe(command.args(["wasm", "run", "--no-cache", &reference]).env("SSL_CERT_FILE", trusted), b"x: y\n")
    };
    let outs = [ask(Path::new("/etc/ssl/certs/ca-certificates.crt")), ask(&folder.0.join("ca.pem"))];
    python.kill().unwrap();
    python.wait().unwrap();
    fails(&outs[0], 3, "invalid peer certificate: UnknownIssuer");
    assert_eq!(passes(&outs[1]), ANSWER);
}

fn cached(cache: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(cache).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "cwasm")).collect()
}

#[test]
fn the_cache_is_private_and_what_is_wrong_in_it_is_made_again() {
    let folder = Folder::new("runner-cache");
    let file = folder.write("m.wasm", module());
    let cache = folder.0.join("deep/cache");
    let ask = || run(&["--cache", cache.to_str().unwrap()], file.to_str().unwrap());
    assert_eq!(passes(&ask()), ANSWER);
    assert_eq!(cache.metadata().unwrap().mode() & 0o777, 0o700);
    let [compiled] = cached(&cache).try_into().unwrap();
    assert_eq!(compiled.metadata().unwrap().mode() & 0o777, 0o600);
    let name = compiled.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with(&sum(&module())[7..]), "{name}");
    let inode = || compiled.symlink_metadata().unwrap().ino();
    let first = inode();
    assert_eq!(passes(&ask()), ANSWER);
    assert_eq!(inode(), first, "it was made a second time");

    // Truncated, replaced by something else, writable for others, a link: none is run.
    let good = std::fs::read(&compiled).unwrap();
    for bad in [&good[..good.len() / 2], b"", b"\x7fELF junk"] {
        std::fs::write(&compiled, bad).unwrap();
        assert_eq!(passes(&ask()), ANSWER);
        assert_eq!(std::fs::read(&compiled).unwrap().len(), good.len());
    }
    let before = inode();
    std::fs::set_permissions(&compiled, PermissionsExt::from_mode(0o666)).unwrap();
    assert_eq!(passes(&ask()), ANSWER);
    assert_ne!(inode(), before, "a file that others can write to was run");
    let elsewhere = folder.write("elsewhere", &good);
    std::fs::remove_file(&compiled).unwrap();
    symlink(&elsewhere, &compiled).unwrap();
    assert_eq!(passes(&ask()), ANSWER);
    assert!(compiled.symlink_metadata().unwrap().is_file(), "a link was followed");

    // A folder that is open to others is not used, and says so.
    for mode in [0o755, 0o770, 0o701] {
        std::fs::set_permissions(&cache, PermissionsExt::from_mode(mode)).unwrap();
        fails(&ask(), 2, &format!("chmod 700 {}", cache.display()));
    }
    std::fs::set_permissions(&cache, PermissionsExt::from_mode(0o700)).unwrap();
    let link = folder.0.join("link");
    symlink(&cache, &link).unwrap();
    fails(&run(&["--cache", link.to_str().unwrap()], file.to_str().unwrap()), 2, "chmod 700");
    fails(&run(&["--cache", "/dev/null/x"], file.to_str().unwrap()), 3, "/dev/null/x");

    // Where a user has no folder for caches, there is none.
    let mut command = krmor_with_runner();
    command.args(["wasm", "run"]).arg(&file).env("HOME", "/dev/null").env_remove("XDG_CACHE_HOME");
    assert_eq!(passes(&pipe(&mut command, b"x: y\n")), ANSWER);
    let mut command = krmor_with_runner();
    command.args(["wasm", "run"]).arg(&file).env("XDG_CACHE_HOME", folder.0.join("xdg"));
    assert_eq!(passes(&pipe(&mut command, b"x: y\n")), ANSWER);
    assert_eq!(cached(&folder.0.join("xdg/krmor/wasm")).len(), 1);
}

/// As kustomize calls plugins: several at once, and none has been called before.
#[test]
fn many_may_fill_the_cache_at_once() {
    let folder = Folder::new("runner-race");
    let file = folder.write("m.wasm", module());
    let cache = folder.0.join("cache");
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let mut command = krmor_with_runner();
            command.args(["wasm", "run", "--allow-empty", "--cache"]).arg(&cache).arg(&file).stdin(Stdio::null());
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for call in calls {
        assert_eq!(passes(&call.wait_with_output().unwrap()), ANSWER);
    }
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1, "one compiled module, and nothing half written");
}

#[test]
fn the_cache_keeps_the_newest_only() {
    let folder = Folder::new("runner-prune");
    let cache = folder.0.join("cache");
    for number in 0..35 {
        let module = format!(
            r#"(module (memory (export "memory") 1) (func (export "_start")) (data (i32.const {number}) "x"))"#
        );
        let file = folder.write("m.wasm", wat::parse_str(module).unwrap());
        let mut command = krmor_with_runner();
        let out = command.args(["wasm", "compile", "--cache"]).arg(&cache).arg(&file).output().unwrap();
        assert!(passes(&out).starts_with("sha256:"));
    }
    assert_eq!(cached(&cache).len(), 32);
}

#[test]
fn usage_is_checked() {
    for (arguments, why) in [
        (&["wasm", "run"][..], "MODULE"),
        (&["wasm", "run", "--timeout", "0", "x"], "0 is not in"),
        (&["wasm", "run", "--memory", "5000", "x"], "5000 is not in"),
        (&["wasm", "run", "--cache", "x", "--no-cache", "x"], "cannot be used with"),
        (&["wasm", "run", "--plugin", "other", "x"], "resource-list"),
    ] {
        let out = pipe(krmor_with_runner().args(arguments), b"");
        assert_eq!(out.status.code(), Some(2), "{arguments:?}");
        assert!(text(&out.stderr).contains(why), "{arguments:?}: {}", text(&out.stderr));
    }
    fails(&pipe(wasm_run(&["--plugin", "config-length"]).arg(own()), POD.as_bytes()), 2, "there is none");
    fails(&pipe(wasm_run(&["--plugin", "config-length"]).arg(own()).arg("no/config"), POD.as_bytes()), 3, "config");
}
