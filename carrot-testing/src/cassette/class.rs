//! What each field holds, and so what of it may stand in a file. A field that is not listed is hidden.

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// A flag, a count, a word of the service: shown, where it looks like one.
    Plain,
    /// The name of a property or a field: shown, where it looks like one.
    Key,
    Id,
    /// A number that the caller draws for each request.
    Nonce,
    Name,
    Email,
    Phone,
    Text,
    Url,
    /// A number in a hidden place.
    Number,
    /// A moment.
    Time,
    Secret,
}

/// What the keys of an object are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// Fields of the service.
    Fields,
    /// Properties, by their names.
    Properties,
    /// Fields of the service below ids.
    Ids,
    /// Not known.
    Hidden,
}

/// What a field holds: as a text or number, or as an object or list of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) value: Class,
    pub(super) keys: Keys,
}

impl Field {
    /// The whole of a response.
    pub(super) const ROOT: Self = Self {
        value: Class::Text,
        keys: Keys::Fields,
    };

    pub(super) const HIDDEN: Self = Self::of(Class::Text);

    pub(super) const fn of(value: Class) -> Self {
        Self {
            value,
            keys: Keys::Hidden,
        }
    }
}

/// The class of each field of a response and of each parameter, by its name.
const VALUES: &[(Class, &str)] = &[
    (
        Class::Plain,
        "action active admin_unread_count answered assistant_type attachment_type auto_set by_user_id clicked \
         closed convert_props_types count delayed delimiter direction double_subscribe droppable duration error \
         important include_no_tags include_not_assigned is_banned is_bot is_default is_removed limit mime_type \
         not_answered_admin_replies not_assigned_count not_read_count offset op paginate_count \
         paginate_direction paginate_including paginate_page_order parse_custom_props_type parts_count presence \
         priority props_as_string read read_permission recipient_type replied replies_count reply_last_type \
         reply_type score sent_via size sort_order status total unread_parts_count unsubscribed \
         updates_planned user_unread_count visible with_user_replies_only",
    ),
    (
        Class::Key,
        "affected_props key merge_field not_changed_props sort_prop",
    ),
    (
        Class::Id,
        "after app assigned auto_assign external_id from_admin from_user id inbound_email \
         next_after next_after_position next_before_position paginate_position part_group session user_id \
         id_assign_part",
    ),
    (Class::Nonce, "_nonce auto_assign_random_id random_id"),
    (
        Class::Name,
        "bot_name email_name filter_name name name_internal tag",
    ),
    (Class::Url, "avatar current_url image map_url referrer url"),
    (
        Class::Text,
        "attachment_file_name body category code current_page error_message external_service filename \
         reason short_description timezone_offset value",
    ),
    (
        Class::Time,
        "created delayed_until edited last last_update last_user_reply_time removed sended_time time \
         timestamp updated",
    ),
    (
        Class::Secret,
        "access_token api_key auth_token authorization cookie jwt new_auth_token password secret token \
         webhook_token",
    ),
];

/// The fields that may hold an object or a list of them, and what they hold otherwise.
const OBJECTS: &[(Class, Keys, &str)] = &[
    (
        Class::Id,
        Keys::Fields,
        "admin assignee author channel conversation from last_admin message user",
    ),
    (Class::Name, Keys::Fields, "event event_type segments tags"),
    // The `type` of an event is an object.
    (Class::Plain, Keys::Fields, "email_status type"),
    (Class::Time, Keys::Fields, "first"),
    (
        Class::Text,
        Keys::Fields,
        "article assign_part attachments data ignored_operations important_part_last message_sender meta \
         notes operations operators part part_last parts reply_last users",
    ),
    (
        Class::Text,
        Keys::Properties,
        "params presence_details props props_custom props_events",
    ),
    (Class::Text, Keys::Ids, "events"),
    (
        Class::Text,
        Keys::Hidden,
        "actions auto_set_settings body_json conversation_sending_filters error_fields filters meta_data row_errors sending_filters source",
    ),
];

/// What the field of this name holds; `None` for one that is not known.
pub(super) fn of_field(name: &str) -> Option<Field> {
    let has = |names: &str| names.split_ascii_whitespace().any(|one| one == name);
    if name.starts_with("include_") {
        return Some(Field::of(Class::Plain));
    }
    let object = OBJECTS.iter().find(|(_, _, names)| has(names));
    if let Some((value, keys, _)) = object {
        return Some(Field {
            value: *value,
            keys: *keys,
        });
    }
    let value = VALUES.iter().find(|(_, names)| has(names));
    value.map(|(class, _)| Field::of(*class))
}

