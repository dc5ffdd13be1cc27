use proptest::prelude::*;

use super::*;

fn set(phrases: &str) -> PhraseSet {
    with_fold(phrases, "")
}

fn with_fold(phrases: &str, fold: &str) -> PhraseSet {
    let (set, errors) = PhraseSet::parse(phrases, Some(fold));
    assert!(errors.phrases.is_empty() && errors.fold.is_empty(), "{errors:?}");
    set
}

/// What the first mention covers.
fn found<'a>(set: &PhraseSet, text: &'a str) -> Option<&'a str> {
    set.find(text).map(|range| &text[range])
}

#[test]
fn words_are_found_whole() {
    let set = set("wire\npay outside\ntg");
    for (text, expected) in [
        ("please wire it", Some("wire")),
        ("WIRE", Some("WIRE")),
        ("wire-transfer", Some("wire")),
        ("wireless wires rewire wire7", None),
        ("pay   \t outside the app", Some("pay   \t outside")),
        ("pay\noutside", Some("pay\noutside")),
        ("repay outside", None),
        ("加tg聊", Some("tg")),
        ("_tg_", Some("tg")),
        ("", None),
    ] {
        assert_eq!(found(&set, text), expected, "{text}");
    }
}

#[test]
fn chinese_japanese_and_thai_need_no_boundaries() {
    let set = set("加微信\nライン交換\nไลน์\n加v");
    for (text, expected) in [
        ("老板你加微信详谈吧", Some("加微信")),
        ("ではライン交換しましょう", Some("ライン交換")),
        ("แอดไลน์ได้ไหม", Some("ไลน์")),
        ("加V聊", Some("加V")),
        // The end of this phrase is a Latin letter.
        ("加Very", None),
        ("微信", None),
    ] {
        assert_eq!(found(&set, text), expected, "{text}");
    }
}

#[test]
fn disguises_are_seen_through() {
    let set = set("whatsapp\ntelegram\npaypal\ncash app\ngift\nzelle\ngmail.com\nsignal\nzaliczka");
    for (text, expected) in [
        ("my wh4tsapp +1 202 555 0143", "wh4tsapp"),
        ("add me on te1egram", "te1egram"),
        ("add me on teIegram", "teIegram"),
        ("my c@sh app tag is $bigbuyer", "c@sh app"),
        ("раураl", "раураl"),
        ("on Ԝһаtѕарр now", "Ԝһаtѕарр"),
        ("ＷｈａｔｓＡｐｐ！", "ＷｈａｔｓＡｐｐ"),
        ("p\u{200b}a\u{200b}ypal", "p\u{200b}a\u{200b}ypal"),
        ("gıft, g1ft", "gıft"),
        ("g1ft", "g1ft"),
        ("s1gnal", "s1gnal"),
        ("s1gna1 s1gnal", "s1gnal"),
        ("ZeIIe ok", "ZeIIe"),
        ("contact me at j.doe@gmail.com", "gmail.com"),
        ("ZALICZKĄ zaliczka", "ZALICZKĄ"),
    ] {
        assert_eq!(found(&set, text), Some(expected), "{text}");
    }
}

#[test]
fn i_and_l_are_told_apart_where_they_are_written() {
    let mail = set("mail\nte1");
    assert_eq!(found(&mail, "the mall"), None);
    assert_eq!(found(&mail, "the mall, ma1l"), Some("ma1l"));
    assert_eq!(found(&set("mall"), "ma1l"), Some("ma1l"));
    assert_eq!(found(&set("mail\nmall"), "mail"), Some("mail"));
    // One reading of each: an `i` here and an `l` there.
    assert_eq!(found(&set("mail list"), "ma1l l1st"), Some("ma1l l1st"));
}

#[test]
fn fold_files_join_spellings() {
    let fold = "# traditional\n帳 → 账\n轉→转\n➕ 加\n✚\t加\n❤ → 心\nv心 → 微信\n薇信 微信\n";
    let set = with_fold("转账\n加v\n加微信\n微信号\n微信 lucky8888", fold);
    for (text, expected) in [
        ("支付寶轉帳給你", Some("轉帳")),
        ("✚V 13800001111", Some("✚V")),
        ("➕薇信", Some("➕薇信")),
        ("➕️微信", Some("➕️微信")),
        ("加V❤ 吧", Some("加V❤")),
        ("薇信号", Some("薇信号")),
        ("轉 帳", None),
        ("V❤ lucky8888", Some("V❤ lucky8888")),
    ] {
        assert_eq!(found(&set, text), expected, "{text}");
    }
    // Phrases fold the same way.
    assert_eq!(found(&with_fold("轉帳", fold), "转账"), Some("转账"));
    // A chain leads to its end, from wherever one begins.
    let chain = with_fold("丙", "甲 → 乙\n乙 → 丙");
    for text in ["甲", "乙", "丙"] {
        assert_eq!(found(&chain, text), Some(text));
    }
}

