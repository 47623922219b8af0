use carrot_types::{Cursor, Envelope, NextCursor, PropertyName, json::Object};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Number, Value, json};

use super::request_parts;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{
        EncodeResponse, Page, Paginate, Paging, RequestParts, RequestView, ResponseError,
        read_records, response,
    },
    types::{Filters, InvalidValue, User},
};

/// Common servers limit the request line to 8 kB, which also holds the path and other parameters.
const MAX_FILTER_BYTES: usize = 7_500;

/// The page size of the service where a call does not set it.
const DEFAULT_PAGE_SIZE: u32 = 20;

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
/// Pages have offsets, and leads move in the list while it is read: in the default order, by `$last_seen`, a lead
/// that is seen moves to the front. [`Client::pages`](crate::Client::pages) and
/// [`Client::items`](crate::Client::items) return every lead that is in the list from the start to the end
/// once, or end with [`ErrorKind::ListMoved`](crate::ErrorKind::ListMoved):
///
/// * Each page repeats the last lead of the page before. If leads left the list, pages are read again.
/// * The last page is an empty one, or one that is not full and ends at the `total`. A `total` that is smaller
///   than the list does not end it.
/// * A list longer than a page is read twice. The second reading returns the leads that the first one missed,
///   which come last. It is repeated, up to three times, until one meets as many known leads as the list has;
///   otherwise the listing ends with the error. [`Paging::single_pass`] reads the list once.
/// * A list at rest never ends with the error, nor does one that only gets new leads at its front or its
///   end, if the service returns the `total`. Without a `total`, new leads at the front cannot be told from
///   leads that move there; nor can, with it, leads that leave.
/// * A listing that resumes at a stored cursor reads its own part twice. It cannot see that a lead moved from
///   there to the part that was read before.
/// * A lead is missed silently only if, besides, other leads leave the list and come back to it during the
///   listing.
///
/// If your program changes leads so that they move, collect the ids first and change the leads afterwards.
///
/// * Scope: `users-list`.
/// * 1 to 50 leads a page, 20 by default.
/// * Idempotent: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/apps/users/>
///
/// ```
/// # async fn example(client: &carrot_core::Client) -> Result<(), carrot_core::Error> {
/// use carrot_core::{apps, types::Filter};
///
/// let mut leads = client.items(apps::Leads::new().filter(Filter::known("$email")));
/// let mut ids = Vec::new();
/// while let Some(lead) = leads.next().await? {
///     ids.push(lead.id);
/// }
/// // Change the leads here, after the list is read.
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
    /// Creates a request for the first page of all leads, those seen last first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Filters leads (`filters`) by one filter, or by several combined with [`Filters::all`] or
    /// [`Filters::any`].
    pub fn filter(mut self, filters: impl Into<Filters>) -> Self {
        self.filters = Some(filters.into());
        self
    }

    /// Sets the property to sort by (`sort_prop`). `$last_seen` by default.
    pub fn sort_by(mut self, property: impl Into<PropertyName>) -> Self {
        self.sort_prop = Some(property.into());
        self
    }

    /// Sets the order (`sort_order`). Descending by default.
    pub fn sort_order(mut self, order: SortOrder) -> Self {
        self.sort_order = Some(order);
        self
    }

    /// Requests all property values as text (`convert_props_types=false`), to keep integers that a
    /// 64-bit float cannot represent exactly.
    pub fn props_as_text(mut self) -> Self {
        self.convert_props_types = Some(false);
        self
    }

    /// Sets the page to read: its size (`limit`) and its start (`offset`, a [`Cursor::offset`]). The
    /// other settings of [`Paging`] are rejected, except [`Paging::single_pass`].
    pub fn page(mut self, paging: impl Into<Paging>) -> Self {
        self.paging = paging.into();
        self
    }
}

