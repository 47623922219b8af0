//! What the service accepts and how it responds: pure functions of a request, without a record.

pub(in crate::sandbox) mod attachment;
pub(in crate::sandbox) mod call;
pub(in crate::sandbox) mod date;
pub(in crate::sandbox) mod id_format;
pub(in crate::sandbox) mod operation;
pub(in crate::sandbox) mod parameters;
pub(in crate::sandbox) mod response;
pub(in crate::sandbox) mod text;
pub(in crate::sandbox) mod values;
pub(in crate::sandbox) mod window;
