//! The connection to a milter and the option negotiation.

use super::{
    milter::{Milter, State},
    packet::{self, Data, Protocol, Wire, smfic},
    session::Asking,
};

/// Connects and negotiates. The milter is then ready or failed.
pub(super) async fn connect(milter: &mut Milter, asking: &Asking<'_>) {
    let Ok(version) = milter.each.protocol.version.clone() else {
        if let Err(why) = &milter.each.protocol.version {
            asking.log.warning(format_args!("milter {}: {why}", milter.name));
        }
        milter.misconfigured();
        return;
    };
    let limit = milter.each.connect_timeout;
    let opened = match tokio::time::timeout(limit, asking.sockets.connect(&milter.endpoint)).await {
        Ok(opened) => opened.map_err(|error| packet::reason(&error)),
        Err(_) => Err("Connection timed out".to_string()),
    };
    let stream = match opened {
        Ok(stream) => stream,
        Err(why) => {
            asking.log.warning(format_args!("connect to Milter service {}: {why}", milter.name));
            milter.failed(asking);
            return;
        }
    };
    let mut wire = Wire::new(stream);
    match negotiate(milter, &mut wire, version, asking).await {
        Ok(()) => {
            milter.set_wire(wire);
            milter.state = State::Ready;
        }
        Err(why) => {
            asking.log.warning(format_args!("milter {}: {why}", milter.name));
            milter.failed(asking);
        }
    }
}

/// SMFIC_OPTNEG: what we offer, and what the milter takes of it.
async fn negotiate(milter: &mut Milter, wire: &mut Wire, version: u32, asking: &Asking<'_>) -> Result<(), String> {
    let Protocol { events, actions, .. } = milter.each.protocol;
    let limit = milter.each.connect_timeout;
    let mut out = Vec::new();
    packet::put(&mut out, smfic::OPTNEG, &[&version.to_be_bytes(), &actions.to_be_bytes(), &events.to_be_bytes()]);
    wire.write(&out, limit).await.map_err(|_| "write error in initial handshake")?;
    let (reply, data) = wire.reply(limit).await.map_err(|_| "read error in initial handshake")?;
    if reply != smfic::OPTNEG {
        return Err(format!("unexpected reply \"{}\" in initial handshake", char::from(reply)));
    }
    let mut data = Data(&data);
    let short = "input packet too short for network long";
    let (theirs, wanted_actions, wanted) =
        (data.long().ok_or(short)?, data.long().ok_or(short)?, data.long().ok_or(short)?);
    if theirs > version {
        return Err(format!("protocol version {theirs} conflict with MTA protocol version {version}"));
    }
    if theirs < 2 {
        asking.log.warning(format_args!("milter {}: unexpected protocol version {theirs}", milter.name));
    }
    if wanted_actions & !actions != 0 {
        return Err(format!("request mask 0x{wanted_actions:x} conflict with MTA request mask 0x{actions:x}"));
    }
    // What an older library does not expect is not sent.
    milter.offered = events & Protocol::events_of(theirs);
    milter.asked = wanted & events;
    let unknown = milter.wanted.read(data).ok_or("packet too short for string")?;
    for number in unknown {
        asking.log.warning(format_args!("milter {}: ignoring unknown macro type {number}", milter.name));
    }
    Ok(())
}
