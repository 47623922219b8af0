use super::failure::Failure;

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) line: String,
    /// In their order, the names in small letters.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn read(request: &[u8]) -> Result<Self, Failure> {
        let end = request.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) = match end {
            Some(end) => request.split_at(end),
            None => return Err(Failure::new("the server read a request without an end")),
        };
        let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let line = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
        let headers = lines.map(|line| {
            let colon = line
                .iter()
                .position(|byte| *byte == b':')
                .unwrap_or(line.len());
            let (name, value) = line.split_at(colon);
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            (
                name,
                value.get(1..).unwrap_or_default().trim_ascii().to_vec(),
            )
        });
        Ok(Self {
            line,
            headers: headers.collect(),
            body: body.get(4..).unwrap_or_default().to_vec(),
        })
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&[u8]> {
        let named = self.headers.iter().filter(|(other, _)| other == name);
        named.map(|(_, value)| value.as_slice()).collect()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(name, _)| name.as_str())
    }
}
