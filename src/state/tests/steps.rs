//! Memories in steps of time, against a plain list.

use super::*;

const STEP: i64 = 20;

#[derive(Default)]
struct Reference {
    entries: Vec<Entry>,
    /// Different values of each step.
    told: Vec<Entry>,
    newest: Option<i64>,
    lost: Option<i64>,
    capped: Option<i64>,
}

fn start(t: i64) -> i64 {
    t.div_euclid(STEP) * STEP
}

impl Reference {
    fn write(&mut self, at: i64, value: i64, lateness: i64, cap: usize) -> WriteOutcome {
        let late = self.newest.is_some_and(|newest| at < newest);
        let newest = self.newest.map_or(at, |newest| newest.max(at));
        let refused = at < newest - lateness;
        self.newest = Some(newest);
        if refused {
            self.lost = self.lost.max(Some(at));
            return WriteOutcome { late, refused };
        }
        self.entries.push(Entry { at, value, gone: false });
        for entry in self.entries.iter_mut().chain(&mut self.told) {
            // Not even its last moment is needed any more.
            if !entry.gone && start(entry.at) + STEP <= newest - lateness - REACH {
                entry.gone = true;
                self.lost = self.lost.max(Some(entry.at));
            }
        }
        if !self.told.iter().any(|e| !e.gone && e.at == start(at) && e.value == value) {
            self.told.push(Entry { at: start(at), value, gone: false });
        }
        while self.told.iter().filter(|e| !e.gone).count() > cap {
            let oldest = self.told.iter_mut().filter(|e| !e.gone).min_by_key(|e| e.at).unwrap();
            oldest.gone = true;
            self.capped = self.capped.max(Some(oldest.at));
        }
        WriteOutcome { late, refused }
    }

    fn read(&self, f: AggregateFn, span: i64, t: i64, this: Option<i64>) -> Answer {
        let (from, to) = (start(t - span), start(t) + STEP);
        if self.lost.is_some_and(|lost| lost >= from) {
            return Answer::Unknown(Unknown::TooLate);
        }
        let distinct = f == AggregateFn::Distinct;
        let kept = if distinct { &self.told } else { &self.entries };
        let mut seen: Vec<Entry> =
            kept.iter().filter(|e| !e.gone && from <= e.at && e.at < to).cloned().collect();
        seen.extend(this.map(|value| Entry { at: t, value, gone: false }));
        seen.sort_by_key(|entry| entry.at);
        match plain(f, &seen, t) {
            Answer::Known(n) if distinct && self.capped.is_some_and(|capped| capped >= from) => {
                Answer::AtLeast(n)
            }
            answer => answer,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn steps_answer_as_if_every_event_had_been_kept(
        steps in steps(),
        lateness in prop_oneof![Just(0i64), 1i64..80],
        cap in prop_oneof![Just(1000u32), 1u32..30],
        spans in prop::collection::vec(STEP..REACH, 2),
    ) {
        let mut functions = functions();
        functions.retain(|f| !matches!(f, AggregateFn::Percentile(_) | AggregateFn::Since));
        let spec = MemorySpec {
            step: Some(Duration(STEP)),
            functions: functions.iter().map(|f| (*f, false)).collect(),
            ..spec(Some(Type::Int), vec![])
        };
        let bare = MemorySpec { value: None, functions: vec![(AggregateFn::Count, false)], ..spec.clone() };
        let mut store = Store::new(&[spec, bare], &options(lateness, cap));
        let windows: Vec<Window> =
            spans.iter().map(|s| Window::Stepped { span: Duration(*s), step: Duration(STEP) }).collect();
        let edges: Vec<Edges> = windows.iter().map(|window| store.edges(MEMORY, window)).collect();
        let mut reference = Reference::default();
        let key = KeyHash(7);
        let (constants, mut own) = (Arena::constants(), Arena::new());
        // Steps begin at the epoch, and before it too.
        let mut now = -70;
        for (step, value) in steps {
            now += step;
            let t = if step < 0 { now } else { now.max(reference.newest.unwrap_or(now)) };
            let cell = store.find(store.group(MEMORY), key);
            for ((window, edges), span) in windows.iter().zip(&edges).zip(&spans) {
                for f in &functions {
                    for this in [None, Some(value)] {
                        let expected = reference.read(*f, *span, t, this);
                        let bounds = Bounds::of(window, Time(t));
                        let got = ask(&mut store, cell, *edges, *f, bounds, t, this);
                        prop_assert_eq!(&got, &expected, "{:?} over {} at {} with {:?}", f, span, t, this);
                        if *f == AggregateFn::Count {
                            let this = this.map(Slot::int);
                            let got = read(
                                &mut store, cell, MemoryId(1), *f, bounds, Time(t), this, &constants, &mut own,
                            );
                            prop_assert_eq!(answer(got), expected, "events over {} at {}", span, t);
                        }
                    }
                }
            }
            let cell = store.find_or_add(store.group(MEMORY), key, Time(0)).unwrap();
            let arena = Arena::new();
            let arenas = Arenas { constants: &arena, event: &arena };
            let wrote = store.write(cell, MEMORY, Time(t), Slot::int(value), &arenas);
            store.write(cell, MemoryId(1), Time(t), Slot::MISSING, &arenas);
            prop_assert_eq!(wrote, reference.write(t, value, lateness, cap as usize));
        }
    }
}
