//! `docs/from-flask.md` names everything that Flask-Login and Flask-JWT-Extended have, and what it names of ours is there.
//! Its snippets are doctests; a few of its sentences, which no other test is about, are tried here.

mod names;
mod sentences;
