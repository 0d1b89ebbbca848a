//! Pod Security admission's own test suite: every fixture of the standard, at its level and version, goes through krmor,
//! and the API server's own code says whether what comes out is valid and admitted.
//!
//! The counts go straight to the terminal, so that a run that passes shows how much it looked at.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::common::psa::{Answer, ask, ask_everywhere};
use crate::common::{Done, Random, pods, run};
use krmor::pipeline::Outcome;
use krmor::report::{Finding, Severity};
use krmor::yaml;
use serde_json::{Value, json};

/// What Pod Security admission calls what each rule refuses.
const REASONS: &[(&str, &str)] = &[
    ("conflict/privileged", "privileged"),
    ("conflict/windowsHostProcess", "hostProcess"),
    ("conflict/hostNamespaces", "host namespaces"),
    ("conflict/hostPorts", "hostPort"),
    ("conflict/hostPathVolumes", "hostPath volumes"),
    ("conflict/restrictedVolumes", "restricted volume types"),
    ("conflict/capabilities_baseline", "non-default capabilities"),
    ("conflict/capabilities_restricted", "unrestricted capabilities"),
    ("conflict/allowPrivilegeEscalation", "allowPrivilegeEscalation != false"),
    ("conflict/runAsUser", "runAsUser=0"),
    ("conflict/runAsNonRoot", "runAsNonRoot != true"),
    ("conflict/seccompProfile_baseline", "seccompProfile"),
    ("conflict/seccompProfile_restricted", "seccompProfile"),
    ("conflict/appArmorProfile", "forbidden AppArmor profile"),
    ("conflict/seLinuxOptions", "seLinuxOptions"),
    ("conflict/procMount", "procMount"),
    ("conflict/procMount_restricted", "procMount"),
    ("conflict/sysctls", "forbidden sysctls"),
    ("conflict/hostProbesAndHostLifecycle", "probe or lifecycle host"),
];

/// The rules about what no field edit can settle.
const VOLUMES: &[&str] = &["conflict/hostPathVolumes", "conflict/restrictedVolumes"];

/// A pod of the suite.
struct Fixture {
    level: String,
    version: String,
    passes: bool,
    /// `restrictedvolumes7`: the check that it is for, and its number there.
    name: String,
    text: String,
}

impl Fixture {
    fn title(&self) -> String {
        let expected = if self.passes { "pass" } else { "fail" };
        format!("{}/{}/{expected}/{}", self.level, self.version, self.name)
    }
}

/// The suite, which lies beside the evaluator in its module.
fn fixtures() -> Vec<Fixture> {
    let mut go = Command::new("go");
    go.args(["mod", "download", "-json", "k8s.io/pod-security-admission"]).current_dir("tests/psa");
    let out = go.env("GOFLAGS", "").env("GOWORK", "off").output().expect("go runs");
    let module: Value =
        serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", crate::common::text(&out.stderr)));
    let root = Path::new(module["Dir"].as_str().unwrap_or_else(|| panic!("{module}"))).join("test/testdata");
    let mut found = Vec::new();
    for path in files(&root) {
        let place: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let [.., level, version, expected, file] = place.as_slice() else { panic!("{place:?}") };
        let Some(name) = file.strip_suffix(".yaml") else { continue };
        let passes = match expected.as_str() {
            "pass" => true,
            "fail" => false,
            _ => panic!("{}", path.display()),
        };
        // The suite's own runner renames them too: `_` is not for names.
        let text = std::fs::read_to_string(&path).unwrap().replace(name, &name.replace('_', "-"));
        found.push(Fixture { level: level.clone(), version: version.clone(), passes, name: name.to_owned(), text });
    }
    found
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn value(text: &str) -> Value {
    yaml::parse(&Arc::new(text.to_owned())).unwrap()[0].root().to_value().unwrap()
}

/// krmor with a fixture's level and version, on a text of its own.
fn harden(fixture: &Fixture, conflicts: &str, text: &str) -> Done {
    run("SecurityContext", &json!({"level": fixture.level, "version": fixture.version, "conflicts": conflicts}), text)
}

/// What the API server says about pods, each in the namespace of its fixture.
fn judge<'a>(pods: impl IntoIterator<Item = (&'a Fixture, &'a Value)>) -> Vec<Answer> {
    ask(pods.into_iter().map(|(fixture, pod)| (fixture.level.as_str(), fixture.version.as_str(), pod)))
}

