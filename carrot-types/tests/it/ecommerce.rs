//! Events of a shop and the properties that go with them.

use carrot_types::{
    InvalidValue, PropertyOperation, TypedEvent,
    ecommerce::{Cart, CartAdded, CartViewed, Order, OrderEvent, Product, ProductViewed, Step},
    system,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::assert_snapshot;

fn lamp() -> Product {
    Product::new("Lamp")
        .with_url("https://shop.example/lamp")
        .with_amount(2_500)
        .with_image("https://shop.example/lamp.png")
}

fn order() -> Order {
    Order::new("1001", 4_100)
        .with_human_id("A-1001")
        .with_items(["Lamp", "Bulb"])
}

fn properties(event: &dyn TypedEvent) -> Value {
    serde_json::to_value(event.properties().unwrap()).unwrap()
}

fn written(operations: &[PropertyOperation]) -> Vec<String> {
    operations
        .iter()
        .map(|operation| {
            let value = serde_json::to_string(&operation.value()).unwrap();
            format!("{} {} {value}", operation.op().as_str(), operation.name())
        })
        .collect()
}

#[test]
fn each_event_knows_its_name_and_its_properties() {
    let cancelled = OrderEvent::Cancelled {
        order: order(),
        comment: Some("Too late".to_owned()),
    };
    let cases: [(&str, Box<dyn TypedEvent>); 8] = [
        (
            system::event::PRODUCT_VIEWED,
            Box::new(ProductViewed::new(lamp())),
        ),
        (system::event::CART_ADDED, Box::new(CartAdded::new(lamp()))),
        (system::event::ORDER_STARTED, Box::new(OrderEvent::Started)),
        (
            system::event::ORDER_COMPLETED,
            Box::new(OrderEvent::Completed(order())),
        ),
        (
            system::event::ORDER_PAID,
            Box::new(OrderEvent::Paid(order())),
        ),
        (
            system::event::ORDER_REFUNDED,
            Box::new(OrderEvent::Refunded(order())),
        ),
        (system::event::ORDER_CANCELLED, Box::new(cancelled)),
        (
            system::event::ORDER_CLOSED,
            Box::new(OrderEvent::Closed(Order::new("1001", 4_100))),
        ),
    ];
    let mut told = String::new();
    for (name, event) in cases {
        assert_eq!(event.name(), name);
        told += &format!("{name} {}\n", properties(&*event));
    }
    assert_snapshot("ecommerce_events", &told);
    assert_eq!(
        properties(&ProductViewed::new(Product::new("Lamp"))),
        json!({"$name": "Lamp"})
    );
}

#[test]
fn the_lists_of_a_viewed_cart_stay_parallel() {
    let viewed = CartViewed::new([lamp(), Product::new("Bulb").with_amount(800)]);
    assert_eq!(viewed.name(), "$cart_viewed");
    assert_eq!(
        properties(&viewed),
        json!({
            "$name": ["Lamp", "Bulb"],
            "$url": ["https://shop.example/lamp", ""],
            "$amount": ["2500", "800"],
            "$img": ["https://shop.example/lamp.png", ""],
        })
    );
    let names_only = Cart::new([Product::new("Lamp"), Product::new("Bulb")], 0).viewed();
    assert_eq!(properties(&names_only), json!({"$name": ["Lamp", "Bulb"]}));
    assert_eq!(properties(&CartViewed::new([])), json!({}));
}

#[test]
fn a_viewed_product_is_remembered() {
    let step = lamp().viewed().unwrap();
    assert_eq!(step.event, ProductViewed::new(lamp()));
    assert_eq!(
        written(&step.operations),
        [r#"union $viewed_products "Lamp""#]
    );
}

#[test]
fn a_changed_cart_is_remembered() {
    let cart = Cart::new([lamp(), Product::new("Bulb")], 3_300);
    let step = cart.added(lamp()).unwrap();
    assert_eq!(step.event, CartAdded::new(lamp()));
    assert_eq!(
        written(&step.operations),
        [
            r#"update_or_create $cart_items ["Lamp","Bulb"]"#,
            "update_or_create $cart_amount 3300",
        ]
    );
    assert_eq!(step.operations, cart.operations().unwrap());
    assert_eq!(
        written(&Cart::default().operations().unwrap()),
        ["delete $cart_items null", "delete $cart_amount null"]
    );
}

#[test]
fn an_order_is_one_event_and_seven_operations() {
    let step = order().completed().unwrap();
    assert_eq!(step.event, OrderEvent::Completed(order()));
    assert_eq!(
        written(&step.operations),
        [
            "update_or_create $last_payment 4100",
            "add $revenue 4100",
            "add $orders_count 1",
            "delete $cart_items null",
            "delete $cart_amount null",
            r#"union $ordered_items "Lamp""#,
            r#"union $ordered_items "Bulb""#,
        ]
    );
}

#[test]
fn later_order_steps_record_the_status() {
    let status = [r#"update_or_create $last_order_status "in transit""#];
    let order = order();

    let paid = order.paid("in transit").unwrap();
    assert_eq!(paid.event, OrderEvent::Paid(order.clone()));
    assert_eq!(written(&paid.operations), status);

    let refunded = order.refunded("in transit").unwrap();
    assert_eq!(refunded.event, OrderEvent::Refunded(order.clone()));
    assert_eq!(written(&refunded.operations), status);

    let cancelled = order.cancelled("in transit").unwrap();
    let event = OrderEvent::Cancelled {
        order: order.clone(),
        comment: None,
    };
    assert_eq!(cancelled.event, event);
    assert_eq!(written(&cancelled.operations), status);

    let closed = order.closed("in transit").unwrap();
    assert_eq!(closed.event, OrderEvent::Closed(order));
    assert_eq!(written(&closed.operations), status);

    assert_eq!(
        written(&Order::status_changed("in transit").unwrap()),
        status
    );
}

fn message<T: std::fmt::Debug>(result: Result<T, InvalidValue>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn broken_limits_reject_the_whole_step() {
    let many = Order::new("1001", 1).with_items(vec!["Lamp"; 31]);
    let too_many = "`value of $items` must be at most 30 items, got 31";
    assert_eq!(message(many.completed()), too_many);
    assert_eq!(message(many.paid("new")), too_many);
    assert_eq!(message(many.refunded("new")), too_many);
    assert_eq!(message(many.cancelled("new")), too_many);
    assert!(
        many.closed("new").is_ok(),
        "closing an order sends no items"
    );

    let cart = Cart::new(vec![lamp(); 31], 1);
    assert_eq!(
        message(cart.added(lamp())),
        "`value of $cart_items` must be at most 30 items, got 31"
    );
    assert_eq!(
        message(cart.viewed().properties()),
        "`value of $name` must be at most 30 items, got 31"
    );

    let long = "x".repeat(256);
    assert_eq!(
        message(Product::new("Lamp").with_url(long.as_str()).viewed()),
        "`value of $url` must be at most 255 characters, got 256"
    );
    assert_eq!(
        message(order().closed(long.as_str())),
        "`value of $last_order_status` must be at most 255 characters, got 256"
    );
    assert!(
        message(Order::new("1001", i64::MAX).completed())
            .starts_with("`value of $last_payment` must be an integer from -2^53")
    );
    assert_eq!(
        message(Step::new(
            OrderEvent::Closed(Order::new(long, 0)),
            Vec::new()
        )),
        "`value of $order_id` must be at most 255 characters, got 256"
    );
}

proptest! {
    #[test]
    fn order_is_sent_whole_or_rejected(
        id in prop_oneof![9 => ".{0,255}", 1 => ".{256,300}"],
        amount in prop_oneof![9 => any::<i32>().prop_map(i64::from), 1 => any::<i64>()],
        items in prop_oneof![
            9 => prop::collection::vec(".{0,20}", 0..=32),
            1 => prop::collection::vec(".{250,256}", 0..4),
        ],
    ) {
        let short = |text: &String| text.chars().count() <= 255;
        let in_range = amount.unsigned_abs() <= 1 << 53;
        let fits = short(&id) && in_range && items.len() <= 30 && items.iter().all(short);
        let step = Order::new(id.as_str(), amount).with_items(items.as_slice()).completed();
        prop_assert_eq!(step.is_ok(), fits);
        if let Ok(step) = step {
            let sent = properties(&step.event);
            prop_assert_eq!(&sent["$order_id"], &json!(id));
            prop_assert_eq!(&sent["$order_amount"], &json!(amount));
            prop_assert_eq!(&sent["$items"], &json!(items));
            prop_assert_eq!(step.operations.len(), 5 + items.len());
        }
    }

    #[test]
    fn viewed_cart_lists_have_equal_length(
        amounts in prop::collection::vec(any::<Option<i64>>(), 1..=30)
    ) {
        let products = amounts.iter().map(|amount| match amount {
            Some(amount) => Product::new("x").with_amount(*amount),
            None => Product::new("x"),
        });
        let sent = properties(&CartViewed::new(products));
        prop_assert_eq!(sent["$name"].as_array().map(Vec::len), Some(amounts.len()));
        let texts: Vec<String> = amounts
            .iter()
            .map(|amount| amount.map(|amount| amount.to_string()).unwrap_or_default())
            .collect();
        if amounts.iter().any(Option::is_some) {
            prop_assert_eq!(&sent["$amount"], &json!(texts));
        } else {
            prop_assert_eq!(sent.get("$amount"), None);
        }
    }
}