#[test]
fn gaps_are_within_a_sentence_and_a_line() {
    let set = set("pay ..12.. outside\n加 ..3.. 微信");
    for (text, expected) in [
        ("pay me outside", Some("pay me outside")),
        ("pay outside", Some("pay outside")),
        ("pay 1234567890 outside", Some("pay 1234567890 outside")),
        ("pay 12345678901 outside", None),
        ("pay. outside", None),
        ("pay! outside", None),
        ("pay\noutside", None),
        ("outside pay", None),
        ("prepay me outside", None),
        ("pay pay me outside", Some("pay pay me outside")),
        ("加我的微信", Some("加我的微信")),
        ("加微信", Some("加微信")),
        ("加我的个人微信", None),
        ("加。微信", None),
        ("加！微信", None),
        ("加,微信", Some("加,微信")),
    ] {
        assert_eq!(found(&set, text), expected, "{text}");
    }
    let three = super::tests::set("a ..3.. b ..2.. c");
    assert_eq!(found(&three, "a b c"), Some("a b c"));
    assert_eq!(found(&three, "a b b c"), Some("a b b c"));
    assert_eq!(found(&three, "a xx b c"), None);
}

#[test]
fn loose_phrases_skip_separators() {
    let set = set("whatsapp ~loose\n加微信 ~loose\nwx ~loose");
    for (text, expected) in [
        ("w h a t s a p p me", Some("w h a t s a p p")),
        ("w.h.a.t.s.a.p.p: 600", Some("w.h.a.t.s.a.p.p")),
        ("WhatsApp", Some("WhatsApp")),
        ("w\nh\na\nt\ns\na\np\np", Some("w\nh\na\nt\ns\na\np\np")),
        ("加.微.信", Some("加.微.信")),
        ("加 微 信 发你", Some("加 微 信")),
        ("加*微—信", Some("加*微—信")),
        ("加 。。。。。 微信", None),
        ("show x", None),
        ("w xylophone", None),
        ("w-x", Some("w-x")),
        ("加我微信", None),
    ] {
        assert_eq!(found(&set, text), expected, "{text}");
    }
    let gap = super::tests::set("add ..10.. wechat ~loose");
    assert_eq!(found(&gap, "a d d me: w e c h a t"), Some("a d d me: w e c h a t"));
}

#[test]
fn exceptions_cover_mentions() {
    let set = set("加微\n微信\n-加微波炉\n-never ..20.. outside\npay outside\n-威 ..3.. 信县 ~loose\n信县");
    for (text, expected) in [
        ("加微波炉手套", None),
        ("加微波炉,加微", Some("加微")),
        ("加微信", Some("加微")),
        ("I never pay outside", None),
        ("pay outside, I never do", Some("pay outside")),
        ("威、信县", None),
        ("信县", Some("信县")),
    ] {
        assert_eq!(found(&set, text), expected, "{text}");
    }
    // Only partly covered counts, and of several ends one that is not covered is enough.
    let partly = super::tests::set("b c\n-a b");
    assert_eq!(found(&partly, "a b c"), Some("b c"));
    let gap = super::tests::set("pay ..20.. cash\n-pay by cash");
    assert_eq!(found(&gap, "pay by cash"), None);
    assert_eq!(found(&gap, "pay by cash or cash"), Some("pay by cash or cash"));
}

#[test]
fn a_text_full_of_mentions_and_exceptions_is_no_harder() {
    let set = set("加微\n-加微波炉\na ..200.. a\n-a ..100.. b");
    let text = "加微波炉".repeat(50_000);
    assert_eq!(found(&set, &text), None);
    assert_eq!(found(&set, &format!("{text}加微")), Some("加微"));
    assert_eq!(found(&set, &"a ".repeat(20_000)), Some("a a"));
}

#[test]
fn the_first_and_longest_mention() {
    let set = set("微信\n加微\n加微信\nb");
    assert_eq!(found(&set, "加微信"), Some("加微信"));
    assert_eq!(found(&set, "b 加微信"), Some("b"));
    assert_eq!(set.len(), 4);
    assert!(!set.is_empty());
    let none = PhraseSet::default();
    assert!(none.is_empty() && none.find("anything").is_none());
    let shared = Folded::new("b");
    assert_eq!((set.find_folded(&shared), none.find_folded(&shared)), (Some(0..1), None));
}

#[test]
fn comments_blank_lines_and_line_ends() {
    let text = "\u{feff}wire # the money\r\n\r\n# nothing\n  cash  \nc#\n";
    let (set, errors) = PhraseSet::parse(text, None);
    assert_eq!((set.len(), errors.phrases.len()), (3, 0), "{errors:?}");
    assert!(set.find("wire").is_some() && set.find("cash").is_some() && set.find("c# code").is_some());
    assert!(set.find("nothing").is_none() && set.find("the money").is_none());
}

#[test]
fn a_mark_may_touch_its_phrase() {
    let set = set("wechat~loose\n加微信~loose");
    assert!(set.find("W e.C h-a t").is_some() && set.find("加.微.信").is_some());
}

