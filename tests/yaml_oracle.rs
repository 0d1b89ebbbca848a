//! Agreement with go-yaml v3, which kustomize and kpt read with: what is accepted, and every typed value.
//!
//! The oracle is `tests/tools/goref`. The one deviation is by decision, and told apart by its message (`deviation`).

use std::process::Command;
use std::sync::Arc;

use crate::common::{Random, corpus, given, structures, tool};
use krmor::yaml;

/// Where krmor refuses what go-yaml reads, and why.
fn deviation(ours: &str) -> Option<&'static str> {
    if ours.starts_with("ERR unknown anchor") {
        // go-yaml lets an alias refer to an anchor of an earlier document. YAML does not, kustomize splits the
        // documents before it reads them, and an edit of one document would silently change another.
        return Some("anchors do not reach across documents");
    }
    None
}

fn ours(bytes: &[u8]) -> String {
    let read = yaml::decode(bytes.to_vec()).and_then(|(text, _)| {
        let documents = yaml::parse(&Arc::new(text))?;
        Ok(documents.iter().map(|document| document.root().typed()).collect::<Vec<_>>())
    });
    match read {
        Ok(documents) => format!("OK {}", documents.join("\u{1e}")),
        Err(error) => format!("ERR {error}"),
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0u32, |n, &b| n << 8 | u32::from(b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = DIGITS[(n >> (18 - 6 * i) & 63) as usize] as char;
            out.push(if i > chunk.len() { '=' } else { digit });
        }
    }
    out
}

/// Asks the oracle about all inputs at once and compares.
fn compare(what: &str, inputs: &[(String, Vec<u8>)]) {
    let mut batch = String::new();
    for (i, (_, bytes)) in inputs.iter().enumerate() {
        batch.push_str(&format!("{i}\t{}\n", base64(bytes)));
    }
    let out = crate::common::pipe(Command::new(tool("goref")).args(["-batch", "v3"]), batch.as_bytes());
    assert!(out.status.success(), "goref: {}", crate::common::text(&out.stderr));
    let answers = crate::common::text(&out.stdout);
    let answers: Vec<&str> = answers.lines().collect();
    assert_eq!(answers.len(), inputs.len(), "one answer for each input");
    let (mut equal, mut refused, mut deviations) = (0, 0, 0);
    let mut wrong = Vec::new();
    for ((name, bytes), answer) in inputs.iter().zip(answers) {
        let mut parts = answer.splitn(3, '\t').skip(1);
        let theirs = format!("{} {}", parts.next().unwrap(), parts.next().unwrap_or(""));
        let ours = ours(bytes);
        let both_refuse = ours.starts_with("ERR") && theirs.starts_with("ERR");
        refused += usize::from(both_refuse);
        if ours == theirs || both_refuse {
            equal += 1;
        } else if deviation(&ours).is_some() {
            deviations += 1;
        } else {
            let cut = |text: &str| text.chars().take(300).collect::<String>();
            wrong.push(format!(
                "{name}\n  input   {:?}\n  go-yaml {}\n  krmor   {}",
                cut(&crate::common::text(bytes)),
                cut(&theirs),
                cut(&ours)
            ));
        }
    }
    println!("{what}: {equal} of {} agree ({refused} refused by both), {deviations} deviate by decision", inputs.len());
    assert!(
        wrong.is_empty(),
        "{what}: {} disagree\n{}",
        wrong.len(),
        wrong.iter().take(10).cloned().collect::<Vec<_>>().join("\n")
    );
    assert!(equal > refused, "{what}: nearly all inputs were refused: the test has no force");
}

fn scalars() -> Vec<String> {
    given("scalars.json").as_array().unwrap().iter().map(|s| s.as_str().unwrap().to_owned()).collect()
}

#[test]
fn scalars_as_values_keys_items_and_in_flow() {
    let mut inputs = Vec::new();
    for scalar in scalars() {
        for (place, text) in [
            ("value", format!("k: {scalar}\n")),
            ("key", format!("{scalar}: v\n")),
            ("item", format!("- {scalar}\n")),
            ("nested", format!("a:\n  b: {scalar}\nc: d\n")),
            ("in flow", format!("[{scalar}]\n")),
            ("flow key", format!("{{{scalar}: 1}}\n")),
            ("root", format!("{scalar}\n")),
        ] {
            inputs.push((format!("{scalar} as {place}"), text.into_bytes()));
        }
    }
    compare("scalars", &inputs);
}

