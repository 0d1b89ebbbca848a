//! Helm as the caller of its post-renderer. Helm 3 shows what a post-renderer says only when it fails, Helm 4 never; so krmor
//! writes to Helm's own standard error. And neither hands over all that it renders.

use std::ffi::OsStr;
#[cfg(target_os = "linux")]
use std::fs::File;
use std::path::Path;

/// What Helm 3 keeps from its post-renderers.
const HOOKS: &str = "warning: Helm 3 shows no hooks to a post-renderer: hooks of this chart, if it has any, stay as they are; \
                     `helm template … | krmor --config FILE` hardens them\n";

/// The Helm that runs this krmor as its post-renderer.
pub(super) struct Helm {
    process: u32,
    /// Helm 4, whose post-renderers are plugins; or Helm 3, which runs a program.
    plugin: bool,
    /// Helm's own command line, where the system tells it.
    arguments: Vec<String>,
}

impl Helm {
    /// The Helm that called a program, if it was Helm.
    pub(super) fn calling(program: Option<&OsStr>) -> Option<Self> {
        let process = parent()?;
        let arguments = command_line(process);
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        if let Some(folder) = set("HELM_PLUGIN_DIR") {
            // Another plugin's own call of krmor is not Helm's.
            let plugin = Path::new(program?).parent().is_some_and(|parent| parent == Path::new(&folder));
            return plugin.then_some(Self { process, plugin, arguments });
        }
        let name = Path::new(arguments.first()?).file_name()?.to_str()?.to_owned();
        name.starts_with("helm").then_some(Self { process, plugin: false, arguments })
    }

    /// Why an input without objects is refused, whether or not `--allow-empty` was said.
    pub(super) fn never_empty(&self, allow_empty: bool) -> Option<String> {
        const RECIPE: &str = "`helm template … | krmor --config FILE` hardens them";
        if self.plugin {
            return Some("Helm handed over no manifests: the chart renders none with these values".to_owned());
        }
        if self.has("--output-dir") {
            return Some(format!(
                "with --output-dir Helm 3 hands its manifests over to no post-renderer: the files there are not hardened; \
                 {RECIPE}, or `krmor run --config FILE --in-place DIR` the files"
            ));
        }
        (!allow_empty).then(|| {
            format!(
                "Helm handed over no manifests: the chart renders none with these values, or hooks only, which Helm 3 shows to \
                 no post-renderer; {RECIPE}"
            )
        })
    }

    /// Says what a person should read beside the hardened manifests.
    pub(super) fn tell_of_success(&self, warnings: &str) {
        let hooks = if self.plugin || self.has("--no-hooks") { "" } else { HOOKS };
        self.tell(&format!("{warnings}{hooks}"));
    }

    /// Says why nothing was hardened. Helm 3 repeats a failing post-renderer's standard error itself.
    pub(super) fn tell_of_failure(&self, message: &str) {
        if self.plugin {
            self.tell(message);
        }
    }

    fn has(&self, flag: &str) -> bool {
        self.arguments
            .iter()
            .any(|word| word.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('=')))
    }

    #[cfg(target_os = "linux")]
    fn tell(&self, text: &str) {
        if !text.is_empty() {
            let _ = standard_error(self.process, text); // with nobody to tell, the exit code remains
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn tell(&self, text: &str) {
        use std::io::Write;

        if text.is_empty() {
            return;
        }
        if let Ok(terminal) = std::fs::OpenOptions::new().write(true).open("/dev/tty") {
            let _ = anstream::AutoStream::auto(terminal).write_all(text.as_bytes()); // likewise
        }
    }
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps)] // elsewhere there is none
fn parent() -> Option<u32> {
    Some(std::os::unix::process::parent_id())
}

#[cfg(not(unix))]
fn parent() -> Option<u32> {
    None
}

fn command_line(process: u32) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    bytes.split(|&byte| byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// Writes to the standard error of a process, be it a terminal, a pipe or a file.
#[cfg(target_os = "linux")]
fn standard_error(process: u32, text: &str) -> std::io::Result<()> {
    use std::fs::OpenOptions;
    use std::io::Write;

    let path = format!("/proc/{process}/fd/2");
    let mut open = OpenOptions::new();
    if std::fs::metadata(&path)?.is_file() {
        return into_file(&path, place(process), &anstream::adapter::strip_str(text).to_string());
    }
    // A socket cannot be opened by its name; the terminal, if there is one, is where a person sits.
    let stream = open.write(true).open(&path).or_else(|_| open.open("/dev/tty"))?;
    anstream::AutoStream::auto(stream).write_all(text.as_bytes())
}

/// Where a process will write next, unless it writes at the end in any case.
#[cfg(target_os = "linux")]
fn place(process: u32) -> Option<u64> {
    const APPEND: u32 = 0o2000;

    let text = std::fs::read_to_string(format!("/proc/{process}/fdinfo/2")).ok()?;
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let flags = u32::from_str_radix(field("flags:")?, 8).ok()?;
    (flags & APPEND == 0).then(|| field("pos:")?.parse().ok())?
}

/// Writes into a file into which a process writes, too, at a place of its own: it would overwrite what was appended there, so
/// room is left for what it will say.
#[cfg(target_os = "linux")]
fn into_file(path: &str, place: Option<u64>, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::FileExt;

    const ROOM: usize = 600;

    let file = File::options().write(true).open(path)?;
    match place {
        Some(place) if file.metadata()?.len() <= place => {
            file.write_all_at(format!("{}\n{text}", " ".repeat(ROOM)).as_bytes(), place)
        }
        _ => File::options().append(true).open(path)?.write_all(text.as_bytes()),
    }
}
