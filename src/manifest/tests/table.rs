//! Tests of reading tables as users.

use std::fmt::Write as _;

use crate::manifest::import::column::Column;
use crate::manifest::import::records::{Delimiter, Records};
use crate::manifest::import::table::{Repeated, Table, TableError, TableSettings, read_table};
use crate::model::{ApiVersion, MemberId};

pub(super) fn columns(texts: &[&str]) -> Vec<Column> {
    texts
        .iter()
        .map(|text| text.parse().expect("a column"))
        .collect()
}

pub(super) fn table(text: &str, of: &[&str]) -> Table {
    let columns = columns(of);
    let settings = TableSettings {
        columns: &columns,
        ..TableSettings::default()
    };
    read_table(text.as_bytes(), &settings).expect("a table")
}

pub(super) fn shown(table: &Table) -> String {
    let mut out = String::new();
    for (id, user) in &table.users {
        let json = serde_json::to_string(user).expect("json");
        let _ = writeln!(out, "{id} {json}");
    }
    for (id, path, reason) in &table.left_out {
        let _ = writeln!(out, "left out: {id} {path}: {reason}");
    }
    for (line, reason) in table.wrong_rows.iter().chain(&table.notes) {
        let _ = writeln!(out, "line {line}: {reason}");
    }
    let _ = writeln!(
        out,
        "without id {}, repeated {:?}, nothing {:?}",
        table.without_id, table.repeated, table.nothing
    );
    out
}

