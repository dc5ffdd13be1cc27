//! Window cases of other engines, as far as their windows are ours.

#[allow(dead_code, reason = "each test binary uses a part of it")]
#[path = "data/support.rs"]
mod support;

use std::sync::Arc;

use rulec::{
    Answer, Decision, Durability, Engine, EngineOptions, Ruleset, Store, StoreOptions, compile_text,
};
use serde_json::Value;
use support::{compiled, decision, engine, lines, ruleset, shared};

/// An engine whose store is closed and opened again after every line, and goes on from a snapshot or from the log.
struct Reopened {
    directory: tempfile::TempDir,
    rules: Arc<Ruleset>,
    lines: u32,
}

impl Reopened {
    fn new(rules: &Arc<Ruleset>) -> Reopened {
        let directory = tempfile::tempdir().expect("a directory");
        Reopened { directory, rules: rules.clone(), lines: 0 }
    }

    fn decide(&mut self, line: &str) -> Answer {
        let options = StoreOptions::default().durability(Durability::None);
        let store = Store::open(self.directory.path(), options).expect("a store");
        let engine = Engine::with_store(self.rules.clone(), EngineOptions::default(), store);
        let engine = engine.unwrap_or_else(|error| panic!("{error}"));
        let answer = engine.decide_json(line.as_bytes());
        self.lines += 1;
        if self.lines.is_multiple_of(3) {
            engine.snapshot().expect("a snapshot");
        }
        engine.close().expect("closed");
        answer
    }
}

/// `[t − A, t − B]`, closed on both sides to the millisecond, is our `(t − A − 1 ms, t − B]`.
#[test]
fn closed_windows_of_a_feature_store() {
    let Some(data) = shared("conformance/openmldb_windows") else { return };
    let mut passed = 0;
    for line in lines(&data.join("simple_range_cases.dev.ndjson")) {
        let case: Value = serde_json::from_str(&line).expect("a case");
        // Windows of at most so many rows are not windows of time; 10 are never reached.
        if case["maxsize"].as_i64().is_some_and(|most| most < 10) {
            continue;
        }
        check(&case);
        passed += 1;
    }
    assert_eq!(passed, 15);
}

fn check(case: &Value) {
    let id = case["id"].as_str().expect("an id");
    let rules = compiled(compile_text("case.rules", &rules(case))).ruleset;
    let (engine, mut reopened) = (engine(&rules, None), Reopened::new(&rules));
    let text = |name: &str| case[name].as_str().expect("a name").to_string();
    let (key, order) = (text("key"), text("order_by"));
    let mut events: Vec<&Value> = case["events"].as_array().expect("events").iter().collect();
    events.sort_by_key(|event| event[&order].as_i64());
    let mut rows = Vec::new();
    for (number, event) in events.into_iter().enumerate() {
        let at = event[&order].as_i64().expect("milliseconds");
        // Numbers and dates are keys as well as texts are.
        let key = event[&key].as_str().map_or_else(|| event[&key].to_string(), str::to_string);
        let line = serde_json::json!({ "id": number, "at": at, "key": key, "value": event["c4"] });
        let line = line.to_string();
        let decision = decision(engine.decide_json(line.as_bytes()));
        assert_eq!(reopened.decide(&line).to_json(), decision.to_json(), "{id}");
        let answers = decision.rules.first().and_then(|hit| hit.because.clone()).expect("the answers");
        let mut answers = answers.split(' ');
        let select = case["select"].as_array().expect("columns");
        let row: Vec<String> = select
            .iter()
            .map(|column| match column["fn"].as_str() {
                Some("col") => event[column["col"].as_str().expect("a column")].to_string(),
                _ => answers.next().expect("an answer").to_string(),
            })
            .collect();
        rows.push(row);
    }
    let mut wanted: Vec<Vec<String>> = Vec::new();
    for row in case["expected_rows"].as_array().expect("rows") {
        wanted.push(row.as_array().expect("a row").iter().map(plain).collect());
    }
    rows.iter_mut().flatten().for_each(|cell| *cell = cell.trim_end_matches(".0").to_string());
    rows.sort();
    wanted.sort();
    assert_eq!(rows, wanted, "{id}");
}

/// Nothing to add is our 0; whole numbers print without a fraction.
fn plain(cell: &Value) -> String {
    match cell {
        Value::Null => "0".into(),
        other => other.to_string().trim_end_matches(".0").to_string(),
    }
}

fn rules(case: &Value) -> String {
    let millis = |name: &str| case[name].as_i64().expect("milliseconds");
    let (start, end) = (millis("range_start_ms"), millis("range_end_ms"));
    // An open end leaves out the millisecond of the event itself.
    let ending = end + i64::from(case["end_open"] == true);
    let span = start - ending + i64::from(case["start_open"] != true);
    let this = if case["exclude_current_row"] == true { "before this" } else { "including this" };
    let window = match ending {
        0 => format!("over {span}ms {this}"),
        _ => format!("over {span}ms ending {ending}ms ago"),
    };
    let mut signals = String::new();
    let mut names = Vec::new();
    for column in case["select"].as_array().expect("columns") {
        let function = match column["fn"].as_str() {
            Some("sum") => "sum(row.value)",
            Some("count") => "count(row)",
            _ => continue,
        };
        let name = format!("answer_{}", names.len());
        signals += &format!("signal {name} = {function} by key {window}\n");
        names.push(format!("{{{name}}}"));
    }
    format!(
        "ruleset case {{\n    edition 2026\n    version \"1\"\n}}\n\
         event row {{\n    at: time as epoch_ms\n    key: text\n    value: decimal\n}}\n\
         {signals}\
         rule answers on row {{\n    observe always\n    because \"{}\"\n}}\n",
        names.join(" ")
    )
}

