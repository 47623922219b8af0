/// The delimiter between two values of a row.
///
/// Source: <https://developers.dashly.io/webapi/endpoints/users/import>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delimiter {
    /// A tab. The service's default.
    #[default]
    Tab,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `|`
    Pipe,
    /// A space.
    Space,
}

impl Delimiter {
    /// Every delimiter.
    pub const ALL: &[Self] = &[
        Self::Tab,
        Self::Comma,
        Self::Semicolon,
        Self::Pipe,
        Self::Space,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Tab => "\t",
            Self::Comma => ",",
            Self::Semicolon => ";",
            Self::Pipe => "|",
            Self::Space => " ",
        }
    }

    pub(super) fn as_byte(self) -> u8 {
        match self {
            Self::Tab => b'\t',
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Pipe => b'|',
            Self::Space => b' ',
        }
    }
}
