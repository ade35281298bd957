//! `Host.readFile` and `Host.appendFile`.

use rquickjs::{Ctx, Result};
use rustix::buffer::spare_capacity;
use rustix::fd::OwnedFd;
use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::{Errno, read, write};
use rustix::process::{Resource, getrlimit};

use super::input::decode;
use super::or_throw;

const READ_BYTES: usize = 64 * 1024;
const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// A pipe must not keep the call waiting for somebody at its other end.
const FLAGS: OFlags = OFlags::NONBLOCK.union(OFlags::CLOEXEC);

/// The text of a file, cut after 64 KiB; none where there is no regular file.
pub fn read_file(ctx: Ctx<'_>, path: String) -> Result<Option<String>> {
    match open(path.as_str(), OFlags::RDONLY | FLAGS, Mode::empty()) {
        Err(Errno::NOENT) => Ok(None),
        opened => {
            let text = opened.and_then(|file| read_text(&file));
            or_throw(&ctx, text, &format!("read {path}"))
        }
    }
}

/// Adds `text` to the end of a file in one write, unless that has `max_bytes` already.
pub fn append_file(ctx: Ctx<'_>, path: String, text: String, max_bytes: f64) -> Result<()> {
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | FLAGS;
    let added = open(path.as_str(), flags, FILE_MODE).and_then(|file| append_text(&file, text.as_bytes(), max_bytes));
    or_throw(&ctx, added, &format!("append to {path}"))
}

fn read_text(file: &OwnedFd) -> rustix::io::Result<Option<String>> {
    if !is_regular(fstat(file)?.st_mode) {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(READ_BYTES);
    loop {
        match read(file, spare_capacity(&mut bytes)) {
            Err(Errno::INTR) => {}
            outcome => return outcome.map(|_| Some(decode(bytes))),
        }
    }
}

fn append_text(file: &OwnedFd, bytes: &[u8], max_bytes: f64) -> rustix::io::Result<()> {
    let found = fstat(file)?;
    let size = u64::try_from(found.st_size).unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "no file is that long")]
    if !is_regular(found.st_mode) || size as f64 >= max_bytes {
        return Ok(());
    }
    // Past the limit on the size of files the kernel sends a signal that ends the process.
    if let Some(limit) = getrlimit(Resource::Fsize).current
        && size + bytes.len() as u64 > limit
    {
        return Err(Errno::FBIG);
    }
    loop {
        match write(file, bytes) {
            Err(Errno::INTR) => {}
            outcome => return outcome.map(drop),
        }
    }
}

fn is_regular(mode: rustix::fs::RawMode) -> bool {
    FileType::from_raw_mode(mode) == FileType::RegularFile
}
