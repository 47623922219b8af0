//! Every rule as a function, which panics where the transport breaks it.

use super::{check::assert_rule, stack::Stack};

macro_rules! functions {
    ($($test:ident $id:literal $level:ident $family:ident :: $check:ident [$($need:ident)*] $title:literal $why:literal;)*) => {
        $(
            #[doc = concat!($id, ": a transport ", $title, ".")]
            #[doc = ""]
            #[doc = concat!("Why: ", $why, ".")]
            ///
            /// # Panics
            ///
            /// The transport breaks the rule.
            #[track_caller]
            pub fn $test(stack: &dyn Stack) {
                assert_rule(stack, $id, &[]);
            }
        )*
    };
}
crate::__conformance_rules!(functions);
