//! Not yet obeyed: authentication of clients.

config::parameters! {}
