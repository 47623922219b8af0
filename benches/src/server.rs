//! A server in the process that reports, so that none of its work is counted.

mod http2;

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use crate::{
    bodies::{Language, error},
    peers::{MISSING, THROTTLED},
    socket,
};

/// The responses, ready to be written.
struct Responses {
    conversation: Vec<u8>,
    page: Vec<u8>,
    part: Vec<u8>,
    /// The payload of a realtime message.
    payload: String,
    missing: Vec<u8>,
    throttled: Vec<u8>,
}

/// The servers of this process, as [`work`](crate::peers::work) names them.
pub(crate) struct Servers {
    english: String,
    russian: String,
    http2: String,
}

impl Servers {
    pub(crate) fn start() -> io::Result<Self> {
        Ok(Self {
            english: start(Language::English)?,
            russian: start(Language::Russian)?,
            http2: http2::start()?,
        })
    }

    pub(crate) fn of_row(&self, row: &str) -> &str {
        match Language::of_row(row) {
            (_, Language::Russian) => &self.russian,
            (row, _) if row.ends_with("-h2") => &self.http2,
            _ => &self.english,
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if let Some((_, certificate)) = self.http2.split_once(',') {
            let _ = fs::remove_file(certificate);
        }
    }
}

/// Serves the bodies of this language on a port of this machine, until the process ends.
fn start(language: Language) -> io::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let responses = Arc::new(Responses {
        conversation: response("200 OK", &language.conversation()),
        page: response("200 OK", &language.page()),
        part: response("200 OK", &language.part()),
        missing: response("404 Not Found", &error(404, "NotFound")),
        throttled: response("429 Too Many Requests", &error(429, "TooManyRequests")),
        payload: language.part_record().to_string(),
    });
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let responses = Arc::clone(&responses);
            // The client closes the connection in the end.
            thread::spawn(move || drop(respond(stream, &responses)));
        }
    });
    Ok(address.to_string())
}

fn response(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = "server: nginx\r\ndate: Thu, 26 Nov 2026 05:00:00 GMT\r\n\
                content-type: application/json; charset=utf-8\r\nconnection: keep-alive\r\n";
    format!("HTTP/1.1 {status}\r\n{head}content-length: {length}\r\n\r\n{body}").into_bytes()
}

fn respond(stream: TcpStream, responses: &Responses) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    let mut line = String::new();
    let mut throttles = false;
    let [missing, throttled] = [MISSING, THROTTLED].map(|id| format!("/{id}"));
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.starts_with("GET /websocket/") {
            return socket::stream(&mut reader, stream, &responses.payload);
        }
        let response = match line.split(' ').nth(1) {
            Some(path) if path.ends_with("/reply") => &responses.part,
            Some(path) if path.ends_with(&missing) => &responses.missing,
            Some(path) if path.ends_with(&throttled) => {
                // Every second one.
                throttles = !throttles;
                match throttles {
                    true => &responses.throttled,
                    false => &responses.conversation,
                }
            }
            Some(path) if path.contains("/conversations/") => &responses.conversation,
            _ => &responses.page,
        };
        let mut length = 0;
        while line.trim_end() != "" {
            line.clear();
            reader.read_line(&mut line)?;
            if let Some((name, value)) = line.split_once(':') {
                if name.eq_ignore_ascii_case("content-length") {
                    length = value.trim().parse().unwrap_or_default();
                }
            }
        }
        io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
        stream.write_all(response)?;
    }
}
