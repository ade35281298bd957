//! `Host.exchange`.

use std::os::fd::{AsFd, OwnedFd};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rquickjs::{Ctx, FromJs, IntoJs, Object, Result, Value};
use rustix::buffer::spare_capacity;
use rustix::event::PollFlags;
use rustix::io::{Errno, read};
use rustix::net::{AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, send, socket_with};

use super::input::decode;
use super::readiness::wait;
use crate::errno;

const RETRY_EVERY: Duration = Duration::from_millis(50);

/// Nobody listens yet, or (EAGAIN) so many are calling that the listener's queue is full: it is worth trying again.
const RETRIED: [Errno; 3] = [Errno::NOENT, Errno::CONNREFUSED, Errno::AGAIN];

/// Room for an ordinary answer, and for so much more before each further read.
const ROOM_BYTES: usize = 16 * 1024;

/// Far more than any answer has: what sends more must not take the node's memory.
const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;

/// `ExchangeCall` of the plugin.
pub struct Call {
    path: String,
    request: String,
    connect_for: Duration,
    answer_within: Duration,
}

/// `ExchangeOutcome` of the plugin.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Answer(String),
    Unreachable(Errno),
    Timeout,
    Broken(Errno),
}

/// One exchange over a unix socket; never throws.
pub fn exchange(call: Call) -> Outcome {
    let started_at = Instant::now();
    let deadline = started_at + call.answer_within;
    loop {
        let error = match dial(&call.path) {
            Ok(socket) => return converse(&socket, call.request.as_bytes(), deadline),
            Err(error) => error,
        };
        let is_retried = RETRIED.contains(&error);
        if !is_retried || started_at.elapsed() + RETRY_EVERY > call.connect_for {
            return Outcome::Unreachable(error);
        }
        sleep(RETRY_EVERY);
    }
}

fn dial(path: &str) -> rustix::io::Result<OwnedFd> {
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    loop {
        match connect(&socket, &address) {
            Err(Errno::INTR) => {}
            outcome => return outcome.map(|()| socket),
        }
    }
}

/// Sends `request` and reads to end of stream, each whenever the other side is ready: it may answer, and stop reading,
/// before it has read everything.
fn converse(socket: &OwnedFd, request: &[u8], deadline: Instant) -> Outcome {
    let mut unsent = request;
    let mut received = Vec::new();
    // One that never stops sending is always ready.
    while Instant::now() < deadline {
        let interest = match send_some(socket, &mut unsent) {
            Ok(()) if unsent.is_empty() => PollFlags::IN,
            Ok(()) => PollFlags::IN | PollFlags::OUT,
            Err(error) => return Outcome::Broken(error),
        };
        match wait(socket.as_fd(), interest, Some(deadline)).and_then(|_| receive_some(socket, &mut received)) {
            Ok(true) => return Outcome::Answer(decode(received)),
            Ok(false) if received.len() > ANSWER_MAX_BYTES => return Outcome::Broken(Errno::MSGSIZE),
            Ok(false) => {}
            Err(error) => return Outcome::Broken(error),
        }
    }
    Outcome::Timeout
}

/// Sends as much as there is room for.
fn send_some(socket: &OwnedFd, unsent: &mut &[u8]) -> rustix::io::Result<()> {
    if unsent.is_empty() {
        return Ok(());
    }
    match send(socket, unsent, SendFlags::NOSIGNAL) {
        Ok(count) => *unsent = unsent.get(count..).unwrap_or_default(),
        Err(Errno::AGAIN | Errno::INTR) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Reads some of what has come, and says whether the other side has ended.
fn receive_some(socket: &OwnedFd, received: &mut Vec<u8>) -> rustix::io::Result<bool> {
    received.reserve(ROOM_BYTES);
    match read(socket, spare_capacity(received)) {
        Ok(count) => Ok(count == 0),
        Err(Errno::AGAIN | Errno::INTR) => Ok(false),
        Err(error) => Err(error),
    }
}

impl<'js> FromJs<'js> for Call {
    fn from_js(_: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        let call = Object::from_value(value)?;
        let duration = |key: &str| -> Result<Duration> {
            let ms: u32 = call.get(key)?;
            Ok(Duration::from_millis(ms.into()))
        };
        Ok(Call {
            path: call.get("path")?,
            request: call.get("request")?,
            connect_for: duration("connectForMs")?,
            answer_within: duration("answerWithinMs")?,
        })
    }
}

impl<'js> IntoJs<'js> for Outcome {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let outcome = Object::new(ctx.clone())?;
        match self {
            Outcome::Answer(text) => {
                outcome.set("kind", "answer")?;
                outcome.set("text", text)?;
            }
            Outcome::Unreachable(error) => {
                outcome.set("kind", "unreachable")?;
                outcome.set("reason", errno::name(error))?;
            }
            Outcome::Timeout => outcome.set("kind", "timeout")?,
            Outcome::Broken(error) => {
                outcome.set("kind", "broken")?;
                outcome.set("reason", errno::name(error))?;
            }
        }
        Ok(outcome.into_value())
    }
}
