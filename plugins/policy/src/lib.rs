//! Policy servers: SMTPD_POLICY_README, postconf(5), check_policy_service.
//!
//! What comes in: a server such as `inet:127.0.0.1:10023`, alone or in braces with settings of its own. What goes out: the
//! action of access(5) that the server names, or, where no server answers, that of smtpd_policy_service_default_action. What
//! the action does is the SDK's (`access`), which access tables share. The connection is kept for the next request: the
//! server lends it to this session alone until its message ends. No answer is ever taken for a second question.
#![forbid(unsafe_code)]

mod check_policy_service;
mod query;
mod request;
mod service;

use waxwing_sdk::{
    Grant,
    access::{ACCESS_MAP_DEFER_CODE, ACCESS_MAP_REJECT_CODE},
    prelude::*,
};

pub const PLUGIN: Plugin = Plugin::new("policy", env!("CARGO_PKG_VERSION"), "Policy servers")
    .parameters(&[
        ACCESS_MAP_REJECT_CODE,
        ACCESS_MAP_DEFER_CODE,
        service::TIMEOUT,
        service::MAX_IDLE,
        service::MAX_TTL,
        service::REQUEST_LIMIT,
        service::TRY_LIMIT,
        service::RETRY_DELAY,
        service::DEFAULT_ACTION,
        service::POLICY_CONTEXT,
    ])
    .grants(&[
        GrantRequest::new(Grant::Socket, "", "policy servers are asked where restriction lists name them"),
        GrantRequest::new(Grant::EditEnvelope, "", "HOLD, DISCARD, FILTER, REDIRECT and BCC"),
        GrantRequest::new(Grant::EditHeaders, "", "PREPEND"),
    ])
    .restrictions(&[check_policy_service::RESTRICTION]);

waxwing_sdk::export!(PLUGIN);
