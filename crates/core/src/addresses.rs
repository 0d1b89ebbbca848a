//! Addresses in the texts that programs read: the hosts and ports of URLs, of lists of brokers, of settings by key and value.
//!
//! Credentials that stand in front of a host are never kept.

use std::net::IpAddr;

/// Where a text leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The scheme of the URL, in lower case; empty where there is none.
    pub scheme: String,
    /// The host, in lower case: a name, or an address without brackets.
    pub host: String,
    /// The port that is written.
    pub port: Option<u16>,
}

/// The last words of names whose whole value is a host.
const HOSTS: [&str; 6] = ["HOST", "HOSTNAME", "SERVER", "ADDR", "ADDRESS", "ENDPOINT"];
/// Words in names of addresses that something listens at, or that are only compared with.
const OWN: [&str; 11] =
    ["BIND", "LISTEN", "LISTENER", "ALLOW", "ALLOWED", "TRUST", "TRUSTED", "CORS", "ORIGIN", "ORIGINS", "EXCLUDE"];
/// First words of names in which an address is the program's own.
const SELF: [&str; 10] = ["SERVER", "HTTP", "HTTPS", "APP", "WEB", "METRICS", "MANAGEMENT", "HEALTH", "ADMIN", "GRPC"];
/// Schemes, and the ports that clients take where a URL names none.
#[rustfmt::skip] // a table
const PORTS: [(&str, u16); 25] = [
    ("amqp", 5672), ("amqps", 5671), ("ftp", 21), ("grpc", 443), ("http", 80), ("https", 443), ("ldap", 389), ("ldaps", 636),
    ("mariadb", 3306), ("memcached", 11211), ("mongodb", 27017), ("mqtt", 1883), ("mqtts", 8883), ("mysql", 3306),
    ("mysql2", 3306), ("nats", 4222), ("postgis", 5432), ("postgres", 5432), ("postgresql", 5432), ("redis", 6379),
    ("rediss", 6379), ("smtp", 25), ("sqlserver", 1433), ("ws", 80), ("wss", 443),
];

/// The words of a variable's or setting's name, in capitals.
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    name.split(['_', '-', '.']).filter(|word| !word.is_empty()).map(str::to_ascii_uppercase).collect()
}

/// Whether the addresses under a name are listened at, or only compared with: nobody connects to them.
#[must_use]
pub fn is_only_compared(name: &str) -> bool {
    let words = words(name);
    let has = |word: &str| words.iter().any(|own| own == word);
    OWN.iter().any(|word| has(word)) || has("NOPROXY") || (has("NO") && has("PROXY"))
}

/// Whether the address in a variable of that name is where the program itself listens.
#[must_use]
pub fn is_own(name: &str) -> bool {
    match words(name).as_slice() {
        [one] => matches!(one.as_str(), "HOST" | "HOSTNAME" | "ADDR" | "ADDRESS" | "SERVER" | "IP"),
        [first @ .., _] => !first.is_empty() && first.iter().all(|word| SELF.contains(&word.as_str())),
        [] => false,
    }
}

/// Whether the whole value under a name is a host.
#[must_use]
pub fn is_host_name(name: &str) -> bool {
    words(name).last().is_some_and(|last| HOSTS.iter().any(|word| last.ends_with(word)))
}

/// The name under which the port stands of a host that stands under `name`: `DB_PORT` beside `DB_HOST`.
#[must_use]
pub fn port_beside(name: &str) -> Option<String> {
    let upper = name.to_ascii_uppercase();
    let end = HOSTS.iter().filter(|word| upper.ends_with(**word)).max_by_key(|word| word.len())?;
    let (start, word) = name.split_at_checked(name.len() - end.len())?;
    let port = match word {
        _ if word.bytes().all(|byte| byte.is_ascii_uppercase()) => "PORT",
        _ if word.starts_with(|c: char| c.is_ascii_uppercase()) => "Port",
        _ => "port",
    };
    Some(format!("{start}{port}"))
}

