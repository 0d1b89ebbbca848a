//! `krmor render`: runs what renders manifests, and hardens what it prints. It is the pipe for those who have no shell: Argo CD's
//! plugins in an image made from scratch. And it stops where a pipe goes on: when the renderer fails, or renders nothing.

mod arguments;

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Failure, Result, function, input};
use crate::transport::{self, Origin};

/// The folder that a renderer's own krmor, a plugin of kustomize, leaves its mark in.
const MARKS: &str = "KRMOR_RENDER";

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The function config to run over what is rendered; without one, a config among what is rendered must have run: under
    /// `transformers:` of a kustomization.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The function that a kpt-style ConfigMap config is for.
    #[arg(long, value_name = "KIND", requires = "config")]
    function: Option<String>,
    /// Accept manifests without any workload.
    #[arg(long, requires = "config")]
    allow_none: bool,
    /// Files and directories with CustomResourceDefinitions: their schemas say where the pods of their kinds are.
    #[arg(long, value_name = "PATH", requires = "config")]
    crds: Vec<PathBuf>,
    /// Append FLAG=VALUE for each of the variables NAME_0, NAME_1 and so on, as Argo CD hands over a parameter that is a
    /// list.
    #[arg(long, value_name = "FLAG=NAME", allow_hyphen_values = true)]
    append: Vec<String>,
    /// The variable NAME, and NAME_0, NAME_1 and so on, are paths of what is below the working directory, through all links;
    /// any other value is refused: another folder, a URL.
    #[arg(long, value_name = "NAME")]
    inside: Vec<String>,
    /// Where the command's temporary folder is made, instead of among those of the system. Argo CD kills a plugin at its
    /// deadline, and removes the copy of the repository in which it ran: what is made there, `--scratch .`, goes with it.
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    /// What renders: `kustomize build .`, `helm template app .`, or any other program that prints manifests. $(NAME) and $(NAME:-default)
    /// in its arguments stand for environment variables.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    // A config that cannot be read is told before anything runs.
    let config = options.config.as_deref().map(|path| input::config(path, options.function.as_deref())).transpose()?;
    let schemas = input::schemas(&options.crds)?;
    let command = arguments::expanded(&options.command, &options.append, &options.inside)?;
    let shown = arguments::shown(&options.command);
    let scratch = Scratch::new(options.scratch.as_deref())?;
    let rendered = rendered(&command, &shown, &scratch)?;
    let (name, empty) =
        (format!("what `{shown}` rendered"), format!("`{shown}` rendered no objects; nothing was written"));
    let origin = Origin { name: &name, empty: Some(&empty) };
    let Some(mut config) = config else {
        origin.check(&rendered)?;
        if !scratch.mark().is_file() {
            return Err(Failure::usage(format!(
                "`{shown}` rendered manifests that no krmor config has hardened: list one under `transformers:` of the \
                 kustomization, or name one by --config"
            )));
        }
        super::write_output(&rendered)?;
        return Ok(0);
    };
    config.pipeline.learn(schemas, options.allow_none);
    function::warn(&transport::bare(&config, rendered, origin, None, &mut super::output()?)?);
    Ok(0)
}

/// Tells a `krmor render` that called the renderer which called this one, that a config has run.
pub(super) fn mark() {
    if let Some(folder) = std::env::var_os(MARKS).filter(|folder| !folder.is_empty()) {
        let _ = std::fs::write(Path::new(&folder).join("ran"), ""); // a renderer that hides it is told that nothing ran
    }
}

/// What the command prints, when it ends well.
fn rendered(command: &[OsString], shown: &str, scratch: &Scratch) -> Result<Vec<u8>> {
    let Some((program, arguments)) = command.split_first() else { return Err(Failure::usage("no command to run")) };
    let mut child = Command::new(program)
        .args(arguments)
        // What a renderer that is killed leaves behind goes with the folder.
        .env("TMPDIR", &scratch.0)
        .env(MARKS, &scratch.0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| Failure::io(&format!("cannot run `{}`", program.to_string_lossy()), &error))?;
    let stdout = child.stdout.take();
    let child = Arc::new(Mutex::new(child));
    signals::end_with(&child, scratch)?;
    let bytes = read(stdout).map_err(|error| Failure::io(&format!("what `{shown}` prints"), &error))?;
    let status = wait(&child).map_err(|error| Failure::io(&format!("`{shown}`"), &error))?;
    if !status.success() {
        return Err(Failure::usage(format!("`{shown}` failed with {status}; nothing was written")));
    }
    Ok(bytes)
}

fn read(stdout: Option<ChildStdout>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut stdout) = stdout {
        stdout.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The child stays free for a signal to end it.
fn wait(child: &Mutex<Child>) -> std::io::Result<ExitStatus> {
    loop {
        if let Some(status) = lock(child).try_wait()? {
            return Ok(status);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn lock(child: &Mutex<Child>) -> MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A folder of one run's own, which goes with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(parent: Option<&Path>) -> Result<Self> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let parent =
            std::path::absolute(&parent).map_err(|error| Failure::io(&parent.display().to_string(), &error))?;
        let mut last = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        for number in 0..100 {
            let path = parent.join(format!(".krmor-render-{}-{number}", std::process::id()));
            match private(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => last = error,
                Err(error) => return Err(Failure::io(&path.display().to_string(), &error)),
            }
        }
        Err(Failure::io(&parent.display().to_string(), &last))
    }

    fn mark(&self) -> PathBuf {
        self.0.join("ran")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // it is of no use to anybody, and no output depends on it
    }
}

/// Makes a folder that nobody else can look into: renderers put configs and values there.
fn private(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(unix)]
mod signals {
    use std::process::Child;
    use std::sync::{Arc, Mutex};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    use super::{Failure, Result, Scratch, lock};

    /// A signal that ends krmor ends the child, too, and takes the folder along.
    pub(super) fn end_with(child: &Arc<Mutex<Child>>, scratch: &Scratch) -> Result<()> {
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(|error| Failure::io("signals", &error))?;
        let (child, folder) = (Arc::clone(child), scratch.0.clone());
        std::thread::spawn(move || {
            let Some(signal) = signals.forever().next() else { return };
            let mut child = lock(&child);
            let _ = child.kill(); // it may have ended by itself
            let _ = child.wait();
            let _ = std::fs::remove_dir_all(folder);
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        });
        Ok(())
    }
}

#[cfg(not(unix))]
mod signals {
    use std::process::Child;
    use std::sync::{Arc, Mutex};

    use super::{Result, Scratch};

    /// There are no signals here.
    #[allow(clippy::unnecessary_wraps)] // elsewhere it can fail
    pub(super) fn end_with(_: &Arc<Mutex<Child>>, _: &Scratch) -> Result<()> {
        Ok(())
    }
}
