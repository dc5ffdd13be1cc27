//! Names and functions of other tools, and how to write them here.

/// `null`, `now`: words that other tools know.
pub(super) fn name(written: &str) -> Option<String> {
    Some(match written.to_lowercase().as_str() {
        word if is_nothing(word) => {
            "ask whether something is there with `x is missing` or `x is present`".to_string()
        }
        "now" | "current_time" | "timestamp" | "sysdate" => {
            "the one time there is is that of the event: `at`".to_string()
        }
        "this" | "event" | "self" | "current" => {
            "the fields of the event stand alone, such as `amount`".to_string()
        }
        "type" | "event_type" => {
            "which events a rule judges stands in its first line: `rule name on order {`".to_string()
        }
        "yesterday" => {
            "of days there is `today`; a day before is a span: `over 1d ending 1d ago`".to_string()
        }
        "today" => "the day of the event is `date(at)`".to_string(),
        _ => return None,
    })
}

/// What other tools call a value that isn't there.
pub(in crate::sema) fn is_nothing(written: &str) -> bool {
    matches!(
        written.to_lowercase().as_str(),
        "null" | "none" | "nil" | "undefined" | "nan" | "missing" | "unknown"
    )
}

/// A function of other tools that is an operator here, or has another name.
pub(super) fn function(written: &str, arguments: &[&str]) -> Option<String> {
    let first = arguments.first().copied().unwrap_or("x");
    let second = arguments.get(1).copied().unwrap_or("\"…\"");
    Some(match written.to_lowercase().as_str() {
        "missing" | "is_missing" | "is_null" | "isnull" | "is_empty" | "empty" => {
            format!("write `{first} is missing`")
        }
        "present" | "is_present" | "exists" | "has" | "isset" => format!("write `{first} is present`"),
        "coalesce" | "ifnull" | "nvl" | "default" | "if_missing" => format!("write `{first} else {second}`"),
        "now" | "current_time" | "today" => "the one time there is is that of the event: `at`".to_string(),
        "len" | "size" => format!("write `length({first})` of a text, `count({first})` of a list"),
        "contains" | "includes" => format!("write `{first} contains {second}`"),
        "starts_with" | "startswith" => format!("write `{first} starts with {second}`"),
        "ends_with" | "endswith" => format!("write `{first} ends with {second}`"),
        "matches" | "regex" | "regexp" => format!("write `{first} matches /…/`"),
        "not" => format!("write `not ({first})`"),
        "if" | "iif" | "case" => "write one line `OUTCOME if CONDITION` for each case".to_string(),
        "days" | "hours" | "minutes" | "datediff" | "age" => {
            "a length of time is `at - since`, and is compared with a duration such as `30d`".to_string()
        }
        "year" | "day" => {
            "compare times themselves: `at >= 2026-11-11`; of a day there are `weekday` and `hour`"
                .to_string()
        }
        _ => return None,
    })
}

/// An aggregate by the name that other tools have for it.
pub(super) fn aggregate(written: &str) -> Option<&'static str> {
    Some(match written.to_lowercase().as_str() {
        "average" | "mean" => "avg",
        "count_distinct" | "unique" | "uniq" | "nunique" | "distinct_count" => "distinct",
        "maximum" | "highest" | "largest" => "max",
        "minimum" | "lowest" | "smallest" => "min",
        "total" | "amount" => "sum",
        "number" | "times" | "velocity" | "num" => "count",
        "exists" | "some" | "has" => "any",
        "latest" | "newest" | "previous" => "last",
        "earliest" | "oldest" => "first",
        "stdev" | "std" => "stddev",
        _ => return None,
    })
}
