//! Keys in queries. That a server reads them as this module thinks is tests/tables' to show.

use super::*;

fn text(dialect: Dialect, query: &str, key: &str) -> Result<String, TableError> {
    let template = Template::parse("t:x", "query", query).expect("a template");
    let quotes = quotes(&template, dialect);
    let (environment, _) = crate::test_environment::environment(true);
    let mut opener = Opener::new(environment.clone());
    let parameters = ClientParameters::read("x", None, &environment.warn).expect("no file");
    let selected = Selected::read("t:x", &parameters, "%s", &[&template], &mut opener).expect("defaults");
    SqlQuery { title: "t:x".to_string(), template, quotes, selected }.text(key)
}

#[test]
fn quotes_within_quotes() {
    let key = "o'b\"r\\`ien";
    for (dialect, query, expected) in [
        (Dialect::Sqlite, "a = '%s'", "a = 'o''b\"r\\`ien'"),
        (Dialect::Sqlite, "a = \"%s\"", "a = \"o'b\"\"r\\`ien\""),
        (Dialect::Pgsql, "a = '%s'", "a = 'o''b\"r\\`ien'"),
        (Dialect::Pgsql, "a = E'%s'", "a = E'o''b\"r\\\\`ien'"),
        (Dialect::Pgsql, "a = e'x''y%s'", "a = e'x''yo''b\"r\\\\`ien'"),
        (Dialect::Pgsql, "nice'%s'", "nice'o''b\"r\\`ien'"),
        (Dialect::Mysql, "a = '%s'", "a = 'o''b\"r\\\\`ien'"),
        (Dialect::Mysql, "a = \"%s\"", "a = \"o'b\"\"r\\\\`ien\""),
        (Dialect::Mysql, "a = `%s`", "a = `o'b\"r\\``ien`"),
        (Dialect::Mysql, "'a\\'%s'", "'a\\'o''b\"r\\\\`ien'"),
        (Dialect::Mysql, "'''%s'''", "'''o''b\"r\\\\`ien'''"),
        (Dialect::Pgsql, "a = '' OR b = '%s'", "a = '' OR b = 'o''b\"r\\`ien'"),
    ] {
        assert_eq!(text(dialect, query, key).as_deref(), Ok(expected), "{dialect:?} {query}");
    }
}

#[test]
fn no_key_gets_out_of_a_place_without_quotes() {
    let dangerous = ["1 OR 1=1", "a'b", "x;y", "a-b", "", "\u{e9}", "a\\", "/*"];
    for (dialect, query) in [
        (Dialect::Mysql, "id = %s"),
        (Dialect::Mysql, "a # it's\n AND b = '%s'"),
        (Dialect::Pgsql, "a -- it's\n AND b = '%s'"),
        (Dialect::Pgsql, "a /* ' */ AND b = '%s'"),
        (Dialect::Pgsql, "$q$ ' $q$ || '%s'"),
        (Dialect::Sqlite, "[it's] = '%s'"),
        (Dialect::Sqlite, "'a' = %s"),
    ] {
        for key in dangerous {
            let answer = text(dialect, query, key);
            assert!(matches!(answer, Err(TableError::Configuration(_))), "{dialect:?} {query}: {key} gave {answer:?}");
        }
        assert!(text(dialect, query, "user_1").is_ok(), "{query}");
    }
}
