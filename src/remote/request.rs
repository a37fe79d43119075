//! Builds the requests of Channel's Open API.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::{ApiVersion, MemberId, Upsert};

/// Everything but the unreserved characters of RFC 3986, so that a member id is always one path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or patches.
    Put,
    /// Removes.
    Delete,
}

impl Method {
    /// The name in HTTP.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// One request, without base URL and credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, percent-encoded, from the first slash on.
    pub path: String,
    /// The JSON body of a `PUT`.
    pub body: Option<Vec<u8>>,
    /// The user whom the request is about; `None` for a request about the channel.
    pub user: Option<MemberId>,
}

impl fmt::Debug for Request {
    /// Leaves out the body, which is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.path)
    }
}

fn user(method: Method, api: ApiVersion, id: &MemberId, body: Option<Vec<u8>>) -> Request {
    let segment = utf8_percent_encode(id.as_str(), SEGMENT);
    Request {
        method,
        path: format!("/open/{api}/users/@{segment}"),
        body,
        user: Some(id.clone()),
    }
}

/// `PUT /open/{api}/users/@{memberId}`, "Upsert a User (By memberId)": creates or patches. The `@` is
/// literal (page of the v4 upsert, official `OpenAPI` document).
pub fn upsert(api: ApiVersion, id: &MemberId, upsert: &Upsert) -> Request {
    let body = serde_json::to_vec(upsert).expect("plain data with text keys is always JSON");
    user(Method::Put, api, id, Some(body))
}

/// `DELETE /open/{api}/users/@{memberId}` (official `OpenAPI` document).
pub fn delete(api: ApiVersion, id: &MemberId) -> Request {
    user(Method::Delete, api, id, None)
}

/// `GET /open/{api}/users/@{memberId}` (official `OpenAPI` document).
pub fn get_user(api: ApiVersion, id: &MemberId) -> Request {
    user(Method::Get, api, id, None)
}

/// `GET /open/{api}/channel`: the channel that the credentials belong to (official `OpenAPI`
/// document).
pub fn get_channel(api: ApiVersion) -> Request {
    Request {
        method: Method::Get,
        path: format!("/open/{api}/channel"),
        body: None,
        user: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_segment() {
        let path = |id| get_user(ApiVersion::V4, &MemberId::new(id).expect("an id")).path;
        assert_eq!(path("u-1001"), "/open/v4/users/@u-1001");
        assert_eq!(path("a/b?c#d%2F"), "/open/v4/users/@a%2Fb%3Fc%23d%252F");
        assert_eq!(path("한"), "/open/v4/users/@%ED%95%9C");
        assert_eq!(path(".."), "/open/v4/users/@..");
    }

    #[test]
    fn what_is_empty_is_left_out() {
        let id = MemberId::new("u").expect("an id");
        let request = upsert(ApiVersion::V5, &id, &Upsert::default());
        assert_eq!(request.body.as_deref(), Some(b"{}".as_slice()));
    }
}
