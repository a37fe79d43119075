//! Words which rate Channel allows.

/// `Channel allows about 200 requests a second; this run asked for 1000 (channel.rate.perSecond or --rate).`
pub fn allowed_rate(allowed: f64, asked: f64) -> String {
    let digits = usize::from(allowed < 10.0);
    format!(
        "Channel allows about {allowed:.digits$} requests a second; this run asked for {asked} (channel.rate.perSecond or --rate)."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_rates_have_a_digit_more() {
        assert_eq!(
            allowed_rate(199.6, 1000.0),
            "Channel allows about 200 requests a second; this run asked for 1000 (channel.rate.perSecond or --rate)."
        );
        assert!(allowed_rate(1.25, 10.0).contains("about 1.2 requests"));
    }
}
