//! What a module cannot do, what it may use, and what becomes of one that fails.

use std::process::Output;
use std::time::{Duration, Instant};

use crate::common::{Folder, krmor_with_runner, pipe, text, wasm_run};
use crate::{fails, foreign, list, passes, run_text};

const WRITE: &str =
    r#"(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))"#;

fn go(flags: &[&str], data: &str) -> Output {
    pipe(wasm_run(flags).arg(foreign()), list(data).as_bytes())
}

#[test]
fn a_foreign_function_does_its_work() {
    let out = passes(&go(&[], "team: \"web: front\""));
    assert!(out.contains("team: 'web: front'"), "{out}");
    assert!(out.contains("kind: ResourceList"), "{out}");
}

#[test]
fn there_are_no_files_no_environment_and_no_clock() {
    for (how, why) in [
        ("file", "open /etc/passwd"),
        ("write", "open /tmp/annotate"),
        ("environment", "the environment is empty"),
        ("clock", "it is 1970, true"),
    ] {
        let out = go(&[], &format!("misbehave: {how}"));
        assert_eq!(out.status.code(), Some(1), "{how}: {}", text(&out.stdout));
        assert!(text(&out.stderr).contains(why), "{how}: {}", text(&out.stderr));
    }
    assert!(!std::path::Path::new("/tmp/annotate").exists());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let randomness = format!(
        r#"(module (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32))) {WRITE}
        (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\10\00\00\00\20\00\00\00")
        (func (export "_start")
            (drop (call $random (i32.const 16) (i32.const 16)))
            (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 32)))
            (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 40)))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#
    );
    let outs = [run_text(&randomness, &[], ""), run_text(&randomness, &[], "")];
    assert_eq!(outs[0].stdout.len(), 32);
    assert_eq!(outs[0].stdout, outs[1].stdout);
    assert_ne!(outs[0].stdout[..8], outs[0].stdout[8..16], "it never changes");
}

#[test]
fn time_fuel_memory_and_output_have_limits() {
    let forever = r#"(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))"#;
    let start = Instant::now();
    fails(&run_text(forever, &["--timeout", "1"], ""), 3, "not done after 1 s; --timeout gives it more");
    assert!(start.elapsed() >= Duration::from_secs(1));
    fails(&run_text(forever, &["--fuel", "100000"], ""), 3, "not done with 100000 units of fuel; --fuel gives it more");
    let deep = r#"(module (memory (export "memory") 1) (func $deep (export "_start") (call $deep)))"#;
    fails(&run_text(deep, &[], ""), 3, "call stack exhausted");
    let large = r#"(module (memory (export "memory") 3200) (func (export "_start")))"#;
    fails(
        &run_text(large, &["--memory", "100"], ""),
        3,
        "asked for more than 100 MiB of memory; --memory gives it more",
    );
    assert!(run_text(large, &["--memory", "200"], "").status.success());
    let grows = r#"(module (memory (export "memory") 1)
        (func (export "_start") (loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable))"#;
    fails(&run_text(grows, &["--memory", "64"], ""), 3, "asked for more than 64 MiB of memory");
    let floods = format!(
        r#"(module {WRITE} (memory (export "memory") 16) (data (i32.const 0) "\00\00\00\00\00\00\10\00")
        (func (export "_start")
            (loop (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))))"#
    );
    // What is counted is behind the list of buffers, so the list stays as it is.
    fails(&run_text(&floods, &["--memory", "8"], ""), 3, "writes more than 8 MiB; --memory gives it more");
    let table = r#"(module (memory (export "memory") 1) (table 100000000 funcref) (func (export "_start")))"#;
    fails(&run_text(table, &[], ""), 2, "table minimum size of 100000000 elements exceeds");
    let tables = format!(
        r#"(module (memory (export "memory") 1) {} (func (export "_start")))"#,
        "(table 1000000 funcref)".repeat(5)
    );
    fails(&run_text(&tables, &[], ""), 2, "table count too high");
}

/// Go's allocator tells of it in its own way, and exits.
#[test]
fn a_memory_bomb_in_go_is_stopped() {
    let out = go(&["--memory", "256"], "misbehave: memory");
    assert!(!out.status.success());
    assert_eq!(text(&out.stdout), "");
    assert!(text(&out.stderr).contains("asked for more than 256 MiB of memory"), "{}", text(&out.stderr));
}

