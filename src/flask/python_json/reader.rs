//! `json.loads` with its error texts (CPython 3.11, `Modules/_json.c`).

use std::fmt;

use crate::flask::python_json::{Json, Object, parse_saturating};

/// The maximal nesting of values: as deep as `serde_json` reads claims again. More would be an attack on the stack.
pub(super) const DEPTH: usize = 127;

/// The maximal number of digits of an integer (`sys.get_int_max_str_digits()`).
const MAX_DIGITS: usize = 4300;

/// The text of Python's error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonFault(String);

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads bytes as JSON.
pub(crate) fn read(bytes: &[u8]) -> Result<Json, JsonFault> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error))?;
    let mut reader = PythonJsonReader { text, at: 0, depth: 0 };
    reader.skip_space();
    let value = reader.value()?;
    reader.skip_space();
    if reader.at < text.len() { Err(reader.fault("Extra data", reader.at)) } else { Ok(value) }
}

fn not_utf8(bytes: &[u8], error: std::str::Utf8Error) -> JsonFault {
    let start = error.valid_up_to();
    let first = bytes.get(start).copied().unwrap_or_default();
    let (length, reason) = match error.error_len() {
        None => (bytes.len() - start, "unexpected end of data"),
        Some(length) if matches!(first, 0x80..=0xc1 | 0xf5..) => (length, "invalid start byte"),
        Some(length) => (length, "invalid continuation byte"),
    };
    JsonFault(if length == 1 {
        format!("'utf-8' codec can't decode byte 0x{first:02x} in position {start}: {reason}")
    } else {
        format!("'utf-8' codec can't decode bytes in position {start}-{}: {reason}", start + length - 1)
    })
}

struct PythonJsonReader<'a> {
    text: &'a str,
    /// The position in bytes, always between two characters.
    at: usize,
    depth: usize,
}

