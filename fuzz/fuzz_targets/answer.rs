//! Judges any status and body. The part that is kept is bounded plain text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talkform::model::{ApiVersion, Attributes, MemberId, Upsert};
use talkform::remote::{Response, ChannelInfo, RateHeaders, Verdict, judge, confirm, observed, request};

fuzz_target!(|input: (u16, &str, &[u8])| {
    let (status, header, body) = input;
    let upsert = Upsert::from(Attributes {
        tags: Some(["a".to_owned()].into()),
        unsubscribe_email: Some(true),
        ..Attributes::default()
    });
    let id = MemberId::new("u").expect("an id");
    let sent = request::upsert(ApiVersion::V4, &id, &upsert);
    let _ = ChannelInfo::read(body);
    let response = Response {
        status,
        rate: RateHeaders::read(|_| Some(header)),
        body: body.to_vec(),
        is_whole: true,
    };
    match judge(&sent, None, Ok(response)) {
        Verdict::Accepted(user) => {
            if let Some(user) = &user {
                let found = confirm(&upsert, upsert.0.consent(), user);
                assert!(found.unconfirmed().len() <= 2);
                let seen = observed(user);
                assert!(seen.undeclarable.iter().all(|key| !seen.profile.contains_key(key)));
            }
        }
        Verdict::Rejected { code, message, .. } => {
            assert!(code.is_none_or(|code| code.len() <= 64 && code.is_ascii()));
            assert!(message.is_none_or(|message| message.chars().count() <= 300));
        }
        _ => {}
    }
});
