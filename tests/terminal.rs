//! krmor at a terminal, a real one made by Python's `pty`: colours, its width, and the question of `krmor init`.

use std::process::Command;

use crate::common::{Folder, pipe, text};

/// Runs krmor at a terminal of 40 columns, and types `typed`; all that the terminal shows.
fn at_terminal(folder: &Folder, args: &[&str], typed: &str) -> String {
    const SCRIPT: &str = "
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 40, 0, 0))
    os.environ.pop('COLUMNS', None)
    os.environ.pop('NO_COLOR', None)
    os.environ['TERM'] = 'xterm'
    os.execv(sys.argv[1], sys.argv[1:])
os.write(fd, sys.stdin.buffer.read())
out = b''
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:
        break
    if not part:
        break
    out += part
os.waitpid(pid, 0)
sys.stdout.buffer.write(out)
";
    let mut python = Command::new("python3");
    python.current_dir(&folder.0).args(["-c", SCRIPT, env!("CARGO_BIN_EXE_krmor")]).args(args);
    let out = pipe(&mut python, typed.as_bytes());
    assert!(out.status.success(), "{}", text(&out.stderr));
    text(&out.stdout).replace("\r\n", "\n")
}

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write(
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers: [{name: a, image: b}]\n",
    );
    folder
}

#[test]
fn a_diff_fits_the_terminal_and_has_colours() {
    let folder = folder("terminal-diff");
    folder.write("krmor.yaml", "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nmetadata: {name: x}\n");
    // Without arguments the folder is meant: nobody pipes anything in.
    for args in [&["diff"][..], &["diff", "pod.yaml"]] {
        let shown = at_terminal(&folder, args, "");
        assert!(shown.contains("\u{1b}[2m# no-privilege-escalation: blocks setui…\u{1b}[0m\n"), "{shown}");
        assert!(shown.contains("\u{1b}[32m+ ") && shown.contains("judged 1 workload"), "{shown}");
    }
    let plain = at_terminal(&folder, &["diff", "--color", "never"], "");
    assert!(
        plain.starts_with("Pod web pod.yaml\n")
            && !plain.contains('\u{1b}')
            && plain.contains("# no-privilege-escalation: blocks setui…\n"),
        "{plain}"
    );
}

#[test]
fn init_asks_before_it_changes_a_kustomization() {
    for (typed, wired) in [("y\n", true), ("\n", true), ("n\n", false)] {
        let folder = folder("terminal-init");
        let path = folder.write("kustomization.yaml", "resources: [pod.yaml]\n");
        let shown = at_terminal(&folder, &["init"], typed);
        let question =
            "List krmor.yaml under `transformers:` of kustomization.yaml, so that kustomize calls krmor? [Y/n] ";
        assert!(shown.contains(question), "{shown}");
        assert_eq!(std::fs::read_to_string(path).unwrap().contains("krmor.yaml"), wired, "{typed:?}: {shown}");
        assert!(folder.0.join("krmor.yaml").is_file());
    }
}
