//! Addresses in files and scripts: each under the key that it stands under, and with the port beside it, in YAML, JSON, TOML,
//! properties and what looks like them. No format is read in full: a line that is not understood has no key.

use std::collections::HashMap;

use super::comments::without_comments;
use super::{Address, masked, of, port_beside, words};

/// Every address in a file, in its order, but those in comments; `name` is that of the file.
#[must_use]
pub fn in_file(name: &str, text: &str) -> Vec<Address> {
    let text = without_comments(name, text);
    let mut reader = Reader::default();
    for line in masked(&text).lines() {
        reader.line(line);
    }
    reader.done()
}

/// What a line is inside of.
struct Frame {
    sort: Sort,
    indent: usize,
    /// The number of the mapping that its keys are in.
    scope: usize,
    key: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Key,
    Item,
    Brace,
}

#[derive(Default)]
struct Reader {
    frames: Vec<Frame>,
    /// The section of a TOML or INI file.
    section: (usize, String),
    scopes: usize,
    /// How many of the frames are braces.
    braces: usize,
    /// Addresses by the mapping and the key that they stand under.
    found: Vec<(usize, String, Address)>,
    ports: HashMap<(usize, String), u16>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let mut rest = line.trim_start();
        let mut indent = line.len() - rest.len();
        rest = rest.trim_end();
        if rest.is_empty() {
            return;
        }
        if let Some(name) = section(rest).filter(|_| self.braces == 0) {
            self.frames.clear();
            self.scopes += 1;
            self.section = (self.scopes, name.to_owned());
            return;
        }
        while let Some(item) = rest.strip_prefix('-').filter(|item| item.starts_with(' ')) {
            self.leave(|frame| frame.indent > indent || frame.indent == indent && frame.sort == Sort::Item);
            self.enter(Sort::Item, indent, String::new());
            let item = item.trim_start();
            indent += rest.len() - item.len();
            rest = item;
        }
        self.leave(|frame| frame.indent >= indent);
        let mut key = String::new();
        loop {
            let (piece, end, behind) = piece(rest, self.braces > 0);
            self.piece(piece.trim(), end, indent, &mut key);
            match behind {
                Some(behind) => rest = behind,
                None => return,
            }
        }
    }

    /// Leaves what a line is no longer inside of, up to the last brace.
    fn leave(&mut self, is_left: impl Fn(&Frame) -> bool) {
        while self.frames.last().is_some_and(|frame| frame.sort != Sort::Brace && is_left(frame)) {
            self.frames.pop();
        }
    }

    fn enter(&mut self, sort: Sort, indent: usize, key: String) {
        self.scopes += 1;
        self.braces += usize::from(sort == Sort::Brace);
        self.frames.push(Frame { sort, indent, scope: self.scopes, key });
    }

    fn piece(&mut self, piece: &str, end: Option<char>, indent: usize, last: &mut String) {
        match key_and_value(piece) {
            Some((key, value)) if value.trim_matches(['[', ' ']).is_empty() => {
                let sort = if end == Some('{') { Sort::Brace } else { Sort::Key };
                self.enter(sort, indent, key.to_owned());
                last.clear();
                return;
            }
            Some((key, value)) => {
                key.clone_into(last);
                self.note(key, key, value);
            }
            None if !piece.is_empty() && !last.is_empty() => self.note(last, last, piece),
            // `listen db:80`, `add_header Access-Control-Allow-Origin http://web`: no setting by a key, but close.
            None if !piece.is_empty() => {
                let before = piece.split_whitespace().count().saturating_sub(1).min(2);
                let is_name =
                    |word: &&str| word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
                let before: Vec<&str> = piece.split_whitespace().take(before).take_while(is_name).collect();
                self.note(&before.join("."), "", piece);
            }
            None => {}
        }
        match end {
            Some('{') => self.enter(Sort::Brace, indent, last.clone()),
            Some('}') => {
                if let Some(brace) = self.frames.iter().rposition(|frame| frame.sort == Sort::Brace) {
                    self.frames.truncate(brace);
                    self.braces -= 1;
                }
                last.clear();
            }
            _ => {}
        }
    }

    /// Notes what stands under a key; `name` says whether a bare word may be a host.
    fn note(&mut self, key: &str, name: &str, value: &str) {
        let scope = self.frames.last().map_or(self.section.0, |frame| frame.scope);
        let is_port = words(key).last().is_some_and(|last| last.ends_with("PORT"));
        if let Some(port) = value.trim_matches(['"', '\'', ' ']).parse().ok().filter(|port| is_port && *port > 0) {
            self.ports.insert((scope, key.to_owned()), port);
            return;
        }
        for mut address in of(name, value) {
            let inner = std::mem::take(&mut address.key);
            // More of them say no more of what the address is for.
            let keys = self.frames.iter().skip(self.frames.len().saturating_sub(8)).map(|frame| frame.key.as_str());
            let keys = std::iter::once(self.section.1.as_str()).chain(keys).chain([key]);
            let mut path: Vec<&str> = keys.filter(|key| !key.is_empty()).collect();
            path.extend(Some(inner.as_str()).filter(|inner| !inner.is_empty() && *inner != name));
            address.key = path.join(".");
            self.found.push((scope, key.to_owned(), address));
        }
    }

    fn done(self) -> Vec<Address> {
        let Self { found, ports, .. } = self;
        let with_port = |(scope, key, mut address): (usize, String, Address)| {
            let beside = || ports.get(&(scope, port_beside(&key)?)).copied();
            if address.port.is_none() && address.scheme.is_empty() {
                address.port = beside();
            }
            address
        };
        found.into_iter().map(with_port).collect()
    }
}

