use std::collections::BTreeSet;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use regex_lite::Regex;

const REDACTED: &str = "[redacted]";
/// A shorter one is not a secret, and would tear the text apart.
const SHORTEST: usize = 6;

/// Tokens that came with requests, to be taken out of texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets {
    /// Each in the usual forms.
    forms: BTreeSet<String>,
    /// Each with any of its characters percent-encoded, however often.
    encoded: Vec<Regex>,
}

impl Secrets {
    /// Adds the tokens of a request.
    pub(crate) fn add(&mut self, tokens: Vec<String>) {
        for token in tokens {
            if token.len() < SHORTEST || self.forms.contains(&token) {
                continue;
            }
            let decoded = percent_decode_str(&token).decode_utf8_lossy().into_owned();
            for token in [token, decoded] {
                let percent = utf8_percent_encode(&token, NON_ALPHANUMERIC).to_string();
                let form: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
                // As it stands in quotes, and as it stands in a path or a query.
                let quoted = token.escape_debug().to_string();
                let forms = [
                    quoted,
                    percent.to_lowercase(),
                    percent,
                    form.to_lowercase(),
                    form,
                ];
                self.forms.extend(forms);
                self.encoded.extend(in_percent(&token));
                self.forms.insert(token);
            }
        }
    }

    /// Takes the tokens out of a text, wherever they got there.
    pub(crate) fn redact(&self, text: &str) -> String {
        // The longest first, since one may be a part of another.
        let mut secrets: Vec<&String> = self.forms.iter().collect();
        secrets.sort_by_key(|secret| usize::MAX - secret.len());
        let redact = |text: String, secret: &&String| match text.contains(secret.as_str()) {
            true => text.replace(secret.as_str(), REDACTED),
            false => text,
        };
        let text = secrets.iter().fold(text.to_owned(), redact);
        if !text.contains('%') {
            return text;
        }
        let redact =
            |text: String, secret: &Regex| secret.replace_all(&text, REDACTED).into_owned();
        self.encoded.iter().fold(text, redact)
    }
}

/// Finds a token in which any character may be percent-encoded; `%2E`, `%2e` and `%252e` are a dot.
fn in_percent(token: &str) -> Option<Regex> {
    let characters = token.chars().map(|character| {
        let bytes = character.to_string().into_bytes();
        let bytes = bytes.iter().map(|byte| format!("%(?:25)*(?i:{byte:02x})"));
        let plain = regex_lite::escape(&character.to_string());
        format!("(?:{plain}|{})", bytes.collect::<String>())
    });
    // A token that is too long for it keeps its usual forms.
    Regex::new(&characters.collect::<String>()).ok()
}
