//! postqueue(1) and mailq(1): the queue, and flushing it.

use std::io::Write;

use anyhow::{Context, Result, bail};
use config::parameters::{MYHOSTNAME, QUEUE_DIRECTORY};
use serde_json::{Value, json};

use super::Invocation;
use crate::options::Options;

/// Exit status of sysexits(3) while the mail system is down.
const EX_UNAVAILABLE: u8 = 69;
/// What the server says where the user may not. The commands exit with Postfix's status.
const EX_NOPERM: i32 = 77;

pub fn mailq(invocation: &Invocation) -> Result<u8> {
    let options = Options::parse("c:v", &invocation.words)?;
    list(invocation, options.value('c'), print_table)
}

pub fn run(invocation: &Invocation) -> Result<u8> {
    let options = Options::parse("c:fi:jps:v", &invocation.words)?;
    let directory = options.value('c');
    let actions: Vec<_> = options.all().filter(|(letter, _)| "fijps".contains(*letter)).collect();
    match actions.as_slice() {
        [('p', _)] => list(invocation, directory, print_table),
        [('j', _)] => list(invocation, directory, print_json),
        [('f', _)] => flush(invocation, directory, &["flush"]),
        [('i', Some(id))] => flush(invocation, directory, &["flush", "id", id]),
        [('s', Some(site))] => flush(invocation, directory, &["flush", "site", site]),
        _ => bail!("usage: postqueue [-c config_dir] -f | -i queue-id | -j | -p | -s site"),
    }
}

fn flush(invocation: &Invocation, directory: Option<&str>, words: &[&str]) -> Result<u8> {
    let config = invocation.config(directory)?;
    let mut said = Vec::new();
    let status = master::control::ask(config.get(&QUEUE_DIRECTORY).as_ref(), words, b"", |line| said.push(line))?;
    let Some(status) = status else {
        eprintln!("{}: fatal: Cannot flush mail queue - mail system is down", invocation.name);
        return Ok(EX_UNAVAILABLE);
    };
    // Postfix's mailq and sendmail -q leave both to postqueue, and the words are its own.
    if status == EX_NOPERM {
        eprintln!("postqueue: fatal: {}", said.join(" "));
        return Ok(EX_UNAVAILABLE);
    }
    for line in said {
        eprintln!("{}: {line}", invocation.name);
    }
    Ok(status as u8)
}

fn list(
    invocation: &Invocation,
    directory: Option<&str>,
    print: fn(&[Value], &mut dyn Write) -> Result<()>,
) -> Result<u8> {
    let config = invocation.config(directory)?;
    let queue_directory = config.get(&QUEUE_DIRECTORY);
    let mut lines = Vec::new();
    let status = master::control::ask(queue_directory.as_ref(), &["list"], b"", |line| lines.push(line))?;
    let messages: Vec<Value> = match status {
        Some(0) => lines.iter().map(|l| serde_json::from_str(l)).collect::<Result<_, _>>().context("queue listing")?,
        Some(EX_NOPERM) => {
            eprintln!("postqueue: fatal: {}", lines.join(" "));
            return Ok(EX_UNAVAILABLE);
        }
        Some(_) => bail!("{}", lines.join(" ")),
        None => {
            eprintln!("{}: warning: Mail system is down -- accessing queue directly", invocation.name);
            let listed = queue::offline::list(queue_directory.as_ref())
                .with_context(|| format!("queue of {} in {queue_directory}", config.get(&MYHOSTNAME)))?;
            listed.iter().map(json_of).collect()
        }
    };
    print(&messages, &mut std::io::stdout().lock())?;
    Ok(0)
}

/// One message as `postqueue -j` has it; what the running server sends, too.
pub fn json_of(message: &queue::Listed) -> Value {
    let arrival = message.arrival.duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let recipients: Vec<Value> = message
        .recipients
        .iter()
        .map(|r| match &r.reason {
            Some(reason) => json!({"address": r.address, "delay_reason": reason.text}),
            None => json!({"address": r.address}),
        })
        .collect();
    json!({
        "queue_name": message.queue.as_str(), "queue_id": message.id.to_string(), "arrival_time": arrival,
        "message_size": message.size, "forced_expire": message.force_expire,
        "sender": if message.sender.is_empty() { "MAILER-DAEMON" } else { &message.sender }, "recipients": recipients,
    })
}

