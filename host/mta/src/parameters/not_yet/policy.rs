//! Not yet obeyed: policy services.

config::parameters! {}
