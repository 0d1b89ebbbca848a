//! The stand-in for the examples' programs: it reads the environment as they would, opens their ports and answers their
//! probes. `IMAGE FAULT NAMES ROOT [COMMAND…]` are its arguments; standard input is its clock (see `process.rs`). Where the
//! root is `/` it is in a container: it writes what the real program writes, and opens the real ports.

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

/// The user that an image says.
#[derive(Clone, Copy)]
pub enum User {
    Number(u32),
    /// By name, which is in the image's `/etc/passwd`.
    Name(&'static str, u32),
}

impl User {
    pub fn id(self) -> u32 {
        let (Self::Number(id) | Self::Name(_, id)) = self;
        id
    }
}

/// One of the programs, and what its image is like.
#[derive(Clone, Copy)]
pub struct Image {
    pub user: User,
    /// The working directory.
    pub directory: &'static str,
    /// The image's own folders: path, owner, mode.
    pub folders: &'static [(&'static str, u32, u32)],
    /// Settings without which it ends at once.
    needs: &'static [&'static str],
    /// Reads further files and settings, below the given root; what it says when it ends for them.
    reads: fn(&Path) -> Result<(), String>,
    /// What it writes while it starts: folders with `/` at the end, and files.
    writes: fn() -> Vec<String>,
    ports: fn() -> Vec<u16>,
    /// The status for a path and query.
    answer: fn(&str, &Path) -> u16,
}

const PLAIN: Image = Image {
    user: User::Number(0),
    directory: "/",
    folders: &[],
    needs: &[],
    reads: |_| Ok(()),
    writes: Vec::new,
    ports: Vec::new,
    answer: |_, _| 404,
};

