//! Every page's examples do what the page says.

use super::{errors, findings};
use crate::diag::codes;

fn block<'p>(page: &'p str, word: &str) -> Option<&'p str> {
    let start = page.find(&format!("```rules {word}\n"))?;
    let body = &page[start..];
    let body = &body[body.find('\n')? + 1..];
    Some(&body[..body.find("```")?])
}

#[test]
fn bad_examples_give_their_code_alone_and_good_ones_none() {
    let mut wrong = Vec::new();
    for code in codes::ALL.iter().filter(|c| ("E0200".."E0500").contains(&c.id)) {
        let Some((bad, good)) = block(code.page, "bad").zip(block(code.page, "good")) else {
            wrong.push(format!("{}: no examples", code.name));
            continue;
        };
        if errors(bad) != [code.name] {
            wrong.push(format!("{} bad: {:#?}", code.name, findings(bad)));
        }
        if !errors(good).is_empty() {
            wrong.push(format!("{} good: {:#?}", code.name, findings(good)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
