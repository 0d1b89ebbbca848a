//! Namespaces for rows whose pods run as containers do: with their own users, roots, mounts and ports. Such a row runs in a
//! process of its own (this binary again, as `sandbox ROW`), which has a network of its own, as a pod has; each container
//! gets a root beneath it (`container.rs`).

use std::process::Command;

/// What stands in the arguments of the process that is inside.
pub const INSIDE: &str = "sandbox";

/// Why a row that needs namespaces cannot run here. It fails then: nobody may take it for shown.
const REMEDY: &str = "the containers of `starts` rows need root, namespaces for mounts and networks, and the programs unshare, \
                      setpriv and ip (apt-get install util-linux iproute2): run the tests as root, in a container with \
                      --cap-add SYS_ADMIN,NET_ADMIN or --privileged";

/// Whether this process is inside.
pub fn inside() -> bool {
    std::env::args().nth(1).is_some_and(|first| first == INSIDE)
}

/// Runs a row inside; panics with what it says when it fails.
pub fn run(row: &str) {
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--net", "--propagation", "private", "sh", "-c"]);
    unshare.arg("ip link set lo up && echo entered && exec \"$0\" \"$@\"");
    unshare.arg(std::env::current_exe().unwrap()).args([INSIDE, row]);
    let out = unshare.output().unwrap_or_else(|error| panic!("unshare: {error}; {REMEDY}"));
    let (said, error) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(said.starts_with("entered\n"), "{}; {REMEDY}", error.trim());
    assert!(out.status.success(), "{error}");
}
