//! The one list of the rules: everything that knows a rule is made of it.

use super::{
    rule::{Level, Rule},
    rules,
    stack::Capability,
};

/// Calls a macro with every rule: the name of its test, its id, its level, its function, what a stack
/// must be able to do, what a transport does, and what goes wrong where it does not.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_rules {
    ($($callback:tt)+) => {
        $($callback)+! {
// Requests: the bytes that the server gets.
req_01_method "REQ-01" Must requests::method []
    "sends the method as it is, also one that it does not know"
    "another method is another operation";
req_02_target "REQ-02" Must requests::target []
    "sends path and query byte by byte: no dot segment resolved, nothing encoded, decoded or sorted"
    "ids and filters are in the path and the query: a changed one asks for another thing, and `..` may leave the API";
req_03_headers "REQ-03" Must requests::headers []
    "sends header values as they are, in their order, repeated ones too"
    "the token is in a header, and a lost value is a request that nobody wrote";
req_04_host "REQ-04" Must requests::host []
    "sends one `host` with the authority of the address, its port and the brackets of IPv6 included"
    "a server or a proxy finds the service by it";
req_05_length "REQ-05" Must requests::length []
    "sends one exact `content-length` with a body, and 0 with an empty POST, PUT or PATCH"
    "without it servers reject the request with 411, or wait for a body that never comes";
req_06_no_body "REQ-06" Must requests::bodyless []
    "sends no length and no body with a GET that has none"
    "some servers reject a GET with a body";
req_07_body "REQ-07" Must requests::body []
    "sends a body of any size and any bytes unchanged"
    "files are uploaded in bodies";
req_08_nothing_added "REQ-08" Must requests::nothing_added []
    "adds no header but those that HTTP needs"
    "what the client does not know of it can neither document nor redact";
req_09_no_user_agent "REQ-09" Should requests::no_user_agent []
    "adds no `user-agent` and no `accept`"
    "the client sets its own, and a request shows one stack in two places";
req_10_one_value "REQ-10" Must requests::no_second_value []
    "sends the request's own `user-agent`, `accept` and `content-type` once, and alone"
    "a second value is read by some servers and the first by others";
req_11_no_expect "REQ-11" Should requests::no_expect []
    "sends a large body without `expect: 100-continue`"
    "a server that does not know it costs a second for each request";
req_12_no_compression "REQ-12" Must requests::no_compression []
    "asks for no compression unless it was set up"
    "the cap on a body and the bytes of a recording are those of the wire";
req_13_obs_text "REQ-13" Must requests::obs_text []
    "sends a header value with bytes above 0x7f as it is"
    "a value that is valid in `http` must not be lost or fail on the way";
req_14_extensions "REQ-14" Must requests::extensions []
    "sends nothing of the extensions of a request"
    "they tell the operation and the limits to the transport alone";
req_15_head "REQ-15" Must requests::head_request []
    "reads a response to HEAD without a body, whatever length it declares"
    "waiting for the body ends in a timeout, and the next response is read wrongly";
req_16_not_http "REQ-16" Must requests::not_http []
    "fails with `Never` where the address is not `http`"
    "nothing was sent, and a wrong `Maybe` makes a caller ask what happened";

// Responses: what comes is returned.
rsp_01_statuses "RSP-01" Must responses::statuses []
    "returns a response of any status with its body"
    "the service says in the body of a 4xx or 5xx what is wrong, and the client decides what to do";
rsp_02_redirects "RSP-02" Must responses::redirects []
    "returns a redirect and sends no second request"
    "following it shows the token to another host, or repeats a write";
rsp_03_challenges "RSP-03" Must responses::challenges []
    "returns 401 and 407 with a challenge, and sends no second request"
    "the token was rejected: credentials from elsewhere are not for this service";
rsp_04_interim "RSP-04" Must responses::interim []
    "passes over 1xx responses, ten of them too"
    "100 and 103 are no responses to the request";
rsp_05_without_body "RSP-05" Must responses::without_body []
    "reads 204 and 304 without a body, whatever length they declare"
    "waiting for a body ends in a timeout";
rsp_06_chunked "RSP-06" Must responses::chunked []
    "reads a chunked body with extensions and trailers, and keeps the connection in step"
    "proxies in front of the service send them";
rsp_07_to_the_end "RSP-07" Must responses::to_the_end []
    "reads a body without a length to the end of the connection, from HTTP/1.0 too"
    "proxies respond so";
rsp_08_headers "RSP-08" Must responses::headers []
    "returns repeated headers with all values in their order, whatever the case of their names"
    "`retry-after` and `set-cookie` are found by name, and one lost value is silent";
rsp_09_bytes "RSP-09" Must responses::bytes []
    "returns the bytes of a body unchanged, whatever type or charset it declares"
    "the client reads them: a replaced byte is another text";
rsp_10_obs_text "RSP-10" Should responses::obs_text []
    "returns header values with bytes above 0x7f"
    "one such header of a proxy must not cost the response";
rsp_11_throttled "RSP-11" Must responses::throttled []
    "returns 429 at once, whatever `retry-after` says"
    "the rate limit of the client counts requests: one that a transport repeats is not counted, and keys that exceed the limit get blocked";
rsp_12_failures "RSP-12" Must responses::failures []
    "returns 408 and 5xx, and sends no second request"
    "a customer reads the message twice";
rsp_13_encoding_not_asked "RSP-13" Must responses::not_asked []
    "returns a compressed body that it did not ask for as it came, or fails with `Protocol`"
    "garbage would be read as the response";
rsp_14_cookies "RSP-14" Must responses::cookies []
    "keeps no cookie"
    "a session of one call must not decide about another";

// Framing: where a response ends, and what is not one.
frm_01_half_a_head "FRM-01" Must framing::half_a_head []
    "fails where the head ends too early, and does not say `Never`"
    "the server has read the request and started to respond";
frm_02_half_a_body "FRM-02" Must framing::half_a_body []
    "fails with `Truncated` and `Yes` where a body is shorter than its length"
    "half a list is read as the whole one";
frm_03_half_a_chunk "FRM-03" Must framing::half_a_chunk []
    "fails with `Truncated` and `Yes` where a chunked body ends without its last chunk"
    "half a list is read as the whole one";
frm_04_no_last_line "FRM-04" Should framing::no_last_line []
    "fails with `Truncated` and `Yes` where the last line of a chunked body is missing"
    "the bytes are all there, and the rules of HTTP say that the message is not complete";
frm_05_not_http "FRM-05" Must framing::not_http []
    "fails with `Protocol` where the response is not HTTP, and does not say `Never`"
    "trying again changes nothing, and something read the request";
frm_06_bad_header "FRM-06" Must framing::bad_header []
    "fails with `Protocol` where a line of the head is not a header"
    "who reads on reads what somebody smuggled";
frm_07_two_lengths "FRM-07" Must framing::two_lengths []
    "fails with `Protocol` where a response has two different lengths"
    "the rest of one response becomes the start of the next";
frm_08_length_and_chunks "FRM-08" Must framing::length_and_chunks []
    "reads the chunks, or fails, where a response has a length and is chunked"
    "the rest of one response becomes the start of the next";
frm_09_bad_length "FRM-09" Must framing::bad_length []
    "fails with `Protocol` where the length is not a number"
    "a length that is guessed is a body that is wrong";
frm_10_bad_chunk "FRM-10" Must framing::bad_chunk []
    "fails with `Protocol` where a chunk is not one"
    "a body that is guessed is wrong";
frm_11_many_headers "FRM-11" Must framing::many_headers []
    "fails where a head has 100,000 headers"
    "a server must not be able to fill the memory of its client";
frm_12_long_header "FRM-12" Should framing::long_header []
    "fails where a header has 4 MiB"
    "a server must not be able to fill the memory of its client";
frm_13_usual_headers "FRM-13" Must framing::usual_headers []
    "reads a head of 61 headers and 4 KiB"
    "proxies add many";
frm_14_endless_head "FRM-14" Must framing::endless_head []
    "stops a head that does not end"
    "a server must not be able to fill the memory of its client";
frm_15_more_than_its_length "FRM-15" Must framing::more_than_its_length []
    "gives what comes after the end of a response to no other request"
    "one customer reads the conversation of another";

// Errors: what is known of a failure.
err_01_no_such_name "ERR-01" Must errors::no_such_name []
    "fails with `Dns` and `Never` where the name has no address"
    "a wrong `Maybe` keeps the client from trying again";
err_02_nobody_listens "ERR-02" Must errors::nobody_listens []
    "fails with `Connect` and `Never` where the connection is not accepted"
    "a wrong `Maybe` keeps the client from trying again";
err_03_closed_unread "ERR-03" Must errors::closed_unread []
    "says `Maybe` where the server resets after a part of the request came"
    "nobody knows how much of it was read";
err_04_closed_after_it_was_read "ERR-04" Must errors::closed_after_it_was_read []
    "fails with `Reset` and `Maybe` where the server closes instead of responding"
    "the server may have acted";
err_05_reset_after_it_was_read "ERR-05" Must errors::reset_after_it_was_read []
    "fails with `Reset` and `Maybe` where the server resets instead of responding"
    "the server may have acted";
err_06_reset_in_the_body "ERR-06" Must errors::reset_in_the_body []
    "fails with `Truncated` and `Yes` where the server resets in the body"
    "half a list is read as the whole one";
err_07_never_is_never_claimed "ERR-07" Must errors::never_is_never_claimed []
    "never says `Never` of a request that the server has read"
    "the client sends it again, and a customer reads the message twice";
err_08_sent_once "ERR-08" Must errors::sent_once []
    "sends a request that may have been read once"
    "a customer reads the message twice";
err_09_stale_connection "ERR-09" Must errors::stale_connection []
    "sends a request at most once where its kept connection is closing"
    "a stack that repeats it in silence delivers it twice";
err_10_kept_connection_lost "ERR-10" Must errors::kept_connection_lost []
    "fails with `Reset` and `Maybe` where a kept connection ends after the request was read"
    "that it was kept says nothing about what the server did";
err_11_source "ERR-11" Should errors::sources []
    "keeps the error that lies beneath"
    "the kind alone does not say what to do";
err_12_early_response "ERR-12" Should errors::early_response []
    "returns a response that comes before the whole body is sent"
    "413 says what is wrong, and a reset says nothing";

// Limits on size.
lim_01_just_the_cap "LIM-01" Must limits::just_the_cap []
    "reads a body of just the cap, however its end is told"
    "a caller that sets a cap of N accepts N bytes";
lim_02_declared "LIM-02" Must limits::declared []
    "fails with `TooLarge` and `Yes` as soon as a larger length is declared, and allocates nothing for it"
    "a declared terabyte must not be waited or reserved for";
lim_03_undeclared "LIM-03" Must limits::undeclared []
    "fails with `TooLarge` and `Yes` as soon as more than the cap came"
    "a body without an end fills the memory of its client";
lim_04_closes "LIM-04" Must limits::closes []
    "closes the connection of a body that is too large"
    "the rest of the body would become the start of the next response, or be read to its end";
lim_05_zero "LIM-05" Must limits::zero []
    "takes a cap of 0 for no byte"
    "0 is a number, not the lack of a limit";
lim_06_above_the_default "LIM-06" Must limits::above_the_default []
    "lets the cap of the request decide, also above its own"
    "who raises a limit of the client must not have to know the transport's";
lim_07_decompressed "LIM-07" Must limits::decompressed [Gzip]
    "decompresses what it asked to be compressed"
    "the client reads the body as it is";
lim_08_bomb "LIM-08" Must limits::bomb [Gzip]
    "counts the bytes of the cap after decompression"
    "64 KiB of gzip are 64 MiB of zeros";
lim_09_broken_gzip "LIM-09" Must limits::broken_gzip [Gzip]
    "fails where compressed bytes are cut or corrupt"
    "half a list is read as the whole one";

// Limits on time.
tim_01_no_response "TIM-01" Must time::no_response []
    "fails with `Timeout(Response)` and `Maybe` when the time of the attempt is over, and not before"
    "a call that hangs holds its caller, and one that is cut short is uncertain for nothing";
tim_02_half_a_head "TIM-02" Must time::half_a_head []
    "counts the time of the attempt while the head comes"
    "a server that stops in the head holds its caller";
tim_03_half_a_body "TIM-03" Must time::half_a_body []
    "fails with `Timeout(Body)` and `Yes` when the time of the attempt is over in the body"
    "a server that stops in the body holds its caller";
tim_04_connecting "TIM-04" Must time::connecting []
    "fails with `Timeout(Connect)` and `Never` when the time is over before there is a connection"
    "a wrong `Maybe` keeps the client from trying again";
tim_05_handshake "TIM-05" Must time::handshake [Tls]
    "fails with `Timeout(Connect)` and `Never` when the time is over in the TLS handshake"
    "a wrong `Maybe` keeps the client from trying again";
tim_06_longer_than_usual "TIM-06" Must time::longer_than_usual []
    "waits as long as the request allows"
    "an upload takes longer than a transport expects";
tim_07_idle_body "TIM-07" Must time::idle_body []
    "fails with `Timeout(Body)` and `Yes` when the body makes no progress for the time of the request"
    "a dead connection is found in seconds, while the attempt may have minutes";
tim_08_slow_body "TIM-08" Must time::slow_body []
    "reads a body that makes progress within the idle time, however long it takes"
    "a slow body is not a dead one";
tim_09_drip "TIM-09" Must time::drip []
    "ends a body that makes progress when the time of the attempt is over"
    "a server that sends a byte a second holds its caller for ever";
tim_10_next_works "TIM-10" Must time::next_works []
    "serves the next request after one that ran out of time"
    "one slow response must not cost the next";
tim_11_late_response "TIM-11" Must time::late_response []
    "gives a response that comes too late to no other request"
    "one customer reads the conversation of another";
tim_12_beyond_time "TIM-12" Must time::beyond_time []
    "takes the largest duration for no limit"
    "an overflow is a panic, or a limit of zero";
tim_13_no_time "TIM-13" Must time::no_time []
    "fails with a timeout where there is no time at all"
    "0 is a number, not the lack of a limit";

// Connections: which one carries which request.
con_01_reused "CON-01" Should connections::reused []
    "keeps a connection for the next request"
    "each new one costs two round trips and more over TLS";
con_02_close_is_obeyed "CON-02" Must connections::close_is_obeyed []
    "sends nothing over a connection that the server said to close"
    "the request is lost, and nobody knows whether it was read";
con_03_at_once "CON-03" Must connections::at_once []
    "sends eight requests at the same time"
    "one that waits for another waits for a slow response";
con_04_nothing_is_mixed_up "CON-04" Must connections::nothing_is_mixed_up []
    "returns to each request its own response, from eight threads"
    "one customer reads the conversation of another";
con_05_half_read "CON-05" Must connections::half_read []
    "sends nothing over a connection whose last response was not read to its end"
    "the rest of one response becomes the start of the next";
con_06_no_pipelining "CON-06" Must connections::no_pipelining []
    "sends no request over a connection whose response is still to come"
    "when the connection breaks nobody knows which of them were read";
con_07_stale_is_replaced "CON-07" Should connections::stale_is_replaced []
    "replaces a kept connection that the server has closed, without an error"
    "an error after every pause is one that nobody can act on";
con_08_unasked "CON-08" Must connections::unasked []
    "gives a response that nobody asked for to no request"
    "one customer reads the conversation of another";
con_09_after_failure "CON-09" Should connections::reused_after_failure []
    "keeps a connection after a response of 500"
    "a service in trouble must not be asked for a new connection for each request";
con_10_dead_pool "CON-10" Must connections::dead_pool []
    "serves the next request after a kept connection died"
    "connections that died together must not cost one request each";

// Cancellation: what a dropped future leaves.
can_01_while_waiting "CAN-01" Must cancellation::while_waiting [Cancellation]
    "closes the connection of a request that is dropped while it waits for the response"
    "cancelled calls must not pile up connections, and the response belongs to nobody";
can_02_in_the_body "CAN-02" Must cancellation::in_the_body [Cancellation]
    "closes the connection of a request that is dropped in the body"
    "the rest of the body would become the start of the next response";
can_03_before_the_first_poll "CAN-03" Must cancellation::before_the_first_poll [Cancellation]
    "sends nothing of a request that is dropped before it is polled"
    "the client makes futures that it may never start";
can_04_at_every_poll "CAN-04" Must cancellation::at_every_poll [Cancellation]
    "serves the next request, wherever the one before was dropped"
    "one cancelled call must not break the next";
can_05_nothing_goes_on "CAN-05" Must cancellation::nothing_goes_on [Cancellation]
    "does not send a dropped request later"
    "a caller that cancelled and sends again delivers twice";

// TLS: what is trusted, and how it fails.
tls_01_trusted "TLS-01" Must tls::trusted [Tls]
    "trusts the root certificate that it was set up with"
    "companies have authorities of their own";
tls_02_unknown_issuer "TLS-02" Must tls::unknown_issuer [Tls]
    "fails with `Tls` and `Never` where the issuer is unknown, and sends no byte of the request"
    "anybody on the way reads the token";
tls_03_expired "TLS-03" Must tls::expired [Tls]
    "fails with `Tls` and `Never` where the certificate has expired, and sends no byte of the request"
    "an old key may be anybody's";
tls_04_other_host "TLS-04" Must tls::other_host [Tls]
    "fails with `Tls` and `Never` where the certificate is for another host, and sends no byte of the request"
    "anybody with a certificate reads the token";
tls_05_self_signed "TLS-05" Must tls::self_signed [Tls]
    "fails with `Tls` and `Never` where the certificate is signed by itself, and sends no byte of the request"
    "anybody on the way reads the token";
tls_06_not_tls "TLS-06" Must tls::not_tls [Tls]
    "fails with `Tls` and `Never` where the server speaks no TLS"
    "no byte of the request left, and trying again changes nothing";
tls_07_handshake_ends "TLS-07" Must tls::handshake_ends [Tls]
    "fails with `Connect` or `Tls`, and `Never`, where the connection ends in the handshake"
    "a wrong `Maybe` keeps the client from trying again";
tls_08_old_versions "TLS-08" Should tls::old_versions [Tls]
    "fails with `Tls` and `Never` where the server speaks nothing newer than TLS 1.1"
    "old versions can be read on the way";
tls_09_both_versions "TLS-09" Must tls::both_versions [Tls]
    "speaks TLS 1.2 and 1.3"
    "proxies of companies speak one of them";
tls_10_server_name "TLS-10" Must tls::server_name [Tls]
    "names the host in its hello"
    "one address serves many hosts";
tls_11_address "TLS-11" Must tls::address_as_host [Tls]
    "checks the certificate of a server that is named by its address"
    "a service in a cluster has no name";
tls_12_cut_body "TLS-12" Must tls::cut_body [Tls]
    "fails with `Truncated` where a body without a length ends without the goodbye of TLS"
    "somebody on the way can cut it, and half a list is read as the whole one";
tls_13_lost_response "TLS-13" Must tls::lost_response [Tls]
    "says `Maybe` where the server leaves instead of responding"
    "the server may have acted";
tls_14_broken_session "TLS-14" Must tls::broken_session [Tls]
    "says `Maybe` where an alert or malformed bytes of TLS come after the request was sent"
    "an error of TLS is not always one of the handshake: the server has read the request";

// Secrets.
sec_01_errors "SEC-01" Must secrets::errors []
    "shows nothing of a request in an error: neither token nor query nor body"
    "errors are logged";
sec_02_debug "SEC-02" Must secrets::debug []
    "shows nothing of a request in its own `Debug`"
    "a client is printed";
sec_03_nobody_else "SEC-03" Must secrets::nobody_else []
    "asks no server but the one of the address, whatever a response says"
    "the token goes wherever the request goes";

// The environment.
env_01_no_proxy "ENV-01" Must environment::no_proxy []
    "takes no proxy from the environment unless it was set up to"
    "whoever sets a variable reads the token, over plain `http` at least";

// HTTP/2.
h2_01_chosen "H2-01" Must http2::chosen [Http2]
    "speaks HTTP/2 where it offers it and the server chooses it"
    "it said that it would";
h2_02_not_offered "H2-02" Must http2::not_offered [Http2]
    "does not offer HTTP/2 unless it was set up to"
    "a server that chooses it changes how connections are shared";
h2_03_not_processed "H2-03" Must http2::not_processed [Http2]
    "fails with `Reset` and `Never` where the server says that it did not process the stream"
    "a busy server says so, and a wrong `Maybe` keeps the client from trying again";
h2_04_other_resets "H2-04" Must http2::other_resets [Http2]
    "says `Maybe` of any other reset of the stream"
    "the server may have acted";
h2_05_gone_before "H2-05" Must http2::gone_before [Http2]
    "fails with `Reset` and `Never` where the server goes away and names an earlier stream as its last"
    "servers do so with each deployment";
h2_06_gone_with_it "H2-06" Must http2::gone_with_it [Http2]
    "says `Maybe` where the server goes away and names the stream of the request or a later one"
    "the server may have acted";
h2_07_at_once "H2-07" Should http2::at_once [Http2]
    "sends requests at the same time over one connection"
    "it is what HTTP/2 is for";
h2_08_reset_in_the_body "H2-08" Must http2::reset_in_the_body [Http2]
    "fails with `Truncated` and `Yes` where the stream is reset in the body"
    "half a list is read as the whole one";
h2_09_cap "H2-09" Must http2::cap [Http2]
    "fails with `TooLarge` and `Yes` as soon as more than the cap came"
    "a body without an end fills the memory of its client";
h2_10_endless_head "H2-10" Must http2::endless_head [Http2]
    "stops a head that does not end"
    "a server must not be able to fill the memory of its client";

// Where it runs.
run_01_one_thread "RUN-01" Must running::one_thread [Cancellation]
    "waits without holding its thread"
    "two calls joined on one thread wait for each other for ever";
run_02_other_threads "RUN-02" Must running::other_threads []
    "serves requests from any thread"
    "a client is cloned to all of them";
run_03_dropped "RUN-03" Should running::dropped []
    "closes its kept connections when it is dropped, outside of its runtime too"
    "a program that builds many clients runs out of sockets";
        }
    };
}

macro_rules! rules {
    ($($test:ident $id:literal $level:ident $family:ident :: $check:ident [$($need:ident)*] $title:literal $why:literal;)*) => {
        /// All rules.
        pub(crate) const RULES: &[Rule] = &[$(
            Rule {
                id: $id,
                level: Level::$level,
                title: $title,
                why: $why,
                test: stringify!($test),
                needs: &[$(Capability::$need),*],
                check: rules::$family::$check,
            }
        ),*];
    };
}
__conformance_rules!(rules);