/// The program of an image.
pub fn image(image: &str) -> Option<Image> {
    let name = image.rsplit('/').next()?.split([':', '@']).next()?;
    Some(match name {
        "aether" => Image {
            user: User::Name("aether", 1000),
            directory: "/app",
            needs: &["AETHER_ROLE", "DATABASE_URL", "JWT_SECRET", "LLM_API_KEY", "HA_TOKEN"],
            // Python looks for a folder for temporary files when it starts.
            writes: || vec!["/tmp/spool".to_owned()],
            ports: || vec![8000],
            answer: |path, _| match path {
                "/api/v1/health" => 200,
                "/api/v1/ready" if Path::new(&database()).parent().is_some_and(Path::exists) => 200,
                "/api/v1/ready" => 503,
                _ => 404,
            },
            ..PLAIN
        },
        // It starts when its upstream's name is known: what a Service's is.
        "aether-ui" => Image {
            folders: &[
                ("/usr/share/nginx/html", 0, 0o755),
                ("/etc/nginx/conf.d", 0, 0o755),
                ("/var/cache/nginx", 0, 0o755),
                ("/run", 0, 0o755),
            ],
            needs: &["AETHER_API_UPSTREAM"],
            writes: || {
                let files = ["/usr/share/nginx/html/env.js", "/etc/nginx/conf.d/default.conf", "/run/nginx.pid"];
                files.into_iter().chain(["/var/cache/nginx/client_temp/"]).map(str::to_owned).collect()
            },
            ports: || vec![8080],
            answer: |path, _| if matches!(path, "/" | "/healthz") { 200 } else { 404 },
            ..PLAIN
        },
        "mlflow" => Image {
            writes: || ["/mlflow/artifacts/", "/mlflow/mlflow.db", "/tmp/mlflow"].map(str::to_owned).into(),
            ports: || vec![5000],
            answer: |path, _| if path == "/health" { 200 } else { 404 },
            ..PLAIN
        },
        "postgres" => Image {
            folders: &[("/var/lib/postgresql/data", 70, 0o700), ("/var/run/postgresql", 70, 0o2775)],
            needs: &["POSTGRES_PASSWORD"],
            writes: || {
                vec![
                    format!("{}/", variable("PGDATA")),
                    "/var/run/postgresql/.s.PGSQL.5432.lock".to_owned(),
                    "/tmp/pg".to_owned(),
                ]
            },
            ports: || vec![5432],
            ..PLAIN
        },
        "antwort" => Image {
            user: User::Name("nonroot", 65532),
            directory: "/home/nonroot",
            folders: &[("/home/nonroot", 65532, 0o700)],
            needs: &["ANTWORT_BACKEND_URL"],
            reads: antwort,
            ports: || vec![variable("ANTWORT_PORT").parse().unwrap_or(8080)],
            answer: |path, names| match path {
                "/healthz" | "/metrics" => 200,
                "/healthz?check=backend" if answers(&variable("ANTWORT_BACKEND_URL"), names) => 200,
                "/healthz?check=backend" => 503,
                _ => 404,
            },
            ..PLAIN
        },
        "argusai-backend" => Image {
            user: User::Name("appuser", 1000),
            directory: "/app",
            folders: &[("/app", 1000, 0o755), ("/app/data", 1000, 0o755)],
            needs: &["DATABASE_URL", "ENCRYPTION_KEY", "JWT_SECRET_KEY"],
            reads: |_| match fernet(&variable("ENCRYPTION_KEY")) {
                true => Ok(()),
                false => Err("ENCRYPTION_KEY is not a valid Fernet key".to_owned()),
            },
            writes: || {
                let database = variable("DATABASE_URL").replacen("sqlite:///", "", 1);
                vec![database, "data/logs/".to_owned(), "data/thumbnails/".to_owned()]
            },
            ports: || vec![8000],
            answer: |path, _| if path == "/api/v1/system/health" { 200 } else { 404 },
        },
        "argusai-frontend" => Image {
            user: User::Name("nextjs", 1001),
            directory: "/app",
            folders: &[("/app/.next", 1001, 0o755)],
            needs: &["NEXT_PUBLIC_API_URL"],
            ports: || vec![3000],
            answer: |path, _| if path == "/" { 200 } else { 404 },
            ..PLAIN
        },
        "reactbin-api" => Image {
            user: User::Name("app", 10001),
            directory: "/app",
            needs: &["DATABASE_URL"],
            // Uploads are spooled there, and Python looks for the folder when it starts.
            writes: || vec!["/tmp/spool".to_owned()],
            ports: || vec![8000],
            answer: |path, _| match path {
                "/api/v1/health" if schema().is_ok_and(|schema| schema == HEAD) => 200,
                "/api/v1/health" => 503,
                "/docs" | "/redoc" | "/openapi.json" if variable("API_DOCS_ENABLED") != "false" => 200,
                _ => 404,
            },
            ..PLAIN
        },
        "reactbin-ui" => Image {
            user: User::Number(101),
            folders: &[("/var/cache/nginx", 101, 0o755)],
            writes: || vec!["/tmp/nginx.pid".to_owned(), "/var/cache/nginx/client_temp/".to_owned()],
            ports: || vec![8080],
            // Whatever there is no file for is the start page.
            answer: |_, _| 200,
            ..PLAIN
        },
        "minio" => Image {
            needs: &["MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"],
            writes: || vec!["/data/.minio.sys/".to_owned()],
            ports: || vec![9000],
            answer: |path, _| if path.starts_with("/minio/health/") { 200 } else { 404 },
            ..PLAIN
        },
        "mc" => PLAIN,
        _ => return None,
    })
}

/// What the gateway checks of its settings: the lists of `pkg/config/validate.go`.
fn antwort(root: &Path) -> Result<(), String> {
    let one_of = |name: &str, known: &[&str]| match variable(name) {
        value if value.is_empty() || known.contains(&value.as_str()) => Ok(value),
        value => Err(format!("{name} must be one of {known:?}, got {value:?}")),
    };
    one_of("ANTWORT_PROVIDER", &["vllm", "litellm", "vllm-responses"])?;
    if one_of("ANTWORT_STORAGE", &["memory", "postgres"])? == "postgres" {
        let file = variable("ANTWORT_STORAGE_DSN_FILE");
        std::fs::read(root.join(file.trim_start_matches('/'))).map_err(|error| format!("dsn_file: {error}"))?;
    }
    let auth = one_of("ANTWORT_AUTH_TYPE", &["none", "apikey", "jwt", "chain"])?;
    let config = std::fs::read_to_string(root.join("etc/antwort/config.yaml")).unwrap_or_default();
    match auth.as_str() {
        "jwt" | "chain" if !config.contains("jwks_url: http") => {
            Err(format!("auth.jwt.jwks_url is required when auth.type is {auth:?}"))
        }
        _ => Ok(()),
    }
}