/// The pod without what is at these pointers.
fn without<'a>(mut pod: Value, paths: impl IntoIterator<Item = &'a str>) -> Value {
    let mut paths: Vec<&str> = paths.into_iter().collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        let patch = json!([{"op": "remove", "path": path}]);
        json_patch::patch(&mut pod, &serde_json::from_value::<json_patch::Patch>(patch).unwrap())
            .unwrap_or_else(|error| panic!("a finding is about {path}: {error}\n{pod}"));
    }
    pod
}

/// Says how much a test looked at, on the terminal even when the test passes.
fn say(what: &str) {
    let _ = writeln!(std::io::stderr(), "  psa: {what}");
}

/// Panics with the first of `wrong`, if there is any.
fn none(wrong: &[(String, impl Debug)]) {
    let shown: Vec<_> = wrong.iter().take(5).collect();
    assert!(wrong.is_empty(), "{} are wrong: {shown:#?}", wrong.len());
}

/// The control: without krmor, admission refuses and admits exactly what the suite says. Were the evaluator blind, or the
/// fixtures few, this would show it.
#[test]
fn unhardened_fixtures_are_what_the_suite_says() {
    let fixtures = fixtures();
    let pods: Vec<Value> = fixtures.iter().map(|fixture| value(&fixture.text)).collect();
    let answers = judge(fixtures.iter().zip(&pods));
    let mut counts = BTreeMap::new();
    let mut invalid = BTreeMap::new();
    for (fixture, answer) in fixtures.iter().zip(&answers) {
        let expected = if fixture.passes { "pass" } else { "fail" };
        assert_eq!(answer.violations.is_empty(), fixture.passes, "{}: {answer:?}", fixture.title());
        *counts.entry((fixture.level.as_str(), expected)).or_insert(0) += 1;
        if !answer.invalid.is_empty() {
            assert!(answer.invalid.iter().all(|error| error.contains("procMount")), "{answer:?}");
            *invalid.entry(fixture.name.as_str()).or_insert(0) += 1;
        }
    }
    let expected = [
        (("baseline", "fail"), 1122),
        (("baseline", "pass"), 433),
        (("restricted", "fail"), 2364),
        (("restricted", "pass"), 618),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
    // `procMount: Unmasked` needs `hostUsers: false`, which would make these pass since v1.35.
    assert_eq!(invalid, BTreeMap::from([("procmount0", 6), ("procmount1", 6)]));
    let versions: std::collections::BTreeSet<&str> = fixtures.iter().map(|fixture| fixture.version.as_str()).collect();
    assert_eq!(versions.len(), 38);
    say(&format!("{} fixtures of v1.0 to v1.37: 1051 pass, 3486 fail before krmor", fixtures.len()));
}

/// What passes the standard has nothing to add or to change: not a byte.
#[test]
fn fixtures_that_pass_stay_as_they_are() {
    let fixtures: Vec<Fixture> = fixtures().into_iter().filter(|fixture| fixture.passes).collect();
    let mut wrong = Vec::new();
    for (fixture, way) in fixtures.iter().flat_map(|fixture| ["fail", "override", "keep"].map(|way| (fixture, way))) {
        let done = harden(fixture, way, &fixture.text);
        let told = done.report.findings.iter().filter(|finding| {
            // That nobody knows the image's user is no matter of admission.
            finding.severity > Severity::Info && finding.rule.id != "image-user-unproven"
        });
        let told = told.collect::<Vec<_>>();
        if done.outcome != Outcome::Ok || !told.is_empty() || done.text != fixture.text {
            wrong.push((fixture.title(), format!("{told:#?}\n{}", done.text)));
        }
    }
    none(&wrong);
    say(&format!("{} fixtures pass: not a byte of them changes", fixtures.len()));
}

/// A fixture that fails comes out admitted, or is refused with errors that name every value in conflict and no other.
#[test]
fn fixtures_that_fail_come_out_admitted_or_are_refused() {
    let fixtures: Vec<Fixture> = fixtures().into_iter().filter(|fixture| !fixture.passes).collect();
    let before: Vec<Value> = fixtures.iter().map(|fixture| value(&fixture.text)).collect();
    let done: Vec<Done> = fixtures.iter().map(|fixture| harden(fixture, "fail", &fixture.text)).collect();

    let mut wrong = Vec::new();
    // Pods that must be admitted, and what they show.
    let mut claims: Vec<(&Fixture, &str, Value)> = Vec::new();
    let (mut hardened, mut refused, mut errors) = (0, 0, 0);
    for ((fixture, pod), (done, answer)) in
        fixtures.iter().zip(&before).zip(done.iter().zip(judge(fixtures.iter().zip(&before))))
    {
        if done.outcome == Outcome::Ok {
            hardened += 1;
            claims.push((fixture, "hardened", value(&done.text)));
            continue;
        }
        refused += 1;
        let found = done.errors();
        errors += found.len();
        let paths: Vec<&str> = found.iter().map(|finding| finding.pointer()).collect();
        for finding in &found {
            // The rule is about what admission complains of.
            let reason = REASONS.iter().find(|(rule, _)| *rule == finding.rule.id).map(|(_, reason)| *reason);
            if !reason.is_some_and(|reason| answer.violations.iter().any(|(seen, _)| seen.starts_with(reason))) {
                wrong.push((fixture.title(), format!("{finding:#?}\n{answer:#?}")));
            }
            // Its value is in conflict for itself: with all others gone it is still refused.
            let others = paths.iter().copied().filter(|path| *path != finding.pointer());
            let alone = harden(fixture, "fail", &without(pod.clone(), others).to_string());
            if alone.outcome == Outcome::Ok {
                wrong.push((fixture.title(), format!("no conflict for itself: {finding:#?}")));
            }
        }
        // Nothing but those values is in the way: without them the pod is hardened.
        let repaired = harden(fixture, "fail", &without(pod.clone(), paths).to_string());
        if repaired.outcome == Outcome::Ok {
            claims.push((fixture, "repaired where the errors say", value(&repaired.text)));
        } else {
            wrong.push((fixture.title(), format!("repaired, but refused: {:#?}", repaired.errors())));
        }
    }
    for ((fixture, what, pod), answer) in claims.iter().zip(judge(claims.iter().map(|claim| (claim.0, &claim.2)))) {
        if !answer.violations.is_empty() || !answer.invalid.is_empty() {
            wrong.push((fixture.title(), format!("{what}: {answer:#?}\n{pod}")));
        }
    }
    none(&wrong);
    assert!(hardened > 0 && refused > 0);
    say(&format!("{hardened} fixtures fail and come out admitted"));
    say(&format!(
        "{refused} fixtures fail and are refused, with {errors} errors; admitted once what those name is gone"
    ));
}

/// `conflicts: override` settles every conflict that a field edit can.
#[test]
fn with_override_only_volumes_are_refused() {
    let fixtures: Vec<Fixture> = fixtures().into_iter().filter(|fixture| !fixture.passes).collect();
    let mut wrong = Vec::new();
    let mut claims: Vec<(&Fixture, Value)> = Vec::new();
    let mut volumes = 0;
    for fixture in &fixtures {
        let done = harden(fixture, "override", &fixture.text);
        let errors = done.errors();
        let only_volumes = !errors.is_empty() && errors.iter().all(|error| VOLUMES.contains(&error.rule.id));
        match done.outcome {
            Outcome::Ok => claims.push((fixture, value(&done.text))),
            _ if only_volumes => volumes += 1,
            _ => wrong.push((fixture.title(), format!("{errors:#?}"))),
        }
    }
    for ((fixture, pod), answer) in claims.iter().zip(judge(claims.iter().map(|(fixture, pod)| (*fixture, pod)))) {
        if !answer.violations.is_empty() || !answer.invalid.is_empty() {
            wrong.push((fixture.title(), format!("{answer:#?}\n{pod}")));
        }
    }
    none(&wrong);
    assert!(volumes > 0);
    say(&format!(
        "{} fixtures fail and are admitted with `conflicts: override`; {volumes} more have volumes",
        claims.len()
    ));
}

/// The same pod with the fixture's metadata and spec `indent` deep under `head`.
fn wrapped(fixture: &Fixture, head: &str, indent: usize) -> String {
    let body = fixture.text.split_once("metadata:\n").unwrap().1;
    let pad = " ".repeat(indent);
    let lines = ["metadata:"].into_iter().chain(body.lines()).map(|line| format!("{pad}{line}\n"));
    head.to_owned() + &lines.collect::<String>()
}

/// A pod is judged and hardened alike wherever it stands.
#[test]
fn templates_and_lists_are_treated_as_pods_are() {
    let wraps: &[(&str, usize, &str)] = &[
        (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n",
            4,
            "/spec/template",
        ),
        (
            "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: c\nspec:\n  schedule: '@daily'\n  jobTemplate:\n    spec:\n      template:\n",
            8,
            "/spec/jobTemplate/spec/template",
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: c}\n- apiVersion: v1\n  kind: Pod\n",
            2,
            "/items/1",
        ),
    ];
    let told = |done: &Done, prefix: &str| -> Vec<(String, Severity, String)> {
        let told = done.report.findings.iter().map(|finding| {
            let path = finding.pointer().strip_prefix(prefix).unwrap_or_else(|| panic!("{finding:?}"));
            (finding.rule.id.to_owned(), finding.severity, path.to_owned())
        });
        told.collect()
    };
    let (mut wrong, mut count) = (Vec::new(), 0);
    for fixture in fixtures().into_iter().step_by(3) {
        for way in ["fail", "override"] {
            let pod = harden(&fixture, way, &fixture.text);
            for (head, indent, prefix) in wraps {
                count += 1;
                let inside = harden(&fixture, way, &wrapped(&fixture, head, *indent));
                let object = value(&inside.text);
                let part = |key: &str| object.pointer(&format!("{prefix}/{key}")).unwrap().clone();
                let alone = value(&pod.text);
                if inside.outcome != pod.outcome
                    || told(&inside, prefix) != told(&pod, "")
                    || (part("metadata"), part("spec")) != (alone["metadata"].clone(), alone["spec"].clone())
                {
                    wrong.push((fixture.title(), format!("{way} in {head}{}", inside.text)));
                }
            }
        }
    }
    none(&wrong);
    say(&format!("{count} times a fixture in a Deployment, a CronJob, a List came out as the pod does"));
}

