use proptest::prelude::*;

use super::super::cell::ordered;
use super::*;
use crate::model::money::Decimal;

/// Numbers that look random: the finaliser of SplitMix64.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn of(hashes: impl IntoIterator<Item = u64>) -> Different {
    let mut different = Different::default();
    hashes.into_iter().for_each(|hash| different.add(hash));
    different
}

#[test]
fn few_values_are_told_exactly() {
    for count in 0..=EXACT as u64 {
        let twice = (0..count).chain(0..count).map(mixed);
        assert_eq!(of(twice).count(), count as i64);
    }
    // However unlucky the hashes: all of one register.
    assert_eq!(of(0..EXACT as u64).count(), EXACT as i64);
    assert_eq!(of(0..=EXACT as u64).count(), EXACT as i64 + 1);
}

#[test]
fn many_values_are_told_within_the_stated_error() {
    let mut count = 257;
    let (mut squares, mut asked, mut far) = (0.0, 0, 0);
    while count < 3_000_000u64 {
        for seed in 0..(if count < 100_000 { 20 } else { 2 }) {
            let told = of((0..count).map(|n| mixed(mixed(n) ^ seed))).count();
            let error = (told as f64 - count as f64) / count as f64;
            assert!(error.abs() < 0.07, "{told} of {count}");
            squares += error * error;
            asked += 1;
            far += u32::from(error.abs() > 0.0325);
        }
        count = count * 8 / 5;
    }
    // One in twenty is off by more than two standard errors of 1.63 %.
    let spread = (squares / f64::from(asked)).sqrt();
    assert!(spread < 0.0175, "{spread}");
    assert!(far * 100 <= asked * 8, "{far} of {asked}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn neither_order_nor_parts_matter(
        count in prop_oneof![0u64..40, 200u64..400, 1000u64..5000],
        parts in 1usize..9,
        seed in any::<u64>(),
    ) {
        let all: Vec<u64> = (0..count).map(|n| mixed(n ^ seed)).collect();
        let whole = of(all.iter().copied()).count();
        prop_assert_eq!(of(all.iter().rev().copied()).count(), whole);
        let mut sketches = vec![Sketch::default(); parts];
        let mut one = Spread::default();
        for hash in &all {
            let part = (mixed(*hash) % parts as u64) as usize;
            sketches[part].different.add(*hash);
            // The same value may be in several.
            sketches[part / 2].different.add(*hash);
            sketches[part].spread.add(Scaling::Whole, *hash as i64 >> (hash % 60));
            one.add(Scaling::Whole, *hash as i64 >> (hash % 60));
        }
        for backwards in [false, true] {
            let mut merged = Sketch::default();
            if backwards {
                sketches.reverse();
            }
            for part in &sketches {
                merged.different.merge(&part.different);
                merged.spread.merge(&part.spread);
            }
            prop_assert_eq!(merged.different.count(), whole);
            prop_assert_eq!(&merged.spread.buckets, &one.buckets);
        }
    }

    #[test]
    fn ranks_are_told_within_the_stated_error(
        mut values in prop::collection::vec(
            prop_oneof![any::<i64>(), -200i64..200, (0u32..63).prop_map(|bit| 1 << bit), Just(i64::MIN), Just(i64::MAX)],
            1..200,
        ),
        percent in 0i64..=100,
    ) {
        let rank = Rank::of(Decimal(percent * Decimal::SCALE)).unwrap();
        let mut spread = Spread::default();
        values.iter().for_each(|value| spread.add(Scaling::Whole, *value));
        values.sort_unstable();
        let exact = values[rank.place(values.len())];
        let told = spread.ranked(Scaling::Whole, rank).unwrap();
        prop_assert!(i128::from(told).abs_diff(exact.into()) * 128 <= u128::from(exact.unsigned_abs()), "{told} for {exact}");
        prop_assert!(exact.unsigned_abs() >= 128 || told == exact);
    }

    #[test]
    fn ranks_of_floats_are_told_within_the_stated_error(
        mut values in prop::collection::vec(
            prop_oneof![any::<f64>(), -200f64..200.0, Just(0.0), Just(-0.0), Just(f64::MAX), Just(f64::MIN)],
            1..100,
        ),
        percent in 0i64..=100,
    ) {
        values.retain(|value| *value == 0.0 || value.is_normal());
        prop_assume!(!values.is_empty());
        let rank = Rank::of(Decimal(percent * Decimal::SCALE)).unwrap();
        let mut spread = Spread::default();
        values.iter().for_each(|value| spread.add(Scaling::Float, ordered(*value)));
        values.sort_unstable_by(f64::total_cmp);
        let exact = values[rank.place(values.len())];
        let told = super::super::cell::unordered(spread.ranked(Scaling::Float, rank).unwrap());
        prop_assert!((told / 2.0 - exact / 2.0).abs() <= exact.abs() / 256.0, "{told} for {exact}");
    }
}

#[test]
fn nothing_has_no_rank() {
    let rank = Rank::of(Decimal::from_int(50).unwrap()).unwrap();
    assert_eq!(Spread::default().ranked(Scaling::Whole, rank), None);
    assert_eq!(Different::default().count(), 0);
}

#[test]
fn the_step_with_which_what_is_kept_begins_stays() {
    let mut sketches = Sketches::default();
    for start in [0, 5, 10] {
        sketches.add(start, |sketch| sketch.different.add(1));
    }
    assert_eq!(sketches.drop_before(5), 0);
    assert_eq!(sketches.within(i64::MIN..=i64::MAX).count(), 2);
    assert_eq!(sketches.drop_before(5), i64::MIN);
}
