//! System events.
//!
//! Some are recorded by the service itself; those of a shop and of sign-up are for you to record, most
//! of them typed in [`ecommerce`](crate::ecommerce). No event exists for "the user wrote in an open
//! conversation".
//! Source: <https://developers.dashly.io/events/>

names! {
    /// The user came to the site. Has `$referrer`, `$referrer_domain`, `$browser`, `$os`, `$device`,
    /// `$ip`, `$resolution` and `$device_type` (`pc`, `mobile`, `tablet`).
    SESSION_START = "$session_start";
    /// The user came with UTM marks. Has `$utm_source`, `$utm_campaign`, `$utm_medium`,
    /// `$utm_content` and `$utm_term`.
    UTM_HIT = "$utm_hit";
    /// The user signed up. Has `$name` and `$email`; in the demo funnel also `$phone` and `$user_id`.
    REGISTERED = "$registered";
    /// The user logged in. Has `$name` and `$email`; in the demo funnel also `$phone` and `$user_id`.
    AUTHORIZED = "$authorized";
    /// The user logged out.
    LOGOUT = "$logout";
    /// A question of a conversation was resolved. Has `$conversation_id`.
    CONVERSATION_PART_GROUP_CLOSED = "$conversation_part_group_closed";
    /// The user was asked to confirm a subscription.
    DOUBLE_OPT_IN_SEND = "$double_opt_in_send";
    /// The user confirmed a subscription.
    DOUBLE_OPT_IN_CONFIRMED = "$double_opt_in_confirmed";
    /// The e-mail address changed.
    EMAIL_CHANGED = "$email_changed";
    /// The name changed.
    NAME_CHANGED = "$name_changed";
    /// The telephone number changed.
    PHONE_CHANGED = "$phone_changed";
    /// The user was about to leave the site.
    LEAVE_SITE_ATTEMPT = "$leave_site_attempt";
    /// The chat was hidden from the user.
    USER_BANNED = "$user_banned";
    /// The chat is shown to the user again.
    USER_UNBANNED = "$user_unbanned";
    /// Two records of the user became one.
    USER_MERGED = "$user_merged";
    /// The user viewed a page.
    PAGE_VIEW = "$page_view";
    /// The user filled a field in.
    INPUT_FILLED = "$input_filled";
    /// The user sent a form.
    FORM_SENDED = "$form_sended";
    /// The user filled an advertisement on Facebook in.
    FILLED_FACEBOOK_LEAD_AD = "$filled_facebook_lead_ad";
    /// The user started a conversation. Has `$conversation_id` and `$body`, the first 255 characters.
    CONVERSATION_USER_STARTED = "$conversation_user_started";
    /// A message was sent. Message events have `$message_id`, `$message_type` (`auto`, `manual`),
    /// `$message_name` and `$type` (`popup_chat`, `popup_big`, `popup_small`, `email`, …).
    MESSAGE_SENDED = "$message_sended";
    /// A message was read.
    MESSAGE_READ = "$message_read";
    /// A message was replied to.
    MESSAGE_REPLIED = "$message_replied";
    /// A link in a message was followed.
    MESSAGE_CLICKED = "$message_clicked";
    /// The user unsubscribed in a message.
    MESSAGE_UNSUBSCRIBED = "$message_unsubscribed";
    /// A message came back.
    MESSAGE_BOUNCED = "$message_bounced";
    /// A message was called spam.
    MESSAGE_SPAM = "$message_spam";
    /// The user is one of those who do not get the message, for comparison.
    MESSAGE_CONTROL_GROUP = "$message_control_group";
    /// The goal of a message was reached.
    GOAL_COMPLETED = "$goal_completed";
    /// The user allowed push messages.
    PUSH_SUBSCRIBED = "$push_subscribed";
    /// The user disallowed push messages.
    PUSH_UNSUBSCRIBED = "$push_unsubscribed";
    /// A product was viewed: [`ProductViewed`](crate::ecommerce::ProductViewed).
    PRODUCT_VIEWED = "$product_viewed";
    /// A product was put into the cart: [`CartAdded`](crate::ecommerce::CartAdded).
    CART_ADDED = "$cart_added";
    /// The cart was viewed: [`CartViewed`](crate::ecommerce::CartViewed).
    CART_VIEWED = "$cart_viewed";
    /// The user started to order: [`OrderEvent::Started`](crate::ecommerce::OrderEvent::Started).
    ORDER_STARTED = "$order_started";
    /// An order was placed: [`OrderEvent::Completed`](crate::ecommerce::OrderEvent::Completed).
    ORDER_COMPLETED = "$order_completed";
    /// An order was paid: [`OrderEvent::Paid`](crate::ecommerce::OrderEvent::Paid).
    ORDER_PAID = "$order_paid";
    /// An order was refunded: [`OrderEvent::Refunded`](crate::ecommerce::OrderEvent::Refunded).
    ORDER_REFUNDED = "$order_refunded";
    /// An order was cancelled: [`OrderEvent::Cancelled`](crate::ecommerce::OrderEvent::Cancelled).
    ORDER_CANCELLED = "$order_cancelled";
    /// An order was closed: [`OrderEvent::Closed`](crate::ecommerce::OrderEvent::Closed).
    ORDER_CLOSED = "$order_closed";
    /// The form that asks for a demo was seen. Dashly's demo funnel.
    DEMO_FORM_READ = "$demo_form_read";
    /// The form that asks for a demo was sent. Has `$name`, `$phone`, `$email` and
    /// `Demo request page`. Dashly's demo funnel.
    DEMO_FORM_COMPLETED = "$demo_form_completed";
    /// A quiz was opened. Dashly's demo funnel.
    QUIZ_VISITED = "$quiz_visited";
    /// A page was opened. Has `H1`, `Description` and more. Dashly's demo funnel.
    PAGE_VISITED = "$page_visited";
}
