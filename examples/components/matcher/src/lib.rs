//! Regular expressions as a component.

wit_bindgen::generate!({ path: "../wit", world: "matcher-component" });

use exports::tenon::examples::matcher::{Failure, Guest, Match};
use regex::{Error, Regex};

struct Matcher;

fn compile(pattern: &str) -> Result<Regex, Failure> {
    Regex::new(pattern).map_err(|error| match error {
        Error::CompiledTooBig(limit) => Failure::TooBig(limit as u32),
        other => Failure::Syntax(other.to_string()),
    })
}

impl Guest for Matcher {
    fn find(pattern: String, text: String) -> Result<Vec<Match>, Failure> {
        let matches = compile(&pattern)?
            .captures_iter(&text)
            .map(|captures| {
                let whole = captures.get(0).expect("group 0 always takes part");
                let groups = captures.iter().skip(1).map(|group| group.map(|found| found.as_str().to_string())).collect();
                Match { start: whole.start() as u32, end: whole.end() as u32, text: whole.as_str().to_string(), groups }
            })
            .collect();
        Ok(matches)
    }

    fn replace(pattern: String, text: String, replacement: String) -> Result<String, Failure> {
        Ok(compile(&pattern)?.replace_all(&text, replacement.as_str()).into_owned())
    }
}

export!(Matcher);
