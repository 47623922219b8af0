//! Timestamps: no digit is lost, in text and in JSON.
#![no_main]

use carrot_fuzz::round_trip;
use carrot_types::{Moment, Timestamp};
use libfuzzer_sys::fuzz_target;

fn survives(moment: Timestamp) {
    let text = moment.to_string();
    assert_eq!(text.parse(), Ok(moment), "as text: {text}");
    let json = serde_json::to_vec(&moment).expect("a timestamp can be written");
    assert_eq!(round_trip::<Timestamp>(&json), Some(moment));
    assert_eq!(round_trip::<Moment>(&json), Some(moment.into()));
}

fuzz_target!(|bytes: &[u8]| {
    if let Some(moment) = round_trip::<Timestamp>(bytes) {
        survives(moment);
    }
    let _ = round_trip::<Moment>(bytes);

    if let Some((seconds, rest)) = bytes.split_first_chunk() {
        if let Some((nanoseconds, _)) = rest.split_first_chunk() {
            let nanoseconds = u32::from_le_bytes(*nanoseconds);
            let made = Timestamp::new(i64::from_le_bytes(*seconds), nanoseconds);
            assert_eq!(made.is_ok(), nanoseconds < 1_000_000_000);
            if let Ok(moment) = made {
                survives(moment);
            }
        }
    }

    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(moment) = text.parse::<Timestamp>() {
        survives(moment);
        let json = serde_json::to_string(text).expect("a text can be written");
        assert_eq!(round_trip::<Timestamp>(json.as_bytes()), Some(moment));
        // Whole seconds round down, also before 1970.
        let whole = Timestamp::from_seconds(moment.seconds());
        let next = moment.seconds().checked_add(1).map(Timestamp::from_seconds);
        assert!(whole <= moment && next.is_none_or(|next| moment < next));
    }
});
