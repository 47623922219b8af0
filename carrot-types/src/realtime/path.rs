use std::collections::HashSet;

use super::RealtimeChannel;
use crate::{
    InvalidValue,
    serde_util::{digits::parse_digits, limit},
};

/// The host of the realtime service of Carrot quest.
///
/// Source: <https://developers.carrotquest.io/rts/>
pub const HOST_CARROT_QUEST: &str = "realtime-services.carrotquest.io";

/// The host of the realtime service of Dashly.
///
/// Source: <https://developers.dashly.io/rts>
pub const HOST_DASHLY: &str = "realtime-services.dashly.app";

/// The greatest number of channels of one connection: 50.
///
/// Source: <https://developers.carrotquest.io/rts/>
pub const MAX_CHANNELS: usize = 50;

const FIELD: &str = "realtime channel";

/// The path to open a WebSocket at, with the channels in their order. The service replays stored messages in
/// this order, so [`RealtimeChannel::Ping`] belongs last; see the [module](super).
///
/// # Errors
///
/// There is no channel, more than 50, or one twice; an id is zero; or the name of an unknown channel is empty,
/// `.` or `..`, ends with `.b` and digits, or has other characters than ASCII letters, digits, `-`, `.`, `_` and `~`.
pub fn websocket_path<'a>(
    channels: impl IntoIterator<Item = &'a RealtimeChannel>,
) -> Result<String, InvalidValue> {
    path("/websocket", channels)
}

/// The path of a long poll, with the channels in their order. A response comes when there is a message, or
/// with status 304 after 25 seconds without one.
///
/// Source: <https://developers.carrotquest.io/rts/>
///
/// # Errors
///
/// Those of [`websocket_path`].
pub fn longpoll_path<'a>(
    channels: impl IntoIterator<Item = &'a RealtimeChannel>,
) -> Result<String, InvalidValue> {
    path("/longpoll", channels)
}

fn path<'a>(
    start: &str,
    channels: impl IntoIterator<Item = &'a RealtimeChannel>,
) -> Result<String, InvalidValue> {
    let channels: Vec<&RealtimeChannel> = channels.into_iter().collect();
    if channels.is_empty() {
        return Err(InvalidValue::new("realtime channels", "must not be empty"));
    }
    limit::at_most(
        "realtime channels",
        MAX_CHANNELS,
        "channels",
        channels.len(),
    )?;
    // The server software that the vendor names sends every message of a repeated channel twice.
    let mut seen = HashSet::new();
    if !channels.iter().all(|channel| seen.insert(*channel)) {
        return Err(InvalidValue::new(
            "realtime channels",
            "must not repeat a channel",
        ));
    }
    let mut path = start.to_owned();
    for channel in channels {
        path.push('/');
        path.push_str(&segment(channel)?);
    }
    Ok(path)
}

fn segment(channel: &RealtimeChannel) -> Result<String, InvalidValue> {
    if channel.ids().contains(&0) {
        return Err(InvalidValue::new(FIELD, "must not have an id of zero"));
    }
    let name = channel.to_string();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if name.is_empty() || name == "." || name == ".." || !name.bytes().all(is_plain) {
        return Err(InvalidValue::new(
            FIELD,
            "must be ASCII letters, digits, `-`, `.`, `_` and `~`, and neither `.` nor `..`",
        ));
    }
    // There, `name.b3` asks for the last three messages again, and overrides the position.
    let last = name.rsplit('.').next().unwrap_or_default();
    if last
        .strip_prefix('b')
        .is_some_and(|count| parse_digits(count).is_some())
    {
        return Err(InvalidValue::new(
            FIELD,
            "must not end with `.b` and digits",
        ));
    }
    Ok(name)
}
