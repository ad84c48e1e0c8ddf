//! The keys of one issuer, found by the header of a token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::keys::TokenKey;
use super::token_type::TokenType;

/// The keys of one issuer: the first signs, all verify.
#[derive(Clone, Debug)]
pub(crate) struct KeySet {
    keys: Vec<(TokenKey, UsualHeaders)>,
}

/// The headers that we write ourselves, encoded. Nearly every token has one of these, and comparing beats parsing.
#[derive(Clone, Debug)]
struct UsualHeaders {
    access: String,
    refresh: String,
}

impl KeySet {
    /// `signing` and those that signed before it.
    pub(crate) fn new(signing: TokenKey, retired: Vec<TokenKey>) -> Self {
        let with_headers = |key: TokenKey| {
            let header = |token_type| URL_SAFE_NO_PAD.encode(header(&key, token_type));
            let headers = UsualHeaders { access: header(TokenType::Access), refresh: header(TokenType::Refresh) };
            (key, headers)
        };
        Self { keys: std::iter::once(signing).chain(retired).map(with_headers).collect() }
    }

    /// The key that signs, and the encoded header for this type of token.
    pub(super) fn signing(&self, token_type: TokenType) -> (&TokenKey, &str) {
        let (key, headers) = &self.keys[0];
        (key, headers.of(token_type))
    }

    /// The key and type of a token with one of the headers that we write.
    pub(super) fn by_usual_header(&self, header: &str) -> Option<(&TokenKey, TokenType)> {
        self.keys.iter().find_map(|(key, headers)| {
            [TokenType::Access, TokenType::Refresh]
                .into_iter()
                .find(|token_type| headers.of(*token_type) == header)
                .map(|token_type| (key, token_type))
        })
    }

    /// The key with exactly this id. An unknown id is no key at all, never "try them all".
    pub(super) fn by_id(&self, kid: &str) -> Option<&TokenKey> {
        self.keys.iter().map(|(key, _)| key).find(|key| key.id() == kid)
    }

    /// The public keys as a JWK set (RFC 7517 section 5). HMAC secrets are never in it.
    pub(crate) fn jwks(&self) -> Value {
        let keys: Vec<_> = self.keys.iter().filter_map(|(key, _)| key.public()).collect();
        serde_json::json!({ "keys": keys })
    }
}

/// The header of a token that this key signs, as JSON.
pub(super) fn header(key: &TokenKey, token_type: TokenType) -> String {
    let (alg, kid, typ) = (key.algorithm_name(), Value::from(key.id()), token_type.header());
    format!(r#"{{"alg":"{alg}","kid":{kid},"typ":"{typ}"}}"#)
}

impl UsualHeaders {
    fn of(&self, token_type: TokenType) -> &str {
        match token_type {
            TokenType::Access => &self.access,
            TokenType::Refresh => &self.refresh,
        }
    }
}
