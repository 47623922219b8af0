//! The enums of a conversation.

open_enum! {
    /// The kind of the first message of a conversation.
    ///
    /// Source: <https://developers.carrotquest.io/objects/conversation>
    pub enum ConversationType {
        /// An e-mail that the site sent.
        Email = "email",
        /// An e-mail that came in, over the mail integration or an MX record.
        IncomingEmail = "incoming_email",
        /// A small pop-up.
        PopupSmall = "popup_small",
        /// A big pop-up.
        PopupBig = "popup_big",
        /// A small pop-up made in the builder.
        BlockPopupSmall = "block_popup_small",
        /// A big pop-up made in the builder.
        BlockPopupBig = "block_popup_big",
        /// A message in the chat.
        PopupChat = "popup_chat",
        /// A bot that collects contacts.
        LeadBot = "lead_bot",
        /// The welcome bot.
        RoutingBot = "routing_bot",
        /// A web push.
        Push = "push",
        /// A push to a mobile app.
        SdkPush = "sdk_push",
    }
}

open_enum! {
    /// The kind of reply that a message asks for.
    ///
    /// The vendor's list is cut after the first rows of the page; `push` and `button` are seen in
    /// other clients.
    /// Source: <https://developers.carrotquest.io/objects/conversation>
    pub enum ReplyType {
        /// A text.
        Text = "text",
        /// An e-mail address.
        Email = "email",
        /// A phone number.
        Phone = "phone",
        /// Permission to send pushes.
        Push = "push",
        /// A press of a button.
        Button = "button",
        /// None.
        No = "no",
    }
}

open_enum! {
    /// How far the manual or automatic message that started a conversation has come.
    ///
    /// Seen in other clients; the vendor's page is cut before this field.
    /// Source: <https://developers.carrotquest.io/objects/conversation>
    pub enum DeliveryStatus {
        /// Made.
        Created = "created",
        /// Its text is ready.
        Rendered = "rendered",
        /// Sent.
        Sent = "sent",
        /// Accepted by the other server.
        Accepted = "accepted",
        /// Delivered.
        Delivered = "delivered",
        /// Returned as undeliverable.
        Bounced = "bounced",
        /// Reported as spam by the receiver.
        Complained = "complained",
        /// Not sent.
        Dropped = "dropped",
        /// Failed.
        Error = "error",
    }
}

open_enum! {
    /// The assistant that handles a conversation.
    ///
    /// `yandex_ai` is listed for Carrot quest only.
    /// Source: <https://developers.dashly.io/webapi/endpoints/apps/conversations/>
    pub enum AssistantType {
        /// Dialogflow.
        Dialogflow = "dialogflow",
        /// Yandex AI.
        YandexAi = "yandex_ai",
        /// A bot that collects contacts.
        LeadBot = "lead_bot",
        /// The welcome bot.
        RoutingBot = "routing_bot",
        /// A bot in Facebook.
        FacebookBot = "facebook_bot",
        /// A bot in Telegram.
        TelegramBot = "telegram_bot",
        /// A bot that the widget offers.
        WidgetBot = "widget_bot",
    }
}

open_enum! {
    /// Where the receiver of a manual or automatic message is.
    ///
    /// Source: <https://developers.dashly.io/webapi/endpoints/users/conversations>
    pub enum RecipientType {
        /// Anywhere.
        All = "all",
        /// On the site.
        Web = "web",
        /// In a mobile app.
        Sdk = "sdk",
    }
}
