//! biff(1): tells comsat(8) where in a mailbox new mail begins. Nobody needs to listen.

use hook::MailLog;
use tokio::net::UdpSocket;

/// `biff 512/udp` of services(5).
const COMSAT: (&str, u16) = ("127.0.0.1", 512);

pub(super) async fn notify(user: &str, at: u64, log: &MailLog) {
    let said = async {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await?;
        socket.send_to(format!("{user}@{at}\0").as_bytes(), COMSAT).await
    };
    if let Err(error) = said.await {
        log.warning(format_args!("biff_notify: {}", crate::mailbox::error::reason(&error)));
    }
}
