//! The examples of the language's description.

use super::{check_with, findings};

const MARKET: &str = r#"
ruleset marketplace {
    edition  2026
    version  "2026.11.1"
    timezone "Asia/Shanghai"
    currency USD
    lateness 1h
}
entity buyer
entity order_ref
entity ip: ip

event order {
    order:        order_ref
    buyer:        buyer
    buyer_since:  time?
    amount:       money
    card:         text? sensitive
    ship_country: country?
    ip:           ip?
    payment:      enum { card, wallet, transfer, cod, other }
    items:        list<record { sku: text, category: text, price: money, quantity: int }>
}
event login { buyer: buyer, ip: ip? }
event payment_failed { buyer: buyer, ip: ip? }
event address_change { buyer: buyer, order: order_ref }
event refund_request { buyer: buyer, order: order_ref }
event dispute { buyer: buyer, outcome: enum { lost, won } }
events activity = login, payment_failed, order

let HIGH_VALUE = 500 USD
signal account_age = at - buyer_since
signal address_changes = count(address_change) by buyer over 24h
signal trusted = buyer in trusted_buyers
list disposable_domains: text from "lists/disposable_domains.txt"
list home_markets: country = [CN, PL]
list trusted_buyers: buyer = ["b9"]
table ip_country: cidr -> country from "tables/ip_country.csv"
calendar promotions from "calendars/promotions.csv"
rates from "tables/rates.csv"
action report(order: order_ref, scenario: enum { malicious_order, not_sold })

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
           zh "confirm"
    about  buyer
    do     report(order, malicious_order) if changes >= 6
}

shadow rule new_account_high_value on order {
    when amount >= HIGH_VALUE
    review if account_age < 7d and count(order) by buyer ever before this == 0  score 60
    review if unknown
    because "account is {account_age} old and this first order is {amount}"
    active from 2026-11-20 until 2026-12-02
}

rule many on order {
    review if sum(order.amount where payment == cod) by buyer over 30d before this > 1000 USD
    review if distinct(activity.ip) by buyer over 1h including this > 3
    review if count(order) by ip over 7d ending 1d ago > 10
    warn if at - (last(order.at) by buyer ever before this) < 1m
    warn if any(dispute where outcome == lost) by buyer over 180d
    warn if count(order) by payment, hour(at) over 28d before this > 100
    warn if ship_country != ip_country[ip]
    warn if at during promotions
    warn if any(items where price > 100 USD and quantity > 2) or sum(items.price) > 5000 USD
    warn if distinct(items.category) >= 3 or ship_country not in home_markets
    warn if ip in "10.0.0.0/8" or ship_country in [CN, PL] or payment in [card, wallet]
    score 5 if sum(order.amount) by buyer over today before this > 10 USD
    rollout 10% by buyer
    because "{amount} {payment}"
}
policy order, refund_request {
    challenge at score 40
    review at score 60
    block at score 90
}
sample order { buyer: "b1", order: "o1", amount: 20 USD, payment: card, items: [] }

test "three changes, then a refund" {
    with list trusted_buyers = ["b9"]
    order { at: 2026-11-11T09:00:00Z, items: [{ sku: "a", category: "c", price: 1 USD, quantity: 2 }] }
    address_change { buyer: "b1", order: "o1", at: 2026-11-11T10:00:00Z }
    address_change { buyer: "b1", order: "o1", at: +5m }
    address_change { buyer: "b1", order: "o1" }
    refund_request { buyer: "b1", order: "o1", at: +1h } => review by repeated_address_change, score 40, no do report
}
"#;

const FILES: &[(&str, &str)] = &[
    ("lists/disposable_domains.txt", "mailinator.com\n"),
    ("tables/ip_country.csv", "10.0.0.0/8,PL\n"),
    ("calendars/promotions.csv", "name,from,until,timezone\nsale,2026-11-11,2026-11-12,UTC\n"),
    ("tables/rates.csv", "date,from,to,rate\n2026-11-01,EUR,USD,1.1\n"),
];

#[test]
fn the_marketplace_of_the_description_is_without_findings() {
    let (hir, found, sources) = check_with(MARKET, FILES);
    let found: Vec<String> = found
        .iter()
        .map(|d| format!("{} {:?}: {}", d.code.name, sources.slice(d.span()), d.message))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
    let text = hir.to_string();
    assert!(
        text.contains("login value ip by buyer | order value ip by buyer | payment_failed value ip by buyer")
    );
    assert!(text.contains("review score 60 if ((SubtractTime(at, buyer_since) < 7d) and (count(memory 1) by buyer ever before this == 0)) : bool?"));
    assert_eq!(hir.rules.len(), 3);
}

#[test]
fn the_current_event_must_be_named() {
    let found = findings(
        "entity buyer\nevent order { buyer: buyer }\nrule r on order { review if count(order) by buyer over 1h > 3 }",
    );
    assert_eq!(
        found,
        ["current_event \"count(order) by buyer over 1h\": it isn't said whether the current `order` counts"]
    );
}
