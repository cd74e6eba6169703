//! Calls that try to do without a stack of their own. Most questions to tables and addresses are answered from memory; a call
//! that meets nothing else need not be able to wait, and costs less. One that does meet something is given up, with all
//! it wanted changed, and made anew where it can wait.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use wasmtime::{
    StoreContextMut,
    component::{Component, InstancePre, Linker, LinkerInstance},
};

use crate::{
    bindings::waxwing::plugin::{addresses, dns, tables},
    engine::Engine,
    grants::{link, own_interface},
    limits::Waits,
    state::{Refusal, State},
};

/// Whether a call of this component can be made twice: what it imports changes nothing before the answer is there.
fn can_be_repeated(engine: &Engine, component: &Component) -> bool {
    component.component_type().imports(engine.wasmtime()).all(|(import, _)| {
        matches!(
            own_interface(import),
            Some((
                "types"
                    | "session"
                    | "parameters"
                    | "log"
                    | "clock"
                    | "random"
                    | "message"
                    | "body"
                    | "tables"
                    | "dns"
                    | "addresses"
                    | "envelope-edits"
                    | "header-edits",
                _
            ))
        )
    })
}

/// For instances whose imports answer at once or give the call up; None where there is no need, or it must not be.
pub(crate) fn pre(
    engine: &Engine,
    component: &Component,
    waits: Waits,
) -> wasmtime::Result<Option<InstancePre<State>>> {
    if waits != Waits::Services || !can_be_repeated(engine, component) {
        return Ok(None);
    }
    let mut linker = Linker::new(engine.wasmtime());
    let mut linked = Vec::new();
    for (import, _) in component.component_type().imports(engine.wasmtime()) {
        let Some((interface, _)) = own_interface(import).filter(|(interface, _)| !linked.contains(interface)) else {
            continue;
        };
        match interface {
            "tables" => link_tables(linker.instance("waxwing:plugin/tables@0.1.0")?)?,
            "addresses" => link_addresses(linker.instance("waxwing:plugin/addresses@0.1.0")?)?,
            "dns" => link_dns(linker.instance("waxwing:plugin/dns@0.1.0")?)?,
            _ => link(&mut linker, interface)?,
        }
        linked.push(interface);
    }
    linker.instantiate_pre(component).map(Some)
}

/// The answer, if it is there.
fn now<T>(state: &mut State, ask: impl AsyncFnOnce(&mut State) -> wasmtime::Result<T>) -> wasmtime::Result<T> {
    let polled = pin!(ask(state)).poll(&mut Context::from_waker(Waker::noop()));
    match polled {
        Poll::Ready(answer) => answer,
        Poll::Pending => Err(state.would_wait()),
    }
}

macro_rules! functions {
    ($instance:ident: $($name:literal => $interface:ident::$function:ident($($argument:ident: $type:ty),*);)*) => {
        $($instance.func_wrap($name, |mut store: StoreContextMut<'_, State>, ($($argument,)*): ($($type,)*)| {
            let ask = async |state: &mut State| $interface::Host::$function(state, $($argument),*).await;
            Ok((now(store.data_mut(), ask)?,))
        })?;)*
    };
}

fn link_tables(mut instance: LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    functions! { instance:
        "lookup" => tables::lookup(tables: String, key: String);
        "find-domain" => tables::find_domain(tables: String, name: String);
        "find-address" => tables::find_address(tables: String, address: String);
        "find-mailbox" => tables::find_mailbox(tables: String, address: String);
        "find-alias" => tables::find_alias(tables: String, address: String);
        "find-transport" => tables::find_transport(tables: String, address: String);
        "match-domain" => tables::match_domain(parameter: String, name: String);
        "match-host" => tables::match_host(parameter: String, name: String, address: String);
    }
    Ok(())
}

fn link_addresses(mut instance: LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    functions! { instance:
        "resolve" => addresses::resolve(address: String, sender: String);
        "find-recipient" => addresses::find_recipient(address: String);
        "find-sender" => addresses::find_sender(address: String);
    }
    Ok(())
}

/// The DNS is never asked in vain: what waits for it goes where it can wait without having sent a query.
fn link_dns(mut instance: LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    type Answer = (Result<dns::Answer, dns::Failure>,);
    let lookup = |mut store: StoreContextMut<'_, State>, _: (String, dns::RecordType)| -> wasmtime::Result<Answer> {
        Err(store.data_mut().would_wait())
    };
    let reverse = |mut store: StoreContextMut<'_, State>, _: (String,)| -> wasmtime::Result<Answer> {
        Err(store.data_mut().would_wait())
    };
    instance.func_wrap("lookup", lookup)?;
    instance.func_wrap("reverse", reverse)
}

impl State {
    /// Ends a call that is to be made again where it can wait.
    pub(crate) fn would_wait(&mut self) -> wasmtime::Error {
        self.gave_up = true;
        Refusal::refused("has to wait")
    }
}
