//! Plain text of the HTML in which messages of the site come.

/// Returns the text of an HTML body: line breaks for `<br>` and around blocks, a tab between cells, a link as its
/// text with the address after it, entities as their characters. The content of `script` and `style` is left out.
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
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some(tag) = Tag::read(rest) else {
            // A character that stands for itself; both are one byte long.
            text.push_str(&rest[..1]);
            rest = &rest[1..];
            continue;
        };
        rest = tag.after;
        match tag.name.as_str() {
            "script" | "style" => rest = after_end(rest, &tag.name),
            "br" | "hr" => text.push('\n'),
            "a" => link = tag.href().map(|address| (address, text.len())),
            "/a" => {
                let ended = link
                    .take()
                    .filter(|(address, start)| text[*start..] != **address);
                if let Some((address, _)) = ended {
                    text.extend([" (", &address, ")"]);
                }
            }
            "td" | "th" if !is_start_of_line(&text) => text.push('\t'),
            name => {
                let block = name.strip_prefix('/').unwrap_or(name);
                if BLOCKS.contains(&block) && !is_start_of_line(&text) {
                    text.push('\n');
                }
            }
        }
    }
    text.push_str(rest);
    text.trim_end().to_owned()
}

fn is_start_of_line(text: &str) -> bool {
    text.is_empty() || text.ends_with('\n')
}

/// The elements that have lines of their own.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "blockquote",
    "div",
    "dd",
    "dt",
    "figcaption",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "li",
    "p",
    "pre",
    "section",
    "table",
    "tr",
];

/// The named characters that editors of messages write. Others stay as they are.
const NAMED: &[(&str, char)] = &[
    ("amp", '&'),
    ("apos", '\''),
    ("bdquo", '„'),
    ("bull", '•'),
    ("copy", '©'),
    ("deg", '°'),
    ("euro", '€'),
    ("gt", '>'),
    ("hellip", '…'),
    ("laquo", '«'),
    ("ldquo", '“'),
    ("lsquo", '‘'),
    ("lt", '<'),
    ("mdash", '—'),
    ("middot", '·'),
    ("minus", '−'),
    ("nbsp", ' '),
    ("ndash", '–'),
    ("quot", '"'),
    ("raquo", '»'),
    ("rdquo", '”'),
    ("reg", '®'),
    ("rsquo", '’'),
    ("sect", '§'),
    ("shy", '\u{ad}'),
    ("thinsp", '\u{2009}'),
    ("times", '×'),
    ("trade", '™'),
];

/// The character of the entity at the start, and the length of the entity.
fn entity(html: &str) -> Option<(char, usize)> {
    let rest = html.strip_prefix('&')?;
    // No more is searched than the longest name: a text may have thousands of `&`.
    let end = rest.bytes().take(9).position(|byte| byte == b';')?;
    let name = &rest[..end];
    let named = NAMED.iter().find(|(known, _)| *known == name);
    let character = match named {
        Some((_, character)) => *character,
        None => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            match char::from_u32(number.ok()?)? {
                // As in a browser.
                '\0' => char::REPLACEMENT_CHARACTER,
                character => character,
            }
        }
    };
    Some((character, name.len() + 2))
}

/// A tag at the start of some HTML.
struct Tag<'a> {
    /// In lower case, with `/` before it for the end of an element.
    name: String,
    attributes: &'a str,
    /// The HTML after the tag.
    after: &'a str,
}

