//! Everything the language's description shows can be read.

use super::clean;

pub const HEADER: &str = r#"
ruleset marketplace {
    edition  2026
    version  "2026.11.1"
    timezone "Asia/Shanghai"
    currency USD
    outcomes allow < observe < warn < challenge < review < block     // this is the default ladder; the first must be `allow`
    rejects  review                                                  // the outcome of an event that can't be read (default; never `allow`)
    lateness 1h                                                      // how late an event may come and still read exact windows (default)
    limits { entries 10000 }
}
use "../events"
use rules "../packs/returns"
override let NAME = 5 USD
"#;

pub const EVENTS: &str = r#"
entity buyer
entity order_ref
entity ip: ip                   // a built-in type with an entity's rights (labels, `about`, keys)

/// A new order.
event order {
    order:        order_ref
    buyer:        buyer
    buyer_since:  time?
    amount:       money
    card:         text? sensitive
    ship_country: country?
    ip:           ip?
    payment:      enum { card, wallet, transfer, cod, other }
    /// What is in the cart.
    items:        list<record { sku: text, category: text, price: money, quantity: int }>
}
events activity = login, payment_failed, order      // a group: it has the fields that all have with one type
event mapped from "/kind" == "ORDER_CREATED" {
    at: time from "/ts" as epoch_ms
    id: text from "/order/id"
    amount: money from "/total/value", "/total/currency"
    from: text, sensitive: bool
    public: bool? public
    as: money(USD)? sensitive from "/a"
}
"#;

pub const MEMORY: &[&str] = &[
    "count(address_change) by buyer over 24h",
    "sum(order.amount where payment == cod) by buyer over 30d before this",
    "distinct(activity.ip) by buyer over 1h including this",
    "count(order) by ip over 7d ending 1d ago",
    "last(order.at) by buyer ever before this",
    "any(dispute where outcome == lost) by buyer over 180d",
    "count(order) by payment, hour(at) over 28d before this",
    "count(hit where rule == \"costly_cancel\") by buyer over 7d",
    "sequence(address_change, order_cancel, refund_request) by order within 48h",
    "sequence(a, not b where x > 3, c) by order within 48h",
    "approx distinct(order.ip) by buyer over 30d step 6h",
    "percentile(order.amount, 95) by seller over today in \"Europe/Warsaw\"",
    "count(order) by buyer = seller over this week including this",
    "count(order) over this month",
    "since(order) by buyer ever",
    "any(items where price > 5 USD and category in [\"a\", \"b\"])",
    "at - (last(order.at) by buyer ever before this else 5d)",
    "ip in blocked and not (buyer has label suspect) or at during promotions[product]",
    "profile[buyer].completed > 5 and t[seller, product] != 3",
    "amount as USD >= HIGH_VALUE",
    "email matches /^a+b\\/c\"{ $/i and message mentions off_platform",
    "amount between 5 USD and 10 USD and name is present or x is missing",
    "name starts with \"a\" and name ends with \"b\" and name contains \"c\" and x not in y",
    "-5 + 3.5 * 2 % 3 - 5% - 250ms",
    "at > 2026-11-11 and at <= 2026-11-11T10:00:00Z and at != 2026-11-11T10:00:00.123+08:00",
    "x == true or y == \"\\u{4f60}\\n\"",
    "`in` == 5 and and == 3",
];

pub const NAMES: &str = r#"
let HIGH_VALUE = 500 USD
signal account_age = at - buyer_since                        // an expression by name, usable on every event that has its fields
signal address_changes = count(address_change) by buyer over 24h
signal trusted = buyer in trusted_buyers

list   disposable_domains: text   from "lists/disposable_domains.txt"
list   home_markets:       country = [CN, PL]
list   trusted_buyers:     buyer  extern
table  ip_country:         cidr -> country from "tables/ip_country.csv"        // no header; the longest prefix wins
table  profile:            buyer from buyer_profile          // per field the last value told by that event
table  pair:               seller, product -> decimal from "tables/pair.csv"
phrases off_platform       from "phrases/off_platform.txt" fold "phrases/zh.txt"
calendar promotions        from "calendars/promotions.csv"
calendar campaigns         from promotion by seller, product // rows from an event's `from` and `until`
rates                      from "tables/rates.csv"           // header date,from,to,rate; a pair serves both directions
action report(order: order_ref, scenario: enum { malicious_order, malicious_dispute, malicious_review, harassment, not_sold })
       once per order, scenario per 180d                     // across all rules: a repeat is withheld
label  suspect on buyer
"#;

pub const RULES: &str = r#"
/// Buyers who keep redirecting the parcel often ask for the money back next.
rule repeated_address_change "Delivery address keeps changing" on refund_request {
    tags     address, refund
    severity high
    source   "repeated-address-change"
    let changes = count(address_change) by buyer over 24h
    block  if changes >= 6  score 90
    review if changes >= 3  score 40
    unless trusted because "long, verified history"
    because "{changes} address changes in 24 h, then a refund request"
    tell   en "To make sure the parcel reaches you, please confirm your address."
           zh "为确保包裹准时送达,请确认收货地址。"
    about  buyer
    label  suspect on buyer for 30d
    do     report(order, malicious_order) if changes >= 6
    mute   new_account_high_value by buyer for 1d
    once   per order per 30d
}

shadow rule new_account_high_value on order {
    when amount >= HIGH_VALUE
    review if account_age < 7d and count(order) by buyer ever before this == 0  score 60
    review if unknown
    score 15 if amount > 3 USD
    score -5 if x
    unless trusted
    because "account is {account_age} old and {a.b} is {share as %} {{so}}"
    active from 2026-11-20 until 2026-12-02
    rollout 10% by buyer
    formerly old_name
    unlabel suspect on buyer if x > 3
    always
    block always
}

rule unpaid on no payment where ok by order within 48h after order where amount > 0 USD {
    observe always
}
rule unpaid2 on no payment where lower(a) == b by order within 48h after order {
    observe always
}
policy order, refund_request { challenge at score 40
    review at score 60
    block at score 90 }
"#;

pub const TESTS: &str = r#"
sample order { buyer: "b1", order: "o1", amount: 20 USD, payment: card, items: [] }
sample cart {
    items: [{ sku: "a", price: 10 USD }, { sku: "b", price: 2 USD }]
    nested: { a: 1, b: { c: 2 } }
}

test "three changes, then a refund" {
    with list trusted_buyers = ["b9"]
    with rates = [["2026-01-01", "EUR", "USD", 1.1]]
    order { at: 2026-11-11T09:00:00Z }
    address_change { buyer: "b1", order: "o1", at: 2026-11-11T10:00:00Z }
    address_change { buyer: "b1", order: "o1", at: +5m }
    address_change { buyer: "b1", order: "o1", at: +5m }
    refund_request { buyer: "b1", order: "o1", at: +1h } => review by repeated_address_change, score 40, label suspect on "b1", no do report
    clock { at: +48h }
    deadline unpaid => observe
    order {} => allow by only r1, not by r3, by r1 and r2, cannot say r4, shadow r, suppressed r, do a(1, b), no do a, reject, late, duplicate, warming, bad
    order {} => review not by r2
}
"#;

#[test]
fn every_snippet_of_the_language_is_read() {
    assert_eq!(clean(HEADER).items.len(), 4);
    assert_eq!(clean(EVENTS).items.len(), 6);
    assert_eq!(clean(NAMES).items.len(), 16);
    assert_eq!(clean(RULES).items.len(), 5);
    assert_eq!(clean(TESTS).items.len(), 3);
    for memory in MEMORY {
        clean(&format!("signal s = {memory}"));
    }
}