/// The port that clients take where a URL of that scheme names none.
#[must_use]
pub fn usual_port(scheme: &str) -> Option<u16> {
    PORTS.iter().find(|(own, _)| *own == scheme).map(|(_, port)| *port)
}

/// Every address in a text, in its order; `name` is what the text is called.
#[must_use]
pub fn of(name: &str, text: &str) -> Vec<Address> {
    let whole = is_host_name(name) && !text.trim().contains([' ', '\n', '\t']);
    let mut out: Vec<Address> = Vec::new();
    // Behind a list of hosts the scheme of the first one holds.
    let (mut scheme, mut port) = (String::new(), None);
    for part in text.split([',', ' ', ';', '\n', '\t', '\r', '"', '\'', '|']).filter(|part| !part.is_empty()) {
        let found = match part.split_once("://") {
            Some((before, rest)) => {
                let is_of_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
                let start = before.trim_end_matches(is_of_scheme).len();
                // `postgresql+asyncpg` is about what comes first.
                let own = before.get(start..).unwrap_or_default().split('+').next().unwrap_or_default();
                scheme = own.to_ascii_lowercase();
                authority(rest, true)
            }
            None => match setting(part) {
                Some(("port", value)) => {
                    port = port.or_else(|| value.parse().ok().filter(|port| *port > 0));
                    continue;
                }
                Some((_, value)) => authority(value, true),
                None => authority(part, whole),
            },
        };
        out.extend(found.map(|(host, port)| Address { scheme: scheme.clone(), host, port }));
    }
    if let [only] = out.as_mut_slice() {
        only.port = only.port.or(port);
    }
    out
}

/// `host=db`, `port=5432`, `Server=db`: a setting in a text of many, by one of the keys that are about addresses.
fn setting(part: &str) -> Option<(&'static str, &str)> {
    let (key, value) = part.split_once('=')?;
    let key = key.trim_start_matches('-').to_ascii_lowercase();
    match key.as_str() {
        // `Data Source=db`, as .NET has it, is cut at its blank.
        "host" | "hostname" | "server" | "source" | "addr" | "address" | "endpoint" => Some(("host", value)),
        "port" => Some(("port", value)),
        _ => None,
    }
}

/// `user:password@host:port/path?query`, or parts of it; a bare host only where one `is_expected`.
fn authority(text: &str, is_expected: bool) -> Option<(String, Option<u16>)> {
    // `user:password@tcp(host:port)/path`, as Go's driver of MySQL has it; `tcp:host`, as SQL Server's.
    let brackets = text.split_once("@tcp(").map(|(_, rest)| rest).or_else(|| text.strip_prefix("tcp("));
    let (text, in_brackets) = match brackets {
        Some(rest) => (rest.split(')').next().unwrap_or_default(), true),
        None => (text.strip_prefix("tcp:").unwrap_or(text), false),
    };
    let text = text.split(['/', '?', '#', ')', '>', '<', '}']).next().unwrap_or_default();
    let (has_user, text) = text.rsplit_once('@').map_or((false, text), |(_, host)| (true, host));
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None if text.parse::<IpAddr>().is_ok() => (text, None),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        None | Some("") => None,
        Some(port) => Some(port.parse::<u16>().ok().filter(|port| *port > 0)?),
    };
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let is_meant = is_expected || in_brackets || has_user || port.is_some();
    (is_meant && is_host(&host)).then_some((host, port))
}

