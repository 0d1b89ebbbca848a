//! A container's process: this binary again, as the stand-in program. Its clock is its standard input: it is told each
//! second, and says which of its ports are open on which port of this machine. So nothing depends on how fast the
//! machine is, and a process never outlives the one that started it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub struct Process {
    child: Child,
    clock: Option<ChildStdin>,
    says: BufReader<ChildStdout>,
    /// Ports of the container that are open, and where.
    pub ports: BTreeMap<u16, u16>,
    /// It took the last question and did not answer.
    pub silent: Cell<bool>,
}

impl Process {
    /// Becomes a process of `command`, which this binary's words as a stand-in are added to.
    pub fn start(mut command: Command, words: &[&str], environment: &BTreeMap<String, String>, log: Stdio) -> Self {
        let mut child = command
            .arg("stand-in")
            .args(words)
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let (clock, says) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, clock, says, ports: BTreeMap::new(), silent: Cell::new(false) }
    }

    /// What the kernel says of it: the words behind a key of `/proc/PID/status`.
    pub fn status(&self, key: &str) -> Vec<String> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("no {key}")).split_whitespace().map(str::to_owned).collect()
    }

    /// Tells the time; the exit code if the process has ended.
    pub fn second(&mut self, now: u64) -> Option<i32> {
        let mut line = String::new();
        let told = writeln!(self.clock.as_ref().unwrap(), "{now}");
        if told.is_err() || self.says.read_line(&mut line).unwrap_or_default() == 0 {
            return Some(self.child.wait().unwrap().code().unwrap_or(137));
        }
        let open = line.split_whitespace().filter_map(|port| port.split_once('='));
        self.ports = open.map(|(port, at)| (port.parse().unwrap(), at.parse().unwrap())).collect();
        None
    }

    /// Ends it and awaits that.
    pub fn kill(&mut self) {
        let _ = self.child.kill(); // it may have ended already
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
