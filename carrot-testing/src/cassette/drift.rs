//! What a service does otherwise than it was recorded: shapes are compared, not values.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
};

use serde_json::Value;

use super::{
    rules::Rules,
    shape::Shape,
    tape::{Interaction, Outcome, PlainResponse},
};

/// More changes of an operation than these are counted and not told.
const MAX_CHANGES: usize = 30;

/// How much a change means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// What was there is not, or is something else.
    Breaking,
    /// Something that was not there.
    New,
    /// Something that may be by chance.
    Note,
}

/// The changes of one operation.
type Changes = BTreeSet<(Weight, String)>;

/// The changes by operation.
#[derive(Debug, Default)]
pub(super) struct Drift(BTreeMap<String, Changes>);

/// The responses of an operation, in their order.
struct Responses<'a> {
    recorded: Vec<&'a PlainResponse>,
    live: Vec<&'a Outcome>,
}

impl Drift {
    /// Compares what was recorded with what came now. Both hold no person's data.
    pub(super) fn new(
        rules: &Rules,
        recorded: &[Interaction],
        live: &[Interaction],
        unused_is_fine: bool,
    ) -> Self {
        let mut by_operation: BTreeMap<&str, Responses<'_>> = BTreeMap::new();
        let of = |one: &Interaction| match one.operation.as_str() {
            "" => format!("{} {}", one.request.method, one.request.path),
            name => name.to_owned(),
        };
        let names: Vec<String> = recorded.iter().chain(live).map(of).collect();
        let (before, after) = names.split_at(recorded.len());
        let empty = || Responses {
            recorded: Vec::new(),
            live: Vec::new(),
        };
        for (name, one) in before.iter().zip(recorded) {
            if let Outcome::Response(response) = &one.outcome {
                let responses = by_operation.entry(name).or_insert_with(empty);
                responses.recorded.push(response);
            }
        }
        for (name, one) in after.iter().zip(live) {
            let responses = by_operation.entry(name).or_insert_with(empty);
            responses.live.push(&one.outcome);
        }
        let changes = by_operation.into_iter().map(|(name, responses)| {
            let changes = responses.changes(rules, unused_is_fine);
            (name.to_owned(), changes)
        });
        Self(changes.filter(|(_, changes)| !changes.is_empty()).collect())
    }

    /// A rejected request of this operation.
    pub(super) fn rejected(&mut self, operation: &str) {
        let text = "it writes, and was not sent: CARROT_CASSETTES=check-writes sends it, to a throw-away app";
        // That it was not compared says less.
        let changes = Changes::from([(Weight::Breaking, text.to_owned())]);
        self.0.insert(operation.to_owned(), changes);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_breaking(&self) -> bool {
        self.count(Weight::Breaking) > 0
    }

    fn count(&self, weight: Weight) -> usize {
        let all = self.0.values().flatten();
        all.filter(|(one, _)| *one == weight).count()
    }

    /// The report. The cassette is named by its path.
    pub(super) fn report(&self, path: &Path) -> String {
        let (breaking, new) = (self.count(Weight::Breaking), self.count(Weight::New));
        let mut text = format!(
            "the service is not as it was recorded in {}: {breaking} breaking, {new} new\n",
            path.display()
        );
        for (operation, changes) in &self.0 {
            let _ = writeln!(text, "\n{operation}\n");
            for (weight, change) in changes.iter().take(MAX_CHANGES) {
                let mark = match weight {
                    Weight::Breaking => "✗",
                    Weight::New => "+",
                    Weight::Note => "·",
                };
                let _ = writeln!(text, "    {mark} {change}");
            }
            let more = changes.len().saturating_sub(MAX_CHANGES);
            if more > 0 {
                let _ = writeln!(text, "    … and {more} more");
            }
        }
        text += "\n✗ breaks what was there, + is new, · may be by chance. Values are not compared.\n\
                 To take it as it is now, record it anew with CARROT_CASSETTES=record.\n";
        text
    }
}

impl Responses<'_> {
    fn changes(&self, rules: &Rules, unused_is_fine: bool) -> Changes {
        let mut changes = Changes::new();
        let mut troubles = 0;
        // Each response of the service with the one that was recorded in its place.
        let mut recorded = self.recorded.iter().peekable();
        let mut pairs = Vec::new();
        for outcome in &self.live {
            let came = match outcome {
                Outcome::Response(response) => Some(response),
                _ => None,
            };
            let was = recorded.peek().copied();
            let is_meant =
                came.is_some_and(|came| was.is_some_and(|was| came.status == was.status));
            let is_trouble = came.is_none_or(|came| came.status == 429 || came.status >= 500);
            match came {
                Some(came) if is_meant || !is_trouble => {
                    recorded.next();
                    pairs.push((was, came));
                }
                _ => troubles += 1,
            }
        }
        if pairs.is_empty() && !self.recorded.is_empty() {
            let why = match troubles {
                0 => "it was not called",
                _ => "no response came but a failure, a 429 or a 5xx",
            };
            if troubles > 0 || !unused_is_fine {
                changes.insert((Weight::Breaking, format!("nothing was compared: {why}")));
            }
            return changes;
        }
        let unused = recorded.count();
        let further = pairs.iter().filter(|(was, _)| was.is_none()).count();
        for (count, what) in [
            (
                troubles,
                "requests left out, which failed or got a 429 or a 5xx",
            ),
            (
                if unused_is_fine { 0 } else { unused },
                "recorded responses without a request",
            ),
            (further, "requests beyond those that were recorded"),
        ] {
            if count > 0 {
                changes.insert((Weight::Note, format!("{what}: {count}")));
            }
        }
        for (was, came) in &pairs {
            if let Some(was) = was {
                changes.extend(status(was, came).map(|text| (Weight::Breaking, text)));
            }
        }
        let came: Vec<&PlainResponse> = pairs.iter().map(|(_, came)| *came).collect();
        // Bodies of one status are alike.
        let statuses: BTreeSet<u16> = self.recorded.iter().map(|one| one.status).collect();
        for status in statuses {
            let of = |all: &[&PlainResponse]| -> Group {
                Group::new(
                    rules,
                    all.iter().copied().filter(|one| one.status == status),
                )
            };
            let (recorded, live) = (of(&self.recorded), of(&came));
            if live.count > 0 {
                recorded.compare(&live, &mut changes);
            }
        }
        changes
    }
}