/// Whether a text is a name of DNS or an address.
fn is_host(text: &str) -> bool {
    if text.parse::<IpAddr>().is_ok() {
        return true;
    }
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        let is_inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(*byte, b'-' | b'_');
        let is_edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        bytes.len() <= 63 && bytes.iter().all(is_inner) && is_edge(bytes.first()) && is_edge(bytes.last())
    };
    // A number alone is none, and the last label of a name is no number.
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253 && text.split('.').all(is_label) && last.bytes().any(|byte| !byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_every_form() {
        let one =
            |scheme: &str, host: &str, port: u16| (scheme.to_owned(), host.to_owned(), Some(port).filter(|p| *p > 0));
        for (name, text, wanted) in [
            ("URL", "http://api:8080", vec![one("http", "api", 8080)]),
            (
                "URL",
                "https://API.shop.svc.cluster.local./v1?x=http",
                vec![one("https", "api.shop.svc.cluster.local", 0)],
            ),
            ("URL", "postgresql+asyncpg://u:p@db:5432/x?sslmode=require", vec![one("postgresql", "db", 5432)]),
            ("URL", "jdbc:postgresql://db/x", vec![one("postgresql", "db", 0)]),
            (
                "URL",
                "postgres://u:p%40@db:5433,db2:5434/x",
                vec![one("postgres", "db", 5433), one("postgres", "db2", 5434)],
            ),
            ("URL", "redis://:hush@[2001:db8::1]:6379/0", vec![one("redis", "2001:db8::1", 6379)]),
            ("DSN", "u:p@tcp(db:3306)/x", vec![one("", "db", 3306)]),
            ("DSN", "tcp(db:3306)/x", vec![one("", "db", 3306)]),
            ("DSN", "Server=tcp:db,1433;Database=x", vec![one("", "db", 0)]),
            ("DSN", "Data Source=db;User Id=u", vec![one("", "db", 0)]),
            ("DSN", "host=db port=5432 user=u password=p", vec![one("", "db", 5432)]),
            ("DSN", "Server=db;Port=1433;Database=x", vec![one("", "db", 1433)]),
            ("DB_HOST", "db", vec![one("", "db", 0)]),
            ("pgHost", "db.data", vec![one("", "db.data", 0)]),
            (
                "BROKERS",
                "kafka-0.kafka:9092,kafka-1.kafka:9092",
                vec![one("", "kafka-0.kafka", 9092), one("", "kafka-1.kafka", 9092)],
            ),
            ("CACHE", "memcached:11211", vec![one("", "memcached", 11211)]),
            ("UPSTREAM", "10.0.0.7:80", vec![one("", "10.0.0.7", 80)]),
            ("", "location / { proxy_pass http://api:8080; }", vec![one("http", "api", 8080)]),
            ("", "targets: ['api:8080', 'web:80']", vec![one("", "api", 8080), one("", "web", 80)]),
            // None of these is one.
            ("TOKEN", "aBc:12x", vec![]),
            ("MODE", "production", vec![]),
            ("TIME", "12:30", vec![]),
            ("IMAGE", "nginx:1.27", vec![]),
            ("URL", "http://$(HOST):8080", vec![]),
            ("URL", "http://api:http", vec![]),
            ("URL", "http://", vec![]),
            ("DB_HOST", "", vec![]),
            ("DB_HOST", "not a host!", vec![]),
            ("RATIO", "1:0", vec![]),
        ] {
            let found: Vec<_> = of(name, text).into_iter().map(|one| (one.scheme, one.host, one.port)).collect();
            assert_eq!(found, wanted, "{name}={text}");
        }
    }

    #[test]
    fn the_port_stands_beside_the_host() {
        for (host, port) in [
            ("DB_HOST", Some("DB_PORT")),
            ("PGHOST", Some("PGPORT")),
            ("db-hostname", Some("db-port")),
            ("dbHost", Some("dbPort")),
            ("REDIS_ADDR", Some("REDIS_PORT")),
            ("HOST", Some("PORT")),
            ("DATABASE_URL", None),
        ] {
            assert_eq!(port_beside(host).as_deref(), port, "{host}");
        }
    }

    #[test]
    fn any_text_ends() {
        for text in ["://", "@", ":", "[", "[::1", "é://é@é:é", "a://b://c", "=", "host=", "port=0 host=a", "@tcp("]
        {
            let _ = (of("é", text), port_beside(text));
        }
        assert_eq!(of("", &"a://b:1,".repeat(100_000)).len(), 100_000);
    }
}
