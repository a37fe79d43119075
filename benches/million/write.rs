//! Writes users as YAML, in the way people write it, and as JSON Lines. No text of these users needs an escape.

use std::fmt::Write as _;

use super::users::{Style, User, Value};

/// The keys and values that some files have under `defaults`.
const DEFAULTS: [(&str, &str); 2] = [("country", "KR"), ("origin", "crm import")];

macro_rules! put {
    ($out:expr, $($part:tt)*) => {
        write!($out, $($part)*).expect("a String takes every write")
    };
}

/// Writes a whole YAML file.
pub fn yaml(users: &[User], has_defaults: bool) -> String {
    let mut out = String::with_capacity(users.len() * 600 + 100);
    out.push_str("apiVersion: talkform/v1\n");
    if let ([user], false) = (users, has_defaults) {
        out.push_str("kind: User\n");
        block(&mut out, user, "");
        return out;
    }
    out.push_str("kind: UserList\n");
    if has_defaults {
        out.push_str("defaults:\n  profile:\n");
        for (key, value) in DEFAULTS {
            put!(out, "    {key}: {value}\n");
        }
        out.push_str("  unsubscribeEmail: true\n");
    }
    out.push_str("users:\n");
    for user in users {
        if user.flow {
            flow(&mut out, user);
        } else {
            let start = out.len();
            block(&mut out, user, "    ");
            out.replace_range(start..start + 4, "  - ");
        }
    }
    out
}

fn block(out: &mut String, user: &User, indent: &str) {
    put!(out, "{indent}memberId: \"{}\"\n{indent}profile:\n", user.id);
    for (key, value) in &user.profile {
        put!(out, "{indent}  {key}:");
        if !matches!(value, Value::Texts(_, true)) {
            out.push(' ');
        }
        match value {
            Value::Sentences(sentences, Style::Plain) => out.push_str(&sentences.join(" ")),
            Value::Sentences(sentences, Style::Folded) => {
                out.push_str(">-");
                for sentence in sentences {
                    put!(out, "\n{indent}    {sentence}");
                }
            }
            Value::Texts(texts, true) => {
                for text in texts {
                    put!(out, "\n{indent}    - {text}");
                }
            }
            value => inline(out, value),
        }
        out.push('\n');
    }
    if let Some(source) = user.source {
        put!(out, "{indent}profileOnce:\n{indent}  utmSource: {source}\n");
    }
    if let Some(tags) = &user.tags {
        put!(out, "{indent}tags: [{}]\n", tags.join(", "));
    }
    if let Some(texting) = user.texting {
        put!(out, "{indent}unsubscribeTexting: {texting}\n");
    }
}

fn flow(out: &mut String, user: &User) {
    put!(out, "  - memberId: \"{}\"\n    profile: {{ ", user.id);
    for (place, (key, value)) in user.profile.iter().enumerate() {
        out.push_str(if place == 0 { "" } else { ", " });
        put!(out, "{key}: ");
        inline(out, value);
    }
    out.push_str(" }\n");
    if let Some(source) = user.source {
        put!(out, "    profileOnce: {{ utmSource: {source} }}\n");
    }
    if let Some(tags) = &user.tags {
        put!(out, "    tags: [{}]\n", tags.join(", "));
    }
    if let Some(texting) = user.texting {
        put!(out, "    unsubscribeTexting: {texting}\n");
    }
}

fn inline(out: &mut String, value: &Value) {
    match value {
        Value::Plain(text) => out.push_str(text),
        Value::Quoted(text) => put!(out, "\"{text}\""),
        Value::Sentences(sentences, _) => put!(out, "\"{}\"", sentences.join(" ")),
        Value::Number(number) => put!(out, "{number}"),
        Value::Tenths(tenths) => put!(out, "{}.{}", tenths / 10, tenths % 10),
        Value::Flag(flag) => put!(out, "{flag}"),
        Value::Null => out.push_str("null"),
        Value::Texts(texts, _) => put!(out, "[{}]", texts.join(", ")),
    }
}

/// Writes a whole JSON Lines file: the same users as [`yaml`], with the defaults in each.
pub fn json_lines(users: &[User], has_defaults: bool) -> String {
    let mut out = String::with_capacity(users.len() * 600);
    for user in users {
        put!(out, "{{\"memberId\":\"{}\",\"profile\":{{", user.id);
        for (place, (key, value)) in user.profile.iter().enumerate() {
            out.push_str(if place == 0 { "" } else { "," });
            put!(out, "\"{key}\":");
            match value {
                Value::Plain(text) => put!(out, "\"{text}\""),
                Value::Texts(texts, _) => put!(out, "[\"{}\"]", texts.join("\",\"")),
                value => inline(&mut out, value),
            }
        }
        if has_defaults {
            for (key, value) in DEFAULTS {
                put!(out, ",\"{key}\":\"{value}\"");
            }
        }
        out.push('}');
        if let Some(source) = user.source {
            put!(out, ",\"profileOnce\":{{\"utmSource\":\"{source}\"}}");
        }
        if let Some(tags) = &user.tags {
            put!(out, ",\"tags\":[\"{}\"]", tags.join("\",\""));
        }
        if has_defaults {
            out.push_str(",\"unsubscribeEmail\":true");
        }
        if let Some(texting) = user.texting {
            put!(out, ",\"unsubscribeTexting\":{texting}");
        }
        out.push_str("}\n");
    }
    out
}
