use proptest::prelude::*;

use super::*;

/// The folded text with `i` and `l` told apart, `*` where it may be either.
fn fold(text: &str) -> String {
    let folded = Folded::new(text);
    let letters = folded.text().char_indices().map(|(place, c)| match (c, folded.exact.get(place)) {
        ('l', Some(b'i')) => 'i',
        ('l', Some(b'1')) => '*',
        (c, _) => c,
    });
    letters.collect()
}

#[test]
fn ascii_is_lower_case() {
    assert_eq!(fold("Send CASH, please!"), "send cash, please!");
    assert_eq!(fold("a \t\n b"), "a b");
    assert_eq!(fold("it`s"), "it's");
    assert_eq!(fold(""), "");
}

#[test]
fn compatibility_case_and_invisible_characters() {
    assert_eq!(fold("ＷｈａｔｓＡｐｐ"), "whatsapp");
    assert_eq!(fold("𝐖𝐡𝐚𝐭𝐬𝐀𝐩𝐩"), "whatsapp");
    assert_eq!(fold("ⓦⓔⓒⓗⓐⓣ"), "wechat");
    assert_eq!(fold("🅆🅇 🅥🅧 🆅🆇 🇻🇽"), "wx vx vx vx");
    assert_eq!(fold("pay\u{200b}p\u{ad}al\u{feff}"), "paypal");
    assert_eq!(fold("q\u{fe0f}\u{20e3}q"), "qq");
    assert_eq!(fold("don’t “do” it–now"), "don't \"do\" it-now");
    assert_eq!(fold("ﬁne…"), "fine...");
    assert_eq!(fold("a\u{3000}\u{a0}b"), "a b");
}

#[test]
fn marks_and_strokes() {
    assert_eq!(fold("Zażółć gęślą jaźń"), "zazolc gesla jazn");
    assert_eq!(fold("ŁÓDŹ"), "lodz");
    assert_eq!(fold("cafe\u{301} Ångström"), "cafe angstrom");
    assert_eq!(fold("Đà Nẵng, smørrebrød, Straße, ÆON"), "da nang, smorrebrod, strasse, aeon");
    assert_eq!(fold("İSTANBUL ısı"), "istanbul isi");
    assert_eq!(fold("w̶h̷a̲t̃s"), "whats");
    // Where marks are letters, they stay.
    assert_eq!(fold("パピプ ﾊﾟ が"), "パピプ パ が");
    assert_eq!(fold("한국어"), "한국어");
    assert_eq!(fold("ไทยที่"), "ไทยที่");
    assert_eq!(fold("微信"), "微信");
}

/// Spellings that Unicode's confusables take for one another.
#[test]
fn look_alikes_fold_together() {
    for (spelling, plain) in [
        ("раураl", "paypal"),
        ("pаypal", "paypal"),
        ("Ԝһаtѕарр", "whatsapp"),
        ("Сrурtо", "crypto"),
        ("СRУРТО", "crypto"),
        ("gıft", "gift"),
        ("ТЕLЕGRАМ", "telegram"),
        ("ΤΕLEGRAM", "telegram"),
        ("ѕіgnаl", "signal"),
        ("Å", "a"),
    ] {
        assert_eq!(fold(spelling), plain, "{spelling}");
    }
    assert_eq!(fold("teIegram"), "te*egram");
    assert_eq!(fold("tеІеgrаm"), "te*egram");
    assert_eq!(fold("ZeIIe"), "ze**e");
    assert_eq!(fold("INSTA Instagram"), "insta *nstagram");
    // Nothing is taken for two letters, and a whole word of another script stays one in both cases.
    assert_ne!(fold("rn"), fold("m"));
    assert_eq!(fold("ТЕЛЕГРАМ"), fold("телеграм"));
    assert_eq!(fold("ΤΗΛΕΦΩΝΟ"), fold("τηλεφωνο"));
    assert_eq!(fold("ΟΔΟΣ"), fold("οδος"));
}

#[test]
fn digits_between_letters() {
    assert_eq!(
        fold("te1egram wh4tsapp c@sh p4yp4l l33t m0n3y ca$h"),
        "te*egram whatsapp cash paypal leet money cash"
    );
    assert_eq!(fold("l1ve"), "l*ve");
    // At the edge of a word, or beside other digits, they are what they are.
    assert_eq!(
        fold("4you paypa1 wx520 a1234b 600 100 $5 @home"),
        "4you paypa1 wx520 a1234b 600 100 $5 @home"
    );
    assert_eq!(fold("加1信"), "加1信");
}

