use carrot_types::{Cursor, CursorKind, NextCursor, PropertyName};

use super::describe;
use crate::{
    ApiContext, Endpoint,
    endpoint::{Paginate, Paging, RequestParts},
    types::{Filters, InvalidValue, LeadsPage, User},
};

/// The order of a sorted list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SortOrder {
    /// Smallest first.
    Ascending,
    /// Greatest first.
    Descending,
}

/// `GET /apps/{id}/users`: lists the leads of the app.
///
/// A lead is a visitor whose name, e-mail, phone or external id is known, who subscribed to web push, or
/// who has a conversation. The data may lag behind by minutes.
///
/// The list pages by offset and moves while it is read: [`Client::items`](crate::Client::items) leaves
/// out a lead that comes a second time, and one that moves to a page already read is missed.
///
/// * Right of the token: `users-list`.
/// * 1 to 50 leads a page, 20 by default.
/// * Safe to repeat: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/apps/users/>
///
/// ```
/// # async fn example(client: &carrot_core::Client) -> Result<(), carrot_core::Error> {
/// use carrot_core::{apps, types::Filter};
///
/// let mut leads = client.items(apps::Leads::new().filter(Filter::known("$email")));
/// while let Some(lead) = leads.next().await? {
///     println!("{}", lead.id);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "does nothing until it is called"]
pub struct Leads {
    filters: Option<Filters>,
    sort_prop: Option<PropertyName>,
    sort_order: Option<SortOrder>,
    convert_props_types: Option<bool>,
    paging: Paging,
}

impl Leads {
    /// Lists all leads, the one seen last first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only leads that match (`filters`): one filter, or several joined by
    /// [`Filters::all`] or [`Filters::any`].
    pub fn filter(mut self, filters: impl Into<Filters>) -> Self {
        self.filters = Some(filters.into());
        self
    }

    /// The property to sort by (`sort_prop`): `$last_seen` by default.
    pub fn sort_by(mut self, property: impl Into<PropertyName>) -> Self {
        self.sort_prop = Some(property.into());
        self
    }

    /// The order (`sort_order`): descending by default.
    pub fn sort_order(mut self, order: SortOrder) -> Self {
        self.sort_order = Some(order);
        self
    }

    /// Gives all property values as text (`convert_props_types=false`), for integers beyond the
    /// exact range of a 64-bit float.
    pub fn props_as_text(mut self) -> Self {
        self.convert_props_types = Some(false);
        self
    }

    /// At most this many leads a page, 1 to 50 (`limit`).
    pub fn limit(mut self, leads: u32) -> Self {
        self.paging.size = Some(leads);
        self
    }

    /// Skips this many leads (`offset`).
    pub fn offset(mut self, leads: u64) -> Self {
        self.paging.cursor = Some(Cursor::offset(leads));
        self
    }

    /// Which page: its size and where it begins. The other settings of [`Paging`] are refused.
    pub fn page(mut self, paging: Paging) -> Self {
        self.paging = paging;
        self
    }

    fn current_offset(&self) -> u64 {
        let cursor = self.paging.cursor_of(CursorKind::Offset).ok().flatten();
        cursor
            .and_then(|cursor| cursor.as_str().parse().ok())
            .unwrap_or(0)
    }
}

impl Endpoint for Leads {
    type Output = LeadsPage;
    const NAME: &'static str = "apps.leads";
    const SCOPE: Option<&'static str> = Some("users-list");

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut description = describe(context, "users")?;
        let parameters = &mut description.parameters;
        if let Some(filters) = &self.filters {
            filters.check()?;
            parameters.json("filters", filters)?;
        }
        if let Some(property) = &self.sort_prop {
            property.check()?;
            parameters.line("sort_prop", property.as_str())?;
        }
        if let Some(order) = self.sort_order {
            let order = match order {
                SortOrder::Ascending => "asc",
                SortOrder::Descending => "desc",
            };
            parameters.line("sort_order", order)?;
        }
        parameters.optional_flag("convert_props_types", self.convert_props_types);
        self.paging.describe_offset(parameters)?;
        Ok(description)
    }
}

impl Paginate for Leads {
    type Item = User;

    fn paging(&mut self) -> &mut Paging {
        &mut self.paging
    }

    fn next_cursor(&self, page: &LeadsPage) -> NextCursor {
        let leads = page.users.len() as u64;
        let next = self.current_offset().saturating_add(leads);
        let is_last = match page.total {
            Some(total) => next >= total,
            // Without a total only a page that is not full says that it is the last.
            None => self.paging.size.is_some_and(|size| leads < u64::from(size)),
        };
        match leads == 0 || is_last {
            true => NextCursor::End,
            false => NextCursor::At(Cursor::offset(next)),
        }
    }

    fn count(page: &LeadsPage) -> usize {
        page.users.len()
    }

    fn into_items(page: LeadsPage) -> Vec<User> {
        page.users
    }

    fn identity(lead: &User) -> Option<u64> {
        Some(lead.id.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ApiVersion, types::UserId};

    #[test]
    fn reads_a_response_and_knows_the_next_page() {
        let endpoint = Leads::new().offset(50).limit(2);
        let body = br#"{"meta":{"status":200},"data":{"users":[{"id":1},{"id":2}],"total":53}}"#;
        let page = endpoint.decode(ApiVersion::V2, body).expect("a page");
        assert_eq!(page.users[1].id, UserId::new(2));
        assert_eq!(
            endpoint.next_cursor(&page),
            NextCursor::At(Cursor::offset(52))
        );
        assert_eq!(Leads::new().offset(51).next_cursor(&page), NextCursor::End);
    }
}
