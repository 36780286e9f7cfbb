//! The internal names of properties to create: what HubSpot takes, and what people can read.
//!
//! Other scripts become Latin letters, so that a list or an API call can be read by those whose language it is. Two
//! things are told apart by no table of characters, and are decided here:
//!
//! - `ä`, `ö` and `ü` are `ae`, `oe` and `ue`, as Germans write them where these letters are missing. `å` is an `a`, as the
//!   table has it: a Dane would write `aa`, a Swede `a`.
//! - Chinese characters have other readings in Japanese than in Chinese, and several each, so none is right: a Japanese
//!   word with one of them is left out like a sign. The label says it all the same.

use any_ascii::any_ascii_char;

/// HubSpot's limit.
const MOST_NAME_CHARACTERS: usize = 100;
/// What HubSpot's own names begin with.
const RESERVED: &str = "hs_";

/// Whether HubSpot takes this as the internal name of a new property: a lower-case letter first, then lower-case
/// letters, digits and `_`, at most 100 in all. `hs_…` is left to HubSpot, whose own properties are called so.
///
/// HubSpot's page about properties does not say the rule,
/// <https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide>; this is the one that Estuary's connectors
/// keep to, <https://github.com/estuary/connectors>.
pub fn is_valid_name(name: &str) -> bool {
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(allowed)
        && name.len() <= MOST_NAME_CHARACTERS
        && !name.starts_with(RESERVED)
}

/// The internal name to try at this attempt: from the second on it ends with the number.
pub(super) fn numbered(stem: &str, number: u32) -> String {
    let end = if number == 1 { String::new() } else { format!("_{number}") };
    // `hs` would become HubSpot's own with a number. A digit cannot be the first either.
    let reserved = stem.starts_with(RESERVED) || (stem == "hs" && number > 1);
    let starts_well = stem.starts_with(|first: char| first.is_ascii_lowercase());
    let start = if starts_well && !reserved { "" } else { "field_" };
    let room = MOST_NAME_CHARACTERS.saturating_sub(start.len() + end.len());
    let middle: String = stem.chars().take(room).collect();
    format!("{start}{}{end}", middle.trim_end_matches('_'))
}

/// The field's name in lower-case Latin letters and digits, with one `_` for all that is neither; not yet with a
/// proper beginning.
pub(super) fn stem(field: &str) -> String {
    let latin = latin(field);
    let parts: Vec<&str> = latin.split('_').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "field".to_owned() } else { parts.join("_") }
}

/// The text in lower-case Latin letters and digits; `_` for every sign.
fn latin(text: &str) -> String {
    let mut latin = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if is_japanese(letter) {
            let mut word = vec![letter];
            while let Some(more) = letters.next_if(|more| is_japanese(*more)) {
                word.push(more);
            }
            latin.push_str(&if word.iter().any(|letter| is_han(*letter)) {
                "_".to_owned()
            } else {
                romaji(&word)
            });
            continue;
        }
        // macOS writes `ü` as `u` with a mark after it.
        let has_mark = letters.next_if_eq(&'\u{308}').is_some();
        if let Some(german) = german(letter, has_mark) {
            latin.push_str(german);
            continue;
        }
        let known = any_ascii_char(letter);
        if !letter.is_alphanumeric() {
            // Of what is not a letter, marks on letters become nothing, and so does what cannot be seen.
            latin.push_str(if known.is_empty() { "" } else { "_" });
            continue;
        }
        for letter in known.chars() {
            match letter {
                _ if letter.is_ascii_alphanumeric() => latin.push(letter.to_ascii_lowercase()),
                // It stands for a letter that has no sound, such as the Cyrillic soft sign.
                '\'' | '"' | '`' => {}
                _ => latin.push('_'),
            }
        }
    }
    latin
}

/// How Germans write a letter of theirs without it.
fn german(letter: char, has_mark: bool) -> Option<&'static str> {
    Some(match (letter, has_mark) {
        ('ä' | 'Ä', _) | ('a' | 'A', true) => "ae",
        ('ö' | 'Ö', _) | ('o' | 'O', true) => "oe",
        ('ü' | 'Ü', _) | ('u' | 'U', true) => "ue",
        ('ß' | 'ẞ', _) => "ss",
        _ => return None,
    })
}

