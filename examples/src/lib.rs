#![doc = include_str!("../README.md")]

/// The README at the top, as a test of its snippets.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[derive(Debug)]
#[non_exhaustive]
pub struct Readme {}
