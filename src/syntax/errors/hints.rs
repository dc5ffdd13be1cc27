//! What analysts write by habit of other tools, and how to write it here.

use super::explain::Context;
use crate::diag::{Code, Diagnostic, codes};
use crate::source::Span;
use crate::syntax::parser::Rule;
use crate::syntax::scan::TokenKind;

/// The first habit that fits.
pub(super) fn hint(context: &Context<'_>) -> Option<Diagnostic> {
    const HINTS: &[fn(&Context<'_>) -> Option<Diagnostic>] = &[
        comment,
        quotes,
        semicolon,
        sign_operator,
        upper_case_word,
        thousands,
        percent,
        currency,
        duration,
        number,
        negated_is,
        is_something,
        not_something,
        between_ends,
        foreign_word,
        missing_outcome,
        when_for_if,
        then_word,
        no_event,
        window_words,
        hyphen,
        quoted_name,
        colon_after_word,
        reserved_word,
        ternary,
        stray_close,
        trailing_comma,
        regex,
        second_item,
        missing_key,
        list_in_parentheses,
        comparison_without_left,
    ];
    let all = super::habits::FIRST.iter().chain(HINTS).chain(super::habits::LAST);
    all.into_iter().find_map(|hint| hint(context))
}

pub(super) fn told(
    code: &'static Code,
    message: impl Into<String>,
    span: Span,
    label: &str,
    help: impl Into<String>,
) -> Diagnostic {
    Diagnostic::new(code, message, span, label).help(help)
}

/// "write this instead", as help and as a fix.
pub(super) fn instead(
    code: &'static Code,
    message: impl Into<String>,
    span: Span,
    replacement: &str,
) -> Diagnostic {
    told(code, message, span, "written differently here", format!("write `{replacement}`")).fix(
        format!("write `{replacement}`"),
        span,
        replacement,
    )
}

pub(super) fn is_name(context: &Context<'_>, offset: isize) -> bool {
    matches!(context.kind(offset), Some(TokenKind::Word | TokenKind::Quoted))
}

pub(super) fn is_number(context: &Context<'_>, offset: isize) -> bool {
    context.kind(offset) == Some(TokenKind::Number)
}

/// Digits, perhaps with a point.
fn is_plain_number(context: &Context<'_>, offset: isize) -> bool {
    is_number(context, offset) && context.word(offset).chars().all(|c| c.is_ascii_digit() || c == '.')
}

fn comment(context: &Context<'_>) -> Option<Diagnostic> {
    match context.word(0) {
        "#" => Some(
            told(
                &codes::COMMENT,
                "a comment begins with `//`",
                context.span(0),
                "not a comment here",
                "write `//`",
            )
            .fix("write `//`", context.span(0), "//"),
        ),
        "/*" | "*/" => Some(told(
            &codes::COMMENT,
            "a comment begins with `//` and goes to the end of its line",
            context.span(0),
            "there are no block comments",
            "begin each line of the comment with `//`",
        )),
        _ => None,
    }
}

fn quotes(context: &Context<'_>) -> Option<Diagnostic> {
    let open = context.word(0);
    if context.kind(0) != Some(TokenKind::Strange) || !"'‘’‚‛“”„‟«»‹›＂＇".contains(open)
    {
        return None;
    }
    let rest = context.rest_of_line();
    let inner = rest.get(open.len()..).unwrap_or("");
    let close = inner.char_indices().find(|(_, c)| "'‘’‛“”‟«»‹›\"＂＇".contains(*c));
    let start = context.span(0);
    let Some((length, close)) = close else {
        return Some(told(
            &codes::QUOTES,
            "a text stands in straight double quotes",
            start,
            "not a quote of the language",
            "write `\"…\"`",
        ));
    };
    let text = inner.get(..length).unwrap_or("");
    let end = start.start as usize + open.len() + length + close.len_utf8();
    let span = Span::new(start.source, start.start as usize, end);
    let message = format!("a text stands in straight double quotes, not in `{open}`");
    let diagnostic = told(&codes::QUOTES, message, span, "other quotes", format!("write `\"{text}\"`"));
    let plain = !text.contains('\\');
    Some(if plain {
        diagnostic.fix("use straight double quotes", span, format!("\"{text}\""))
    } else {
        diagnostic
    })
}

fn semicolon(context: &Context<'_>) -> Option<Diagnostic> {
    if context.word(0) != ";" {
        return None;
    }
    let message = "clauses and declarations end with their line, without `;`";
    Some(told(&codes::SEPARATOR, message, context.span(0), "not needed", "delete it").fix(
        "delete the `;`",
        context.span(0),
        "",
    ))
}

/// `,` where the line should end.
fn trailing_comma(context: &Context<'_>) -> Option<Diagnostic> {
    let clause = matches!(
        context.failure.entry,
        Rule::clause_only | Rule::header_clause_only | Rule::policy_band_only
    );
    if context.word(0) != "," || !context.expected.end || !clause || context.token(1).is_some() {
        return None;
    }
    let message = "clauses are not separated by commas: each starts a line";
    Some(told(&codes::SEPARATOR, message, context.span(0), "not needed", "delete it").fix(
        "delete the `,`",
        context.span(0),
        "",
    ))
}

fn sign_operator(context: &Context<'_>) -> Option<Diagnostic> {
    let sign = context.word(0);
    let word = match sign {
        "===" => "==",
        "=" | ":=" if context.expected.operator => "==",
        "!==" | "<>" | "≠" => "!=",
        "&&" | "&" => "and",
        "||" | "|" => "or",
        "!" => "not",
        "≥" => ">=",
        "≤" => "<=",
        "=>" if context.expected.operator => ">=",
        "=<" => "<=",
        "×" => "*",
        "÷" => "/",
        "−" | "–" | "—" => "-",
        "＞" => ">",
        "＜" => "<",
        "＝" => "==",
        "，" => ",",
        "：" => ":",
        "（" => "(",
        "）" => ")",
        _ => return None,
    };
    let what = match word {
        "==" => "a comparison is written with `==`".to_owned(),
        _ => format!("`{sign}` is written `{word}`"),
    };
    let mut diagnostic = instead(&codes::OPERATOR, what, context.span(0), word);
    if matches!(word, "and" | "or" | "not")
        && let Some(fix) = &mut diagnostic.fix
        && let Some(edit) = fix.edits.first_mut()
    {
        // `a&&b` and `!a` need a space around the word.
        let before = if context.found > 0 && context.touches(-1) { " " } else { "" };
        let after = if context.touches(0) { " " } else { "" };
        edit.replacement = format!("{before}{word}{after}");
    }
    Some(diagnostic)
}

/// `AND`, `Or`, `IF`: the words of the language are lower case.
fn upper_case_word(context: &Context<'_>) -> Option<Diagnostic> {
    const WORDS: &[&str] = &[
        "and", "or", "not", "in", "is", "else", "between", "contains", "matches", "mentions", "missing",
        "present", "if", "by", "over", "on", "from", "within", "ever", "where", "always", "unless",
        "because", "when", "score", "rule", "event", "entity", "let", "signal",
    ];
    (-1..=0).find_map(|offset| {
        let written = context.word(offset);
        let lower = written.to_lowercase();
        let fits = context.kind(offset) == Some(TokenKind::Word)
            && written != lower
            && WORDS.contains(&lower.as_str());
        fits.then(|| {
            instead(
                &codes::OPERATOR,
                format!("`{written}` is written in lower case"),
                context.span(offset),
                &lower,
            )
        })
    })
}

/// `1,000`
fn thousands(context: &Context<'_>) -> Option<Diagnostic> {
    let grouped = |offset: isize| {
        context.word(offset) == ","
            && context.touches(offset - 1)
            && context.touches(offset)
            && is_plain_number(context, offset - 1)
            && is_number(context, offset + 1)
            && context.word(offset + 1).bytes().take_while(u8::is_ascii_digit).count() == 3
    };
    if !grouped(0) {
        let written = context.word(0);
        if is_number(context, 0) && written.contains('_') {
            let plain = written.replace('_', "");
            return Some(instead(
                &codes::LITERAL,
                "numbers have no `_` between their digits",
                context.span(0),
                &plain,
            ));
        }
        return None;
    }
    let mut last = 1;
    while grouped(last + 1) {
        last += 2;
    }
    let written: String = (-1..=last).map(|o| context.word(o)).collect();
    let plain = written.replace(',', "");
    Some(instead(
        &codes::LITERAL,
        "numbers have no comma between their digits",
        context.run(-1, last),
        &plain,
    ))
}

/// `5 %`
fn percent(context: &Context<'_>) -> Option<Diagnostic> {
    if context.word(-1) != "%" || !is_plain_number(context, -2) || context.touches(-2) {
        return None;
    }
    let replacement = format!("{}%", context.word(-2));
    Some(instead(&codes::LITERAL, "a percentage has no space before `%`", context.run(-2, -1), &replacement))
}

const SYMBOLS: &[(&str, Option<&str>)] = &[
    ("$", Some("USD")),
    ("€", Some("EUR")),
    ("£", Some("GBP")),
    ("¥", None),
    ("￥", None),
    ("₽", Some("RUB")),
    ("₩", Some("KRW")),
    ("₹", Some("INR")),
];

/// `$500`, `500$`, `USD 500`, `500USD`, `500 usd`
fn currency(context: &Context<'_>) -> Option<Diagnostic> {
    let message = "an amount is a number, a space and a currency";
    let symbol =
        |offset: isize| SYMBOLS.iter().find(|(s, _)| *s == context.word(offset)).map(|(_, code)| *code);
    let written = |number: &str, code: Option<&str>, span: Span| match code {
        Some(code) => instead(&codes::LITERAL, message, span, &format!("{number} {code}")),
        None => told(
            &codes::LITERAL,
            message,
            span,
            "written differently here",
            format!("write `{number} CNY` or `{number} JPY`"),
        ),
    };
    if let Some(code) = symbol(0) {
        if is_plain_number(context, 1) {
            return Some(written(context.word(1), code, context.run(0, 1)));
        }
        if is_plain_number(context, -1) {
            return Some(written(context.word(-1), code, context.run(-1, 0)));
        }
    }
    let is_code = |word: &str| word.len() == 3 && word.chars().all(|c| c.is_ascii_uppercase());
    if is_plain_number(context, 0) && is_code(context.word(-1)) {
        return Some(written(context.word(0), Some(context.word(-1)), context.run(-1, 0)));
    }
    let word = context.word(0);
    let (digits, letters) =
        word.split_at(word.len() - word.chars().rev().take_while(char::is_ascii_alphabetic).count());
    let known = |code: &str| {
        ["usd", "eur", "gbp", "cny", "jpy", "pln", "rub", "inr", "chf", "cad", "aud", "krw", "rmb"]
            .contains(&code)
    };
    if is_number(context, 0) && (is_code(letters) || known(&letters.to_lowercase())) && !digits.is_empty() {
        return Some(written(digits, Some(&letters.to_uppercase()), context.span(0)));
    }
    if is_plain_number(context, -1) && known(&word.to_lowercase()) {
        return Some(written(context.word(-1), Some(&word.to_uppercase()), context.run(-1, 0)));
    }
    None
}

/// The unit a word stands for.
fn unit(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "ms" | "milli" | "millis" | "msec" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        "w" | "wk" | "week" | "weeks" => "w",
        _ => return None,
    })
}

