//! The most logins that a machine could do if a login were nothing but its password hash.
//!
//! `argon2_loop THREADS SECONDS` hashes with the default parameters on that many threads, each with its own reused
//! memory, and prints hashes per second.

use std::env;
use std::error::Error;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use argon2::{Argon2, Block};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(threads), Some(seconds)) = (arguments.next(), arguments.next()) else {
        return Err("usage: argon2_loop THREADS SECONDS".into());
    };
    let (threads, time) = (threads.parse::<usize>()?, Duration::try_from_secs_f64(seconds.parse()?)?);
    let running: Vec<_> = (0..threads).map(|_| thread::spawn(move || hash_for(time))).collect();
    let mut rate = 0.0;
    for thread in running {
        let Ok(hashes) = thread.join() else { return Err("a thread panicked".into()) };
        rate += hashes?;
    }
    println!("{rate:.1}");
    Ok(())
}

/// Hashes per second of one thread; the first hash, which pays for the memory, does not count.
fn hash_for(time: Duration) -> Result<f64, argon2::Error> {
    let argon2 = Argon2::default();
    let mut memory = vec![Block::new(); argon2.params().block_count()];
    let mut output = [0; 32];
    argon2.hash_password_into_with_memory(b"password", b"sixteen byte sal", &mut output, &mut memory)?;
    let start = Instant::now();
    let mut hashes = 0.0;
    while start.elapsed() < time {
        argon2.hash_password_into_with_memory(b"password", b"sixteen byte sal", &mut output, &mut memory)?;
        black_box(&output);
        hashes += 1.0;
    }
    Ok(hashes / start.elapsed().as_secs_f64())
}
