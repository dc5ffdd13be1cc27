//! What an engine should say: the oracle, or, where the ruleset changes its meaning, an engine that nothing happens to.

use std::ops::ControlFlow;

use rulec::tooling::Reference as Oracle;
use rulec::{Answer, Compiled, Decision, Engine, Pending, Told};

use crate::saved::Saved;

/// Everything that is said to some lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub decisions: Vec<String>,
    /// By the line.
    pub rejected: Vec<bool>,
    pub duplicate: Vec<bool>,
    /// Whether it is known where an event's own decision stands among those of deadlines.
    ordered: bool,
}

impl Said {
    fn in_order(mut self, ordered: bool) -> Said {
        if !(ordered && self.ordered) {
            self.decisions.sort();
        }
        Said { ordered: true, ..self }
    }

    pub fn is(&self, wanted: &Said) -> bool {
        self.clone().in_order(wanted.ordered) == wanted.clone().in_order(self.ordered)
    }

    fn nothing() -> Said {
        Said { decisions: Vec::new(), rejected: Vec::new(), duplicate: Vec::new(), ordered: true }
    }

    /// A line has this answer.
    fn own(&mut self, answer: &Answer) {
        self.decisions.extend(answer.decision().map(Decision::to_json));
        self.rejected.push(answer.reject().is_some());
        self.duplicate.push(answer.decision().is_some_and(|decision| decision.duplicate));
    }
}

/// One line after the other; up to the first that is not decided.
pub fn decide(engine: &Engine, lines: &[String]) -> Result<Said, Box<Answer>> {
    let mut said = Said { ordered: false, ..Said::nothing() };
    for line in lines {
        let own = engine.decide_json(line.as_bytes());
        if let Answer::Failed(_) = own {
            return Err(Box::new(own));
        }
        said.own(&own);
        said.decisions.extend(engine.take_deadlines().iter().map(|decision| decision.to_json()));
    }
    Ok(said)
}

/// Lines that were read ahead.
pub fn decide_together(engine: &Engine, lines: &[String]) -> Option<Said> {
    let mut pending = Pending::default();
    lines.iter().for_each(|line| engine.read_json(line.as_bytes(), &mut pending));
    if engine.decide_pending(&mut pending, false) || engine.wait_until_safe(&pending).is_err() {
        return None;
    }
    let mut said = Said::nothing();
    engine.tell_decided(&mut pending, |told| {
        match told {
            Told::Deadline(decision) => said.decisions.push(decision.to_json()),
            told => said.own(&told.into_answer()),
        }
        ControlFlow::Continue(())
    });
    Some(said)
}

pub enum Reference {
    Oracle(Box<Oracle>),
    Engine(Box<Engine>),
}

impl Reference {
    pub fn new(ruleset: &Compiled, same: bool) -> Reference {
        match same {
            true => Reference::Oracle(Box::new(Oracle::new(ruleset))),
            false => Reference::Engine(Box::new(Engine::new(ruleset.ruleset.clone()))),
        }
    }

    /// From here on with another ruleset.
    pub fn reload(&mut self, ruleset: &Compiled) {
        match self {
            Reference::Oracle(oracle) => oracle.go_on_as(ruleset.ruleset.stamp().clone()),
            Reference::Engine(engine) => {
                let next = Engine::new(ruleset.ruleset.clone());
                let saved = Saved::of(engine);
                next.load(&mut saved.read(saved.len())).unwrap();
                **engine = next;
            }
        }
    }

    pub fn decide(&mut self, lines: &[String]) -> Said {
        let oracle = match self {
            Reference::Engine(engine) => return decide(engine, lines).unwrap(),
            Reference::Oracle(oracle) => oracle,
        };
        let mut said = Said::nothing();
        for line in lines {
            let decisions = oracle.decide_all(line.as_bytes());
            said.decisions.extend(decisions.iter().map(Decision::to_json));
            said.duplicate.push(decisions.iter().any(|decision| decision.duplicate));
            said.rejected.push(!oracle.can_read(line.as_bytes()));
        }
        said
    }
}
