//! Texts that lead a program to the loopback address of its own pod: what listens there is another container of the pod.

use krmor_core::addresses::{is_only_compared, is_own, words};
use krmor_core::texts::Stands;

/// A connection to the loopback address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) port: Option<u16>,
    /// Whether it is by HTTP, or for telemetry: a migration can most likely do without.
    pub(super) is_aside: bool,
}

/// The last words of names whose values are addresses to connect to.
const ADDRESSES: [&str; 13] = [
    "HOST", "HOSTS", "HOSTNAME", "SERVER", "SERVERS", "ADDR", "ADDRESS", "ENDPOINT", "URL", "URI", "DSN", "SOURCE",
    "BROKERS",
];
/// Words in names of receivers of telemetry.
const TELEMETRY: [&str; 12] =
    ["OTEL", "OTLP", "STATSD", "JAEGER", "ZIPKIN", "DD", "DATADOG", "APM", "SENTRY", "FLUENT", "FLUENTD", "LOG"];
/// How far behind a host the scheme and the credentials of its URL can begin.
const REACH: usize = 512;

/// The first connection to the loopback address in a text; one that a migration needs goes before others. `key` is the name
/// of the text: of a variable, or the option before a word.
pub(super) fn mention(stands: Stands, key: &str, text: &str) -> Option<Mention> {
    let lower = text.to_ascii_lowercase();
    let mut starts: Vec<(usize, &str)> = HOSTS.iter().flat_map(|host| lower.match_indices(host)).collect();
    starts.sort_unstable();
    let mut aside = None;
    for (start, host) in starts {
        let Some(end) = end_of_host(&lower, start, host) else { continue };
        match judge(stands, key, &lower, start, end) {
            Some(found) if !found.is_aside => return Some(found),
            found => aside = aside.or(found),
        }
    }
    aside
}

/// How the loopback address begins.
const HOSTS: [&str; 3] = ["localhost", "127.", "::1"];

/// Where the address ends that begins here, if it is the loopback address and not a part of another host.
fn end_of_host(text: &str, start: usize, host: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let end = match host {
        "127." => {
            let tail = text.get(start..)?.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
            start + tail
        }
        _ => start + host.len(),
    };
    // `localhost.example.com` is another host; `fe80::1` is another address.
    let is_part = |at: Option<usize>| {
        let byte = at.and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') || (host == "::1" && byte == b':')
    };
    let address = text.get(start..end)?;
    let is_whole = host != "127." || address.split('.').filter(|part| !part.is_empty()).count() == 4;
    (is_whole && !is_part(start.checked_sub(1)) && !is_part(Some(end))).then_some(end)
}

fn judge(stands: Stands, key: &str, text: &str, start: usize, end: usize) -> Option<Mention> {
    let (before, after) = (text.get(..start)?, text.get(end..)?);
    let (before, after) = (before.strip_suffix('[').unwrap_or(before), after.strip_prefix(']').unwrap_or(after));
    let port = after.strip_prefix(':').and_then(number);
    let reach = before.len().saturating_sub(REACH);
    let near = (reach..=before.len()).find_map(|at| before.get(at..)).unwrap_or_default();
    let word = near.rsplit([' ', '\t', '\n', '"', '\'']).next().unwrap_or_default();
    if let Some((scheme, _)) = word.split_once("://") {
        let scheme = scheme.rsplit(['=', ',', '(']).next().unwrap_or_default();
        if is_only_compared(key) {
            return None;
        }
        return Some(Mention { port, is_aside: is_web(scheme) || is_telemetry(key) });
    }
    if word.ends_with("tcp(") {
        return Some(Mention { port, is_aside: false });
    }
    // `key=host`, `key: host`, `"key": "host"`, else the key of the whole text, or the option before it.
    let trimmed = near.trim_end_matches([' ', '\t', '"', '\'']);
    let inner = trimmed.strip_suffix(['=', ':']).map(|rest| {
        let is_of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let rest = rest.trim_end_matches([' ', '\t', '"', '\'']);
        let length: usize = rest.chars().rev().take_while(|c| is_of_key(*c)).count();
        rest.get(rest.len() - length..).unwrap_or_default()
    });
    let previous = near.trim_end().rsplit([' ', '\t', '\n']).next().unwrap_or_default();
    let option = Some(previous).filter(|word| word.starts_with('-'));
    let is_first = near.trim().is_empty();
    let port = port.or_else(|| after.strip_prefix(' ').and_then(number).filter(|_| stands == Stands::Word));
    let (name, is_variable) = match (inner, option) {
        (Some(inner), _) => (inner, false),
        (None, Some(option)) => (option, false),
        (None, None) if is_first || before.ends_with([',', ';']) => (key, stands == Stands::Variable),
        // `listen 127.0.0.1:80;`, as servers write it.
        (None, None) if is_only_compared(previous) => return None,
        (None, None) => ("", false),
    };
    if is_only_compared(name) || is_only_compared(key) || (is_variable && is_own(name)) {
        return None;
    }
    let last = words(name).last().cloned().unwrap_or_default();
    // A variable that says nothing else, whatever it is called.
    let is_name = matches!(last.as_str(), "DOMAIN" | "DOMAINS" | "NAME" | "REALM");
    let is_whole = is_variable && is_first && after.trim().is_empty() && !is_name;
    let is_address = is_whole || ADDRESSES.iter().any(|word| last.ends_with(word)) || matches!(name, "-h" | "-H");
    let found = Mention { port, is_aside: is_telemetry(name) || is_telemetry(key) };
    (is_address || port.is_some()).then_some(found)
}

