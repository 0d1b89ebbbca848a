//! The application todo, line by line of its requirements, as far as neither Helm nor a cluster is needed: `tests/callers/todo.rs`,
//! `tests/cluster/todo.rs` and `examples/todo/test` show the rest. The ids name the tests.

use std::collections::BTreeSet;

use regex_lite::Regex;
use serde_json::Value;

use crate::common::apps::objects;

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("examples/todo/{path}")).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Users are numbers other than root's, bases and tags have versions, and no file of the last stage is one of development.
#[test]
fn td_5_the_dockerfiles_end_as_a_user_by_number_and_have_versions() {
    let security = objects(read("krmor.yaml")).remove(0)["spec"]["functions"].clone();
    for (program, function) in [("backend", "security-context"), ("frontend", "security-context-frontend")] {
        let file = read(&format!("{program}/Dockerfile"));
        let last = file.rsplit("\nFROM ").next().unwrap();
        let user = last.lines().find_map(|line| line.strip_prefix("USER ")).unwrap();
        // The pipeline's user is the image's own.
        assert_eq!(security[function]["spec"]["runAsUser"].to_string(), user, "{program}");
        assert!(!last.contains("RUN ") && !last.contains("tests") && !last.contains("requirements-dev"), "{last}");
        for base in file.lines().filter_map(|line| line.strip_prefix("FROM ")) {
            assert!(Regex::new(r"^[a-z]+:\d+\.\d+\.\d+-[a-z-]+").unwrap().is_match(base), "{base}");
        }
    }
    let values = objects(read("helm/todo/values.yaml")).remove(0);
    let chart = objects(read("helm/todo/Chart.yaml")).remove(0);
    let version = Regex::new(r"^v?\d+\.\d+(\.\d+)?(-alpine)?$").unwrap();
    assert!(version.is_match(chart["appVersion"].as_str().unwrap()));
    for part in ["postgres", "prometheus", "grafana"] {
        let tag = values[part]["image"]["tag"].as_str().unwrap();
        assert!(version.is_match(tag), "{part}: {tag}");
    }
}

#[test]
fn td_6_the_page_has_the_questions_and_the_alternative() {
    let page = std::fs::read_to_string("docs/todo.md").unwrap();
    let (_, section) = page.split_once("\n## Asking a cluster questions\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let questions: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("kubectl-ai --quiet ")).collect();
    for wanted in ["list the pods", "why does", "most memory"] {
        assert!(questions.iter().any(|question| question.contains(wanted)), "{wanted}: {questions:?}");
    }
    assert!(section.contains("kagent"));
}

/// The dashboard has the four, and asks for series that the backend's sources declare. That the queries return data, a real
/// Prometheus shows (`examples/todo/test`).
#[test]
fn td_7_the_dashboard_asks_for_metrics_that_the_backend_has() {
    let dashboard: Value = serde_json::from_str(&read("helm/todo/files/todo.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let titles: Vec<&str> = panels.iter().map(|panel| panel["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Request rate", "Latency", "CPU", "Memory"]);
    let watch = read("backend/todo/watch.py");
    let name = Regex::new(r"(\w+)\{job=").unwrap();
    let mut names = BTreeSet::new();
    for panel in panels {
        // The data source that is provisioned.
        assert_eq!(panel["datasource"]["uid"], "prometheus");
        for target in panel["targets"].as_array().unwrap() {
            let query = target["expr"].as_str().unwrap();
            let metric = name.captures(query).unwrap_or_else(|| panic!("{query}"))[1].to_owned();
            let declared = watch.contains(&format!("\"{}\"", metric.trim_end_matches("_bucket")));
            // Those of the process come from Prometheus' own library.
            assert!(declared || metric.starts_with("process_"), "{metric} is not in watch.py");
            names.insert(metric);
        }
    }
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(read("helm/todo/files/datasource.yaml").contains("uid: prometheus\n"));
}

/// What the page says that the programs say, they say.
#[test]
fn td_9_the_page_has_every_edge_case_in_the_programs_own_words() {
    let page = std::fs::read_to_string("docs/todo.md").unwrap();
    let (_, section) = page.split_once("\n## When something is wrong\n").unwrap();
    for heading in ["Too few resources", "An image that cannot be pulled", "The database is lost", "A broken ConfigMap"]
    {
        assert!(section.contains(&format!("\n### {heading}\n")), "{heading}");
    }
    let sources: String = ["app", "database", "logs", "migrate", "settings"]
        .map(|module| read(&format!("backend/todo/{module}.py")))
        .join("\n");
    let field = Regex::new(r#""(message|reason)": "([^"]+)""#).unwrap();
    let mut quoted = 0;
    for found in field.captures_iter(section) {
        // What a setting must be, the source puts together of its name and its values.
        let parts: Vec<&str> = match found[2].split_once(" must be ") {
            Some((name, rule)) => vec![name, &rule[..6]],
            None => vec![&found[2]],
        };
        assert!(parts.iter().all(|part| sources.contains(part)), "no program says {parts:?}");
        quoted += 1;
    }
    assert!(quoted >= 4, "{quoted} messages");
}