/// What the property of this name holds.
pub(super) fn of_property(name: &str) -> Class {
    match name {
        "$name" | "$first_name" | "$last_name" => Class::Name,
        "$email" => Class::Email,
        "$phone" => Class::Phone,
        // Dates of the system.
        "$last_seen" | "$first_seen" | "$created" => Class::Time,
        _ if name.starts_with("$event_")
            && (name.ends_with("_first") || name.ends_with("_last")) =>
        {
            Class::Time
        }
        _ => Class::Text,
    }
}

/// True for a word of the service, such as `reply_admin`, `Error404` or `application/json`, and for a number.
/// What a person or a generator of keys wrote is hidden even where a word should stand.
pub(super) fn is_plain(text: &str) -> bool {
    let is_number = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.is_empty() || is_number || is_word(text) || matches!(text, "," | ";" | "\t")
}

fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_lower = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_lowercase);
    // As in `CamelCase`.
    let starts_word = |at: usize| is_lower(at + 1) && is_lower(at + 2);
    let mut upper = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| byte.is_ascii_uppercase());
    text.len() <= 40
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-/".contains(byte))
        && bytes.iter().filter(|byte| byte.is_ascii_digit()).count() <= 3
        && upper.all(|(at, _)| starts_word(at))
}

/// True for the name of a property, such as `$name` or `orders_total`.
pub(super) fn is_key(text: &str) -> bool {
    let bare = text.strip_prefix('$').unwrap_or(text);
    !bare.is_empty()
        && !bare.contains(['/', ',', ';', '\t'])
        && is_plain(bare)
        && !bare.starts_with(|first: char| first.is_ascii_digit())
}

/// Words in the place of an id.
pub(super) fn is_word_for_id(text: &str) -> bool {
    matches!(
        text,
        "$self_app"
            | "$self_user"
            | "default_admin"
            | "default_user"
            | "default"
            | "null"
            | "any"
            | "0"
    )
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn sources(folder: &str, texts: &mut Vec<String>) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => sources(path.to_str().unwrap(), texts),
                false => texts.push(fs::read_to_string(path).unwrap()),
            }
        }
    }

    fn word(text: &str) -> &str {
        text.split(|one: char| !one.is_alphanumeric() && one != '_')
            .next()
            .unwrap()
    }

    #[test]
    fn every_field_of_a_model_has_a_class() {
        let mut texts = Vec::new();
        sources("../carrot-types/src/objects", &mut texts);
        let mut names = BTreeSet::new();
        for text in &texts {
            // `kind` is `type` in JSON, and so on.
            let renamed = text
                .lines()
                .filter_map(|line| line.split_once(") = \""))
                .map(|(_, rest)| word(rest));
            names.extend(renamed.map(str::to_owned));
            let fields = text
                .lines()
                .filter_map(|line| line.strip_prefix("    pub "));
            let fields = fields
                .filter_map(|line| line.split_once(": "))
                .map(|(name, _)| name);
            let is_field =
                |name: &&str| word(name) == *name && name.starts_with(char::is_lowercase);
            names.extend(fields.filter(is_field).map(str::to_owned));
        }
        assert!(names.len() > 100, "{names:?}");
        // What has another name in JSON, and the words of enums.
        let other = ["affected", "direction", "ignored", "kind", "not_changed"];
        let without: Vec<&String> = names
            .iter()
            .filter(|name| of_field(name).is_none() && !other.contains(&name.as_str()))
            .collect();
        assert!(without.is_empty(), "{without:?}");
    }

    #[test]
    fn every_parameter_has_a_class() {
        let mut texts = Vec::new();
        sources("../carrot-core/src/operations", &mut texts);
        sources("../carrot-core/src/endpoint", &mut texts);
        let kinds = [
            "text",
            "line",
            "flag",
            "optional_flag",
            "number",
            "id",
            "random_id",
            "json",
        ];
        let mut count = 0;
        for text in &texts {
            let production = text.split("#[cfg(test)]").next().unwrap();
            let code = production
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            let production = code.collect::<Vec<_>>().join("\n");
            for kind in kinds {
                for rest in production.split(&format!("parameters.{kind}(\"")).skip(1) {
                    count += 1;
                    assert!(of_field(word(rest)).is_some(), "{}", word(rest));
                }
            }
        }
        assert!(count > 40, "{count}");
    }

    #[test]
    fn no_name_has_two_classes() {
        let values = VALUES.iter().map(|(_, names)| *names);
        let all: Vec<&str> = values
            .chain(OBJECTS.iter().map(|(_, _, names)| *names))
            .collect();
        let all = all.join(" ");
        let mut names: Vec<&str> = all.split_ascii_whitespace().collect();
        names.sort_unstable();
        let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}