/// JSON text with Postfix's spacing and order of members.
fn print_json(messages: &[Value], out: &mut dyn Write) -> Result<()> {
    for m in messages {
        let recipients: Vec<String> = array(&m["recipients"])
            .iter()
            .map(|r| match r.get("delay_reason") {
                Some(reason) => format!("{{\"address\": {}, \"delay_reason\": {reason}}}", r["address"]),
                None => format!("{{\"address\": {}}}", r["address"]),
            })
            .collect();
        writeln!(
            out,
            "{{\"queue_name\": {}, \"queue_id\": {}, \"arrival_time\": {}, \"message_size\": {}, \"forced_expire\": {}, \
             \"sender\": {}, \"recipients\": [{}]}}",
            m["queue_name"],
            m["queue_id"],
            m["arrival_time"],
            m["message_size"],
            m["forced_expire"],
            m["sender"],
            recipients.join(", ")
        )?;
    }
    Ok(())
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The table of `postqueue -p`. Its columns are wider when the first id is a long one, as in Postfix.
fn print_table(messages: &[Value], out: &mut dyn Write) -> Result<()> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let Some(first) = messages.first() else {
        writeln!(out, "Mail queue is empty")?;
        return Ok(());
    };
    let long = text(&first["queue_id"]).len() > 12;
    let indent = if long { 47 } else { 41 };
    out.write_all(if long {
        b"----Queue ID----- --Size-- ---Arrival Time---- --Sender/Recipient------\n"
    } else {
        b"-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n"
    })?;
    let mut bytes = 0;
    for (n, m) in messages.iter().enumerate() {
        if n > 0 {
            writeln!(out)?;
        }
        bytes += m["message_size"].as_u64().unwrap_or(0);
        let mut id = text(&m["queue_id"]);
        match m["queue_name"].as_str() {
            Some("active") => id.push('*'),
            Some("hold") => id.push('!'),
            _ => {}
        }
        if m["forced_expire"] == true {
            id.push('#');
        }
        let arrival = arrival_time(m["arrival_time"].as_i64().unwrap_or(0));
        let size = m["message_size"].as_u64().unwrap_or(0);
        let sender = text(&m["sender"]);
        if long {
            writeln!(out, "{id:<17} {size:>8} {arrival} {sender}")?;
        } else {
            writeln!(out, "{id:<11} {size:>7} {arrival}  {sender}")?;
        }
        let mut last_reason = String::new();
        for recipient in array(&m["recipients"]) {
            // A reason is shown once for all the recipients that share it.
            let reason = text(&recipient["delay_reason"]);
            if !reason.is_empty() && reason != last_reason {
                writeln!(out, "{:>78}", format!("({reason})"))?;
            }
            last_reason = reason;
            writeln!(out, "{:indent$}{}", "", text(&recipient["address"]))?;
        }
    }
    let requests = messages.len();
    writeln!(out, "\n-- {} Kbytes in {requests} Request{}.", bytes / 1024, if requests == 1 { "" } else { "s" })?;
    Ok(())
}

/// `Sat Nov 21 21:44:07`, local time.
fn arrival_time(seconds: i64) -> String {
    let stamp = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    stamp.to_zoned(jiff::tz::TimeZone::system()).strftime("%a %b %e %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str, queue: &str) -> Value {
        json!({"queue_name": queue, "queue_id": id, "arrival_time": 1795297447, "message_size": 270,
            "forced_expire": false, "sender": "s@src.test", "recipients": [
            {"address": "b@x", "delay_reason": "connect to 127.0.0.1[127.0.0.1]:9: Connection refused"},
            {"address": "a@x", "delay_reason": "connect to 127.0.0.1[127.0.0.1]:9: Connection refused"}]})
    }

    fn table(messages: &[Value]) -> String {
        let mut out = Vec::new();
        print_table(messages, &mut out).expect("memory takes it");
        let text = String::from_utf8(out).expect("text");
        // The zone of the machine is not what is tested.
        text.replace(&arrival_time(1795297447), "Sat Nov 21 21:44:07")
    }

    #[test]
    fn tables_as_postfix_3_7_prints_them() {
        let short = "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n\
            E48E898C337     270 Sat Nov 21 21:44:07  s@src.test\n\
            \x20                      (connect to 127.0.0.1[127.0.0.1]:9: Connection refused)\n\
            \x20                                        b@x\n\
            \x20                                        a@x\n\n\
            -- 0 Kbytes in 1 Request.\n";
        assert_eq!(table(&[message("E48E898C337", "deferred")]), short);
        let held = table(&[message("E48E898C337", "hold")]);
        assert!(held.contains("\nE48E898C337!     270 Sat Nov 21 21:44:07  s@src.test\n"), "{held}");
        let long = table(&[message("4jX5M465pPz1SS5B", "deferred")]);
        assert!(long.contains("\n4jX5M465pPz1SS5B       270 Sat Nov 21 21:44:07 s@src.test\n"), "{long}");
        assert!(long.contains(&format!("\n{:47}b@x\n", "")), "{long}");
        assert_eq!(table(&[]), "Mail queue is empty\n");
    }

    #[test]
    fn json_as_postfix_3_7_prints_it() {
        let mut out = Vec::new();
        print_json(&[message("AB", "active")], &mut out).expect("memory takes it");
        let want = "{\"queue_name\": \"active\", \"queue_id\": \"AB\", \"arrival_time\": 1795297447, \"message_size\": 270, \
            \"forced_expire\": false, \"sender\": \"s@src.test\", \"recipients\": [{\"address\": \"b@x\", \"delay_reason\": ";
        let text = String::from_utf8(out).expect("text");
        assert!(text.starts_with(want), "{text}");
    }
}
