use carrot_types::{Cursor, CursorKind, InvalidValue};

use super::{Parameters, RequestView};
use crate::ApiVersion;

/// The maximum page size of the service.
pub(crate) const MAX_PAGE_SIZE: u32 = 50;

/// The direction in which a listing is read from its cursor. v2 only.
///
/// Source: <https://developers.dashly.io/webapi/pagination>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PageDirection {
    /// Towards smaller positions: older records. The service's default.
    #[default]
    Before,
    /// Towards greater positions: newer records.
    After,
    /// Both directions, about half of the page each. After this page `pages` and `items` read older
    /// records; for newer ones see [`Page::newer`](super::Page::newer).
    Around,
}

impl PageDirection {
    fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Around => "around",
        }
    }

    /// Returns the direction of a request.
    pub(crate) fn of(request: &RequestView<'_>) -> Self {
        let text = request.parameter("paginate_direction");
        [Self::Before, Self::After, Self::Around]
            .into_iter()
            .find(|direction| Some(direction.as_str()) == text)
            .unwrap_or_default()
    }
}

/// The order of the records within one page. v2 only.
///
/// Source: <https://developers.dashly.io/webapi/pagination>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PageOrder {
    /// Smallest position first.
    Ascending,
    /// Greatest position first. The service's default.
    Descending,
}

/// The page of a listing to read. By default the first page with the service's default size, 20.
///
/// Source: <https://developers.dashly.io/webapi/pagination>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "does nothing until it is passed to an operation"]
pub struct Paging {
    pub(crate) cursor: Option<Cursor>,
    pub(crate) size: Option<u32>,
    direction: Option<PageDirection>,
    including: Option<bool>,
    order: Option<PageOrder>,
    pub(crate) single_pass: bool,
}

impl Paging {
    /// Creates a request for the first page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the maximum number of records in a page, 1 to 50.
    pub fn size(mut self, records: u32) -> Self {
        self.size = Some(records);
        self
    }

    /// Starts at the cursor of an earlier page of the same operation with the same settings, such as the
    /// filter. A cursor does not tell its listing, so that of another one skips records silently.
    pub fn starting_at(mut self, cursor: Cursor) -> Self {
        self.cursor = Some(cursor);
        self
    }

    /// Sets the direction. v2 only; some operations accept only [`Before`](PageDirection::Before).
    pub fn direction(mut self, direction: PageDirection) -> Self {
        self.direction = Some(direction);
        self
    }

    /// Sets whether the page includes the record at the cursor. False by default. v2 only.
    pub fn including(mut self, including: bool) -> Self {
        self.including = Some(including);
        self
    }

    /// Sets the order within the page. v2 only.
    pub fn order(mut self, order: PageOrder) -> Self {
        self.order = Some(order);
        self
    }

    /// Reads a listing by offset, that of the leads, once instead of twice. Other listings are always read
    /// once.
    ///
    /// Takes half of the requests, and is right for an order in which no record moves, such as by a property
    /// that never changes. In another order, a record may be missed silently: one that moves to the part
    /// already read while another one leaves that part and a third one comes.
    pub fn single_pass(mut self) -> Self {
        self.single_pass = true;
        self
    }

    /// Moves to the next page at a cursor of a response.
    ///
    /// Such a cursor points towards older records, and the record at it was returned already. So the
    /// direction and inclusion of the first page would return records a second time.
    pub(crate) fn continue_at(&mut self, cursor: Cursor) {
        if self.direction == Some(PageDirection::Around) {
            self.direction = Some(PageDirection::Before);
        }
        self.including = None;
        self.cursor = Some(cursor);
    }

    /// Returns the number of records that the page skips, in the listing with offsets.
    pub(crate) fn offset(&self) -> u64 {
        let cursor = self.cursor_of(CursorKind::Offset).ok().flatten();
        cursor.map_or(0, |cursor| {
            let offset: u64 = cursor.as_str().parse().unwrap_or(0);
            // The record in front comes again, to see whether the list moved.
            offset.saturating_sub(u64::from(cursor.anchor().is_some()))
        })
    }

    pub(crate) fn requested_direction(&self) -> PageDirection {
        self.direction.unwrap_or_default()
    }

