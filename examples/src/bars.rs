//! A chart of horizontal bars as SVG, the same bytes each time: the pictures of the documentation.

use std::fmt::Write;

/// The width of the longest bar.
const LONGEST: u64 = 360;
/// Blue, red and grey, which people tell apart who do not see colours.
const COLORS: [&str; 3] = ["#5e81ac", "#b03030", "#c8ced8"];

/// A bar of up to three parts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Bar {
    label: String,
    parts: Vec<u64>,
    text: String,
}

impl Bar {
    /// A bar with a label before it and a text after it.
    pub fn new(label: impl Into<String>, parts: &[u64], text: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            parts: parts.to_vec(),
            text: text.into(),
        }
    }
}

/// Draws the bars, the longest over the whole width. `names` says what each part of a bar is; none for bars of one
/// part.
#[must_use]
pub fn bars(title: &str, names: &[&str], bars: &[Bar]) -> String {
    let longest = bars.iter().map(|bar| bar.parts.iter().sum::<u64>()).max();
    let longest = longest.unwrap_or(0).max(1);
    let top = if names.is_empty() { 40 } else { 64 };
    let height = top + 28 * bars.len() + 8;
    // A background of its own, for light and dark pages.
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 {height}\" font-family=\"monospace\" \
         font-size=\"12\">\n<rect width=\"800\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"16\" y=\"24\">{}</text>\n",
        escaped(title)
    );
    let mut left = 16;
    for (name, color) in names.iter().zip(COLORS) {
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"38\" width=\"12\" height=\"12\" fill=\"{color}\"/><text x=\"{}\" y=\"48\">{}</text>",
            left + 18,
            escaped(name)
        );
        left += 40 + 8 * name.chars().count();
    }
    for (index, bar) in bars.iter().enumerate() {
        let y = top + 28 * index;
        let _ = write!(
            svg,
            "<text x=\"16\" y=\"{}\">{}</text>",
            y + 15,
            escaped(&bar.label)
        );
        let mut x = 210;
        for (part, color) in bar.parts.iter().zip(COLORS) {
            // What is there at all can be seen.
            let width = (part * LONGEST / longest).max(u64::from(*part > 0));
            let _ = write!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"20\" fill=\"{color}\"/>"
            );
            x += width;
        }
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\">{}</text>",
            x + 8,
            y + 15,
            escaped(&bar.text)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
