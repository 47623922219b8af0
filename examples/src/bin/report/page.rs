//! The report as one page of HTML with its charts inside: it loads nothing.

use std::fmt::Write;

use carrot_examples::status_line::{counted, for_people};

use crate::stats::{Stats, median};

const STYLE: &str = "body{font:16px system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#1e2430}\
table{border-collapse:collapse}td,th{padding:.3rem .8rem;text-align:left;border-bottom:1px solid #d8dee9}\
svg{width:100%;height:auto;font-size:12px}.with{fill:#5e81ac}.without{fill:#bf616a}";

/// The page.
pub(crate) fn page(title: &str, stats: &Stats) -> String {
    let title = escaped(title);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\n\
         <style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n<p>{}</p>\n",
        escaped(&summary(stats))
    );
    html.push_str("<h2>Time to a response, by operator</h2>\n");
    html.push_str(&operators(stats));
    html.push_str("<h2>Questions by hour, in UTC</h2>\n");
    html.push_str(&hours(&stats.by_hour()));
    html.push_str("<h2>Without a response</h2>\n<table>\n");
    for waiting in &stats.waiting {
        let (customer, text) = (escaped(&waiting.customer), escaped(&waiting.text));
        let id = waiting.conversation;
        let _ = writeln!(
            html,
            "<tr><td>{id}</td><td>{customer}</td><td>{text}</td></tr>"
        );
    }
    html.push_str("</table>\n</body></html>\n");
    html
}

/// One line for both forms of the report.
pub(crate) fn summary(stats: &Stats) -> String {
    let times: Vec<_> = stats.responses.iter().map(|one| one.time).collect();
    format!(
        "{}: {}, half of them after {} at most; without a response: {}.",
        counted(stats.conversations, "conversation"),
        counted(times.len(), "response"),
        for_people(median(&times)),
        stats.waiting.len()
    )
}

/// A bar for each operator, as long as the median.
fn operators(stats: &Stats) -> String {
    let rows = stats.by_operator();
    let longest = rows.iter().map(|(_, times)| median(times).as_secs()).max();
    let longest = longest.unwrap_or(0).max(1);
    let height = 28 * rows.len() + 4;
    let mut svg = format!("<svg viewBox=\"0 0 640 {height}\" role=\"img\">\n");
    for (index, (name, times)) in rows.iter().enumerate() {
        let (top, median) = (28 * index, median(times));
        let width = median.as_secs() * 300 / longest;
        let _ = writeln!(
            svg,
            "<text x=\"0\" y=\"{}\">{}</text><rect class=\"with\" x=\"150\" y=\"{top}\" width=\"{width}\" height=\"22\"/>\
             <text x=\"{}\" y=\"{}\">{}, {}</text>",
            top + 16,
            escaped(name),
            158 + width,
            top + 16,
            for_people(median),
            counted(times.len(), "response")
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// A column for each hour: with a response below, without above.
fn hours(hours: &[(usize, usize); 24]) -> String {
    let most = hours.iter().map(|(with, without)| with + without).max();
    let most = most.unwrap_or(0).max(1);
    let mut svg = "<svg viewBox=\"0 0 640 150\" role=\"img\">\n".to_owned();
    for (hour, (with, without)) in hours.iter().enumerate() {
        let left = 26 * hour + 8;
        let (low, high) = (with * 110 / most, without * 110 / most);
        let (low_top, high_top) = (125 - low, 125 - low - high);
        let _ = writeln!(
            svg,
            "<rect class=\"with\" x=\"{left}\" y=\"{low_top}\" width=\"20\" height=\"{low}\"/>\
             <rect class=\"without\" x=\"{left}\" y=\"{high_top}\" width=\"20\" height=\"{high}\"/>\
             <text x=\"{}\" y=\"142\">{hour}</text>",
            left + 3
        );
    }
    svg.push_str("</svg>\n<p>Blue: with a response. Red: without.</p>\n");
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use carrot_hyper::types::{ConversationId, Timestamp};

    use super::*;
    use crate::stats::{Response, Waiting};

    #[test]
    fn the_page_loads_nothing_and_escapes_all() {
        let evil = "<script>alert(\"1\")</script>&";
        let stats = Stats {
            conversations: 2,
            responses: vec![Response {
                operator: evil.to_owned(),
                hour: 9,
                time: Duration::from_secs(600),
            }],
            waiting: vec![Waiting {
                conversation: ConversationId::new(7),
                customer: evil.to_owned(),
                since: Timestamp::from_seconds(0),
                text: evil.to_owned(),
            }],
        };
        let page = page(evil, &stats);
        for forbidden in ["<script", "http", "src=", "href="] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert_eq!(page.matches("&lt;script&gt;").count(), 5);
        assert!(page.contains(">10 min, 1 response<"), "{page}");
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    }
}
