use serde_json::Value;

/// How a response writes ids: as numbers, or as strings with `id_as_string`.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::sandbox) struct IdFormat {
    pub(in crate::sandbox) as_text: bool,
}

impl IdFormat {
    pub(in crate::sandbox) fn write(self, id: u64) -> Value {
        if self.as_text {
            id.to_string().into()
        } else {
            id.into()
        }
    }
}
