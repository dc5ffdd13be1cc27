//! Which part of the past an aggregate looks at, and whether the current event belongs to it.

use super::aggregates::Subject;
use super::lookups::count;
use crate::diag::{Diagnostic, codes};
use crate::model::time::Duration;
use crate::model::window::{AggregateFn, Period, This, Window};
use crate::sema::{Checker, errors, header, limits};
use crate::source::Span;
use crate::syntax::ast::{self, CalendarPeriod, Extent, WindowClause};

impl<'a> Checker<'a> {
    pub(super) fn window(
        &mut self,
        clause: &WindowClause,
        function: AggregateFn,
        approx: Option<Span>,
        span: Span,
    ) -> Option<Window> {
        let bad = |message: String, span, help: &str| {
            Diagnostic::new(&codes::BAD_WINDOW, message, span, "this window").help(help)
        };
        let ending = match &clause.ending {
            None => Some(Duration(0)),
            Some(ending) => self.positive_span(ending, "the time after `ending`"),
        };
        let window = match &clause.extent {
            Some(Extent::Over(length)) => {
                let length = self.positive_span(length, "the time after `over`");
                Window::Sliding { span: length?, ending: ending? }
            }
            Some(Extent::Calendar { period, zone, .. }) => {
                let zone = match zone {
                    Some(text) => header::zone(text, &mut self.out)?,
                    None => self.header.zone.clone(),
                };
                let period = match period {
                    CalendarPeriod::Today => Period::Day,
                    CalendarPeriod::ThisWeek => Period::Week,
                    CalendarPeriod::ThisMonth => Period::Month,
                };
                Window::Calendar { period, zone }
            }
            Some(Extent::Ever(_)) => Window::Ever,
            Some(Extent::Within(within)) => {
                let finding = bad(
                    format!("`within` is for `sequence`, not for `{}`", function.name()),
                    within.span,
                    "write `over` instead",
                );
                self.report(finding);
                return None;
            }
            None => {
                let finding = bad(
                    format!("`{}` over past events needs a window", function.name()),
                    span,
                    "write `over 24h`, `over today` or `ever`",
                );
                self.report(finding);
                return None;
            }
        };
        if let Some(ending) = &clause.ending
            && !matches!(window, Window::Sliding { .. })
        {
            let finding = bad(
                "`ending … ago` goes only with `over` and a duration".into(),
                ending.span,
                "leave it out",
            );
            self.report(finding);
            return None;
        }
        if function == AggregateFn::Since && window != Window::Ever {
            let finding = bad(
                "`since` looks back for ever".into(),
                clause.span,
                "write `since(EVENT) by KEY ever before this`",
            );
            self.report(finding);
            return None;
        }
        let stepped = clause.step.is_some() || approx.is_some();
        if clause.keys.is_empty() && window != Window::Ever && !stepped {
            let finding = Diagnostic::new(
                &codes::MISSING_KEY,
                "it isn't said by what is counted",
                span,
                "counts all events of everybody",
            )
            .help("add a key, such as `by buyer`; only `ever` and `step` may stand without one");
            self.report(finding);
            return None;
        }
        self.few_keys(&clause.keys)?;
        match &clause.step {
            Some(step) => self.stepped(window, step, function, approx, clause),
            None if approx.is_some() => self.sketched(window, clause),
            None => Some(window),
        }
    }

    /// `approx … over 30d`: in steps that fit the span.
    fn sketched(&mut self, window: Window, clause: &WindowClause) -> Option<Window> {
        let Window::Sliding { span, .. } = window else { return Some(window) };
        let Some(ending) = &clause.ending else {
            return Some(Window::Stepped { span, step: Window::granule(span) });
        };
        self.report(
            Diagnostic::new(
                &codes::BAD_WINDOW,
                "`approx` goes not with `ending`: it is kept in steps of time",
                ending.span,
                "this window",
            )
            .help("leave out `ending … ago`, or `approx`"),
        );
        None
    }

    /// `over 30d step 6h`
    fn stepped(
        &mut self,
        window: Window,
        written: &ast::Expr,
        function: AggregateFn,
        approx: Option<Span>,
        clause: &WindowClause,
    ) -> Option<Window> {
        let step = self.positive_span(written, "the time after `step`")?;
        let bad = |message: &str, help: &str| {
            Diagnostic::new(&codes::BAD_WINDOW, message, written.span, "this step").help(help)
        };
        let finding = match window {
            Window::Sliding { span, .. } if clause.ending.is_none() => {
                if matches!(function, AggregateFn::Percentile(_)) && approx.is_none() {
                    bad(
                        "`percentile` needs every value, and steps keep none",
                        "leave out `step`, or write `approx percentile`",
                    )
                } else if step > span {
                    bad("a step is longer than the window", "write a step that the window has several of")
                } else if span.0 / step.0 > limits::STEPS {
                    let most = limits::STEPS;
                    bad(&format!("a window has at most {most} steps"), "write a longer step")
                } else {
                    return Some(Window::Stepped { span, step });
                }
            }
            _ => bad(
                "`step` goes only with `over` and a duration, without `ending`",
                "leave it out, or write for example `over 30d step 6h`",
            ),
        };
        self.report(finding);
        None
    }

    /// A duration that is the same on every event, more than nothing and within the limit.
    pub(in crate::sema) fn positive_span(&mut self, expr: &ast::Expr, what: &str) -> Option<Duration> {
        let found = self.constant_duration(expr, what)?;
        let problem = if found <= Duration(0) {
            Some(("must be more than nothing", "write a positive duration, such as `24h`"))
        } else if found > limits::SPAN {
            let help = match what.ends_with("`over`") {
                true => "use `ever` to look at everything there was",
                false => "write at most `3660d`",
            };
            Some(("is more than ten years", help))
        } else {
            None
        };
        match problem {
            None => Some(found),
            Some((why, help)) => {
                self.report(
                    Diagnostic::new(&codes::BAD_WINDOW, format!("{what} {why}"), expr.span, "out of range")
                        .help(help),
                );
                None
            }
        }
    }

    /// `None` if there are too many, which was reported.
    pub(in crate::sema) fn few_keys(&mut self, keys: &[ast::Key]) -> Option<()> {
        let Some(extra) = keys.get(limits::KEYS) else { return Some(()) };
        let most = format!("at most {}", count(limits::KEYS, "key"));
        self.report(errors::too_large(most, extra.span, "one too many"));
        None
    }

    /// What was said about the current event, where something may be said.
    pub(super) fn this(&mut self, clause: &WindowClause, subject: &Subject<'_>) -> Result<Option<This>, ()> {
        let Some((this, span)) = clause.this else { return Ok(None) };
        let word = if this == ast::This::Including { "including this" } else { "before this" };
        let why = if clause.ending.is_some() {
            "`ending … ago` never reaches the current event"
        } else if subject.events.contains(&self.hit()) {
            "the current event is never a hit yet"
        } else {
            return Ok(Some(if this == ast::This::Including { This::Including } else { This::Before }));
        };
        self.report(
            Diagnostic::new(
                &codes::BAD_WINDOW,
                format!("`{word}` has no meaning here: {why}"),
                span,
                "leave this out",
            )
            .help(format!("remove `{word}`"))
            .fix(format!("remove `{word}`"), span, ""),
        );
        Err(())
    }
}
