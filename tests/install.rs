//! `krmor install kustomize` under stock kustomize and kubectl: homes that are moved and copied, upgrades behind a name, homes
//! that cannot be written to, and what is taken out again.
#![cfg(unix)] // links

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::common::{Folder, krmor, text, tool};
use krmor::schema;

const BINARY: &str = env!("CARGO_BIN_EXE_krmor");
const VERSION: &str = env!("CARGO_PKG_VERSION");
const GROUP: &str = "krmor.dev/v1alpha1";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a, image: b}]}\n";
const CONFIG: &str = "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nmetadata:\n  name: harden\n";

/// A folder with an application `app` that calls krmor.
fn setup(name: &str) -> Folder {
    let folder = Folder::new(&format!("install-{name}"));
    folder.write("app/web.yaml", POD);
    folder.write("app/krmor.yaml", CONFIG);
    folder.write("app/kustomization.yaml", "resources: [web.yaml]\ntransformers: [krmor.yaml]\n");
    folder
}

fn install_by(program: &Path, home: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(["install", "kustomize", "--home"]).arg(home).args(flags).env_remove("KUSTOMIZE_PLUGIN_HOME");
    command
}

#[track_caller]
fn passes(mut command: Command) -> String {
    let out = command.output().unwrap();
    assert!(out.status.success(), "{command:?}: {}{}", text(&out.stdout), text(&out.stderr));
    text(&out.stdout)
}

fn install(home: &Path, flags: &[&str]) -> String {
    passes(install_by(Path::new(BINARY), home, flags))
}

fn build_with(tool: PathBuf, verb: &str, folder: &Folder, home: &Path) -> Output {
    let mut command = Command::new(tool);
    command.current_dir(&folder.0).args([verb, "app", "--enable-alpha-plugins"]);
    command.env("KUSTOMIZE_PLUGIN_HOME", home).env("HOME", folder.0.join("nobody")).env_remove("XDG_CONFIG_HOME");
    command.output().unwrap()
}

/// Stock kustomize and kubectl harden the application by this home.
#[track_caller]
fn hardens(folder: &Folder, home: &Path) {
    for (name, verb) in [("kustomize", "build"), ("kubectl", "kustomize")] {
        let out = build_with(tool(name), verb, folder, home);
        let shown = text(&out.stdout);
        assert!(out.status.success() && shown.contains("runAsNonRoot: true"), "{name}: {shown}{}", text(&out.stderr));
    }
}

/// Stock kustomize fails, and gives nothing.
#[track_caller]
fn fails(folder: &Folder, home: &Path) -> String {
    let out = build_with(tool("kustomize"), "build", folder, home);
    assert!(!out.status.success() && out.stdout.is_empty(), "{}", text(&out.stdout));
    text(&out.stderr)
}

/// Everything below a folder with what tells whether it was touched.
fn state(folder: &Path) -> Vec<(PathBuf, u64, i64, i64)> {
    let mut out = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let meta = path.symlink_metadata().unwrap();
        if meta.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        out.push((path, meta.ino(), meta.ctime(), meta.ctime_nsec()));
    }
    out.sort();
    out
}

fn link(home: &Path, kind: &str) -> PathBuf {
    home.join(GROUP).join(kind.to_lowercase()).join(kind)
}

#[test]
fn a_home_with_a_copy_goes_anywhere() {
    let folder = setup("copy");
    let first = folder.0.join("first");
    let said = install(&first, &["--copy"]);
    assert!(said.contains(&format!("{GROUP}/krmor-{VERSION} written\n")), "{said}");
    hardens(&folder, &first);
    for kind in schema::kinds() {
        let target = std::fs::read_link(link(&first, kind)).unwrap();
        assert_eq!(target, Path::new("..").join(format!("krmor-{VERSION}")), "{kind}");
    }
    // `cp -a`, a later stage's COPY, a volume that is mounted elsewhere: the first place is gone.
    let second = folder.0.join("elsewhere/plugin home");
    std::fs::create_dir_all(second.parent().unwrap()).unwrap();
    assert!(Command::new("cp").arg("-a").arg(&first).arg(&second).status().unwrap().success());
    std::fs::remove_dir_all(&first).unwrap();
    hardens(&folder, &second);
    // It is whole: krmor itself is in it, and installs it again, finding nothing to do.
    let own = second.join(GROUP).join(format!("krmor-{VERSION}"));
    let before = state(&second);
    let said = passes(install_by(&own, &second, &["--copy"]));
    assert!(
        said.lines().filter(|line| line.ends_with(" is in place")).count() == schema::kinds().count() + 1,
        "{said}"
    );
    assert_eq!(state(&second), before);
    // And it can be taken out where it is now.
    passes(install_by(&own, &second, &["--uninstall"]));
    assert!(second.join("krmor.dev").symlink_metadata().is_err());
}

