//! The contract of a transport, as rules that run.
//!
//! [`carrot_core::transport`] says what a transport owes. Each duty is a [`Rule`] here, with an id that
//! stays for ever. A rule plays a scene with a raw server on a thread, so it needs no runtime, no name
//! service and no sleep, and it works for a blocking stack too.
//!
//! Implement [`Stack`] for the transport under test, and make one test of every rule:
//!
//! ```no_run
//! # #[derive(Debug)] struct MyStack;
//! # impl carrot_testing::conformance::Stack for MyStack {
//! #     fn build(
//! #         &self,
//! #         _: &carrot_testing::conformance::Setup,
//! #     ) -> Result<Box<dyn carrot_core::HttpTransport>, carrot_testing::conformance::BuildError> {
//! #         Err("none".into())
//! #     }
//! # }
//! carrot_testing::conformance!(MyStack, known_failures {
//!     "REQ-09" => "the library sends its own `accept`",
//! });
//! # fn main() {}
//! ```
//!
//! `cargo test rsp_02` then runs one of them. A rule on the list of known failures must fail: when it
//! passes, the test says to take it off. [`run`] checks all rules at once for a [`Report`], and
//! [`each`] holds every rule as a function to call by hand.
//!
//! Rules over TLS need the feature `aws-lc-rs` or `ring`; take the one that your stack uses, because
//! rustls does not choose between two.
//!
//! A failure names the rule, what was expected and what came, and what each server saw.

mod bench;
mod check;
pub mod each;
mod failure;
mod list;
mod never_twice;
mod policies;
mod report;
mod rule;
mod rules;
mod seen;
mod server;
mod stack;
mod threads;

pub use self::{
    check::{KnownFailure, assert_known, assert_rule, check, count, rule, rules},
    never_twice::never_twice,
    policies::{assert_clock, assert_rate_limiter},
    report::{Report, run, run_in},
    rule::{Level, Rule, Verdict},
    stack::{BuildError, Capability, Setup, Stack, Work},
};

/// For [`conformance!`](crate::conformance!).
#[doc(hidden)]
#[track_caller]
pub fn __test(stack: &dyn Stack, id: &str, known: &[KnownFailure], module: &str) {
    check::assert_rule_in(stack, id, known, Some(module));
}

/// Makes one test of every [rule](mod@crate::conformance), in the module where it stands.
///
/// The first argument is an expression that makes the [`Stack`](crate::conformance::Stack); every test
/// makes its own. `known_failures { "ID" => "why", … }` lists the rules that it breaks;
/// the macro defines it as `KNOWN_FAILURES`, for a report by [`run_in`](crate::conformance::run_in).
#[macro_export]
macro_rules! conformance {
    ($stack:expr) => {
        $crate::conformance!($stack, known_failures {});
    };
    ($stack:expr, known_failures { $($id:literal => $why:literal),* $(,)? }) => {
        fn __conformance_stack() -> impl $crate::conformance::Stack {
            $stack
        }

        /// The rules that this stack breaks, and why.
        const KNOWN_FAILURES: &[$crate::conformance::KnownFailure] = &[$(($id, $why)),*];

        #[test]
        fn known_failures_are_rules() {
            $crate::conformance::assert_known(KNOWN_FAILURES);
        }

        $crate::__conformance_rules!($crate::__conformance_tests);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ($($test:ident $id:literal $level:ident $family:ident :: $check:ident [$($need:ident)*] $title:literal $why:literal;)*) => {
        $(
            #[test]
            fn $test() {
                $crate::conformance::__test(
                    &__conformance_stack(),
                    $id,
                    KNOWN_FAILURES,
                    ::core::module_path!(),
                );
            }
        )*
    };
}