/// `[name]`, `[[name]]`
fn section(line: &str) -> Option<&str> {
    let name = line.strip_prefix('[')?.strip_suffix(']')?;
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name).trim();
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b' ' | b'/');
    (!name.is_empty() && name.bytes().all(is_name)).then_some(name)
}

/// The start of a line up to a brace, to a semicolon at the end of a word, and within braces to a comma; what ended it, and
/// what is behind.
fn piece(line: &str, is_in_braces: bool) -> (&str, Option<char>, Option<&str>) {
    let mut quote = None;
    let mut before = ' ';
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let is_last = chars.peek().is_none_or(|(_, next)| next.is_whitespace());
        match (quote, c) {
            (Some(open), _) if c == open && before != '\\' => quote = None,
            (None, '"' | '\'') if before.is_whitespace() || "=:,([{".contains(before) => {
                // An apostrophe is no quote.
                quote = Some(c).filter(|_| line.get(at + 1..).is_some_and(|rest| rest.contains(c)));
            }
            (None, '{' | '}') => return (line.get(..at).unwrap_or_default(), Some(c), line.get(at + 1..)),
            (None, ';') if is_last => return (line.get(..at).unwrap_or_default(), Some(c), line.get(at + 1..)),
            (None, ',') if is_in_braces => return (line.get(..at).unwrap_or_default(), Some(c), line.get(at + 1..)),
            _ => {}
        }
        before = c;
    }
    (line, None, None)
}