/// Steps of another rules language's own tests, where they agree with exact windows open on the left. A step that
/// only reads is an event that nothing counts.
#[test]
fn counts_of_another_rules_language() {
    let Some(data) = shared("conformance/sqrl") else { return };
    let rules = ruleset("tests/data/steps.rules");
    let mut checked = 0;
    let mut steps: Vec<Value> = Vec::new();
    for line in lines(&data.join("transcribed.ndjson")) {
        let step: Value = serde_json::from_str(&line).expect("a step");
        if steps.first().is_some_and(|first| first["case"] != step["case"]) {
            checked += run(&rules, &steps);
            steps.clear();
        }
        steps.push(step);
    }
    checked += run(&rules, &steps);
    assert_eq!(checked, 98);
}

/// Runs the steps of one case; gives how many numbers were compared.
fn run(rules: &Arc<Ruleset>, steps: &[Value]) -> usize {
    let mut committed: Vec<String> = Vec::new();
    let mut reopened = Reopened::new(rules);
    let mut checked = 0;
    for (number, step) in steps.iter().enumerate() {
        let Some(op) = step["op"].as_str() else { continue };
        let Some(line) = event(number, step) else { continue };
        // What is evaluated but not committed happens to an engine that is thrown away.
        let engine = engine(rules, None);
        committed.iter().for_each(|line| drop(engine.decide_json(line.as_bytes())));
        let decision = decision(engine.decide_json(line.as_bytes()));
        let answers = printed(&decision);
        for (window, wanted, answer) in expectations(step) {
            let got = answers.iter().find(|(name, _)| *name == answer);
            let got = got.unwrap_or_else(|| panic!("`{answer}` of step {number} of {}", step["case"]));
            assert_eq!(got.1, wanted, "{window} of step {number} of {}", step["case"]);
            checked += 1;
        }
        if matches!(op, "event" | "event committed") {
            assert_eq!(
                reopened.decide(&line).to_json(),
                decision.to_json(),
                "step {number} of {}",
                step["case"]
            );
            committed.push(line);
        }
    }
    checked
}

/// The printed answers by name.
fn printed(decision: &Decision) -> Vec<(String, String)> {
    let printed = decision.rules.iter().filter_map(|hit| hit.because.clone());
    let pairs = printed.flat_map(|text| {
        let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_string(), value.to_string())).collect::<Vec<_>>()
    });
    pairs.collect()
}

/// A step as an event of `steps.rules`; `None` for what is not about counting.
fn event(number: usize, step: &Value) -> Option<String> {
    let at = step["ts"].as_str()?;
    let probe = step["op"] == "probe (reads without adding)";
    let distinct = step["case"].as_str()?.starts_with("countUnique");
    let actor = step["key"]["actor"].as_str().or_else(|| step["actor"].as_str());
    let line = match (step["action"].as_str(), step["key"]["ip"].as_str()) {
        (Some(action), _) => {
            let kind = if action == "report" { "report" } else { "other_action" };
            serde_json::json!({ "type": kind, "actor": actor?, "target": step["target"] })
        }
        (None, Some(ip)) => serde_json::json!({ "type": "visit", "ip": ip, "actor": actor? }),
        // The actors of the second file are told apart at one place.
        (None, None) if distinct && probe => {
            serde_json::json!({ "type": "look_at_visits", "ip": "10.0.0.1" })
        }
        (None, None) if distinct => serde_json::json!({ "type": "visit", "ip": "10.0.0.1", "actor": actor? }),
        (None, None) if probe => serde_json::json!({ "type": "look_at_actions", "actor": "josh" }),
        (None, None) => serde_json::json!({ "type": "action", "actor": actor? }),
    };
    let mut line = line;
    line["id"] = number.into();
    line["at"] = at.into();
    Some(line.to_string())
}

/// What to compare: the window, the number, and the name under which it is printed.
fn expectations(step: &Value) -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    let mut add = |values: &Value, agrees: Option<&Value>| {
        for (window, wanted) in values.as_object().into_iter().flatten() {
            if agrees.is_none_or(|agrees| agrees[window] == true) && wanted.is_u64() {
                all.push((window.clone(), wanted.to_string(), window.clone()));
            }
        }
    };
    add(&step["expect_count_including_current"], step.get("exact_sliding_window_agrees"));
    add(&step["expect_distinct_including_current"], None);
    add(&step["expect"], step.get("agrees_left_open"));
    all
}
