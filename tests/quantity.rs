//! Agreement with the Go library that the API server reads quantities with (`tests/tools/quantities`): what is accepted,
//! the canonical form, order, sums and products.

use std::process::Command;

use crate::common::{Random, pipe, text, tool};
use krmor::quantity::Quantity;

/// What the API's documentation, manifests and its own tests are full of, and the edges.
const TEXTS: &[&str] = &[
    "0",
    "1",
    "2",
    "100m",
    "250m",
    "500m",
    "1000m",
    "1500m",
    "0.1",
    "0.5",
    "1.5",
    ".5",
    "5.",
    "0.25",
    "1.0",
    "100",
    "1000",
    "1024",
    "2000",
    "64Mi",
    "128Mi",
    "256Mi",
    "512Mi",
    "1Gi",
    "1G",
    "1.5Gi",
    "0.1Gi",
    "0.5Ki",
    "0.5Mi",
    "1000Mi",
    "1024Mi",
    "1023Mi",
    "1024Ki",
    "2048Ki",
    "1Ki",
    "1Mi",
    "1Ti",
    "1Pi",
    "1Ei",
    "7Ei",
    "8Ei",
    "9Ei",
    "1023Ei",
    "7.99999Ei",
    "9223372036854775807",
    "9223372036854775808",
    "9007199254740993Ki",
    "1k",
    "1M",
    "1T",
    "1P",
    "1E",
    "9E",
    "999E",
    "1n",
    "1u",
    "1m",
    "0.1n",
    "0.5n",
    "1.1n",
    "999999999n",
    "1000000000n",
    "100u",
    "0.0001",
    "0.00000000001",
    "1e3",
    "1E3",
    "1e-3",
    "1e+3",
    "12e6",
    "1e0",
    "1e1",
    "1e2",
    "1e-9",
    "1e-10",
    "1.5e3",
    "0e99",
    "1E+2",
    "-1",
    "-0",
    "-100m",
    "-1Gi",
    "-1.5Ki",
    "-0.1n",
    "+1",
    "+1.5Gi",
    "00012",
    "0012.500",
    "1.",
    "1.Gi",
    "000Ki",
    "0.0Mi",
    "0.0009765625Ki",
    "0.1Ki",
    "0.01Ki",
    "0.001Ki",
    "0.0001Ki",
    "0.00001Ki",
    "1.0000000001Ki",
    "123456789.123456789Mi",
    "0.12345678901234567890123456789Gi",
    "1.000000000000000000000000000000001",
    "4294967296",
    "134217728",
    "512k",
    "1536Mi",
    "3Gi",
    "1000k",
    "1000000",
    "10000000000m",
    "5e2",
    // No quantities.
    "",
    " ",
    "lots",
    "1gi",
    "1MB",
    "1mb",
    "1Mib",
    "100K",
    "1 Gi",
    "1,5",
    "1_000",
    "--1",
    "+-1",
    "1-",
    "1e",
    "1e+",
    "e3Mi",
    "1e3Mi",
    "1Mi1",
    "1Gii",
    "0x10",
    "1.2.3",
    "1..2",
    "Inf",
    "NaN",
    "1mi",
    "1ui",
    "1Ee",
    "1eE",
    "1e3.5",
    "1Kie3",
    "١",
    "1\u{a0}Gi",
    "100%",
    "<nil>",
    "null",
];

fn has_digit(text: &str) -> bool {
    text.trim_start_matches(['+', '-', '.']).starts_with(|c: char| c.is_ascii_digit())
}

/// Beyond 1000E Go's canonical form loses the unit: it prints `1000E` as `1`.
fn is_printable(quantity: &Quantity) -> bool {
    let limit = Quantity::parse("999E").unwrap();
    *quantity < limit && *quantity > Quantity::parse("-999E").unwrap()
}

fn generated(random: &mut Random) -> String {
    let digits = |random: &mut Random, most: usize| -> String {
        (0..random.below(most + 1)).map(|_| *random.pick(&['0', '0', '1', '2', '5', '9', '4', '7'])).collect()
    };
    let sign = *random.pick(&["", "", "", "-", "+"]);
    let whole = digits(random, 7);
    let fraction = match random.below(3) {
        0 => format!(".{}", digits(random, 14)),
        _ => String::new(),
    };
    let units = [
        "", "n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "E-2", "e-11", "e+6", "K",
        "x", "e",
    ];
    format!("{sign}{whole}{fraction}{}", random.pick(&units))
}

fn ours(one: &str, two: &str) -> Vec<String> {
    let (a, b) = (Quantity::parse(one).ok(), Quantity::parse(two).ok());
    let show = |quantity: Option<&Quantity>| quantity.map_or("ERR".to_owned(), ToString::to_string);
    let both = a.as_ref().zip(b.as_ref());
    vec![
        show(a.as_ref()),
        show(b.as_ref()),
        both.map_or("ERR".to_owned(), |(a, b)| (a.cmp(b) as i8).to_string()),
        show(both.map(|(a, b)| a + b).as_ref()),
        show(a.map(|a| a.times(7)).as_ref()),
    ]
}

#[test]
fn quantities_are_what_the_api_server_makes_of_them() {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for one in TEXTS {
        pairs.extend(TEXTS.iter().map(|two| ((*one).to_owned(), (*two).to_owned())));
    }
    let mut random = Random(0x9A17);
    pairs.extend((0..20_000).map(|_| (generated(&mut random), generated(&mut random))));
    let lines: String = pairs.iter().map(|(one, two)| format!("{one}\t{two}\n")).collect();
    let out = pipe(&mut Command::new(tool("quantities")), lines.as_bytes());
    assert!(out.status.success(), "{}", text(&out.stderr));
    let (mut compared, mut wrong) = (0, Vec::new());
    let answers = text(&out.stdout);
    assert_eq!(answers.lines().count(), pairs.len());
    for ((one, two), theirs) in pairs.iter().zip(answers.lines()) {
        // Go reads a text without a digit as 0; we do not.
        let read_as_zero = |text: &String, theirs: Option<&str>| !has_digit(text) && theirs == Some("0");
        if read_as_zero(one, theirs.split('\t').next()) || read_as_zero(two, theirs.split('\t').nth(1)) {
            continue;
        }
        let ours = ours(one, two);
        for (number, (ours, theirs)) in ours.iter().zip(theirs.split('\t')).enumerate() {
            let large = number > 2 && Quantity::parse(ours).is_ok_and(|result| !is_printable(&result));
            if large {
                continue;
            }
            compared += 1;
            if ours != theirs {
                wrong.push(format!("{one} {two} [{number}]: ours {ours}, theirs {theirs}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
    assert!(compared > 100_000, "only {compared} answers were compared");
}
