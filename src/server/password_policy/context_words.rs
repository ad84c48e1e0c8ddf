//! Words that anybody would try for a user of this server (NIST SP 800-63B, OWASP ASVS 5.0 6.1.2 and 6.2.11).

/// The name of this program.
const PRODUCT: &str = "tollbridge";

/// A shorter word is part of many others.
const SHORTEST: usize = 3;

/// What is left of a password without the words: the names of its user, the program's, and those of the operator.
pub(super) fn without_context(password: &str, names: &[&str], refused: &[String]) -> String {
    let parts = names.iter().flat_map(|name| name.split_whitespace().chain([*name]));
    let words = parts.chain([PRODUCT]).chain(refused.iter().map(String::as_str)).map(str::to_lowercase);
    let mut words: Vec<_> = words.filter(|word| word.chars().count() >= SHORTEST).collect();
    // A whole name goes before its parts.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.iter().fold(password.to_lowercase(), |left, word| left.replace(word, ""))
}
