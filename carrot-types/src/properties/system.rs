//! System properties of users.
//!
//! The vendor's own table is not available in full: these are the names that its pages, its plugins
//! and public clients use. Properties derived from events are made with
//! [`PropertyName::event`](crate::PropertyName::event).
//! Source: <https://developers.dashly.io/props>

names! {
    /// Name; a text. Can be set.
    NAME = "$name";
    /// Telephone number; a text of digits, without a `+`. Can be set.
    PHONE = "$phone";
    /// E-mail address; a text. Can be set.
    EMAIL = "$email";
    /// Price of the cart; an integer. Can be set.
    CART_AMOUNT = "$cart_amount";
    /// Names of the goods in the cart; a list. Can be set.
    CART_ITEMS = "$cart_items";
    /// Names of the goods viewed; a list. Can be set.
    VIEWED_PRODUCTS = "$viewed_products";
    /// Categories viewed; a list. Can be set.
    VIEWED_CATEGORIES = "$viewed_categories";
    /// Names of the goods ordered; a list. Can be set.
    ORDERED_ITEMS = "$ordered_items";
    /// Categories of the goods ordered; a list. Can be set.
    ORDERED_CATEGORIES = "$ordered_categories";
    /// State of the last order, in words of the shop; a text. Can be set.
    LAST_ORDER_STATUS = "$last_order_status";
    /// Price of the last order; an integer. Can be set.
    LAST_PAYMENT = "$last_payment";
    /// Price of all orders; an integer. Can be set.
    REVENUE = "$revenue";
    /// Profit from the user; an integer. Can be set.
    PROFIT = "$profit";
    /// Group of customers; a text. Can be set.
    GROUP = "$group";
    /// Discount; the vendor does not say of which type. Can be set.
    DISCOUNT = "$discount";
    /// Number of orders; an integer. Can be set.
    ORDERS_COUNT = "$orders_count";
    /// Last activity; a date. Lists of leads are sorted by it. Set by the service only.
    LAST_SEEN = "$last_seen";
    /// Number of sessions; an integer. Set by the service only.
    SESSIONS = "$sessions";
    /// Last reply of the user; a date. Set by the service only.
    LAST_REPLY = "$last_reply";
    /// Last contact with the user, as the vendor's page spells it; a date. Set by the service only.
    LAST_CONTECT = "$last_contect";
    /// Last contact with the user, in the spelling that other sources have; a date. Set by the service only.
    LAST_CONTACT = "$last_contact";
    /// Picture; a text. Set by the service only.
    AVATAR = "$avatar";
    /// Page that the user first came from; a text. Set by the service only.
    INITIAL_REFERRER = "$initial_referrer";
    /// Country; a text. Set by the service only.
    COUNTRY = "$country";
    /// Region; a text. Set by the service only.
    REGION = "$region";
    /// City; a text. Set by the service only.
    CITY = "$city";
    /// `utm_source` of the last visit that had one; a text. Set by the service only.
    LAST_UTM_SOURCE = "$last_utm_source";
    /// `utm_medium` of the last visit that had one; a text. Set by the service only.
    LAST_UTM_MEDIUM = "$last_utm_medium";
    /// `utm_campaign` of the last visit that had one; a text. Set by the service only.
    LAST_UTM_CAMPAIGN = "$last_utm_campaign";
    /// `utm_content` of the last visit that had one; a text. Set by the service only.
    LAST_UTM_CONTENT = "$last_utm_content";
    /// `utm_term` of the last visit that had one; a text. Set by the service only.
    LAST_UTM_TERM = "$last_utm_term";
    /// Your external id of the user, the key of an import; a text. Set by an import or by the first
    /// request that names the user.
    USER_ID = "$user_id";
    /// Id that the service gave the user, a column of an export. Set by the service only.
    CARROT_ID = "$carrot_id";
}
