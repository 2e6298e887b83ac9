//! `trialgate serve` as a process of its own.

use super::{Folder, trialgate};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

/// A gateway that runs; it is killed when the test lets go of it.
pub struct Server {
    /// The process.
    pub child: Child,
    /// `host:port` where it listens.
    pub address: String,
    out: BufReader<ChildStdout>,
}

impl Server {
    /// On a free port, with these settings, on the store of this folder.
    pub fn start(folder: &Folder, config: &str) -> Self {
        Self::start_as(trialgate(), folder, config)
    }

    /// The same by a command that was prepared.
    pub fn start_as(command: Command, folder: &Folder, config: &str) -> Self {
        Self::start_on(&folder.store(), command, folder, config)
    }

    /// The same on the store of a URL.
    pub fn start_on(store: &str, mut command: Command, folder: &Folder, config: &str) -> Self {
        let path = folder.0.join("config.toml");
        std::fs::write(&path, config).expect("the settings are written");
        command.args(["serve", "--listen", "127.0.0.1:0", "--store", store, "--config"]).arg(&path);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the gateway starts");
        let out = BufReader::new(child.stdout.take().expect("its output"));
        let mut server = Self { child, address: String::new(), out };
        server.address = server.line().rsplit("http://").next().expect("an address").to_owned();
        server
    }

    /// The next line that it says.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("a line");
        line.trim().to_owned()
    }

    /// Sends a signal, such as `-TERM`, to this process.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|s| s.success()), "kill {signal}");
    }

    /// Waits until it has ended.
    pub fn ended(&mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }

    /// A line of `/proc/PID/status` in KiB, such as `VmRSS`.
    pub fn kib(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let found = status.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(':'));
        found.and_then(|l| l.trim().split(' ').next()?.parse().ok()).expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
