//! What the grammar would have accepted, in words.

use pest::error::{Error as PestError, ErrorVariant};

use crate::syntax::parser::Rule;

/// The rules that the grammar tried where it gave up, sorted by what they mean to a reader.
#[derive(Debug, Default)]
pub(super) struct Expected {
    pub rules: Vec<Rule>,
    pub value: bool,
    pub operator: bool,
    /// Nothing more: the end of the clause, field or declaration.
    pub end: bool,
    pub clause: bool,
    pub item: bool,
    /// Signs, words and kinds of things, spelt.
    pub things: Vec<String>,
    /// Words that may follow here and that are not needed.
    pub optional: Vec<String>,
}

impl Expected {
    pub fn new(error: &PestError<Rule>) -> Expected {
        let mut expected = Expected::default();
        if let ErrorVariant::ParsingError { positives, .. } = &error.variant {
            for rule in positives {
                expected.add(*rule);
            }
            expected.rules.clone_from(positives);
        }
        if expected.has(Rule::with_kind) {
            // An event may be called `with`, but hardly ever is.
            expected.things.retain(|t| t != "`{`");
        }
        if expected.operator {
            // After a complete operand an opening bracket or a dot is one more way to go on, not what is missing.
            expected.things.retain(|t| !matches!(t.as_str(), "`(`" | "`[`" | "`.`" | "`=`"));
            expected.value = false;
        }
        expected
    }

    pub fn has(&self, rule: Rule) -> bool {
        self.rules.contains(&rule)
    }

    fn add(&mut self, rule: Rule) {
        match rule {
            Rule::EOI => self.end = true,
            Rule::reference | Rule::expr | Rule::boolean | Rule::simple | Rule::given | Rule::argument => {
                self.value = true
            }
            Rule::path | Rule::paren | Rule::array | Rule::integer => self.value = true,
            Rule::kw_not | Rule::minus | Rule::plus | Rule::open_square => {}
            Rule::key | Rule::keys | Rule::key_path => self.thing("a key"),
            Rule::name | Rule::names => self.thing("a name"),
            Rule::text => self.thing("a text in double quotes"),
            Rule::file => self.thing("`from` with a file name"),
            Rule::type_expr | Rule::type_name => self.thing("a type"),
            Rule::regex => self.thing("a regex between slashes"),
            Rule::language => self.thing("a language such as `en`"),
            Rule::field | Rule::setting | Rule::parameter => self.thing("a field"),
            Rule::limit => self.thing("a limit such as `entries 10000`"),
            Rule::expectation => self.thing("an outcome such as `review`, or another expectation"),
            Rule::header_clause | Rule::clause | Rule::policy_band => self.clause = true,
            Rule::let_item | Rule::rule_head | Rule::kw_entity => self.item = true,
            Rule::this => self.optional.extend(["`including this`".into(), "`before this`".into()]),
            Rule::window | Rule::by | Rule::extent | Rule::over => self.optional.push("`over`".into()),
            Rule::open_brace => self.thing("`{`"),
            Rule::close_brace => self.thing("`}`"),
            Rule::open_paren => self.thing("`(`"),
            Rule::close_paren => self.thing("`)`"),
            Rule::close_square => self.thing("`]`"),
            Rule::open_angle => self.thing("`<`"),
            Rule::close_angle => self.thing("`>`"),
            Rule::comma => self.thing("`,`"),
            Rule::colon => self.thing("`:`"),
            Rule::dot => self.thing("`.`"),
            Rule::equals => self.thing("`=`"),
            Rule::arrow => self.thing("`->`"),
            Rule::fat_arrow => self.thing("`=>`"),
            Rule::question => {}
            Rule::with_kind => {
                ["`list`", "`table`", "`phrases`"].into_iter().for_each(|kind| self.thing(kind))
            }
            _ => self.other(rule),
        }
    }

    fn thing(&mut self, thing: &str) {
        if !self.things.iter().any(|t| t == thing) {
            self.things.push(thing.to_owned());
        }
    }

    fn other(&mut self, rule: Rule) {
        let name = format!("{rule:?}");
        let infix = [
            "or", "and", "in", "is", "between", "contains", "matches", "mentions", "has", "during", "starts",
            "ends", "else", "as",
        ];
        match name.strip_prefix("kw_") {
            Some(word) if infix.contains(&word) => {
                self.operator |= word == "or";
                if !self.rules_are_operators(word) {
                    self.thing(&format!("`{word}`"));
                }
            }
            Some(
                word @ ("score" | "because" | "ever" | "over" | "within" | "ending" | "step" | "where"
                | "for" | "per"),
            ) => {
                self.optional.push(format!("`{word}`"));
            }
            Some(word) => self.thing(&format!("`{word}`")),
            None if name.starts_with("op_") => self.operator |= rule != Rule::op_less || self.operator,
            None => {}
        }
    }

    /// Infix words come all together, after an operand; alone they are a word like any other.
    fn rules_are_operators(&self, word: &str) -> bool {
        self.operator || !matches!(word, "in" | "and" | "as" | "with")
    }

    /// "a value", "`{` or `,`", "an operator or the end of the line".
    pub fn describe(&self, end: &str) -> String {
        let mut parts: Vec<String> = Vec::new();
        if self.item {
            parts.push("a declaration such as `rule` or `event`".into());
        } else if self.clause {
            parts.push("a clause".into());
        } else {
            if self.value {
                parts.push("a value".into());
            }
            let weak = |t: &str| matches!(t, "`(`" | "`[`" | "`.`" | "`=`" | "`,`");
            let strong =
                self.things.iter().filter(|t| !weak(t)).chain(self.optional.iter().filter(|_| !self.end));
            let strong: Vec<&String> = strong.filter(|t| !(self.value && t.contains("a text"))).collect();
            if strong.is_empty() && !self.value {
                parts.extend(self.things.iter().take(4).cloned());
            }
            parts.extend(strong.into_iter().take(4).cloned());
            if self.operator && !self.value {
                parts.push("an operator".into());
            }
            if self.end {
                parts.push(end.to_owned());
            }
        }
        match parts.as_slice() {
            [] if self.has(Rule::open_square) => "`[`".into(),
            [] => "something else".into(),
            [one] => one.clone(),
            [init @ .., last] => format!("{} or {last}", init.join(", ")),
        }
    }
}
