//! A container registry on this machine: go-containerregistry's own.

use std::io::Read;
use std::process::{Child, Command, Stdio};

use super::tool;

/// A registry that ends with the test.
pub struct Registry {
    child: Child,
    /// Host and port.
    pub address: String,
}

impl Registry {
    /// Starts it on a free port.
    pub fn start() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut child = Command::new(tool("crane"))
            .args(["registry", "serve", "--address", &free.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Its first line says that it serves.
        let mut byte = [0];
        let _ = child.stderr.as_mut().unwrap().read(&mut byte);
        for _ in 0..100 {
            if std::net::TcpStream::connect(free).is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        Self { child, address: free.to_string() }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