#[test]
fn values_are_texts_unless_a_column_says_otherwise() {
    let text = "\u{feff}Member ID,Name,Plan,Seats,Trial,Phone,Bio\r\n\
        u-1,\"서연, \"\"Kim\"\"\",012,012,TRUE,+82 10-1234-5678,\"two\r\nlines\"\r\n\
        u-2,,yes,12.50,false,010-1234-5678,  \r\n\
        ,visitor,,,,,\r\n\
        u-1,again,,,,,\r\n\
        a b,x,,,,,\r\n\
        u-3\r\n\
        u-4,a\u{1b}b,x,1e400,perhaps,,\r\n";
    let of = [
        "Name=profile.name",
        "Plan=profile.plan",
        "Seats=profile.seats:number",
        "Trial=profile.trial:boolean",
        "Phone=profile.mobileNumber",
        "Bio=profile.bio:text",
    ];
    insta::assert_snapshot!(shown(&table(text, &of)), @r#"
    u-1 {"profile":{"bio":"two\r\nlines","mobileNumber":"+821012345678","name":"서연, \"Kim\"","plan":"012","trial":true}}
    u-2 {"profile":{"plan":"yes","seats":12.5,"trial":false}}
    u-4 {"profile":{"plan":"x"}}
    left out: u-1 profile.seats: not a number in plain decimal digits
    left out: u-2 profile.mobileNumber: not an E.164 phone number
    left out: u-4 profile.name: a string with control characters
    left out: u-4 profile.seats: a number with too many digits
    left out: u-4 profile.trial: neither yes nor no
    line 7: a member id has no white space
    line 8: it has 1 cell, and the header 7
    without id 1, repeated {"u-1"}, nothing {}
    "#);
}

#[test]
fn delimiters_and_the_id_column_are_found() {
    for text in [
        "name;member_id;id\na,b;u-1;x\n",
        "name\tmemberId\tid\na,b\tu-1\tx\n",
        "name,ID\n\"a,b\",u-1",
        "\"na;;;me\",userId\n\"a,b\",u-1\n\n",
    ] {
        let header = text.split([';', '\t', ',', '\n']).next().unwrap();
        let name = if header.starts_with('"') {
            "na;;;me"
        } else {
            "name"
        };
        let found = table(text, &[&format!("{name}=profile.name")]);
        assert_eq!(found.users.len(), 1, "{text}");
        let user = found.users.values().next().expect("a user");
        let json = serde_json::to_string(user).expect("json");
        assert_eq!(json, r#"{"profile":{"name":"a,b"}}"#, "{text}");
        assert_eq!(found.users.keys().next().expect("a user").as_str(), "u-1");
    }
}

#[test]
fn refusals_name_the_columns_that_are_there() {
    let refusal = |bytes: &[u8], id: Option<&str>, of: &[&str]| {
        let columns = columns(of);
        let settings = TableSettings {
            id_column: id,
            columns: &columns,
            ..TableSettings::default()
        };
        read_table(bytes, &settings)
            .expect_err("refused")
            .to_string()
    };
    let text = "이름,plan\n김,pro\n".as_bytes();
    assert_eq!(
        refusal(text, None, &[]),
        "it has no column for the id; it has 2 columns, among them `이름`, `plan`"
    );
    assert_eq!(
        refusal(text, Some("key"), &[]),
        "it has no column `key`; it has 2 columns, among them `이름`, `plan`"
    );
    assert_eq!(
        refusal(b"id,plan\n", None, &["Plan=profile.plan"]),
        "it has no column `Plan`; it has 2 columns, among them `id`, `plan`"
    );
    // The first line of a file without a header is a person.
    let headless = "kr-20413,김서연,seoyeon@example.com,+821012345678\n".as_bytes();
    assert_eq!(
        refusal(headless, None, &[]),
        "it has no column for the id; it has 4 columns, none with a usual name"
    );
    assert_eq!(
        refusal(b"id,TEAM\n", None, &["team=profile.team"]),
        "it has no column `team`; it has 2 columns, among them `id`, `TEAM`"
    );
    assert_eq!(
        refusal(b"id,a,a\n", None, &["a=profile.a"]),
        "it has several columns `a`"
    );
    assert_eq!(
        refusal(b"id,ID\n", None, &[]),
        "it has several columns `id`"
    );
    assert_eq!(refusal(b"", None, &[]), TableError::Empty.to_string());
    for (column, why) in [
        (
            "Plan",
            "expected HEADER=FIELD or HEADER=FIELD:KIND, such as Seats=profile.seats:number or Tags=tags:list(;)",
        ),
        (
            "Plan=plan",
            "`plan` is not a field; write profile.KEY, profileOnce.KEY, language, tags, unsubscribeEmail, unsubscribeTexting or unsubscribed",
        ),
        ("Plan=profile.a.b", "profile.a.b: a key with a dot"),
        (
            "Plan=profile.a:date",
            "`date` is not one of text, number, boolean, not and list(;)",
        ),
        ("Plan=tags:number", "tags are a list: Tags=tags:list(;)"),
        (
            "Plan=unsubscribed:text",
            "unsubscribed is a boolean: leave out the kind, or write :not",
        ),
        ("Plan=language:number", "language: not a string"),
        ("Plan=profile.email:list(;)", "profile.email: not a string"),
        ("Plan=profile.name:number", "profile.name: not a string"),
        (
            "Plan=profile.mobileNumber:boolean",
            "profile.mobileNumber: not an E.164 phone number",
        ),
        ("Plan=profile.", "profile needs a key: profile.KEY"),
    ] {
        let error = column.parse::<Column>().expect_err(column);
        assert_eq!(error.to_string(), why, "{column}");
    }
    let typed = table("id,n\nu,3\n", &["n=profile.recentPurchaseCount"]);
    assert!(typed.left_out.is_empty());
    let typed = table("id,n\nu,3.5\n", &["n=profile.recentPurchaseCount"]);
    assert_eq!(typed.left_out.len(), 1);
}

#[test]
fn headers_are_found_in_three_languages_and_two_unicode_forms() {
    for header in [
        "memberId",
        "Member ID",
        "member_id",
        "USER-ID",
        "id",
        "회원ID",
        "회원 아이디",
        "회원번호",
        "고객번호",
        "사용자 ID",
        "아이디",
        "会員ID",
        "会員番号",
        "顧客番号",
        "ユーザーID",
        "ﾕｰｻﾞｰID",
        "ＩＤ",
        "\u{1112}\u{116c}\u{110b}\u{116f}\u{11ab}ID",
    ] {
        let found = table(&format!("x,{header}\na,u-1\n"), &["x=profile.x"]);
        assert_eq!(found.users.len(), 1, "{header}");
    }
    let decomposed = "id,\u{110b}\u{1175}\u{1105}\u{1173}\u{11b7}\u{a0}\nu-1,a\n";
    assert_eq!(table(decomposed, &["이름=profile.nick"]).users.len(), 1);
    let composed = "id,이름\nu-1,a\n";
    let column = "\u{110b}\u{1175}\u{1105}\u{1173}\u{11b7}=profile.nick";
    assert_eq!(table(composed, &[column]).users.len(), 1);
}

#[test]
fn cells_are_read_as_people_write_them() {
    let text = "id;Tags;Mail;Agreed;Source;Groups;Phone;Name;Note\n\
        u-1;VIP, beta,,beta;예;Y;naver;a|b;010-1234-5678;\u{a0}김 \u{3000};NULL\n\
        u-2;;아니오;0;NULL;\\N;#N/A;nan;None\n\
        u-3;a,b;はい;いいえ;x;a;010-12;Nan;x\n\
        u-4;;maybe;on;;;;;\n";
    let of = columns(&[
        "Tags=tags",
        "Mail=unsubscribeEmail",
        "Agreed=unsubscribeTexting:not",
        "Source=profileOnce.source",
        "Groups=profile.groups:list(|)",
        "Phone=profile.mobileNumber",
        "Name=profile.name",
        "Note=profile.note",
    ]);
    let settings = TableSettings {
        columns: &of,
        phone_country: Some("KR".parse().expect("a country")),
        ..TableSettings::default()
    };
    let read = |settings: &TableSettings<'_>| {
        shown(&read_table(text.as_bytes(), settings).expect("a table"))
    };
    insta::assert_snapshot!(read(&settings), @r#"
    u-1 {"profile":{"groups":["a","b"],"mobileNumber":"+821012345678","name":"김"},"profileOnce":{"source":"naver"},"tags":["beta","vip"],"unsubscribeEmail":true,"unsubscribeTexting":false}
    u-2 {"unsubscribeEmail":false,"unsubscribeTexting":true}
    u-3 {"profile":{"groups":["a"],"name":"Nan","note":"x"},"profileOnce":{"source":"x"},"tags":["a","b"],"unsubscribeEmail":true,"unsubscribeTexting":true}
    u-4 {"unsubscribeTexting":false}
    left out: u-3 profile.mobileNumber: not a phone number of the country
    left out: u-4 unsubscribeEmail: neither yes nor no
    without id 0, repeated {}, nothing {"Groups": 1, "Name": 1, "Note": 2, "Phone": 1, "Source": 1}
    "#);
    let verbatim = TableSettings {
        verbatim: true,
        ..settings
    };
    insta::assert_snapshot!(read(&verbatim).lines().next().expect("a line"), @r#"u-1 {"profile":{"groups":["a","b"],"mobileNumber":"+821012345678","name":" 김 　","note":"NULL"},"profileOnce":{"source":"naver"},"tags":["beta","vip"],"unsubscribeEmail":true,"unsubscribeTexting":false}"#);
}

#[test]
fn one_of_several_rows_counts() {
    let text = "id,n\nu-1,a\nu-2,b\nu-1,c\nu-1,d\n";
    let of = columns(&["n=profile.n"]);
    let read = |repeated| {
        let settings = TableSettings {
            columns: &of,
            repeated,
            ..TableSettings::default()
        };
        shown(&read_table(text.as_bytes(), &settings).expect("a table"))
    };
    insta::assert_snapshot!(read(Repeated::First), @r#"
    u-1 {"profile":{"n":"a"}}
    u-2 {"profile":{"n":"b"}}
    without id 0, repeated {"u-1"}, nothing {}
    "#);
    insta::assert_snapshot!(read(Repeated::Last), @r#"
    u-1 {"profile":{"n":"d"}}
    u-2 {"profile":{"n":"b"}}
    without id 0, repeated {"u-1"}, nothing {}
    "#);
    insta::assert_snapshot!(read(Repeated::Refuse), @r#"
    u-2 {"profile":{"n":"b"}}
    line 2: its id is repeated
    line 4: its id is that of line 2
    line 5: its id is that of line 2
    without id 0, repeated {"u-1"}, nothing {}
    "#);
}

#[test]
fn fields_that_cannot_be_filled_are_refused() {
    let refusal = |of: &[&str], api| {
        let columns = columns(of);
        let settings = TableSettings {
            columns: &columns,
            api,
            ..TableSettings::default()
        };
        read_table(b"id,a,b\n", &settings)
            .expect_err("refused")
            .to_string()
    };
    assert_eq!(
        refusal(&["a=profile.x", "b=profileOnce.x"], ApiVersion::V4),
        "two columns fill profile.x"
    );
    assert_eq!(
        refusal(&["a=tags", "b=tags"], ApiVersion::V4),
        "two columns fill tags"
    );
    assert!(refusal(&["a=unsubscribed"], ApiVersion::V5).starts_with("API v5 has no"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
    /// Tables without damage have the rows that the `csv` crate finds.
    #[test]
    fn rows_are_those_of_another_reader(
        rows in proptest::collection::vec(proptest::collection::vec("[a-z\"\n,;é ]{0,6}", 3), 1..8),
        ending in proptest::sample::select(vec!["\n", "\r\n"]),
    ) {
        let cell = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let text: String = rows.iter().map(|row| {
            row.iter().map(cell).collect::<Vec<_>>().join(";") + ending
        }).collect();
        let delimiter: Delimiter = ";".parse().expect("a delimiter");
        let ours: Vec<Vec<String>> = Records::new(&text, 1, delimiter)
            .map(|record| record.expect("no damage").cells)
            .collect();
        let theirs: Vec<Vec<String>> = csv::ReaderBuilder::new()
            .delimiter(b';')
            .has_headers(false)
            .from_reader(text.as_bytes())
            .records()
            .map(|record| record.expect("no damage").iter().map(ToOwned::to_owned).collect())
            .collect();
        proptest::prop_assert_eq!(&ours, &theirs);
        proptest::prop_assert_eq!(ours, rows);
    }

    /// No text makes the reader lose its way: it ends, and every user has an id of the file.
    #[test]
    fn any_text_is_read_or_refused(text in "[a-d,;\"\n\r\u{feff} ]{0,40}") {
        let text = format!("id,n\n{text}");
        let settings = TableSettings::default();
        if let Ok(table) = read_table(text.as_bytes(), &settings) {
            // A quote within quotes is written twice.
            let unquoted = text.replace('"', "");
            for id in table.users.keys().map(MemberId::as_str) {
                proptest::prop_assert!(unquoted.contains(&id.replace('"', "")));
            }
        }
    }
}