    /// Writes the parameters of `version`, for [`Endpoint::request`](crate::Endpoint::request).
    ///
    /// # Errors
    ///
    /// The size is not 1 to 50, the cursor is of the other API version, or a setting does not exist in
    /// `version`.
    pub fn write_to(
        &self,
        version: ApiVersion,
        parameters: &mut Parameters,
    ) -> Result<(), InvalidValue> {
        match version {
            ApiVersion::V1 => self.write_v1_to(parameters),
            ApiVersion::V2 => self.write_v2_to(parameters),
        }
    }

    fn write_v1_to(&self, parameters: &mut Parameters) -> Result<(), InvalidValue> {
        let version = ApiVersion::V1;
        version.reject_in_v1("paginate_direction", self.direction.is_some())?;
        version.reject_in_v1("paginate_including", self.including.is_some())?;
        version.reject_in_v1("paginate_page_order", self.order.is_some())?;
        if let Some(after) = self.cursor_of(CursorKind::After)? {
            parameters.line("after", after.as_str())?;
        }
        self.write_size_to("count", parameters)
    }

    fn write_v2_to(&self, parameters: &mut Parameters) -> Result<(), InvalidValue> {
        if let Some(position) = self.cursor_of(CursorKind::Position)? {
            parameters.text("paginate_position", position.as_str())?;
        }
        self.write_size_to("paginate_count", parameters)?;
        if let Some(direction) = self.direction {
            parameters.line("paginate_direction", direction.as_str())?;
        }
        parameters.optional_flag("paginate_including", self.including);
        if let Some(order) = self.order {
            let order = match order {
                PageOrder::Ascending => "asc",
                PageOrder::Descending => "desc",
            };
            parameters.line("paginate_page_order", order)?;
        }
        Ok(())
    }

    /// Returns the size of the page to request, in the listing with offsets: a page that repeats a record
    /// has another one besides.
    pub(crate) fn limit(&self, size: u32) -> u32 {
        let is_anchored = self
            .cursor
            .as_ref()
            .is_some_and(|cursor| cursor.anchor().is_some());
        match (is_anchored, size) {
            (true, 1) => 2,
            _ => size,
        }
    }

    /// Writes the parameters of the only listing with offsets.
    pub(crate) fn write_offset_to(&self, parameters: &mut Parameters) -> Result<(), InvalidValue> {
        let foreign = self.direction.is_some() || self.including.is_some() || self.order.is_some();
        if foreign {
            let rule = "must not set direction, inclusion or order here: this listing has offsets";
            return Err(InvalidValue::new("paging", rule));
        }
        if let Some(offset) = self.cursor_of(CursorKind::Offset)? {
            match offset.anchor() {
                Some(_) => parameters.number("offset", self.offset()),
                None => parameters.line("offset", offset.as_str())?,
            }
        }
        let limited = Self {
            size: self.size.map(|size| self.limit(size)),
            ..self.clone()
        };
        limited.write_size_to("limit", parameters)
    }

    /// Writes the size. The name depends on the API version and the operation.
    pub(crate) fn write_size_to(
        &self,
        name: &'static str,
        parameters: &mut Parameters,
    ) -> Result<(), InvalidValue> {
        match self.size {
            None => Ok(()),
            Some(size) if (1..=MAX_PAGE_SIZE).contains(&size) => {
                parameters.number(name, size);
                Ok(())
            }
            Some(size) => Err(InvalidValue::new(
                name,
                format!("must be 1 to {MAX_PAGE_SIZE} records, got {size}"),
            )),
        }
    }

    /// Returns the cursor, or an error if it is of another kind.
    pub(crate) fn cursor_of(&self, kind: CursorKind) -> Result<Option<&Cursor>, InvalidValue> {
        match &self.cursor {
            Some(cursor) if cursor.kind() != kind => Err(InvalidValue::new(
                "cursor",
                format!(
                    "must be a cursor {}, got one {}; a cursor is valid only for the API version and \
                     the operation that returned it",
                    of_scheme(kind),
                    of_scheme(cursor.kind()),
                ),
            )),
            cursor => Ok(cursor.as_ref()),
        }
    }
}

impl From<Cursor> for Paging {
    fn from(cursor: Cursor) -> Self {
        Self::new().starting_at(cursor)
    }
}

/// Describes the kind of a cursor for an error text.
fn of_scheme(kind: CursorKind) -> &'static str {
    match kind {
        CursorKind::After => "of v1 (`after`)",
        CursorKind::Position => "of v2 (`paginate_position`)",
        CursorKind::Offset => "of the list of leads (`offset`)",
        _ => "of another kind",
    }
}
