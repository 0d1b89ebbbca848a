//! Files of people: written all or none whatever stops krmor, each once, with all that they have; and no output is lost
//! unsaid.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Folder, Random, krmor, pipe, text};

const CONFIG: &str = "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nspec: {runAsUser: 10001}\n";

fn pod(name: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: p, image: p}}]}}\n")
}

fn folder(name: &str) -> Folder {
    let folder = Folder::new(&format!("files-{name}"));
    folder.write("config.yaml", CONFIG);
    folder
}

fn run(folder: &Folder, args: &[&str]) -> Output {
    krmor().current_dir(&folder.0).args(args).output().unwrap()
}

fn in_place(folder: &Folder, paths: &[&str]) -> Output {
    run(folder, &[&["run", "--config", "config.yaml", "--in-place"], paths].concat())
}

#[track_caller]
fn ok(out: &Output) {
    assert!(out.status.success(), "{:?} {}", out.status, text(&out.stderr));
}

#[track_caller]
fn refused(out: &Output, code: i32, wanted: &str) {
    let said = text(&out.stderr);
    assert_eq!((out.status.code(), said.contains(wanted)), (Some(code), true), "{said}");
}

/// All that is below a folder, hidden names too: contents by paths.
fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut out = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                out.insert(name, std::fs::read(&path).unwrap_or_default());
            }
        }
    }
    out
}

