//! Plants one fault for each rule, and shows that the rule reports it.

use crate::tidy::names::names;
use crate::tidy::rules::{
    circles_of_files, circles_of_folders, effects_in_the_middle, folders_out_of_order,
    names_away_from_home, outward_names, undeclared_files, unknown_names,
};
use crate::tidy::shape::{
    angle_quotes, fixed_suggestions, folders_with_code, full_folders, headless_files, long_files,
};
use crate::tidy::source::Source;

fn sources(files: &[(&str, &str)]) -> Vec<Source> {
    files
        .iter()
        .map(|(file, text)| Source::new(file, text))
        .collect()
}

#[test]
fn an_upward_import_is_reported() {
    let planted = sources(&[
        (
            "src/model/user.rs",
            "use crate::{parallel, render::lines::aligned};",
        ),
        (
            "src/plan/change.rs",
            "use crate::state::{Store, lock::Lock};",
        ),
        ("src/render/lines.rs", "use crate::model::user::User;"),
        (
            "src/state/store.rs",
            "fn save() { crate::plan::change::write() }",
        ),
        (
            "src/apply/run.rs",
            "fn run() { crate::cli::output::show() }",
        ),
        ("src/cli/output.rs", "use talkform::render::lines;"),
    ]);
    assert_eq!(
        outward_names(&planted),
        [
            "src/apply/run.rs names cli",
            "src/model/user.rs names render",
            "src/plan/change.rs names state",
            "src/state/store.rs names plan"
        ]
    );
}

#[test]
fn a_file_in_no_ring_is_reported() {
    let planted = sources(&[("src/helpers.rs", "")]);
    assert_eq!(outward_names(&planted), ["src/helpers.rs is in no ring"]);
}

#[test]
fn a_circle_of_files_is_reported_as_a_path() {
    let planted = sources(&[
        ("src/plan/change.rs", "use crate::plan::refresh::seen;"),
        (
            "src/plan/refresh.rs",
            "fn f() { crate::plan::compare::standing() }",
        ),
        (
            "src/plan/compare.rs",
            "use crate::plan::{change, digest};\nfn f() { change::old() }",
        ),
        ("src/plan/digest.rs", "use crate::model::User;"),
    ]);
    assert_eq!(
        circles_of_files(&planted),
        ["src/plan/change.rs -> src/plan/refresh.rs -> src/plan/compare.rs -> src/plan/change.rs"]
    );
}

#[test]
fn a_circle_through_a_facade_is_reported() {
    let planted = sources(&[
        (
            "src/plan/mod.rs",
            "pub mod a;\npub mod b;\npub use crate::plan::a::{A as First};\npub use b::*;",
        ),
        ("src/plan/a.rs", "use crate::plan::B;"),
        ("src/plan/b.rs", "pub struct B(crate::plan::First);"),
    ]);
    assert_eq!(
        circles_of_files(&planted),
        ["src/plan/a.rs -> src/plan/b.rs -> src/plan/a.rs"]
    );
}

#[test]
fn a_circle_in_the_binary_is_reported() {
    let planted = sources(&[
        ("src/main.rs", "mod cli;\nfn main() { cli::main() }"),
        ("src/cli/github.rs", "use crate::cli::output::annotate;"),
        ("src/cli/output.rs", "use crate::cli::github;"),
    ]);
    assert_eq!(
        circles_of_files(&planted),
        ["src/cli/github.rs -> src/cli/output.rs -> src/cli/github.rs"]
    );
}

#[test]
fn tests_and_comments_close_no_circle() {
    let planted = sources(&[
        (
            "src/plan/a.rs",
            "// crate::plan::b::B\n/* use crate::plan::b::B; */ const A: &str = \"crate::plan::b::B\";",
        ),
        ("src/plan/b.rs", "use crate::plan::a::A;"),
        (
            "src/plan/c.rs",
            "#[cfg(test)]\nmod tests { use crate::plan::d::D; }\n#[cfg(test)] use crate::plan::{d::D};",
        ),
        ("src/plan/d.rs", "use crate::plan::c::C;"),
    ]);
    assert!(circles_of_files(&planted).is_empty());
}

