//! An odd decoration of any sample costs no record.

use std::{cell::RefCell, rc::Rc};

use crate::mutations::Mutations;

#[test]
fn odd_decoration_never_costs_a_record() {
    let mutations = Rc::new(RefCell::new(Mutations::default()));
    crate::samples::mutate(&mutations);
    crate::webhook::mutate(&mut mutations.borrow_mut());
    crate::realtime::mutate(&mut mutations.borrow_mut());
    mutations.borrow().assert_listed();
}
