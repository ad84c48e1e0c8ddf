#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tollbridge::fuzzing::api_token(input));
