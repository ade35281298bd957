//! `Host.writeFile`.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rquickjs::{Ctx, Exception, Result};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, fsync, mkdirat, open, renameat, unlinkat};
use rustix::io::Errno;
use rustix::process::{Resource, getpid, getrlimit};

use super::output::write_all;
use crate::errno;

const FOLDER_MODE: Mode = Mode::RWXU;
const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// What went wrong, and at which step.
type Step<T> = std::result::Result<T, String>;

/// Makes a file of `text` that outlives the machine's failure.
pub fn write_file(ctx: Ctx<'_>, path: String, text: String) -> Result<()> {
    write_durably(Path::new(&path), text.as_bytes()).map_err(|reason| Exception::throw_message(&ctx, &reason))
}

fn write_durably(path: &Path, bytes: &[u8]) -> Step<()> {
    let folder = folder_of(path);
    let mut made = Vec::new();
    make_folders(folder, &mut made)?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.tmp", getpid().as_raw_nonzero()));
    let draft = PathBuf::from(draft);
    write_draft(&draft, bytes)
        .and_then(|()| step("rename", path, renameat(CWD, &draft, CWD, path)))
        .inspect_err(|_| {
            // What kept it from being written is told instead.
            let _ = unlinkat(CWD, &draft, AtFlags::empty());
        })?;
    // A folder that was made here is on the disk once the one above it is.
    sync_folder(folder)?;
    made.iter().try_for_each(|each| sync_folder(folder_of(each)))
}

fn write_draft(draft: &Path, bytes: &[u8]) -> Step<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
    require_room(draft, bytes)?;
    let file = step("open", draft, open(draft, flags, FILE_MODE))?;
    step("write", draft, write_all(file.as_fd(), bytes))?;
    step("fsync", draft, fsync(&file))
}

/// Past the limit on the size of files the kernel does not only refuse: it sends a signal that ends the process.
fn require_room(draft: &Path, bytes: &[u8]) -> Step<()> {
    match getrlimit(Resource::Fsize).current {
        Some(limit) if bytes.len() as u64 > limit => step("write", draft, Err(Errno::FBIG)),
        _ => Ok(()),
    }
}

/// Makes what is missing of `folder`, and notes in `made` what it made.
fn make_folders<'path>(folder: &'path Path, made: &mut Vec<&'path Path>) -> Step<()> {
    let parent = folder_of(folder);
    let outcome = match mkdirat(CWD, folder, FOLDER_MODE) {
        Err(Errno::NOENT) if parent != folder => {
            make_folders(parent, made)?;
            mkdirat(CWD, folder, FOLDER_MODE)
        }
        outcome => outcome,
    };
    match outcome {
        Ok(()) => made.push(folder),
        // Where it is no folder, nothing can be opened in it.
        Err(Errno::EXIST) => {}
        error => step("mkdir", folder, error)?,
    }
    Ok(())
}

fn sync_folder(folder: &Path) -> Step<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = step("open", folder, open(folder, flags, Mode::empty()))?;
    step("fsync", folder, fsync(opened))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

fn step<T>(name: &str, path: &Path, outcome: rustix::io::Result<T>) -> Step<T> {
    outcome.map_err(|error| format!("{}: {name} {}", errno::name(error), path.display()))
}