/// A pointer as the API server writes it: `spec.containers[0].image`.
fn field_path(pointer: &str) -> String {
    let token = |token: &str| match token.parse::<usize>() {
        Ok(at) => format!("[{at}]"),
        Err(_) => format!(".{token}"),
    };
    pointer.split('/').skip(1).map(token).collect::<String>().trim_start_matches('.').to_owned()
}

/// What krmor refuses although admission does not, and why: said in the README of the function.
fn is_extra(finding: &Finding, version: u32, invalid: &[String]) -> bool {
    match finding.rule.id {
        // The API server refuses an annotation that contradicts the field.
        "conflict/seccompProfile_restricted" | "conflict/seccompProfile_baseline" => {
            version >= 19 && finding.pointer().starts_with("/metadata/annotations/")
        }
        // `runAsNonRoot: true` keeps it from starting.
        "conflict/runAsUser" => version < 23,
        // No Windows pod passes `restricted` before v1.25.
        "windows-version" => version < 25,
        // The API server refuses the field.
        "windows-field" => invalid.iter().any(|error| error.starts_with(&field_path(finding.pointer()))),
        _ => false,
    }
}

/// A pod in the place of a fixture.
fn case(level: &str, minor: usize, pod: &Value) -> (Fixture, Value) {
    let (level, version) = (level.to_owned(), format!("v1.{minor}"));
    (Fixture { level, version, passes: false, name: "own".to_owned(), text: pod.to_string() }, pod.clone())
}