/// Homebrew, Nix and the like put another file behind the same name.
#[test]
fn an_upgrade_behind_the_name_keeps_working() {
    let folder = setup("upgrade");
    let cellar = |version: &str| {
        let path = folder.0.join("Cellar").join(version).join("krmor");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(BINARY, &path).unwrap();
        path
    };
    let name = folder.0.join("bin/krmor");
    std::fs::create_dir(folder.0.join("bin")).unwrap();
    let old = cellar("0.1.0");
    symlink(&old, &name).unwrap();
    let home = folder.0.join("home");
    for by_path in [true, false] {
        let mut command = install_by(if by_path { &name } else { Path::new("krmor") }, &home, &[]);
        command.env("PATH", folder.0.join("bin"));
        passes(if by_path { command } else { by_env(&command) });
        assert_eq!(std::fs::read_link(link(&home, "Pipeline")).unwrap(), name);
    }
    hardens(&folder, &home);
    let new = cellar("0.2.0");
    std::fs::remove_file(&name).unwrap();
    symlink(&new, &name).unwrap();
    std::fs::remove_dir_all(folder.0.join("Cellar/0.1.0")).unwrap();
    hardens(&folder, &home);
    // By a link in the home it is called as a kind: that name would point at itself.
    passes(install_by(&link(&home, "Pipeline"), &home, &[]));
    assert_eq!(std::fs::read_link(link(&home, "Pipeline")).unwrap(), new);
    hardens(&folder, &home);
}

/// `env` finds a program on the PATH that it is given, not on that of the test.
fn by_env(command: &Command) -> Command {
    let mut env = Command::new("/usr/bin/env");
    env.arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => env.env(key, value),
            None => env.env_remove(key),
        };
    }
    env
}

/// Runs a command while a home cannot be written to, by anybody.
fn read_only(home: &Path, command: &Command) -> Output {
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut out = if root {
        let mut unshare = Command::new("unshare");
        let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
        unshare.args(["-m", "sh", "-c", script]).arg(home);
        unshare
    } else {
        let mut chmod = Command::new("sh");
        let script = "chmod -R a-w \"$0\"; \"$@\"; code=$?; chmod -R u+w \"$0\"; exit $code";
        chmod.args(["-c", script]).arg(home);
        chmod
    };
    out.arg(command.get_program()).args(command.get_args()).env_remove("KUSTOMIZE_PLUGIN_HOME");
    out.output().unwrap()
}

#[test]
fn a_home_that_is_right_is_not_written_to() {
    let folder = setup("read-only");
    for flags in [&[][..], &["--copy"]] {
        let home = folder.0.join(format!("home-{}", flags.len()));
        install(&home, flags);
        let before = state(&home);
        let again = install_by(Path::new(BINARY), &home, flags);
        let out = read_only(&home, &again);
        assert!(out.status.success(), "{}{}", text(&out.stdout), text(&out.stderr));
        let said = text(&out.stdout);
        assert!(said.lines().rev().skip(1).all(|line| line.ends_with(" is in place")), "{said}");
        if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
            assert_eq!(state(&home), before, "nothing was touched");
        }
        hardens(&folder, &home);
        // What is not right says what to do.
        std::fs::remove_file(link(&home, "Pipeline")).unwrap();
        let out = read_only(&home, &again);
        let said = text(&out.stderr);
        assert_eq!(out.status.code(), Some(3), "{said}");
        assert!(said.contains("--home DIR") && said.contains("Read-only file system"), "{said}");
    }
}

