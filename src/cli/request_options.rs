//! The arguments of every command that talks to Channel.

use clap::Args;

/// How Channel is talked to.
#[derive(Debug, Args)]
pub(crate) struct RequestOptions {
    /// How many requests may be under way at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256), env = "TALKFORM_PARALLELISM")]
    pub parallelism: u16,
    /// Requests a second, instead of the project's rate
    #[arg(long, value_name = "PER_SECOND", value_parser = positive, env = "TALKFORM_RATE")]
    pub rate: Option<f64>,
    /// Stop starting new requests after this time: `90s`, `50m`, `2h`
    #[arg(long, value_name = "TIME", value_parser = duration, env = "TALKFORM_MAX_DURATION")]
    pub max_duration: Option<std::time::Duration>,
    /// The longest pause after a first failure, such as `200ms`; each further one doubles it, up to
    /// 60 times this
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "500ms", env = "TALKFORM_RETRY_PAUSE")]
    pub retry_pause: std::time::Duration,
    /// With --sandbox: a fault, such as `500:10%`; see `talkform sandbox --help`; may be repeated
    #[arg(
        long,
        value_name = "FAULT",
        env = "TALKFORM_FAULT",
        requires = "sandbox"
    )]
    pub fault: Vec<String>,
}

/// A number above zero.
pub(crate) fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("it takes a number above zero, such as 10 or 0.5".to_owned()),
    }
}

/// A time such as `500ms`, `90s`, `50m` or `2h`.
pub(crate) fn duration(text: &str) -> Result<std::time::Duration, String> {
    let wrong = || "it takes a time such as 500ms, 90s, 50m or 2h".to_owned();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    let milliseconds = match &text[digits..] {
        "ms" => 1,
        "s" | "" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    number
        .checked_mul(milliseconds)
        .filter(|milliseconds| milliseconds / 1000 < u64::from(u32::MAX))
        .map(std::time::Duration::from_millis)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(duration("90s"), Ok(std::time::Duration::from_secs(90)));
        assert_eq!(duration("50m"), Ok(std::time::Duration::from_secs(3000)));
        assert_eq!(duration("5ms"), Ok(std::time::Duration::from_millis(5)));
        for wrong in ["", "m", "-1s", "1d", "1.5h", "99999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
