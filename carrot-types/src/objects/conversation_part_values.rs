//! The enums of a conversation part.

open_enum! {
    /// What a part of a conversation is: a message, a note, or a record of something that happened.
    ///
    /// Source: <https://developers.dashly.io/objects/conversationpart>
    pub enum PartType {
        /// The user wrote, in the chat or a messenger.
        ReplyUser = "reply_user",
        /// An operator wrote.
        ReplyAdmin = "reply_admin",
        /// The system replied by itself.
        AutoReply = "auto_reply",
        /// A note of an operator, which the user does not see.
        Note = "note",
        /// An article of the knowledge base, sent by an operator.
        Article = "article",
        /// A bot wrote; seen in other clients.
        ChatBotAdmin = "chat_bot_admin",
        /// The user wrote to a bot; seen in other clients.
        ChatBotUser = "chat_bot_user",
        /// System: a tag was added.
        TagAdded = "tag_added",
        /// System: a tag was removed.
        TagDeleted = "tag_deleted",
        /// System: an operator was assigned, or nobody any more.
        Assigned = "assigned",
        /// System: closed.
        Closed = "closed",
        /// System: reopened; in v1 only.
        Opened = "opened",
        /// System: the question has been resolved; deprecated.
        FinalClosed = "final_closed",
        /// System: put off until later.
        Delayed = "delayed",
        /// System: moved to another channel.
        ChannelChanged = "channel_changed",
        /// System: asks the user to rate the support.
        Vote = "vote",
        /// A part of the service itself; seen in other clients and in v1.
        Service = "service",
        /// An operator wrote: the older name, in v1 only.
        ReplyDjangoUser = "reply_django_user",
    }
}

open_enum! {
    /// The way in which a part came in. May be an empty string.
    ///
    /// Source: <https://developers.dashly.io/objects/conversationpart/>
    pub enum SentVia {
        /// The user, on the site.
        WebUser = "web_user",
        /// An operator, in the admin panel.
        WebPanel = "web_panel",
        /// The user, by e-mail.
        EmailUser = "email_user",
        /// An operator, by e-mail.
        EmailAdmin = "email_admin",
        /// The app for Android.
        AppAndroid = "app_android",
        /// The app for iOS.
        AppIos = "app_ios",
        /// The extension for Chrome.
        AppChrome = "app_chrome",
        /// The app for desktops.
        AppDesktop = "app_desktop",
        /// An automatic message.
        MessageAuto = "message_auto",
        /// A manual message.
        MessageManual = "message_manual",
        /// A message of a chat bot.
        MessageChatBot = "message_chat_bot",
        /// This API.
        Api = "api",
        /// An integration.
        Integrations = "integrations",
        /// The system itself.
        System = "system",
        /// An automatic reply.
        AutoReply = "auto_reply",
    }
}

open_enum! {
    /// Which side wrote. Deprecated by the vendor: [`PartType`] says more.
    ///
    /// Source: <https://developers.dashly.io/objects/conversationpart>
    pub enum Direction {
        /// From the site ("admin") to the user.
        AdminToUser = "a2u",
        /// From the user to the site ("admin").
        UserToAdmin = "u2a",
    }
}
