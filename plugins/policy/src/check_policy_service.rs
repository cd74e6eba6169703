//! check_policy_service SERVER: an action of access(5), from a policy server.

use waxwing_sdk::{ArgumentKind, access::Entry, configuration_error, log, prelude::*};

use crate::{query, request, service::Service};

const NAME: &str = "check_policy_service";

// A server may count, learn and forget: its answer is about this one question.
pub const RESTRICTION: Restriction = Restriction::new(NAME, check)
    .argument(ArgumentKind::Endpoint)
    .validate(|argument| Service::read(argument).and_then(|service| service.check()))
    .summary("Asks a policy server");

fn check(argument: &str) -> Verdict {
    let service = match Service::read(argument) {
        Ok(service) => service,
        Err(why) => {
            log::warning(&["restriction ", NAME, ": ", &why].concat());
            return configuration_error();
        }
    };
    let answer = query::ask(&service, &request::text(&service.policy_context));
    let value = answer.as_deref().unwrap_or(&service.default_action);
    // As Postfix's warnings name it.
    Entry { table: argument, key: "policy query", value }.apply(&Subject::of_stage())
}

#[cfg(test)]
mod tests;