/// `24 h`, `24 hours`, `24hours`, `1h30m`, `1.5h`, `3 months`
fn duration(context: &Context<'_>) -> Option<Diagnostic> {
    let message = "a duration is a whole number and a unit without a space: `ms s m h d w`";
    let word = context.word(0);
    if is_plain_number(context, -1) {
        if let Some(unit) = unit(word)
            && !context.word(-1).contains('.')
        {
            return Some(instead(
                &codes::LITERAL,
                message,
                context.run(-1, 0),
                &format!("{}{unit}", context.word(-1)),
            ));
        }
        if let Some(days) = months(word, context.word(-1)) {
            return Some(no_months(context.run(-1, 0), &days));
        }
    }
    if !is_number(context, 0) {
        return None;
    }
    let parts = duration_parts(word)?;
    if let [(number, unit)] = parts.as_slice()
        && let Some(days) = months(unit, number)
    {
        return Some(no_months(context.span(0), &days));
    }
    match total(&parts) {
        // A duration as it should be, in the wrong place.
        Some(total) if total == word => None,
        Some(total) => Some(instead(&codes::LITERAL, message, context.span(0), &total)),
        None => Some(told(
            &codes::LITERAL,
            message,
            context.span(0),
            "not a duration",
            "write `90m` for an hour and a half",
        )),
    }
}