/// Stands for the small `tsu`, which doubles the consonant that follows.
const DOUBLED: &str = "っ";

/// Kana as Hepburn writes them: the table knows each by itself, but small ones and marks change the one before.
fn romaji(word: &[char]) -> String {
    let mut parts: Vec<String> = Vec::with_capacity(word.len());
    for &letter in word {
        let known = any_ascii_char(letter);
        match letter {
            'っ' | 'ッ' | 'ｯ' => parts.push(DOUBLED.to_owned()),
            // Marks that stand by themselves: `ｶﾞ` is `ga`, and macOS writes `が` so.
            '\u{3099}'..='\u{309c}' | 'ﾞ' | 'ﾟ' => {
                if let Some(last) = parts.last_mut() {
                    *last = voiced(last, matches!(letter, '\u{309a}' | '\u{309c}' | 'ﾟ'));
                }
            }
            'ゝ' | 'ゞ' | 'ヽ' | 'ヾ' => parts.extend(parts.last().cloned()),
            'ゃ' | 'ゅ' | 'ょ' | 'ャ' | 'ュ' | 'ョ' | 'ｬ' | 'ｭ' | 'ｮ' => {
                glide(&mut parts, known, true);
            }
            'ぁ' | 'ぃ' | 'ぅ' | 'ぇ' | 'ぉ' | 'ァ' | 'ィ' | 'ゥ' | 'ェ' | 'ォ' | 'ｧ' | 'ｨ' | 'ｩ' | 'ｪ'
            | 'ｫ' => {
                glide(&mut parts, known, false);
            }
            _ => parts.push(known.to_owned()),
        }
    }
    // What is doubled is known only when all marks are read.
    let mut latin = String::new();
    let mut parts = parts.iter().map(String::as_str).peekable();
    while let Some(part) = parts.next() {
        if part != DOUBLED {
            latin.push_str(part);
            continue;
        }
        let first = parts.peek().and_then(|next| next.chars().next());
        // `ch` is doubled with a `t`: `matcha`.
        let consonant =
            if parts.peek().is_some_and(|next| next.starts_with("ch")) { Some('t') } else { first };
        latin.extend(consonant.filter(|letter| letter.is_ascii_lowercase() && !"aeiou".contains(*letter)));
    }
    latin
}

/// Adds a small kana to the one before, whose vowel it replaces: `shi` and `ya` are `sha`, `fu` and `a` are `fa`.
fn glide(parts: &mut Vec<String>, small: &str, has_y: bool) {
    let vowel = small.trim_start_matches('y');
    let start = parts
        .last()
        .and_then(|last| last.strip_suffix(if has_y { &['i', 'e'][..] } else { &['i', 'u', 'e', 'o'][..] }));
    let joined = match start {
        Some("") if parts.last().is_some_and(|last| last == "u") => format!("w{vowel}"),
        // A vowel that is drawn out, such as `ぁ` after `a`.
        None | Some("") => return parts.push(small.to_owned()),
        Some(start) if !has_y || matches!(start, "sh" | "ch" | "j") => format!("{start}{vowel}"),
        Some(start) => format!("{start}y{vowel}"),
    };
    parts.pop();
    parts.push(joined);
}

/// The sound of a kana with the mark for a voiced one, or with the circle.
fn voiced(plain: &str, has_circle: bool) -> String {
    const VOICED: [(&str, &str); 8] =
        [("sh", "j"), ("ch", "j"), ("ts", "z"), ("k", "g"), ("s", "z"), ("t", "d"), ("h", "b"), ("f", "b")];
    let replaced = VOICED.iter().find_map(|(from, to)| Some((plain.strip_prefix(from)?, *to)));
    match replaced {
        Some((rest, "b")) if has_circle => format!("p{rest}"),
        Some((rest, to)) if !has_circle => format!("{to}{rest}"),
        None if plain == "u" && !has_circle => "vu".to_owned(),
        _ => plain.to_owned(),
    }
}

fn is_japanese(letter: char) -> bool {
    is_kana(letter) || is_han(letter)
}

