use std::sync::Arc;

use rustls::ClientConfig;

/// What a mutant of the reference does wrongly, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    None,
    // Requests.
    ReplacesMethod,
    DecodesTarget,
    ResolvesDots,
    SortsQuery,
    DropsRepeatedHeaders,
    HostWithoutPort,
    NoLengthForEmptyPost,
    LengthOnGet,
    SendsTextBody,
    AddsHeader,
    AddsUserAgent,
    AddsSecondAccept,
    AsksForCompression,
    DropsObsText,
    SendsOperation,
    ReadsBodyOfHead,
    UnsentAsMaybe,
    // Responses.
    StatusAsError,
    FollowsRedirects,
    FollowsRefresh,
    MeetsChallenges,
    TakesInterim,
    ReadsBodyOf204,
    RejectsExtensions,
    NoBodyWithoutLength,
    KeepsLastHeader,
    ReadsTextBody,
    RetriesOn429,
    RetriesOn5xx,
    HidesEncoding,
    KeepsCookies,
    // Framing.
    HalfHeadAsNever,
    TruncatedAsOk,
    HalfChunkAsOk,
    ProtocolAsReset,
    SkipsBadHeaders,
    TakesFirstLength,
    LengthWins,
    BadLengthAsZero,
    BadChunkAsEnd,
    NoHeadLimit,
    TinyHeadLimit,
    KeepsExtraBytes,
    // Errors.
    AlwaysNever,
    AlwaysYes,
    AlwaysMaybe,
    ErrorsAsOther,
    TruncatedAsReset,
    RetriesReset,
    RetriesStale,
    StaleAsNever,
    StaleAsYes,
    // Limits.
    CapIsExclusive,
    IgnoresDeclared,
    CapAfterBuffering,
    KeepsTooLargeOpen,
    ZeroCapIsNone,
    OwnCap,
    NeverDecompresses,
    CapOnWire,
    BrokenGzipAsOk,
    // Time.
    IgnoresTimeout,
    EarlyTimeout,
    OwnTimeout,
    ResponseTimeoutAsNever,
    ConnectTimeoutAsMaybe,
    TimeOfHeadOnly,
    IdleIgnored,
    IdleIsTotal,
    OverflowsTime,
    ZeroIsUnlimited,
    // Connections.
    IgnoresClose,
    OneAtATime,
    MixesUp,
    ReusesUnfinished,
    Pipelines,
    PoisonedByUnfinished,
    // Cancellation and threads.
    Detached,
    StartsEarly,
    ResendsDropped,
    BlocksThread,
    BoundToThread,
    // TLS.
    IgnoresAddedRoot,
    AcceptsAnyCertificate,
    SkipsHostName,
    SkipsExpiry,
    TlsAsMaybe,
    TlsAlwaysNever,
    OnlyTls13,
    NoServerName,
    RejectsAddresses,
    CutIsEnd,
    // Secrets and the environment.
    LeaksRequestInError,
    LeaksTokenInDebug,
    ReadsProxyOfEnvironment,
    // HTTP/2.
    NeverHttp2,
    AlwaysHttp2,
    UnprocessedAsMaybe,
    StreamResetAsNever,
    GoneAsMaybe,
    GoneAsNever,
    StreamCutAsOk,
    StreamNoCap,
    StreamNoHeadLimit,
}

/// What the parts of a reference have to know of it.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    pub(crate) breaks: Break,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) gzip: bool,
}

impl Mutant {
    pub(crate) fn is(&self, breaks: Break) -> bool {
        self.breaks == breaks
    }
}
