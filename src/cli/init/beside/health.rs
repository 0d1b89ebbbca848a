//! A health check as Docker knows it: a request, or some command.

/// What a health check does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::init) enum Health {
    /// A GET request to the container itself: the path, and the port where one is written.
    Http { path: String, port: Option<u16> },
    /// Something else. It is not shown: a command may hold a password.
    Command,
}

impl Health {
    /// Reads a command line.
    pub(in crate::cli::init) fn of(command: &str) -> Self {
        let own = ["http://localhost", "http://127.0.0.1", "http://0.0.0.0", "http://[::1]"];
        let rest = own.iter().find_map(|start| command.split_once(start).map(|(_, rest)| rest));
        rest.and_then(request).unwrap_or(Self::Command)
    }
}

/// What stands behind the host of an address.
fn request(rest: &str) -> Option<Health> {
    let end = rest.find(|c: char| c.is_whitespace() || "\"'`|;&)]".contains(c)).unwrap_or(rest.len());
    let address = rest.get(..end)?;
    let (port, path) = match address.strip_prefix(':') {
        Some(behind) => {
            let digits = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
            (Some(behind.get(..digits)?.parse().ok()?), behind.get(digits..)?)
        }
        None => (None, address),
    };
    let path = if path.is_empty() { "/" } else { path };
    // A query may hold a token, a variable is not known here.
    let is_plain = path.starts_with('/') && path.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.~".contains(c));
    is_plain.then(|| Health::Http { path: path.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_and_commands_are_not_shown() {
        let http = |path: &str, port| Health::Http { path: path.to_owned(), port };
        for (command, wanted) in [
            ("curl -fsS http://localhost:8000/health || exit 1", http("/health", Some(8000))),
            ("wget -qO- 'http://127.0.0.1/ready'", http("/ready", None)),
            ("curl -f http://localhost:3000", http("/", Some(3000))),
            ("curl http://localhost:8080/health?token=x", Health::Command),
            ("curl http://localhost:$PORT/health", Health::Command),
            ("curl http://user:pw@localhost:80/", Health::Command),
            ("mysqladmin ping -psecret", Health::Command),
        ] {
            assert_eq!(Health::of(command), wanted, "{command}");
        }
    }
}