/// krmor refuses what admission does, names what admission complains of, and what it lets out is admitted. Says how many
/// were hardened, refused, and settled by `override`.
fn agree(cases: &[(Fixture, Value)]) -> [usize; 3] {
    let before = judge(cases.iter().map(|(case, pod)| (case, pod)));
    let mut wrong = Vec::new();
    let mut claims: Vec<(&Fixture, &str, &Answer, Value)> = Vec::new();
    let mut counts = [0; 3];
    for ((case, pod), answer) in cases.iter().zip(&before) {
        let version: u32 = case.version[3..].parse().unwrap();
        let done = harden(case, "fail", &case.text);
        let found = done.errors();
        for finding in &found {
            let reason = REASONS.iter().find(|(rule, _)| *rule == finding.rule.id).map(|(_, reason)| *reason);
            let complains = |reason: &str| answer.violations.iter().any(|(seen, _)| seen.starts_with(reason));
            if !reason.is_some_and(complains) && !is_extra(finding, version, &answer.invalid) {
                wrong.push((case.title(), format!("{finding:#?}\n{answer:#?}\n{pod}")));
            }
        }
        if done.outcome == Outcome::Ok {
            counts[0] += 1;
            claims.push((case, "hardened", answer, value(&done.text)));
            continue;
        }
        counts[1] += 1;
        let overridden = harden(case, "override", &case.text);
        let stays = |rule: &str| VOLUMES.contains(&rule) || rule.starts_with("windows-");
        if overridden.outcome == Outcome::Ok {
            counts[2] += 1;
            claims.push((case, "overridden", answer, value(&overridden.text)));
        } else if !overridden.errors().iter().all(|error| stays(error.rule.id)) {
            wrong.push((case.title(), format!("{:#?}\n{pod}", overridden.errors())));
        }
        let conflicts = found.iter().filter(|finding| finding.rule.id.starts_with("conflict/"));
        let repaired = without(pod.clone(), conflicts.map(|finding| finding.pointer()));
        let repaired = harden(case, "fail", &repaired.to_string());
        if repaired.outcome == Outcome::Ok {
            claims.push((case, "repaired where the errors say", answer, value(&repaired.text)));
        } else if !repaired.errors().iter().all(|error| error.rule.id.starts_with("windows-")) {
            wrong.push((case.title(), format!("repaired, but refused: {:#?}\n{pod}", repaired.errors())));
        }
    }
    let after = judge(claims.iter().map(|claim| (claim.0, &claim.3)));
    for ((case, what, before, pod), answer) in claims.iter().zip(after) {
        if !answer.violations.is_empty() || answer.invalid.iter().any(|error| !before.invalid.contains(error)) {
            wrong.push((case.title(), format!("{what}: {answer:#?}\n{pod}\n{}", case.text)));
        }
    }
    none(&wrong);
    counts
}