fn put(root: &Path, files: &BTreeMap<String, Vec<u8>>) {
    for (name, bytes) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

// ---- killed ----

/// Where the file system is memory: what is tried is krmor's order of steps, not the disk's speed.
fn fast_folder(name: &str) -> Folder {
    let memory = Path::new("/dev/shm");
    let folder = folder(name);
    if std::fs::write(memory.join(format!("krmor-probe-{}", std::process::id())), "").is_err() {
        return folder;
    }
    let _ = std::fs::remove_file(memory.join(format!("krmor-probe-{}", std::process::id())));
    let path = memory.join(folder.0.file_name().unwrap());
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    let fast = Folder(path);
    fast.write("config.yaml", CONFIG);
    fast
}

/// `KRMOR_KILLS` says how many; by default as many as take some seconds.
#[test]
fn whatever_kills_krmor_the_next_one_brings_the_tree_to_an_end() {
    let kills: usize = std::env::var("KRMOR_KILLS").map_or(200, |kills| kills.parse().unwrap());
    let folder = fast_folder("killed");
    let app = folder.0.join("app");
    let mut old = BTreeMap::new();
    for number in 0..240 {
        let name = format!("part-{}/deep/pod-{number:03}.yaml", number % 8);
        old.insert(name, format!("{}# {}\n", pod(&format!("p{number}")), "x".repeat(number * 7)).into_bytes());
    }
    let reset = || {
        let _ = std::fs::remove_dir_all(&app);
        put(&app, &old);
        for name in old.keys() {
            std::fs::set_permissions(app.join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    };
    reset();
    let since = Instant::now();
    ok(&in_place(&folder, &["app"]));
    let whole = since.elapsed();
    let new = tree(&app);
    assert!(new.len() == old.len() && new.iter().zip(&old).all(|(new, old)| new.0 == old.0 && new.1 != old.1));
    reset();
    let mut random = Random(0x6b69_6c6c);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut done = 0;
    let (started, asked) = (Instant::now(), std::env::var_os("KRMOR_KILLS").is_some());
    for number in 0..kills {
        // On a machine that is busy with other things.
        if !asked && number >= 100 && started.elapsed() > Duration::from_secs(20) {
            break;
        }
        done += 1;
        let mut child = krmor();
        child.current_dir(&folder.0).args(["run", "--config", "config.yaml", "--in-place", "app"]);
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let part = |time: Duration, random: &mut Random| time.mul_f64(random.below(1000) as f64 / 1000.0);
        // One of four at any moment; the others while files are being written.
        if number % 4 > 0 {
            let since = Instant::now();
            while !app.join(".krmor-journal").exists() && since.elapsed() < whole * 4 {
                std::hint::spin_loop();
            }
            std::thread::sleep(part(whole.mul_f64(0.5), &mut random));
        } else {
            std::thread::sleep(part(whole.mul_f64(1.1), &mut random));
        }
        let _ = child.kill();
        let ended = child.wait().unwrap();
        let left = tree(&app);
        let litter: Vec<&String> = left.keys().filter(|name| !old.contains_key(*name)).collect();
        for name in &litter {
            let mode = std::fs::symlink_metadata(app.join(name)).unwrap().mode();
            assert_eq!(mode & 0o077, 0, "{name} is for others, too");
        }
        let journal = left.contains_key(".krmor-journal");
        assert!(journal || litter.is_empty(), "{litter:?} without a journal");
        // Any command that reads the tree, whatever part of it.
        let next: [&[&str]; 4] = [
            &["view", "app/part-3/deep/pod-003.yaml"],
            &["check", "--config", "config.yaml", "app"],
            &["diff", "--config", "config.yaml", "app/part-1"],
            &["compare", "app/part-3/deep/pod-003.yaml", "app/part-4/deep/pod-004.yaml"],
        ];
        let said = text(&run(&folder, next[number % 4]).stderr);
        // One that holds nothing yet is taken away without a word.
        let has_begun = left.get(".krmor-journal").is_some_and(|bytes| !bytes.is_empty());
        assert_eq!(said.contains("was stopped"), has_begun && ended.code().is_none(), "{number}: {said}");
        let now = tree(&app);
        let what = match (now == old, now == new) {
            (true, false) if journal => "undone",
            (true, false) => "not begun",
            (false, true) if journal => "finished",
            (false, true) => "done",
            _ => panic!("kill {number}: part old, part new, or litter: {:?}", now.keys().collect::<Vec<_>>()),
        };
        let partly = left.iter().any(|(name, bytes)| new.get(name) == Some(bytes))
            && left.iter().any(|(name, bytes)| old.get(name) == Some(bytes));
        *seen.entry(what).or_default() += 1;
        *seen.entry("stopped between two files").or_default() += usize::from(partly);
        assert!(now.keys().all(|name| app.join(name).metadata().unwrap().mode() & 0o777 == 0o600));
        if now != old {
            reset();
        }
    }
    eprintln!("{done} kills survived: {seen:?}");
    if done >= 200 {
        for what in ["undone", "finished", "stopped between two files"] {
            assert!(seen.get(what).is_some_and(|times| *times >= 3), "the test has no force: {seen:?}");
        }
    }
}

/// Another krmor that is not done is waited for, and not taken for one that was killed.
#[test]
fn two_at_a_time_do_not_disturb_each_other() {
    let folder = folder("two");
    for round in 0..6 {
        for number in 0..60 {
            folder.write(&format!("app/{number}.yaml"), pod(&format!("p{number}")));
        }
        let start = || {
            let mut command = krmor();
            command.current_dir(&folder.0).args(["run", "--config", "config.yaml", "--in-place", "app"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let both = [start(), start()].map(|child| child.wait_with_output().unwrap());
        assert!(both.iter().any(|out| out.status.success()), "round {round}: {both:?}");
        for out in &both {
            let said = text(&out.stderr);
            assert!(!said.contains("was stopped"), "{said}");
            assert!(out.status.success() || said.contains("changed meanwhile"), "{said}");
        }
        let now = tree(&folder.0.join("app"));
        assert_eq!(now.len(), 60, "{:?}", now.keys());
        assert!(now.values().all(|bytes| text(bytes).contains("runAsUser")));
    }
}

// ---- what stands in the way ----

/// Runs a script in a mount namespace of its own; `false` where the machine has none for us.
fn apart(folder: &Folder, script: &str) -> Option<Output> {
    let probe = Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !probe.is_ok_and(|out| out.status.success()) {
        eprintln!("no mount namespaces here: not tried");
        return None;
    }
    let mut command = Command::new("unshare");
    command.current_dir(&folder.0).args(["-m", "sh", "-ec", script]).env("KRMOR", env!("CARGO_BIN_EXE_krmor"));
    Some(command.output().unwrap())
}

#[test]
fn a_folder_in_the_middle_that_cannot_be_written_to_leaves_all_as_it_was() {
    let folder = folder("read-only");
    for name in ["a", "m/b", "z"] {
        folder.write(&format!("app/{name}.yaml"), pod("p"));
    }
    let before = tree(&folder.0);
    let script = "mount --bind app/m app/m && mount -o remount,ro,bind app/m && exec $KRMOR run --config config.yaml --in-place app";
    let Some(out) = apart(&folder, script) else { return };
    refused(&out, 3, "app/m/b.yaml: Read-only file system (os error 30); nothing was written");
    assert_eq!(tree(&folder.0), before);
}

#[test]
fn a_full_disk_leaves_all_as_it_was() {
    let folder = folder("full");
    std::fs::create_dir_all(folder.0.join("disk")).unwrap();
    // Each size lets krmor come a little further.
    for kilobytes in [200, 216, 232, 248, 264, 280, 320, 360, 400, 2000] {
        let script = format!(
            "mount -t tmpfs -o size={kilobytes}k none disk; cd disk; mkdir app
             i=0; while [ $i -lt 40 ]; do
               printf 'apiVersion: v1\\nkind: Pod\\nmetadata: {{name: p%d}}\\nspec: {{containers: [{{name: p, image: p}}]}}\\n' $i > app/$i.yaml
               i=$((i+1)); done
             cat app/*.yaml | sha256sum > ../before; ls -A app > ../names
             code=0; $KRMOR run --config ../config.yaml --in-place app 2> ../said || code=$?
             cat app/*.yaml | sha256sum > ../after; ls -A app > ../names-after
             exit $code"
        );
        let Some(out) = apart(&folder, &script) else { return };
        let read = |name: &str| std::fs::read_to_string(folder.0.join(name)).unwrap();
        assert_eq!(read("names"), read("names-after"), "{kilobytes}: {}", read("said"));
        match out.status.code() {
            Some(0) => assert_ne!(read("before"), read("after")),
            Some(3) => {
                assert!(
                    read("said").contains("No space left on device (os error 28); nothing was written"),
                    "{}",
                    read("said")
                );
                assert_eq!(read("before"), read("after"), "{kilobytes}");
            }
            code => panic!("{kilobytes}: {code:?} {} {}", read("said"), text(&out.stderr)),
        }
        assert!(kilobytes != 200 || out.status.code() == Some(3), "the disk is not full");
        assert!(kilobytes != 2000 || out.status.code() == Some(0), "{}", read("said"));
    }
}

// ---- what files keep ----

#[test]
fn files_keep_mode_owner_and_attributes() {
    let folder = folder("kept");
    let names = ["wide.yaml", "private.yaml", "odd.yaml"];
    for (name, mode) in names.iter().zip([0o644, 0o600, 0o4750]) {
        let path = folder.write(&format!("app/{name}"), pod("p"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let script = "import os,sys\nfor name in sys.argv[1:]: os.setxattr(name, 'user.note', b'kept' * 300)";
    let paths: Vec<_> = names.iter().map(|name| folder.0.join("app").join(name)).collect();
    let attributes = Command::new("python3").args(["-c", script]).args(&paths).status().unwrap().success();
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if root {
        let owned = Command::new("chown").arg("12345:23456").arg(&paths[1]).arg(&paths[2]).status().unwrap();
        assert!(owned.success());
        std::fs::set_permissions(&paths[2], std::fs::Permissions::from_mode(0o4750)).unwrap(); // chown takes it
    }
    let meta = || {
        paths
            .iter()
            .map(|path| path.metadata().unwrap())
            .map(|meta| (meta.mode(), meta.uid(), meta.gid()))
            .collect::<Vec<_>>()
    };
    let before = meta();
    ok(&in_place(&folder, &["app"]));
    assert!(paths.iter().all(|path| std::fs::read_to_string(path).unwrap().contains("runAsUser")));
    assert_eq!(meta(), before);
    if attributes {
        let script = "import os,sys\nfor name in sys.argv[1:]: assert os.getxattr(name, 'user.note') == b'kept' * 300";
        assert!(Command::new("python3").args(["-c", script]).args(&paths).status().unwrap().success());
    }
    // An owner that cannot be given is a refusal.
    if root {
        put(&folder.0, &BTreeMap::from([("app/private.yaml".to_owned(), pod("p").into_bytes())]));
        let all = |path: &Path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
        all(&folder.0);
        all(&folder.0.join("app"));
        std::fs::set_permissions(&paths[1], std::fs::Permissions::from_mode(0o666)).unwrap();
        let before = tree(&folder.0);
        let mut command = Command::new("setpriv");
        command.current_dir(&folder.0).args(["--reuid=54321", "--regid=54321", "--clear-groups"]);
        command.arg(env!("CARGO_BIN_EXE_krmor")).args([
            "run",
            "--config",
            "config.yaml",
            "--in-place",
            "app/private.yaml",
        ]);
        let Ok(out) = command.output() else { return };
        if text(&out.stderr).contains("setpriv") {
            return; // the binary is where no one else may look
        }
        refused(&out, 3, "app/private.yaml: it is of owner 12345 and group 23456, which this user cannot give");
        assert_eq!(tree(&folder.0), before);
    }
}

/// What is made from a private file is private; what is private already stays so.
#[test]
fn an_output_is_no_wider_than_its_input() {
    let folder = folder("output");
    let path = folder.write("app/private.yaml", pod("p"));
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    folder.write("app/wide.yaml", pod("q"));
    std::fs::set_permissions(folder.0.join("app/wide.yaml"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let out = || run(&folder, &["run", "--config", "config.yaml", "--output", "out", "app"]);
    let mode = |name: &str| folder.0.join("out").join(name).metadata().unwrap().mode() & 0o777;
    ok(&out());
    assert_eq!(mode("private.yaml"), 0o600);
    std::fs::set_permissions(folder.0.join("out/wide.yaml"), std::fs::Permissions::from_mode(0o600)).unwrap();
    ok(&out());
    assert_eq!((mode("private.yaml"), mode("wide.yaml")), (0o600, 0o600));
}

#[test]
fn hard_links_are_refused() {
    let folder = folder("hard");
    folder.write("app/a.yaml", pod("p"));
    std::fs::hard_link(folder.0.join("app/a.yaml"), folder.0.join("elsewhere")).unwrap();
    folder.write("app/b.yaml", pod("q"));
    let before = tree(&folder.0);
    let out = in_place(&folder, &["app"]);
    refused(&out, 2, "app/a.yaml: the file has 2 names (hard links)");
    assert!(text(&out.stderr).contains("nothing was written\n  fix: "));
    assert_eq!(tree(&folder.0), before);
    // What the message says helps.
    let fix = "cp -p app/a.yaml app/a.yaml.own && mv app/a.yaml.own app/a.yaml";
    assert!(text(&out.stderr).contains(fix));
    assert!(Command::new("sh").current_dir(&folder.0).args(["-c", fix]).status().unwrap().success());
    ok(&in_place(&folder, &["app"]));
    assert_eq!(tree(&folder.0)["elsewhere"], before["elsewhere"]);
    // `patch` too.
    std::fs::hard_link(folder.0.join("app/b.yaml"), folder.0.join("other")).unwrap();
    folder.write("p.json", r#"[{"op": "replace", "path": "/metadata/name", "value": "z"}]"#);
    refused(&run(&folder, &["patch", "--patch", "p.json", "--in-place", "app/b.yaml"]), 2, "2 names");
}

// ---- names ----

#[test]
fn each_file_is_read_and_written_once_whatever_names_it_has() {
    let folder = folder("names");
    let reset = || {
        folder.write("app/web.yaml", pod("p"));
    };
    reset();
    symlink("web.yaml", folder.0.join("app/link.yaml")).unwrap();
    symlink("app", folder.0.join("also")).unwrap();
    for paths in [
        &["app"][..],
        &["app/web.yaml", "app/web.yaml"],
        &["app/web.yaml", "./app/../app/web.yaml"],
        &["app/link.yaml", "app/web.yaml"],
        &["also/web.yaml", "app"],
        &["app", "also"],
    ] {
        reset();
        let out = in_place(&folder, paths);
        ok(&out);
        let now = std::fs::read_to_string(folder.0.join("app/web.yaml")).unwrap();
        assert_eq!(now.matches("runAsUser").count(), 1, "{paths:?}");
        assert!(folder.0.join("app/link.yaml").is_symlink());
        let seen = run(&folder, &[&["run", "--config", "config.yaml"], paths].concat());
        assert_eq!(text(&seen.stdout).matches("kind: Pod").count(), 1, "{paths:?}: {}", text(&seen.stdout));
    }
}

#[test]
fn a_link_in_a_directory_is_not_followed_outside() {
    let folder = folder("outside");
    folder.write("outside.yaml", pod("hush"));
    folder.write("app/web.yaml", pod("p"));
    symlink("../outside.yaml", folder.0.join("app/link.yaml")).unwrap();
    for args in [
        &["run", "--config", "config.yaml", "app"][..],
        &["run", "--config", "config.yaml", "--in-place", "app"],
        &["check", "--config", "config.yaml", "app"],
        &["diff", "--config", "config.yaml", "app"],
        &["graph", "app"],
        &["rows", "app"],
    ] {
        let out = run(&folder, args);
        refused(&out, 2, "app/link.yaml: it is a link that leads to ");
        assert!(text(&out.stderr).contains("outside of what was named") && out.stdout.is_empty());
    }
    // Named, it is followed.
    ok(&in_place(&folder, &["app/web.yaml", "app/link.yaml"]));
    assert!(std::fs::read_to_string(folder.0.join("outside.yaml")).unwrap().contains("runAsUser"));
    assert!(folder.0.join("app/link.yaml").is_symlink());
}

// ---- pipes ----

#[test]
fn a_config_may_come_from_a_pipe() {
    let folder = folder("config-pipe");
    folder.write("web.yaml", pod("p"));
    let wanted = text(&run(&folder, &["run", "--config", "config.yaml", "web.yaml"]).stdout);
    assert!(wanted.contains("runAsUser"));
    let bash = |script: &str| {
        let script = script.replace("krmor", env!("CARGO_BIN_EXE_krmor"));
        Command::new("bash").current_dir(&folder.0).args(["-c", &script]).output().unwrap()
    };
    for script in [
        "krmor run --config <(cat config.yaml) web.yaml",
        "cat config.yaml | krmor run --config /dev/stdin web.yaml",
        "krmor run --config /dev/stdin web.yaml < config.yaml",
        "krmor run --config <(cat config.yaml) - < web.yaml",
        "krmor --config <(cat config.yaml) < web.yaml",
        "mkfifo f; cat config.yaml > f & krmor run --config f web.yaml",
    ] {
        let out = bash(script);
        ok(&out);
        assert_eq!(text(&out.stdout), wanted, "{script}");
    }
    for script in ["krmor run --config /dev/stdin - < config.yaml", "krmor --config /dev/stdin < config.yaml"] {
        refused(&bash(script), 2, "cannot both come from standard input");
    }
    let out = bash("krmor check --config <(cat config.yaml) --format sarif web.yaml");
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
    // Reports go into pipes, too.
    let out = bash("krmor run --config config.yaml --report json=/dev/stderr web.yaml");
    ok(&out);
    assert!(text(&out.stderr).contains("\"patches\""), "{}", text(&out.stderr));
    assert_eq!(text(&out.stdout), wanted);
}

#[test]
fn an_output_that_nobody_gets_is_no_success() {
    let folder = folder("closed");
    folder.write("web.yaml", pod("p"));
    folder
        .write("many.yaml", (0..4000).map(|number| format!("---\n{}", pod(&format!("p{number}")))).collect::<String>());
    folder.write("p.json", r#"[{"op": "replace", "path": "/metadata/name", "value": "z"}]"#);
    let bash = |script: &str| {
        let script = script.replace("krmor", env!("CARGO_BIN_EXE_krmor"));
        Command::new("bash").current_dir(&folder.0).args(["-c", &script]).output().unwrap()
    };
    for call in [
        "krmor run --config config.yaml web.yaml",
        "krmor --config config.yaml < web.yaml",
        "krmor patch --patch p.json web.yaml",
        "krmor patch --patch p.json < web.yaml",
        "krmor render --config config.yaml -- cat web.yaml",
    ] {
        refused(&bash(&format!("{call} >&-")), 3, "standard output is closed");
        ok(&bash(&format!("{call} > /dev/null")));
        refused(&bash(&format!("{call} > /dev/full")), 3, "standard output: No space left on device");
    }
    // A reader that goes.
    let script = "krmor run --config config.yaml many.yaml | head -c 10 > /dev/null; echo ${PIPESTATUS[0]}";
    let out = bash(script);
    assert_eq!(text(&out.stdout), "3\n");
    assert!(text(&out.stderr).contains("standard output: Broken pipe"), "{}", text(&out.stderr));
    // What is only looked at may be left.
    let out = bash("krmor view many.yaml | head -c 10 > /dev/null; echo ${PIPESTATUS[0]}");
    assert_eq!(text(&out.stderr), "");
    // With files as output, nothing is lost.
    ok(&bash("krmor run --config config.yaml --in-place web.yaml >&-"));
}

// ---- the end of the process ----

#[test]
fn out_of_memory_is_an_error_of_krmor_without_a_dump() {
    let folder = folder("memory");
    let text_of = |number: usize| format!("---\n{}", pod(&format!("p{number}")));
    let many: String = (0..40_000).map(text_of).collect();
    folder.write("many.yaml", many);
    let script = format!(
        "ulimit -c unlimited; ulimit -v 60000; exec {} run --config config.yaml many.yaml > /dev/null",
        env!("CARGO_BIN_EXE_krmor")
    );
    let out = Command::new("bash").current_dir(&folder.0).args(["-c", &script]).output().unwrap();
    let said = text(&out.stderr);
    assert_eq!(out.status.code(), Some(3), "{:?} {said}", out.status);
    assert!(!said.contains("apiVersion") && said.contains("memory"), "{said}");
    let names: Vec<String> = tree(&folder.0).into_keys().collect();
    assert_eq!(names, ["config.yaml", "many.yaml"]);
}

#[test]
fn no_core_is_dumped() {
    let folder = folder("core");
    folder.write("web.yaml", pod("p"));
    // The limit of a krmor that runs: it waits for its config.
    let fifo = folder.0.join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut command = Command::new("bash");
    let script = format!("ulimit -c 1000; exec {} run --config fifo web.yaml", env!("CARGO_BIN_EXE_krmor"));
    let mut child = command.current_dir(&folder.0).args(["-c", &script]).stdout(Stdio::null()).spawn().unwrap();
    let limits = format!("/proc/{}/limits", child.id());
    let is_zero = || {
        let text = std::fs::read_to_string(&limits).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("Max core file size")).map(str::to_owned);
        line.is_none_or(|line| line.split_whitespace().nth(4) == Some("0"))
    };
    let since = Instant::now();
    while !is_zero() && since.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(is_zero(), "{}", std::fs::read_to_string(&limits).unwrap_or_default());
    std::fs::write(&fifo, CONFIG).unwrap();
    assert!(child.wait().unwrap().success());
    let _ = pipe(krmor().arg("list"), b"");
}
