//! Who acts by a request, and from where.

use actix_web::http::header::USER_AGENT;
use actix_web::{HttpMessage as _, HttpRequest};

use super::engine::Engine;
use super::principal::Principal;
use crate::bridge::credential::RequestId;
use crate::bridge::model::{Act, Actor};

impl Engine {
    /// The act of a request of which nobody has said yet who made it.
    pub(crate) fn act(&self, req: &HttpRequest) -> Act {
        let mut act = Act::new(Actor::Anonymous);
        act.address = self.browser.proxies.client(req).address;
        act.user_agent = user_agent(req);
        let id = req.extensions().get::<RequestId>().cloned();
        act.request_id = id.and_then(|RequestId(id)| id.to_str().ok().map(str::to_owned));
        act
    }

    /// The act of a request that is authenticated.
    pub(crate) fn act_of(&self, req: &HttpRequest, principal: &Principal) -> Act {
        let mut act = self.act(req).by_user(&principal.identity);
        (act.login, act.via) = (principal.login_id.clone(), Some(principal.via));
        act
    }
}

/// The first 256 characters of the client's `User-Agent`.
fn user_agent(req: &HttpRequest) -> Option<String> {
    let agent = req.headers().get(USER_AGENT)?.to_str().ok()?;
    Some(agent.chars().take(256).collect())
}