/// The tables of allowed values have the right values for the right versions.
#[test]
fn every_value_at_every_version() {
    let pods = pods::singles();
    let mut cases = Vec::new();
    for level in ["baseline", "restricted"] {
        let versions: Vec<_> = (0..38).map(|minor| (level, format!("v1.{minor}"))).collect();
        for (pod, answers) in pods.iter().zip(ask_everywhere(&pods, &versions)) {
            // The ends, the default, and both sides of every version in which admission changes its mind.
            let turns = |at: &usize| at.checked_sub(1).is_some_and(|before| answers[before] != answers[*at]);
            let tells = |at: &usize| [0, 35, 37].contains(at) || turns(at) || turns(&(at + 1));
            cases.extend((0..38).filter(tells).map(|at| case(level, at, pod)));
        }
    }
    let [hardened, refused, overridden] = agree(&cases);
    say(&format!(
        "{} values at the versions that tell them apart: {hardened} hardened, {refused} refused, {overridden} of those \
         settled by `override`",
        pods.len(),
    ));
}

/// Values together, in pods and containers.
#[test]
fn random_pods_agree_with_admission() {
    let mut random = Random(0x95A);
    let cases: Vec<_> = (0..2_000)
        .map(|_| {
            let (level, minor) = (*random.pick(&["baseline", "restricted"]), random.below(38));
            case(level, minor, &pods::any(&mut random))
        })
        .collect();
    let [hardened, refused, overridden] = agree(&cases);
    say(&format!(
        "{} random pods: {hardened} hardened, {refused} refused, {overridden} of those settled by `override`",
        cases.len()
    ));
}

