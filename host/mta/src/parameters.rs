//! Every parameter row of the server: the one list behind configuration checks, postconf and the documentation.

use config::Row;

/// The tables of the crates that own the parameters. Plugins add theirs when they are loaded.
pub const ROWS: &[&[Row]] = &[
    config::parameters::PARAMETERS,
    queue::parameters::PARAMETERS,
    dict::parameters::PARAMETERS,
    rewrite::parameters::PARAMETERS,
    cleanup::parameters::PARAMETERS,
    smtpd::parameters::PARAMETERS,
    bounce::parameters::PARAMETERS,
    qmgr::parameters::PARAMETERS,
    delivery::PARAMETERS[0],
    delivery::PARAMETERS[1],
    delivery::PARAMETERS[2],
    delivery::PARAMETERS[3],
    delivery::PARAMETERS[4],
    delivery::PARAMETERS[5],
    INERT,
];

mod inert;
use inert::PARAMETERS as INERT;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_one_row() {
        let twice = config::conflicts(ROWS);
        assert!(twice.is_empty(), "two rows that differ: {twice:?}");
        let mut names: Vec<&str> = ROWS.iter().flat_map(|table| table.iter().map(|row| row.name)).collect();
        names.sort_unstable();
        let twice: Vec<&[&str]> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "names that stand in two tables: {twice:?}");
    }

    #[test]
    fn every_delivery_table_is_listed() {
        assert_eq!(delivery::PARAMETERS.len(), 6, "add the new table to ROWS");
    }
}
