use carrot_core::{
    apps::{self, AssigneeFilter, ChannelFilter, SortOrder},
    endpoint::{ChannelField, Paging, UserField},
    types::{AssistantType, ChannelId, Filter},
};

use super::{ADMIN, CONVERSATION_FIELDS, Operation, fields, operation, paged, position};

pub(super) fn all() -> Vec<Operation> {
    let user_fields = [
        ("field `props`", UserField::Props),
        ("field `props_custom`", UserField::PropsCustom),
        ("field `props_events`", UserField::PropsEvents),
        ("field `email_status`", UserField::EmailStatus),
        ("field `presence`", UserField::Presence),
        ("field `presence_details`", UserField::PresenceDetails),
        ("field `segments`", UserField::Segments),
        ("field `notes`", UserField::Notes),
        ("field `tags`", UserField::Tags),
        ("field `events`", UserField::Events),
        ("field `timezone_offset`", UserField::TimezoneOffset),
    ];
    let active_users = || apps::ActiveUsers::new();
    let mut active_users_cases = vec![("no option", active_users())];
    active_users_cases.extend(fields(
        &active_users(),
        &user_fields,
        apps::ActiveUsers::include,
        apps::ActiveUsers::exclude,
    ));
    active_users_cases.extend(paged(&active_users(), apps::ActiveUsers::page));
    active_users_cases.push((
        "every option of v2",
        user_fields
            .iter()
            .fold(active_users(), |all, (_, field)| all.include(*field))
            .page(Paging::new().size(1).starting_at(position())),
    ));

    let channel_fields = [
        ("field `auto_set`", ChannelField::AutoSet),
        ("field `auto_set_settings`", ChannelField::AutoSetSettings),
        ("field `droppable`", ChannelField::Droppable),
        ("field `not_assigned_count`", ChannelField::NotAssignedCount),
        ("field `not_read_count`", ChannelField::NotReadCount),
        ("field `operators`", ChannelField::Operators),
        ("field `priority`", ChannelField::Priority),
    ];
    let channels = || apps::Channels::new();
    let mut channels_cases = vec![("no option", channels())];
    channels_cases.extend(fields(
        &channels(),
        &channel_fields,
        apps::Channels::include,
        apps::Channels::exclude,
    ));
    channels_cases.push((
        "every option",
        channel_fields
            .iter()
            .fold(channels(), |all, (_, field)| all.exclude(*field)),
    ));

    let list = || apps::Conversations::new();
    let mut conversations_cases = vec![
        ("no option", list()),
        ("closed", list().closed(true)),
        ("open", list().closed(false)),
        ("answered", list().answered(true)),
        ("not answered", list().answered(false)),
        ("delayed", list().delayed(true)),
        ("not delayed", list().delayed(false)),
        (
            "assigned to anybody or nobody",
            list().assigned(AssigneeFilter::Any),
        ),
        (
            "assigned to nobody",
            list().assigned(AssigneeFilter::Unassigned),
        ),
        (
            "assigned to an operator",
            list().assigned(AssigneeFilter::Admin(ADMIN)),
        ),
        (
            "assigned to an operator or nobody",
            list().assigned(AssigneeFilter::AdminOrUnassigned(ADMIN)),
        ),
        ("one tag", list().tag("vip")),
        ("two tags", list().tag("vip").tag("срочно \"1\"")),
        ("without tags", list().without_tags()),
        ("without tags, and a tag", list().without_tags().tag("vip")),
        ("a channel", list().channel(ChannelId::new(5))),
        ("no channel", list().channel(ChannelFilter::None)),
        (
            "an assistant",
            list().assistant_type(AssistantType::WidgetBot),
        ),
    ];
    conversations_cases.extend(fields(
        &list(),
        &CONVERSATION_FIELDS,
        apps::Conversations::include,
        apps::Conversations::exclude,
    ));
    conversations_cases.extend(paged(&list(), apps::Conversations::page));
    conversations_cases.push((
        "every option of v2",
        CONVERSATION_FIELDS
            .iter()
            .fold(list(), |all, (_, field)| all.include(*field))
            .closed(false)
            .answered(false)
            .delayed(false)
            .assigned(AssigneeFilter::Any)
            .tag("vip")
            .channel(ChannelId::new(5))
            .assistant_type(AssistantType::LeadBot)
            .page(Paging::new().size(50).starting_at(position())),
    ));

    let leads = || apps::Leads::new();
    let two_filters =
        || Filter::known("$email").or(Filter::text_contains("город", "Тверь & \"Ко\""));
    let mut leads_cases = vec![
        ("no option", leads()),
        ("one filter", leads().filter(Filter::known("$email"))),
        ("two filters", leads().filter(two_filters())),
        ("sorted by a property", leads().sort_by("$last_seen")),
        ("ascending", leads().sort_order(SortOrder::Ascending)),
        ("descending", leads().sort_order(SortOrder::Descending)),
        ("properties as text", leads().props_as_text()),
        ("limit 50", leads().page(Paging::new().size(50))),
        (
            "offset 100",
            leads().page(carrot_core::types::Cursor::offset(100)),
        ),
    ];
    leads_cases.extend(paged(&leads(), apps::Leads::page));
    leads_cases.push((
        "every option",
        leads()
            .filter(two_filters())
            .sort_by("город")
            .sort_order(SortOrder::Ascending)
            .props_as_text()
            .page(
                Paging::new()
                    .size(50)
                    .starting_at(carrot_core::types::Cursor::offset(100)),
            ),
    ));

    vec![
        operation(&active_users_cases),
        operation(&channels_cases),
        operation(&conversations_cases),
        operation(&leads_cases),
    ]
}