#[test]
fn scalars_made_at_random() {
    let mut random = Random(0xA5);
    let alphabet: Vec<char> = "0123456789+-._eExXoObBTZ:aAfFnNiIlLyYsS ~<=!#&*'\"%@`,?|>[]{}\\\u{e9}".chars().collect();
    let mut inputs = Vec::new();
    for _ in 0..20_000 {
        let length = 1 + random.below(9);
        let scalar: String = (0..length).map(|_| *random.pick(&alphabet)).collect();
        inputs.push((scalar.clone(), format!("k: {scalar}\n").into_bytes()));
    }
    compare("random scalars", &inputs);
}

#[test]
fn given_structures() {
    compare("structures", &structures());
}

/// One to five small changes of the kinds that hands and merges make.
pub(crate) fn mutate(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    const PIECES: &[&str] = &[
        " ", "  ", "\n", "\n", "\t", ":", ": ", "- ", "-", "?", "? ", ",", "[", "]", "{", "}", "#", " #", "&a ", "*a",
        "!", "!!str ", "|", ">", "|-\n", "'", "\"", "%", "@", "a", "0", "~", "---\n", "...\n", "<<: ", "\\", "\r\n",
        "\r", "\u{85}", "\u{2028}", "\u{e9}", "\u{feff}", "=", "1", "|+", ">2\n", "\n\n", "\"\n", "''", "\\n", "\\x",
    ];
    let mut out = bytes.to_vec();
    for _ in 0..*random.pick(&[1, 1, 1, 2, 2, 3, 5]) {
        let at = random.below(out.len() + 1);
        match random.below(5) {
            0 | 1 => drop(out.splice(at..at, random.pick(PIECES).bytes())),
            2 => {
                let end = (at + 1 + random.below(3)).min(out.len());
                out.drain(at.min(end)..end);
            }
            3 => {
                let mut lines: Vec<Vec<u8>> = out.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
                let line = random.below(lines.len());
                match random.below(4) {
                    0 => drop(lines[line].splice(0..0, " ".repeat(1 + random.below(3)).bytes())),
                    1 => {
                        let cut = (1 + random.below(2)).min(lines[line].len());
                        lines[line].drain(..cut);
                    }
                    2 => lines.insert(random.below(lines.len() + 1), lines[line].clone()),
                    _ => drop(lines.remove(line)),
                }
                out = lines.join(&b'\n');
            }
            _ => {
                let from = random.below(out.len() + 1);
                let piece = out[from..(from + 1 + random.below(12)).min(out.len())].to_vec();
                out.splice(at..at, piece);
            }
        }
    }
    out
}

#[test]
fn mutated_documents() {
    let mut random = Random(0x517E);
    let mut pool: Vec<Vec<u8>> =
        structures().into_iter().map(|(_, bytes)| bytes).filter(|bytes| bytes.len() < 1500).collect();
    pool.extend(
        given("edit-scenarios.json")
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["input"].as_str().unwrap().as_bytes().to_vec()),
    );
    for path in corpus().iter().step_by(20) {
        // A few lines of a real file: short enough that a change matters.
        let text = std::fs::read(path).unwrap();
        let lines: Vec<&[u8]> = text.split(|&b| b == b'\n').collect();
        let from = random.below(lines.len());
        pool.push(lines[from..(from + 3 + random.below(37)).min(lines.len())].join(&b'\n'));
    }
    let mut inputs = Vec::new();
    for i in 0..12_000 {
        let base: &Vec<u8> = random.pick(&pool);
        inputs.push((format!("mutation {i}"), mutate(base, &mut random)));
    }
    compare("mutated documents", &inputs);
}

#[test]
fn real_manifests() {
    let inputs: Vec<_> =
        corpus().into_iter().map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect();
    compare("real manifests", &inputs);
}

/// The command line says the same as the library, and nothing on standard output when it refuses.
#[test]
fn the_command_line_prints_one_line_for_each_document() {
    let out = crate::common::pipe(crate::common::krmor().args(["view", "--typed", "-"]), b"a: 1\nb: 0777\n---\n- x\n");
    assert_eq!(crate::common::text(&out.stdout), "{\"a\":i1,\"b\":i511}\n[\"x\"]\n");
    let out = crate::common::pipe(crate::common::krmor().args(["view", "-"]), b"a: 1.5\nb: 2001-01-01\n");
    assert_eq!(crate::common::text(&out.stdout), "{\"a\":1.5,\"b\":\"2001-01-01T00:00:00Z\"}\n");
    let out = crate::common::pipe(crate::common::krmor().args(["view", "--typed", "-"]), b"a: 1\n---\na: [\n");
    assert_eq!((out.status.code(), out.stdout.as_slice()), (Some(2), b"".as_slice()));
}
