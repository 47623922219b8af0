//! The programs are in `src/bin`. This library only compiles the snippets of the README at the top.

/// The README at the top, as a test of its snippets.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[derive(Debug)]
#[non_exhaustive]
pub struct Readme {}