/// How a status and the name of an error changed.
fn status(was: &PlainResponse, came: &PlainResponse) -> Option<String> {
    let said = |one: &PlainResponse| {
        let name = one
            .json
            .as_ref()
            .and_then(|json| json.pointer("/meta/error"));
        let name = name.and_then(Value::as_str).unwrap_or_default();
        format!("{} {name}", one.status).trim_end().to_owned()
    };
    let (was, came) = (said(was), said(came));
    (was != came).then(|| format!("the status was {was} and is {came}"))
}

/// The responses of one status.
#[derive(Default)]
struct Group {
    count: usize,
    shape: Shape,
    headers: BTreeSet<String>,
    content_types: BTreeSet<String>,
    /// True where a body was not JSON.
    has_other: bool,
    /// True where there was no body.
    has_none: bool,
}

impl Group {
    fn new<'a>(rules: &Rules, responses: impl Iterator<Item = &'a PlainResponse>) -> Self {
        let mut group = Self::default();
        for one in responses {
            group.count += 1;
            group.headers.extend(one.headers.keys().cloned());
            let content_type = one.headers.get("content-type");
            group.content_types.extend(content_type.cloned());
            group.has_other |= one.json.is_none() && one.text.is_some();
            group.has_none |= one.json.is_none() && one.text.is_none();
            if let Some(json) = &one.json {
                group.shape.add(rules, json);
            }
        }
        group
    }

    fn compare(&self, live: &Self, changes: &mut Changes) {
        if live.has_other && !self.has_other {
            changes.insert((Weight::Breaking, "a body is not JSON any more".to_owned()));
        }
        if live.has_none && !self.has_none {
            changes.insert((Weight::Breaking, "a body is empty, and none was".to_owned()));
        }
        for header in live.headers.difference(&self.headers) {
            changes.insert((Weight::New, format!("the header `{header}` is new")));
        }
        for header in self.headers.difference(&live.headers) {
            changes.insert((Weight::Note, format!("the header `{header}` did not come")));
        }
        for value in live.content_types.difference(&self.content_types) {
            if !self.content_types.is_empty() {
                changes.insert((Weight::New, format!("the content type is `{value}` now")));
            }
        }
        for (place, was) in &self.shape.0 {
            let name = shown(place);
            let Some(came) = live.shape.0.get(place) else {
                if live.shape.lacks(place, was) {
                    let change = match self.shape.always_has(was) {
                        true => (Weight::Breaking, format!("{name} is gone")),
                        false => (
                            Weight::Note,
                            format!("{name} did not come; it did not always"),
                        ),
                    };
                    changes.insert(change);
                }
                continue;
            };
            if self.shape.always_has(was)
                && live.shape.has_around(came)
                && !live.shape.always_has(came)
            {
                changes.insert((
                    Weight::Note,
                    format!("{name} did not always come; it did before"),
                ));
            }
            for found in came.types.difference(&was.types) {
                let change = type_change(place, &was.types, found);
                changes.extend(change);
            }
            // Where no word was seen, which there are is not known.
            for word in came.words.difference(&was.words) {
                if !was.words.is_empty() {
                    changes.insert((Weight::New, format!("{name} may be `{word}`")));
                }
            }
        }
        for (place, came) in &live.shape.0 {
            if self.shape.lacks(place, came) {
                let types = list(came.types.iter().copied());
                changes.insert((Weight::New, format!("{} is new: {types}", shown(place))));
            }
        }
    }
}

/// How a type that was not seen before counts.
fn type_change(
    place: &str,
    was: &BTreeSet<&'static str>,
    found: &'static str,
) -> Option<(Weight, String)> {
    let has = |one: &str| was.contains(one);
    let only_null = was.iter().all(|one| *one == "null");
    // An empty list is a list, and the service writes it in the place of an empty object too.
    let is_list =
        matches!(found, "a list" | "an empty list") && (has("a list") || has("an empty list"));
    let is_empty = found == "an empty list" && has("an object")
        || found == "an object" && was.iter().all(|one| *one == "an empty list");
    if is_list || is_empty {
        return None;
    }
    let (name, types) = (shown(place), list(was.iter().copied()));
    let text = format!("{name} was {types} and is {found}");
    // What is around all data is there whatever the data is.
    let is_around = matches!(place, "" | "data" | "meta");
    let is_chance = found == "null" && !is_around
        || only_null
        || found == "a decimal" && has("a number")
        || found == "a number" && has("a decimal");
    Some(match is_chance {
        true => (Weight::New, text),
        false => (Weight::Breaking, text),
    })
}

fn shown(place: &str) -> String {
    match place {
        "" => "the body".to_owned(),
        place => format!("`{place}`"),
    }
}

fn list(words: impl Iterator<Item = &'static str>) -> String {
    words.collect::<Vec<_>>().join(" or ")
}
