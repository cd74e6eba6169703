//! Not yet obeyed: anvil(8).

config::parameters! {}
