//! What is wrong with the configuration is said in one clear line with file and line number, and a running server keeps
//! what it has.

mod commands;
mod lifetime;
mod mistakes;
mod reload;