#[test]
fn what_is_no_command_of_wasi_is_refused() {
    let folder = Folder::new("runner-refused");
    let run = |bytes: &[u8]| pipe(wasm_run(&[]).arg(folder.write("m.wasm", bytes)), b"x");
    fails(&run(b"not a module"), 2, "not a module that krmor can run");
    fails(&run(b""), 2, "not a module that krmor can run");
    fails(&run(b"\0asm\x0d\0\x01\0"), 2, "component");
    let refused = [
        (r#"(module (import "env" "f" (func)) (func (export "_start")))"#, "unknown import: `env::f`"),
        (r#"(module (memory (export "memory") 1))"#, "_start"),
        (r#"(module (func (export "_start") (param i32)))"#, "_start"),
        (r#"(module (import "wasi_snapshot_preview1" "fd_read" (func)) (func (export "_start")))"#, "fd_read"),
    ];
    for (module, why) in refused {
        fails(&run_text(module, &[], "x"), 2, why);
    }
    fails(&pipe(wasm_run(&[]).arg("no/such/file.wasm"), b""), 3, "no/such/file.wasm: No such file");
    let kpt = std::path::Path::new("target/wasm/krmor-kpt.wasm");
    fails(&pipe(wasm_run(&[]).arg(kpt), b"x"), 2, "unknown import: `go::");
}

/// Addresses outside of the memory, and counts that would go on for ever, are errors of the module's, not ours.
#[test]
fn wrong_addresses_are_the_modules_own_errors() {
    for (name, types) in [
        ("fd_read", "i32 i32 i32 i32"),
        ("fd_write", "i32 i32 i32 i32"),
        ("args_get", "i32 i32"),
        ("args_sizes_get", "i32 i32"),
        ("environ_sizes_get", "i32 i32"),
        ("clock_time_get", "i32 i64 i32"),
        ("clock_res_get", "i32 i32"),
        ("random_get", "i32 i32"),
        ("fd_fdstat_get", "i32 i32"),
        ("fd_filestat_get", "i32 i32"),
        ("poll_oneoff", "i32 i32 i32 i32"),
        ("path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32"),
        ("sock_accept", "i32 i32 i32"),
    ] {
        for value in [-1_i64, -8, 65_530, 1, 2] {
            let arguments: String = types.split(' ').map(|of| format!("({of}.const {value})")).collect();
            let module = format!(
                r#"(module (import "wasi_snapshot_preview1" "{name}" (func $f (param {types}) (result i32)))
                (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (memory (export "memory") 1)
                (func (export "_start") (call $exit (i32.add (i32.const 10) (call $f {arguments})))))"#
            );
            let out = run_text(&module, &["--timeout", "20", "--allow-empty"], "input");
            let code = out.status.code().unwrap();
            assert!(code >= 10, "{name} {value}: {code} {}", text(&out.stderr));
        }
    }
}

#[test]
fn exit_codes_and_standard_error_are_passed_on() {
    let module = format!(
        r#"(module {WRITE} (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1) (data (i32.const 0) "\08\00\00\00\05\00\00\00told\0a")
        (func (export "_start")
            (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 100)))
            (call $exit (i32.const 7))))"#
    );
    let out = run_text(&module, &[], "x");
    assert_eq!((out.status.code(), text(&out.stderr).as_str(), text(&out.stdout).as_str()), (Some(7), "told\n", ""));
    let large = module.replace("(i32.const 7)", "(i32.const 256)");
    assert_eq!(run_text(&large, &[], "x").status.code(), Some(1), "a failure stays one");
    let traps = module.replace("(call $exit (i32.const 7))", "unreachable");
    let out = run_text(&traps, &[], "x");
    fails(&out, 3, "unreachable");
    assert!(text(&out.stderr).starts_with("told\n"));
}

/// kustomize deletes every object when a function gives none; kustomize and kpt overlook results that say "error".
#[test]
fn a_function_that_fails_in_silence_does_not_pass() {
    let nothing = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;
    fails(&run_text(nothing, &[], &list("a: b")), 3, "gave nothing");
    fails(&run_text(nothing, &[], "a: b\n"), 3, "gave nothing");
    assert!(run_text(nothing, &[], "").status.success());
    assert!(run_text(nothing, &["--allow-empty"], "a: b\n").status.success());
    fails(&go(&[], "misbehave: lose"), 3, "gave no items");
    assert!(passes(&go(&["--allow-empty"], "misbehave: lose")).contains("ResourceList"));
    assert!(run_text(nothing, &["--allow-empty"], &list("a: b")).status.success());
    let out = go(&[], "misbehave: result");
    assert_eq!(out.status.code(), Some(1));
    assert!(text(&out.stderr).contains("a bad object"), "{}", text(&out.stderr));
    assert!(text(&out.stdout).contains("kind: Pod"), "kpt shows what is in the list");
    let out = go(&[], "misbehave: panic");
    assert_eq!(out.status.code(), Some(2), "{}", text(&out.stderr));
    let echo = format!(
        r#"(module {WRITE} (memory (export "memory") 1) (data (i32.const 0) "\08\00\00\00\05\00\00\00a: b\0a")
        (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100)))))"#
    );
    fails(&run_text(&echo, &[], &list("a: b")), 3, "gave no ResourceList");
    assert_eq!(passes(&run_text(&echo, &[], "x: y\n")), "a: b\n");
    // What only mentions a ResourceList is none.
    let mentions = "a: a ResourceList\nb: config.kubernetes.io/local-config\n";
    assert_eq!(passes(&run_text(&echo, &[], mentions)), "a: b\n");
}

