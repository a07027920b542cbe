//! The headings of a Markdown text, taken out of the HTML that a linked renderer makes of it.

wit_bindgen::generate!({ path: "../wit", world: "outline-component" });

use exports::tenon::examples::outline::{Guest, Heading};
use regex::Regex;
use tenon::examples::markdown;

struct Outline;

impl Guest for Outline {
    fn headings(source: String) -> Vec<Heading> {
        let html = markdown::render(&source);
        let heading = Regex::new(r"(?s)<h([1-6])[^>]*>(.*?)</h[1-6]>").expect("the pattern is right");
        let tag = Regex::new(r"<[^>]*>").expect("the pattern is right");
        heading
            .captures_iter(&html)
            .map(|found| Heading { level: found[1].parse().expect("one digit"), text: tag.replace_all(&found[2], "").into_owned() })
            .collect()
    }
}

export!(Outline);
