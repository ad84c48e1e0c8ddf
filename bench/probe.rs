//! What a client sees while a server is busy: requests at a constant rate, each timed from the moment at which it
//! *should* have been sent, so that a server that holds everything up can't hide it.
//!
//! `probe ADDRESS TOKENS RATE SECONDS` sends `GET /who_am_i` with the tokens of that file in turn, `RATE` a second, over
//! 32 keep-alive connections from one thread, and prints the latencies as JSON.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use std::{env, fs};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

const CONNECTIONS: usize = 32;
/// Answers may come this long after the last request.
const PATIENCE: Duration = Duration::from_secs(10);

struct Connection {
    stream: TcpStream,
    /// When the request under way should have been sent.
    due: Option<Instant>,
    received: Vec<u8>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, tokens, rate, seconds] = arguments.as_slice() else {
        return Err("usage: probe ADDRESS TOKENS RATE SECONDS".into());
    };
    let requests: Vec<String> = fs::read_to_string(tokens)?
        .lines()
        .map(|token| format!("GET /who_am_i HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n"))
        .collect();
    let (rate, time) = (rate.parse::<f64>()?, Duration::try_from_secs_f64(seconds.parse()?)?);
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        connections.push(Connection { stream, due: None, received: Vec::new() });
    }

    let interval = Duration::try_from_secs_f64(1.0 / rate)?;
    let start = Instant::now();
    let (mut next, mut late, mut requests) = (start, VecDeque::new(), requests.iter().cycle());
    let (mut latencies, mut errors) = (Vec::new(), 0);
    loop {
        let now = Instant::now();
        while next <= now && next < start + time {
            late.push_back(next);
            next += interval;
        }
        for connection in connections.iter_mut().filter(|connection| connection.due.is_none()) {
            let Some(due) = late.pop_front() else { break };
            connection.stream.write_all(requests.next().ok_or("the file has no token")?.as_bytes())?;
            connection.due = Some(due);
        }
        let under_way = late.len() + connections.iter().filter(|connection| connection.due.is_some()).count();
        let sending = next < start + time;
        if !sending && (under_way == 0 || now > start + time + PATIENCE) {
            errors += under_way;
            break;
        }
        let wake = if sending { next } else { start + time + PATIENCE };
        wait(&connections, wake.saturating_duration_since(now))?;
        for connection in &mut connections {
            if let Some(status) = connection.receive()?
                && let Some(due) = connection.due.take()
            {
                latencies.push(due.elapsed());
                errors += usize::from(status != 200);
            }
        }
    }
    latencies.sort_unstable();
    let at = |share: f64| {
        let rank = (latencies.len() as f64 * share).ceil() as usize;
        latencies.get(rank.saturating_sub(1)).map_or(0, Duration::as_micros)
    };
    let (answers, p50, p99, max) = (latencies.len(), at(0.5), at(0.99), at(1.0));
    println!(r#"{{"answers":{answers},"errors":{errors},"p50_us":{p50},"p99_us":{p99},"max_us":{max}}}"#);
    Ok(())
}

/// Waits for an answer on any connection, at most for `time`.
fn wait(connections: &[Connection], time: Duration) -> io::Result<()> {
    let mut polled: Vec<_> = connections
        .iter()
        .filter(|connection| connection.due.is_some())
        .map(|connection| PollFd::new(&connection.stream, PollFlags::IN))
        .collect();
    let time = Timespec::try_from(time).map_err(io::Error::other)?;
    poll(&mut polled, Some(&time))?;
    Ok(())
}

impl Connection {
    /// The status of the answer once it is complete.
    fn receive(&mut self) -> io::Result<Option<u16>> {
        let mut chunk = [0; 4096];
        while self.due.is_some() {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(io::Error::other("the server closed a connection")),
                Ok(read) => self.received.extend(chunk.iter().take(read)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
            if let Some(status) = complete(&self.received)? {
                self.received.clear();
                return Ok(Some(status));
            }
        }
        Ok(None)
    }
}

/// The status of an answer that has arrived with its whole body; the servers measured here send a `Content-Length`.
fn complete(received: &[u8]) -> io::Result<Option<u16>> {
    let Some(head) = received.windows(4).position(|end| end == b"\r\n\r\n") else { return Ok(None) };
    let (head, body) = received.split_at(head + 4);
    let head = str::from_utf8(head).map_err(io::Error::other)?.to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let (Some(status), Some(length)) = (status, length) else {
        return Err(io::Error::other("an answer without status or Content-Length"));
    };
    Ok((body.len() >= length).then_some(status))
}
