//! API tokens on the account page, and the page that shows a new one.

use askama::Template;

use crate::{ApiToken, IssuedApiToken};

use super::Moment;

/// An API token in the list of the account page.
pub(crate) struct ApiTokenRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) abilities: String,
    pub(super) created: Moment,
    pub(super) last_used: Option<Moment>,
    pub(super) expires: Option<Moment>,
}

impl From<&ApiToken> for ApiTokenRow {
    fn from(token: &ApiToken) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name.clone(),
            abilities: abilities(token),
            created: Moment::new(token.created_at),
            last_used: token.last_used_at.map(Moment::new),
            expires: token.expires_at.map(Moment::new),
        }
    }
}

/// The page with a new API token. It is rendered once, and the token cannot be shown again.
#[derive(Template)]
#[template(path = "api_token.html", config = "src/server/askama.toml")]
pub(crate) struct ApiTokenPage<'a> {
    name: &'a str,
    token: &'a str,
    abilities: String,
    expires: Option<Moment>,
}

impl<'a> ApiTokenPage<'a> {
    pub(crate) fn new(issued: &'a IssuedApiToken) -> Self {
        let record = issued.record();
        Self {
            name: &record.name,
            token: issued.text(),
            abilities: abilities(record),
            expires: record.expires_at.map(Moment::new),
        }
    }
}

fn abilities(token: &ApiToken) -> String {
    if token.abilities.are_all() {
        return "everything but your account".to_owned();
    }
    let abilities: Vec<&str> = token.abilities.iter().collect();
    if abilities.is_empty() { "nothing but saying who you are".to_owned() } else { abilities.join(", ") }
}
