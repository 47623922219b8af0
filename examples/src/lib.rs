//! What the programs of this package and of those below it share, their transcripts, and the checks of their tests.
//!
//! [The README](https://github.com/carrot-rs/carrot/blob/main/examples/README.md) lists the programs.

pub mod bars;
pub mod changes;
#[cfg(unix)]
pub mod checks;
pub mod named_file;
pub mod program;
pub mod redis_server;
pub mod service;
pub mod shop;
pub mod status_line;
pub mod table;
pub mod transcript;
pub mod verify;

/// The README at the top and the guide, as tests of their snippets.
#[cfg(doctest)]
mod snippets {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/guide/01-start.md")]
    mod start {}
    #[doc = include_str!("../../docs/guide/02-read-and-page.md")]
    mod read_and_page {}
    #[doc = include_str!("../../docs/guide/03-write-safely.md")]
    mod write_safely {}
    #[doc = include_str!("../../docs/guide/04-errors.md")]
    mod errors {}
    #[doc = include_str!("../../docs/guide/05-rate-limits.md")]
    mod rate_limits {}
    #[doc = include_str!("../../docs/guide/06-webhooks.md")]
    mod webhooks {}
    #[doc = include_str!("../../docs/guide/07-bulk-work.md")]
    mod bulk_work {}
    #[doc = include_str!("../../docs/guide/08-files.md")]
    mod files {}
    #[doc = include_str!("../../docs/guide/09-testing.md")]
    mod testing {}
    #[doc = include_str!("../../docs/guide/10-own-stack.md")]
    mod own_stack {}
    #[doc = include_str!("../../docs/guide/11-own-operation.md")]
    mod own_operation {}
    #[doc = include_str!("../../docs/guide/12-observe.md")]
    mod observe {}
    #[doc = include_str!("../../docs/guide/13-from-php.md")]
    mod from_php {}
    #[doc = include_str!("../../docs/guide/14-limits-of-the-api.md")]
    mod limits_of_the_api {}
    #[doc = include_str!("../../docs/guide/15-realtime.md")]
    mod realtime {}
}