fn months(word: &str, number: &str) -> Option<String> {
    let days = match word.to_lowercase().as_str() {
        "mo" | "mon" | "month" | "months" => 30,
        "y" | "yr" | "yrs" | "year" | "years" => 365,
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    Some(format!("{}d", number.checked_mul(days)?))
}

fn no_months(span: Span, days: &str) -> Diagnostic {
    told(
        &codes::LITERAL,
        "months and years differ in length, so they are no units",
        span,
        "not a duration",
        format!("write it in days, such as `{days}`"),
    )
}

/// `1h30m` as `[("1", "h"), ("30", "m")]`.
fn duration_parts(word: &str) -> Option<Vec<(String, String)>> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for c in word.chars() {
        let digit = c.is_ascii_digit() || c == '.';
        match parts.last_mut() {
            Some((number, unit)) if digit && unit.is_empty() => number.push(c),
            Some((_, unit)) if !digit => unit.push(c),
            _ if digit => parts.push((c.to_string(), String::new())),
            _ => return None,
        }
    }
    let all =
        parts.iter().all(|(number, u)| (unit(u).is_some() || months(u, "1").is_some()) && !number.is_empty());
    (all && !parts.is_empty()).then_some(parts)
}

/// The sum of the parts in the largest unit that needs no fraction.
fn total(parts: &[(String, String)]) -> Option<String> {
    const UNITS: &[(&str, u64)] =
        &[("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
    let mut sum = 0u64;
    let mut smallest = u64::MAX;
    for (number, word) in parts {
        let scale = UNITS.iter().find(|(u, _)| Some(*u) == unit(word))?.1;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let whole: u64 = whole.parse().ok()?;
        sum = sum.checked_add(whole.checked_mul(scale)?)?;
        smallest = smallest.min(scale);
        if !fraction.is_empty() {
            let digits: u64 = fraction.parse().ok()?;
            let ten = 10u64.checked_pow(fraction.len() as u32)?;
            let part = digits.checked_mul(scale)?;
            if !part.is_multiple_of(ten) {
                return None;
            }
            sum = sum.checked_add(part / ten)?;
            smallest = 1;
        }
    }
    let one = parts.len() == 1 && smallest > 1;
    let fits = |(_, scale): &&(&str, u64)| sum.is_multiple_of(*scale) && (!one || *scale <= smallest);
    let (name, scale) = UNITS.iter().find(fits)?;
    Some(format!("{}{name}", sum / scale))
}

/// `.5`, `5.`
fn number(context: &Context<'_>) -> Option<Diagnostic> {
    if context.word(0) == "." && is_plain_number(context, 1) && context.touches(0) && !is_number(context, -1)
    {
        let replacement = format!("0.{}", context.word(1));
        return Some(instead(
            &codes::LITERAL,
            "a number has a digit before its point",
            context.run(0, 1),
            &replacement,
        ));
    }
    if context.word(-1) == "." && is_number(context, 0) && context.touches(-1) && is_plain_number(context, -2)
    {
        return Some(told(
            &codes::LITERAL,
            "a number has one point",
            context.run(-2, 0),
            "can't be read",
            "write it like `500.5`",
        ));
    }
    if context.word(-1) == "." && is_plain_number(context, -2) && context.touches(-2) {
        let replacement = format!("{}.0", context.word(-2));
        return Some(instead(
            &codes::LITERAL,
            "a number has a digit after its point",
            context.run(-2, -1),
            &replacement,
        ));
    }
    if is_number(context, 0) && context.expected.has(Rule::name) && !context.expected.value {
        return Some(told(
            &codes::SYNTAX,
            format!("a name can't begin with a digit, found `{}`", context.word(0)),
            context.span(0),
            "not a name",
            format!("begin it with a letter, or write it in backticks: `` `{}` ``", context.word(0)),
        ));
    }
    if is_number(context, 0) && context.word(0).contains(|c: char| c.is_alphabetic()) {
        return Some(told(
            &codes::LITERAL,
            format!("`{}` is not a number, an amount, a duration or a date", context.word(0)),
            context.span(0),
            "can't be read",
            "write it like `5`, `5%`, `500 USD`, `24h`, `2026-11-11` or `2026-11-11T10:00:00Z`",
        ));
    }
    None
}

const NULLS: &[&str] = &["null", "none", "nil", "undefined", "empty", "blank", "na", "unknown"];

/// `is not missing`, `is not null`
fn negated_is(context: &Context<'_>) -> Option<Diagnostic> {
    if context.word(-1) != "is" || context.word(0) != "not" {
        return None;
    }
    let next = context.word(1).to_lowercase();
    if next == "missing" || NULLS.contains(&next.as_str()) {
        let message = format!("`is not {}` is written `is present`", context.word(1));
        return Some(instead(&codes::OPERATOR, message, context.run(-1, 1), "is present"));
    }
    if next == "present" {
        return Some(instead(
            &codes::OPERATOR,
            "`is not present` is written `is missing`",
            context.run(-1, 1),
            "is missing",
        ));
    }
    Some(instead(&codes::OPERATOR, "`is not` is written `!=`", context.run(-1, 0), "!="))
}

/// `is null`, `is "x"`
fn is_something(context: &Context<'_>) -> Option<Diagnostic> {
    if context.word(-1) != "is" || !context.expected.has(Rule::kw_missing) {
        return None;
    }
    let next = context.word(0).to_lowercase();
    if NULLS.contains(&next.as_str()) {
        let message = format!("`is {}` is written `is missing`", context.word(0));
        return Some(instead(&codes::OPERATOR, message, context.run(-1, 0), "is missing"));
    }
    if let Some(near) = crate::diag::nearest(&next, ["missing", "present"]) {
        return Some(instead(&codes::OPERATOR, format!("after `is` stands `{near}`"), context.span(0), near));
    }
    if context.at_end() {
        return None;
    }
    Some(instead(&codes::OPERATOR, "`is` stands only before `missing` or `present`", context.span(-1), "=="))
}

/// `x not contains y`
fn not_something(context: &Context<'_>) -> Option<Diagnostic> {
    let after = context.expected.has(Rule::kw_in) && !context.expected.operator && context.word(-1) == "not";
    if !after {
        return None;
    }
    let operator = context.word(0);
    let value = context.word(-2);
    let span = context.run(-1, 0);
    if matches!(
        operator,
        "contains" | "matches" | "mentions" | "starts" | "ends" | "between" | "has" | "during" | "like"
    ) {
        let help = format!("put `not` before the whole comparison: `not ({value} {operator} …)`");
        return Some(told(
            &codes::OPERATOR,
            format!("only `in` has a `not` before it, not `{operator}`"),
            span,
            "here",
            help,
        ));
    }
    None
}

/// `between 1, 5`, `between 1 to 5`
fn between_ends(context: &Context<'_>) -> Option<Diagnostic> {
    let separator = context.word(0);
    if !matches!(separator, "," | "to" | ".." | "...") {
        return None;
    }
    let back = (1..6).find(|n| context.word(-n) == "between")?;
    if (1..back).any(|n| context.word(-n) == "and") {
        return None;
    }
    let space = if context.touches(-1) { " " } else { "" };
    let message = "the ends of `between` are joined by `and`";
    let low = (1..back).rev().map(|n| context.word(-n)).collect::<Vec<_>>().join(" ");
    let help = format!("write `between {low} and {}`", context.word(1));
    Some(told(&codes::OPERATOR, message, context.span(0), "`and` stands here", help).fix(
        "write `and`",
        context.span(0),
        format!("{space}and{}", if context.touches(0) { " " } else { "" }),
    ))
}

/// Operators of other languages that are words.
fn foreign_word(context: &Context<'_>) -> Option<Diagnostic> {
    let word = context.word(0);
    if context.kind(0) != Some(TokenKind::Word) || !context.expected.operator {
        return None;
    }
    let replacement = match word.to_lowercase().as_str() {
        "not_in" | "notin" | "nin" => "not in",
        "equals" | "eq" | "equal" => "==",
        "ne" | "neq" => "!=",
        "gt" => ">",
        "lt" => "<",
        "gte" | "ge" => ">=",
        "lte" | "le" => "<=",
        "startswith" | "starts_with" | "beginswith" => "starts with",
        "endswith" | "ends_with" => "ends with",
        "contain" | "includes" | "include" | "containing" => "contains",
        "match" | "regex" | "rlike" => "matches",
        "like" => {
            return Some(told(
                &codes::OPERATOR,
                "there is no `like`",
                context.span(0),
                "not an operator",
                "write `contains \"…\"`, `starts with \"…\"` or `matches /…/`",
            ));
        }
        "mod" => "%",
        "xor" => "!=",
        "mention" => "mentions",
        "has_label" | "labeled" | "labelled" => "has label",
        "hasnt" | "isnt" => "!=",
        _ => return None,
    };
    Some(instead(
        &codes::OPERATOR,
        format!("`{word}` is written `{replacement}`"),
        context.span(0),
        replacement,
    ))
}

/// `if x then review`, `elif …`, `else review`
fn missing_outcome(context: &Context<'_>) -> Option<Diagnostic> {
    if context.failure.entry != Rule::clause_only {
        return None;
    }
    let first = -(context.found as isize);
    let word = context.word(first).to_lowercase();
    let branch = "bands are tried in order and the first that holds is the result";
    let (message, help) = match word.as_str() {
        "if" => ("`if` needs an outcome before it".to_owned(), format!("write `review if …`; {branch}")),
        "elif" | "elsif" | "elseif" => (
            format!("there is no `{}`", context.word(first)),
            format!("write another line `OUTCOME if …`; {branch}"),
        ),
        "else" if context.word(first + 1) == "if" => {
            ("there is no `else if`".to_owned(), format!("write another line `OUTCOME if …`; {branch}"))
        }
        "else" | "otherwise" | "default" => (
            format!("a band can't begin with `{}`", context.word(first)),
            format!("write `OUTCOME always` as the last line; {branch}"),
        ),
        _ => return None,
    };
    Some(told(&codes::MISSING_OUTCOME, message, context.span(first), "an outcome is missing", help))
}

/// `review when …`
fn when_for_if(context: &Context<'_>) -> Option<Diagnostic> {
    if context.found != 1 || !context.expected.has(Rule::kw_always) || !is_name(context, -1) {
        return None;
    }
    let word = context.word(0);
    if !matches!(word, "when" | "where" | "is" | "unless" | "for" | ":" | "=>" | "->") {
        return None;
    }
    let outcome = context.word(-1);
    if crate::syntax::split::CLAUSE_WORDS.contains(&outcome) {
        return None;
    }
    let message = format!("expected `if` or `always`, found `{word}`");
    let diagnostic =
        told(&codes::SYNTAX, message, context.span(0), "`if` stands here", format!("write `{outcome} if …`"));
    Some(match word {
        "when" | "where" => diagnostic.fix("write `if`", context.span(0), "if"),
        _ => diagnostic,
    })
}

/// `if x then review`, `review if x then …`, `review if x else if …`
fn then_word(context: &Context<'_>) -> Option<Diagnostic> {
    let word = context.word(0);
    let help = "write one line `OUTCOME if CONDITION` for each outcome, in the order they are to be tried";
    if word == "then" {
        return Some(told(
            &codes::MISSING_OUTCOME,
            "there is no `then`",
            context.span(0),
            "not a word of the language",
            help,
        ));
    }
    // `else if` reads as a default by the name of `if`, so the grammar stumbles only at what follows.
    let else_if = (-1..=0).find(|o| context.word(*o) == "if" && context.word(o - 1) == "else");
    if else_if.is_some() || matches!(word, "elif" | "elsif" | "elseif") {
        let span = else_if.map_or(context.span(0), |o| context.run(o - 1, o));
        let written = if else_if.is_some() { "else if" } else { word };
        return Some(told(
            &codes::MISSING_OUTCOME,
            format!("there is no `{written}`"),
            span,
            "begin a new line here",
            help,
        ));
    }
    None
}

/// `rule x {`
fn no_event(context: &Context<'_>) -> Option<Diagnostic> {
    if context.failure.entry != Rule::rule_head_only
        || !context.at_end()
        || !context.expected.has(Rule::kw_on)
    {
        return None;
    }
    let name =
        (1..=context.found as isize).map(|n| context.word(-n)).find(|w| !w.starts_with('"')).unwrap_or("");
    Some(told(
        &codes::SYNTAX,
        format!("the rule `{name}` does not say on which events it is evaluated"),
        context.span(-1),
        "`on EVENT` must follow this",
        format!("write `rule {name} on order {{`, with the event's name"),
    ))
}

/// `count(x) over 1h by buyer`, `count(x) last 24h`
fn window_words(context: &Context<'_>) -> Option<Diagnostic> {
    let word = context.word(0);
    if word == "by" && context.expected.operator {
        let back = (1..8).find(|n| matches!(context.word(-n), "over" | "ever" | "within"))?;
        let window = (1..=back).rev().map(|n| context.word(-n)).collect::<Vec<_>>().join(" ");
        let message = format!("`by` stands before `{}`", context.word(-back));
        let help = format!("write `by {} {window}`", context.word(1));
        return Some(told(&codes::SYNTAX, message, context.span(0), "too late here", help));
    }
    let window = context.expected.has(Rule::kw_over) || context.expected.has(Rule::window);
    let past = matches!(word, "last" | "past" | "in" | "during" | "since" | "for" | "within" | "per");
    let skip = (1..4).find(|n| is_number(context, *n))?;
    let fillers = (1..skip).all(|n| matches!(context.word(n), "the" | "last" | "past"));
    if !(window && past && fillers) {
        return None;
    }
    Some(told(
        &codes::SYNTAX,
        format!("the span of an aggregate is written with `over`, not `{word}`"),
        context.run(0, skip - 1),
        "`over` stands here",
        format!("write `over {}`", context.word(skip)),
    ))
}

/// `rule big-order on`
fn hyphen(context: &Context<'_>) -> Option<Diagnostic> {
    let joined = context.word(0) == "-"
        && is_name(context, -1)
        && is_name(context, 1)
        && context.touches(-1)
        && context.touches(0);
    if !joined || context.expected.operator {
        return None;
    }
    let mut last = 1;
    while context.word(last + 1) == "-" && context.touches(last) && is_name(context, last + 2) {
        last += 2;
    }
    let name: String = (-1..=last).map(|o| context.word(o)).collect();
    let message = format!("names have no hyphen, found `{name}`");
    Some(instead(&codes::SYNTAX, message, context.run(-1, last), &name.replace('-', "_")))
}

/// `rule "big_order" on order`
fn quoted_name(context: &Context<'_>) -> Option<Diagnostic> {
    if context.kind(0) != Some(TokenKind::Text)
        || context.expected.value
        || !context.expected.things.iter().any(|t| t == "a name")
    {
        return None;
    }
    if context.expected.has(Rule::text) {
        return None;
    }
    let inner = context.word(0).trim_matches('"');
    let span = context.span(0);
    let message = format!("expected a name, found the text {}", context.word(0));
    let plain = inner.starts_with(crate::syntax::scan::is_id_start)
        && inner.chars().all(crate::syntax::scan::is_id_char);
    Some(if plain {
        told(&codes::SYNTAX, message, span, "a name stands without quotes", format!("write `{inner}`")).fix(
            format!("write `{inner}`"),
            span,
            inner,
        )
    } else {
        told(&codes::SYNTAX, message, span, "not a name", "a name is letters, digits and `_`, without quotes")
    })
}

/// `score: 10`, `because = "x"`
fn colon_after_word(context: &Context<'_>) -> Option<Diagnostic> {
    let clause = matches!(context.failure.entry, Rule::clause_only | Rule::header_clause_only);
    let word = context.word(-1);
    let known = crate::syntax::split::CLAUSE_WORDS.contains(&word)
        || crate::syntax::split::HEADER_WORDS.contains(&word);
    if !clause || context.found != 1 || !known || word == "let" || !matches!(context.word(0), ":" | "=") {
        return None;
    }
    let sign = context.word(0);
    Some(
        told(
            &codes::SYNTAX,
            format!("there is no `{sign}` after `{word}`"),
            context.span(0),
            "not needed",
            "delete it",
        )
        .fix(format!("delete the `{sign}`"), context.span(0), ""),
    )
}

/// `true`, `false` or `not` as a name
fn reserved_word(context: &Context<'_>) -> Option<Diagnostic> {
    let word = context.word(0);
    let name = context.expected.things.iter().any(|t| t == "a name" || t == "a field");
    if !matches!(word, "true" | "false" | "not") || !name || context.expected.value {
        return None;
    }
    Some(told(
        &codes::SYNTAX,
        format!("expected a name, found the reserved word `{word}`"),
        context.span(0),
        "reserved",
        format!("choose another name, or write it in backticks: `` `{word}` ``"),
    ))
}

fn ternary(context: &Context<'_>) -> Option<Diagnostic> {
    if context.word(0) != "?" || !context.expected.operator {
        return None;
    }
    Some(told(
        &codes::OPERATOR,
        "there is no `? :`",
        context.span(0),
        "not an operator",
        "use several lines `OUTCOME if CONDITION`; for a default of missing data write `x else 0`",
    ))
}

/// A closing bracket that nothing opened.
fn stray_close(context: &Context<'_>) -> Option<Diagnostic> {
    let word = context.word(0);
    if !matches!(word, ")" | "]" | "}") || context.kind(0) != Some(TokenKind::Sign) {
        return None;
    }
    let open = match word {
        ")" => "(",
        "]" => "[",
        _ => "{",
    };
    let count = |sign: &str| (1..=context.found as isize).filter(|n| context.word(-n) == sign).count();
    if count(open) > count(word) {
        return None;
    }
    let others = ["(", "[", "{"].iter().any(|o| {
        *o != open
            && count(o)
                > count(match *o {
                    "(" => ")",
                    "[" => "]",
                    _ => "}",
                })
    });
    if others {
        return None;
    }
    Some(told(
        &codes::UNCLOSED,
        format!("this `{word}` closes nothing"),
        context.span(0),
        "nothing is open here",
        format!("delete it, or add the missing `{open}`"),
    ))
}

/// `matches "x"`, `matches /x/g`, `matches /x`
fn regex(context: &Context<'_>) -> Option<Diagnostic> {
    if !context.expected.has(Rule::regex) {
        return None;
    }
    let (message, help) = match context.kind(0) {
        Some(TokenKind::Text) => {
            let inner = context.word(0).trim_matches('"').replace('/', "\\/");
            ("a regex stands between slashes, not in quotes".to_owned(), format!("write `matches /{inner}/`"))
        }
        Some(TokenKind::Regex) => {
            let flags = context.word(0).rsplit('/').next().unwrap_or("");
            (
                format!("a regex has no flag `{flags}`"),
                "the one flag is `i`: ignore upper and lower case".to_owned(),
            )
        }
        _ if context.word(0) == "/" => (
            "this regex has no closing slash".to_owned(),
            "end it with `/` on the same line; a slash inside is written `\\/`".to_owned(),
        ),
        _ => return None,
    };
    Some(told(&codes::SYNTAX, message, context.span(0), "after `matches`", help))
}

/// Two declarations on one line.
fn second_item(context: &Context<'_>) -> Option<Diagnostic> {
    let item = context.failure.entry == Rule::item_only && context.expected.end && !context.is_first();
    let word = crate::syntax::split::ITEM_WORDS.contains(&context.word(0));
    (item && word && is_name(context, 1)).then(|| super::item_line(context.span(0)))
}

/// `count(x) by over 3h`
fn missing_key(context: &Context<'_>) -> Option<Diagnostic> {
    let window = matches!(context.word(0), "over" | "within" | "ever");
    (window && context.word(-1) == "by").then(|| {
        told(
            &codes::SYNTAX,
            format!("expected a key, found `{}`", context.word(0)),
            context.span(-1),
            "a key must follow this",
            "write `by buyer`, or leave `by` out with `ever`",
        )
    })
}

/// `x in (1, 2)`
fn list_in_parentheses(context: &Context<'_>) -> Option<Diagnostic> {
    if context.word(0) != "," {
        return None;
    }
    let back = (1..8).find(|n| matches!(context.word(-n), "(" | ")"))?;
    (context.word(-back) == "(" && context.word(-back - 1) == "in").then(|| {
        let first = (1..back).rev().map(|n| context.word(-n)).collect::<Vec<_>>().join(" ");
        told(
            &codes::SYNTAX,
            "the values of a list stand in square brackets",
            context.span(-back),
            "`[` stands here",
            format!("write `in [{first}, …]`"),
        )
    })
}

/// `amount > 10 and < 50`
fn comparison_without_left(context: &Context<'_>) -> Option<Diagnostic> {
    let comparison = matches!(context.word(0), ">" | "<" | ">=" | "<=" | "==" | "!=");
    let joined = matches!(context.word(-1), "and" | "or");
    if !comparison || !joined {
        return None;
    }
    let back = (2..8).find(|n| matches!(context.word(-n), ">" | "<" | ">=" | "<=" | "==" | "!="))?;
    let left = context.word(-back - 1);
    Some(told(
        &codes::SYNTAX,
        format!("there is nothing before `{}` to compare", context.word(0)),
        context.span(0),
        "a value must stand before this",
        format!(
            "say again what is compared: `{} {left} {} {}`",
            context.word(-1),
            context.word(0),
            context.word(1)
        ),
    ))
}
