//! The names that the service keeps for itself: they begin with `$`.
//!
//! Where a name takes a [`PropertyName`](crate::PropertyName) or an [`EventName`](crate::EventName),
//! these constants can be given as they are.

/// Declares the constants of one module, and the list of them all.
macro_rules! names {
    ($( $(#[$attribute:meta])* $name:ident = $text:literal; )+) => {
        $( $(#[$attribute])* pub const $name: &str = $text; )+

        /// All names of this module.
        pub const ALL: &[&str] = &[$($name),+];
    };
}

pub mod event;
pub mod property;
