//! What rules become, as text.

use super::ir::{Op, Plan};
use super::print::print;
use crate::sema::{self, DataFiles, FileInput, Input, hir::Hir};
use crate::source::SourceMap;
use crate::syntax;

const EVENTS: &str = "
ruleset shop {
    version \"1\"
    currency USD
}
entity buyer
event order {
    buyer: buyer
    amount: money(USD)
    old: int?
    never_used: text
    items: list<record { price: int }>
}
event login { buyer: buyer }
action report(buyer: buyer)
";

fn plan(rules: &str) -> (Plan, Hir) {
    let text = format!("{EVENTS}{rules}");
    let mut sources = SourceMap::default();
    let source = sources.add("shop.rules", text.as_str());
    let (file, mut found) = syntax::parse(source, &text);
    let files = vec![FileInput { file: &file, root: true, rules: true }];
    let data = DataFiles::default();
    let (hir, more) = sema::check(Input { files, sources: &sources, data: &data, default_name: "shop" });
    found.extend(more);
    let messages: Vec<String> = found.iter().map(|d| d.message.clone()).collect();
    assert!(!found.has_errors(), "{messages:#?}");
    (Plan::new(&hir, &sources), hir)
}

fn printed(rules: &str) -> String {
    let (plan, hir) = plan(rules);
    print(&plan, &hir)
}

#[test]
fn a_plan_as_text() {
    let text = printed(
        r#"
let LIMIT = 2 + 3
signal logins = count(login) by buyer over 24h
rule a on order {
    when amount > 5 USD
    block if logins > LIMIT and true score 9
    review if count(order) by buyer over 90s including this >= 3
    unless any(items where price > 100) because "rich"
    because "{logins} logins"
    about buyer
    do report(buyer) if old is present
}
rule b on order {
    review if count(login) by buyer over 24h > 5
    because "x"
}
policy order { block at score 9 }
"#,
    );
    let golden = "\
plan shop (19 nodes)

event order
  needs at, id, received_at, buyer, amount, old, items
  nodes
    %0 = field buyer : buyer
    %2 = field amount : money(USD)
    %3 = 5 USD : money(USD)
    %4 = Greater %2, %3 : bool
    %5 = count m0 by (%0) over 1d : int
    %6 = 3 : int
    %7 = 5 : int
    %8 = Greater %5, %7 : bool
    %9 = count m1 by (%0) over 90s including this : int
    %10 = GreaterEqual %9, %6 : bool
    %11 = field items : list<record { price: int }>
    %12 = element 0 : record { price: int }
    %13 = price of %12 : int
    %14 = 100 : int
    %15 = Greater %13, %14 : bool
    %16 = any(%11, %15) at level 0 : bool
    %17 = field old : int
    %18 = IsPresent %17 : bool
  write m1 by %0
  read %5 from m0
  read %9 from m1 including this
  rule a
    when %4
    block if %8 score 9
    review if %10 score 0
    unless %16
    about buyer = %0
    do report(%0) if %18
  rule b
    review if %8 score 0
  policy block at score 9

event login
  needs at, id, received_at, buyer
  nodes
    %1 = field buyer : buyer
  write m0 by %1
";
    assert_eq!(text, golden);
}

#[test]
fn one_question_however_many_rules_ask_it() {
    let rules: String = (0..50)
        .map(|i| {
            format!(
                "rule r{i} on order {{\n review if count(login) by buyer over 1h > {i}\n because \"x\"\n}}\n"
            )
        })
        .collect();
    let (plan, _) = plan(&rules);
    let order = &plan.events[0];
    assert_eq!((order.reads.len(), order.keys.len(), order.rules.len()), (1, 1, 50));
}

#[test]
fn other_windows_functions_and_keys_are_other_questions() {
    let (plan, _) = plan(
        r#"
rule a on order {
    review if count(login) by buyer over 1h > 1
    review if count(login) by buyer over 2h > 1
    review if (since(login) by buyer ever) < 1h
    review if count(order) by buyer over 1h including this > 1
    review if count(order) by buyer over 1h before this > 1
    because "x"
}"#,
    );
    assert_eq!(plan.events[0].reads.len(), 5);
    let current: Vec<bool> = plan.events[0].reads.iter().map(|read| read.include_current.is_some()).collect();
    assert_eq!(current.iter().filter(|counts| **counts).count(), 1);
}

#[test]
fn what_needs_no_event_is_computed_once() {
    let (plan, _) = plan(
        r#"
let A = 3
let B = A * 4 - 2
rule a on order {
    when not not (amount > 1 USD) and B > 5
    review if old > B or B < 3
    because "x"
}"#,
    );
    let rule = &plan.events[0].rules[0];
    let when = plan.graph.node(rule.when.unwrap().node);
    assert!(matches!(when.op, Op::Compare(_)), "{:?}", when.op);
    let band = plan.graph.node(rule.bands[0].condition.node);
    assert!(matches!(band.op, Op::Compare(_)), "{:?}", band.op);
    assert!(plan.graph.nodes.iter().all(|node| !matches!(node.op, Op::Binary(_) | Op::Not)));
}

#[test]
fn a_failing_constant_stays_unknown_for_its_reason() {
    let (plan, hir) = plan("rule a on order {\n review if old > 1 / 0\n because \"x\"\n}");
    assert!(print(&plan, &hir).contains("unknown (division by zero)"));
}

#[test]
fn the_same_text_gives_the_same_plan() {
    let rules = "rule a on order {\n review if old > 3 and amount > 7 USD\n because \"{old}\"\n}";
    assert_eq!(printed(rules), printed(rules));
}