const FIELDS: &[&str] = &[
    "privileged",
    "allowPrivilegeEscalation",
    "capabilities.add",
    "capabilities.drop",
    "runAsNonRoot",
    "runAsUser",
    "runAsGroup",
    "fsGroup",
    "seccompProfile",
    "appArmorProfile",
    "seLinuxOptions",
    "sysctls",
    "procMount",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "hostPort",
    "hostProcess",
    "probeHost",
    "hostPath",
    "volumes",
    "readOnlyRootFilesystem",
    "automountServiceAccountToken",
];

/// The containers that the kubelet never starts: told to be no root, and to be uid 0.
fn stuck(pod: &Value) -> Vec<String> {
    let lists = ["initContainers", "containers", "ephemeralContainers"].map(|list| &pod["spec"][list]);
    let all = lists.into_iter().filter_map(Value::as_array).flatten();
    let effective = |container: &Value, key: &str| match &container["securityContext"][key] {
        Value::Null => pod["spec"]["securityContext"][key].clone(),
        own => own.clone(),
    };
    let is_stuck =
        |container: &&Value| effective(container, "runAsNonRoot") == true && effective(container, "runAsUser") == 0;
    all.filter(is_stuck).map(|container| container["name"].to_string()).collect()
}

/// Whatever a config lets stay, asks for or leaves alone: what comes out is as valid for the API as what went in, it can
/// start, and admission complains of nothing new.
#[test]
fn no_config_makes_a_pod_invalid() {
    let mut random = Random(0xC0F);
    let mut pods: Vec<(Value, Value, Value)> = Vec::new();
    let mut refused = 0;
    for _ in 0..2_500 {
        let pod = pods::any(&mut random);
        let minor = if random.below(2) == 0 { 35 } else { random.below(38) };
        let mut spec = json!({
            "level": random.pick(&["baseline", "restricted"]),
            "version": format!("v1.{minor}"),
            "conflicts": random.pick(&["override", "override", "keep"]),
        });
        let mut set = |random: &mut Random, key: &str, value: Value| {
            if random.below(6) == 0 {
                spec[key] = value;
            }
        };
        set(&mut random, "profile", json!("openshift"));
        set(&mut random, "readOnlyRootFilesystem", json!(true));
        set(&mut random, "writablePaths", json!([{"path": "/tmp", "sizeLimit": "1Mi"}]));
        set(&mut random, "automountServiceAccountToken", json!(false));
        set(&mut random, "seccompProfile", json!({"type": "Localhost", "localhostProfile": "q"}));
        set(&mut random, "targets", json!([{"containers": ["c0"]}]));
        set(&mut random, "exclude", json!([{"containers": ["c.*"]}]));
        if spec.get("profile").is_none() {
            for key in ["runAsUser", "runAsGroup", "fsGroup"] {
                if random.below(6) == 0 {
                    spec[key] = json!(1234);
                }
            }
        }
        let targets = [json!({"kind": "Pod"}), json!({"containers": ["c0"]}), json!({"containers": ["[ie].*"]})];
        let exception = |random: &mut Random| {
            let fields: Vec<&str> = (0..1 + random.below(5)).map(|_| *random.pick(FIELDS)).collect();
            json!({"target": random.pick(&targets), "fields": fields, "reason": "random"})
        };
        spec["exceptions"] = (0..random.below(3)).map(|_| exception(&mut random)).collect();
        let done = run("SecurityContext", &spec, &pod.to_string());
        match done.outcome {
            Outcome::Ok => pods.push((spec, pod, value(&done.text))),
            _ => refused += 1,
        }
    }
    let judge = |pick: fn(&(Value, Value, Value)) -> &Value| {
        let level = |spec: &'_ Value, key: &str| spec[key].as_str().unwrap().to_owned();
        let spaces: Vec<_> = pods.iter().map(|(spec, ..)| (level(spec, "level"), level(spec, "version"))).collect();
        ask(pods.iter().zip(&spaces).map(|(each, (level, version))| (level.as_str(), version.as_str(), pick(each))))
    };
    let (before, after) = (judge(|each| &each.1), judge(|each| &each.2));
    let mut wrong = Vec::new();
    for ((spec, pod, output), (before, after)) in pods.iter().zip(before.iter().zip(&after)) {
        // `forbidden AppArmor profile` or `profiles`.
        let singular = |reason: &str| reason.trim_end_matches('s').to_owned();
        let is_old = |reason: &str| before.violations.iter().any(|(old, _)| singular(old) == singular(reason));
        let new = |(reason, _): &&(String, String)| !is_old(reason);
        let violations: Vec<_> = after.violations.iter().filter(new).collect();
        let stuck: Vec<String> = stuck(output).into_iter().filter(|name| !stuck(pod).contains(name)).collect();
        // What comes behind a removed item has another number.
        let unnumbered = |error: &String| error.replace(|c: char| c.is_ascii_digit(), "");
        let old: Vec<String> = before.invalid.iter().map(unnumbered).collect();
        let invalid: Vec<_> = after.invalid.iter().filter(|error| !old.contains(&unnumbered(error))).collect();
        if !violations.is_empty() || !invalid.is_empty() || !stuck.is_empty() {
            wrong.push((spec.to_string(), format!("{violations:#?} {invalid:#?} {stuck:?}\n{pod}\n{output}")));
        }
    }
    none(&wrong);
    assert!(pods.len() > 500, "only {} came out", pods.len());
    say(&format!(
        "{} random pods under random configs: none becomes invalid ({refused} more were refused)",
        pods.len()
    ));
}

