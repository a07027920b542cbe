//! http METHOD URL [HEADER: VALUE…]: one request over wasi:http; prints the status, the headers that begin with x-, the body, and the trailers. Standard input is the body
//! of POST and PUT. http follow URL goes where redirects lead; http together COUNT URL has several requests under way at once.

#[cfg(target_env = "p2")]
mod client {
    use std::io::{Read, Write};
    use wasip2::http::outgoing_handler;
    use wasip2::http::types::{Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme, http_error_code};
    use wasip2::io::streams::StreamError;

    fn split(url: &str) -> (Option<Scheme>, &str, &str) {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let scheme = if scheme == "https" { Scheme::Https } else if scheme == "http" { Scheme::Http } else { Scheme::Other(scheme.to_owned()) };
        let path = rest.find('/').unwrap_or(rest.len());
        (Some(scheme), &rest[..path], if path == rest.len() { "/" } else { &rest[path..] })
    }

    fn request(method: &str, url: &str, headers: &[String]) -> Result<OutgoingRequest, String> {
        let fields = Fields::new();
        for header in headers {
            let (name, value) = header.split_once(": ").ok_or("a header is NAME: VALUE")?;
            fields.append(name, value.as_bytes()).map_err(|error| format!("{name}: {error:?}"))?;
        }
        let request = OutgoingRequest::new(fields);
        let method = match method {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            "OPTIONS" => Method::Options,
            "PATCH" => Method::Patch,
            other => Method::Other(other.to_owned()),
        };
        let (scheme, authority, path) = split(url);
        request.set_method(&method).map_err(|()| "the method is refused")?;
        request.set_scheme(scheme.as_ref()).map_err(|()| "the scheme is refused")?;
        request.set_authority(Some(authority)).map_err(|()| "the authority is refused")?;
        request.set_path_with_query(Some(path)).map_err(|()| "the path is refused")?;
        Ok(request)
    }

    fn stream_error(error: StreamError) -> String {
        match error {
            StreamError::Closed => "closed".into(),
            StreamError::LastOperationFailed(error) => http_error_code(&error).map_or("an error of no name".into(), |code| format!("{code:?}")),
        }
    }

    fn send(request: OutgoingRequest, has_body: bool) -> Result<FutureIncomingResponse, String> {
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
                stream.blocking_write_and_flush(&piece[..size]).map_err(stream_error)?;
            }
            stream.flush().map_err(stream_error)?;
            drop(stream);
        }
        OutgoingBody::finish(body, None).map_err(|error| format!("{error:?}"))?;
        Ok(answer)
    }

    fn wait(answer: &FutureIncomingResponse) -> Result<IncomingResponse, String> {
        answer.subscribe().block();
        answer.get().ok_or("no answer")?.map_err(|()| "answered twice")?.map_err(|error| format!("{error:?}"))
    }

    fn print_own(fields: &Fields) {
        for (name, value) in fields.entries() {
            // Hosts keep the case that a name came in, or they do not.
            let name = name.to_ascii_lowercase();
            if name.starts_with("x-") {
                println!("{name}: {}", String::from_utf8_lossy(&value));
            }
        }
    }

    fn print(response: &IncomingResponse) -> Result<(), String> {
        println!("{}", response.status());
        print_own(&response.headers());
        let body = response.consume().map_err(|()| "no body")?;
        let stream = body.stream().map_err(|()| "no stream")?;
        let mut out = std::io::stdout().lock();
        loop {
            match stream.blocking_read(64 << 10) {
                Ok(piece) => out.write_all(&piece).map_err(|error| error.to_string())?,
                Err(StreamError::Closed) => break,
                Err(error) => return Err(stream_error(error)),
            }
        }
        drop(out);
        drop(stream);
        let trailers = IncomingBody::finish(body);
        trailers.subscribe().block();
        if let Some(Ok(Ok(Some(trailers)))) = trailers.get() {
            print_own(&trailers);
        }
        Ok(())
    }

    /// As a browser would, up to ten times.
    fn follow(url: &str) -> Result<(), String> {
        let mut url = url.to_owned();
        for _ in 0..10 {
            let response = wait(&send(request("GET", &url, &[])?, false)?)?;
            let Some(place) = response.headers().get("location").into_iter().next() else { return print(&response) };
            let place = String::from_utf8(place).map_err(|error| error.to_string())?;
            println!("{} {place}", response.status());
            url = if place.starts_with('/') { format!("http://{}{place}", split(&url).1) } else { place };
        }
        Err("too many redirects".into())
    }

    pub fn run(arguments: &[String]) -> Result<(), String> {
        match arguments {
            [word, url] if word == "follow" => follow(url),
            [word, count, url] if word == "together" => {
                let count = count.parse::<u32>().map_err(|error| error.to_string())?;
                let answers = (0..count).map(|_| send(request("GET", url, &[])?, false)).collect::<Result<Vec<_>, String>>()?;
                answers.iter().try_for_each(|answer| print(&wait(answer)?))
            }
            [method, url, headers @ ..] => print(&wait(&send(request(method, url, headers)?, matches!(method.as_str(), "POST" | "PUT" | "PATCH"))?)?),
            _ => Err("usage: http METHOD URL [HEADER: VALUE…]".into()),
        }
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
        println!("http: {message}");
        std::process::exit(1);
    }
}
