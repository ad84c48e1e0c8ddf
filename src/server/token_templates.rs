//! The token templates of the configuration, with the claims of a user.

use std::collections::BTreeMap;

use serde_json::Value;

use super::config::TemplateConfig;
use crate::store::db::User;
use crate::{AuthError, TokenTemplate};

/// The templates by name.
#[derive(Clone, Debug, Default)]
pub struct TokenTemplates(BTreeMap<String, TemplateConfig>);

impl TokenTemplates {
    pub(super) fn new(templates: BTreeMap<String, TemplateConfig>) -> Self {
        Self(templates)
    }

    /// The template with this name, with the claims of this user.
    ///
    /// # Errors
    ///
    /// [`AuthError::InvalidRequest`], which names the known templates.
    pub(crate) fn for_user(&self, name: &str, user: &User) -> Result<TokenTemplate, AuthError> {
        let config = self.0.get(name).ok_or_else(|| self.unknown())?;
        let template = TokenTemplate::new().access_ttl(config.access_ttl).audience(&config.audience);
        let template = if config.scope.are_all() { template } else { template.scope(config.scope.iter()) };
        let fields = serde_json::to_value(user).unwrap_or_default();
        Ok(config.claims.iter().fold(template, |template, (claim, field)| {
            template.claim(claim, fields.get(field).cloned().unwrap_or(Value::Null))
        }))
    }

    fn unknown(&self) -> AuthError {
        let known: Vec<_> = self.0.keys().map(String::as_str).collect();
        AuthError::InvalidRequest(if known.is_empty() {
            "There is no such template: none is configured.".into()
        } else {
            format!("There is no such template. The templates are {}.", known.join(", ")).into()
        })
    }
}

/// The fields of a user that a claim can have: those that its serialization has.
pub(super) fn user_fields() -> Vec<String> {
    let user = User { id: 0, full_name: String::new(), username: String::new(), active: true, credential_epoch: 0 };
    match serde_json::to_value(user) {
        Ok(Value::Object(fields)) => fields.into_iter().map(|(name, _)| name).collect(),
        _ => Vec::new(),
    }
}
