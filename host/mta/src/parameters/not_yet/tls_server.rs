//! Not yet obeyed: TLS of clients.

config::parameters! {}
