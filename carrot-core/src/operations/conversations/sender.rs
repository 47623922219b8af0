use carrot_types::{AdminId, InvalidValue, UserId};

use crate::{ApiVersion, endpoint::Parameters};

/// The operator who acts in a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operator {
    /// The default sender of the site (`default_admin`).
    #[default]
    Default,
    /// An operator.
    Admin(AdminId),
    /// A bot by its name (`bot_name`). v1 only; the vendor has removed it from the pages of v1 too.
    Bot(String),
}

impl From<AdminId> for Operator {
    fn from(id: AdminId) -> Self {
        Self::Admin(id)
    }
}

impl Operator {
    /// Writes the parameter that names the operator.
    pub(super) fn write_to(
        &self,
        version: ApiVersion,
        parameters: &mut Parameters,
    ) -> Result<(), InvalidValue> {
        match self {
            Self::Default => parameters.line("from_admin", "default_admin"),
            Self::Admin(id) => parameters.id("from_admin", *id),
            Self::Bot(name) => {
                if version != ApiVersion::V1 {
                    let rule = "exists only in v1 of the API";
                    return Err(InvalidValue::new("bot_name", rule));
                }
                if name.is_empty() {
                    return Err(InvalidValue::new("bot_name", "must not be empty"));
                }
                parameters.line("bot_name", name)
            }
        }
    }
}

/// The sender of a message in a conversation: an operator or the user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sender {
    /// The default sender of the site (`from_admin=default_admin`). The default of a message, since the
    /// vendor does not document a request without a sender.
    DefaultAdmin,
    /// An operator (`from_admin`).
    Admin(AdminId),
    /// A bot by its name (`bot_name`). v1 only; the vendor has removed it from the pages of v1 too.
    Bot(String),
    /// The user of the conversation (`from_user`). Requires the scope `as-user`.
    DefaultUser,
    /// This user (`from_user`). v2 only: in v1 the parameter is a boolean. Requires the scope `as-user`.
    User(UserId),
    /// No sender: the service chooses. Observed in both API versions; the vendor does not document who
    /// then writes. In older pages of v1 it is a bot named `Bot`.
    Omitted,
}

impl From<Operator> for Sender {
    fn from(operator: Operator) -> Self {
        match operator {
            Operator::Default => Self::DefaultAdmin,
            Operator::Admin(id) => Self::Admin(id),
            Operator::Bot(name) => Self::Bot(name),
        }
    }
}

impl From<AdminId> for Sender {
    fn from(id: AdminId) -> Self {
        Self::Admin(id)
    }
}

impl From<UserId> for Sender {
    fn from(id: UserId) -> Self {
        Self::User(id)
    }
}

impl Sender {
    /// Returns true if the user is the sender.
    pub(super) fn is_user(&self) -> bool {
        matches!(self, Self::DefaultUser | Self::User(_))
    }

    /// Writes the parameter that names the sender.
    pub(super) fn write_to(
        &self,
        version: ApiVersion,
        parameters: &mut Parameters,
    ) -> Result<(), InvalidValue> {
        match (self, version) {
            (Self::DefaultAdmin, _) => Operator::Default.write_to(version, parameters),
            (Self::Admin(id), _) => Operator::Admin(*id).write_to(version, parameters),
            (Self::Bot(name), _) => Operator::Bot(name.clone()).write_to(version, parameters),
            (Self::Omitted, _) => Ok(()),
            (Self::DefaultUser, ApiVersion::V1) => {
                parameters.flag("from_user", true);
                Ok(())
            }
            (Self::DefaultUser, ApiVersion::V2) => parameters.line("from_user", "default_user"),
            (Self::User(id), ApiVersion::V2) => parameters.id("from_user", *id),
            (Self::User(_), ApiVersion::V1) => Err(InvalidValue::new(
                "from_user",
                "cannot name a user in v1 of the API; use the user of the conversation",
            )),
        }
    }
}
