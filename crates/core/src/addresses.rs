//! Addresses in the texts that programs read: the hosts and ports of URLs, of lists of brokers, of settings by key and value.
//!
//! Credentials that stand in front of a host are never kept.

mod comments;
mod files;

use std::borrow::Cow;
use std::net::IpAddr;

pub use self::files::in_file;

/// Where a text leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The scheme of the URL, in lower case; empty where there is none.
    pub scheme: String,
    /// The host, in lower case: a name, or an address without brackets.
    pub host: String,
    /// The port that is written.
    pub port: Option<u16>,
    /// The name that it stands under: a key within the text, else what the text is called.
    pub key: String,
}

/// The last words of names whose whole value is a host.
const HOSTS: [&str; 6] = ["HOST", "HOSTNAME", "SERVER", "ADDR", "ADDRESS", "ENDPOINT"];
/// The last words of names whose value may be a host, and may be something else.
const PERHAPS: [&str; 11] = [
    "HOSTS",
    "SERVERS",
    "ADDRESSES",
    "ENDPOINTS",
    "BACKEND",
    "UPSTREAM",
    "PROXY",
    "BROKER",
    "BROKERS",
    "NODES",
    "SEEDS",
];
/// The last words of other names under which addresses stand.
const LINKS: [&str; 6] = ["URL", "URLS", "URI", "DSN", "TARGET", "SOURCE"];
/// Words in names of addresses that something listens at, or that are only compared with.
#[rustfmt::skip] // a table
const OWN: [&str; 20] = [
    "BIND", "LISTEN", "LISTENER", "LISTENERS", "ADVERTISE", "ADVERTISED", "ALLOW", "ALLOWED", "TRUST", "TRUSTED", "CORS",
    "ORIGIN", "ORIGINS", "EXCLUDE", "REDIRECT", "REDIRECTS", "CALLBACK", "CALLBACKS", "REFERER", "AUDIENCE",
];
/// First words of names in which the loopback address is the program's own.
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
    let mut out: Vec<String> = Vec::new();
    let mut before = '_';
    for c in name.chars() {
        // `dbHost` has two words, `PGHOST` one.
        let is_start = matches!(before, '_' | '-' | '.') || before.is_ascii_lowercase() && c.is_ascii_uppercase();
        before = c;
        if matches!(c, '_' | '-' | '.') {
            continue;
        }
        if is_start {
            out.push(String::new());
        }
        out.last_mut().into_iter().for_each(|word| word.push(c.to_ascii_uppercase()));
    }
    out
}

/// Whether the addresses under a name are listened at, or only compared with: nobody connects to them.
#[must_use]
pub fn is_only_compared(name: &str) -> bool {
    let words = words(name);
    let has = |word: &str| words.iter().any(|own| own == word);
    OWN.iter().any(|word| has(word)) || has("NOPROXY") || (has("NO") && has("PROXY"))
}

/// Whether the loopback address in a variable of that name is where the program itself listens.
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

/// Whether addresses to connect to stand under a name.
#[must_use]
pub fn is_address_name(name: &str) -> bool {
    is_host_name(name) || is_one_of(name, &PERHAPS) || is_one_of(name, &LINKS)
}

fn is_one_of(name: &str, last: &[&str]) -> bool {
    words(name).last().is_some_and(|word| last.contains(&word.as_str()))
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
    let text = masked(text);
    let may_be_host = |name: &str| is_host_name(name) || is_one_of(name, &PERHAPS);
    let whole = may_be_host(name) && !text.trim().contains([' ', '\n', '\t']);
    let mut out: Vec<Address> = Vec::new();
    // Behind a list of hosts the scheme of the first one holds.
    let mut scheme = String::new();
    let mut ports: Vec<(&str, u16)> = Vec::new();
    for part in text.split([',', ' ', ';', '\n', '\t', '\r', '"', '\'', '|']).filter(|part| !part.is_empty()) {
        let part = unlisted(part);
        let (key, found) = match part.split_once("://") {
            Some((before, rest)) => {
                let is_of_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
                let start = before.trim_end_matches(is_of_scheme).len();
                // `postgresql+asyncpg` is about what comes first.
                let own = before.get(start..).unwrap_or_default().split('+').next().unwrap_or_default();
                scheme = own.to_ascii_lowercase();
                (setting(before).map(|(key, _)| key), authority(rest, true))
            }
            None => match setting(part) {
                Some((key, value)) if words(key).last().is_some_and(|last| last.ends_with("PORT")) => {
                    ports.extend(value.parse().ok().filter(|port| *port > 0).map(|port| (key, port)));
                    continue;
                }
                Some((key, value)) => {
                    scheme.clear();
                    // `Data Source=db`, as .NET has it, is cut at its blank.
                    (Some(key), authority(value, may_be_host(key) || key.eq_ignore_ascii_case("source")))
                }
                None => (None, authority(part, whole)),
            },
        };
        let key = key.unwrap_or(name).to_owned();
        out.extend(found.map(|(host, port)| Address { scheme: scheme.clone(), host, port, key }));
    }
    let plain = ports.iter().find(|(key, _)| key.eq_ignore_ascii_case("port")).map(|(_, port)| *port);
    let is_only = out.len() == 1;
    for address in out.iter_mut().filter(|address| address.port.is_none()) {
        let beside = port_beside(&address.key);
        let beside = ports.iter().find(|(key, _)| Some(*key) == beside.as_deref()).map(|(_, port)| *port);
        address.port = beside.or(plain.filter(|_| is_only));
    }
    out
}

