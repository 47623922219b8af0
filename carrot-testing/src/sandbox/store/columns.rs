//! Properties of all users, side by side: a list that filters or sorts looks at one property of
//! everybody, and through the records that is a walk over all of the memory.
//!
//! `benches/sandbox.rs` has both: of 100,000 users, the first list by a property, which reads the records, took
//! 70 to 190 ms, and each list after it 3 to 15 ms (two busy cores). A suite that pages through such a list
//! makes a thousand of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::records::User;

/// How many properties are kept at most, unless one list needs more.
const MOST: usize = 16;

/// A row for each user, in the order of ids. There are none until a list needs them.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Columns {
    ids: Vec<u64>,
    leads: Vec<bool>,
    last_seen: Vec<i64>,
    values: HashMap<String, Vec<Option<Value>>>,
}

impl Columns {
    /// Makes what a list needs and is not there yet.
    pub(in crate::sandbox) fn prepare<'a>(
        &mut self,
        users: &BTreeMap<u64, User>,
        names: impl Iterator<Item = &'a str>,
    ) {
        if self.ids.len() != users.len() {
            self.clear();
            self.ids.extend(users.keys());
            self.leads.extend(users.values().map(User::is_lead));
            let last_seen = users.values().map(|user| user.last_seen);
            self.last_seen.extend(last_seen);
        }
        let names: BTreeSet<&str> = names.collect();
        let known = |name: &&&str| self.values.contains_key(**name);
        if self.values.len() + names.len() - names.iter().filter(known).count() > MOST {
            self.values.clear();
        }
        for name in names {
            if self.values.contains_key(name) {
                continue;
            }
            let values = users.values().map(|user| value_of(user, name));
            self.values.insert(name.to_owned(), values.collect());
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }

    /// A user is new or changed.
    pub(in crate::sandbox) fn update(&mut self, user: &User) {
        if self.ids.is_empty() {
            return;
        }
        match self.ids.binary_search(&user.id) {
            Ok(row) => {
                self.leads[row] = user.is_lead();
                self.last_seen[row] = user.last_seen;
                for (name, values) in &mut self.values {
                    values[row] = value_of(user, name);
                }
            }
            Err(row) if row == self.ids.len() => {
                self.ids.push(user.id);
                self.leads.push(user.is_lead());
                self.last_seen.push(user.last_seen);
                for (name, values) in &mut self.values {
                    values.push(value_of(user, name));
                }
            }
            // Ids grow, but not where a snapshot that somebody wrote gave the last one.
            Err(_) => self.clear(),
        }
    }

    /// The rows of leads.
    pub(in crate::sandbox) fn leads(&self) -> impl Iterator<Item = usize> {
        let rows = self.leads.iter().enumerate();
        rows.filter(|(_, is_lead)| **is_lead).map(|(row, _)| row)
    }

    pub(in crate::sandbox) fn id(&self, row: usize) -> u64 {
        self.ids[row]
    }

    pub(in crate::sandbox) fn last_seen(&self, row: usize) -> i64 {
        self.last_seen[row]
    }

    /// The values of a property that was prepared, by rows; none of another.
    pub(in crate::sandbox) fn values(&self, name: &str) -> &[Option<Value>] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }
}

fn value_of(user: &User, name: &str) -> Option<Value> {
    Some(user.property(name)?.into_owned())
}
