//! `Host.readStdin`.

use rquickjs::{Ctx, Result};
use rustix::buffer::spare_capacity;
use rustix::event::PollFlags;
use rustix::io::read;
use rustix::stdio::stdin;

use super::or_throw;
use super::readiness::when_ready;

/// Room for an ordinary network configuration, and for so much more before each further read.
const ROOM_BYTES: usize = 16 * 1024;

/// Standard input to its end.
pub fn read_stdin(ctx: Ctx<'_>) -> Result<String> {
    let mut bytes = Vec::new();
    loop {
        bytes.reserve(ROOM_BYTES);
        let count = when_ready(stdin(), PollFlags::IN, || read(stdin(), spare_capacity(&mut bytes)));
        if or_throw(&ctx, count, "read standard input")? == 0 {
            return Ok(decode(bytes));
        }
    }
}

/// Decodes UTF-8 as the Encoding Standard does: one U+FFFD for each part that is none.
pub fn decode(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
