//! Rules and their clauses.

use super::*;

impl Lower<'_> {
    pub(super) fn rule(&mut self, node: Node<'_>) -> ItemKind {
        let mut rule = None;
        let mut clauses = Vec::new();
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::rule_head => rule = Some(self.rule_head(child)),
                Rule::clause => self.clause(child, &mut clauses),
                _ => {}
            }
        }
        let mut rule = rule.unwrap_or_else(|| super::super::ast::Rule {
            shadow: false,
            name: Bag::default().name(),
            title: None,
            on: On::Events(Vec::new()),
            clauses: Vec::new(),
        });
        rule.clauses = clauses;
        ItemKind::Rule(Box::new(rule))
    }

    /// A rule without its clauses.
    pub fn rule_head(&mut self, node: Node<'_>) -> super::super::ast::Rule {
        let mut rule = super::super::ast::Rule {
            shadow: false,
            name: Bag::default().name(),
            title: None,
            on: On::Events(Vec::new()),
            clauses: Vec::new(),
        };
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::kw_shadow => rule.shadow = true,
                Rule::name => rule.name = self.name(&child),
                Rule::text => rule.title = Some(self.text(&child)),
                Rule::names => rule.on = On::Events(self.names(child)),
                Rule::absence => rule.on = On::Absence(Box::new(self.absence(child))),
                _ => {}
            }
        }
        rule
    }

    fn absence(&mut self, node: Node<'_>) -> Absence {
        let span = self.span(&node);
        let mut absent_where = None;
        let mut trigger_where = None;
        for child in node.clone().into_inner() {
            match child.as_rule() {
                Rule::absence_where => absent_where = Some(self.bag(child).expr()),
                Rule::trigger_where => trigger_where = Some(self.bag(child).expr()),
                _ => {}
            }
        }
        let mut bag = self.bag(node);
        Absence {
            absent: bag.name(),
            absent_where,
            keys: std::mem::take(&mut bag.keys),
            within: bag.expr(),
            trigger: bag.name(),
            trigger_where,
            span,
        }
    }

    /// One clause; two if a `because` on its own line follows an `unless`.
    pub fn clause(&mut self, node: Node<'_>, clauses: &mut Vec<Clause>) {
        let mut span = self.span(&node);
        self.check_line(span, "clause", false);
        let Some(node) = node.into_inner().next() else { return };
        if node.as_rule() == Rule::unless {
            self.unless(node, span, clauses);
            return;
        }
        if node.as_rule() == Rule::let_clause {
            span = self.span(&node);
        }
        if let Some(kind) = self.clause_kind(node) {
            clauses.push(Clause { kind, span });
        }
    }

    fn clause_kind(&mut self, node: Node<'_>) -> Option<ClauseKind> {
        let rule = node.as_rule();
        match rule {
            Rule::because => return Some(ClauseKind::Because(self.template_in(node))),
            Rule::tell => return Some(self.tell(node)),
            Rule::do_effect => return Some(self.do_effect(node)),
            Rule::once => return Some(ClauseKind::Once(self.once(node))),
            Rule::active => return Some(self.active(node)),
            Rule::band => return Some(self.band(node)),
            Rule::let_clause => return Some(ClauseKind::Let(self.let_item(node))),
            _ => {}
        }
        let mut bag = self.bag(node);
        Some(match rule {
            Rule::tags => ClauseKind::Tags(bag.names),
            Rule::severity => ClauseKind::Severity(bag.name()),
            Rule::source => ClauseKind::Source(bag.text()),
            Rule::formerly => ClauseKind::Formerly(bag.name()),
            Rule::when => ClauseKind::When(bag.expr()),
            Rule::points => ClauseKind::Score { points: bag.expr(), condition: bag.expr() },
            Rule::about => ClauseKind::About(bag.keys),
            Rule::rollout => ClauseKind::Rollout { share: bag.expr(), keys: bag.keys },
            Rule::always => ClauseKind::Always,
            Rule::label_effect => ClauseKind::Effect(Effect {
                kind: EffectKind::Label { label: bag.name(), on: bag.key(), period: bag.exprs.pop() },
                condition: bag.condition,
            }),
            Rule::unlabel_effect => ClauseKind::Effect(Effect {
                kind: EffectKind::Unlabel { label: bag.name(), on: bag.key() },
                condition: bag.condition,
            }),
            Rule::mute_effect => ClauseKind::Effect(Effect {
                kind: EffectKind::Mute {
                    rule: bag.name(),
                    keys: std::mem::take(&mut bag.keys),
                    period: bag.expr(),
                },
                condition: bag.condition,
            }),
            _ => return None,
        })
    }

    fn unless(&mut self, node: Node<'_>, span: Span, clauses: &mut Vec<Clause>) {
        let because = node.clone().into_inner().find(|n| n.as_rule() == Rule::because);
        let condition = self.bag(node).expr();
        let Some(because) = because else {
            clauses.push(Clause { kind: ClauseKind::Unless { condition, because: None }, span });
            return;
        };
        let place = self.span(&because);
        let template = self.template_in(because);
        if self.starts_line(place.start) {
            let end = self.scan.trim_end(span.start as usize, place.start as usize);
            let short = Span::new(self.source, span.start as usize, end);
            clauses.push(Clause { kind: ClauseKind::Unless { condition, because: None }, span: short });
            clauses.push(Clause { kind: ClauseKind::Because(template), span: place });
        } else {
            clauses.push(Clause { kind: ClauseKind::Unless { condition, because: Some(template) }, span });
        }
    }

    fn starts_line(&self, offset: u32) -> bool {
        self.scan.tokens.get(self.scan.at(offset as usize)).is_some_and(|token| token.starts_line)
    }

    fn template_in(&mut self, node: Node<'_>) -> Template {
        let text = node.into_inner().find(|n| n.as_rule() == Rule::text);
        text.map_or_else(|| Template { parts: Vec::new(), span: nowhere() }, |text| self.template(&text))
    }

    fn tell(&mut self, node: Node<'_>) -> ClauseKind {
        let mut texts = Vec::new();
        let mut language = None;
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::language => language = Some(self.name(&child)),
                Rule::text => {
                    let template = self.template(&child);
                    texts.extend(language.take().map(|language| (language, template)));
                }
                _ => {}
            }
        }
        ClauseKind::Tell(texts)
    }

    fn do_effect(&mut self, node: Node<'_>) -> ClauseKind {
        let mut arguments = Vec::new();
        for child in node.clone().into_inner().filter(|n| n.as_rule() == Rule::values) {
            arguments = self.bag(child).exprs;
        }
        let mut bag = self.bag(node);
        ClauseKind::Effect(Effect {
            kind: EffectKind::Do { action: bag.name(), arguments },
            condition: bag.condition,
        })
    }

    fn active(&mut self, node: Node<'_>) -> ClauseKind {
        let (mut from, mut until) = (None, None);
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::active_from => from = Some(self.bag(child).expr()),
                Rule::active_until => until = Some(self.bag(child).expr()),
                _ => {}
            }
        }
        ClauseKind::Active { from, until }
    }

    fn band(&mut self, node: Node<'_>) -> ClauseKind {
        let mut always = None;
        let mut score = None;
        for child in node.clone().into_inner() {
            match child.as_rule() {
                Rule::kw_always => always = Some(self.token_span(&child)),
                Rule::band_score => score = Some(self.bag(child).expr()),
                _ => {}
            }
        }
        let mut bag = self.bag(node);
        let outcome = bag.name();
        let condition = match always {
            Some(span) => BandCondition::Always(span),
            None => {
                let condition = bag.expr();
                match &condition.kind {
                    ExprKind::Name(_) if self.slice(condition.span) == "unknown" => {
                        BandCondition::Unknown(condition.span)
                    }
                    _ => BandCondition::If(condition),
                }
            }
        };
        ClauseKind::Band(Band { outcome, condition, score })
    }
}
