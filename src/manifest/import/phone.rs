//! Writes phone numbers as E.164.

use unicode_normalization::UnicodeNormalization;

use crate::manifest::import::PhoneCountry;
use crate::manifest::users::check;

/// The number as E.164. Without a country, only spaces and signs are taken away; with one, a number that this country,
/// or the country of its code, does not have is refused.
pub(crate) fn e164(text: &str, country: Option<PhoneCountry>) -> Option<String> {
    // Full-width digits and signs.
    let text: String = text.nfkc().collect();
    let text = text.trim();
    let Some(country) = country else {
        return check::e164_without_punctuation(text);
    };
    // The tables read letters as the keys of a phone.
    if text.chars().any(char::is_alphabetic) {
        return None;
    }
    country.e164(text).filter(|written| check::is_e164(written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_country() {
        let e164 =
            |country: &str, text: &str| e164(text, Some(country.parse().expect("a country")));
        for (country, text, number) in [
            ("KR", "010-1234-5678", "+821012345678"),
            ("kr", "1012345678", "+821012345678"),
            ("KR", "02) 123-4567", "+8221234567"),
            ("KR", "070.1234.5678", "+827012345678"),
            ("KR", "82-10-1234-5678", "+821012345678"),
            ("KR", "+82 010-1234-5678", "+821012345678"),
            ("KR", "+1 202 555 0173", "+12025550173"),
            ("KR", "０１０－１２３４－５６７８", "+821012345678"),
            ("JP", "090-1234-5678", "+819012345678"),
            ("JP", "03(1234)5678", "+81312345678"),
            ("US", "(202) 555-0173", "+12025550173"),
        ] {
            assert_eq!(
                e164(country, text).as_deref(),
                Some(number),
                "{country} {text}"
            );
        }
        for (country, text) in [
            ("KR", "010-123-456"),
            ("KR", "010-1234-56789"),
            ("KR", "000-0000-0000"),
            ("KR", "112"),
            ("KR", "8.21012E+11"),
            ("KR", "010-1234-5678 / 010-9999-8888"),
            ("KR", "010-1234-5678 (집)"),
            ("KR", "010-1234-5678 #3"),
            ("KR", "없음"),
            ("JP", "080-1234-567"),
            ("US", "555-0173"),
        ] {
            assert_eq!(e164(country, text), None, "{country} {text}");
        }
        assert!("XX".parse::<PhoneCountry>().is_err());
        assert!("Korea".parse::<PhoneCountry>().is_err());
    }
}
