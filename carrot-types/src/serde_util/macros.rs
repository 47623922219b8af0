//! What the models repeat: an open enum, a constructor with setters, and lists of names.

/// Declares an enum of strings that keeps values it does not know.
///
/// The service adds values over time; an answer must not fail because of a new one. A known string
/// always becomes its variant, so two equal values never differ.
macro_rules! open_enum {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident {
            $( $(#[$variant_attribute:meta])* $variant:ident = $text:literal, )+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_attribute])* $variant, )+
            /// A value that this version of the crate does not know, kept as it came.
            /// Made with `From<&str>`.
            Other($crate::serde_util::macros::OtherValue),
        }

        impl $name {
            /// Every value that this version of the crate knows, in the order of the variants.
            pub const KNOWN: &'static [&'static str] = &[$($text),+];

            /// The value as it stands in the API.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )+
                    Self::Other(other) => other.as_str(),
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $( $text => Self::$variant, )+
                    other => Self::Other($crate::serde_util::macros::OtherValue::new(other)),
                }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::serde_util::lenient::FromText::<$name>::new())
            }
        }
    };
}

/// Gives a model its constructor and a consuming setter for each optional field.
///
/// The setters stand with their names, so that a search for `with_name` finds them. The type is what
/// stands in the `Option`, for fields that are optional.
macro_rules! setters {
    ($model:ident :: new ( $( $required:ident : $required_type:ty => $with_required:ident ),* ) {
        $( $setter:ident ( $field:ident : $type:ty ) ),* $(,)?
    }) => {
        impl $model {
            /// Creates a value with the required fields; all others are empty.
            #[must_use]
            pub fn new($( $required: $required_type ),*) -> Self {
                Self {
                    $( $required, )*
                    $( $field: ::core::default::Default::default(), )*
                }
            }
        }

        setters!($model {
            $( $with_required($required: $required_type), )*
            $( $setter($field: $type), )*
        });
    };
    ($model:ident { $( $setter:ident ( $field:ident : $type:ty ) ),* $(,)? }) => {
        impl $model {
            $(
                #[doc = concat!("Sets `", stringify!($field), "`.")]
                #[must_use = "a setter returns the changed value"]
                pub fn $setter(mut self, value: impl Into<$type>) -> Self {
                    self.$field = value.into().into();
                    self
                }
            )*
        }
    };
}

/// Declares the constants of one module, and the list of them all.
macro_rules! names {
    ($( $(#[$attribute:meta])* $name:ident = $text:literal; )+) => {
        $( $(#[$attribute])* pub const $name: &str = $text; )+

        /// All names of this module.
        pub const ALL: &[&str] = &[$($name),+];
    };
}

/// The text of an enum value that this version of the crate does not know.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OtherValue(Box<str>);

impl OtherValue {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The value as it stands in the API.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
