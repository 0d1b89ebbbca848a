//! Argo CD's own servers on this machine: a repo-server, its cache, and plugins beside it.

use std::fs::File;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::{Folder, krmor, text, tool};

/// Argo CD's own user in its images.
const AS: [&str; 5] = ["/usr/bin/setpriv", "--reuid=999", "--regid=999", "--clear-groups", "--"];

/// Whether that user can be had here: only root can become it, and it must reach the checkout.
static AS_ARGOCD: LazyLock<bool> = LazyLock::new(|| {
    let mut command = Command::new(AS[0]);
    command.args(&AS[1..]).args(["test", "-x"]).arg(PROGRAMS.join("argocd-client"));
    command.output().is_ok_and(|out| out.status.success())
});

/// What a sidecar has on its PATH, where any user can read it; and Argo CD's programs, by their names.
pub static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::current_dir().unwrap().join("target/callers");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("bin")).unwrap();
    let lay = |from: PathBuf, name: &str| {
        let to = folder.join(name);
        std::fs::hard_link(&from, &to).or_else(|_| std::fs::copy(&from, &to).map(drop)).unwrap();
    };
    lay(env!("CARGO_BIN_EXE_krmor").into(), "bin/krmor");
    lay(tool("kustomize"), "bin/kustomize");
    lay(tool("helm3"), "bin/helm");
    lay(tool("argocd"), "argocd-client");
    for name in ["argocd-cmp-server", "argocd-repo-server"] {
        symlink("argocd-client", folder.join(name)).unwrap();
    }
    folder
});

/// A process that ends with its test.
pub struct Server {
    child: Child,
    pub log: PathBuf,
}

impl Server {
    /// Starts a program as Argo CD's user, with these variables and no others.
    pub fn start(
        log: PathBuf,
        program: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
        cores: Option<&str>,
    ) -> Self {
        let mut words: Vec<&str> = Vec::new();
        if *AS_ARGOCD {
            words.extend(AS);
        }
        if let Some(cores) = cores {
            words.extend(["/usr/bin/taskset", "-c", cores]);
        }
        words.push(program.to_str().unwrap());
        words.extend(arguments);
        let out = File::create(&log).unwrap();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env_clear().envs(variables.iter().copied()).current_dir("/").stdin(Stdio::null());
        let child = command.stdout(out.try_clone().unwrap()).stderr(out).spawn().unwrap();
        Self { child, log }
    }

