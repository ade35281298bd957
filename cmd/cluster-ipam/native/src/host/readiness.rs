//! Waiting for a descriptor, which its owner may have made non-blocking.

use std::os::fd::BorrowedFd;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, Result};

/// Runs `attempt` until it does anything else than complain that `descriptor` is not ready: as if it were blocking.
pub fn when_ready<T>(
    descriptor: BorrowedFd<'_>,
    interest: PollFlags,
    mut attempt: impl FnMut() -> Result<T>,
) -> Result<T> {
    loop {
        match attempt() {
            Err(Errno::AGAIN) => {
                wait(descriptor, interest, None)?;
            }
            Err(Errno::INTR) => {}
            outcome => return outcome,
        }
    }
}

/// Waits until `descriptor` is ready, or broken, and says for what; for nothing where `deadline` has passed.
pub fn wait(descriptor: BorrowedFd<'_>, interest: PollFlags, deadline: Option<Instant>) -> Result<PollFlags> {
    let mut waiting = [PollFd::from_borrowed_fd(descriptor, interest)];
    loop {
        let left = deadline.map(time_left);
        match poll(&mut waiting, left.as_ref()) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
            Ok(_) => return Ok(waiting[0].revents()),
        }
    }
}

fn time_left(deadline: Instant) -> Timespec {
    let left = deadline.saturating_duration_since(Instant::now());
    Timespec {
        tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: left.subsec_nanos().into(),
    }
}
