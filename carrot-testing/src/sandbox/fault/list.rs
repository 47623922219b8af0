use std::{fmt, panic::Location, sync::Arc};

use super::{
    aim::{Fault, Predicate},
    effect::Effect,
    gate::Gate,
};
use crate::fail;

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

/// A predicate to ask, of the fault of this number.
pub(in crate::sandbox) struct Question {
    pub(in crate::sandbox) id: u64,
    pub(in crate::sandbox) accepts: Predicate,
    /// The fault and its place.
    pub(in crate::sandbox) name: String,
}

impl Entry {
    fn applies(&self) -> bool {
        !self.removed
            && self.matched > self.fault.skipped
            && self.fault.times.is_none_or(|times| self.used < times)
    }

    fn state(&self) -> FaultState {
        let wanted = match self.fault.optional {
            true => 0,
            false => self.fault.times.unwrap_or(1),
        };
        FaultState {
            id: self.id,
            fault: self.fault.to_string(),
            matched: self.matched,
            used: self.used,
            wanted,
            place: self.place,
        }
    }
}

/// How far a fault is that was [injected](crate::Sandbox::inject). It displays as
/// `lost response on conversations.reply, injected at tests/bot.rs:12:13: used 0 of 1 times, 0 requests matched`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultState {
    /// Its number: 1 for the first one.
    pub id: u64,
    /// The fault in a few words.
    pub fault: String,
    /// How many requests it was aimed at.
    pub matched: u64,
    /// How many requests it affected.
    pub used: u64,
    /// How many requests it has to affect; 0 for one that is [optional](Fault::optional).
    pub wanted: u64,
    /// Where it was injected.
    pub place: &'static Location<'static>,
}

impl FaultState {
    /// Returns true if it affected as many requests as it has to.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.used >= self.wanted
    }
}

impl fmt::Display for FaultState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            fault,
            place,
            used,
            wanted,
            matched,
            ..
        } = self;
        write!(
            f,
            "{fault}, injected at {place}: used {used} of {wanted} times, {matched} requests matched"
        )
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

    /// The gate of a fault that holds responses.
    pub(in crate::sandbox) fn gate(&self, id: u64) -> Option<Arc<Gate>> {
        let entry = self.entries.iter().find(|entry| entry.id == id)?;
        match &entry.fault.effect {
            Effect::Hold(gate) => Some(Arc::clone(gate)),
            _ => None,
        }
    }

    pub(in crate::sandbox) fn used(&self, id: u64) -> u64 {
        let entry = self.entries.iter().find(|entry| entry.id == id);
        entry.map_or(0, |entry| entry.used)
    }

    /// False where there is no such fault.
    pub(in crate::sandbox) fn remove(&mut self, id: u64) -> bool {
        let entry = self.entries.iter_mut().find(|entry| entry.id == id);
        entry.is_some_and(|entry| {
            entry.removed = true;
            true
        })
    }

    /// The predicates to ask about a request of this operation, while nothing is locked: they are code of the
    /// test.
    pub(in crate::sandbox) fn predicates(&self, operation: Option<&'static str>) -> Vec<Question> {
        let open = self.entries.iter().filter(|entry| !entry.removed);
        let asked = open.filter(|entry| entry.fault.is_about(operation));
        let asked = asked.filter_map(|entry| {
            Some(Question {
                id: entry.id,
                accepts: entry.fault.predicate.clone()?,
                name: format!("{}, injected at {}", entry.fault, entry.place),
            })
        });
        asked.collect()
    }

    /// The effect on a request: of the first fault that applies. All others that match count the
    /// request too. `accepted` are the faults whose predicate accepts it.
    pub(in crate::sandbox) fn take(
        &mut self,
        operation: Option<&'static str>,
        accepted: &[u64],
    ) -> Option<Effect> {
        let mut effect = None;
        for entry in &mut self.entries {
            let is_accepted = entry.fault.predicate.is_none() || accepted.contains(&entry.id);
            if !is_accepted || !entry.fault.is_about(operation) {
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

    pub(in crate::sandbox) fn states(&self) -> Vec<FaultState> {
        self.entries.iter().map(Entry::state).collect()
    }

    /// What to tell of faults that were not used as often as they say.
    pub(in crate::sandbox) fn unused(&self) -> Option<String> {
        let mut unused = self.states();
        unused.retain(|state| !state.is_used());
        let list: Vec<String> = unused.iter().map(|state| format!("  {state}")).collect();
        (!list.is_empty()).then(|| {
            let list = list.join("\n");
            format!(
                "faults of the sandbox were not used as often as they say:\n{list}\n\
                 Aim them at the request you mean, or allow it with `Fault::optional`."
            )
        })
    }

    #[track_caller]
    pub(in crate::sandbox) fn assert_used(&self) {
        if let Some(text) = self.unused() {
            fail(&text);
        }
    }
}
