//! http URL COUNT: makes COUNT requests, one after the other, and reads each answer to its end. `wasi.http`.

use wasip2::http::outgoing_handler;
use wasip2::http::types::{Fields, IncomingBody, OutgoingBody, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

fn get(authority: &str, path: &str) -> Result<usize, String> {
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).map_err(|()| "scheme")?;
    request.set_authority(Some(authority)).map_err(|()| "authority")?;
    request.set_path_with_query(Some(path)).map_err(|()| "path")?;
    let sent = request.body().map_err(|()| "body")?;
    let answer = outgoing_handler::handle(request, None).map_err(|error| format!("{error:?}"))?;
    OutgoingBody::finish(sent, None).map_err(|error| format!("{error:?}"))?;
    answer.subscribe().block();
    let response = answer.get().ok_or("no answer")?.map_err(|()| "answered twice")?.map_err(|error| format!("{error:?}"))?;
    if response.status() != 200 {
        return Err(format!("status {}", response.status()));
    }
    let body = response.consume().map_err(|()| "no body")?;
    let stream = body.stream().map_err(|()| "no stream")?;
    let mut total = 0;
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(piece) => total += piece.len(),
            Err(StreamError::Closed) => break,
            Err(error) => return Err(format!("{error:?}")),
        }
    }
    drop(stream);
    IncomingBody::finish(body);
    Ok(total)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, count] = arguments.as_slice() else { panic!("usage: http URL COUNT") };
    let rest = url.strip_prefix("http://").expect("an http address");
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    for _ in 0..count.parse().expect("a number") {
        let size = get(authority, if path.is_empty() { "/" } else { path }).expect("an answer");
        assert_ne!(size, 0);
    }
}
