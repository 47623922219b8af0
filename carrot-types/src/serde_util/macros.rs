//! What the models repeat: an open enum, a constructor with setters, and lists of names.

/// Declares an enum of strings that keeps values it does not know.
///
/// The service adds values over time; a response must not fail because of a new one. A known string
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

            /// Returns the value as it stands in the API.
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

        impl $crate::serde_util::from_json::FromJson for $name {
            fn from_scalar(
                scalar: $crate::serde_util::from_json::Scalar<'_>,
            ) -> Option<Self> {
                use $crate::serde_util::from_json::Scalar;
                match scalar {
                    Scalar::Text(text) => Some(Self::from(&*text)),
                    Scalar::Bool(flag) => Some(Self::from(&*flag.to_string())),
                    Scalar::Whole(number) => Some(Self::from(&*number.to_string())),
                    Scalar::Negative(_) | Scalar::Float(_) => None,
                }
            }

            fn from_text(text: &str) -> Option<Self> {
                Some(Self::from(text))
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::serde_util::lenient::FromText::<$name>::new())
            }
        }
    };
}

/// Gives a model its constructor, its setters and its reader.
///
/// `model!(Note::new(id: NoteId => with_id) { with_body(body: String), with_kind(kind: NoteType) = "type" })`
/// lists the required fields, then the others, each with its setter, so that a search for `with_body` finds
/// it, and with its name in JSON where that is another. `via` names what a field goes through after reading. The
/// type is what stands in the `Option`.
///
/// For the reader see `reader!`. An optional object whose required fields are missing is absent. Where the id is the only required field, the id alone is read as
/// the object; `new() or AdminId => with_id` says the same of a model whose id may be missing.
macro_rules! model {
    (@scalar ; $required:ident : $type:ty => $setter:ident) => {
        fn from_scalar(scalar: $crate::serde_util::from_json::Scalar<'_>) -> Option<Self> {
            <$type as $crate::serde_util::from_json::FromJson>::from_scalar(scalar).map(Self::new)
        }
    };
    (@scalar $type:ty => $setter:ident ;) => {
        fn from_scalar(scalar: $crate::serde_util::from_json::Scalar<'_>) -> Option<Self> {
            <$type as $crate::serde_util::from_json::FromJson>::from_scalar(scalar)
                .map(|id| Self::new().$setter(id))
        }
    };
    (@scalar ; $($other:tt)*) => {};

    ($model:ident :: new ( $( $required:ident : $required_type:ty => $with_required:ident $( = $required_json:literal )? ),* )
        $( or $id_type:ty => $with_id:ident )? {
        $( $setter:ident ( $field:ident : $type:ty ) $( = $json:literal )? $( via $map:path )? ),* $(,)?
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

        reader!($model(
            $( $required: $required_type $( = $required_json )? ),*
        ) {
            $( $field: $type $( = $json )? $( => $map )? ),*
        });

        impl $crate::serde_util::from_json::FromJson for $model {
            model!(@scalar $( $id_type => $with_id )? ; $( $required : $required_type => $with_required ),*);

            /// With errors raised where the value stands.
            fn from_required<'de, D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                ::serde::Deserialize::deserialize(deserializer)
            }

            fn from_map<'de, A: ::serde::de::MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
                let mut number = None;
                let read: Option<Self> = $crate::serde_util::object::nested(map, &mut number)?;
                Ok(read.or_else(|| Self::from_number(&number?)))
            }
        }
    };
}

/// Reads an object field by field: the required ones, and all others leniently. See `from_json`.
///
/// `reader!(Note(id: NoteId) { body: String, kind: NoteType = "type" })` lists all fields with their names in
/// JSON where those are others. Unlike a derived reader it takes no list for an object, and of a repeated key
/// the last value counts, except of a required one.
macro_rules! reader {
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $json:literal) => { $json };

    (@map $value:expr) => { $value };
    (@map $value:expr, $map:path) => { $map($value) };

    ($model:ident ( $( $required:ident : $required_type:ty $( = $required_json:literal )? ),* ) {
        $( $field:ident : $type:ty $( = $json:literal )? $( => $map:path )? ),* $(,)?
    }) => {
        const _: () = {
            #[allow(non_camel_case_types, clippy::enum_variant_names)]
            enum Key { $( $required, )* $( $field, )* __Number, __Unknown }

            impl From<&str> for Key {
                fn from(name: &str) -> Self {
                    $( if name == reader!(@name $required $($required_json)?) { return Self::$required; } )*
                    $( if name == reader!(@name $field $($json)?) { return Self::$field; } )*
                    match name {
                        $crate::serde_util::number::NAME => Self::__Number,
                        _ => Self::__Unknown,
                    }
                }
            }

            #[derive(Default)]
            pub(crate) struct Draft {
                $( $required: Option<$required_type>, )*
                $( $field: Option<$type>, )*
            }

            /// Apart from the loop over the keys, of which each would copy all fields.
            #[inline(never)]
            fn read_value<'de, A: ::serde::de::MapAccess<'de>, const NESTED: bool>(
                draft: &mut Draft,
                key: Key,
                object: &mut A,
            ) -> Result<(), A::Error> {
                match key {
                    // Two ids of one record: nobody knows which of them it is.
                    $( Key::$required if !NESTED && draft.$required.is_some() => {
                        return Err(::serde::de::Error::duplicate_field(reader!(@name $required $($required_json)?)));
                    } )*
                    $( Key::$required => draft.$required = match NESTED {
                        true => object.next_value_seed($crate::serde_util::from_json::Optional::new())?,
                        false => Some(object.next_value_seed($crate::serde_util::from_json::Required::new())?),
                    }, )*
                    $( Key::$field => {
                        draft.$field = object.next_value_seed($crate::serde_util::from_json::Optional::new())?;
                    } )*
                    Key::__Number | Key::__Unknown => {
                        object.next_value::<::serde::de::IgnoredAny>()?;
                    }
                }
                Ok(())
            }

            impl $crate::serde_util::object::Object for $model {
                type Draft = Draft;

                fn read<'de, A: ::serde::de::MapAccess<'de>, const NESTED: bool>(
                    mut object: A,
                    draft: &mut Draft,
                    number: &mut Option<String>,
                ) -> Result<bool, A::Error> {
                    let mut is_empty = true;
                    while let Some(key) = object.next_key_seed($crate::serde_util::lenient::FromText::new())? {
                        is_empty = false;
                        match key {
                            Key::__Number if NESTED => {
                                *number = $crate::serde_util::from_json::rest_of_number(&mut object)?;
                                return Ok(false);
                            }
                            key => read_value::<A, NESTED>(draft, key, &mut object)?,
                        }
                    }
                    $( if !NESTED && draft.$required.is_none() {
                        return Err(::serde::de::Error::missing_field(reader!(@name $required $($required_json)?)));
                    } )*
                    Ok(!is_empty)
                }

                fn finish<E: ::serde::de::Error>(draft: Draft) -> Result<Self, E> {
                    $( let $required = draft.$required.ok_or_else(|| {
                        E::missing_field(reader!(@name $required $($required_json)?))
                    })?; )*
                    Ok(Self {
                        $( $required, )*
                        $( $field: reader!(@map $crate::serde_util::from_json::Field::of(draft.$field) $(, $map)?), )*
                    })
                }
            }
        };

        impl<'de> ::serde::Deserialize<'de> for $model {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::serde_util::object::deserialize(deserializer)
            }
        }
    };
}

/// Gives a type a consuming setter for each field.
macro_rules! setters {
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

    /// Returns the value as it stands in the API.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
