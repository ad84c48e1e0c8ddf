//! `[templates.NAME]`: named kinds of access tokens, for other services.

use std::collections::BTreeMap;
use std::time::Duration;

use super::raw_value::RawValue;
use super::setting::{Setting, quote};
use super::setting_reader::SettingReader;
use super::token::{TokenConfig, access_ttl};
use crate::server::token_templates::user_fields;
use crate::{Abilities, TokenTemplate};

/// The sections of templates begin with this.
pub(super) const PREFIX: &str = "templates.";

/// `[templates.NAME]`: a kind of access token.
#[derive(Clone, Debug)]
pub struct TemplateConfig {
    /// How long an access token lives.
    pub access_ttl: Duration,
    /// The claim `aud` of the access token.
    pub audience: String,
    /// What the tokens may do: the claim `scope`, if they are not all abilities.
    pub scope: Abilities,
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
                access_ttl: access_ttl(reader, token.access_ttl),
                scope: reader.get("scope", Scope(Abilities::all())).0,
                audience: reader.get("audience", token.audience.clone()),
                claims,
            };
            (name, config)
        };
        sections.into_iter().map(read).collect()
    }
}

struct Scope(Abilities);

impl Setting for Scope {
    fn read(raw: &RawValue) -> Result<Self, String> {
        Abilities::new(Vec::<String>::read(raw)?).map(Self).map_err(|invalid| invalid.to_string())
    }

    fn to_toml(&self) -> String {
        self.0.iter().map(str::to_owned).collect::<Vec<_>>().to_toml()
    }
}

#[derive(Default)]
struct Claims(BTreeMap<String, String>);

const WANTED: &str = r#"write claims with the fields of the user, such as { name = "full_name" }"#;

impl Claims {
    /// The claims as they are written. In the environment they are separated by commas: `name=full_name,login=username`.
    fn parse(raw: &RawValue) -> Result<BTreeMap<String, String>, String> {
        match raw {
            RawValue::Table(claims) => {
                let claim = |(claim, field): (&String, &Option<String>)| match field {
                    Some(field) => Ok((claim.clone(), field.clone())),
                    None => Err(format!("the claim {} is no string; {WANTED}", quote(claim))),
                };
                claims.iter().map(claim).collect()
            }
            RawValue::Text(text) => {
                let claim = |item: &str| {
                    let (claim, field) = item.rsplit_once('=')?;
                    Some((claim.trim().to_owned(), field.trim().to_owned()))
                };
                let claims = text.split(',').filter(|item| !item.trim().is_empty()).map(claim);
                claims.collect::<Option<_>>().ok_or_else(|| "write such as name=full_name,login=username".to_owned())
            }
            _ => Err(format!("this does not fit here; {WANTED}")),
        }
    }
}

impl Setting for Claims {
    fn read(raw: &RawValue) -> Result<Self, String> {
        let (claims, fields) = (Self::parse(raw)?, user_fields());
        for (claim, field) in &claims {
            let claim_shown = quote(claim);
            if !fields.contains(field) {
                let (field, known) = (quote(field), fields.join(", "));
                return Err(format!("a user has no field {field} for the claim {claim_shown}; the fields are {known}"));
            }
            if TokenTemplate::is_reserved_claim(claim) {
                return Err(format!("every token has the claim {claim_shown} already; choose another name"));
            }
        }
        Ok(Self(claims))
    }

    fn to_toml(&self) -> String {
        let claims: Vec<_> =
            self.0.iter().map(|(claim, field)| format!("{} = {}", quote(claim), quote(field))).collect();
        if claims.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", claims.join(", ")) }
    }
}
