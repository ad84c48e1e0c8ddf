//! `tollbridge::flask` by itself: its configuration, the tokens that it makes and those that it reads.

mod attacks;
mod bridge;
mod config;
mod python_json;
mod recording;
mod tokens;
