use super::check_with;
const PRE: &str = r#"entity buyer
entity device
entity ip: ip
event order { buyer: buyer, device: device?, amount: money, usd: money(USD), n: int, d: decimal, f: float, t: text, mail: email, ip: ip?, net: cidr, c: country?, cur: currency, pay: enum { card, cod }, card: text sensitive, pub_name: text public, since: time?, dur: duration, flag: bool, items: list<record { sku: text, price: money(USD), q: int }>, tags: list<text> }
event login { buyer: buyer, ip: ip?, pay: enum { card, cod } }
event transfer { from_buyer: buyer, to_buyer: buyer }
events act = login, order
list trusted: buyer = ["b1"]
list nets: cidr = ["10.0.0.0/8"]
let W = 24h
signal logins = count(login) by buyer over 24h
action report(b: buyer, why: enum { a, b })
"#;
#[test]
fn show() {
    let bodies = include_str!("scratch.txt");
    for case in bodies.split("\n---\n") {
        let (text, raw) = match case.strip_prefix("RAW\n") {
            Some(r) => (r.to_string(), true),
            None => (
                format!(
                    "{PRE}{}",
                    if case.starts_with("rule ") || case.contains("test ") {
                        case.to_string()
                    } else {
                        format!("rule r on order {{ block if {case} }}")
                    }
                ),
                false,
            ),
        };
        let (hir, found, sources) = check_with(&text, &[]);
        println!("=== {}", case.trim());
        for d in &found {
            println!(
                "   {} {:?}: {} [{}] HELP {:?}",
                d.code.name,
                sources.slice(d.span()),
                d.message,
                d.labels
                    .iter()
                    .map(|l| format!("{:?}:{}", sources.slice(l.span), l.text))
                    .collect::<Vec<_>>()
                    .join(" | "),
                d.help.as_deref().unwrap_or("-")
            );
        }
        if found.is_empty() && !raw {
            for line in hir
                .to_string()
                .lines()
                .filter(|l| l.contains(" if ") || l.starts_with("memory") || l.contains("=>"))
            {
                println!("   OK {}", line.trim());
            }
        }
    }
}
