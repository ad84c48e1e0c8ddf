//! `[templates.NAME]`: named kinds of access tokens, for other services.

use std::collections::BTreeMap;
use std::time::Duration;

use super::bounds::period;
use super::raw_value::RawValue;
use super::setting::{Setting, quote};
use super::setting_reader::SettingReader;
use super::token::TokenConfig;
use crate::TokenTemplate;
use crate::server::token_templates::user_fields;

/// The sections of templates begin with this.
pub(super) const PREFIX: &str = "templates.";

/// `[templates.NAME]`: a kind of access token.
#[derive(Clone, Debug)]
pub struct TemplateConfig {
    /// How long an access token lives.
    pub access_ttl: Duration,
    /// The claim `aud` of the access token.
    pub audience: String,
    /// Additional claims, each with the field of the user that it has.
    pub claims: BTreeMap<String, String>,
}

impl TemplateConfig {
    /// Reads all templates. What a template does not say is as in `[token]`.
    pub(super) fn read_all(reader: &mut SettingReader, token: &TokenConfig) -> BTreeMap<String, Self> {
        let sections = reader.sections_with(PREFIX);
        let read = |section: String| {
            let name = section.trim_start_matches(PREFIX).to_owned();
            reader.section(section);
            let claims = reader.get("claims", Claims::default()).0;
            let config = Self {
                access_ttl: period(reader, "access_ttl", token.access_ttl),
                audience: reader.get("audience", token.audience.clone()),
                claims,
            };
            (name, config)
        };
        sections.into_iter().map(read).collect()
    }
}

#[derive(Default)]
struct Claims(BTreeMap<String, String>);

impl Setting for Claims {
    fn read(raw: &RawValue) -> Result<Self, String> {
        const WANTED: &str = r#"write claims with the fields of the user, such as { name = "full_name" }"#;
        let RawValue::Table(claims) = raw else { return Err(format!("this does not fit here; {WANTED}")) };
        let fields = user_fields();
        for (claim, field) in claims {
            let (claim, Some(field)) = (quote(claim), field) else {
                return Err(format!("the claim {} is no string; {WANTED}", quote(claim)));
            };
            if !fields.contains(field) {
                let (field, known) = (quote(field), fields.join(", "));
                return Err(format!("a user has no field {field} for the claim {claim}; the fields are {known}"));
            }
        }
        if let Some(reserved) = claims.keys().find(|claim| TokenTemplate::is_reserved_claim(claim)) {
            return Err(format!("every token has the claim {} already; choose another name", quote(reserved)));
        }
        Ok(Self(claims.iter().filter_map(|(claim, field)| Some((claim.clone(), field.clone()?))).collect()))
    }

    fn to_toml(&self) -> String {
        let claims: Vec<_> =
            self.0.iter().map(|(claim, field)| format!("{} = {}", quote(claim), quote(field))).collect();
        if claims.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", claims.join(", ")) }
    }
}
