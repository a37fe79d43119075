//! Tests the differences of long texts in a plan.

use insta::assert_snapshot;

use super::build::*;
use crate::model::{FieldChange, Number, Value};
use crate::render::plan::text::TextOptions;

fn fields(fields: Vec<FieldChange>) -> String {
    let text = text(&plan(vec![update("u-1", fields, 0)], 0));
    let end = text.find("\n\nPlan:").expect("a summary");
    text[..end].to_owned()
}

#[test]
fn words_within_a_long_text() {
    let old = "The quick brown fox jumps over the lazy dog while the cat is watching.";
    let new = "The quick red fox jumps over the dog while the cat is sleeping.";
    let far = "An entirely different sentence, with nothing at all in common there, 1234567890.";
    let long = format!("{}end", "Lorem ipsum dolor sit amet. ".repeat(20));
    assert_snapshot!(fields(vec![
        known("profile.bio", old, new),
        known("profile.far", old, far),
        known("profile.long", &*long, &*long.replacen("end", "the end", 1)),
        add("profile.new", &*long),
    ]), @r#"
    Destination: channel 6263 at https://api.channel.io, API v4

      + create   ~ update

      # u-1 will be updated                               users/vip.yaml:14
      ~ u-1
          ~ profile.bio    "The quick [-brown-]{+red+} fox jumps over the [-lazy -]dog while the cat is [-watching-]{+sleeping+}."
          ~ profile.far
              - "The quick brown fox jumps over the lazy dog while the cat is watching."
              + "An entirely different sentence, with nothing at all in common there, 1234567890."
          ~ profile.long   "Lorem ipsum dolor sit am … m ipsum dolor sit amet. {+the +}end"
          + profile.new    "Lorem ipsum dolor sit amet. Lorem ipsum dolor sit amet. Lorem ipsum dolor sit amet. Lorem ipsum dolor sit amet. Lorem ipsum dolor sit amet. Lorem ipsum dolor sit amet. Lorem ipsum dolor sit amet. Lore" … (363 more characters)
    "#);
}

#[test]
fn lines_of_a_text_of_many() {
    let old = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";
    let new = "one\ntwo\nTHREE\nfour\nfive\nsix\nseven\neight\nnine\nten\neleven\n";
    assert_snapshot!(fields(vec![
        known("profile.note", old, new),
        known("profile.end", "a\nb", "a\nb\n"),
        known("profile.gap", "a\nb", "a\nb  "),
        known("profile.plan", "free", "pro"),
    ]), @r#"
    Destination: channel 6263 at https://api.channel.io, API v4

      ~ update

      # u-1 will be updated                               users/vip.yaml:14
      ~ u-1
          ~ profile.note
                one
                two
              - three
              + THREE
                four
                five
                …
                nine
                ten
              + eleven
          ~ profile.end    (the line end after the last line)
                a
              - b
              + b
          ~ profile.gap
                a
              - b
              + b··
          ~ profile.plan   "free" -> "pro"
    "#);
}

#[test]
fn a_long_difference_is_cut_unless_all_is_wanted() {
    let lines = |word: &str| {
        let lines: Vec<String> = (0..100)
            .map(|number| format!("{word} {number}\n"))
            .collect();
        lines.concat()
    };
    let change = known("profile.note", &*lines("old"), &*lines("new"));
    let plan = plan(vec![update("u-1", vec![change], 0)], 0);
    assert!(
        text(&plan).contains("… 160 more lines of this difference"),
        "{}",
        text(&plan)
    );
    let options = TextOptions {
        full: true,
        ..TextOptions::default()
    };
    assert!(text_with(&plan, false, &options).contains("+ new 99\n"));
}

#[test]
fn lists_and_tags() {
    let numbers = |numbers: &[i32]| {
        Value::Numbers(numbers.iter().map(|number| Number::from(*number)).collect())
    };
    assert_snapshot!(fields(vec![
        known("profile.list", texts(&["a", "b", "c", "d"]), texts(&["b", "a", "c", "e"])),
        known("profile.long", numbers(&(0..30).collect::<Vec<_>>()), numbers(&(0..31).collect::<Vec<_>>())),
        known("profile.mixed", texts(&["1"]), numbers(&[1])),
        change("tags", texts(&["beta", "has, comma", "- trial"])),
    ]), @r#"
    Destination: channel 6263 at https://api.channel.io, API v4

      ~ update

      # u-1 will be updated                               users/vip.yaml:14
      ~ u-1
          ~ profile.list    [+ "b", "a", - "b", "c", - "d", + "e"]
          ~ profile.long    [0, … 28 unchanged, 29, + 30]
          ~ profile.mixed   ["1"] -> [1]
          ~ tags            (as applied) -> [beta, "has, comma", "- trial"]
    "#);
    assert_snapshot!(fields(vec![known("tags", texts(&["beta"]), texts(&[]))]), @"
    Destination: channel 6263 at https://api.channel.io, API v4

      ~ update

      # u-1 will be updated                               users/vip.yaml:14
      ~ u-1
          ~ tags   [- beta]
    ");
}

#[test]
fn hostile_values() {
    assert_snapshot!(fields(vec![
        change("profile.a", "\u{1b}[31mred\u{1b}[0m \u{7}\u{9b}2J"),
        change("profile.b", "::set-output name=x::y\n::error::z"),
        known("profile.c", "first\nsecond", "first\n  ::error::second\n##[error]third ##vso[task]"),
        change("profile.d", "\u{202e}gpj.exe \u{200b}\u{feff}\u{2028}\u{e0041}"),
        change("profile.e", "`` ` </details> @everyone <!-- | \"quoted\" \\ back"),
        change("profile.f\u{202e}::x", "y"),
        change("tags", texts(&["\u{202e}x", "a\nb"])),
    ]), @r#"
    Destination: channel 6263 at https://api.channel.io, API v4

      ~ update

      # u-1 will be updated                               users/vip.yaml:14
      ~ u-1
          ~ profile.a              (as applied) -> "\u{1b}[31mred\u{1b}[0m \u{7}\u{9b}2J"
          ~ profile.b              (as applied) -> "\u{3a}:set-output name=x::y\n::error::z"
          ~ profile.c
                first
              - second
              +   \u{3a}:error::second
              + #\u{23}[error]third #\u{23}vso[task]
          ~ profile.d              (as applied) -> "\u{202e}gpj.exe \u{200b}\u{feff}\u{2028}\u{e0041}"
          ~ profile.e              (as applied) -> "`` ` </details> @everyone <!-- | \"quoted\" \\ back"
          ~ profile.f\u{202e}::x   (as applied) -> "y"
          ~ tags                   (as applied) -> ["\u{202e}x", "a\nb"]
    "#);
}
