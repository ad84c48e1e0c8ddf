//! A search in text whose lines are sorted by their bytes, however long it is: it reads some forty lines of a file of 40 GB.

use std::io::{self, BufRead as _, BufReader, Read, Seek, SeekFrom};

/// The most bytes of a line that are looked at.
const LONGEST: u64 = 256;

/// Whether a line is this key, in any case of ASCII letters. A colon and what follows it do not belong to a line.
///
/// # Errors
///
/// When the lines cannot be read.
pub(super) fn contains(lines: impl Read + Seek, key: &[u8]) -> io::Result<bool> {
    let mut lines = BufReader::with_capacity(128, lines);
    // The first line that begins at `low` or later is not below the key once both have met.
    let (mut low, mut high) = (0, lines.seek(SeekFrom::End(0))?);
    while low < high {
        let middle = low + (high - low) / 2;
        match line_from(&mut lines, middle)? {
            Some(line) if line.as_slice() < key => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(line_from(&mut lines, low)?.is_some_and(|line| line == key))
}

/// The first line that begins at this offset or later, in the case in which keys are compared.
fn line_from(lines: &mut BufReader<impl Read + Seek>, offset: u64) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if let Some(before) = offset.checked_sub(1) {
        lines.seek(SeekFrom::Start(before))?;
        lines.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
        line.clear();
    } else {
        lines.rewind()?;
    }
    if lines.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let end = line.iter().position(|byte| matches!(byte, b':' | b'\r' | b'\n')).unwrap_or(line.len());
    line.truncate(end);
    line.make_ascii_lowercase();
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn finds(text: &str, key: &str) -> bool {
        contains(Cursor::new(text), key.as_bytes()).expect("memory can be read")
    }

    #[test]
    fn every_line_is_found_and_nothing_between() {
        for count in 1..40 {
            let keys: Vec<_> = (0..count).map(|number| format!("k{:04}", number * 2)).collect();
            for (ending, end) in [("\n", "\n"), ("\r\n", ""), (":17\r\n", "\r\n")] {
                let text = keys.join(ending) + end;
                for number in 0..2 * count + 2 {
                    let key = format!("k{number:04}");
                    assert_eq!(finds(&text, &key), keys.contains(&key), "{key} in {text:?}");
                }
                assert!(!finds(&text, "a") && !finds(&text, "z") && !finds(&text, ""), "{text:?}");
            }
        }
    }

    #[test]
    fn lines_of_any_length_are_searched() {
        let text = format!("a\n{}\n{}\nz\n", "b".repeat(200), "c".repeat(9000));
        assert!(finds(&text, "a") && finds(&text, &"b".repeat(200)) && !finds(&text, "b") && !finds("", "a"));
    }
}
