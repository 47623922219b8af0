//! The kit itself: a reference transport keeps every MUST, and mutants of it break the rules that they
//! are made to break, and no other.

mod breaks;
mod docs;
mod http2;
mod io;
mod message;
mod mutants;
mod policies;
mod reference;

/// The one that breaks nothing but what no MUST asks for.
mod unbroken {
    use super::{breaks::Break, reference::ReferenceStack};

    carrot_testing::conformance!(ReferenceStack::new(Break::None), known_failures {
        "ERR-12" => "it writes the whole body before it reads",
    });
}