#[test]
fn relative_homes_are_made_absolute_or_refused() {
    let folder = setup("relative");
    let whole = folder.0.canonicalize().unwrap().join("plugins");
    let mut command = krmor();
    command
        .current_dir(&folder.0)
        .args(["install", "kustomize", "--home", "plugins"])
        .env_remove("KUSTOMIZE_PLUGIN_HOME");
    let said = passes(command);
    assert!(said.ends_with(&format!("KUSTOMIZE_PLUGIN_HOME={}\n", whole.display())), "{said}");
    hardens(&folder, &whole);
    // As kustomize would look for it in each folder, such a variable is refused with the right one.
    for variable in ["KUSTOMIZE_PLUGIN_HOME", "XDG_CONFIG_HOME"] {
        let mut command = krmor();
        command.current_dir(&folder.0).args(["install", "kustomize"]);
        command.env_remove("KUSTOMIZE_PLUGIN_HOME").env_remove("XDG_CONFIG_HOME").env(variable, "other");
        let out = command.output().unwrap();
        let said = text(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{said}");
        assert!(
            said.contains(" is relative, and kustomize looks for it in the folder of each kustomization"),
            "{said}"
        );
        assert!(
            said.contains(&format!("KUSTOMIZE_PLUGIN_HOME={}", folder.0.canonicalize().unwrap().display())),
            "{said}"
        );
        assert!(!folder.0.join("other").exists());
    }
    // A home that kustomize will not look in is filled, and said to be.
    let mut command = krmor();
    command
        .current_dir(&folder.0)
        .args(["install", "kustomize", "--home", "plugins"])
        .env("KUSTOMIZE_PLUGIN_HOME", "plugins");
    let out = command.output().unwrap();
    assert!(out.status.success());
    assert!(
        text(&out.stderr).starts_with("warning: KUSTOMIZE_PLUGIN_HOME is plugins: kustomize looks there, and not in ")
    );
    let mut command = krmor();
    command.current_dir(&folder.0).args(["install", "kustomize", "--home", "~/plugins"]);
    let out = command.output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("write $HOME for ~") && !folder.0.join("~").exists());
}

#[test]
fn what_was_made_is_taken_out_and_nothing_else() {
    let folder = setup("uninstall");
    for flags in [&[][..], &["--copy"]] {
        // A home of its own goes; one that was there stays, with what others have in it.
        let own = folder.0.join("own");
        install(&own, flags);
        let said = install(&own, &["--uninstall"]);
        assert!(said.lines().all(|line| line.ends_with(" removed")), "{said}");
        assert!(!own.exists(), "kustomize would stop at an empty one");

        let shared = folder.0.join("shared");
        let theirs = [
            folder.write("shared/example.com/v1/other/Other", "theirs"),
            folder.write("shared/krmor.dev/v1alpha1/pipeline/notes.txt", "theirs"),
            folder.write("shared/krmor.dev/v1/more/More", "theirs"),
        ];
        let before: Vec<_> = state(&shared).into_iter().map(|(path, ..)| path).collect();
        install(&shared, flags);
        hardens(&folder, &shared);
        let said = install(&shared, &["--uninstall"]);
        assert!(said.lines().all(|line| line.ends_with(" removed")), "{said}");
        let after: Vec<_> = state(&shared).into_iter().map(|(path, ..)| path).collect();
        assert_eq!(after, before);
        assert!(theirs.iter().all(|path| std::fs::read_to_string(path).unwrap() == "theirs"));
        assert!(install(&shared, &["--uninstall"]).ends_with(": krmor has put nothing here\n"));

        // What somebody has put in the place of a link is his.
        install(&shared, flags);
        let (mine, other) = (link(&shared, "Pipeline"), link(&shared, "Checks"));
        std::fs::remove_file(&mine).unwrap();
        std::fs::write(&mine, "#!/bin/sh\ncat\n").unwrap();
        std::fs::remove_file(&other).unwrap();
        symlink("/somewhere/else", &other).unwrap();
        let said = install(&shared, &["--uninstall"]);
        assert_eq!(said.matches(" kept: it is not what krmor put there\n").count(), 2, "{said}");
        assert!(mine.is_file() && std::fs::read_link(&other).unwrap() == Path::new("/somewhere/else"));
        std::fs::remove_dir_all(&shared).unwrap();
    }
    // Without a record nobody knows whose the plugins are.
    let home = folder.0.join("home");
    install(&home, &[]);
    std::fs::remove_file(home.join("krmor.dev/installed.json")).unwrap();
    let out = install_by(Path::new(BINARY), &home, &["--uninstall"]).output().unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(text(&out.stdout).contains("no record that krmor has put them here"));
    hardens(&folder, &home);
    // A record of somebody else's making leads nowhere outside of the home.
    let victim = folder.write("victim", "x");
    let record = format!(
        r#"{{"folders": [".."], "files": {{"../victim": "af63f54c86021707", "{}": "af63f54c86021707"}}, "links": {{}}}}"#,
        victim.display()
    );
    folder.write("home/krmor.dev/installed.json", record);
    install(&home, &["--uninstall"]);
    assert!(victim.exists() && folder.0.exists());
}

