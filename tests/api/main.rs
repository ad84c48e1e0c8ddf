//! The application as its clients meet it over HTTP: the whole server on a socket of its own, over a fresh database.
//!
//! What the bridge promises is tested with the bridge (tests/bridge); here is what the application adds to it.
#![cfg(feature = "server")]

mod app;
#[path = "../support/clients.rs"]
mod clients;
#[path = "../support/cluster.rs"]
mod cluster;
#[path = "../support/database.rs"]
mod database;
#[path = "../support/vectors.rs"]
mod vectors;

mod accounts;
mod any_order;
mod api_tokens;
mod audit;
mod contract;
mod error_profile;
mod expiry;
mod face_races;
mod faces;
mod handoff;
mod hostile;
mod locations;
mod login;
mod logins;
mod logout;
mod next;
mod oauth;
mod one_reader;
mod operations;
mod outage;
mod overload;
mod password;
mod races;
mod reauth;
mod refresh;
mod refused_logins;
mod requests;
mod shutdown;
mod throttle;
mod usernames;
