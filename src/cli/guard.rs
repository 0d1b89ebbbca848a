//! The process: no core dump of one that holds secrets, an exit code of krmor's own when it is out of memory, and whether
//! anybody gets what it writes.

/// A core dump would hold all values. Out of memory Rust calls `abort`, whose signal says nothing that a caller of krmor
/// knows; so does a panic in a release.
#[cfg(unix)]
pub(super) fn guard() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use signal_hook::consts::SIGABRT;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    let maximum = getrlimit(Resource::Core).maximum;
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum }); // it may be less already
    let always = Arc::new(AtomicBool::new(true));
    let _ = signal_hook::flag::register_conditional_shutdown(SIGABRT, i32::from(super::INTERNAL), always);
}

#[cfg(not(unix))]
pub(super) fn guard() {}

/// Whether standard output was closed when krmor was called. Rust has opened /dev/null in its place then, for reading and
/// writing, which a redirection by a shell never does.
#[cfg(unix)]
pub(super) fn is_closed(out: &std::io::StdoutLock<'_>) -> bool {
    use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};
    let both = fcntl_getfl(out).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR);
    let is_null = || Some(fstat(out).ok()?.st_rdev == stat("/dev/null").ok()?.st_rdev);
    both && is_null().unwrap_or(false)
}

#[cfg(not(unix))]
pub(super) fn is_closed(_: &std::io::StdoutLock<'_>) -> bool {
    false
}