    fn wait(&mut self, what: &str, ready: impl Fn() -> bool) {
        let until = Instant::now() + Duration::from_secs(120);
        while !ready() {
            let ended = self.child.try_wait().unwrap();
            let log = || std::fs::read_to_string(&self.log).unwrap_or_default();
            assert!(ended.is_none() && Instant::now() < until, "{what} does not start ({ended:?}):\n{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Seconds of a core that it has used, with the processes that it has waited for.
    pub fn cores_used(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The name of the program, which may hold blanks, stands in parentheses; behind it fields 12 to 15 are ticks.
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11..15].iter().map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
    }

    pub fn text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Gives a tree to Argo CD's user.
pub fn give(path: &Path) {
    if *AS_ARGOCD {
        assert!(Command::new("chown").args(["-R", "999:999"]).arg(path).status().unwrap().success());
    }
}

fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A sidecar with one plugin.
pub struct Plugin {
    pub folder: Folder,
    pub server: Server,
    pub socket: PathBuf,
    /// The sidecar's /tmp.
    pub tmp: PathBuf,
}

/// How a sidecar differs from the usual one.
#[derive(Default)]
pub struct Differs<'a> {
    /// Its PATH, instead of the image's.
    pub path: Option<&'a Path>,
    /// The folder of the sockets, which the repo-server reads.
    pub sockets: Option<&'a Path>,
    /// The cores that it may use.
    pub cores: Option<&'a str>,
    /// Its kustomize's plugin home holds nothing.
    pub no_home: bool,
    /// Further plugins of kustomize, as a sidecar could have them: a file, and its text.
    pub kustomize_plugin: Option<(&'a str, &'a str)>,
}

impl Plugin {
    /// Starts `kustomization/argocd-cmp/NAME.yaml` with a config.
    pub fn start(name: &str, config: &str, differs: &Differs<'_>) -> Self {
        let folder = Folder::new("cmp");
        let config_folder = folder.0.join("config");
        let file = std::fs::read_to_string(format!("kustomization/argocd-cmp/{name}.yaml")).unwrap();
        // Where the image has it is another sidecar's place here.
        let file = file.replace("/home/argocd/cmp-server/config", config_folder.to_str().unwrap());
        folder.write("config/plugin.yaml", file);
        folder.write("config/krmor.yaml", config);
        let (tmp, home) = (folder.0.join("tmp"), folder.0.join("home"));
        let sockets = differs.sockets.map_or_else(|| folder.0.join("sockets"), Path::to_owned);
        for path in [&tmp, &home, &sockets] {
            std::fs::create_dir_all(path).unwrap();
        }
        if !differs.no_home {
            let link = PROGRAMS.join("bin/krmor");
            let out = Command::new(link).args(["install", "kustomize", "--home"]).arg(&home).output().unwrap();
            assert!(out.status.success(), "{}", text(&out.stderr));
        }
        if let Some((path, script)) = differs.kustomize_plugin {
            let path = folder.write(&format!("home/{path}"), script);
            std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        give(&folder.0);
        give(&sockets);
        let path = differs.path.map_or_else(|| PROGRAMS.join("bin"), Path::to_owned);
        let work = format!("{}/work", tmp.display());
        let variables = [
            ("PATH", path.to_str().unwrap()),
            ("KUSTOMIZE_PLUGIN_HOME", home.to_str().unwrap()),
            ("TMPDIR", tmp.to_str().unwrap()),
            ("HELM_CACHE_HOME", tmp.to_str().unwrap()),
            ("HELM_CONFIG_HOME", tmp.to_str().unwrap()),
            ("HELM_DATA_HOME", tmp.to_str().unwrap()),
            ("ARGOCD_PLUGINSOCKFILEPATH", sockets.to_str().unwrap()),
            ("ARGOCD_CMP_WORKDIR", work.as_str()),
        ];
        let socket = sockets.join(format!("krmor-{name}.sock"));
        let program = PROGRAMS.join("argocd-cmp-server");
        let arguments = ["--config-dir-path", config_folder.to_str().unwrap()];
        let mut server = Server::start(folder.0.join("log"), &program, &arguments, &variables, differs.cores);
        server.wait("the cmp-server", || socket.exists() && tmp.join("work/_cmp_server").exists());
        Self { folder, server, socket, tmp }
    }

    /// Asks the plugin for manifests, as the repo-server does.
    pub fn ask(&self, repository: &Path, path: &str, more: &[&str]) -> Vec<Value> {
        let mut command = client("cmp");
        command.arg("--socket").arg(&self.socket).arg("--repo").arg(repository).args(["--path", path]);
        command.args(["--env=ARGOCD_APP_NAME=web", "--env=ARGOCD_APP_NAMESPACE=shop", "--env=KUBE_VERSION=1.36.0"]);
        answers(&command.arg("--env=KUBE_API_VERSIONS=v1,apps/v1").args(more).output().unwrap())
    }

    /// What a call has left behind in the sidecar, a while after it: files, and processes.
    pub fn left(&self) -> (Vec<String>, Vec<String>) {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let left = self.left_now();
            if left == (vec![], vec![]) || Instant::now() > until {
                return left;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What is in the sidecar while a call runs.
    pub fn left_now(&self) -> (Vec<String>, Vec<String>) {
        let list = |path: &Path| {
            let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path().display().to_string());
            entries.collect::<Vec<_>>()
        };
        let mut files = list(&self.tmp);
        files.retain(|path| !path.ends_with("/work"));
        files.extend(list(&self.tmp.join("work/_cmp_server")));
        let tmp = self.tmp.to_str().unwrap();
        let own = self.server.child.id().to_string();
        let mut processes = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let id = entry.file_name().to_string_lossy().into_owned();
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            if id != own && id.parse::<u32>().is_ok() && text(&environment).contains(tmp) {
                processes.push(text(&std::fs::read(entry.path().join("cmdline")).unwrap_or_default()));
            }
        }
        (files, processes)
    }
}

fn client(what: &str) -> Command {
    let mut command = Command::new(PROGRAMS.join("argocd-client"));
    command.arg(what);
    command
}

fn answers(out: &Output) -> Vec<Value> {
    assert!(out.status.success(), "{}{}", text(&out.stdout), text(&out.stderr));
    serde_json::from_slice::<Value>(&out.stdout).unwrap().as_array().unwrap().clone()
}

/// The parameters that a plugin announces.
pub fn parameters(plugin: &Plugin, repository: &Path) -> Value {
    let mut command = client("parameters");
    let out = command.arg("--socket").arg(&plugin.socket).arg("--repo").arg(repository).output().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// A repo-server with its cache.
pub struct Repo {
    folder: Folder,
    pub server: Server,
    _redis: Server,
    address: String,
}

impl Repo {
    /// Starts one that finds plugins by their sockets; `variables` are further ones of its own.
    pub fn start(sockets: &Path, variables: &[(&str, &str)]) -> Self {
        let folder = Folder::new("repo-server");
        let bin = PROGRAMS.join("repo-server");
        std::fs::create_dir_all(&bin).unwrap();
        for name in ["git-verify-wrapper.sh", "gpg-wrapper.sh"] {
            std::fs::copy(module().join("hack").join(name), bin.join(name)).unwrap();
            std::fs::set_permissions(bin.join(name), PermissionsExt::from_mode(0o755)).unwrap();
        }
        let (redis, server, metrics) = (port(), port(), port());
        let tmp = folder.0.join("tmp");
        std::fs::create_dir_all(&tmp).unwrap();
        give(&folder.0);
        let cache = format!("127.0.0.1:{redis}");
        let program = PROGRAMS.join("argocd-client");
        let mut kept = Server::start(folder.0.join("redis.log"), &program, &["redis", "--server", &cache], &[], None);
        kept.wait("the cache", || std::net::TcpStream::connect(&cache).is_ok());
        let path = format!("{}:{}:/usr/local/bin:/usr/bin:/bin", bin.display(), PROGRAMS.join("bin").display());
        let mut all = vec![
            ("PATH", path.as_str()),
            ("TMPDIR", tmp.to_str().unwrap()),
            ("HOME", tmp.to_str().unwrap()),
            ("ARGOCD_GPG_ENABLED", "false"),
            ("ARGOCD_PLUGINSOCKFILEPATH", sockets.to_str().unwrap()),
        ];
        all.extend(variables);
        let address = format!("127.0.0.1:{server}");
        let (server, metrics) = (server.to_string(), metrics.to_string());
        let arguments = [
            ["--redis", &cache],
            ["--port", &server],
            ["--metrics-port", &metrics],
            ["--address", "127.0.0.1"],
            ["--metrics-address", "127.0.0.1"],
            ["--client-ca-path", ""],
        ];
        let arguments: Vec<&str> = arguments.into_iter().flatten().chain(["--disable-tls"]).collect();
        let program = PROGRAMS.join("argocd-repo-server");
        let mut server = Server::start(folder.0.join("log"), &program, &arguments, &all, None);
        server.wait("the repo-server", || std::net::TcpStream::connect(&address).is_ok());
        Self { folder, server, _redis: kept, address }
    }

    /// Asks for the manifests of an application, as the application controller does.
    pub fn ask(&self, repository: &Path, path: &str, source: &Value, more: &[&str]) -> Vec<Value> {
        let mut command = client("apps");
        command.args([
            "--server",
            &self.address,
            "--repo",
            &format!("file://{}", repository.display()),
            "--path",
            path,
        ]);
        answers(&command.args(["--source", &source.to_string()]).args(more).output().unwrap())
    }
}

/// The sources of Argo CD that are pinned.
pub fn module() -> PathBuf {
    let mut command = Command::new("go");
    command.args(["list", "-m", "-mod=readonly", "-f", "{{.Dir}}", "github.com/argoproj/argo-cd/v3"]);
    let out = command.current_dir("tests/argocd").env("GOFLAGS", "").output().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    PathBuf::from(text(&out.stdout).trim())
}

/// Makes a folder a git repository of Argo CD's user, with all that is in it.
pub fn commit(folder: &Path) {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "safe.directory=*"]);
        let out = command.args(arguments).current_dir(folder).output().unwrap();
        assert!(out.status.success(), "git {arguments:?}: {}", text(&out.stderr));
    };
    if !folder.join(".git").exists() {
        git(&["init", "-q", "-b", "main"]);
    }
    git(&["add", "-A"]);
    git(&["commit", "-q", "--allow-empty", "-m", "application"]);
    give(folder);
}

/// krmor's own command line, for what it prints.
pub fn printed(arguments: &[&str]) -> String {
    let out = krmor().args(arguments).output().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    text(&out.stdout)
}
