//! A filter that misbehaves on request: the way is the Subject of the message, or the local part of a recipient.

use std::hint::black_box;

use waxwing_sdk::{
    Grant, Reply,
    edits::{envelope, headers},
    message,
    prelude::*,
    session,
};
use waxwing_sdk_filter::{Event, Events, Filter, Response};

const GRANTS: &[GrantRequest] = &[
    GrantRequest::new(Grant::EditHeaders, "", "misbehaves with headers"),
    GrantRequest::new(Grant::EditEnvelope, "", "misbehaves with recipients"),
];

const FILTER: Filter = Filter::new(Events::RCPT.union(Events::END_OF_MESSAGE), |event| match event {
    Event::Rcpt => {
        let recipient = session::recipient().unwrap_or_default();
        misbehave(recipient.split('@').next().unwrap_or_default())
    }
    Event::EndOfMessage => {
        let subject = message::header("Subject", 0).map(|header| header.value).unwrap_or_default();
        misbehave(subject.trim())
    }
    _ => Response::Proceed,
});

#[allow(unconditional_recursion)]
fn deeper(n: u64) -> u64 {
    black_box(deeper(black_box(n + 1)) + 1)
}

fn refuse(code: u16, text: &str) -> Response {
    Response::Reject(Reply { code: Some(code), status: None, text: Some(text.to_string()) })
}

fn misbehave(way: &str) -> Response {
    match way {
        "loop" => {
            let mut n = 0u64;
            loop {
                n = black_box(n.wrapping_add(1));
            }
        }
        "trap" => {
            // What it asked for before it failed must not be done.
            headers::append("X-Left-Behind", "yes");
            envelope::add_recipient("left-behind@mx.test", "");
            std::process::abort();
        }
        "memory" => {
            let mut eaten: Vec<Vec<u8>> = Vec::new();
            loop {
                eaten.push(black_box(vec![1; 1 << 20]));
            }
        }
        "stack" => {
            black_box(deeper(0));
            Response::Proceed
        }
        "nonsense" => refuse(250, "Welcome"),
        "inject-reply" => refuse(550, "no\r\n250 2.0.0 Ok\r\nInjected: yes\x1b[31m"),
        "inject-header" => {
            headers::append("X-Odd", "a\r\n\r\nInjected: yes\r\n.\r\nMAIL FROM:<x@y.test>");
            headers::append("X-Bad: a\r\nInjected", "yes");
            Response::Proceed
        }
        _ => Response::Proceed,
    }
}

pub const PLUGIN: Plugin =
    Plugin::new("hostile-filter", env!("CARGO_PKG_VERSION"), "Misbehaves on request").grants(GRANTS);

waxwing_sdk_filter::export!(PLUGIN, FILTER);