/// `host=db`, `--db-port=5432`: a setting in a text of many.
fn setting(part: &str) -> Option<(&str, &str)> {
    let (key, value) = part.split_once('=')?;
    let is_of_key = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    (key.bytes().all(is_of_key) && key.bytes().any(|b| b.is_ascii_alphabetic())).then_some((key, value))
}

/// An item of a list in brackets, which those of an address of IPv6 are not.
fn unlisted(part: &str) -> &str {
    match part.strip_prefix('[') {
        Some(rest) if rest.split_once(']').is_some_and(|(inside, _)| inside.parse::<IpAddr>().is_ok()) => part,
        Some(rest) => rest.trim_end_matches(']'),
        None if part.contains('[') => part,
        None => part.trim_end_matches(']'),
    }
}

/// What stands in the place of what is put in later: no host has it.
const MASK: char = '%';

/// A text with a mask for whatever is put in later: `{{ .user }}`, `${USER}`, `$(USER)`, and `<user>` in an address.
fn masked(text: &str) -> Cow<'_, str> {
    if !text.contains(['{', '$', '<']) {
        return Cow::Borrowed(text);
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(['{', '$', '<']) {
        let (before, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        };
        let is_near = |inside: &str| !inside.is_empty() && !inside.contains('\n');
        let is_in_address = || out.ends_with(['/', ':', '@']);
        // No placeholder is longer, and a text of many openings must not be read again for each.
        let near = (0..=behind.len().min(256)).rev().find_map(|end| behind.get(..end)).unwrap_or_default();
        let inside = |open: &str, close: &str| near.strip_prefix(open)?.split_once(close);
        let found = inside("{{", "}}")
            .filter(|(inside, _)| is_near(inside))
            .or_else(|| inside("${", "}").filter(|(inside, _)| is_near(inside) && !inside.contains(' ')))
            .or_else(|| inside("$(", ")").filter(|(inside, _)| is_name(inside)))
            .or_else(|| {
                inside("<", ">").filter(|(inside, _)| is_near(inside) && !inside.starts_with('/') && is_in_address())
            });
        if let Some((_, after)) = found {
            out.push(MASK);
            rest = behind.get(near.len() - after.len()..).unwrap_or_default();
        } else {
            let (sign, after) = behind.split_at_checked(1).unwrap_or((behind, ""));
            out.push_str(sign);
            rest = after;
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
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
    let is_masked = port.is_some_and(|port| port.strip_prefix(MASK) == Some(""));
    let port = match port.filter(|_| !is_masked) {
        None | Some("") => None,
        Some(port) => Some(port.parse::<u16>().ok().filter(|port| *port > 0)?),
    };
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let is_meant = is_expected || in_brackets || has_user || port.is_some() || is_masked;
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
            ("", "targets: [api:8080, web:80]", vec![one("", "api", 8080), one("", "web", 80)]),
            ("", "--db-host=db --db-port=5432", vec![one("", "db", 5432)]),
            ("", "--a-host=a --b-host=b --b-port=2", vec![one("", "a", 0), one("", "b", 2)]),
            ("JAVA_OPTS", "-Xmx1g -Dredis.host=cache -Dredis.port=6379", vec![one("", "cache", 6379)]),
            ("", "brokers=kafka:9092", vec![one("", "kafka", 9092)]),
            ("APP_BACKEND", "api", vec![one("", "api", 0)]),
            ("HTTP_UPSTREAM", "api:8080", vec![one("", "api", 8080)]),
            ("https_proxy", "http://squid:3128", vec![one("http", "squid", 3128)]),
            // What is put in later is around the host, or is the port.
            ("URL", "postgresql://{{ .user }}:{{ .pass | urlquery }}@db:5432/x", vec![one("postgresql", "db", 5432)]),
            ("URL", "postgresql://$(USER):$(PASS)@db:5432/x", vec![one("postgresql", "db", 5432)]),
            ("URL", "postgresql://${USER}:${PASS}@db:5432/x", vec![one("postgresql", "db", 5432)]),
            ("URL", "postgresql://<user>:<path:a/b#c>@db:5432/x", vec![one("postgresql", "db", 5432)]),
            ("URL", "postgresql://u@db:{{ .port }}/x", vec![one("postgresql", "db", 0)]),
            ("URL", "postgresql://u@{{ .host }}:5432/x", vec![]),
            ("URL", "postgresql://u@db{{ .n }}:5432/x", vec![]),
            ("URL", "postgresql://u@{{ .n }}-db:5432/x", vec![]),
            ("URL", "<url>http://api:8080</url>", vec![one("http", "api", 8080)]),
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
            ("--db-host", Some("--db-port")),
            ("spring.redis.host", Some("spring.redis.port")),
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
