//! Cursors: kept byte for byte, from a response, a store and a caller.
#![no_main]

use carrot_fuzz::round_trip;
use carrot_types::{Cursor, CursorKind, Meta};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = round_trip::<Cursor>(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };

    for (made, kind) in [
        (Cursor::position(text), CursorKind::Position),
        (Cursor::after(text), CursorKind::After),
    ] {
        let Ok(cursor) = made else { continue };
        assert_eq!(cursor.kind(), kind);
        assert_eq!(cursor.as_str(), text, "a cursor is not altered");
        let stored = serde_json::to_vec(&cursor).expect("a cursor can be stored");
        assert_eq!(round_trip::<Cursor>(&stored), Some(cursor));
    }

    for field in ["next_after", "next_after_position", "next_before_position"] {
        let meta = format!(r#"{{"status":200,"{field}":{text}}}"#);
        let Some(meta) = round_trip::<Meta>(meta.as_bytes()) else {
            continue;
        };
        for cursor in [&meta.next_after_position, &meta.next_before_position] {
            let Some(cursor) = cursor.cursor() else {
                continue;
            };
            // Other fields may follow in the text, so it need not be the whole. A cursor in a string is kept without
            // the escapes of JSON.
            let is_kept = text.contains(cursor.as_str()) || text.contains('\\');
            assert!(is_kept, "a cursor is not altered");
        }
    }
});
