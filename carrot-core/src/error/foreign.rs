//! Bodies that the service does not send: its responses are JSON, so something on the way responded or changed them.

use carrot_types::json;
use serde::de::IgnoredAny;

/// What a body is that is not JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Foreign {
    Html,
    Markup,
    Compressed,
    Text,
}

impl Foreign {
    /// Returns `None` for JSON, well-formed or not, and for an empty body.
    pub(super) fn of(body: &[u8]) -> Option<Self> {
        const PREFIX: usize = 512;
        const GZIP: &[u8] = &[0x1f, 0x8b];
        const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
        if body.starts_with(GZIP) || body.starts_with(ZSTD) {
            return Some(Self::Compressed);
        }
        let start =
            String::from_utf8_lossy(body.get(..PREFIX).unwrap_or(body)).to_ascii_lowercase();
        let start =
            start.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\0' | '\u{feff}'));
        match start.chars().next()? {
            '<' if start.contains("<html") || start.starts_with("<!doctype html") => {
                Some(Self::Html)
            }
            '<' => Some(Self::Markup),
            '{' | '[' | '"' => None,
            // A name or a number.
            _ if json::read::<IgnoredAny>(body).is_ok() => None,
            _ => Some(Self::Text),
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Html => "an HTML page",
            Self::Markup => "an HTML or XML text",
            Self::Compressed => "a compressed body",
            Self::Text => "a text that is not JSON",
        }
    }

    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Compressed => {
                "something on the way compresses without being asked: let the transport ask for gzip and undo \
                 it, or turn it off there"
            }
            _ => "a proxy or gateway sent it; check the base URL and the network",
        }
    }
}