/// A module that answers a text.
fn answers(text: &str) -> String {
    let [length, ..] = text.len().to_le_bytes();
    assert_eq!(usize::from(length), text.len(), "one byte has the length");
    let text = text.replace('\n', "\\0a");
    format!(
        r#"(module {WRITE} (memory (export "memory") 1) (data (i32.const 0) "\08\00\00\00\{length:02x}\00\00\00{text}")
        (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 1000)))))"#
    )
}

/// However a list writes them down, errors are failures: also without a severity, whose default is that.
#[test]
fn results_that_are_errors_fail_in_every_form() {
    let list_of = |results: &str| {
        format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: [{{a: b}}]\nresults: {results}\n")
    };
    for results in [
        "[{message: m, severity: error}]",
        "[{message: m}]",
        "{name: n, items: [{message: m, severity: Error}]}",
        "{results: [{message: m}]}",
    ] {
        let out = run_text(&answers(&list_of(results)), &[], &list("a: b"));
        assert_eq!(out.status.code(), Some(1), "{results}: {}", text(&out.stderr));
        assert!(text(&out.stderr).ends_with(": m\n"), "{results}: {}", text(&out.stderr));
    }
    for results in ["[]", "[{message: m, severity: warning}]", "null"] {
        assert!(run_text(&answers(&list_of(results)), &[], &list("a: b")).status.success(), "{results}");
    }
    let two = format!("{}---\nkind: x\n", list_of("[]"));
    fails(&run_text(&answers(&two), &[], &list("a: b")), 3, "gave no ResourceList");
    let forged =
        r#"["message": "a\\u001b[2J\\nerror: b"]"#.replace('[', "[{").replace("]", "}]").replace("[{2J", "[2J");
    let out = run_text(&answers(&list_of(&forged.replace('"', "\\22"))), &[], &list("a: b"));
    assert_eq!(text(&out.stderr).lines().count(), 1, "{}", text(&out.stderr));
    assert!(!text(&out.stderr).contains('\u{1b}'));
}

/// Both engines, on modules of both toolchains.
#[test]
fn with_and_without_a_cache_the_answer_is_the_same() {
    let cached = go(&[], "a: b");
    let mut hasty = krmor_with_runner();
    let hasty = pipe(hasty.args(["wasm", "run", "--no-cache"]).arg(foreign()), list("a: b").as_bytes());
    assert_eq!(passes(&cached), passes(&hasty));
    let fuel = go(&["--fuel", "100000000000"], "a: b");
    assert_eq!(passes(&cached), passes(&fuel));
}
