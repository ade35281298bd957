//! `Host.fileAgeMs`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rquickjs::{Ctx, Result};
use rustix::fs::stat;
use rustix::io::Errno;

use super::or_throw;

/// How long ago the file was written last; none where there is no file.
pub fn file_age_ms(ctx: Ctx<'_>, path: String) -> Result<Option<f64>> {
    let found = match stat(path.as_str()) {
        Err(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG) => return Ok(None),
        outcome => or_throw(&ctx, outcome, &format!("stat {path}"))?,
    };
    let since_epoch = Duration::new(
        u64::try_from(found.st_mtime).unwrap_or_default(),
        u32::try_from(found.st_mtime_nsec).unwrap_or_default(),
    );
    // A clock that was set back must not make the file older than it is.
    let age = SystemTime::now()
        .duration_since(UNIX_EPOCH + since_epoch)
        .unwrap_or_default();
    Ok(Some(age.as_secs_f64() * 1000.0))
}
