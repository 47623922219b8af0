//! What befalls a request, drawn from a seed: the same seed, call and arrival give the same fault,
//! however the calls are interleaved.

/// What the server does with a request that it has read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Responds.
    None,
    /// Responds some milliseconds later.
    Delay(u64),
    /// Resets the connection.
    Reset,
    /// Resets this connection, and every other one with its next request, which stays unread.
    Restart,
    /// Closes the connection without a byte.
    Close,
    /// Responds with half of the body and closes the connection.
    Truncate,
    /// Sends half of the body and then nothing.
    Stall,
    /// Rejects with status 429.
    Reject,
    /// Responds with status 500, in the service's own form.
    Error500,
    /// Responds with status 502, as a proxy does.
    Error502,
    /// Responds with a body that is not JSON.
    Garbage,
    /// Responds with bytes that are not HTTP.
    NoHttp,
    /// Responds with a text where a number belongs.
    Misread,
}

/// Each fault and how often it is drawn among 1000.
const FAULTS: [(Fault, u32); 11] = [
    (Fault::Restart, 2),
    (Fault::Reset, 30),
    (Fault::Close, 15),
    (Fault::Truncate, 20),
    (Fault::Stall, 5),
    (Fault::Reject, 25),
    (Fault::Error500, 20),
    (Fault::Error502, 10),
    (Fault::Garbage, 10),
    (Fault::NoHttp, 5),
    (Fault::Misread, 10),
];

/// What the server does with a request over HTTP/2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameFault {
    /// What both versions of HTTP have.
    Both(Fault),
    /// Resets the stream instead of a response, with this code.
    Reset(u32),
    /// Resets the stream in the body, with this code.
    ResetInBody(u32),
    /// Says that it goes away, and that this stream is not processed, though earlier ones are.
    GoAwayBelow,
    /// Says that it goes away, with this code, after this stream, which gets no response.
    GoAwayAbove(u32),
    /// Says that it goes away, and responds.
    GoAwayGently,
    /// Closes the connection in the middle of a frame.
    HalfFrame,
    /// Never lets the client send more than the start of a body, and never responds.
    StalledWindow,
    /// Responds with a body of many large frames.
    LargeData,
    /// Responds with a frame for each byte, and empty ones.
    TinyData,
}

/// The code of a stream that was not processed.
pub(crate) const REFUSED_STREAM: u32 = 7;

/// Each fault of frames and how often it is drawn among 1000. The codes are those of RFC 9113, section 7.
const FRAMES: [(FrameFault, u32); 16] = [
    (FrameFault::StalledWindow, 5),
    // No error, one of the protocol, an internal one, a rejected stream, a cancelled one, too much of all.
    (FrameFault::Reset(0), 5),
    (FrameFault::Reset(1), 5),
    (FrameFault::Reset(2), 15),
    (FrameFault::Reset(REFUSED_STREAM), 30),
    (FrameFault::Reset(8), 10),
    (FrameFault::Reset(11), 5),
    (FrameFault::ResetInBody(REFUSED_STREAM), 10),
    (FrameFault::ResetInBody(8), 10),
    (FrameFault::GoAwayBelow, 20),
    (FrameFault::GoAwayAbove(0), 10),
    (FrameFault::GoAwayAbove(REFUSED_STREAM), 10),
    (FrameFault::GoAwayGently, 10),
    (FrameFault::HalfFrame, 10),
    (FrameFault::LargeData, 10),
    (FrameFault::TinyData, 30),
];

/// What a proxy does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tunnel {
    Open,
    /// Resets the connection before a byte is sent.
    Reset,
    /// Asks for credentials, with status 407.
    Reject,
    /// Cannot reach the server, with status 502.
    Error502,
    /// Responds with bytes that are not HTTP.
    NoHttp,
}

/// Each fault of a proxy and how often it is drawn among 1000.
const TUNNELS: [(Tunnel, u32); 4] = [
    (Tunnel::Reset, 20),
    (Tunnel::Reject, 10),
    (Tunnel::Error502, 20),
    (Tunnel::NoHttp, 10),
];

/// The number of requests per 1000 with a late response.
const DELAYED: u32 = 40;

/// How many connections of 1000 are reset before a byte is read.
const RESET_UNREAD: u32 = 20;

/// How often one call can arrive: once for each attempt.
pub(crate) const ATTEMPTS: u32 = 3;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    seed: u64,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// `arrival` counts the requests of one call, from 1.
    pub(crate) fn fault(self, call: u32, arrival: u32) -> Fault {
        let mut random = self.random(u64::from(call) << 8 | u64::from(arrival));
        match drawn(&FAULTS, &mut random) {
            Ok(fault) => fault,
            Err(rest) if rest < DELAYED => Fault::Delay(random.u64(1..=5)),
            Err(_) => Fault::None,
        }
    }

    /// Over HTTP/2.
    pub(crate) fn frame_fault(self, call: u32, arrival: u32) -> FrameFault {
        let mut random = self.random(!(u64::from(call) << 8 | u64::from(arrival)));
        drawn(&FRAMES, &mut random).unwrap_or_else(|_| FrameFault::Both(self.fault(call, arrival)))
    }

    pub(crate) fn tunnel(self, connection: u64) -> Tunnel {
        let mut random = self.random(!connection ^ 1 << 40);
        drawn(&TUNNELS, &mut random).unwrap_or(Tunnel::Open)
    }

    /// Whether a body of this call never ends, or its window never opens, so that the call needs a limit that is short.
    pub(crate) fn stalls(self, call: u32) -> bool {
        (1..=ATTEMPTS).any(|arrival| {
            self.fault(call, arrival) == Fault::Stall
                || self.frame_fault(call, arrival) == FrameFault::StalledWindow
        })
    }

    pub(crate) fn resets_unread(self, connection: u64) -> bool {
        self.random(!connection).u32(0..1000) < RESET_UNREAD
    }

    fn random(self, what: u64) -> fastrand::Rng {
        // An odd factor spreads neighbouring numbers over all seeds.
        let spread = what.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        fastrand::Rng::with_seed(spread ^ self.seed.rotate_left(32))
    }
}

/// One of these, or how far beyond all of them the number is.
fn drawn<T: Copy>(faults: &[(T, u32)], random: &mut fastrand::Rng) -> Result<T, u32> {
    let mut drawn = random.u32(0..1000);
    for (fault, share) in faults {
        match drawn.checked_sub(*share) {
            Some(rest) => drawn = rest,
            None => return Ok(*fault),
        }
    }
    Err(drawn)
}
