#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tollbridge::fuzzing::jose_header(input));