impl PythonJsonReader<'_> {
    /// An error at a position. Python counts characters, not bytes.
    fn fault(&self, what: &str, at: usize) -> JsonFault {
        let before = &self.text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        JsonFault(format!("{what}: line {line} column {column} (char {})", before.chars().count()))
    }

    fn peek(&self) -> Option<u8> {
        self.byte(self.at)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Json, JsonFault> {
        const WORDS: [(&str, Json); 6] = [
            ("null", Json::None),
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
            ("NaN", Json::Float(f64::NAN)),
            ("Infinity", Json::Float(f64::INFINITY)),
            ("-Infinity", Json::Float(f64::NEG_INFINITY)),
        ];
        match self.peek() {
            Some(b'"') => self.string().map(Json::Text),
            Some(b'{') => self.nested("object", Self::object),
            Some(b'[') => self.nested("array", Self::array),
            _ => match WORDS.into_iter().find(|(word, _)| self.text[self.at..].starts_with(word)) {
                Some((word, value)) => {
                    self.at += word.len();
                    Ok(value)
                }
                None => self.number(),
            },
        }
    }

    fn nested(&mut self, kind: &str, read: fn(&mut Self) -> Result<Json, JsonFault>) -> Result<Json, JsonFault> {
        if self.depth == DEPTH {
            return Err(JsonFault(format!(
                "maximum recursion depth exceeded while decoding a JSON {kind} from a unicode string"
            )));
        }
        self.depth += 1;
        self.at += 1;
        self.skip_space();
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Json, JsonFault> {
        let mut members = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(Object::default()));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.fault("Expecting property name enclosed in double quotes", self.at));
            }
            let name = self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.fault("Expecting ':' delimiter", self.at));
            }
            self.at += 1;
            self.skip_space();
            let value = self.value()?;
            members.push((name, value));
            if self.read_end_or_comma(b'}')? {
                return Ok(Json::Object(Object::from_members(members)));
            }
        }
    }

    fn array(&mut self) -> Result<Json, JsonFault> {
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value()?);
            if self.read_end_or_comma(b']')? {
                return Ok(Json::List(items));
            }
        }
    }

    /// Reads what follows a value: the closing bracket (`true`) or a comma (`false`).
    fn read_end_or_comma(&mut self, bracket: u8) -> Result<bool, JsonFault> {
        self.skip_space();
        match self.peek() {
            Some(byte) if byte == bracket => {
                self.at += 1;
                Ok(true)
            }
            Some(b',') => {
                self.at += 1;
                self.skip_space();
                Ok(false)
            }
            _ => Err(self.fault("Expecting ',' delimiter", self.at)),
        }
    }

    fn string(&mut self) -> Result<String, JsonFault> {
        let begin = self.at;
        let mut text = String::new();
        self.at += 1;
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(rest.len());
            text.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                None => return Err(self.fault("Unterminated string starting at", begin)),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape(begin)?),
                Some(_) => return Err(self.fault("Invalid control character at", self.at)),
            }
        }
    }

    fn escape(&mut self, begin: usize) -> Result<char, JsonFault> {
        let start = self.at;
        let plain = match self.byte(start + 1) {
            None => return Err(self.fault("Unterminated string starting at", begin)),
            Some(b'u') => return self.unicode_escape(start),
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(_) => return Err(self.fault("Invalid \\escape", start)),
        };
        self.at += 2;
        Ok(plain)
    }

    fn unicode_escape(&mut self, start: usize) -> Result<char, JsonFault> {
        let unit = self.code_unit(start)?;
        self.at = start + 6;
        if let Some(c) = char::from_u32(unit) {
            return Ok(c);
        }
        let low_follows = unit < 0xdc00 && self.text[self.at..].starts_with("\\u");
        if low_follows {
            let low = self.code_unit(self.at)?;
            if (0xdc00..0xe000).contains(&low)
                && let Some(c) = char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
            {
                self.at += 6;
                return Ok(c);
            }
        }
        Err(self.fault("Half a surrogate pair", start))
    }

    /// The four digits of `\uXXXX`. A character must follow, at least the closing quote.
    fn code_unit(&self, start: usize) -> Result<u32, JsonFault> {
        let fault = || self.fault("Invalid \\uXXXX escape", start + 1);
        let digits = self.text.get(start + 2..start + 6).ok_or_else(fault)?;
        let all_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !all_hex || start + 6 >= self.text.len() {
            return Err(fault());
        }
        u32::from_str_radix(digits, 16).map_err(|_not_hex| fault())
    }

    fn number(&mut self) -> Result<Json, JsonFault> {
        let start = self.at;
        let mut end = start + usize::from(self.peek() == Some(b'-'));
        let whole = end;
        end = match self.byte(whole) {
            Some(b'0') => whole + 1,
            Some(b'1'..=b'9') => self.digits(whole),
            _ => return Err(self.fault("Expecting value", start)),
        };
        let whole_end = end;
        if self.byte(end) == Some(b'.') && self.digits(end + 1) > end + 1 {
            end = self.digits(end + 1);
        }
        if matches!(self.byte(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.byte(end + 1), Some(b'-' | b'+')));
            let exponent = end + 1 + sign;
            if self.digits(exponent) > exponent {
                end = self.digits(exponent);
            }
        }
        self.at = end;
        if end > whole_end {
            return Ok(Json::Float(self.text[start..end].parse().unwrap_or(f64::NAN)));
        }
        let digits = whole_end - whole;
        if digits > MAX_DIGITS {
            return Err(JsonFault(format!(
                "Exceeds the limit ({MAX_DIGITS} digits) for integer string conversion: value has {digits} digits; \
                 use sys.set_int_max_str_digits() to increase the limit"
            )));
        }
        Ok(Json::Int(parse_saturating(whole > start, self.text[whole..end].bytes())))
    }

    /// The end of the digits that begin at `from`.
    fn digits(&self, from: usize) -> usize {
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    }
}