fn number(text: &str) -> Option<u16> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.get(..digits)?.parse().ok().filter(|port| *port > 0)
}

fn is_web(scheme: &str) -> bool {
    matches!(scheme, "http" | "https" | "ws" | "wss" | "grpc" | "grpcs")
}

fn is_telemetry(name: &str) -> bool {
    words(name).iter().any(|word| TELEMETRY.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use krmor_core::texts::Stands::{File, Variable, Word};

    #[test]
    fn connections_are_told_from_addresses_to_listen_at() {
        let needed = |port| Some((port, false));
        let aside = |port| Some((port, true));
        for (stands, key, text, wanted) in [
            (Variable, "DATABASE_URL", "postgresql://u:p@127.0.0.1:5432/x?sslmode=disable", needed(Some(5432))),
            (Variable, "DATABASE_URL", "postgres://localhost/x", needed(None)),
            (Variable, "DATABASE_URL", "postgres://u@[::1]:5433/x", needed(Some(5433))),
            (Variable, "JDBC_URL", "jdbc:mysql://localhost:3306/x", needed(Some(3306))),
            (Variable, "MONGO", "mongodb://a:1,localhost:27017/x", needed(Some(27017))),
            (Variable, "DSN", "u:p@tcp(127.0.0.1:3306)/x", needed(Some(3306))),
            (Variable, "DSN", "host=localhost port=5432 user=u", needed(None)),
            (Variable, "ConnectionStrings__Db", "Server=127.0.0.1;Port=5432;Database=x", needed(None)),
            (Variable, "DB_HOST", "127.0.0.1", needed(None)),
            (Variable, "PGHOST", "LOCALHOST", needed(None)),
            (Variable, "DB_HOST", "127.0.1.7", needed(None)),
            (Variable, "POSTGRES_SEEDS", "127.0.0.1", needed(None)),
            (Variable, "DSN", "hostaddr=127.0.0.1 port=5432", needed(None)),
            (Variable, "MEMCACHED", "127.0.0.1:11211", needed(Some(11211))),
            (Variable, "KAFKA_BROKERS", "a:9092,localhost:9093", needed(Some(9093))),
            (Variable, "VAULT_ADDR", "http://127.0.0.1:8200", aside(Some(8200))),
            (Variable, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317", aside(Some(4317))),
            (Variable, "DD_AGENT_HOST", "localhost", aside(None)),
            (Word, "", "--db-host=127.0.0.1", needed(None)),
            (Word, "--host", "localhost", needed(None)),
            (Word, "-h", "127.0.0.1", needed(None)),
            (Word, "-c", "until nc -z 127.0.0.1 5432; do sleep 1; done; migrate", needed(Some(5432))),
            (Word, "-c", "psql -h localhost -f x.sql", needed(None)),
            (Word, "", "127.0.0.1:5432", needed(Some(5432))),
            (File, "", "[db]\nhost = \"localhost\"\n", needed(None)),
            (File, "", "database:\n  host: 127.0.0.1\n", needed(None)),
            (File, "", "spring.datasource.url=jdbc:postgresql://localhost:5432/x\n", needed(Some(5432))),
            // Nobody connects to these.
            (Variable, "APP_DB_HOST", "127.0.0.1", needed(None)),
            (Variable, "CLOUDSQL_PROXY_HOST", "127.0.0.1", needed(None)),
            (Variable, "HTTP_PROXY", "http://127.0.0.1:3128", aside(Some(3128))),
            (File, "", "server {\n  listen 127.0.0.1:80;\n}", None),
            (Variable, "NO_PROXY", "localhost,127.0.0.1,.svc", None),
            (Variable, "ALLOWED_HOSTS", "localhost,127.0.0.1", None),
            (Variable, "CORS_ORIGIN", "http://localhost:3000", None),
            (Variable, "BIND_ADDR", "127.0.0.1:8080", None),
            (Variable, "HOST", "127.0.0.1", None),
            (Variable, "SERVER_ADDRESS", "127.0.0.1", None),
            (Variable, "SESSION_DOMAIN", "localhost", None),
            (Word, "--bind", "127.0.0.1:8000", None),
            (Word, "", "--listen-address=127.0.0.1:8000", None),
            (Variable, "DB_HOST", "localhost.example.com", None),
            (Variable, "DB_HOST", "my-localhost", None),
            (Variable, "DB_HOST", "10.127.0.0.1", None),
            (Variable, "DB_HOST", "fe80::1", None),
            (Variable, "DB_HOST", "127.0.0", None),
            (Variable, "NOTE", "runs on localhost only", None),
            (Variable, "A", "", None),
        ] {
            let found = mention(stands, key, text).map(|found| (found.port, found.is_aside));
            assert_eq!(found, wanted, "{key}={text}");
        }
    }

    #[test]
    fn any_text_ends() {
        for text in
            ["127.127.127.", "::1::1", "localhostlocalhost", "é::1é", "127.0.0.1127.0.0.1", "[::1", "://localhost"]
        {
            mention(File, "é", text);
        }
        mention(File, "", &"localhost ".repeat(100_000));
        mention(File, "", &"localhostx".repeat(100_000));
    }
}