#[test]
fn origins_cover_what_was_folded() {
    let text = "x  Zażółć";
    let folded = Folded::new(text);
    let at = folded.text().find("zazo").unwrap();
    assert_eq!(&text[folded.origin(at..at + 4)], "Zażó");
    assert_eq!(&text[folded.origin(1..2)], "  ");
    // All of a character and its marks, and what is invisible between them.
    let text = "ae\u{301}\u{200b}\u{302}b Straße";
    let folded = Folded::new(text);
    assert_eq!(&text[folded.origin(1..2)], "e\u{301}\u{200b}\u{302}");
    let at = folded.text().find("ss").unwrap();
    assert_eq!(&text[folded.origin(at..at + 1)], "ß");
    assert_eq!(folded.origin(0..0), 0..0);
}

#[test]
fn boundaries_are_between_words() {
    let folded = Folded::new("ab 微信ab7@cd");
    let place = |piece: &str| folded.text().find(piece).unwrap();
    assert!(folded.is_boundary(0) && folded.is_boundary(folded.text().len()));
    assert!(!folded.is_boundary(1));
    assert!(folded.is_boundary(2));
    assert!(folded.is_boundary(place("信")));
    assert!(folded.is_boundary(place("ab7")));
    assert!(!folded.is_boundary(place("7")));
    let folded = Folded::new("joe@gmail");
    assert_eq!(folded.text(), "joeagmall");
    assert!(folded.is_boundary(3) && folded.is_boundary(4), "an at sign parts words, whatever it is read as");
}

fn any_text() -> impl Strategy<Value = String> {
    let interesting = prop::sample::select(vec![
        "a",
        "I",
        "l",
        "1",
        "0",
        "@",
        "$",
        " ",
        "\n",
        "\u{200b}",
        "\u{301}",
        "ż",
        "ß",
        "ﬁ",
        "İ",
        "微",
        "信",
        "✚",
        "ﾊ",
        "ﾟ",
        "か",
        "\u{3099}",
        "ᄒ",
        "ᅡ",
        "ᆫ",
        "한",
        "р",
        "Т",
        "σ",
        "𝐖",
        "🇻",
        "👩‍💻",
        "…",
        "。",
        "。",
        "ไ",
        "ที่",
        "\u{fdfa}",
        "Å",
    ]);
    let piece =
        prop_oneof![4 => interesting.prop_map(str::to_string), 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// Every piece of the folded text stands for a piece of the original, in order, on character boundaries.
    #[test]
    fn origins_are_in_order_and_on_boundaries(text in any_text()) {
        let folded = Folded::new(&text);
        prop_assert_eq!(folded.exact.len(), folded.text.len());
        let mut before = (0, 0);
        for (start, c) in folded.text().char_indices() {
            let origin = folded.origin(start..start + c.len_utf8());
            prop_assert!(text.get(origin.clone()).is_some_and(|piece| !piece.is_empty()), "{:?}", origin);
            prop_assert!(origin.start >= before.0 && origin.end >= before.1);
            before = (origin.start, origin.end);
        }
        let squeezed = folded.squeezed();
        for (start, c) in squeezed.text().char_indices() {
            let origin = squeezed.origin(start..start + c.len_utf8());
            prop_assert!(folded.text().get(origin).is_some());
        }
    }

    /// Both ways of folding agree on ASCII.
    #[test]
    fn the_short_way_is_the_long_way(text in "[ -~\\n\\t]{0,40}") {
        let mut long = fold_any(&text);
        long.read_digits_as_letters();
        let short = Folded::new(&text);
        prop_assert_eq!(&short.text, &long.text);
        prop_assert_eq!(&short.exact, &long.exact);
        for place in 0..short.text.len() {
            prop_assert_eq!(short.origin(place..place + 1), long.origin(place..place + 1));
        }
    }

    #[test]
    fn case_makes_no_difference(text in any_text()) {
        // Letters that have one capital; `ß` and its like become others.
        let plain: String = text.chars().filter(|c| c.to_uppercase().collect::<String>().to_lowercase() == c.to_string()).collect();
        prop_assert_eq!(Folded::new(&plain.to_uppercase()).text, Folded::new(&plain).text);
    }

    #[test]
    fn folding_twice_is_folding_once(text in any_text()) {
        let once = Folded::new(&text);
        let twice = Folded::new(once.text());
        prop_assert_eq!(&twice.text, &once.text);
    }
}