/// Whether a text is 32 bytes in URL-safe base64.
fn fernet(key: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    key.len() == 44 && key.ends_with('=') && key.bytes().take(43).all(letter)
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

/// Whether a command is the program itself: its image's own, or with arguments.
fn serves(command: &[&str]) -> bool {
    matches!(command, [] | ["server", "/data"] | ["mlflow", "server", ..] | ["-c", "max_connections=200"])
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
    let [image_name, fault, names, root, command @ ..] = arguments else { return 2 };
    let Some(program) = image(image_name) else { return 127 };
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let contained = root == "/";
    let is_tool = matches!(command.first(), Some(&("cp" | "pg_isready")));
    if !is_tool && let Err(why) = start(&program, Path::new(root), contained) {
        eprintln!("{why}");
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
            command if serves(command) && open.is_none() && age >= fault.after("starts-after").unwrap_or(0) => {
                let mut opened = Vec::new();
                for port in (program.ports)() {
                    match listen(program, port, contained, names.into(), Arc::clone(&hangs)) {
                        Ok(at) => opened.push(format!("{port}={at}")),
                        Err(error) => {
                            eprintln!("bind: port {port}: {error}");
                            return 1;
                        }
                    }
                }
                open = Some(opened.join(" "));
            }
            command if serves(command) => {}
            command if migrates(command) && age < MIGRATION => {}
            // Without the folder there is no database.
            command if migrates(command) => return i32::from(std::fs::write(database(), HEAD).is_err()),
            // Into a volume that is there.
            ["cp", "-R", _, seed @ "/krmor-seed/"] => {
                return i32::from(contained && std::fs::write(format!("{seed}index.html"), "").is_err());
            }
            ["pg_isready", ..] => return i32::from(TcpStream::connect(("127.0.0.1", 5432)).is_err()),
            ["true"] => return 0,
            ["false"] => return 1,
            ["sh", ..] if contained => return shell(&command, names),
            // As a shell says that there is no such command.
            _ => return 127,
        }
        hangs.store(fault.after("hangs-after").is_some_and(|after| age >= after), Ordering::SeqCst);
        println!("{}", open.as_deref().unwrap_or_default());
    }
    0
}

/// What a program does before it serves.
fn start(program: &Image, root: &Path, contained: bool) -> Result<(), String> {
    if let Some(missing) = program.needs.iter().find(|name| variable(name).is_empty()) {
        return Err(format!("{missing} is required"));
    }
    (program.reads)(root)?;
    for path in (program.writes)().into_iter().filter(|_| contained) {
        let written = match path.strip_suffix('/') {
            Some(folder) => std::fs::create_dir_all(folder),
            None => std::fs::write(&path, "started"),
        };
        written.map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(())
}

/// Runs the shell's script, which calls clients.
fn shell(command: &[&str], names: &str) -> i32 {
    let mut shell = std::process::Command::new(command[0]);
    let status = shell.args(&command[1..]).env("STAND_IN_NAMES", names).stdin(std::process::Stdio::null()).status();
    status.ok().and_then(|status| status.code()).unwrap_or(127)
}

/// MinIO's client: `alias set NAME URL USER PASSWORD`, then `mb --ignore-existing NAME/BUCKET`.
pub fn client(arguments: &[String]) -> i32 {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let config = std::path::PathBuf::from(variable("MC_CONFIG_DIR")).join("config.json");
    let done = match arguments.as_slice() {
        ["alias", "set", _, url, user, password] => {
            let names = variable("STAND_IN_NAMES");
            let known = !user.is_empty() && !password.is_empty() && answers(url, names.as_ref());
            std::fs::create_dir_all(config.parent().unwrap())
                .and_then(|()| std::fs::write(&config, url))
                .map_err(|error| format!("{}: {error}", config.display()))
                .and_then(|()| if known { Ok(()) } else { Err(format!("unable to initialize alias: {url}")) })
        }
        ["mb", "--ignore-existing", bucket] if bucket.split('/').nth(1).is_some_and(|name| !name.is_empty()) => {
            std::fs::read(&config).map(drop).map_err(|error| error.to_string())
        }
        _ => Err(format!("unknown command {arguments:?}")),
    };
    done.map_or_else(
        |why| {
            eprintln!("mc: {why}");
            1
        },
        |()| 0,
    )
}

/// Opens the program's port, or outside of containers one that is free, and answers there; the port.
fn listen(
    program: Image,
    port: u16,
    contained: bool,
    names: std::path::PathBuf,
    hangs: Arc<AtomicBool>,
) -> std::io::Result<u16> {
    let listener = TcpListener::bind(if contained { ("0.0.0.0", port) } else { ("127.0.0.1", 0) })?;
    let port = listener.local_addr()?.port();
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
    Ok(port)
}
