//! A port of 127.0.0.1 that leads to a unix-domain socket, so that clients for ports can be used there, too.

use std::{
    io,
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    thread,
};

/// Leads there until the test ends. A connection that the socket refuses is closed at once.
pub fn to(socket: &Path) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let socket = PathBuf::from(socket);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            if let Ok(server) = UnixStream::connect(&socket) {
                join(client, server);
            }
        }
    });
    port
}

fn join(client: TcpStream, server: UnixStream) {
    let (mut from, mut to) = (client.try_clone().expect("a descriptor"), server.try_clone().expect("a descriptor"));
    thread::spawn(move || {
        // Whoever ends first ends it for the other; how is the other's affair.
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let (mut from, mut to) = (server, client);
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
}
