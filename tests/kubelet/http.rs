//! The little of HTTP/1.1 that probes and their answers need.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

pub struct Response {
    pub status: u16,
    pub location: Option<String>,
}

/// Connects to a port of this machine.
pub fn connect(port: u16, within: Duration) -> io::Result<TcpStream> {
    TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), within)
}

/// `GET` of a path, answered within a time, or it is an error. Headers that are given replace the kubelet's own.
pub fn get(port: u16, path: &str, headers: &[(String, String)], within: Duration) -> io::Result<Response> {
    let until = Instant::now() + within;
    let mut stream = connect(port, within)?;
    let mut request = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n");
    for (name, value) in [("Host", format!("127.0.0.1:{port}")), ("User-Agent", "kube-probe/1.36".into())]
        .into_iter()
        .chain([("Accept", "*/*".to_owned())])
    {
        if !headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)) {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{request}\r\n").as_bytes())?;
    let head = head(&mut stream, Some(until))?;
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "no status");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(bad)?;
    let location = head.lines().filter_map(|line| line.split_once(':'));
    let location = location.filter(|(name, _)| name.eq_ignore_ascii_case("location")).map(|(_, to)| to.trim().into());
    Ok(Response { status, location: { location }.next() })
}

/// Reads up to the empty line after the headers.
pub fn head(stream: &mut TcpStream, until: Option<Instant>) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        if let Some(until) = until {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            stream.set_read_timeout(Some(left))?;
        }
        match stream.read(&mut buffer)? {
            0 => break,
            read => bytes.extend(&buffer[..read]),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Answers with a status and further header lines, each with its line end.
pub fn answer(stream: &mut TcpStream, status: u16, headers: &str) -> io::Result<()> {
    write!(stream, "HTTP/1.1 {status} -\r\nContent-Length: 0\r\nConnection: close\r\n{headers}\r\n")
}
