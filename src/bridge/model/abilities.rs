//! What a narrowed credential may do: the abilities of an API token, and the `scope` claim of an access token.

use std::borrow::Cow;
use std::fmt;

/// The ability that stands for all of them.
const ALL: &str = "*";

/// The most abilities of one credential.
const MAX_COUNT: usize = 64;

/// The longest ability, in bytes.
const MAX_LENGTH: usize = 100;

/// The abilities of a narrowed credential, such as `notes:read` and `notes:write`. The application chooses the words.
///
/// An ability is a `scope-token` of RFC 6749 section 3.3: printable ASCII without spaces, `"` and `\`. Abilities are
/// compared whole and byte by byte: `notes:write` is neither `notes:writer` nor `Notes:write`, and `notes` includes
/// neither. Only [`all`](Self::all), written `*`, stands for others.
///
/// ```
/// use tollbridge::Abilities;
///
/// # fn main() -> Result<(), tollbridge::InvalidAbilities> {
/// let abilities = Abilities::new(["notes:read", "notes:write"])?;
/// assert!(abilities.allow("notes:write"));
/// assert!(!abilities.allow("notes:writer"));
/// assert_eq!(abilities.to_string(), "notes:read notes:write");
/// assert!(Abilities::new(["two words"]).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Abilities(Box<str>);

impl Abilities {
    /// All abilities. The credential may do what its user may.
    pub fn all() -> Self {
        Self(ALL.into())
    }

    /// These abilities, each once. With `*` among them: [all](Self::all). None at all is allowed too: the credential
    /// tells who its user is, and no more.
    ///
    /// # Errors
    ///
    /// [`InvalidAbilities`] when a word is no ability or is longer than 100 bytes, or there are more than 64.
    pub fn new<A: AsRef<str>>(abilities: impl IntoIterator<Item = A>) -> Result<Self, InvalidAbilities> {
        let mut all: Vec<String> = Vec::new();
        for ability in abilities {
            let ability = ability.as_ref();
            if !is_ability(ability) {
                return Err(InvalidAbilities::Word);
            }
            if !all.iter().any(|other| other == ability) {
                all.push(ability.to_owned());
            }
            if all.len() > MAX_COUNT {
                return Err(InvalidAbilities::TooMany);
            }
        }
        Ok(if all.iter().any(|ability| ability == ALL) { Self::all() } else { Self(all.join(" ").into()) })
    }

    /// The abilities in a text with spaces between them: a `scope` claim (RFC 8693 section 4.2), or what a store has
    /// kept. What is no ability in it allows nothing.
    pub fn from_text(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// Whether this ability is among them, or all are.
    pub fn allow(&self, ability: &str) -> bool {
        self.iter().any(|own| own == ability || own == ALL)
    }

    /// Whether they are all abilities, so that nothing is narrowed.
    pub fn are_all(&self) -> bool {
        self.iter().any(|own| own == ALL)
    }

    /// Each ability, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|ability| !ability.is_empty())
    }

    /// The abilities with spaces between them.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first ability of `wanted` that is not among these.
    pub(crate) fn first_lacking<'w>(&self, wanted: &'w Self) -> Option<&'w str> {
        wanted.iter().find(|ability| !self.allow(ability))
    }
}

/// Whether a word is an ability: a `scope-token` that is not too long.
pub(crate) fn is_ability(word: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    (1..=MAX_LENGTH).contains(&word.len()) && word.bytes().all(is_allowed)
}

impl fmt::Display for Abilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Abilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Abilities").field(&self.0).finish()
    }
}

/// Why words are no [`Abilities`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAbilities {
    /// A word has a space, `"`, `\` or a character that is not printable ASCII, is empty, or is too long.
    #[error("An ability is 1 to 100 letters, digits and signs, without spaces, quotation marks and backslashes.")]
    Word,
    /// There are more than 64.
    #[error("These are more than 64 abilities.")]
    TooMany,
}

impl InvalidAbilities {
    /// The sentence for users.
    pub(crate) fn detail(self) -> Cow<'static, str> {
        self.to_string().into()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn an_ability_allows_itself_only() {
        let abilities = Abilities::new(["notes:write", "notes"]).unwrap();
        assert!(abilities.allow("notes:write") && abilities.allow("notes"));
        for other in ["notes:writer", "notes:writ", "Notes:write", "notes:write ", "notes:write notes", "", " ", "*"] {
            assert!(!abilities.allow(other), "{other:?}");
        }
        let none = Abilities::new::<&str>([]).unwrap();
        assert!(!none.allow("") && !none.allow("notes") && !none.are_all());
    }

    #[test]
    fn all_are_written_with_a_star_alone() {
        for all in [Abilities::all(), Abilities::new(["notes", "*"]).unwrap(), Abilities::from_text("a * b")] {
            assert!(all.allow("notes:write") && all.are_all());
        }
        let starred = Abilities::new(["notes:*"]).unwrap();
        assert!(!starred.allow("notes:write") && !starred.are_all());
    }

    #[test]
    fn only_scope_tokens_are_abilities() {
        for word in ["", " ", "a b", "a\"b", "a\\b", "a\tb", "a\u{7f}", "ä", &"a".repeat(101)] {
            assert_eq!(Abilities::new([word]), Err(InvalidAbilities::Word), "{word:?}");
        }
        let many = |count: usize| Abilities::new((0..count).map(|number| number.to_string()));
        assert!(many(64).is_ok());
        assert_eq!(many(65), Err(InvalidAbilities::TooMany));
        assert!(Abilities::new(["!#[]^~", &"a".repeat(100)]).is_ok());
    }
}
