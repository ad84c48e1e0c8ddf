//! What is kept of a request for an [`AuthError`](crate::AuthError) that a middleware inside the bridge returns as `Err`. The request is gone
//! with such an error, but it must be answered as every refusal.
//!
//! The request itself cannot be kept: actix-web routes a request only through its sole handle.

use std::rc::Rc;

use actix_session::{Session, SessionExt as _, SessionStatus};
use actix_web::body::MessageBody;
use actix_web::dev::{RequestHead, ServiceRequest, ServiceResponse};
use actix_web::test::TestRequest;
use actix_web::{Error, HttpMessage as _};
use serde_json::Value;

use crate::bridge::auth::RequestState;
use crate::bridge::credential::ArrivingBody;

/// What is kept of a request. Its copy has no route and no application data.
pub(crate) struct KeptRequest {
    head: RequestHead,
    is_secure: bool,
    state: Option<Rc<RequestState>>,
    body: Option<ArrivingBody>,
    session: Session,
}

/// An extension of a copy: the request has come over TLS.
pub(super) struct CameOverTls;

impl KeptRequest {
    pub(super) fn of(req: &ServiceRequest) -> Self {
        Self {
            head: req.head().clone(),
            is_secure: req.app_config().secure(),
            state: RequestState::of(req.request()).ok(),
            body: ArrivingBody::of(req.request()),
            session: req.get_session(),
        }
    }

    /// Renders an error as the response to the copy of the request. The session gets what the rendering has written into
    /// that of the copy.
    pub(super) fn answer<B: MessageBody>(
        self,
        error: Error,
        render: impl FnOnce(ServiceResponse) -> ServiceResponse<B>,
    ) -> ServiceResponse<B> {
        let session = self.session.clone();
        let answer = render(self.into_copy().error_response(error));
        if session.status() == SessionStatus::Unchanged
            && *session.entries() == *answer.request().get_session().entries()
        {
            // The session of the copy counts as changed, because it was filled. Without it, nothing is stored.
            answer.request().extensions_mut().clear();
        }
        answer
    }

    fn into_copy(self) -> ServiceRequest {
        let mut copy = TestRequest::default().to_srv_request();
        copy.match_info_mut().get_mut().update(&self.head.uri);
        *copy.head_mut() = self.head;
        copy_session(&self.session, &copy.get_session());
        let mut extensions = copy.extensions_mut();
        if let Some(state) = self.state {
            extensions.insert(state);
        }
        if let Some(body) = self.body {
            extensions.insert(body);
        }
        if self.is_secure {
            extensions.insert(CameOverTls);
        }
        drop(extensions);
        copy
    }
}

fn copy_session(from: &Session, to: &Session) {
    if from.status() == SessionStatus::Changed {
        // Also a session that was emptied counts as changed.
        to.clear();
    }
    for (key, json) in from.entries().iter() {
        // The entries are JSON, and a session that is only read does not fail.
        let _ = serde_json::from_str::<Value>(json).map(|value| to.insert(key, value));
    }
    match from.status() {
        SessionStatus::Purged => to.purge(),
        SessionStatus::Renewed => to.renew(),
        SessionStatus::Changed | SessionStatus::Unchanged => {}
    }
}
