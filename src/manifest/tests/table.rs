//! Tests of reading CSV exports as users.

use std::fmt::Write as _;

use crate::manifest::import::csv::{Column, Table, TableError, read_table};

fn columns(texts: &[&str]) -> Vec<Column> {
    texts
        .iter()
        .map(|text| text.parse().expect("a column"))
        .collect()
}

fn table(text: &str, of: &[&str]) -> Table {
    read_table(text.as_bytes(), None, &columns(of)).expect("a table")
}

fn shown(table: &Table) -> String {
    let mut out = String::new();
    for (id, user) in &table.users {
        let json = serde_json::to_string(user).expect("json");
        let _ = writeln!(out, "{id} {json}");
    }
    for (id, path, reason) in &table.left_out {
        let _ = writeln!(out, "left out: {id} {path}: {reason}");
    }
    for (line, reason) in &table.wrong_ids {
        let _ = writeln!(out, "line {line}: {reason}");
    }
    let _ = writeln!(
        out,
        "without id {}, repeated {:?}",
        table.without_id, table.repeated
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
    u-3 {}
    u-4 {"profile":{"plan":"x"}}
    left out: u-1 profile.seats: not a number in plain decimal digits
    left out: u-2 profile.mobileNumber: not an E.164 phone number
    left out: u-4 profile.name: a string with control characters
    left out: u-4 profile.seats: a number with too many digits
    left out: u-4 profile.trial: neither true nor false
    line 7: a member id has no white space
    without id 1, repeated {"u-1"}
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
        read_table(bytes, id, &columns(of))
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
    assert_eq!(
        refusal(b"id\n\xb1\xe8", None, &[]),
        TableError::NotUtf8.to_string()
    );
    for (column, why) in [
        (
            "Plan",
            "it takes HEADER=profile.KEY, or HEADER=profile.KEY:number",
        ),
        (
            "Plan=plan",
            "`plan` is not a profile key; write profile.plan",
        ),
        ("Plan=profile.a.b", "profile.a.b: a key with a dot"),
        (
            "Plan=profile.a:date",
            "`date` is not one of text, number and boolean",
        ),
        ("Plan=profile.name:number", "profile.name: not a string"),
        (
            "Plan=profile.mobileNumber:boolean",
            "profile.mobileNumber: not an E.164 phone number",
        ),
        ("Plan=profile.", "profile.: a key that is empty"),
    ] {
        assert_eq!(column.parse::<Column>(), Err(why.to_owned()), "{column}");
    }
    let typed = table("id,n\nu,3\n", &["n=profile.recentPurchaseCount"]);
    assert!(typed.left_out.is_empty());
    let typed = table("id,n\nu,3.5\n", &["n=profile.recentPurchaseCount"]);
    assert_eq!(typed.left_out.len(), 1);
}
