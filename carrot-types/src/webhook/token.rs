use subtle::ConstantTimeEq;

/// Both texts are padded to a whole number of blocks of this many bytes.
const BLOCK: usize = 64;

/// Compares two tokens in a time that does not depend on where they differ.
///
/// Slices of different length differ at once, and a stranger could measure the length of the
/// expected token. So both are padded with zeros to the same number of blocks: all tokens of up to
/// 64 bytes take the same time, and the vendor's, UUIDs of 36, are among them. What is left to
/// measure is how many blocks a longer one has. The lengths are compared too, without a branch, or
/// else a token with zeros at its end would do.
pub(super) fn same(expected: &str, received: &str) -> bool {
    let longest = expected.len().max(received.len());
    let width = longest.div_ceil(BLOCK) * BLOCK;
    let padded = |token: &str| {
        let mut bytes = vec![0; width];
        bytes[..token.len()].copy_from_slice(token.as_bytes());
        bytes
    };
    let same_text = padded(expected).ct_eq(&padded(received));
    (same_text & expected.len().ct_eq(&received.len())).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_whole_token_is_the_same() {
        let token = "5d6b4b3e-7f0c-4a61-9d43-0a1b2c3d4e5f";
        assert!(same(token, token));
        for other in [
            "",
            "5",
            &token[1..],
            &token[..35],
            &format!("{token}\0"),
            &format!("{token} "),
            &token.to_uppercase(),
            &format!("{token}{}", "\0".repeat(BLOCK)),
        ] {
            assert!(!same(token, other) && !same(other, token));
        }
    }

    proptest! {
        #[test]
        fn says_what_a_plain_comparison_says(one in "[ab\0]{0,130}", two in "[ab\0]{0,130}") {
            prop_assert_eq!(same(&one, &two), one == two);
            prop_assert!(same(&one, &one.clone()));
        }
    }
}