/// Hiragana and katakana with their marks, also of half width.
fn is_kana(letter: char) -> bool {
    matches!(letter, '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9f}' | '\u{1aff0}'..='\u{1b16f}')
}

/// Chinese characters, with their radicals, numerals, marks of repetition and circled forms.
fn is_han(letter: char) -> bool {
    matches!(letter, '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}'
        | '\u{3038}'..='\u{303b}' | '\u{3190}'..='\u{319f}' | '\u{3220}'..='\u{3247}' | '\u{3280}'..='\u{32b0}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_readable_in_every_script() {
        for (field, expected) in [
            ("Größe", "groesse"),
            ("GRÖẞE", "groesse"),
            ("Straße", "strasse"),
            ("Gro\u{308}ße U\u{308}ber", "groesse_ueber"),
            ("Änderung / Übersicht", "aenderung_uebersicht"),
            ("Prénom", "prenom"),
            ("Pre\u{301}nom", "prenom"),
            ("Noël", "noel"),
            ("Ångström", "angstroem"),
            ("Smørrebrød Ærø", "smorrebrod_aero"),
            ("Łódź", "lodz"),
            ("İstanbul ığ", "istanbul_ig"),
            ("Họ và tên", "ho_va_ten"),
            ("Имя", "imya"),
            ("Дата рождения", "data_rozhdeniya"),
            ("Объём", "obem"),
            ("Фамилия (рус.)", "familiya_rus"),
            ("Όνομα", "onoma"),
            ("הטלפון", "htlfvn"),
            ("الاسم", "lsm"),
            ("हिन्दी", "hindi"),
            ("이름", "ileum"),
            ("전화번호 2", "jeonhwabeonho_2"),
            ("カタカナ", "katakana"),
            ("ひらがな", "hiragana"),
            ("フリガナ", "furigana"),
            ("メールアドレス", "meruadoresu"),
            ("しゃしん", "shashin"),
            ("きょうと", "kyouto"),
            ("じゅうしょ", "juusho"),
            ("きって", "kitte"),
            ("マッチャ", "matcha"),
            ("ショップ", "shoppu"),
            ("ファイル", "fairu"),
            ("ウェブチェック", "webuchekku"),
            ("デュアル パーティ", "dyuaru_pati"),
            ("ﾒｰﾙｱﾄﾞﾚｽ", "meruadoresu"),
            ("ﾌﾟﾛｼﾞｪｸﾄ", "purojekuto"),
            ("か\u{3099}", "ga"),
            ("ﾍﾞｯﾄﾞ", "beddo"),
            ("あっ", "a"),
            ("っっｧ", "a"),
            ("いすゞ", "isusu"),
            ("セイ・メイ", "sei_mei"),
            ("あぁ", "aa"),
            // Nobody can tell how these are read.
            ("名前", "field"),
            ("お名前", "field"),
            ("メール送信日", "field"),
            ("佐々木〆", "field"),
            ("顧客ID", "id"),
            ("姓（カナ）", "kana"),
            ("電話番号2", "2"),
            ("客户-Name", "name"),
            ("㈱ 第1 ㊀", "1"),
            // Signs, and what cannot be seen.
            ("😀 a™ №5 €", "a_5"),
            ("a’b\u{200b}c\u{3000}d\u{a0}e", "a_bc_d_e"),
            ("Ａｂ５ ² Ⅷ", "ab5_2_viii"),
            ("½ ", "1_2"),
            ("", "field"),
        ] {
            assert_eq!(stem(field), expected, "{field}");
        }
    }

    #[test]
    fn no_reading_is_given_to_chinese_characters() {
        for letter in (0..=0x0003_ffff).filter_map(char::from_u32).filter(|letter| is_han(*letter)) {
            assert_eq!(stem(&format!("カ{letter}し")), "field", "{letter}");
        }
    }

    #[test]
    fn valid_names_are_told_apart() {
        for name in ["a", "hs", "hsx_1", "a_2_", &"x".repeat(100)] {
            assert!(is_valid_name(name), "{name}");
        }
        for name in ["", "_a", "1a", "A", "aB", "a b", "a.b", "a-b", "größe", "hs_a", "hs_", &"x".repeat(101)]
        {
            assert!(!is_valid_name(name), "{name}");
        }
    }
}
