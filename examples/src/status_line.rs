//! StatusLine on stderr: one line that changes on a terminal, a line now and then elsewhere.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
    time::Duration,
};

const WIDTH: u64 = 24;

/// How far some work is, by the number of its steps.
#[derive(Debug)]
pub struct StatusLine {
    total: Option<u64>,
    done: u64,
    /// The quarters of the work that were printed, where stderr is not a terminal.
    printed: u64,
    is_terminal: bool,
}

impl StatusLine {
    /// Of this many steps; `None` where nobody knows.
    #[must_use]
    pub fn new(total: Option<u64>) -> Self {
        let is_terminal = io::stderr().is_terminal();
        Self {
            total,
            done: 0,
            printed: 0,
            is_terminal,
        }
    }

    /// One more step is done.
    pub fn step(&mut self, what: impl Display) {
        self.advance(1, what);
    }

    /// Some more steps are done.
    pub fn advance(&mut self, steps: u64, what: impl Display) {
        self.done += steps;
        // A status that cannot be printed does not stop the work.
        let _ = match self.is_terminal {
            true => write!(io::stderr(), "\r\x1b[K{} {what}", self.bar()),
            false => self.print_quarter(what),
        };
    }

    /// Ends the line that changes.
    pub fn finish(self) {
        if self.is_terminal && self.done > 0 {
            let _ = writeln!(io::stderr());
        }
    }

    fn bar(&self) -> String {
        let Some(total) = self.total.filter(|total| *total > 0) else {
            return format!("{}", self.done);
        };
        let filled = (self.done.min(total) * WIDTH / total) as usize;
        let empty = WIDTH as usize - filled;
        format!(
            "[{}{}] {}/{total}",
            "#".repeat(filled),
            "-".repeat(empty),
            self.done
        )
    }

    fn print_quarter(&mut self, what: impl Display) -> io::Result<()> {
        let total = self.total.filter(|total| *total > 0).unwrap_or(100);
        let quarter = self.done * 4 / total;
        if quarter <= self.printed {
            return Ok(());
        }
        self.printed = quarter;
        writeln!(io::stderr(), "{} {what}", self.bar())
    }
}

/// A number with its noun: `1 request`, `2 requests`.
#[must_use]
pub fn counted(number: impl Display, noun: &str) -> String {
    match number.to_string() {
        one if one == "1" => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// How long this many requests take at least: 60 a minute, of which the first minute's come at once.
#[must_use]
pub fn least_time(requests: u64) -> Duration {
    Duration::from_secs(requests.saturating_sub(1) / 60 * 60)
}

/// A duration for people: `3 min`, `2 h 10 min`, `under a minute`.
#[must_use]
pub fn for_people(duration: Duration) -> String {
    let minutes = duration.as_secs().div_ceil(60);
    match (minutes / 60, minutes % 60) {
        (0, 0) => "under a minute".to_owned(),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        let counts = [0, 1, 2, 21].map(|number| counted(number, "row"));
        assert_eq!(counts, ["0 rows", "1 row", "2 rows", "21 rows"]);
    }
}
