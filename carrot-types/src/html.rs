//! Plain text of the HTML in which messages of the site come.

/// Returns the text of an HTML body: line breaks for `<br>` and the ends of blocks, a link as its text with
/// the address after it, entities as their characters. The content of `script` and `style` is left out.
///
/// A converter for messages, not a sanitizer: the result is text, and must be escaped where it goes into a
/// page again.
///
/// ```
/// use carrot_types::plain_text;
///
/// let html = r#"Hi &amp; <b>welcome</b><br>See <a href="https://example.com/a">the guide</a><script>x()</script>"#;
/// assert_eq!(plain_text(html), "Hi & welcome\nSee the guide (https://example.com/a)");
/// ```
#[must_use]
pub fn plain_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut link: Option<(String, usize)> = None;
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((character, length)) = entity(rest) {
            text.push(character);
            rest = &rest[length..];
            continue;
        }
        let Some((name, tag, length)) = tag(rest) else {
            // A character that stands for itself; both are one byte long.
            text.push_str(&rest[..1]);
            rest = &rest[1..];
            continue;
        };
        rest = &rest[length..];
        match name.as_str() {
            "script" | "style" => rest = after_end(rest, &name),
            "br" | "/p" | "/div" | "/li" | "/tr" | "/h1" | "/h2" | "/h3" => text.push('\n'),
            "a" => link = href(tag).map(|address| (address, text.len())),
            "/a" => {
                let ended = link
                    .take()
                    .filter(|(address, start)| text[*start..] != **address);
                if let Some((address, _)) = ended {
                    text.extend([" (", &address, ")"]);
                }
            }
            _ => {}
        }
    }
    text.push_str(rest);
    text.trim_end().to_owned()
}

/// The character of the entity at the start, and the length of the entity.
fn entity(html: &str) -> Option<(char, usize)> {
    let rest = html.strip_prefix('&')?;
    let name = &rest[..rest.find(';').filter(|end| *end <= 8)?];
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)?
        }
    };
    Some((character, name.len() + 2))
}

/// The name of the tag at the start in lower case, its text, and its length.
fn tag(html: &str) -> Option<(String, &str, usize)> {
    let rest = html.strip_prefix('<')?;
    if !rest.starts_with(|first: char| first.is_ascii_alphabetic() || "/!".contains(first)) {
        return None;
    }
    let end = rest.find('>')?;
    let tag = &rest[..end];
    let name = tag
        .split([' ', '\t', '\n', '\r'])
        .next()
        .unwrap_or_default();
    let name = name
        .strip_suffix('/')
        .filter(|name| !name.is_empty())
        .unwrap_or(name);
    Some((name.to_ascii_lowercase(), tag, end + 2))
}

/// The address of a link, where it is one that a person can follow.
fn href(tag: &str) -> Option<String> {
    let at = tag.to_ascii_lowercase().find("href=")? + "href=".len();
    let value = &tag[at..];
    let quote = value.chars().next().filter(|quote| "\"'".contains(*quote));
    let address = match quote {
        Some(quote) => value[1..].split(quote).next(),
        None => value.split(' ').next(),
    }?;
    let address = address.replace("&amp;", "&");
    ["http:", "https:", "mailto:", "tel:"]
        .iter()
        .any(|scheme| address.starts_with(scheme))
        .then_some(address)
}

/// What follows the end of an element whose content is not text; nothing where it never ends.
fn after_end<'a>(html: &'a str, name: &str) -> &'a str {
    let lower = html.to_ascii_lowercase();
    let end = lower.find(&format!("</{name}"));
    let end = end.and_then(|at| Some(at + lower[at..].find('>')? + 1));
    end.map_or("", |at| &html[at..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::plain_text;

    #[test]
    fn html_becomes_readable_text() {
        for (html, text) in [
            ("a<br/>b<BR >c", "a\nb\nc"),
            ("<p>one</p><p>two</p>", "one\ntwo"),
            (
                "1 < 2 & 3 > 2; &copy &#8364;&#x41;",
                "1 < 2 & 3 > 2; &copy €A",
            ),
            ("&amp;lt;b&gt;", "&lt;b>"),
            (
                r#"<a href="https://e.com">https://e.com</a>"#,
                "https://e.com",
            ),
            (r#"<a href='javascript:x()'>go</a>"#, "go"),
            ("a<SCRIPT>alert('<b>')</script >b<style>", "ab"),
            ("a<script>never ends", "a"),
            ("open <b", "open <b"),
            ("", ""),
        ] {
            assert_eq!(plain_text(html), text, "{html}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_converted_without_a_panic(html in "(<|>|&|;|#|a|/|script|href=|\"|ж|\\PC){0,30}") {
            let text = plain_text(&html);
            prop_assert!(!text.to_ascii_lowercase().contains("<script>") || html.contains("&"));
        }
    }
}
