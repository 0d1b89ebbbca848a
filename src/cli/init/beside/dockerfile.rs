//! Dockerfiles: USER, EXPOSE, HEALTHCHECK and VOLUME of the last stage, and of the stages that it stands on.

use std::collections::HashMap;

use super::{Health, Image, last_part};
use crate::cli::init::place::{At, Told};

/// What a Dockerfile tells of the image that it makes; `file` is how comments name it.
pub(super) fn read(text: &str, file: &str) -> Image {
    let mut stages: HashMap<String, Image> = HashMap::new();
    let (mut now, mut name) = (Image::default(), None);
    for (line, instruction) in instructions(text) {
        let (word, rest) = instruction.split_once(char::is_whitespace).unwrap_or((&instruction, ""));
        let (rest, at) = (rest.trim(), At::new(file, line));
        match word.to_ascii_uppercase().as_str() {
            "FROM" => {
                stages.extend(name.take().map(|name| (name, std::mem::take(&mut now))));
                let mut words = rest.split_whitespace().filter(|word| !word.starts_with("--"));
                let base = words.next().unwrap_or_default().to_lowercase();
                now = stages.get(&base).cloned().unwrap_or_default();
                name = words.nth(1).map(str::to_lowercase);
            }
            "USER" => now.user = Some(Told::new(rest.to_owned(), at)),
            "EXPOSE" => {
                let ports = rest.split_whitespace().filter_map(|word| word.split('/').next()?.parse().ok());
                now.ports.extend(ports.map(|port| Told::new(port, at.clone())));
            }
            "VOLUME" => now.volumes.extend(words(rest).into_iter().map(|path| Told::new(path, at.clone()))),
            "HEALTHCHECK" => {
                let command = rest.find("CMD").and_then(|start| rest.get(start + 3..));
                now.health = command.map(|command| Told::new(Health::of(&words(command).join(" ")), at));
            }
            _ => {}
        }
    }
    now.at = At::new(file, 0);
    now.names = names(file);
    now
}

/// The names that the place of a Dockerfile gives its image: its folder, and `Dockerfile.api` or `api.Dockerfile`.
fn names(file: &str) -> Vec<String> {
    let own = last_part(file);
    let folder = file.rsplit('/').nth(1).filter(|folder| !matches!(*folder, "." | ".."));
    let part = own.strip_prefix("Dockerfile.").or_else(|| own.strip_prefix("Containerfile."));
    let part = part.or_else(|| own.strip_suffix(".Dockerfile"));
    part.or(folder).into_iter().map(str::to_owned).collect()
}

/// Instructions with the line that each begins on: lines that end in a backslash go on.
fn instructions(text: &str) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (part, goes_on) = line.strip_suffix('\\').map_or((line, false), |part| (part, true));
        match out.last_mut().filter(|_| open) {
            Some((_, last)) => last.push_str(part),
            None => out.push((number + 1, part.to_owned())),
        }
        open = goes_on;
    }
    out
}

/// The words of an argument, in the form of a JSON list or of a shell.
fn words(text: &str) -> Vec<String> {
    let text = text.trim();
    let list = serde_json::from_str::<Vec<String>>(text).ok();
    list.unwrap_or_else(|| text.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stage_and_those_below_it_count() {
        let text = "\
# syntax=docker/dockerfile:1
FROM golang:1.25 AS build
USER root
EXPOSE 9999
FROM gcr.io/distroless/static AS base
USER 65532:65532
FROM --platform=linux/amd64 base
EXPOSE 8080/tcp 9090
VOLUME [\"/data\", \"/cache\"]
HEALTHCHECK --interval=5s \\
  CMD [\"curl\", \"-f\", \"http://localhost:8080/healthz\"]
";
        let image = read(text, "../api/Dockerfile");
        let at = |line| At::new("../api/Dockerfile", line);
        assert_eq!(image.names, ["api"]);
        assert_eq!(image.user, Some(Told::new("65532:65532".to_owned(), at(6))));
        assert_eq!(image.ports, [Told::new(8080, at(8)), Told::new(9090, at(8))]);
        assert_eq!(image.volumes, ["/data", "/cache"].map(|path| Told::new(path.to_owned(), at(9))));
        let health = Health::Http { path: "/healthz".to_owned(), port: Some(8080) };
        assert_eq!(image.health, Some(Told::new(health, at(10))));
        assert_eq!(read("FROM a\nHEALTHCHECK NONE\n", "Dockerfile.web").health, None);
        assert_eq!(read("FROM a\n", "x/Dockerfile.web").names, ["web"]);
        assert_eq!(read("FROM a\n", "../Dockerfile").names, [""; 0]);
    }
}
