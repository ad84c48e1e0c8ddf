//! The text of API tokens: only what has the form and the checksum is one, and no part of it can be changed alone.

use crate::bridge::model::Abilities;
use crate::bridge::token::ApiTokenText;

/// A text as an API token, and as the abilities of one.
pub fn api_token(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(token) = ApiTokenText::parse(&text) {
        assert!(ApiTokenText::is_meant_by(&text) && text.len() == 67 && text.is_ascii(), "{text}");
        assert_eq!(token.id().as_str(), &text[4..20]);
        assert_eq!(text.bytes().filter(|byte| !byte.is_ascii_alphanumeric()).collect::<Vec<_>>(), b"__");
        for place in 0..text.len() {
            let mut changed = text.clone().into_owned();
            let other = if &text[place..=place] == "0" { "1" } else { "0" };
            changed.replace_range(place..=place, other);
            assert!(ApiTokenText::parse(&changed).is_err(), "{changed}");
        }
    }
    let abilities = Abilities::from_text(&*text);
    for ability in abilities.iter() {
        assert!(abilities.allow(ability) && !ability.is_empty() && !ability.contains(' '), "{text}");
    }
    if let Ok(strict) = Abilities::new(text.split(' ')) {
        let same = |ability: &str| strict.allow(ability) == abilities.allow(ability);
        assert!(text.split(' ').all(same) && same("another") && same(""), "{text}");
    }
}
