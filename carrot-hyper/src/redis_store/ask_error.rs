//! The error of a question to the server.

use crate::runtime;

/// Names the server and holds no password.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error("Redis at {address}: {}; {}", line(source), advice(source))]
    Redis {
        address: String,
        source: redis::RedisError,
    },
    #[error(
        "Redis at {address}: the reply of the script is not understood; check that all processes use the \
         same version of carrot-hyper, or give this one a name of its own"
    )]
    Reply { address: String },
    #[error("Redis at {address}: {missing}")]
    Runtime {
        address: String,
        missing: runtime::Missing,
    },
}

/// The error in one line.
fn line(error: &redis::RedisError) -> String {
    let text = error.to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const PASSWORD: &str = "check the user and the password in the URL";

/// What to do. Only who gets no response at all has to look for the server.
fn advice(error: &redis::RedisError) -> &'static str {
    use redis::ErrorKind::{AuthenticationFailed, Extension, Parse, Server, UnexpectedReturnType};
    // A server that wants a password first says so, or that the script is too long for a stranger.
    let wants_password = error.to_string().contains("unauthenticated");
    match (error.code(), error.kind()) {
        (Some("NOAUTH"), _) | (_, AuthenticationFailed) => PASSWORD,
        _ if wants_password => PASSWORD,
        (Some("NOPERM"), _) => {
            "allow the user EVALSHA, EVAL, the commands of the script, and the keys {carrot:*"
        }
        (Some("READONLY" | "MASTERDOWN" | "NOREPLICAS"), _) => {
            "use the address of the primary server"
        }
        (Some("MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN"), _) => {
            "the store follows no redirection of a cluster: use a single server"
        }
        (Some("LOADING" | "BUSY"), _) => "wait until the server is ready",
        (Some("WRONGTYPE"), _) => {
            "another program has keys of this name: give the limit a name of its own"
        }
        (_, Parse | UnexpectedReturnType) => {
            "check that this is the port of a Redis server without TLS"
        }
        (_, Server(_) | Extension) => {
            "the server responds, but does not run the script: check its version and its configuration"
        }
        _ => "check that the server runs and that this machine reaches it",
    }
}
