//! The stand-in for the examples' programs: it reads the environment as they would, opens their ports and answers their
//! probes. `IMAGE FAULT NAMES [COMMAND…]` are its arguments; standard input is its clock (see `process.rs`).

use std::io::BufRead;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::http;

/// The newest schema.
const HEAD: &str = "head";
/// Seconds that a migration takes.
const MIGRATION: u64 = 3;

/// One of the programs.
#[derive(Clone, Copy)]
struct Program {
    /// Settings without which it ends at once.
    needs: &'static [&'static str],
    ports: fn() -> Vec<u16>,
    /// The status for a path and query.
    answer: fn(&str, &Path) -> u16,
}

fn program(image: &str) -> Option<Program> {
    let name = image.rsplit('/').next()?.split([':', '@']).next()?;
    Some(match name {
        "aether" => Program {
            needs: &["AETHER_ROLE", "DATABASE_URL", "JWT_SECRET", "LLM_API_KEY", "HA_TOKEN"],
            ports: || vec![8000],
            answer: |path, _| match path {
                "/api/v1/health" => 200,
                "/api/v1/ready" if Path::new(&database()).parent().is_some_and(Path::exists) => 200,
                "/api/v1/ready" => 503,
                _ => 404,
            },
        },
        // It starts when its upstream's name is known: what a Service's is.
        "aether-ui" => Program {
            needs: &["AETHER_API_UPSTREAM"],
            ports: || vec![8080],
            answer: |path, _| if matches!(path, "/" | "/healthz") { 200 } else { 404 },
        },
        "antwort" => Program {
            needs: &[],
            ports: || ["ANTWORT_PORT", "ANTWORT_METRICS_PORT"].map(|name| variable(name).parse().unwrap()).into(),
            answer: |path, names| match path {
                "/healthz" | "/metrics" => 200,
                "/healthz?check=backend" if answers(&variable("ANTWORT_BACKEND_URL"), names) => 200,
                "/healthz?check=backend" => 503,
                _ => 404,
            },
        },
        "argusai-backend" => Program {
            needs: &["DATABASE_URL", "ENCRYPTION_KEY", "JWT_SECRET_KEY"],
            ports: || vec![8000],
            answer: |path, _| if path == "/api/v1/system/health" { 200 } else { 404 },
        },
        "argusai-frontend" => Program {
            needs: &["NEXT_PUBLIC_API_URL"],
            ports: || vec![3000],
            answer: |path, _| if path == "/" { 200 } else { 404 },
        },
        "reactbin-api" => Program {
            needs: &["DATABASE_URL"],
            ports: || vec![8000],
            answer: |path, _| match path {
                "/api/v1/health" if schema().is_ok_and(|schema| schema == HEAD) => 200,
                "/api/v1/health" => 503,
                _ => 404,
            },
        },
        "reactbin-ui" => {
            Program { needs: &[], ports: || vec![8080], answer: |path, _| if path == "/" { 200 } else { 404 } }
        }
        _ => return None,
    })
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// A file plays the database.
fn database() -> String {
    variable("DATABASE_URL").replacen("file://", "", 1)
}

fn schema() -> std::io::Result<String> {
    std::fs::read_to_string(database())
}

/// Whether the program behind a URL answers, and not with an error of its own.
fn answers(url: &str, names: &Path) -> bool {
    let Some(name) = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/')) else { return false };
    let names = std::fs::read_to_string(names).unwrap();
    let port = names.lines().filter_map(|line| line.split_once(' ')).find(|(known, _)| *known == name);
    let Some((_, port)) = port else { return false };
    let response = http::get(port.parse().unwrap(), "/v1/models", &[], Duration::from_secs(60));
    response.is_ok_and(|response| response.status < 500)
}

/// What goes wrong, and how many seconds after the start: `starts-after=40`, `hangs-after=20`, `ends-after=5`.
struct Fault<'a>(&'a str);

impl Fault<'_> {
    fn after(&self, what: &str) -> Option<u64> {
        self.0.split_once('=').filter(|(name, _)| *name == what).map(|(_, after)| after.parse().unwrap())
    }
}

/// Whether a command is the migration, by itself or from a program in Python.
fn migrates(command: &[&str]) -> bool {
    match command {
        ["alembic", "upgrade", "head"] => true,
        ["python", "-c", program] => program.contains(r#"["alembic", "upgrade", "head"]"#),
        _ => false,
    }
}

/// Runs until its clock stops; its result is the exit code.
pub fn run(arguments: &[String]) -> i32 {
    let [image, fault, names, command @ ..] = arguments else { return 2 };
    let Some(program) = program(image) else { return 127 };
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let is_tool = command.first() == Some(&"cp");
    if !is_tool && program.needs.iter().any(|name| variable(name).is_empty()) {
        return 1;
    }
    let fault = Fault(fault);
    let hangs = Arc::new(AtomicBool::new(false));
    let (mut begun, mut open) = (None, None);
    for line in std::io::stdin().lock().lines() {
        let now: u64 = line.unwrap().parse().unwrap();
        let age = now - *begun.get_or_insert(now);
        if fault.after("ends-after").is_some_and(|after| age >= after) {
            return 3;
        }
        match command.as_slice() {
            [] if open.is_none() && age >= fault.after("starts-after").unwrap_or(0) => {
                let ports = (program.ports)().into_iter();
                let listen = |port| format!("{port}={}", listen(program, names.into(), Arc::clone(&hangs)));
                open = Some(ports.map(listen).collect::<Vec<_>>().join(" "));
            }
            [] => {}
            command if migrates(command) && age < MIGRATION => {}
            // Without the folder there is no database.
            command if migrates(command) => return i32::from(std::fs::write(database(), HEAD).is_err()),
            // Into a volume that is there.
            ["cp", "-R", _, "/krmor-seed/"] | ["true"] => return 0,
            ["false"] => return 1,
            // As a shell says that there is no such command.
            _ => return 127,
        }
        hangs.store(fault.after("hangs-after").is_some_and(|after| age >= after), Ordering::SeqCst);
        println!("{}", open.as_deref().unwrap_or_default());
    }
    0
}

/// Opens a port that is free and answers there; the port.
fn listen(program: Program, names: std::path::PathBuf, hangs: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = move |mut stream: TcpStream, names: &Path| -> std::io::Result<()> {
        let head = http::head(&mut stream, None)?;
        let path = head.split(' ').nth(1).unwrap_or_default();
        http::answer(&mut stream, (program.answer)(path, names), "")
    };
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (names, hangs) = (names.clone(), Arc::clone(&hangs));
            std::thread::spawn(move || {
                // A program that hangs takes connections and never answers.
                while hangs.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_secs(1));
                }
                let _ = serve(stream, &names); // whoever asked may be gone
            });
        }
    });
    port
}