/// `key: value`, `key = value`, `"key": value`, `key => value`.
fn key_and_value(piece: &str) -> Option<(&str, &str)> {
    let piece = piece.strip_prefix("export ").unwrap_or(piece).trim_start();
    let (key, rest, is_quoted) = if let Some(inside) = piece.strip_prefix(['"', '\'']) {
        let end = inside.find(piece.get(..1)?)?;
        (inside.get(..end)?, inside.get(end + 1..)?, true)
    } else {
        let is_of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '$');
        let end = piece.find(|c| !is_of_key(c)).unwrap_or(piece.len());
        (piece.get(..end)?, piece.get(end..)?, false)
    };
    let sign = rest.trim_start();
    let value = match sign.as_bytes() {
        [b'=', b'>', ..] | [b':', b'=', ..] => sign.get(2..)?,
        [b':'] => "",
        [b'=', ..] | [b':', b' ' | b'\t' | b'[' | b'"' | b'\'', ..] => sign.get(1..)?,
        [b':', ..] if is_quoted => sign.get(1..)?,
        _ => return None,
    };
    (!key.is_empty()).then_some((key, value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key, host and port.
    fn found(name: &str, text: &str) -> Vec<(String, String, u16)> {
        in_file(name, text).into_iter().map(|one| (one.key, one.host, one.port.unwrap_or(0))).collect()
    }

    #[test]
    fn hosts_and_ports_of_every_format() {
        for (text, wanted) in [
            ("database:\n  host: db\n  port: 5432\ncache:\n  port: 1\n", &[("database.host", "db", 5432)][..]),
            ("database:\n  port: 5432\n  host: db\n", &[("database.host", "db", 5432)]),
            ("dbs:\n- host: a\n  port: 1\n- host: b\n  port: 2\n", &[("dbs.host", "a", 1), ("dbs.host", "b", 2)]),
            ("dbs:\n  - port: 1\n    host: a\n  - host: b\n", &[("dbs.host", "a", 1), ("dbs.host", "b", 0)]),
            ("db: {host: db, port: 5432}\n", &[("db.host", "db", 5432)]),
            (
                "brokers:\n  - kafka-0:9092\n  - kafka-1:9092\n",
                &[("brokers", "kafka-0", 9092), ("brokers", "kafka-1", 9092)],
            ),
            ("brokers: [a:1, b:2]\n", &[("brokers", "a", 1), ("brokers", "b", 2)]),
            ("{\"elastic\":{\"host\":\"es\",\"port\":9200},\"x\":{\"port\":1}}", &[("elastic.host", "es", 9200)]),
            ("{\n  \"es\": {\n    \"host\": \"es\",\n    \"port\": 9200\n  }\n}\n", &[("es.host", "es", 9200)]),
            ("{\"nodes\": [\"a:1\", \"b:2\"]}", &[("nodes", "a", 1), ("nodes", "b", 2)]),
            ("[mq]\nhost = \"mq\"\nport = 5672\n[other]\nport = 1\n", &[("mq.host", "mq", 5672)]),
            ("spring.redis.host=cache\nspring.redis.port=6379\n", &[("spring.redis.host", "cache", 6379)]),
            ("brokers=kafka:9092\n", &[("brokers", "kafka", 9092)]),
            ("brokers=a:1,b:2\n", &[("brokers", "a", 1), ("brokers", "b", 2)]),
            ("export DB_HOST=db\nexport DB_PORT=5432\n", &[("DB_HOST", "db", 5432)]),
            ("app --db-host=db --db-port=5432\n", &[("app.--db-host", "db", 5432)]),
            ("output { elasticsearch { hosts => [\"es:9200\"] } }", &[("hosts", "es", 9200)]),
            (
                "server {\n  listen db:80;\n  location / { proxy_pass http://api:8080; }\n}\n",
                &[("listen", "db", 80), ("proxy_pass", "api", 8080)],
            ),
            (
                "cors:\n  origins:\n    - http://web:8080\nurl: http://api\n",
                &[("cors.origins", "web", 8080), ("url", "api", 0)],
            ),
            ("url: jdbc:postgresql://db:5432/x\n", &[("url", "db", 5432)]),
            ("Db: \"Server=db;Port=1433;Database=x\"\n", &[("Db.Server", "db", 1433)]),
            ("url: postgres://${USER}:${PASS}@db:5432/x\n", &[("url", "db", 5432)]),
            ("host: true\nport: 1\n", &[("host", "true", 1)]),
            ("kafka:9092\n", &[("", "kafka", 9092)]),
            ("name: api\nport: 80\n", &[]),
        ] {
            let wanted: Vec<_> =
                wanted.iter().map(|(key, host, port)| ((*key).to_owned(), (*host).to_owned(), *port)).collect();
            assert_eq!(found("a.conf", text), wanted, "{text}");
        }
    }

    #[test]
    fn any_text_ends() {
        for text in [
            "{",
            "}",
            "}}{{",
            "- - - a:1",
            "\"",
            "'a",
            "[",
            "[]",
            "é: é",
            "=",
            ":",
            "a:=",
            "- ",
            "\"é",
            "${",
            "{{",
            "<",
        ] {
            let _ = in_file("é", text);
        }
        assert_eq!(in_file("", &"a: {b: 'c:1'}\n".repeat(20_000)).len(), 20_000);
        let _ = in_file("", &"{".repeat(3_000));
    }
}