impl<'a> Tag<'a> {
    fn read(html: &'a str) -> Option<Self> {
        let rest = html.strip_prefix('<')?;
        if !rest.starts_with(|first: char| first.is_ascii_alphabetic() || "/!?".contains(first)) {
            return None;
        }
        let name_end = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| c.is_ascii_whitespace() || "/>".contains(*c));
        let name_end = name_end.map_or(rest.len(), |(at, _)| at);
        let (name, attributes) = rest.split_at(name_end);
        let name = name.to_ascii_lowercase();
        let end = end_of_tag(attributes).or_else(|| attributes.find('>'));
        match end {
            Some(end) => Some(Self {
                name,
                attributes: &attributes[..end],
                after: &attributes[end + 1..],
            }),
            // A script without an end is not text either.
            None if name == "script" || name == "style" => Some(Self {
                name,
                attributes,
                after: "",
            }),
            None => None,
        }
    }

    /// The address of a link, where it is one that a person can follow.
    fn href(&self) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            let end = rest.find(|c: char| c.is_ascii_whitespace() || "=/".contains(c));
            let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
            let value = after.trim_ascii_start().strip_prefix('=');
            let (value, after) = match value {
                Some(value) => attribute_value(value.trim_ascii_start()),
                None => ("", after),
            };
            if name.eq_ignore_ascii_case("href") {
                return followable(value);
            }
            if after.is_empty() {
                return None;
            }
            rest = after;
        }
    }
}

/// Where the `>` is that ends a tag: not one inside of a quoted value.
fn end_of_tag(attributes: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in attributes.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return Some(at),
            (None, _) => {}
        }
    }
    None
}

/// The value at the start, without its quotes, and what comes after it.
fn attribute_value(text: &str) -> (&str, &str) {
    let quote = text.chars().next().filter(|quote| "\"'".contains(*quote));
    match quote {
        Some(quote) => text[1..].split_once(quote).unwrap_or((&text[1..], "")),
        None => {
            let end = text.find(|c: char| c.is_ascii_whitespace());
            text.split_at(end.unwrap_or(text.len()))
        }
    }
}

fn followable(address: &str) -> Option<String> {
    let address = address.trim().replace("&amp;", "&");
    let (scheme, _) = address.split_once(':')?;
    ["http", "https", "mailto", "tel"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
        .then_some(address)
}

/// What follows the end of an element whose content is not text; nothing where it never ends.
fn after_end<'a>(html: &'a str, name: &str) -> &'a str {
    let mut rest = html;
    while let Some(at) = rest.find("</") {
        rest = &rest[at + 2..];
        let found = rest.get(..name.len());
        if found.is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return rest.find('>').map_or("", |end| &rest[end + 1..]);
        }
    }
    ""
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
            ("a<script/x>alert(1)</script>b", "ab"),
            ("a<script/src=x>alert(1)</script>b", "ab"),
            ("a<script\u{c}x>alert(1)</script>b", "ab"),
            ("a<script src=\"x>alert(1)</script>b", "ab"),
            ("a<script alert(1)", "a"),
            (r#"a<img alt="a>b" onerror="x">c"#, "ac"),
            // What editors write.
            (
                "Hi<div>How are you?</div><div><br></div><div>Bye</div>",
                "Hi\nHow are you?\n\nBye",
            ),
            ("<div>a<div>b</div></div>c", "a\nb\nc"),
            ("a<ul><li>b</li><li>c</li></ul>d", "a\nb\nc\nd"),
            (
                "<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table>d",
                "a\tb\nc\nd",
            ),
            ("a&#0;b", "a\u{fffd}b"),
            ("a<!-- b > c -->d<!-- never", "ad"),
            ("<h5>a</h5><blockquote>b</blockquote>c<hr>d", "a\nb\nc\nd"),
            (
                "&laquo;a&raquo; &mdash; b&hellip; &unknown;",
                "«a» — b… &unknown;",
            ),
            (
                r#"<a data-href="x:y" HREF = "HTTPS://e.com/a">go</a>"#,
                "go (HTTPS://e.com/a)",
            ),
            (r#"<a class=b href=tel:7900>call</a>"#, "call (tel:7900)"),
            ("<a title>x</a>", "x"),
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

        /// However the tag is written, what a browser would run is not in the text.
        #[test]
        fn no_script_is_kept(
            before in "[a-z<>\"' ]{0,4}",
            attributes in "([ /\u{c}\n][a-z=/\"'> ]{0,8})?",
        ) {
            let html = format!("{before}<script{attributes}>secret()</script>");
            // A quote that `before` opened inside of a tag swallows the script, as in a browser.
            prop_assume!(!before.contains('<'));
            prop_assert!(!plain_text(&html).contains("secret"), "{html}");
        }
    }
}
