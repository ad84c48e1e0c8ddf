//! The keys of one issuer. The key of a token is looked up by the header of the token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::keys::TokenKey;
use super::token_type::TokenType;

/// The keys of one issuer. The first signs, and all verify.
#[derive(Clone, Debug)]
pub(crate) struct KeySet {
    keys: Vec<(TokenKey, EncodedHeaders)>,
}

/// The headers that this issuer writes for a key, encoded. Nearly every token has one of them, and a comparison is
/// faster than parsing.
#[derive(Clone, Debug)]
struct EncodedHeaders {
    access: String,
    refresh: String,
}

impl KeySet {
    /// A set of the signing key and the retired keys, which only verify.
    pub(crate) fn new(signing: TokenKey, retired: Vec<TokenKey>) -> Self {
        let with_headers = |key: TokenKey| {
            let header = |token_type| URL_SAFE_NO_PAD.encode(header(&key, token_type));
            let headers = EncodedHeaders { access: header(TokenType::Access), refresh: header(TokenType::Refresh) };
            (key, headers)
        };
        Self { keys: std::iter::once(signing).chain(retired).map(with_headers).collect() }
    }

    /// The signing key, and its encoded header for this token type.
    pub(super) fn signing(&self, token_type: TokenType) -> (&TokenKey, &str) {
        let (key, headers) = &self.keys[0];
        (key, headers.of(token_type))
    }

    /// The key and the type of a token whose encoded header is one that this issuer writes.
    pub(super) fn by_encoded_header(&self, header: &str) -> Option<(&TokenKey, TokenType)> {
        self.keys.iter().find_map(|(key, headers)| {
            [TokenType::Access, TokenType::Refresh]
                .into_iter()
                .find(|token_type| headers.of(*token_type) == header)
                .map(|token_type| (key, token_type))
        })
    }

    /// The key with this id. For an unknown id there is no key: the other keys are not tried.
    pub(super) fn by_id(&self, kid: &str) -> Option<&TokenKey> {
        self.keys.iter().map(|(key, _)| key).find(|key| key.id() == kid)
    }

    /// The public keys as a JWK set (RFC 7517 section 5). It never contains HMAC secrets.
    pub(crate) fn jwks(&self) -> Value {
        let keys: Vec<_> = self.keys.iter().filter_map(|(key, _)| key.public()).collect();
        serde_json::json!({ "keys": keys })
    }
}

/// The header of a token of this type that this key signs, as JSON.
pub(super) fn header(key: &TokenKey, token_type: TokenType) -> String {
    let (alg, kid, typ) = (key.algorithm_name(), Value::from(key.id()), token_type.header());
    format!(r#"{{"alg":"{alg}","kid":{kid},"typ":"{typ}"}}"#)
}

impl EncodedHeaders {
    fn of(&self, token_type: TokenType) -> &str {
        match token_type {
            TokenType::Access => &self.access,
            TokenType::Refresh => &self.refresh,
        }
    }
}