#[test]
fn broken_lines_are_all_reported_and_the_rest_works() {
    let text = "cash\n..12.. outside\npay ..x..\nwait ..what.. no\npay ..x.. outside\npay .. 12 .. outside\npay ..12 outside\nwechat ~lose\n~loose\npay ..900.. me\n\u{200b}\n... ~loose\n-\nwire";
    let (set, errors) = PhraseSet::parse(text, None);
    let broken: Vec<&str> = errors.phrases.iter().map(|e| &text[e.range.clone()]).collect();
    assert_eq!(
        broken,
        [
            "..12.. outside",
            "pay ..x.. outside",
            "pay .. 12 .. outside",
            "pay ..12 outside",
            "wechat ~lose",
            "~loose",
            "pay ..900.. me",
            "\u{200b}",
            "... ~loose",
            "-",
        ]
    );
    assert_eq!(set.len(), 4, "`pay ..x..` and `wait ..what.. no` are phrases with dots");
    assert!(set.find("wire").is_some());
    for error in &errors.phrases {
        assert!(
            !error.message.ends_with('.')
                && error.message.starts_with(|c: char| c.is_lowercase() || c == '`')
        );
    }
    let fold = "帳 → 账\nalone\na → b → c\n帳 → 长\nx →\ntoo many columns\nＡ a\nb → c\nc → b\n";
    let (_, errors) = PhraseSet::parse("cash", Some(fold));
    let broken: Vec<&str> = errors.fold.iter().map(|e| &fold[e.range.clone()]).collect();
    let all = ["alone", "a → b → c", "帳 → 长", "x →", "too many columns", "Ａ a", "b → c", "c → b"];
    assert_eq!(broken, all);
}

#[test]
fn useless_lines_are_noted() {
    let text = "Cash app\nc@sh  app\npay outside\n-never ..9.. cash\n-pay outside here\n-wire\nwire\nзелле\n";
    let (set, errors) = PhraseSet::parse(text, None);
    assert!(errors.phrases.is_empty());
    let noted: Vec<&str> = errors.notes.iter().map(|e| &text[e.range.clone()]).collect();
    assert_eq!(noted, ["c@sh  app", "wire"]);
    assert_eq!(set.len(), 4);
}

/// A slow search by the definition: plain phrases, no gaps.
fn slow(phrases: &[&str], text: &str) -> Option<Range<usize>> {
    let folded = Folded::new(text);
    let mut best: Option<Range<usize>> = None;
    for phrase in phrases {
        let pattern = Folded::new(phrase);
        for (start, _) in folded.text().match_indices(pattern.text()) {
            let range = start..start + pattern.text().len();
            let clear = folded.is_boundary(range.start) && folded.is_boundary(range.end);
            let better = best.as_ref().is_none_or(|b| (range.start, b.end) < (b.start, range.end));
            if clear && folded.confirms(range.clone(), &pattern) && better {
                best = Some(range);
            }
        }
    }
    best.map(|range| folded.origin(range))
}

proptest! {
    #[test]
    fn plain_phrases_by_the_definition(text in "([ab1il@ .]|ż|р){0,30}") {
        let phrases = ["ab", "ali", "a b", "ba", "lia", "zb", "pa", "b"];
        let set = set(&phrases.join("\n"));
        prop_assert_eq!(set.find(&text), slow(&phrases, &text), "{}", text);
    }

    /// Whatever the files and the text, mentions are pieces of the text.
    #[test]
    fn mentions_are_on_character_boundaries(
        phrases in "([a-c微信ż~#\\-. \\n1@]|\\.\\.3\\.\\.|~loose){0,40}",
        fold in "([a-c微信ż→ \\n]){0,20}",
        text in "([a-c微信żИ1@. \\n]|\u{200b}|\u{301}|\u{130}){0,40}",
    ) {
        let (set, errors) = PhraseSet::parse(&phrases, Some(&fold));
        if let Some(range) = set.find(&text) {
            prop_assert!(text.get(range).is_some_and(|mention| !mention.is_empty()));
        }
        prop_assert!(errors.phrases.iter().all(|e| phrases.get(e.range.clone()).is_some()));
        prop_assert!(errors.fold.iter().all(|e| fold.get(e.range.clone()).is_some()));
    }

    #[test]
    fn a_phrase_is_found_in_any_disguise(noise in prop::collection::vec(0usize..5, 8)) {
        let disguised: String = "telegram".chars().zip(&noise).map(|(c, how)| match (how, c) {
            (0, 'e') => "3".into(),
            (1, 'e') => "е".into(),
            (1, 'a') => "а".into(),
            (2, 'a') => "@".into(),
            (2, 'l') => "1".into(),
            (3, c) => format!("{c}\u{301}"),
            (4, c) => format!("{}\u{200b}", c.to_uppercase()),
            (_, c) => c.to_string(),
        }).collect();
        let text = format!("add {disguised} now");
        let mention = set("telegram").find(&text);
        prop_assert_eq!(mention.map(|range| text[range].to_string()), Some(disguised));
    }
}