impl Endpoint for Leads {
    type Output = Page<User>;
    const NAME: &'static str = "apps.leads";
    const SCOPES: &'static [&'static str] = &["users-list"];

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut request = request_parts(context, "users")?;
        let parameters = &mut request.parameters;
        if let Some(filters) = &self.filters {
            filters.check()?;
            parameters.json("filters", filters)?;
            let bytes = parameters.to_form().len();
            if bytes > MAX_FILTER_BYTES {
                return Err(InvalidValue::new(
                    "filters",
                    format!(
                        "must take at most {MAX_FILTER_BYTES} bytes of the address, which common \
                         servers limit to 8 kB, got {bytes}"
                    ),
                ));
            }
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
        self.paging.write_offset_to(parameters)?;
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Page<User>, ResponseError> {
        fn open<L: DeserializeOwned>(
            body: &[u8],
        ) -> Result<(Option<u64>, Option<L>), ResponseError> {
            response::data(body).map(|Object(Data { users, total })| (total, users))
        }
        /// `{}`, as the service may write an empty list.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct NoRecords {}
        let (total, records) = read_records("data.users", open(body), || {
            open(body).or_else(|error| {
                let empty = open::<Object<NoRecords>>(body);
                empty.map(|(total, _)| (total, None)).map_err(|_| error)
            })
        })?;
        let mut page = Page::new(records.items);
        page.unreadable = records.unreadable;
        page.total = total;
        // Only an empty page is surely the last one: the service may limit the page size, and a total may be
        // wrong. It is believed where a page that is not full ends there.
        let records = page.records() as u64;
        let next = self.paging.offset().saturating_add(records);
        let is_full = records
            >= self
                .paging
                .limit(self.paging.size.unwrap_or(DEFAULT_PAGE_SIZE))
                .into();
        if records > 0 && (is_full || total != Some(next)) {
            page.next = NextCursor::At(Cursor::offset(next));
        }
        Ok(page)
    }
}

impl EncodeResponse for Leads {
    fn encode(_request: &RequestView<'_>, page: &Page<User>) -> Result<Value, serde_json::Error> {
        let mut data = json!({"users": page.items});
        if let Some(total) = page.total {
            data["total"] = total.into();
        }
        serde_json::to_value(Envelope::ok(data))
    }
}

impl Paginate for Leads {
    type Item = User;

    fn paging(&mut self) -> &mut Paging {
        &mut self.paging
    }

    fn identity(lead: &User) -> Option<u64> {
        Some(lead.id.get())
    }
}

/// The `data` of a page. The vendor's sample is incomplete; other clients read this structure.
#[derive(Deserialize)]
struct Data<L> {
    users: Option<L>,
    #[serde(default, deserialize_with = "read_total")]
    total: Option<u64>,
}

/// Reads a number, or the text of one. Anything else is left out, since it must not cost the page.
fn read_total<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let number = match Value::deserialize(deserializer)? {
        Value::Number(number) => Some(number),
        Value::String(text) => serde_json::from_str(text.trim()).ok(),
        _ => None,
    };
    Ok(number.and_then(|number: Number| {
        let whole = |number: f64| {
            let text = format!("{number:.0}");
            (number.fract() == 0.0).then(|| text.parse().ok()).flatten()
        };
        number.as_u64().or_else(|| number.as_f64().and_then(whole))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::UserId;

    #[test]
    fn decodes_page_and_next_offset() {
        let at = |offset| Leads::new().page(Cursor::offset(offset));
        let body = br#"{"meta":{"status":200},"data":{"users":[{"id":1},{"id":2}],"total":53}}"#;
        let page = at(50).decode(ApiVersion::V2, body).expect("a page");
        assert_eq!((page.items[1].id, page.total), (UserId::new(2), Some(53)));
        assert_eq!(page.next, NextCursor::At(Cursor::offset(52)));
        let last = at(51).decode(ApiVersion::V2, body).expect("a page");
        assert_eq!(last.next, NextCursor::End);
    }

    #[test]
    fn odd_total_does_not_cost_the_page() {
        for (total, expected) in [
            ("53", Some(53)),
            (r#""53""#, Some(53)),
            ("53.0", Some(53)),
            ("53.5", None),
            ("-1", None),
            (r#""""#, None),
            (r#""many""#, None),
            ("{}", None),
            ("[53]", None),
            ("null", None),
            ("true", None),
        ] {
            let body = format!(
                r#"{{"meta":{{"status":200}},"data":{{"users":[{{"id":1}}],"total":{total}}}}}"#
            );
            let page = Leads::new().decode(ApiVersion::V2, body.as_bytes());
            let page = page.expect(total);
            assert_eq!((page.items.len(), page.total), (1, expected), "{total}");
            assert_eq!(page.next, NextCursor::At(Cursor::offset(1)), "{total}");
        }
    }

    #[test]
    fn page_without_leads_is_empty() {
        for data in [
            r#"{"total":0}"#,
            r#"{"users":null,"total":0}"#,
            r#"{"users":{},"total":0}"#,
            r#"{"users":[],"total":0}"#,
        ] {
            let body = format!(r#"{{"meta":{{"status":200}},"data":{data}}}"#);
            let page = Leads::new().decode(ApiVersion::V2, body.as_bytes());
            let page = page.expect(data);
            assert_eq!((page.items.len(), page.total), (0, Some(0)), "{data}");
            assert_eq!(page.next, NextCursor::End, "{data}");
        }
        let body = br#"{"meta":{"status":200},"data":{"users":{"id":1}}}"#;
        assert!(Leads::new().decode(ApiVersion::V2, body).is_err());
    }
}
