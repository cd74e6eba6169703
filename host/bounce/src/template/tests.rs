use super::*;

fn config(main_cf: &str) -> Config {
    Config::from_text(&format!("myhostname = mx.example.com\n{main_cf}"), &[crate::parameters::PARAMETERS])
        .expect("a good configuration")
}

fn parse(text: &str) -> (Templates, Vec<String>) {
    let mut warnings = Vec::new();
    let templates = Templates::parse("b.cf", text, &mut warnings).expect("a readable file");
    (templates, warnings)
}

#[test]
fn the_built_in_texts_expand() {
    let mut warnings = Vec::new();
    let text = Templates::built_in().failure.expanded(&config(""), &mut warnings).expect("a good template");
    assert!(text.starts_with("This report comes from the mail server mx.example.com.\n\nA message"), "{text}");
    assert!(text.ends_with("to postmaster.\n") && warnings.is_empty(), "{text}{warnings:?}");
}

#[test]
fn what_is_printed_is_a_template_file() {
    let printed = Templates::built_in().printed(&config("")).replace("Mail Delivery System <MAILER-DAEMON>", FROM);
    let (again, warnings) = parse(&printed);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(again.printed(&config("")).replace("Mail Delivery System <MAILER-DAEMON>", FROM), printed);
}

#[test]
fn headers_and_text() {
    let (templates, warnings) = parse(
        "# comment\nfailure_template = <<EOF\nCHARSET: iso-8859-1\nFrom: a@b (c)\nSubject : s\n  \n\n two\n#c\n\nEOF\nsuccess_template = one line\n",
    );
    assert!(warnings.is_empty(), "{warnings:?}");
    let failure = &templates.failure;
    assert_eq!(
        (failure.charset.as_str(), failure.from.as_str(), failure.subject.as_str()),
        ("iso-8859-1", "a@b (c)", "s")
    );
    assert_eq!(failure.text, [" two", "#c", ""]);
    assert_eq!(failure.postmaster_subject.as_deref(), Some("Postmaster Copy: Undelivered Mail"));
    assert_eq!(templates.success.text, ["one line"]);
    assert_eq!(templates.delay, Templates::built_in().delay);
}

#[test]
fn a_wrong_template_is_left_out() {
    for (text, warning) in [
        ("foo_template = <<X\nx\nX\n", "b.cf, line 4: unknown template name: foo_template -- ignoring this template"),
        (
            "failure_template = <<X\nFoo: x\n\ny\nX\n",
            "b.cf: unknown \"Foo\" header label in failure template -- ignoring this template",
        ),
        (
            "failure_template = <<X\nFrom:\n\ny\nX\n",
            "b.cf: empty \"From\" header value in failure template -- ignoring this template",
        ),
        (
            "failure_template = <<X\nSubject: é\n\ny\nX\n",
            "b.cf: non-ASCII \"Subject\" header value in failure template -- ignoring this template",
        ),
        (
            "failure_template = <<X\nSubject: a\n\nX\n",
            "b.cf: missing message text in failure template -- ignoring this template",
        ),
        (
            "verify_template = <<X\nPostmaster-Subject: a\n\nb\nX\n",
            "b.cf: inapplicable \"Postmaster-Subject\" header label in verify template -- ignoring this template",
        ),
        ("failure_template = é\n", "b.cf: 8-bit message text in failure template"),
    ] {
        let (templates, warnings) = parse(text);
        assert_eq!(warnings.first().map(String::as_str), Some(warning));
        assert_eq!(templates, Templates::built_in(), "{text}");
    }
    let (templates, warnings) = parse("failure_template = <<X\nbody\n");
    assert_eq!(
        (warnings, templates.failure.text),
        (vec!["b.cf, line 3: missing \"X\" end marker".to_string()], vec!["body".to_string()])
    );
}

#[test]
fn a_wrong_file_is_an_error() {
    let error = |text: &str| Templates::parse("b.cf", text, &mut Vec::new()).expect_err("bad").to_string();
    assert_eq!(error("nothing\n"), "b.cf, line 2: missing '=' after attribute name: \"nothing\"");
    assert_eq!(error("failure_template = <<\nX\n"), "b.cf, line 2: missing end marker after <<");
    let mut warnings = Vec::new();
    assert_eq!(
        Templates::load("/no/such/file", &mut warnings).expect_err("no file").to_string(),
        "open /no/such/file: No such file or directory"
    );
}

#[test]
fn times_have_units() {
    let text = "delay_template = $delay_warning_time_minutes $delay_warning_time_hours $delay_warning_time_days $$x $delay_warning_time\n";
    let (templates, _) = parse(text);
    let mut warnings = Vec::new();
    let config = config("delay_warning_time = 100m");
    assert_eq!(templates.delay.expanded(&config, &mut warnings).expect("good"), "100 1 0 $x 100m\n");
    assert_eq!(warnings[0], "b.cf: zero result in delay template conversion of parameter \"delay_warning_time_days\"");
    let (templates, _) = parse("delay_template = $delay_warning_time_seconds\n");
    warnings.clear();
    assert_eq!(templates.delay.expanded(&config, &mut warnings).expect("good"), "6000\n");
    assert!(warnings[0].contains("excessive result \"6000\" in delay template"), "{warnings:?}");
    let error = |text: &str| parse(text).0.failure.expanded(&config, &mut Vec::new()).expect_err("bad").to_string();
    assert_eq!(error("failure_template = a $nosuch\n"), "b.cf: undefined $name in failure template: a $nosuch");
    assert_eq!(error("failure_template = a ${b\n"), "b.cf: bad $name syntax in failure template: a ${b");
}