#[test]
fn a_circle_of_folders_without_one_of_files_is_reported() {
    let planted = sources(&[
        (
            "src/state/file/read.rs",
            "use crate::state::journal::event::Event;",
        ),
        ("src/state/file/write.rs", ""),
        ("src/state/journal/event.rs", ""),
        (
            "src/state/journal/writer.rs",
            "use crate::state::file::write::Writer;",
        ),
    ]);
    assert!(circles_of_files(&planted).is_empty());
    assert_eq!(
        circles_of_folders(&planted),
        ["src/state/file -> src/state/journal -> src/state/file"]
    );
}

#[test]
fn a_folder_out_of_its_chain_is_reported() {
    let planted = sources(&[
        (
            "src/manifest/problem/span.rs",
            "use crate::manifest::syntax::node::Node;",
        ),
        ("src/manifest/syntax/node.rs", ""),
        (
            "src/manifest/writing/yaml.rs",
            "use crate::manifest::import::table::Table;",
        ),
        (
            "src/manifest/import/table.rs",
            "use crate::manifest::syntax::node::Node;",
        ),
        ("src/render/helpers/mod.rs", ""),
    ]);
    assert_eq!(
        folders_out_of_order(&planted),
        [
            "src/manifest/problem/span.rs names src/manifest/syntax/node.rs (syntax)",
            "src/manifest/writing/yaml.rs names src/manifest/import/table.rs (import)",
            "src/render/helpers has no place in the chain"
        ]
    );
}

#[test]
fn a_file_that_no_module_declares_is_reported() {
    let planted = sources(&[
        ("src/lib.rs", "pub mod plan;"),
        ("src/plan/mod.rs", "pub mod a;"),
        ("src/plan/a.rs", ""),
        ("src/plan/b.rs", ""),
        ("src/main.rs", "mod cli;"),
        ("src/cli/mod.rs", "// mod output;"),
        ("src/cli/output.rs", ""),
    ]);
    assert_eq!(
        undeclared_files(&planted),
        [
            "no file declares src/plan/b.rs",
            "no file declares src/cli/output.rs"
        ]
    );
}

#[test]
fn a_name_that_no_file_defines_is_reported() {
    let planted = sources(&[
        ("src/plan/mod.rs", "pub mod a;\npub use crate::plan::a::A;"),
        ("src/plan/a.rs", "use crate::plan::Lost;"),
    ]);
    assert_eq!(
        unknown_names(&planted),
        ["src/plan/a.rs names lib::plan::Lost, which no file defines"]
    );
}

#[test]
fn an_effect_in_the_middle_is_reported() {
    let planted = sources(&[
        (
            "src/model/a.rs",
            "use std::{collections::BTreeMap, fs::File};",
        ),
        (
            "src/model/b.rs",
            "use std::fmt::{self, Write as _};\nfn f(w: &mut dyn fmt::Write) {}",
        ),
        (
            "src/model/c.rs",
            "struct Lazy { text: Arc<dyn RecordedText> }",
        ),
        (
            "src/plan/d.rs",
            "use jiff::Timestamp;\nfn f() -> Timestamp { Timestamp::now() }",
        ),
        (
            "src/plan/e.rs",
            "fn f() { std::env::var(\"HOME\"); tokio::spawn(g()); }",
        ),
        (
            "src/plan/f.rs",
            "use std as s;\nfn f() { s::net::TcpStream::connect(\"\"); }",
        ),
        ("src/state/g.rs", "use std::fs;"),
    ]);
    assert_eq!(
        effects_in_the_middle(&planted),
        [
            "src/model/a.rs names std::fs",
            "src/model/c.rs holds a dyn RecordedText",
            "src/plan/d.rs names jiff::Timestamp::now",
            "src/plan/e.rs names std::env",
            "src/plan/e.rs names tokio",
            "src/plan/f.rs names std::net"
        ]
    );
}

