//! http METHOD URL [HEADER: VALUE…]: one request over wasi:http; prints the status, the headers that begin with x-, and the body. Standard input is the body of POST and
//! PUT.

#[cfg(target_env = "p2")]
mod client {
    use std::io::{Read, Write};
    use wasip2::http::outgoing_handler;
    use wasip2::http::types::{Fields, IncomingBody, Method, OutgoingBody, OutgoingRequest, Scheme};

    fn split(url: &str) -> (Option<Scheme>, &str, &str) {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let scheme = if scheme == "https" { Scheme::Https } else if scheme == "http" { Scheme::Http } else { Scheme::Other(scheme.to_owned()) };
        let path = rest.find('/').unwrap_or(rest.len());
        (Some(scheme), &rest[..path], if path == rest.len() { "/" } else { &rest[path..] })
    }

    pub fn run(arguments: &[String]) -> Result<(), String> {
        let [method, url, headers @ ..] = arguments else { return Err("usage: http METHOD URL [HEADER: VALUE…]".into()) };
        let fields = Fields::new();
        for header in headers {
            let (name, value) = header.split_once(": ").ok_or("a header is NAME: VALUE")?;
            fields.append(name, value.as_bytes()).map_err(|error| format!("{name}: {error:?}"))?;
        }
        let request = OutgoingRequest::new(fields);
        let method = match method.as_str() {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            other => Method::Other(other.to_owned()),
        };
        let has_body = matches!(method, Method::Post | Method::Put);
        let (scheme, authority, path) = split(url);
        request.set_method(&method).map_err(|()| "the method is refused")?;
        request.set_scheme(scheme.as_ref()).map_err(|()| "the scheme is refused")?;
        request.set_authority(Some(authority)).map_err(|()| "the authority is refused")?;
        request.set_path_with_query(Some(path)).map_err(|()| "the path is refused")?;
        let body = request.body().map_err(|()| "no body")?;
        let answer = outgoing_handler::handle(request, None).map_err(|error| format!("{error:?}"))?;
        if has_body {
            let stream = body.write().map_err(|()| "no stream")?;
            let mut piece = vec![0; 4096];
            loop {
                let size = std::io::stdin().read(&mut piece).map_err(|error| error.to_string())?;
                if size == 0 {
                    break;
                }
                stream.blocking_write_and_flush(&piece[..size]).map_err(|error| format!("{error:?}"))?;
            }
            stream.flush().map_err(|error| format!("{error:?}"))?;
            drop(stream);
        }
        OutgoingBody::finish(body, None).map_err(|error| format!("{error:?}"))?;
        answer.subscribe().block();
        let response = answer.get().ok_or("no answer")?.map_err(|()| "answered twice")?.map_err(|error| format!("{error:?}"))?;
        println!("{}", response.status());
        for (name, value) in response.headers().entries() {
            if name.starts_with("x-") {
                println!("{name}: {}", String::from_utf8_lossy(&value));
            }
        }
        let body = response.consume().map_err(|()| "no body")?;
        let stream = body.stream().map_err(|()| "no stream")?;
        let mut out = std::io::stdout().lock();
        loop {
            match stream.blocking_read(64 << 10) {
                Ok(piece) => out.write_all(&piece).map_err(|error| error.to_string())?,
                Err(wasip2::io::streams::StreamError::Closed) => break,
                Err(error) => return Err(format!("{error:?}")),
            }
        }
        drop(stream);
        IncomingBody::finish(body);
        Ok(())
    }
}

#[cfg(not(target_env = "p2"))]
mod client {
    pub fn run(_: &[String]) -> Result<(), String> {
        Err("preview 1 has no HTTP".into())
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Err(message) = client::run(&arguments) {
        eprintln!("http: {message}");
        std::process::exit(1);
    }
}
