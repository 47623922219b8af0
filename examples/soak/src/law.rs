//! Compares what the client says of the calls with what the server got.

use carrot_hyper::Sent;

use crate::{
    plan::ATTEMPTS,
    server::Shared,
    work::{Claim, End, writes},
};

/// What contradicts what the server got.
pub(crate) fn broken(claims: &[Claim], server: &Shared) -> Vec<String> {
    let mut wrong = Vec::new();
    for claim in claims {
        let Some(entry) = server.call(claim.call) else {
            continue;
        };
        let (arrived, taken) = (entry.arrived(), entry.taken());
        let is_write = writes(claim.call);
        let mut check = |holds: bool, what: &str| {
            if !holds {
                let kind = if is_write { "write" } else { "read" };
                let (number, way) = (claim.call + 1, claim.way.as_str());
                wrong.push(format!("the {kind} {number}, {way}, {what}"));
            }
        };
        check(
            u32::from(arrived) <= ATTEMPTS,
            &format!("arrived {arrived} times"),
        );
        check(!is_write || taken <= 1, &format!("was taken {taken} times"));
        check(
            claim.end != End::Done || taken > 0,
            "is said to be done, and was not taken",
        );
        check(
            claim.sent != Sent::Yes || arrived > 0,
            "is said to have been sent, and did not arrive",
        );
        check(
            !is_write || claim.end != End::NotApplied || taken == 0,
            "is said not to have been applied, and was taken",
        );
        check(!claim.is_late, "ran out of time, though nothing held it up");
    }
    wrong
}