/// `Checks` refuses a pod for exactly the reasons that admission has.
#[test]
fn checks_has_the_reasons_of_admission() {
    let mut random = Random(0xC4EC);
    let mut cases: Vec<(Fixture, Value)> = fixtures()
        .into_iter()
        .map(|fixture| (value(&fixture.text), fixture))
        .map(|(pod, fixture)| (fixture, pod))
        .collect();
    cases.extend((0..2_000).map(|_| {
        let (level, minor) = (*random.pick(&["baseline", "restricted"]), random.below(38));
        case(level, minor, &pods::any(&mut random))
    }));
    let answers = judge(cases.iter().map(|(fixture, pod)| (fixture, pod)));
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for ((fixture, pod), answer) in cases.iter().zip(&answers) {
        let spec = json!({"podSecurity": {"level": fixture.level, "version": fixture.version}, "severities": {"references/*": "off", "secrets/*": "off"}});
        let done = run("Checks", &spec, &pod.to_string());
        let rules = done.report.findings.iter().map(|finding| finding.rule.id.replace("pod-security/", "conflict/"));
        let reason = |rule: String| {
            let known = REASONS.iter().find(|(other, _)| *other == rule);
            known.map_or(rule.clone(), |(_, reason)| (*reason).to_owned())
        };
        let ours: std::collections::BTreeSet<String> = rules.map(reason).collect();
        let theirs: std::collections::BTreeSet<String> =
            answer.violations.iter().map(|(reason, _)| reason.replace("profiles", "profile")).collect();
        refused += usize::from(!theirs.is_empty());
        if ours != theirs {
            wrong.push((fixture.title(), format!("{ours:?}\n{theirs:?}\n{pod}")));
        }
    }
    none(&wrong);
    say(&format!("Checks agrees on {} pods, of which {refused} are refused", cases.len()));
}