/// Each version has a copy of its own: the links say which one runs, and what runs meanwhile keeps its file.
#[test]
fn versions_stand_side_by_side() {
    let folder = setup("versions");
    let home = folder.0.join("home");
    let older = home.join(GROUP).join("krmor-0.0.9");
    install(&home, &["--copy"]);
    // As an older one has laid it.
    let own = home.join(GROUP).join(format!("krmor-{VERSION}"));
    std::fs::rename(&own, &older).unwrap();
    let record = home.join("krmor.dev/installed.json");
    let told = std::fs::read_to_string(&record).unwrap().replace(&format!("krmor-{VERSION}"), "krmor-0.0.9");
    std::fs::write(&record, told).unwrap();
    for kind in schema::kinds() {
        std::fs::remove_file(link(&home, kind)).unwrap();
        symlink("../krmor-0.0.9", link(&home, kind)).unwrap();
    }
    hardens(&folder, &home);
    install(&home, &["--copy"]);
    assert!(older.is_file() && own.is_file());
    assert_eq!(std::fs::read_link(link(&home, "Pipeline")).unwrap(), Path::new("..").join(own.file_name().unwrap()));
    hardens(&folder, &home);
    install(&home, &["--uninstall"]);
    assert!(!home.exists(), "both are taken out");
}

/// When kustomize says `expected file with Go object code`, `krmor doctor` says why, and what it says to do helps.
#[test]
fn the_message_about_go_plugins_is_explained() {
    let folder = setup("go");
    let home = folder.0.join("home");
    let doctor = || {
        let mut command = krmor();
        command.current_dir(&folder.0).args(["doctor", "app"]).env("HOME", folder.0.join("nobody"));
        let out = command.env("KUSTOMIZE_PLUGIN_HOME", &home).env_remove("XDG_CONFIG_HOME").output().unwrap();
        (out.status.code(), text(&out.stdout))
    };
    let own = link(&home, "SecurityContext");
    let message = "expected file with Go object code at";
    let cases: [(&str, &dyn Fn(), &str); 3] = [
        ("no plugin", &|| std::fs::remove_file(&own).unwrap(), "plugin-missing"),
        (
            "a link that leads nowhere",
            &|| {
                std::fs::remove_file(&own).unwrap();
                symlink("/nowhere/krmor", &own).unwrap();
            },
            "plugin-dangling",
        ),
        ("an empty home", &|| std::fs::remove_dir_all(home.join("krmor.dev")).unwrap(), "plugin-missing"),
    ];
    for (name, broken, rule) in cases {
        install(&home, &[]);
        hardens(&folder, &home);
        broken();
        assert!(fails(&folder, &home).contains(message), "{name}");
        let (code, said) = doctor();
        assert_eq!(code, Some(1), "{name}: {said}");
        assert!(said.contains(&format!("says `{message} …`")) && said.contains(&format!("[{rule}]")), "{name}: {said}");
        assert!(said.contains("  fix: krmor install kustomize --home "), "{name}: {said}");
        install(&home, &[]);
        hardens(&folder, &home);
        assert_eq!(doctor().0, Some(0), "{name}");
    }
    // A file that cannot be executed is not taken for one in Go: kustomize says so itself.
    std::fs::remove_file(&own).unwrap();
    std::fs::copy(BINARY, &own).unwrap();
    std::fs::set_permissions(&own, PermissionsExt::from_mode(0o644)).unwrap();
    let said = fails(&folder, &home);
    assert!(!said.contains(message) && said.contains("unexecutable plugin at"), "{said}");
    assert!(doctor().1.contains("[plugin-not-executable]"));
}

/// A copy in the home is judged once, and is right as long as it is this krmor.
#[test]
fn doctor_knows_copies() {
    let folder = setup("doctor");
    let home = folder.0.join("home");
    install(&home, &["--copy"]);
    let doctor = || {
        let mut command = krmor();
        command.current_dir(&folder.0).args(["doctor", "app", "--strict"]).env("HOME", folder.0.join("nobody"));
        command.env("KUSTOMIZE_PLUGIN_HOME", &home).env_remove("XDG_CONFIG_HOME").env("PATH", "/nowhere");
        let out = command.output().unwrap();
        (out.status.code(), text(&out.stdout))
    };
    let (code, said) = doctor();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("plugin-"), "{said}");
    let own = home.join(GROUP).join(format!("krmor-{VERSION}"));
    std::fs::write(&own, "#!/bin/sh\necho krmor 0.0.1\n").unwrap();
    let (code, said) = doctor();
    assert_eq!((code, said.matches("[plugin-version]").count()), (Some(1), 1), "{said}");
}
