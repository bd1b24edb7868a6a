//! Answers made smaller for those who can read them so.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lab_wire::http::{Pieces, Response, TakeOver};

/// Whether who asks takes gzip.
pub(super) fn is_accepted(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let accepted = accepted.unwrap_or_default().split(',');
    headers.get(header::UPGRADE).is_none()
        && accepted.map(|name| name.split(';').next().unwrap_or_default().trim()).any(|name| name == "gzip")
}

/// The same answer with its body compressed. Bodies that come piece by piece stay as they are.
pub(super) fn compress(mut response: Response) -> Response {
    let is_live =
        response.extensions().get::<Pieces>().is_some() || response.extensions().get::<TakeOver>().is_some();
    if is_live || response.body().is_empty() || response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let Ok(compressed) = encoder.write_all(response.body()).and_then(|()| encoder.finish()) else {
        return response;
    };
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    *response.body_mut() = Bytes::from(compressed);
    response
}

#[cfg(test)]
mod unit {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn headers(text: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(text))])
    }

    #[test]
    fn only_who_takes_it_gets_it() {
        assert!(is_accepted(&headers("deflate, gzip;q=0.5")) && !is_accepted(&headers("identity")));
        assert!(!is_accepted(&HeaderMap::new()));
        let body = b"[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]";
        let response = compress(Response::new(Bytes::from_static(body)));
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
        let mut read = Vec::new();
        GzDecoder::new(&response.body()[..]).read_to_end(&mut read).expect("gzip");
        assert_eq!(read, body);
        let empty = compress(Response::new(Bytes::new()));
        assert!(empty.headers().get(header::CONTENT_ENCODING).is_none());
    }
}
