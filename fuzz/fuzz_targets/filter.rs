//! Filters: what is read survives being written, alone and in a group.
#![no_main]

use carrot_fuzz::round_trip;
use carrot_types::{Filter, Filters};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    if let Some(filter) = round_trip::<Filter>(json) {
        let alone = filter.check();
        let group = Filters::all([filter.clone()]).with(filter);
        assert_eq!(group.check(), alone, "a group checks each of its filters");
        let written = serde_json::to_vec(&group).expect("a group can be written");
        assert_eq!(round_trip::<Filters>(&written), Some(group));
    }
    if let Some(filters) = round_trip::<Filters>(json) {
        let checked = filters.check();
        match filters.filters() {
            // No filter is wrong, and the group still is.
            [] => assert!(checked.is_err(), "an empty group may select everybody"),
            all => assert_eq!(checked, all.iter().try_for_each(Filter::check)),
        }
    }
});
