//! `Host.bootTime`.

use std::time::{SystemTime, UNIX_EPOCH};

use rquickjs::{BigInt, Ctx, Object, Result};
use rustix::time::{ClockId, clock_gettime};

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
const NS_PER_SECOND: i64 = 1_000_000_000;

/// `CLOCK_BOOTTIME`, the boot that it counts from, and the wall clock.
pub fn boot_time(ctx: Ctx<'_>) -> Result<Object<'_>> {
    let now = clock_gettime(ClockId::Boottime);
    let ns = now.tv_sec * NS_PER_SECOND + now.tv_nsec;
    let boot_id = std::fs::read_to_string(BOOT_ID).unwrap_or_default();
    let time = Object::new(ctx.clone())?;
    time.set("ns", BigInt::from_i64(ctx, ns)?)?;
    time.set("bootId", boot_id.trim())?;
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    time.set("epochMs", since_epoch.unwrap_or_default().as_secs_f64() * 1000.0)?;
    Ok(time)
}
