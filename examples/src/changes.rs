//! What a program changed in its sandbox, for the transcripts.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use carrot_testing::Sandbox;

use crate::status_line::counted;

/// The variable that names the file for the changes.
pub const VARIABLE: &str = "CARROT_SANDBOX_CHANGES";

/// Writes what changed in a sandbox to the file in `CARROT_SANDBOX_CHANGES`, at the end of the program.
#[derive(Debug)]
pub struct Watch {
    sandbox: Sandbox,
    before: BTreeMap<String, String>,
    file: PathBuf,
}

impl Watch {
    /// Watches a sandbox from now on. `None` without the variable, which only the tests of the transcripts set.
    #[must_use]
    pub fn start(sandbox: &Sandbox) -> Option<Self> {
        let file = env::var_os(VARIABLE)?.into();
        Some(Self {
            sandbox: sandbox.clone(),
            before: facts(sandbox),
            file,
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let text = changes(&self.before, &facts(&self.sandbox));
        // The test misses a file that cannot be written.
        let _ = fs::write(&self.file, text);
    }
}

/// What stands in the service: users by the ids of the shop, conversations by theirs.
fn facts(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    for user in sandbox.users() {
        let name = user.user_id.clone().unwrap_or_else(|| user.id.to_string());
        for (property, value) in user.props.iter().chain(&user.props_custom) {
            // The moment depends on the order in which requests arrive.
            if !value.is_null() && property != "$last_seen" {
                facts.insert(format!("user {name}, {property}"), value.to_string());
            }
        }
        for (index, event) in sandbox.events(user.id).iter().enumerate() {
            let name = format!("user {name}, event {}", index + 1);
            let kind = event.event_type.as_ref();
            let kind = kind.and_then(|kind| kind.name.clone()).unwrap_or_default();
            facts.insert(name, format!("{kind:?}"));
        }
    }
    for conversation in sandbox.conversations() {
        let name = format!("conversation {}", conversation.id);
        let is_closed = conversation.closed == Some(true);
        facts.insert(format!("{name}, closed"), is_closed.to_string());
        for tag in &conversation.tags {
            facts.insert(format!("{name}, tag {tag:?}"), "set".to_owned());
        }
        for (index, part) in sandbox.parts(conversation.id).iter().enumerate() {
            if let Some(text) = part.text().filter(|text| !text.is_empty()) {
                facts.insert(
                    format!("{name}, message {:03}", index + 1),
                    format!("{text:?}"),
                );
            }
        }
    }
    for (index, import) in sandbox.imports().iter().enumerate() {
        let (planned, bad) = (import.updates_planned.unwrap_or(0), import.row_errors.len());
        let report = format!("{} planned, {bad} bad lines", counted(planned, "change"));
        facts.insert(format!("import {}", index + 1), report);
    }
    facts
}

/// A line for each difference.
fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> String {
    let mut lines = String::new();
    for (name, value) in after {
        match before.get(name) {
            Some(old) if old == value => {}
            Some(old) => lines.push_str(&format!("{name}: {old} -> {value}\n")),
            None => lines.push_str(&format!("{name}: {value}\n")),
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        lines.push_str(&format!("{name}: gone\n"));
    }
    match lines.is_empty() {
        true => "nothing\n".to_owned(),
        false => lines,
    }
}
