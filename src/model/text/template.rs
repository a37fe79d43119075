//! Recognises templates that were not filled in, and values that are still encrypted.

use std::fmt;

/// A kind of template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// `${…}`, `{{…}}`, `<%…%>`
    Placeholder,
    /// `ENC[…]` of sops.
    Encrypted,
    /// `$NAME`, `$(NAME)`, `%NAME%`
    Variable,
    /// `<name>`
    Gap,
}

impl fmt::Display for Template {
    /// With its article, and what did not happen to it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Placeholder => "a template that was not filled in",
            Self::Encrypted => "an encrypted value that was not decrypted",
            Self::Variable => "a variable that was not filled in",
            Self::Gap => "a placeholder that was not filled in",
        })
    }
}

/// The template in a text. Only notations that people do not write by themselves count.
pub fn unexpanded(text: &str) -> Option<Template> {
    let opens = |byte: &u8| matches!(byte, b'{' | b'<' | b'[');
    if !text.as_bytes().iter().any(opens) {
        return None;
    }
    if text.starts_with("ENC[") && text.ends_with(']') {
        return Some(Template::Encrypted);
    }
    [("${", "}"), ("{{", "}}"), ("<%", "%>")]
        .iter()
        .any(|(open, close)| {
            text.find(open)
                .is_some_and(|at| text[at + open.len()..].contains(close))
        })
        .then_some(Template::Placeholder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        for text in [
            "${PLAN}",
            "a ${b} c",
            "{{ plan }}",
            "{{{plan}}}",
            "<%= plan %>",
            "${{ secrets.X }}",
        ] {
            assert_eq!(unexpanded(text), Some(Template::Placeholder), "{text}");
        }
        let encrypted = "ENC[AES256_GCM,data:abc=,type:str]";
        assert_eq!(unexpanded(encrypted), Some(Template::Encrypted));
        for text in [
            "",
            "pro",
            "{plan}",
            "<b>",
            "[a]",
            "}} {{",
            "${",
            "100 %>",
            "ENCORE[1]",
            "$5 {x}",
        ] {
            assert_eq!(unexpanded(text), None, "{text}");
        }
    }
}
