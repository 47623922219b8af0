use std::panic::Location;

use bytes::Bytes;
use carrot_core::Body;
use http::Request;

use super::{aim::Fault, effect::Effect};
use crate::{RecordedRequest, fail};

/// The faults of a sandbox, in the order of their injection.
#[derive(Default)]
pub(in crate::sandbox) struct Faults {
    entries: Vec<Entry>,
    last_id: u64,
}

struct Entry {
    id: u64,
    fault: Fault,
    place: &'static Location<'static>,
    matched: u64,
    used: u64,
    removed: bool,
}

impl Entry {
    fn applies(&self) -> bool {
        !self.removed
            && self.matched > self.fault.skipped
            && self.fault.times.is_none_or(|times| self.used < times)
    }

    /// What it lacks to the uses that it was injected for.
    fn problem(&self) -> Option<String> {
        let wanted = self.fault.times.unwrap_or(1);
        if self.fault.optional || self.used >= wanted {
            return None;
        }
        Some(format!(
            "  {}, injected at {}: used {} of {wanted} times, {} requests matched",
            self.fault, self.place, self.used, self.matched
        ))
    }
}

impl Faults {
    pub(in crate::sandbox) fn add(
        &mut self,
        fault: Fault,
        place: &'static Location<'static>,
    ) -> u64 {
        self.last_id += 1;
        self.entries.push(Entry {
            id: self.last_id,
            fault,
            place,
            matched: 0,
            used: 0,
            removed: false,
        });
        self.last_id
    }

    pub(in crate::sandbox) fn used(&self, id: u64) -> u64 {
        let entry = self.entries.iter().find(|entry| entry.id == id);
        entry.map_or(0, |entry| entry.used)
    }

    pub(in crate::sandbox) fn remove(&mut self, id: u64) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.removed = true;
        }
    }

    /// The effect on this request: of the first fault that applies. All others that match count the
    /// request too.
    pub(in crate::sandbox) fn take(
        &mut self,
        operation: Option<&'static str>,
        request: &Request<Bytes>,
    ) -> Option<Effect> {
        let recorded = || RecordedRequest::from(request.clone().map(Body::from));
        let mut effect = None;
        for entry in &mut self.entries {
            if !entry.fault.matches(operation, recorded) {
                continue;
            }
            entry.matched += 1;
            if effect.is_none() && entry.applies() {
                entry.used += 1;
                effect = Some(entry.fault.effect.clone());
            }
        }
        effect
    }

    #[track_caller]
    pub(in crate::sandbox) fn assert_used(&self) {
        let problems: Vec<String> = self.entries.iter().filter_map(Entry::problem).collect();
        if !problems.is_empty() {
            let list = problems.join("\n");
            fail(&format!(
                "faults of the sandbox were not used as often as they say:\n{list}\n\
                 Aim them at the request you mean, or allow it with `Fault::optional`."
            ));
        }
    }
}