#[test]
fn an_outside_name_away_from_home_is_reported() {
    let planted = sources(&[
        ("src/remote/http.rs", "use reqwest::Client;"),
        (
            "src/remote/retry.rs",
            "fn f(e: &reqwest::Error) { println!(\"{e}\"); }",
        ),
        (
            "src/render/lines.rs",
            "use std::{env, fs};\nfn f() { std::println!(); }",
        ),
        (
            "src/state/store.rs",
            "use clap::Parser;\nuse dissimilar_to::X;",
        ),
    ]);
    assert_eq!(
        names_away_from_home(&planted),
        [
            "src/remote/retry.rs names reqwest",
            "src/remote/retry.rs prints with println!",
            "src/render/lines.rs names std::env",
            "src/render/lines.rs names std::fs",
            "src/render/lines.rs prints with std::println!",
            "src/state/store.rs names clap"
        ]
    );
}

#[test]
fn code_in_a_folder_file_is_reported() {
    let planted = sources(&[
        (
            "src/plan/mod.rs",
            "//! Plans.\npub(crate) mod a;\n#[cfg(test)]\nmod tests;\npub use a::{A, B as C};",
        ),
        (
            "src/plan/inner/mod.rs",
            "mod a;\n#[must_use]\npub fn helper(a: [u8; 2]) {}",
        ),
        ("src/state/mod.rs", "mod inline { pub struct S; }"),
        (
            "src/lib.rs",
            "#![forbid(unsafe_code)]\npub mod plan;\npub const VERSION: u8 = 1;",
        ),
    ]);
    assert_eq!(
        folders_with_code(&planted),
        [
            "src/plan/inner/mod.rs holds pub fn helper a",
            "src/state/mod.rs holds mod inline pub struct",
            "src/lib.rs holds pub const VERSION u8"
        ]
    );
}

#[test]
fn a_long_file_and_a_full_folder_are_reported() {
    let short = "//! Says what.\n".repeat(500);
    let long = "//! Says what.\n".repeat(501);
    let planted = sources(&[("src/plan/short.rs", &short), ("src/plan/long.rs", &long)]);
    assert_eq!(long_files(&planted), ["src/plan/long.rs: 501 lines"]);
    let folder = |files: usize| {
        let file = |at| Source::new(&format!("src/plan/f{at}.rs"), "");
        full_folders(&(0..files).map(file).collect::<Vec<_>>())
    };
    assert!(folder(22).is_empty());
    assert_eq!(folder(23), ["src/plan: 23 files"]);
}

#[test]
fn a_missing_first_line_and_an_angle_quote_are_reported() {
    let planted = sources(&[
        ("src/plan/a.rs", "//! Plans.\nuse x::Y;"),
        ("src/plan/b.rs", "use x::Y;\n//! Plans."),
        ("README.md", "# talkform\n\nType \u{ab}yes\u{bb}."),
    ]);
    assert_eq!(headless_files(&planted), ["src/plan/b.rs"]);
    assert_eq!(
        angle_quotes(&planted),
        ["README.md:3: Type \u{ab}yes\u{bb}."]
    );
}

#[test]
fn a_suggestion_in_fixed_words_is_reported() {
    let planted = sources(&[
        (
            "src/state/format.rs",
            "// See `talkform plan`.\n#[error(\"run `talkform state repair`\")]",
        ),
        (
            "src/cli/suggest/invocation.rs",
            "let hint = \"`talkform plan`\";",
        ),
    ]);
    assert_eq!(
        fixed_suggestions(&planted),
        ["src/state/format.rs:2: #[error(\"run `talkform state repair`\")]"]
    );
}

#[test]
fn every_form_of_a_use_is_read() {
    let read = names(
        "use a::{self, b::{C, d as e}, f::*};\npub(crate) use g::h;\nfn x<'a>(y: &'a str) -> impl Z + use<'a> { e::i('\\'', '\"'); r#\"j::k\"# }",
    );
    let imports: Vec<String> = read
        .imports
        .iter()
        .map(|import| {
            format!(
                "{} as {} ({})",
                import.path.join("::"),
                import.name,
                import.is_public
            )
        })
        .collect();
    assert_eq!(
        imports,
        [
            "a as a (false)",
            "a::b::C as C (false)",
            "a::b::d as e (false)",
            "a::f::* as * (false)",
            "g::h as h (true)"
        ]
    );
    assert_eq!(read.inline, [["a", "b", "d", "i"]]);
}
