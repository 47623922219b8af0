//! The names that the service keeps for itself.

use std::collections::BTreeSet;

use carrot_types::{EventName, PropertyName, system};

#[test]
fn system_properties_are_valid_and_unique() {
    for name in system::property::ALL {
        assert!(PropertyName::system(*name).is_ok(), "{name}");
    }
    let unique: BTreeSet<_> = system::property::ALL.iter().collect();
    assert_eq!(unique.len(), system::property::ALL.len());
    assert_eq!(system::property::EMAIL, "$email");
}

#[test]
fn system_events_are_valid_and_unique() {
    for name in system::event::ALL {
        assert!(
            EventName::new(*name).is_ok_and(|name| name.is_system()),
            "{name}"
        );
    }
    let unique: BTreeSet<_> = system::event::ALL.iter().collect();
    assert_eq!(unique.len(), system::event::ALL.len());
}

#[test]
fn every_name_of_the_vendor_is_there() {
    let properties = "$name $phone $email $cart_amount $cart_items $viewed_products \
        $viewed_categories $ordered_items $ordered_categories $last_order_status $last_payment \
        $revenue $profit $group $discount $orders_count $last_seen $sessions $last_reply \
        $last_contect $last_contact $avatar $initial_referrer $country $city $region \
        $last_utm_source $last_utm_medium $last_utm_campaign $last_utm_content $last_utm_term \
        $user_id $carrot_id";
    let events = "$session_start $utm_hit $registered $authorized $conversation_part_group_closed \
        $double_opt_in_confirmed $double_opt_in_send $email_changed $name_changed $phone_changed \
        $leave_site_attempt $user_banned $user_unbanned $user_merged $page_view $logout \
        $input_filled $form_sended $filled_facebook_lead_ad $conversation_user_started \
        $message_sended $message_read $message_replied $message_clicked $message_unsubscribed \
        $message_bounced $message_spam $message_control_group $goal_completed $push_subscribed \
        $push_unsubscribed $product_viewed $cart_added $cart_viewed $order_started \
        $order_completed $order_paid $order_refunded $order_cancelled $order_closed \
        $demo_form_read $demo_form_completed $quiz_visited $page_visited";
    let sorted = |names: &[&'static str]| names.iter().copied().collect::<BTreeSet<_>>();
    assert_eq!(
        properties.split_whitespace().collect::<BTreeSet<_>>(),
        sorted(system::property::ALL)
    );
    assert_eq!(
        events.split_whitespace().collect::<BTreeSet<_>>(),
        sorted(system::event::ALL)
    );
}
