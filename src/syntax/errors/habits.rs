//! More habits of other tools: whole words and signs in places of their own.

use super::explain::Context;
use super::hints::{instead, is_name, is_number, told};
use crate::diag::{Diagnostic, codes};
use crate::syntax::parser::Rule;
use crate::syntax::scan::TokenKind;

/// What is more special than the habits of [`super::hints`].
pub(super) const FIRST: &[fn(&Context<'_>) -> Option<Diagnostic>] = &[
    dashes,
    date,
    clock,
    decimal_comma,
    is_in,
    list_in_braces,
    over_last,
    key_words,
    joined_keys,
    twice_this,
    key_after_this,
    in_last,
    named_argument,
    bare_pointer,
    label_of_nothing,
    period_of_once,
    deadline_after_nothing,
    including,
    one_event,
    mentioned_text,
    bare_pattern,
    outer_where,
    method,
    lone_missing,
    unquoted_because,
    tell_sign,
    lone_score,
    bare_address,
    score_sign,
    assignment,
    otherwise,
    outcome_last,
    expectations,
    types,
    ladder,
];

/// What is tried when nothing else fits.
pub(super) const LAST: &[fn(&Context<'_>) -> Option<Diagnostic>] = &[missing_comma, comma, unquoted];

fn is_clause(context: &Context<'_>) -> bool {
    context.failure.entry == Rule::clause_only
}

fn is_test(context: &Context<'_>) -> bool {
    context.failure.entry == Rule::test_part_only
}

/// `review if n > 5 -- large orders`
fn dashes(context: &Context<'_>) -> Option<Diagnostic> {
    let found = context.found as isize;
    let at = (0..=found).find(|n| {
        context.word(-n) == "-"
            && context.word(1 - n) == "-"
            && context.touches(-n)
            && !context.touches(-n - 1)
    })?;
    let span = context.run(-at, 1 - at);
    Some(told(&codes::COMMENT, "a comment begins with `//`", span, "not a comment here", "write `//`").fix(
        "write `//`",
        span,
        "//",
    ))
}

/// `20.11.2026`, `20/11/2026`
fn date(context: &Context<'_>) -> Option<Diagnostic> {
    let back = (0..4).find(|n| is_number(context, -n) && !context.touches(-n - 1))?;
    let written: String = (0..6)
        .take_while(|n| *n == 0 || context.touches(n - back - 1))
        .map(|n| context.word(n - back))
        .collect();
    let parts: Vec<&str> = written.split(['.', '/']).collect();
    let [day, month, year] = parts.as_slice() else { return None };
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    if !digits(day, 2) || !digits(month, 2) || year.len() != 4 || !digits(year, 4) {
        return None;
    }
    let last = (0..6).rev().find(|n| *n == 0 || (1..=*n).all(|m| context.touches(m - back - 1)))?;
    let span = context.run(-back, last - back);
    let help = "write year, month and day, such as `2026-11-20`";
    Some(told(&codes::LITERAL, format!("`{written}` is not a date"), span, "written differently here", help))
}

/// `2026-01-01T10:00`, `2026-01-01 10:00`
fn clock(context: &Context<'_>) -> Option<Diagnostic> {
    let is_day = |text: &str| {
        text.len() == 10
            && text.split('-').map(str::len).eq([4, 2, 2])
            && !text.contains(|c: char| c.is_alphabetic())
    };
    let (from, day) = match (context.word(0), context.word(-1)) {
        (_, day) if is_number(context, 0) && is_number(context, -1) && is_day(day) => (-1, day),
        (time, _) if is_number(context, 0) => match time.split_once(['T', 't']) {
            Some((day, _)) if is_day(day) => (0, day),
            _ => return None,
        },
        _ => return None,
    };
    let last = if context.word(1) == ":" && context.touches(0) { 2 } else { 0 };
    Some(told(
        &codes::LITERAL,
        "a time of day stands behind `T` and says its offset",
        context.run(from, last),
        "which time is it, and where?",
        format!("write `{day}T10:00:00Z` for UTC, or `{day}T10:00:00+08:00`; a date alone is its midnight"),
    ))
}

/// `rating > 4,5`
fn decimal_comma(context: &Context<'_>) -> Option<Diagnostic> {
    let plain =
        |offset| is_number(context, offset) && context.word(offset).bytes().all(|b| b.is_ascii_digit());
    let comma = context.word(0) == "," && context.touches(-1) && context.touches(0) && plain(-1) && plain(1);
    let open = (1..=context.found as isize).any(|n| matches!(context.word(-n), "[" | "("));
    if !comma || open || context.word(1).len() == 3 || context.word(-2) == "in" || !context.expected.operator
    {
        return None;
    }
    let replacement = format!("{}.{}", context.word(-1), context.word(1));
    Some(instead(&codes::LITERAL, "a number has a point, not a comma", context.run(-1, 1), &replacement))
}

/// `buyer is in vip`, `buyer is not in vip`
fn is_in(context: &Context<'_>) -> Option<Diagnostic> {
    if context.word(-1) != "is" {
        return None;
    }
    let (last, replacement) = match (context.word(0), context.word(1)) {
        ("in", _) => (0, "in"),
        ("not", "in") => (1, "not in"),
        _ => return None,
    };
    let span = context.run(-1, last);
    Some(instead(
        &codes::OPERATOR,
        format!("`is {replacement}` is written `{replacement}`"),
        span,
        replacement,
    ))
}

/// `x in {1, 2}`
fn list_in_braces(context: &Context<'_>) -> Option<Diagnostic> {
    (context.word(0) == "{" && context.word(-1) == "in").then(|| {
        let help = format!("write `in [{}, …]`", context.word(1));
        let message = "the values of a list stand in square brackets";
        told(&codes::SYNTAX, message, context.span(0), "`[` stands here", help)
    })
}

/// `over last 7d`
fn over_last(context: &Context<'_>) -> Option<Diagnostic> {
    let over = matches!(context.word(-2), "over" | "within");
    let filler = matches!(context.word(-1), "last" | "past" | "the" | "previous");
    (over && filler && is_number(context, 0)).then(|| {
        let filler = context.word(-1);
        instead(
            &codes::SYNTAX,
            format!("there is no `{filler}` before a span"),
            context.run(-1, 0),
            context.word(0),
        )
    })
}

/// `count(x) per buyer over 24h`, `count(x) group by buyer over 24h`
fn key_words(context: &Context<'_>) -> Option<Diagnostic> {
    if context.word(-1) != ")" || !context.expected.operator {
        return None;
    }
    let last = match (context.word(0), context.word(1)) {
        ("group" | "grouped", "by") => 1,
        ("per" | "for", _) if is_name(context, 1) => 0,
        _ => return None,
    };
    let span = context.run(0, last);
    let written: Vec<&str> = (0..=last).map(|n| context.word(n)).collect();
    let message = format!("the key of an aggregate is written with `by`, not `{}`", written.join(" "));
    Some(instead(&codes::SYNTAX, message, span, "by"))
}

/// `by buyer and order over 7d`
fn joined_keys(context: &Context<'_>) -> Option<Diagnostic> {
    let joined = matches!(context.word(-2), "and" | "or") && context.word(-4) == "by";
    let window = matches!(context.word(0), "over" | "ever" | "within");
    (joined && window && is_name(context, -1) && is_name(context, -3)).then(|| {
        let keys = format!("{}, {}", context.word(-3), context.word(-1));
        instead(&codes::SYNTAX, "several keys are separated by commas", context.run(-3, -1), &keys)
    })
}

/// `including this before this`
fn twice_this(context: &Context<'_>) -> Option<Diagnostic> {
    let again = matches!(context.word(0), "including" | "before") && context.word(1) == "this";
    (again && context.word(-1) == "this").then(|| {
        let message = "the current event counts or it doesn't";
        let help = "keep one of `including this` and `before this`";
        told(&codes::SYNTAX, message, context.run(0, 1), "said already", help)
    })
}

/// `count(x) including this by buyer over 24h`
fn key_after_this(context: &Context<'_>) -> Option<Diagnostic> {
    let window = matches!(context.word(0), "by" | "over" | "ever");
    let this = context.word(-1) == "this" && matches!(context.word(-2), "including" | "before");
    (window && this).then(|| {
        let message = format!("`{} this` stands at the end of an aggregate", context.word(-2));
        let help = format!("write `by KEY over 24h {} this`", context.word(-2));
        told(&codes::SYNTAX, message, context.run(-2, -1), "too early here", help)
    })
}

/// `orders in last 24h`
fn in_last(context: &Context<'_>) -> Option<Diagnostic> {
    let last = matches!(context.word(-1), "last" | "past") || context.word(-2) == "the";
    (is_number(context, 0) && last && context.word(-2) == "in").then(|| {
        let help = format!("write `count(EVENT) by KEY over {} before this`", context.word(0));
        let message = "what happened before is asked with an aggregate";
        told(&codes::SYNTAX, message, context.run(-2, 0), "written differently here", help)
    })
}

/// `review if has label suspect`
fn label_of_nothing(context: &Context<'_>) -> Option<Diagnostic> {
    let label = context.word(0) == "has" && context.word(1) == "label";
    (label && context.expected.value).then(|| {
        let name = if is_name(context, 2) { context.word(2) } else { "suspect" };
        let help = format!("write `buyer has label {name}`: the field with what may bear the label");
        let message = "it isn't said who or what has the label";
        told(&codes::SYNTAX, message, context.run(0, 1), "of what?", help)
    })
}

/// `once per buyer 30d`
fn period_of_once(context: &Context<'_>) -> Option<Diagnostic> {
    let once = (1..=context.found as isize).any(|n| context.word(-n) == "once");
    let period = is_number(context, 0) && is_name(context, -1);
    (once && period && context.expected.has(Rule::kw_per)).then(|| {
        let period = context.word(0);
        let message = "the time of `once` stands after a `per` of its own";
        told(&codes::SYNTAX, message, context.span(0), "`per` is missing", format!("write `per {period}`"))
            .fix("write `per`", context.span(0), format!("per {period}"))
    })
}

/// `rule unpaid on no payment by order within 48h {`
fn deadline_after_nothing(context: &Context<'_>) -> Option<Diagnostic> {
    let head = context.failure.entry == Rule::rule_head_only && context.expected.has(Rule::kw_after);
    (head && is_number(context, -1)).then(|| {
        let message = "it isn't said after what the time runs";
        let help =
            format!("write `within {} after order`: the event that sets the deadline", context.word(-1));
        told(&codes::SYNTAX, message, context.span(-1), "after what?", help)
    })
}

/// `do report(order: order)`
fn named_argument(context: &Context<'_>) -> Option<Diagnostic> {
    let named = context.word(0) == ":" && is_name(context, -1) && matches!(context.word(-2), "(" | ",");
    (named && is_clause(context) && context.innermost_bracket() == Some("(")).then(|| {
        let message = "arguments have no names, only their order";
        let help = format!("write `{}` without `{}:`", context.word(1), context.word(-1));
        told(&codes::SYNTAX, message, context.run(-1, 0), "not needed", help)
    })
}

/// `from /id`
fn bare_pointer(context: &Context<'_>) -> Option<Diagnostic> {
    (context.word(0) == "/" && context.word(-1) == "from").then(|| {
        let last = (0..16).find(|n| !context.touches(*n)).unwrap_or(0);
        let written: String = (0..=last).map(|n| context.word(n)).collect();
        let written = written.trim_end_matches(',');
        let help = format!("write `from \"{written}\"`");
        told(&codes::SYNTAX, "a pointer stands in double quotes", context.span(0), "not in quotes", help)
    })
}

/// `over 24h include this`, `over 24h including current`
fn including(context: &Context<'_>) -> Option<Diagnostic> {
    let help = "write `including this` if the current event counts, and `before this` if it doesn't";
    if matches!(context.word(-1), "including" | "before") && context.expected.has(Rule::kw_this) {
        let message = format!("expected `this`, found `{}`", context.word(0));
        return Some(told(&codes::SYNTAX, message, context.span(0), "`this` stands here", help));
    }
    let word = matches!(
        context.word(0),
        "include" | "includes" | "incl" | "with" | "excluding" | "exclude" | "without"
    );
    (word && matches!(context.word(1), "this" | "current")).then(|| {
        let message = format!("there is no `{} {}`", context.word(0), context.word(1));
        told(&codes::SYNTAX, message, context.run(0, 1), "written differently here", help)
    })
}

/// `events order { … }`
fn one_event(context: &Context<'_>) -> Option<Diagnostic> {
    let group = context.failure.entry == Rule::item_only && context.word(-2) == "events";
    (group && context.word(0) == "{").then(|| {
        let message = "`events` names a group of events; one event is declared with `event`";
        let help = format!("write `event {} {{`", context.word(-1));
        told(&codes::SYNTAX, message, context.span(-2), "a single event", help).fix(
            "write `event`",
            context.span(-2),
            "event",
        )
    })
}

/// `note mentions "cash"`
fn mentioned_text(context: &Context<'_>) -> Option<Diagnostic> {
    (context.word(-1) == "mentions" && context.kind(0) == Some(TokenKind::Text)).then(|| {
        let text = context.word(0);
        let help = format!("write `contains {text}`, or the name of a `phrases` list");
        told(&codes::SYNTAX, "`mentions` asks a list of phrases", context.span(0), "a single text", help)
    })
}

/// `note matches spam`
fn bare_pattern(context: &Context<'_>) -> Option<Diagnostic> {
    (context.expected.has(Rule::regex) && is_name(context, 0)).then(|| {
        let help = format!("write `matches /{}/`", context.word(0));
        told(&codes::SYNTAX, "a regex stands between slashes", context.span(0), "after `matches`", help)
    })
}

/// `count(x) where … by buyer`
fn outer_where(context: &Context<'_>) -> Option<Diagnostic> {
    if context.word(0) != "where" || !context.expected.operator {
        return None;
    }
    let call = context.word(-1) == ")" && context.word(-3) == "(";
    let what = if call { context.word(-2) } else { "EVENT" };
    let function = if call { context.word(-4) } else { "count" };
    Some(told(
        &codes::SYNTAX,
        "`where` stands inside the parentheses",
        context.span(0),
        "too late here",
        format!("write `{function}({what} where …)`"),
    ))
}

/// `note.contains("x")`
fn method(context: &Context<'_>) -> Option<Diagnostic> {
    if context.word(0) != "(" || context.word(-2) != "." || !is_name(context, -1) {
        return None;
    }
    let (value, name) = (context.word(-3), context.word(-1));
    let argument = if context.word(1) == ")" { "…" } else { context.word(1) };
    let help = match name.to_lowercase().as_str() {
        "contains" | "includes" => format!("write `{value} contains {argument}`"),
        "startswith" | "starts_with" => format!("write `{value} starts with {argument}`"),
        "endswith" | "ends_with" => format!("write `{value} ends with {argument}`"),
        "length" | "size" | "len" => format!("write `length({value})` of a text, `count({value})` of a list"),
        "tolowercase" | "lowercase" => format!("write `lower({value})`"),
        "touppercase" | "uppercase" => format!("write `upper({value})`"),
        _ => format!("write `{name}({value})`"),
    };
    let span = context.run(-2, -1);
    Some(told(&codes::SYNTAX, "nothing is called with a point", span, "written differently here", help))
}

/// `note missing`
fn lone_missing(context: &Context<'_>) -> Option<Diagnostic> {
    let word = context.word(0);
    (matches!(word, "missing" | "present") && context.expected.operator).then(|| {
        let replacement = format!("is {word}");
        instead(&codes::OPERATOR, format!("`{word}` stands after `is`"), context.span(0), &replacement)
    })
}

/// `because x`: read as the end of the clause above it, since it can't be a clause.
fn unquoted_because(context: &Context<'_>) -> Option<Diagnostic> {
    let word = context.word(0);
    let lead = matches!(word, "because" | "source") && context.kind(1) != Some(TokenKind::Text);
    let line = context.token(0).is_some_and(|t| t.starts_line);
    (lead && line && is_clause(context) && !context.is_first() && context.token(1).is_some()).then(|| {
        told(
            &codes::SYNTAX,
            format!("the text after `{word}` stands in double quotes"),
            context.span(1),
            "not in quotes",
            match word {
                "because" => "write for example `because \"{amount} is a lot\"`",
                _ => "write for example `source \"ticket-17\"`",
            },
        )
    })
}

/// `tell en: "…"`
fn tell_sign(context: &Context<'_>) -> Option<Diagnostic> {
    let sign = matches!(context.word(0), ":" | "=") && context.word(-2) == "tell";
    (sign && is_clause(context)).then(|| {
        let message = format!("there is no `{}` after the language", context.word(0));
        told(&codes::SYNTAX, message, context.span(0), "not needed", "delete it").fix(
            "delete it",
            context.span(0),
            "",
        )
    })
}

/// `when n > 5 score 5`
fn lone_score(context: &Context<'_>) -> Option<Diagnostic> {
    let first = context.word(-(context.found as isize));
    (is_clause(context) && context.word(0) == "score" && matches!(first, "when" | "unless" | "let")).then(|| {
        let help = "write `score 5 if …` on a line of its own, or put the score after a band: `review if … score 5`";
        told(&codes::SYNTAX, format!("`{first}` gives no score"), context.span(0), "this can't stand here", help)
    })
}

/// `ip == 10.0.0.1`, `email == ann@example.com`
fn bare_address(context: &Context<'_>) -> Option<Diagnostic> {
    let back = (0..6).find(|n| !context.touches(-n - 1))?;
    let last = (0..12).find(|n| !context.touches(n - back))? - back;
    let written: String = (-back..=last).map(|n| context.word(n)).collect();
    let ip = written.parse::<std::net::IpAddr>().is_ok();
    let mail = written.contains('@') && written.len() > 2 && context.word(0) == "@";
    (ip || mail).then(|| {
        let span = context.run(-back, last);
        let message =
            if ip { "an address stands in double quotes" } else { "an email stands in double quotes" };
        told(&codes::LITERAL, message, span, "not in quotes", format!("write `\"{written}\"`")).fix(
            "put it in quotes",
            span,
            format!("\"{written}\""),
        )
    })
}

/// `review if n > 5 score: 10`
fn score_sign(context: &Context<'_>) -> Option<Diagnostic> {
    let sign = context.word(0);
    (is_clause(context) && context.word(-1) == "score" && matches!(sign, ":" | "=" | "+" | "+=")).then(|| {
        told(
            &codes::SYNTAX,
            format!("there is no `{sign}` after `score`"),
            context.span(0),
            "not needed",
            format!("write `score {}`", context.word(1)),
        )
        .fix(format!("delete the `{sign}`"), context.span(0), "")
    })
}

/// `x = 5` in a rule
fn assignment(context: &Context<'_>) -> Option<Diagnostic> {
    let sign = matches!(context.word(0), "=" | ":=");
    let known = crate::syntax::split::CLAUSE_WORDS.contains(&context.word(-1));
    (is_clause(context) && context.found == 1 && sign && is_name(context, -1) && !known).then(|| {
        let name = context.word(-1);
        let help = format!("write `let {name} = …`");
        told(&codes::SYNTAX, "a value gets its name with `let`", context.span(-1), "`let` is missing", help)
            .fix("write `let`", context.span(-1), format!("let {name}"))
    })
}

/// `review else`, `review otherwise`
fn otherwise(context: &Context<'_>) -> Option<Diagnostic> {
    let word = matches!(context.word(0), "else" | "otherwise" | "default");
    let band = is_clause(context) && context.found == 1 && context.expected.has(Rule::kw_always);
    (word && band && context.token(1).is_none()).then(|| {
        let help = format!("write `{} always` as the last band", context.word(-1));
        let message = format!("there is no `{}`", context.word(0));
        told(&codes::SYNTAX, message, context.span(0), "`always` stands here", help).fix(
            "write `always`",
            context.span(0),
            "always",
        )
    })
}

/// `n > 5 => review`
fn outcome_last(context: &Context<'_>) -> Option<Diagnostic> {
    let sign = matches!(context.word(0), ">" | "<" | ">=" | "<=" | "==" | "!=");
    if !is_clause(context) || context.found != 1 || !sign || !is_name(context, -1) {
        return None;
    }
    let rest =
        (0..12).map(|n| context.word(n)).take_while(|w| !matches!(*w, "" | "=>" | "->" | ":" | "then"));
    let condition = std::iter::once(context.word(-1)).chain(rest).collect::<Vec<_>>().join(" ");
    Some(told(
        &codes::MISSING_OUTCOME,
        "a condition needs an outcome before it",
        context.span(-1),
        "an outcome is missing",
        format!("write `review if {condition}`"),
    ))
}

/// What people write after and before `=>`.
fn expectations(context: &Context<'_>) -> Option<Diagnostic> {
    if !is_test(context) {
        return None;
    }
    let (word, before) = (context.word(0), context.word(-1));
    let arrow = (1..=context.found as isize).any(|n| context.word(-n) == "=>");
    if !arrow {
        return match word {
            "->" | "=" | "==>" | ":" if before == "}" => {
                let last = if word == "=" && context.word(1) == ">" { 1 } else { 0 };
                let span = context.run(0, last);
                Some(instead(&codes::SYNTAX, "what is expected stands after `=>`", span, "=>"))
            }
            "expect" | "expects" | "should" | "then" => {
                let message = format!("there is no `{word}`: what is expected stands after `=>`");
                let help = "write it on the event's line: `order { … } => review by big_order`";
                Some(told(&codes::SYNTAX, message, context.span(0), "not a word of the language", help))
            }
            "=" if context.expected.has(Rule::colon) => {
                Some(instead(&codes::SYNTAX, "a field and its value are joined by `:`", context.span(0), ":"))
            }
            "(" if context.found == 1 => {
                let help = format!("write `{before} {{ … }}`");
                Some(told(
                    &codes::SYNTAX,
                    "the fields of an event stand in braces",
                    context.span(0),
                    "`{` stands here",
                    help,
                ))
            }
            _ => None,
        };
    }
    let name = is_name(context, 0);
    match before {
        "not" if name => {
            let help = format!("write `not by {word}`");
            Some(told(
                &codes::SYNTAX,
                format!("expected `by`, found `{word}`"),
                context.span(0),
                "`by` is missing before this",
                help,
            ))
        }
        "no" if matches!(word, "hit" | "hits" | "rule" | "rules") => {
            let help = "write the outcome, such as `allow`, or which rules don't hit: `not by big_order`";
            Some(told(
                &codes::SYNTAX,
                format!("there is no `no {word}`"),
                context.run(-1, 0),
                "not an expectation",
                help,
            ))
        }
        "no" if name => {
            let help = format!(
                "write `not by {word}` of a rule, `no do {word}` of an action, `no label …` of a label"
            );
            Some(told(
                &codes::SYNTAX,
                format!("expected `do` or `label`, found `{word}`"),
                context.span(0),
                "this can't stand here",
                help,
            ))
        }
        "cannot_say" if name => Some(instead(
            &codes::SYNTAX,
            "`cannot_say` is written `cannot say`",
            context.span(-1),
            "cannot say",
        )),
        _ if matches!(word, "and" | "or") => {
            let help = match word {
                "and" => "put a comma between two expectations; `and` joins only the rules after `by`",
                _ => "write what really comes: a test expects one thing",
            };
            Some(told(
                &codes::SYNTAX,
                format!("there is no `{word}` between expectations"),
                context.span(0),
                "this can't stand here",
                help,
            ))
        }
        _ if name && is_name(context, -1) && context.word(-2) == "=>" && context.expected.end => {
            let help = format!("write `{before} by {word}`");
            Some(told(
                &codes::SYNTAX,
                format!("expected `by` before the rule, found `{word}`"),
                context.span(0),
                "`by` is missing before this",
                help,
            ))
        }
        _ => None,
    }
}

/// `optional int`, `text[]`, `list[text]`, `enum(a, b)`, `int = 5`
fn types(context: &Context<'_>) -> Option<Diagnostic> {
    if context.failure.entry != Rule::field_only {
        return None;
    }
    let (word, before) = (context.word(0), context.word(-1));
    let message;
    let (span, replacement) = match (before, word) {
        ("optional" | "nullable" | "maybe", _) if is_name(context, 0) => {
            message = format!("there is no `{before}`: a type that may be missing ends in `?`");
            (context.run(-1, 0), format!("{word}?"))
        }
        (_, "optional" | "nullable") if is_name(context, -1) => {
            message = format!("there is no `{word}`: a type that may be missing ends in `?`");
            (context.run(-1, 0), format!("{before}?"))
        }
        ("list", "[" | "(") if matches!(context.word(2), "]" | ")") => {
            message = "what a list holds stands between `<` and `>`".to_owned();
            (context.run(-1, 2), format!("list<{}>", context.word(1)))
        }
        (_, "[") if context.word(1) == "]" => {
            message = "a list of something is written `list<…>`".to_owned();
            (context.run(-1, 1), format!("list<{before}>"))
        }
        ("enum", "(" | "[" | ":") => {
            let help = format!("write `enum {{ {}, … }}`", context.word(1));
            return Some(told(
                &codes::SYNTAX,
                "the values of an enum stand in braces",
                context.span(0),
                "`{` stands here",
                help,
            ));
        }
        (_, "=") => {
            let help = "leave it out; where a rule needs a default, write `x else 0`, in tests use `sample`";
            return Some(told(
                &codes::SYNTAX,
                "a field has no default value",
                context.span(0),
                "can't be given here",
                help,
            ));
        }
        _ => return None,
    };
    Some(instead(&codes::SYNTAX, message, span, &replacement))
}

/// `outcomes allow, review, block`
fn ladder(context: &Context<'_>) -> Option<Diagnostic> {
    let first = context.word(-(context.found as isize));
    (context.failure.entry == Rule::header_clause_only
        && first == "outcomes"
        && matches!(context.word(0), "," | ">"))
    .then(|| {
        let help = format!(
            "write them from the mildest to the most severe: `{} < {}`",
            context.word(-1),
            context.word(1)
        );
        told(&codes::SYNTAX, "outcomes are joined by `<`", context.span(0), "`<` stands here", help)
    })
}

/// `[PL DE]`
fn missing_comma(context: &Context<'_>) -> Option<Diagnostic> {
    let value = |offset| {
        matches!(
            context.kind(offset),
            Some(TokenKind::Word | TokenKind::Quoted | TokenKind::Number | TokenKind::Text)
        )
    };
    let array = context.innermost_bracket() == Some("[") && context.expected.operator;
    let same_line = context.token(0).is_some_and(|t| !t.starts_line);
    (array && same_line && value(-1) && value(0)).then(|| {
        let help = format!("write `{}, {}`", context.word(-1), context.word(0));
        let gap = crate::source::Span {
            start: context.span(-1).end,
            end: context.span(-1).end,
            ..context.span(-1)
        };
        told(
            &codes::SEPARATOR,
            "the values of a list are separated by commas",
            context.span(0),
            "a comma is missing before this",
            help,
        )
        .fix("put a comma", gap, ",")
    })
}

/// `n > 5, n < 10` and `payment in card, cod`
fn comma(context: &Context<'_>) -> Option<Diagnostic> {
    if context.word(0) != ","
        || !is_clause(context)
        || !context.expected.operator
        || context.token(1).is_none()
    {
        return None;
    }
    let (message, help) = match context.word(-2) {
        "in" => (
            "the values of a list stand in square brackets",
            format!("write `in [{}, {}]`", context.word(-1), context.word(1)),
        ),
        _ => (
            "two conditions are joined by `and` or `or`",
            "write `and` or `or` instead of the comma".to_owned(),
        ),
    };
    Some(told(&codes::SYNTAX, message, context.span(0), "this can't stand here", help))
}

/// `version 1.0`, `timezone Europe/Warsaw`
fn unquoted(context: &Context<'_>) -> Option<Diagnostic> {
    let text = context.expected.has(Rule::text) && !context.expected.end && !context.expected.value;
    let bare = is_name(context, 0) || is_number(context, 0);
    let only = context.expected.things.iter().all(|t| t == "a text in double quotes");
    if !(text && bare && only) {
        return None;
    }
    let last = (0..8).find(|n| !context.touches(*n)).unwrap_or(0);
    let written: String = (0..=last).map(|n| context.word(n)).collect();
    let message = format!("expected a text in double quotes, found `{written}`");
    Some(
        told(
            &codes::SYNTAX,
            message,
            context.run(0, last),
            "not in quotes",
            format!("write `\"{written}\"`"),
        )
        .fix("put it in quotes", context.run(0, last), format!("\"{written}\"")),
    )
}
