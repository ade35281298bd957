//! `Host.write`.

use std::os::fd::BorrowedFd;

use rquickjs::{Ctx, Result};
use rustix::event::PollFlags;
use rustix::io::{Errno, write as write_some};
use rustix::stdio::{stderr, stdout};

use super::or_throw;
use super::readiness::when_ready;

/// Writes all of `text` to the stream named.
pub fn write(ctx: Ctx<'_>, stream: String, text: String) -> Result<()> {
    let descriptor = if stream == "stdout" { stdout() } else { stderr() };
    or_throw(&ctx, write_all(descriptor, text.as_bytes()), "write")
}

/// Writes all of `bytes`. A reader that has gone away is no error.
pub fn write_all(descriptor: BorrowedFd<'_>, bytes: &[u8]) -> rustix::io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match when_ready(descriptor, PollFlags::OUT, || write_some(descriptor, rest)) {
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(Errno::PIPE) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
