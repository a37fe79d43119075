//! Writes fields in the canonical form of RFC 8785, into a buffer that is used again. A property test compares
//! it with a library for RFC 8785. That library also writes the numbers with a fraction.

use crate::model::field::FieldPath;
use crate::model::user::attributes::FieldValue;
use crate::model::value::{Number, Value};

/// Writes `[path, value]`, with `null` for a clear.
pub(crate) fn write_field(path: &FieldPath, value: FieldValue<'_>, out: &mut Vec<u8>) {
    let (map, key) = path.parts();
    out.extend_from_slice(b"[\"");
    out.extend_from_slice(map.as_bytes());
    write_inside(key, out);
    out.extend_from_slice(b"\",");
    match value {
        FieldValue::Value(value) => write_value(value, out),
        FieldValue::Tags(tags) => write_list(tags, out, |tag, out| write_text(tag, out)),
        FieldValue::Flag(flag) => write_flag(flag, out),
        FieldValue::Clear => out.extend_from_slice(b"null"),
    }
    out.push(b']');
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => write_text(text, out),
        Value::Number(number) => write_number(*number, out),
        Value::Boolean(flag) => write_flag(*flag, out),
        Value::Texts(texts) => write_list(texts, out, |text, out| write_text(text, out)),
        Value::Numbers(numbers) => write_list(numbers, out, |number, out| {
            write_number(*number, out);
        }),
    }
}

fn write_list<T>(
    items: impl IntoIterator<Item = T>,
    out: &mut Vec<u8>,
    write: impl Fn(T, &mut Vec<u8>),
) {
    out.push(b'[');
    for (number, item) in items.into_iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}

fn write_flag(flag: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if flag { b"true" } else { b"false" });
}

fn write_number(number: Number, out: &mut Vec<u8>) {
    out.extend_from_slice(number.to_string().as_bytes());
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    write_inside(text, out);
    out.push(b'"');
}

/// Writes a string without its quotes.
fn write_inside(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    // Both searches look at many bytes at a time.
    let has_control = text.bytes().fold(u8::MAX, u8::min) < 0x20;
    if !has_control && memchr::memchr2(b'"', b'\\', text.as_bytes()).is_none() {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0x00..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let text = prop_oneof!["[ -~]{0,8}", "\\PC{0,6}", "[\u{0}-\u{7f}\\\\\"]{0,6}"];
        let number = prop_oneof![
            any::<f64>(),
            (-10_000_i32..10_000).prop_map(f64::from),
            Just(9_007_199_254_740_992.0),
            Just(1e21),
        ];
        let number = number.prop_filter_map("a finite number", Number::new);
        prop_oneof![
            text.clone().prop_map(Value::Text),
            number.clone().prop_map(Value::Number),
            any::<bool>().prop_map(Value::Boolean),
            prop::collection::vec(text, 0..3).prop_map(Value::from),
            prop::collection::vec(number, 0..3).prop_map(Value::from),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn it_writes_what_the_library_writes(key in "\\PC{1,6}", value in values()) {
            for path in [
                FieldPath::Profile(key.as_str().into()),
                FieldPath::ProfileOnce(key.as_str().into()),
                FieldPath::Tags,
            ] {
                let value = FieldValue::Value(&value);
                let mut out = Vec::new();
                write_field(&path, value, &mut out);
                let expected = serde_json_canonicalizer::to_vec(&(&path, value)).expect("json");
                prop_assert_eq!(out, expected);
            }
        }
    }
}
